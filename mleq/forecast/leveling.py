"""Holds a network's forecasts of one place at the level of what came there lately; see `mleq.experiment.level`.

Calibration on the past cannot know how often events come afterwards: networks that learnt before 2011 say a fifth of
what came near Iwaki in the years that followed. What has come since is known as each day begins, and the references
that look back use it too.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from mleq.experiment.level import recent_level
from mleq.forecast.outcomes import days_with_event
from mleq.forecast.recipe import CatalogRecipe
from mleq.forecast.target import within_horizon

PRIOR = 5.0
"""Days with an event, for each day of the horizon, that are added to those that came and to those forecast; chosen on
days before any test part (docs/worth.md)."""


def level_of_days(recipe: CatalogRecipe, came: np.ndarray, stated: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Return the level before some of consecutive days.

    Parameters
    ----------
    recipe : CatalogRecipe
        With `calibration.level_days`.
    came, stated : ndarray, shape (n,)
        Whether the target came true, and the calibrated chance, of the first n days: those that are decided.
    days : ndarray of int, shape (k,)
        Counted from the first of them.

    Returns
    -------
    ndarray, shape (k,)
        From days that were decided as each began.
    """
    span, horizon = recipe.calibration.level_days, recipe.target.horizon_days
    return recent_level(came, stated, days, span=span, horizon=horizon, prior=PRIOR)


def level_before(
    recipe: CatalogRecipe,
    events: pd.DataFrame,
    dates: np.ndarray,
    *,
    since: np.datetime64,
    state: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Return the level before some dates, from events before each date's issue time alone.

    Parameters
    ----------
    recipe : CatalogRecipe
        With `calibration.level_days`.
    events : DataFrame
    dates : ndarray of datetime64[D], shape (k,)
        In any order. Where the catalogue ends before a date, the last days that it knows say what the level is.
    since : datetime64[D]
        First date that is looked at: of days that the network learnt from it knows too much.
    state : callable
        (dates) -> the network's calibrated chances.

    Returns
    -------
    ndarray, shape (k,)
        1 for dates of which no day since then is decided.
    """
    first_day, came = days_with_event(recipe.target, events)
    horizon = recipe.target.horizon_days
    first = max(since, first_day + recipe.grid.window_days)
    decided = within_horizon(came, horizon)[(first - first_day).astype(int) :]
    days = (np.asarray(dates, "datetime64[D]") - first).astype(int)
    until = np.clip(days - horizon + 1, 0, len(decided))
    looked_at = np.zeros(len(decided), bool)
    for end in np.unique(until):
        looked_at[max(0, end - recipe.calibration.level_days) : end] = True
    stated = np.zeros(len(decided))
    stated[looked_at] = state(first + np.flatnonzero(looked_at))
    return level_of_days(recipe, decided, stated, days)
