"""The pictures of the README: each function draws a subject, a recipe with its events, into a matplotlib figure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import registry
from mleq.etas.sphere import destination, distance_km
from mleq.report.wording import count

REAL_DAY = np.datetime64("2011-03-11")
"""The day of the Tohoku earthquake, M 9.1."""

INK, MUTED, RULE, RING = "#1c2024", "#59616a", "#d9dde1", "#b84300"
# Okabe and Ito's colours, from the most to the rarest.
BANDS = ("#8a8f94", "#0072b2", "#009e73", "#d55e00", "#cc79a7")


@dataclass(frozen=True, eq=False)
class Subject:
    """What the pictures show: a recipe, its events, and where they come from in a sentence."""

    recipe: Any
    events: pd.DataFrame
    caption: str
    out_dir: Path = Path("out")

    @property
    def real(self) -> bool:
        """Whether the earthquakes happened."""
        return self.recipe.catalog.source != "simulated"

    @property
    def place(self) -> str:
        """What the target is called."""
        return self.recipe.title.get("en", self.recipe.id)


def heatmaps(subject: Subject, figure: Any) -> None:
    """Draw the three heatmaps of one day, on the recipe's grid, over the epicentres of strong earthquakes."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, LogNorm, Normalize

    samples = registry.family(subject.recipe.family).make_samples(subject.recipe, subject.events)
    day = REAL_DAY if subject.real else samples.first_day + int(samples.heatmaps[..., 1].sum(axis=(1, 2)).argmax())
    maps = samples.heatmaps[int((day - samples.first_day).astype(int))]
    # Where nothing happened there is no magnitude and no depth: such cells stay bare.
    maps = np.where(maps[..., 1:2] > 0, maps, np.nan)
    channels = (
        ("magnitude", "magnitude of the cell's summed energy", "YlOrRd", Normalize()),
        ("frequency", "earthquakes in the cell", "YlGnBu", LogNorm(1, max(2, np.nanmax(maps[..., 1])))),
        ("depth", "mean depth, km", "BuPu", Normalize(vmin=0)),
    )
    zone = subject.recipe.target.timezone
    figure.suptitle(f"What the model is given of one day: {day} ({zone})", x=0.01, ha="left", fontsize=11, color=INK)
    figure.get_layout_engine().set(h_pad=0.08)
    for number, (axes, (name, unit, colours, norm)) in enumerate(zip(figure.subplots(1, 3), channels, strict=True)):
        _epicentres(axes, subject.events, samples.grid)
        drawn = axes.pcolormesh(
            samples.grid.longitude_edges, samples.grid.latitude_edges, maps[..., number], norm=norm, zorder=2,
            cmap=ListedColormap(colormaps[colours](np.linspace(0.22, 1, 256))),  # the palest would not be seen
        )  # fmt: skip
        _mark_target(axes, subject, samples.grid)
        axes.set_title(name)
        axes.set_aspect("auto" if samples.grid.columns * samples.grid.cell_longitude < 360 else 1.35)
        bar = figure.colorbar(drawn, ax=axes, orientation="horizontal", aspect=32, pad=0.02)
        bar.set_label(unit)
        bar.outline.set_linewidth(0.4)
        if name == "frequency":
            bar.ax.xaxis.set_major_formatter("{x:g}")
        if number:
            axes.set_yticklabels([])
    rows, columns = samples.grid.rows, samples.grid.columns
    caption(
        figure,
        f"{subject.caption} Grid of {rows} × {columns} cells; bare where nothing happened. Dots: epicentres of "
        f"M\u00a0≥\u00a0{_dots(subject.events):g} of all years. Ring: the target.",
    )


def _dots(events: pd.DataFrame) -> float:
    """The magnitude above which epicentres trace where earthquakes are at home."""
    return next((m for m in (6.0, 5.0, 4.0) if (events["magnitude"] >= m).sum() > 500), 3.0)


def _epicentres(axes: Any, events: pd.DataFrame, grid: Any) -> None:
    strong = events[events["magnitude"] >= _dots(events)]
    longitude = (strong["longitude"] - grid.west) % 360 + grid.west
    axes.plot(longitude, strong["latitude"], ".", color=MUTED, alpha=0.3, zorder=1, markersize=0.9)
    for edges, line in ((grid.longitude_edges, axes.axvline), (grid.latitude_edges, axes.axhline)):
        for edge in edges:
            line(edge, color=RULE, linewidth=0.3, zorder=0)
    east = grid.longitude_edges[-1]
    axes.set(xlim=(grid.west, east), ylim=(grid.south, grid.north), facecolor="#f4f5f6")
    step = 60 if east - grid.west > 180 else 2
    ticks = np.arange(np.ceil(grid.west / step) * step, east + 1e-9, step)
    axes.set_xticks(ticks, [_longitude(tick) for tick in ticks])
    ticks = np.arange(np.ceil(grid.south / (step // 2)) * (step // 2), grid.north + 1e-9, step // 2)
    axes.set_yticks(ticks, [_latitude(tick) for tick in ticks])


def _longitude(degrees: float) -> str:
    wrapped = (degrees + 180) % 360 - 180
    return f"{abs(wrapped):g}°{'E' if 0 < wrapped < 180 else 'W' if -180 < wrapped < 0 else ''}"


def _latitude(degrees: float) -> str:
    return f"{abs(degrees):g}°{'N' if degrees > 0 else 'S' if degrees < 0 else ''}"


def _mark_target(axes: Any, subject: Subject, grid: Any) -> None:
    """Ring the target; on a map of the world its circle would be too small to be seen."""
    target = subject.recipe.target
    longitude = (target.longitude - grid.west) % 360 + grid.west
    axes.plot(longitude, target.latitude, "o", markersize=11, markerfacecolor="none", color=INK, zorder=4)
    axes.annotate(
        subject.place if subject.real else "target", (longitude, target.latitude), (-9, 9),
        textcoords="offset points", ha="right", fontsize=8.5, color=INK, zorder=5,
        bbox={"facecolor": "#f4f5f6", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )  # fmt: skip


def events_per_year(subject: Subject, figure: Any) -> None:
    """Draw how many earthquakes a year the catalogue holds, by magnitude."""
    axes = figure.subplots()
    events, lowest = subject.events, int(subject.recipe.catalog.min_magnitude)
    year = events["origin_time"].dt.year
    years = np.arange(year.min(), year.max() + 1)
    last, previous = lowest + 4, np.inf
    for band, colour in zip(range(lowest, last), BANDS, strict=False):
        top = np.inf if band == last - 1 else band + 1
        inside = (events["magnitude"] >= band) & (events["magnitude"] < top)
        per_year = year[inside].value_counts().reindex(years, fill_value=0).astype(float)
        axes.plot(years, per_year.where(per_year > 0), color=colour, linewidth=1.8)
        name = f"M {band} and above" if np.isinf(top) else f"M {band} to {top}"
        height = min(per_year.iloc[-3:].mean(), previous / 1.3)
        axes.annotate(name, (years[-1] + 0.4, max(height, 0.8)), color=colour, va="center", annotation_clip=False)
        previous = max(height, 0.8)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set(xlim=(years[0], years[-1]), ylabel="earthquakes a year")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y")
    where = "in the world" if subject.real else "in the simulated region"
    axes.set_title(f"What the catalogue holds: earthquakes a year {where}, by magnitude", fontsize=11, pad=10)
    said = " Small ones grow more numerous as networks do, not as the Earth does." if subject.real else ""
    caption(figure, subject.caption + said)


def circle(subject: Subject, figure: Any) -> None:
    """Draw a target's circle with the earthquakes that would have counted, and those around that would not."""
    axes, target = figure.subplots(), subject.recipe.target
    degrees = 2.2 * target.radius_km / 111.2
    wide = degrees / np.cos(np.radians(target.latitude))
    events = subject.events[subject.events["magnitude"] >= target.magnitude]
    east = (events["longitude"] - target.longitude + 180) % 360 - 180
    north = events["latitude"] - target.latitude
    events = events[(abs(east) < wide) & (abs(north) < degrees)].sort_values("magnitude", ascending=False)
    longitude = (events["longitude"] - target.longitude + 180) % 360 - 180 + target.longitude
    inside = distance_km(events["latitude"], events["longitude"], target.latitude, target.longitude) <= target.radius_km
    size = 1.5 * 3.0 ** (events["magnitude"] - target.magnitude) + 2
    axes.scatter(longitude[~inside], events["latitude"][~inside], s=size[~inside], color="#c4c9ce", linewidth=0)
    depth = events["depth_km"][inside]
    deepest = min(150.0, depth.max())
    drawn = axes.scatter(
        longitude[inside], events["latitude"][inside], s=size[inside], c=depth, cmap="viridis_r", vmin=0, vmax=deepest,
        linewidth=0.3, edgecolor="white",
    )  # fmt: skip
    _ring(axes, target)
    axes.set(
        xlim=(target.longitude - wide, target.longitude + wide),
        ylim=(target.latitude - degrees, target.latitude + degrees),
        aspect=wide / degrees,
        facecolor="#fbfbfa",
    )
    axes.xaxis.set_major_formatter(lambda value, _: _longitude(value))
    axes.yaxis.set_major_formatter(lambda value, _: _latitude(value))
    bar = figure.colorbar(drawn, ax=axes, shrink=0.6, pad=0.02, extend="max" if depth.max() > deepest else "neither")
    bar.set_label("depth, km (in the circle)")
    bar.ax.invert_yaxis()
    bar.outline.set_linewidth(0.4)
    shown = [m for m in np.arange(np.ceil(target.magnitude), 9.0) if m <= events["magnitude"].max()]
    sizes = [
        axes.scatter([], [], s=1.5 * 3.0 ** (m - target.magnitude) + 2, color="#8a8f94", label=f"M {m:g}")
        for m in shown
    ]
    axes.legend(handles=sizes, loc="upper left", fontsize=8, framealpha=0.9, edgecolor=RULE, labelspacing=0.9)
    axes.set_title(
        f"What counts for “{subject.place}”: M\u00a0≥\u00a0{target.magnitude:g} within {target.radius_km:g} km",
        fontsize=11,
    )
    said = f"{count(int(inside.sum()))} of M\u00a0≥\u00a0{target.magnitude:g} lie in the circle; others are grey."
    caption(figure, f"{subject.caption} {said}")


def _ring(axes: Any, target: Any) -> None:
    """The circle itself: the places at its radius along great circles."""
    latitude, longitude = destination(target.latitude, target.longitude, np.linspace(0, 360, 181), target.radius_km)
    longitude = (longitude - target.longitude + 180) % 360 - 180 + target.longitude
    axes.plot(longitude, latitude, color=RING, linewidth=1.8)
    axes.plot(target.longitude, target.latitude, "+", color=RING, markersize=10, markeredgewidth=1.8)


def caption(figure: Any, text: str) -> None:
    """Write below a picture what it is drawn from."""
    import textwrap

    characters = int(figure.get_figwidth() * 18)
    figure.supxlabel("\n".join(textwrap.wrap(text, characters)), x=0.01, ha="left", fontsize=7.5, color=MUTED)
