"""A map of chances for the whole Earth: GeoJSON, PNG with coastlines, and a page."""

from __future__ import annotations

import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic
from mleq.report import assets, frame
from mleq.report.agencies import NO_WARNING, USGS, agency_for
from mleq.report.coast import UNITS
from mleq.report.markup import Html, facts, join, paragraph, table, tag
from mleq.report.wording import count, moment, number, percent, place

SAID = ("probability", "low", "high", "expected", "source")
DECADES = 5
"""Of chances that the colours tell apart, down from the largest."""


def write_geojson(path: Path, cells: pd.DataFrame, question: dict[str, Any]) -> Path:
    """Write the cells that have an answer as squares with their chances (RFC 7946).

    Parameters
    ----------
    path : pathlib.Path
    cells : pandas.DataFrame
        Of `mleq.forecast.worldmap.table_of`.
    question : dict
        `question` of the map's summary; it stands beside the features, with the sentence that this is no warning.
    """
    half = question["step"] / 2
    features = []
    for one in cells[cells["probability"].notna()].itertuples(index=False):
        west, east, south, north = (
            round(edge, 6)
            for edge in (one.longitude - half, one.longitude + half, one.latitude - half, one.latitude + half)
        )
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        said = {name: _short(getattr(one, name)) for name in SAID}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "geometry": geometry, "properties": said})
    content = {"type": "FeatureCollection", "question": question, "no_warning": NO_WARNING, "features": features}
    atomic.write_text(path, json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n")
    return path


def _short(value: Any) -> Any:
    """A number to four digits: more are noise, and a map has many."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def write_png(path: Path, cells: pd.DataFrame, question: dict[str, Any], title: str) -> Path:
    """Draw the chances on a plate carree map with the coastlines of Natural Earth."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    step = question["step"]
    chance = cells["probability"].to_numpy().reshape(round(180 / step), round(360 / step))
    top = 10 ** math.ceil(math.log10(max(np.nanmax(chance), 1e-12))) if np.isfinite(chance).any() else 1.0
    plot = Figure(figsize=(12, 6.9), layout="constrained")
    FigureCanvasAgg(plot)
    axes = plot.subplots()
    axes.set_facecolor("#d9dde1")  # where there is no answer
    norm = LogNorm(top * 10.0**-DECADES, top)
    image = axes.imshow(
        np.clip(chance, norm.vmin, None), origin="lower", extent=(-180, 180, -90, 90), cmap="magma_r", norm=norm,
        interpolation="nearest",
    )  # fmt: skip
    axes.add_collection(LineCollection(coastlines(), colors="#33414c", linewidths=0.5))
    axes.set(xlim=(-180, 180), ylim=(-90, 90), xticks=range(-180, 181, 60), yticks=range(-90, 91, 30))
    axes.set_xlabel("longitude, degrees east")
    axes.set_ylabel("latitude, degrees north")
    axes.set_title(title, loc="left", fontsize=11)
    bar = plot.colorbar(image, ax=axes, shrink=0.82, pad=0.015, extend="min")
    bar.set_label(f"chance of an event in a cell of {step:g} by {step:g} degrees")
    plot.text(0.005, 0.005, f"{NO_WARNING} Coastlines: Natural Earth.", fontsize=7, color="#59616a")
    buffer = io.BytesIO()
    plot.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    atomic.write_bytes(path, buffer.getvalue())
    return path


def coastlines() -> list[np.ndarray]:
    """The coasts of land.svg, each of shape (n, 2): longitude and latitude; edges of the map are left out."""
    drawn = re.search(r' d="([^"]*)"', assets.text("land.svg"))[1]
    lines = []
    for ring in re.findall(r"M([^Mz]*)z", drawn):
        numbers = np.array(re.findall(r"-?\d+", ring), dtype=float).reshape(-1, 2)
        corners = np.cumsum(numbers, axis=0)  # the first is a place, the others are steps
        corners = np.vstack([corners, corners[:1]]) * [1 / UNITS, -1 / UNITS]
        at_edge = (abs(corners[:, 0]) > 179.99) | (corners[:, 1] < -89.9)
        along = at_edge[:-1] & at_edge[1:]
        lines += [line for line in np.split(corners, np.flatnonzero(along) + 1) if len(line) > 1]
    return lines


def title_of(summary: dict[str, Any]) -> str:
    """Name a map."""
    asked = summary["question"]
    days = f"{asked['days']:g} day{'' if asked['days'] == 1 else 's'}"
    return f"M ≥ {asked['magnitude']:g} within {days} of {moment(asked['issue_time'])}, by ETAS"


def draw_page(path: Path, summary: dict[str, Any], *, out_dir: Path) -> Path:
    """Write the page of a map: the picture, where it is likeliest, and what it rests on."""
    panels = [
        frame.Panel("map", "Map", _picture(summary)),
        frame.Panel("largest", "Where it is likeliest", _largest(summary)),
        frame.Panel("about", "About", _about(summary)),
    ]
    header = tag("h1", title_of(summary))
    up = "../" * len(path.parent.resolve().relative_to(Path(out_dir).resolve()).parts)
    atomic.write_text(path, frame.page("mleq: world map", header, panels, agency=USGS, assets=f"{up}{assets.FOLDER}"))
    assets.write(out_dir)
    return path


def _picture(summary: dict[str, Any]) -> Html:
    best = summary["largest"][0]
    said = f"World map of chances; the largest is {percent(best['probability'])} at "
    image = tag("img", src="map.png", alt=said + place(best["latitude"], best["longitude"]), style="width:100%")
    caption = (
        "Chances on a logarithmic scale; grey cells have no answer. The Earth is cut into regions with a model each, "
        "so that colours may step where two meet. Coastline: Natural Earth."
    )
    return join(
        [
            *(paragraph(caution, class_="caution") for caution in summary["cautions"]),
            tag("figure", image, tag("figcaption", caption)),
        ]
    )


def _largest(summary: dict[str, Any]) -> Html:
    rows = []
    for one in summary["largest"]:
        agency = agency_for(one["latitude"], one["longitude"])
        rows.append(
            [
                place(one["latitude"], one["longitude"]),
                percent(one["probability"]),
                f"{percent(one['low'])} to {percent(one['high'])}",
                number(one["expected"], 3),
                tag("a", agency.name, href=agency.url, rel="noopener noreferrer"),
            ]
        )
    header = ["middle of the cell", "chance", "95 % interval", "expected events", "warnings"]
    return table(header, rows, label="Cells with the largest chances")


def _about(summary: dict[str, Any]) -> Html:
    asked, models = summary["question"], summary["cells_by_model"]
    listed = facts(
        [
            ("Issued", moment(asked["issue_time"])),
            ("Until", moment(asked["end_time"])),
            ("Parameters from before", moment(asked["fit_date"])),
            ("Cells", f"{count(summary['cells'])} of {asked['step']:g}°, {count(summary['answered'])} with an answer"),
            ("Expected events in all", number(summary["expected_number"], 2)),
            ("Models of the cells", ", ".join(f"{key} {count(value)}" for key, value in models.items())),
            ("Events", f"{count(summary['catalog']['events'])} ({summary['catalog']['source']})"),
            *((f"No answer ({count(number_)} cells)", why) for why, number_ in summary["reasons"].items()),
        ]
    )
    files = [tag("a", name, href=name) for name in ("map.geojson", "map.parquet", "map.png", "summary.json")]
    return join([listed, paragraph("Files: ", join(files, ", "), ".")])
