"""Whether a catalogue can answer what a recipe asks, and what to do where it cannot."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from mleq.catalog.events import coverage
from mleq.errors import DataError, RequestError
from mleq.etas.sphere import distance_km
from mleq.forecast.days import whole_days

log = logging.getLogger("mleq")

NEEDED = ("origin_time", "latitude", "longitude", "depth_km", "magnitude")


def check_columns(events: pd.DataFrame) -> None:
    """Refuse a frame in which a gap would spread through the maps unseen; only a depth may be missing."""
    missing = [name for name in NEEDED if name not in events.columns]
    if missing:
        there = ", ".join(map(str, events.columns))
        raise DataError(
            f"the table of events has no column {', '.join(missing)}; it has {there}",
            remedy="Load events with mleq.load_events, or name the columns as it does.",
        )
    if getattr(events["origin_time"].dt, "tz", None) is None:
        raise DataError("the column origin_time has no time zone", expected="UTC", remedy="Use .dt.tz_localize('UTC').")
    for name in ("origin_time", "latitude", "longitude", "magnitude"):
        gaps = int(events[name].isna().sum())
        if gaps:
            raise DataError(
                f"{gaps:,} of {len(events):,} events have no {name}",
                remedy=f"Leave them out: events.dropna(subset=['{name}']).",
            )


def check_covered(recipe, events: pd.DataFrame, first_date: np.datetime64) -> None:
    """Refuse target dates whose window reaches back before the catalogue."""
    start, end = coverage(events)
    first_day, _ = whole_days(start, end, recipe.target.timezone)
    earliest = first_day + recipe.grid.window_days
    if first_date < earliest:
        raise RequestError(
            f"{recipe.id}: the {recipe.grid.window_days} days before {first_date} begin before the "
            f"catalogue, which starts on {start:%Y-%m-%d %H:%M} UTC",
            expected=f"a target date of {earliest} or later",
        )


def too_short(recipe, start: pd.Timestamp, end: pd.Timestamp, n_days: int) -> DataError:
    """Say how many whole days there are and how many one sample takes."""
    window, horizon = recipe.grid.window_days, recipe.target.horizon_days
    return DataError(
        f"{recipe.id}: the catalogue covers {n_days:,} whole days ({_span(start, end)})",
        expected=f"at least {window + horizon:,}: a window of {window} days and a horizon of {horizon}",
        remedy="Set catalog.start earlier or give a longer catalogue.",
    )


def no_event(recipe, events: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> DataError:
    """Say why no day is positive: how far the nearest event is, and how strong those in the circle are."""
    target = recipe.target
    circle = f"within {target.radius_km:g} km of ({target.latitude:g}, {target.longitude:g})"
    depth = "" if target.max_depth_km is None else f", no deeper than {target.max_depth_km:g} km,"
    found = (
        f"{recipe.id}: none of the catalogue's {len(events):,} events ({_span(start, end)}) of "
        f"M >= {target.magnitude:g}{depth} lies {circle} on a whole local day"
    )
    if len(events):
        distance = distance_km(events["latitude"], events["longitude"], target.latitude, target.longitude)
        in_circle = distance <= target.radius_km
        found += f"; the nearest event of any magnitude is {distance.min():,.0f} km away"
        if in_circle.any():
            strongest = events["magnitude"].to_numpy()[in_circle].max()
            found += f", and the {int(in_circle.sum()):,} in the circle reach M {strongest:.1f}"
    return DataError(
        found,
        expected="at least one",
        remedy="Check target.latitude and target.longitude, widen target.radius_km, lower target.magnitude, "
        "or use a catalogue that covers the place.",
    )


def check_parts(recipe, dates: np.ndarray, came_true: np.ndarray, parts: dict[str, np.ndarray]) -> None:
    """Refuse parts on which nothing can be learned or scored; a quiet test part is scored, and gets no verdict."""
    for name, indices in parts.items():
        positives = int(came_true[indices].sum())
        if 0 < positives < len(indices):
            continue
        if name == "test" and positives == 0:
            log.warning("%s: no event decides the target in the test part: there will be no verdict", recipe.id)
            continue
        span = f" ({dates[indices[0]]} to {dates[indices[-1]]})" if len(indices) else ""
        remedy = "widen target.radius_km, lower target.magnitude, lengthen target.horizon_days"
        if positives and positives == len(indices):
            remedy = "narrow target.radius_km, raise target.magnitude, shorten target.horizon_days"
        raise DataError(
            f"{recipe.id}: the {name} part has {len(indices):,} target dates{span}, {positives:,} of them positive",
            expected="dates of both kinds in each part",
            remedy=f"Set split otherwise, {remedy}, or use a longer catalogue.",
        )


def _span(start: pd.Timestamp, end: pd.Timestamp) -> str:
    return f"{start:%Y-%m-%d} to {end:%Y-%m-%d} UTC"
