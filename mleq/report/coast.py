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
from mleq.report.geojson import between_antimeridians

ASSETS = Path(__file__).parent / "assets"
UNITS = 50
"""Of a degree, in the drawing: two kilometres, finer than what was generalised."""

HALF = 180 * UNITS

Ring = list[tuple[int, int]]


def rings(topology: dict) -> list[Ring]:
    """Decode the rings of all polygons of a TopoJSON file, in whole units, east and south positive.

    Rings that cross the antimeridian are cut there, and one that goes round the pole is closed along it.
    """
    arcs = [_decoded(steps, topology["transform"]) for steps in topology["arcs"]]
    found = []
    for geometry in topology["objects"]["land"]["geometries"]:
        for polygon in geometry["arcs"]:
            for numbers in polygon:
                ring: Ring = []
                for number in numbers:
                    arc = arcs[number] if number >= 0 else arcs[~number][::-1]  # ~n stands for arc n, backwards
                    ring += [point for point in arc if not ring or point != ring[-1]]
                found += _cut(_unwound(ring))
    return found


def _decoded(steps: list[list[int]], transform: dict) -> Ring:
    (scale_x, scale_y), (left, bottom) = transform["scale"], transform["translate"]
    x = y = 0
    arc = []
    for dx, dy in steps:
        x, y = x + dx, y + dy
        arc.append((round((left + x * scale_x) * UNITS), round(-(bottom + y * scale_y) * UNITS)))
    return arc


def _unwound(ring: Ring) -> Ring:
    """The ring without jumps from one side of the antimeridian to the other."""
    turn, unwound = 0, [ring[0]]
    for (before, _), (x, y) in zip(ring, ring[1:], strict=False):
        turn += round((before - x) / (2 * HALF))
        unwound.append((x + turn * 2 * HALF, y))
    if unwound[-1][0] != unwound[0][0]:  # round the pole: Antarctica
        unwound += [(unwound[-1][0], HALF // 2), (unwound[0][0], HALF // 2)]
    return unwound


def _cut(ring: Ring) -> list[Ring]:
    """The parts of a ring that lie in the world, whichever turn it was drawn in."""
    parts = []
    for turn in (-1, 0, 1):
        moved = [(x + turn * 2 * HALF, y) for x, y in ring]
        part = [(round(x), round(y)) for x, y in between_antimeridians(moved, HALF)]
        if len(part) > 3 and len({x for x, _ in part}) > 1:
            parts.append(part)
    return parts


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
