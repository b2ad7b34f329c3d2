"""Catalogues that differ from a given one only after an instant, or by marks whose meaning is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mleq.forecast.days import beginnings, issue_time
from mleq.forecast.target import decides

MARK_MAGNITUDE_STEP = 0.1
"""A mark is this much weaker than the target, so that it decides nothing."""

Found = dict[str, Any]
"""What a probe says: `probe`, `asked`, `tried`, `found`; see `mleq.forecast.leaks.find_leaks`."""


@dataclass(frozen=True, eq=False)
class Case:
    """What is tried: a recipe, its catalogue, how samples are made of it, and references by name."""

    recipe: Any
    events: pd.DataFrame
    make: Callable[[Any, pd.DataFrame], Any]
    samples: Any
    references: Mapping[str, Any]
    fit: Callable[[Any, pd.DataFrame, Any], Mapping[str, Any]]

    def issue(self, index: int) -> pd.Timestamp:
        """When the forecast of a sample is made."""
        return issue_time(self.samples.dates[index], self.recipe.target.timezone)

    def borders(self) -> list[int]:
        """First and last sample of each part."""
        return [int(end) for indices in self.samples.parts.values() for end in (indices[0], indices[-1])]


def result(probe: str, asked: str, tried: int, found: list[str]) -> Found:
    """Say what a probe tried, how often, and what it found."""
    return {"probe": probe, "asked": asked, "tried": tried, "found": found}


def permuted(events: pd.DataFrame, since: pd.Timestamp, seed: int) -> pd.DataFrame:
    """Give the events at or after an instant each other's times: places and magnitudes meet other days."""
    return _with_future(events, since, lambda future, rng: future.assign(origin_time=_shuffled(future, rng)), seed)


def shifted(events: pd.DataFrame, since: pd.Timestamp, seed: int) -> pd.DataFrame:
    """Move the events at or after an instant by 37 hours; those that leave the catalogue begin again at the instant."""
    end = events.attrs.get("end", events["origin_time"].max())

    def moved(future: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        later = future["origin_time"] + pd.Timedelta(hours=37)
        return future.assign(origin_time=later.where(later < end, later - (end - since)).clip(lower=since))

    return _with_future(events, since, moved, seed)


def deleted(events: pd.DataFrame, since: pd.Timestamp, seed: int) -> pd.DataFrame:
    """Leave out the events at or after an instant."""
    return _with_future(events, since, lambda future, rng: future.iloc[:0], seed)


ALTERATIONS = {"permuted": permuted, "shifted": shifted, "deleted": deleted}
"""What is done to the events at or after an instant, by name: (events, since, seed) -> events."""


def deleted_but_decisive(events: pd.DataFrame, since: pd.Timestamp, target) -> pd.DataFrame:
    """As `deleted`, but events that decide targets stay, so that every part keeps days of both kinds."""
    stay = (events["origin_time"] < since).to_numpy() | decides(events, target)
    return _as(events, events[stay])


def marked(recipe, events: pd.DataFrame, dates: np.ndarray, coins: np.ndarray) -> pd.DataFrame:
    """Add an event to each day whose coin fell heads: at the target, an hour after midnight, too weak to decide.

    Parameters
    ----------
    recipe : CatalogRecipe
    events : DataFrame
    dates : ndarray of datetime64[D], shape (k,)
    coins : ndarray of bool, shape (k,)
    """
    when = pd.DatetimeIndex(beginnings(dates[coins], recipe.target.timezone), tz="UTC") + pd.Timedelta(hours=1)
    marks = events.iloc[np.zeros(len(when), int)].assign(
        id=[f"mark-{i}" for i in range(len(when))],
        origin_time=when.astype(events["origin_time"].dtype),
        latitude=recipe.target.latitude,
        longitude=recipe.target.longitude,
        depth_km=10.0,
        magnitude=recipe.target.magnitude - MARK_MAGNITUDE_STEP,
    )
    return _as(events, pd.concat([events, marks], ignore_index=True))


def _with_future(events: pd.DataFrame, since: pd.Timestamp, change, seed: int) -> pd.DataFrame:
    later = (events["origin_time"] >= since).to_numpy()
    future = change(events[later], np.random.default_rng(seed)).astype({"origin_time": events["origin_time"].dtype})
    return _as(events, pd.concat([events[~later], future], ignore_index=True))


def _shuffled(future: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    return future["origin_time"].iloc[rng.permutation(len(future))].set_axis(future.index)


def _as(events: pd.DataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """Sort by time, and say that the catalogue covers the time that it did."""
    result = changed.sort_values("origin_time", kind="stable", ignore_index=True)
    result.attrs = {key: value for key, value in events.attrs.items() if key != "sha256"}
    return result
