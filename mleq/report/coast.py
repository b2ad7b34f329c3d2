"""Make assets/land.svg, the land of all maps: `python -m mleq.report.coast land-50m.json`.

The file comes from Natural Earth (public domain), land at 1:50,000,000, edition 4.1.0, as the npm package world-atlas
2.0.2 gives it: `npm pack world-atlas@2.0.2`, then unpack package/land-50m.json. It is TopoJSON: arcs of whole-number
steps, of which polygons are made.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from mleq import atomic

ASSETS = Path(__file__).parent / "assets"
UNITS = 50
"""Of a degree, in the drawing: two kilometres, finer than what was generalised."""

Ring = list[tuple[int, int]]


def rings(topology: dict) -> list[Ring]:
    """Decode the rings of all polygons of a TopoJSON file, in whole units, east and south positive."""
    (scale_x, scale_y), (left, bottom) = (topology["transform"][key] for key in ("scale", "translate"))
    arcs = []
    for steps in topology["arcs"]:
        x = y = 0
        arc = []
        for dx, dy in steps:
            x, y = x + dx, y + dy
            arc.append((round((left + x * scale_x) * UNITS), round(-(bottom + y * scale_y) * UNITS)))
        arcs.append(arc)
    found = []
    for geometry in topology["objects"]["land"]["geometries"]:
        for polygon in geometry["arcs"]:
            for numbers in polygon:
                ring: Ring = []
                for number in numbers:
                    arc = arcs[number] if number >= 0 else arcs[~number][::-1]  # ~n stands for arc n, backwards
                    ring += [point for point in arc if not ring or point != ring[-1]]
                if len(ring) > 3:
                    found.append(ring)
    return found


def path_of(found: list[Ring]) -> str:
    """Write rings as one SVG path, in steps from point to point."""
    words = []
    for ring in found:
        (x, y), *others = ring
        words.append(f"M{x} {y}l")
        steps = []
        for then_x, then_y in others:
            steps.append(f"{then_x - x} {then_y - y}")
            x, y = then_x, then_y
        words.append(" ".join(steps).replace(" -", "-") + "z")
    return "".join(words)


def drawing(topology: dict) -> str:
    """Return the SVG: 360 by 180 degrees, grey that can be seen on light and on dark ground."""
    box = f"{-180 * UNITS} {-90 * UNITS} {360 * UNITS} {180 * UNITS}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" preserveAspectRatio="none">'
        f'<path fill="#808b95" fill-opacity=".32" d="{path_of(rings(topology))}"/></svg>\n'
    )


@click.command()
@click.argument("topology", type=click.Path(exists=True, path_type=Path))
def main(topology: Path) -> None:
    """Write assets/land.svg from a TopoJSON file of land."""
    atomic.write_text(ASSETS / "land.svg", drawing(json.loads(topology.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
