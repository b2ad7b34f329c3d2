"""What a catalogue is like, drawn: rates, completeness through time, frequency and magnitude, a map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic
from mleq.catalog import quality
from mleq.catalog.completeness import WORDS, Completeness
from mleq.catalog.magnitudes import Distribution
from mleq.catalog.neighbourhood import Place
from mleq.etas.sphere import destination

MAP_EVENTS = 20_000
"""So many of the strongest events are drawn on the map; more would hide each other."""
WHOLE_FROM = 6.0
"""From this magnitude on events are too few for bands of half a magnitude."""


def draw(
    path: Path,
    events: pd.DataFrame,
    near: pd.DataFrame,
    now: Completeness,
    through_time: list[Completeness],
    place: Place | None,
) -> None:
    """Draw a catalogue's four pictures on one sheet.

    Parameters
    ----------
    path : pathlib.Path
        Ends in .png, .svg or .pdf; appears when it is whole.
    events, near : pandas.DataFrame
        All events, and those around the place.
    now : Completeness
        Of the latest window, whose law is drawn over the frequencies.
    through_time : list of Completeness
        See `mleq.catalog.quality.completeness_through_time`.
    place : Place or None
        Drawn on the map as a circle.
    """
    import io

    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 9), layout="constrained")
    (above_left, above_right), (below_left, below_right) = figure.subplots(2, 2)
    for axes in (above_left, above_right, below_left):
        axes.grid(color="0.92")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    _rates(above_left, near)
    _through_time(above_right, through_time, place)
    _frequencies(below_left, near, now)
    _map(below_right, events, place)
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix.lstrip(".") or "png", dpi=130)
    atomic.write_bytes(path, picture.getvalue())


def _rates(axes: Any, events: pd.DataFrame) -> None:
    """Events per year in bands: half a magnitude wide below 6, whole above."""
    from matplotlib import colormaps

    table = quality.rates(events, 0.5)
    table = table.T.groupby(lambda low: low if low < WHOLE_FROM else np.floor(low)).sum().T
    for band, colour in zip(table.columns, colormaps["viridis"](np.linspace(0, 0.9, table.shape[1])), strict=True):
        width = 0.4 if band < WHOLE_FROM else 0.9
        counts = table[band].where(table[band] > 0)
        label = f"M {band:.1f}-{band + width:.1f}"
        axes.plot(table.index, counts, ".-", color=colour, markersize=4, linewidth=1.2, label=label)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), reverse=True, frameon=False)
    axes.set(title="events per year, by magnitude", yscale="log", xlabel="year", ylabel="events")


def _through_time(axes: Any, windows: list[Completeness], place: Place | None) -> None:
    axes.set(
        title="completeness magnitude, in windows of five years", xlabel="middle of the window", ylabel="magnitude"
    )
    if not windows:
        axes.text(0.5, 0.5, "too few events", ha="center", transform=axes.transAxes)
        return
    middle = np.array([_year(one.start + (one.end - one.start) / 2) for one in windows])
    counting = windows[0].estimator
    for name in windows[0].estimates:
        values = np.array([one.estimates[name] for one in windows], dtype=float)
        bold = {"linewidth": 2.2, "zorder": 3} if name == counting else {"linewidth": 1}
        axes.plot(middle, values, ".-", label=WORDS[name] + (", which counts" if name == counting else ""), **bold)
    counts = np.array([one.magnitude for one in windows])
    spread = np.array([one.uncertainty for one in windows])
    axes.fill_between(middle, counts - spread, counts + spread, color="0.85", label="its standard deviation")
    magnitude = getattr(place, "magnitude", None)
    if magnitude is not None:
        axes.axhline(magnitude, color="k", linestyle="--", linewidth=1, label=f"target magnitude {magnitude:g}")
    axes.yaxis.set_major_formatter("{x:.1f}")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.35 * (high - low))  # room for the legend
    axes.legend(fontsize=8, ncols=2, loc="upper right")


def _year(moment: pd.Timestamp) -> float:
    return moment.year + (moment.day_of_year - 1) / 365.25


def _frequencies(axes: Any, events: pd.DataFrame, now: Completeness) -> None:
    recent = events[(events["origin_time"] >= now.start) & (events["origin_time"] < now.end)]
    found = Distribution.of(recent["magnitude"].to_numpy())
    cumulative = np.cumsum(found.counts[::-1])[::-1]
    axes.plot(found.magnitudes, np.where(found.counts > 0, found.counts, np.nan), ".", color="0.6", label="per tenth")
    axes.plot(found.magnitudes, cumulative, "k.", label="and above")
    if np.isfinite(now.b_value):
        first = found.at(now.b_magnitude)
        line = found.magnitudes[first:]
        label = f"b = {now.b_value:.2f} +- {now.b_uncertainty:.2f} from {now.b_magnitude:.1f}"
        axes.plot(line, cumulative[first] * 10 ** (-now.b_value * (line - line[0])), "r-", linewidth=1, label=label)
    axes.axvline(now.magnitude, color="r", linestyle=":", label=f"Mc {now.magnitude:.1f} +- {now.uncertainty:.2f}")
    axes.set(
        title=f"frequency and magnitude, {now.start:%Y}-{now.end:%Y}",
        yscale="log",
        ylim=(0.7, None),
        xlabel="magnitude",
        ylabel="events",
    )
    axes.legend(fontsize=8)


def _map(axes: Any, events: pd.DataFrame, place: Place | None) -> None:
    shown = events
    axes.set_aspect("equal")
    if place is not None:
        azimuth = np.linspace(0, 360, 181)
        latitude, longitude = destination(place.latitude, place.longitude, azimuth, place.radius_km)
        # Seen from the place, so that a circle across the antimeridian stays one.
        axes.plot(_eastward(longitude, place), latitude, "r-", linewidth=1)
        reach = np.clip(place.radius_km / 111 * 4, 2, 90)
        narrowing = max(np.cos(np.radians(place.latitude)), 0.1)
        shown = events.assign(longitude=_eastward(events["longitude"].to_numpy(), place))
        inside = (shown["latitude"] - place.latitude).abs() <= reach
        shown = shown[inside & ((shown["longitude"] - place.longitude).abs() <= reach / narrowing)]
        axes.set_aspect(1 / narrowing)
    strongest = shown.nlargest(MAP_EVENTS, "magnitude").sort_values("magnitude")
    size = np.clip(4.0 ** (strongest["magnitude"] - 6), 0.6, 60)
    points = axes.scatter(
        strongest["longitude"],
        strongest["latitude"],
        size,
        strongest["depth_km"],
        cmap="plasma_r",
        vmin=0,
        vmax=max(100, np.nanpercentile(strongest["depth_km"], 99)) if strongest["depth_km"].notna().any() else 100,
        linewidths=0,
    )
    axes.figure.colorbar(points, ax=axes, label="depth in km", shrink=0.8, extend="max")
    few = "" if len(shown) <= MAP_EVENTS else f", the {MAP_EVENTS:,} strongest"
    axes.set(title=f"epicentres{few}", xlabel="longitude", ylabel="latitude")


def _eastward(longitude: np.ndarray, place: Place) -> np.ndarray:
    """Longitudes within half a turn of the place's own, degrees."""
    return place.longitude + (longitude - place.longitude + 180) % 360 - 180
