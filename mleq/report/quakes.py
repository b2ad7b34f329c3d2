"""The map of a target: coastline, circle, and the recent and strongest events around it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mleq.report.markup import Html, join, table, tag
from mleq.report.record import RunRecord, is_simulated
from mleq.report.view import View
from mleq.report.wording import count, number, place

LISTED = 10
DRAWN = 150
REACH = 2.5
"""Radii of the circle from its centre to the map's upper edge."""


def target_map(run: RunRecord) -> Html | None:
    """Draw the target's circle with recent and strongest events; None where the family has no circle on the Earth."""
    target = run.summary.get("target") or {}
    if any(target.get(key) is None for key in ("latitude", "longitude", "radius_km")):
        return None
    circle = [float(target[key]) for key in ("latitude", "longitude", "radius_km")]
    view = View.around(circle[0], circle[1], max(REACH * circle[2], 60.0))
    events = run.table("events.parquet")
    marks, lists, said = Html(""), None, ""
    if events is not None:
        events = events[view.holds(events["latitude"], events["longitude"])]
        strongest = events[events["strongest"]].nlargest(DRAWN, "magnitude")
        newest = events[events["newest"]].nlargest(DRAWN, "origin_time")
        marks = _marks(view, strongest, newest)
        lists = _lists(strongest, newest)
        said = _described(strongest, newest)
    drawing = view.svg(
        marks,
        view.ring(*circle),
        role="img",
        aria_label=f"Map around {place(circle[0], circle[1])} with a circle of {circle[2]:g} km. {said}",
    )
    caption = (
        f"The circle of {circle[2]:g} km in which an earthquake counts. Rings: the {DRAWN} strongest events on the "
        f"map; filled: the {DRAWN} newest; larger is stronger. Degrees of latitude and longitude; coastline: Natural "
        "Earth. Rest on a mark to see what it is."
    )
    if is_simulated(run.summary):
        caption += " These earthquakes are simulated and happened nowhere: the land only shows how large all is."
    return join([tag("figure", tag("div", drawing, class_="map"), tag("figcaption", caption)), lists])


def _radius(magnitude: float) -> float:
    """Of a mark, in the drawing's units: its area grows with the size of the rupture, within limits."""
    return float(np.clip(1.6 * 1.7 ** (magnitude - 3.5), 2.0, 26.0))


def _marks(view: View, strongest: pd.DataFrame, newest: pd.DataFrame) -> Html:
    drawn = []
    for events, kind in ((strongest, "strong"), (newest, "new")):
        for event in events.sort_values("magnitude", ascending=False).itertuples():
            x, y = float(view.x(event.longitude)), float(view.y(event.latitude))
            circle = tag(
                "circle",
                tag("title", _one_line(event)),
                cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{_radius(event.magnitude):.1f}", class_=kind,
            )  # fmt: skip
            drawn.append(circle)
    return join(drawn)


def _one_line(event: Any) -> str:
    where = getattr(event, "place", None) or place(event.latitude, event.longitude)
    depth = "" if pd.isna(event.depth_km) else f", {event.depth_km:.0f} km deep"
    return f"M {event.magnitude:.1f}, {event.origin_time:%Y-%m-%d %H:%M} UTC{depth}, {where}"


def _lists(strongest: pd.DataFrame, newest: pd.DataFrame) -> Html:
    """The same for those who do not see the map: the first of each."""
    parts = []
    chosen = (
        ("The strongest events on the map", strongest.nlargest(LISTED, "magnitude")),
        ("The newest events on the map", newest.nlargest(LISTED, "origin_time")),
    )
    for title, events in chosen:
        rows = [
            [
                f"{event.origin_time:%Y-%m-%d %H:%M}",
                number(event.magnitude, 1),
                "" if pd.isna(event.depth_km) else f"{event.depth_km:.0f}",
                f"{event.distance_km:,.0f}",
                getattr(event, "place", None) or place(event.latitude, event.longitude),
            ]
            for event in events.itertuples()
        ]
        header = ["time (UTC)", "magnitude", "depth, km", "from the centre, km", "place"]
        parts.append(tag("details", tag("summary", title), table(header, rows, label=title)))
    return join(parts)


def _described(strongest: pd.DataFrame, newest: pd.DataFrame) -> str:
    if strongest.empty:
        return "No event is on record here."
    first, last = strongest.nlargest(1, "magnitude").iloc[0], newest.nlargest(1, "origin_time").iloc[0]
    return (
        f"The strongest of {count(len(strongest), 'ring')}: {_one_line(first)}. The newest of {len(newest)}: "
        f"{_one_line(last)}."
    )
