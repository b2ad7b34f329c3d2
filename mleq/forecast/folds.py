"""The folds of a walk forward: for each of the last years, what is past by then, divided anew."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from mleq.errors import RequestError
from mleq.forecast.outcomes import outcomes
from mleq.forecast.recipe import CatalogRecipe
from mleq.recipe.settings import SplitDates

SHORTEST_TRAINING = dt.timedelta(days=730)


def folds(recipe: CatalogRecipe, events: pd.DataFrame, n_folds: int) -> list[CatalogRecipe]:
    """Return the recipe with the dates of each fold, oldest first.

    The test parts are the last `n_folds` years of target dates, each a whole year, end to end. Before each lie, with
    the gaps of every split, as many whole years of validation as the recipe's own validation part has (at least one),
    and before those everything there is to train on.

    Parameters
    ----------
    recipe : CatalogRecipe
    events : DataFrame
    n_folds : int

    Raises
    ------
    RequestError
        If the first fold would have less than two years to train on.
    """
    if n_folds < 1:
        raise RequestError(f"{n_folds} folds", expected="at least 1")
    found = outcomes(recipe, events)
    first, last = found.dates[0].astype(object), found.dates[-1].astype(object)
    validation = found.dates[found.parts["validation"][[0, -1]]]
    years = max(1, round((validation[1] - validation[0]).astype(int) / 365.25))
    gap = recipe.grid.window_days + recipe.target.horizon_days
    made = [_split(_years_before(last, n_folds - number), years, gap) for number in range(n_folds)]
    if made[0].train_end - first < SHORTEST_TRAINING:
        raise RequestError(
            f"{recipe.id}: with {n_folds} folds and {years} years of validation the first training part would run from "
            f"{first} to {made[0].train_end}",
            expected="at least two years",
            remedy="ask for fewer --folds, or start the catalogue earlier",
        )
    return [recipe.model_copy(update={"split": one}) for one in made]


def _split(before: dt.date, validation_years: int, gap_days: int) -> SplitDates:
    """The dates of the fold whose test year begins the day after `before`."""
    apart = dt.timedelta(days=gap_days)
    validation_end = before - apart
    train_end = _years_before(validation_end, validation_years) - apart
    return SplitDates(train_end=train_end, validation_end=validation_end, test_end=_years_before(before, -1))


def _years_before(date: dt.date, years: int) -> dt.date:
    return (pd.Timestamp(date) - pd.DateOffset(years=years)).date()
