"""On which days the target came true, and which part each day belongs to: all that is known without a map."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mleq.catalog.events import coverage
from mleq.experiment.split import split
from mleq.forecast.checks import check_columns, check_parts, no_event, too_short
from mleq.forecast.days import day_index, issue_time, midnights, whole_days
from mleq.forecast.target import decides, within_horizon


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What came true, day by day.

    Attributes
    ----------
    first_day : datetime64[D]
        First whole local day of the catalogue.
    n_days : int
        Whole local days.
    event_day : ndarray of int, shape (n_events,)
        Day of each event, counted from `first_day`; -1 before it, `n_days` after the last.
    dates : ndarray of datetime64[D], shape (n,)
        Target dates: the first has a whole window before it, the last a whole horizon after it.
    target : ndarray of bool, shape (n,)
        Whether the target came true in the horizon that begins with each date.
    parts : dict of str to ndarray of int
        Indices into `dates` of "train", "validation" and "test".
    """

    first_day: np.datetime64
    n_days: int
    event_day: np.ndarray = field(repr=False)
    dates: np.ndarray = field(repr=False)
    target: np.ndarray = field(repr=False)
    parts: dict[str, np.ndarray] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Calendar:
    """The days of a recipe on a catalogue, whatever came true on them; attributes as of `Outcomes`."""

    first_day: np.datetime64
    n_days: int
    event_day: np.ndarray = field(repr=False)
    dates: np.ndarray = field(repr=False)
    parts: dict[str, np.ndarray] = field(repr=False)

    def days_with_event(self, target, events: pd.DataFrame) -> np.ndarray:
        """Which days have an event that decides some target, shape (n_days,)."""
        return _days_with_event(target, events, self.event_day, self.n_days)

    def came_true(self, horizon_days: int, came: np.ndarray) -> np.ndarray:
        """Whether one of `days_with_event` lies in the horizon that begins with each date, shape (n,)."""
        return within_horizon(came, horizon_days)[-len(self.dates) :]


def calendar(recipe, events: pd.DataFrame) -> Calendar:
    """Lay out the target dates of a recipe and their parts; where its circle lies does not matter to them.

    Raises
    ------
    DataError
        Where columns are missing or hold gaps, or the catalogue is too short.
    RequestError
        Where the split leaves a part without days.
    """
    check_columns(events)
    window, target = recipe.grid.window_days, recipe.target
    start, end = coverage(events)
    first_day, n_days = whole_days(start, end, target.timezone)
    n_samples = n_days - window - target.horizon_days + 1
    if n_samples < 1:
        raise too_short(recipe, start, end, n_days)
    event_day = day_index(events["origin_time"], midnights(first_day, n_days + 1, target.timezone))
    dates = first_day + window + np.arange(n_samples)
    parts = split(dates, recipe.split, gap_days=window + target.horizon_days)
    return Calendar(first_day, n_days, event_day, dates, parts)


def event_days_of_catalog(target, events: pd.DataFrame) -> tuple[np.datetime64, np.ndarray]:
    """Find the days of a catalogue with an event that decides a target.

    Returns
    -------
    first_day : datetime64[D]
        First whole local day of the catalogue.
    came : ndarray of bool, shape (n_days,)
        Of its whole local days.
    """
    first_day, n_days = whole_days(*coverage(events), target.timezone)
    event_day = day_index(events["origin_time"], midnights(first_day, n_days + 1, target.timezone))
    return first_day, _days_with_event(target, events, event_day, n_days)


def _days_with_event(target, events: pd.DataFrame, event_day: np.ndarray, n_days: int) -> np.ndarray:
    came = np.zeros(n_days, bool)
    came[event_day[decides(events, target) & (event_day >= 0) & (event_day < n_days)]] = True
    return came


def outcomes(recipe, events: pd.DataFrame) -> Outcomes:
    """Find the target dates of a recipe, what came true on them, and their parts.

    Parameters
    ----------
    recipe : CatalogRecipe
    events : DataFrame
        As `mleq.load_events` makes it; `attrs["start"]` and `attrs["end"]` say what time it covers (the end
        exclusive), otherwise its first and last event do.

    Raises
    ------
    DataError
        Where columns are missing or hold gaps, no event decides the target, the catalogue is too short, or a part
        holds a single class.
    RequestError
        Where the split leaves a part without days.
    """
    days = calendar(recipe, events)
    came = days.days_with_event(recipe.target, events)
    if not came.any():
        raise no_event(recipe, events, *coverage(events))
    came_true = days.came_true(recipe.target.horizon_days, came)
    check_parts(recipe, days.dates, came_true, days.parts)
    return Outcomes(days.first_day, days.n_days, days.event_day, days.dates, came_true, days.parts)


def fit_date(recipe, found) -> pd.Timestamp:
    """Return the instant before which events may be used to estimate anything: the end of the training part.

    Parameters
    ----------
    recipe : CatalogRecipe
    found : Outcomes or Samples
        With `dates` and `parts`.
    """
    last = found.dates[found.parts["train"][-1]] + recipe.target.horizon_days
    return issue_time(last, recipe.target.timezone)
