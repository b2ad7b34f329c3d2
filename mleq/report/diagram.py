"""A network as a picture: a box for each entry of the recipe's list, below what it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mleq.report.markup import Html
from mleq.report.svg import INK, MODEL, MUTED, PANEL, figure

ROW = 0.62
"""Inches from one row of boxes to the next."""


def diagram(name: str, boxes: Sequence[Mapping[str, Any]], *, settings: Mapping[str, Any]) -> Html:
    """Draw a network.

    Parameters
    ----------
    name : str
        Unique on the page.
    boxes : sequence of mapping
        `label`, `takes` (names of inputs, and positions of boxes), `layers`, `shape`; see
        `mleq.experiment.network.diagram`.
    settings : mapping
        `model` of summary.json, for the number of parameters.

    Returns
    -------
    Html
    """
    inputs = list(dict.fromkeys(one for box in boxes for one in box["takes"] if isinstance(one, str)))
    places = _places(boxes, inputs)
    depth = max(row for row, _ in places.values()) + 1
    count = settings.get("parameters")
    weights = "" if count is None else f" {count:,} parameters in all."
    return figure(
        name,
        lambda plot, wide: _draw(plot, boxes, places, depth, wide),
        height=0.3 + ROW * depth,
        alternative="; ".join(_sentence(box, boxes) for box in boxes) + ".",
        caption="From the inputs at the top to the answer at the bottom; below each name stands the shape of what it "
        f"gives for one sample.{weights}",
    )


def _places(boxes: Sequence[Mapping[str, Any]], inputs: Sequence[str]) -> dict[str | int, tuple[int, float]]:
    """Row and horizontal place (0 to 1) of every input and box."""
    row: dict[str | int, int] = dict.fromkeys(inputs, 0)
    for position, box in enumerate(boxes):
        row[position] = 1 + max(row[source] for source in box["takes"])
    across: dict[str | int, float] = {name: (k + 1) / (len(inputs) + 1) for k, name in enumerate(inputs)}
    places = {name: (0, across[name]) for name in inputs}
    for level in range(1, max(row.values()) + 1):
        # Boxes of a row stand in the order of what they take, so that few lines cross.
        here = [position for position, one in row.items() if one == level]
        middle = {p: sum(across[s] for s in boxes[p]["takes"]) / len(boxes[p]["takes"]) for p in here}
        for k, position in enumerate(sorted(here, key=lambda p: (middle[p], p))):
            across[position] = (k + 1) / (len(here) + 1)
            places[position] = (level, across[position])
    return places


def _draw(plot: Any, boxes: Sequence[Mapping[str, Any]], places: Mapping, depth: int, wide: bool) -> None:
    axes = plot.subplots()
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(depth - 0.5, -0.5)
    for position, box in enumerate(boxes):
        row, across = places[position]
        for source in box["takes"]:
            above, beside = places[source]
            axes.plot([beside, across], [above + 0.28, row - 0.3], color=MUTED, linewidth=0.9, zorder=1)
    size = 8.5 if wide else 7
    for key, (row, across) in places.items():
        if isinstance(key, str):
            text, edge = f"input: {key}", MUTED
        else:
            shape = " × ".join(f"{side:,}" for side in boxes[key]["shape"])
            text, edge = f"{boxes[key]['label']}\n{shape}", MODEL
        style = {"boxstyle": "round,pad=0.35", "facecolor": PANEL, "edgecolor": edge, "linewidth": 1}
        axes.text(across, row, text, ha="center", va="center", color=INK, fontsize=size, bbox=style, zorder=2)


def _sentence(box: Mapping[str, Any], boxes: Sequence[Mapping[str, Any]]) -> str:
    sources = [source if isinstance(source, str) else boxes[source]["label"] for source in box["takes"]]
    return f"{box['label']} takes {' and '.join(sources)}"
