"""From a catalogue to samples: maps of the days before each target date, and whether the target came true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from mleq import progress
from mleq.forecast.checks import NEEDED, check_columns, check_covered
from mleq.forecast.days import beginnings, day_index, issue_time, midnights
from mleq.forecast.grid import Grid, grid_for
from mleq.forecast.heatmaps import daily_heatmaps
from mleq.forecast.outcomes import outcomes
from mleq.forecast.windows import scaled, window_views

__all__ = ["Samples", "issue_time", "make_samples", "window_for"]


@dataclass(frozen=True, eq=False)
class Samples:
    """Everything that a model of the family `catalog` learns from and is tested on.

    Parameters
    ----------
    heatmaps : ndarray of float32, shape (n_days, rows, columns, 3)
        Unscaled magnitude, frequency and depth_km of every whole local day of the catalogue.
    first_day : datetime64[D]
        Local date of `heatmaps[0]`.
    dates : ndarray of datetime64[D], shape (n,)
        Local target dates; the first is `first_day + window_days`.
    target : ndarray of bool, shape (n,)
        Whether the target came true in the horizon that begins with each date.
    parts : dict of str to ndarray of int
        Indices into `dates` of "train", "validation" and "test".
    window_days : int
    scale : tuple of 3 floats
        What counts as 1 in each channel.
    timezone : str
        IANA name of the zone of the days.
    grid : Grid
    """

    heatmaps: np.ndarray
    first_day: np.datetime64
    dates: np.ndarray
    target: np.ndarray
    parts: dict[str, np.ndarray]
    window_days: int
    scale: tuple[float, float, float]
    timezone: str
    grid: Grid

    def __len__(self) -> int:
        return len(self.dates)

    @property
    def sample_shape(self) -> tuple[int, int, int, int]:
        """Shape of one window: (window_days, rows, columns, 3)."""
        return (self.window_days, *self.heatmaps.shape[1:])

    @cached_property
    def windows(self) -> np.ndarray:
        """Unscaled windows of all samples, shape (n, window_days, rows, columns, 3): a view, not a copy."""
        return window_views(self.heatmaps, self.window_days)[: len(self.dates)]

    @cached_property
    def issue_times(self) -> pd.DatetimeIndex:
        """When each forecast is made, UTC, shape (n,): as its target date begins."""
        return pd.DatetimeIndex(beginnings(self.dates, self.timezone), tz="UTC")

    def window(self, index: int) -> np.ndarray:
        """Scaled window of one sample: float32, shape (window_days, rows, columns, 3)."""
        return scaled(self.windows[index], self.scale)

    def batch(self, indices: Sequence[int]) -> np.ndarray:
        """Scaled windows of some samples: float32, shape (k, window_days, rows, columns, 3)."""
        return scaled(self.windows[np.asarray(indices, int)], self.scale)


def make_samples(recipe, events: pd.DataFrame) -> Samples:
    """Make the samples that a recipe asks for, split into parts.

    Parameters
    ----------
    recipe : CatalogRecipe
    events : DataFrame
        As `mleq.load_events` makes it; `attrs["start"]` and `attrs["end"]` say what time it covers (the end
        exclusive), otherwise its first and last event do.

    Returns
    -------
    Samples

    Raises
    ------
    DataError, RequestError
        Where the catalogue cannot carry the recipe; see `mleq.forecast.outcomes.outcomes`.
    """
    found = outcomes(recipe, events)
    with progress.task("gridding", total=len(events), unit="events") as shown:
        heatmaps = _grid(recipe, events, found.event_day, found.n_days)
        shown.advance(len(events))
    return Samples(
        heatmaps=heatmaps,
        first_day=found.first_day,
        dates=found.dates,
        target=found.target,
        parts=found.parts,
        window_days=recipe.grid.window_days,
        scale=_scale(recipe),
        timezone=recipe.target.timezone,
        grid=grid_for(recipe),
    )


def window_for(recipe, events: pd.DataFrame, target_dates) -> np.ndarray:
    """Scaled windows of some target dates, from events before each date's issue time alone.

    Only the days that some window needs are gridded. Days after the catalogue's end are empty; it is for the
    caller to say so.

    Parameters
    ----------
    recipe : CatalogRecipe
    events : DataFrame
        As for `make_samples`.
    target_dates : sequence of date, str or datetime64, length k
        In any order; repeats are allowed.

    Returns
    -------
    ndarray of float32, shape (k, window_days, rows, columns, 3)

    Raises
    ------
    RequestError
        Where a window begins before the catalogue does.
    DataError
        Where columns are missing or hold gaps.
    """
    check_columns(events)
    window_days, timezone = recipe.grid.window_days, recipe.target.timezone
    dates = np.array([np.datetime64(date, "D") for date in target_dates], "datetime64[D]")
    if dates.size == 0:
        return np.zeros((0, window_days, recipe.grid.rows, recipe.grid.columns, 3), np.float32)
    check_covered(recipe, events, dates.min())

    # The day before a date ends where the date begins, so no day of a window reaches its issue time.
    days = dates[:, None] - window_days + np.arange(window_days)
    needed, place = np.unique(days, return_inverse=True)
    span = int((needed[-1] - needed[0]).astype(int)) + 1
    day = day_index(events["origin_time"], midnights(needed[0], span + 1, timezone))
    position = np.full(span + 1, -1)  # the last stands for -1 and for all that comes after
    position[(needed - needed[0]).astype(int)] = np.arange(len(needed))
    day = position[np.where((day >= 0) & (day < span), day, span)]
    heatmaps = _grid(recipe, events, day, len(needed))
    return scaled(heatmaps[place.reshape(days.shape)], _scale(recipe))


def _grid(recipe, events: pd.DataFrame, day: np.ndarray, n_days: int) -> np.ndarray:
    columns = {name: events[name].to_numpy() for name in NEEDED[1:]}
    return daily_heatmaps(day, **columns, grid=grid_for(recipe), n_days=n_days)


def _scale(recipe) -> tuple[float, float, float]:
    scale = recipe.grid.scale
    return scale.magnitude, scale.frequency, scale.depth_km
