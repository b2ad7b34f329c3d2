"""What a catalogue is like, drawn: rates, completeness through time, frequency and magnitude, a map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic
from mleq.catalog import quality
from mleq.catalog.completeness import Completeness
from mleq.catalog.magnitudes import Distribution
from mleq.catalog.neighbourhood import Place
from mleq.etas.sphere import destination

MAP_EVENTS = 20_000
"""So many of the strongest events are drawn on the map; more would hide each other."""


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

    figure = Figure(figsize=(11, 8), layout="constrained")
    (above_left, above_right), (below_left, below_right) = figure.subplots(2, 2)
    _rates(above_left, near)
    _through_time(above_right, through_time)
    _frequencies(below_left, near, now)
    _map(below_right, events, place)
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix.lstrip(".") or "png", dpi=130)
    atomic.write_bytes(path, picture.getvalue())


def _rates(axes: Any, events: pd.DataFrame) -> None:
    table = quality.rates(events, 0.5)
    for band in table.columns:
        axes.step(table.index, table[band].where(table[band] > 0), where="mid", label=f"{band:.1f}-{band + 0.4:.1f}")
    axes.set(title="events per year, by magnitude", yscale="log", xlabel="year", ylabel="events")
    axes.legend(fontsize=7, ncols=2)


def _through_time(axes: Any, windows: list[Completeness]) -> None:
    axes.set(title="completeness magnitude, in windows of five years", xlabel="year", ylabel="magnitude")
    if not windows:
        axes.text(0.5, 0.5, "too few events", ha="center", transform=axes.transAxes)
        return
    middle = np.array([_year(one.start + (one.end - one.start) / 2) for one in windows])
    for name in windows[0].estimates:
        values = np.array([one.estimates[name] for one in windows], dtype=float)
        axes.plot(middle, values, ".-", linewidth=0.8, label=name.replace("_", " "))
    counts = np.array([one.magnitude for one in windows])
    spread = np.array([one.uncertainty for one in windows])
    axes.fill_between(middle, counts - spread, counts + spread, alpha=0.2, label="the one that counts, +- 1 s.d.")
    axes.legend(fontsize=7)


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
    axes.axvline(now.magnitude, color="r", linestyle=":", label=f"Mc {now.magnitude:.1f} +- {now.uncertainty:.1f}")
    axes.set(
        title=f"frequency and magnitude, {now.start:%Y}-{now.end:%Y}",
        yscale="log",
        ylim=(0.7, None),
        xlabel="magnitude",
        ylabel="events",
    )
    axes.legend(fontsize=7)


def _map(axes: Any, events: pd.DataFrame, place: Place | None) -> None:
    axes.set(title="epicentres, coloured by depth", xlabel="longitude", ylabel="latitude")
    shown = events
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
    size = np.clip(4.0 ** (strongest["magnitude"] - 6), 0.3, 60)
    axes.scatter(
        strongest["longitude"], strongest["latitude"], size, strongest["depth_km"], cmap="viridis_r", linewidths=0
    )


def _eastward(longitude: np.ndarray, place: Place) -> np.ndarray:
    """Longitudes within half a turn of the place's own, degrees."""
    return place.longitude + (longitude - place.longitude + 180) % 360 - 180
