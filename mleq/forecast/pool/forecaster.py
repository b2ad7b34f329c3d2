"""Forecasts of a trained pool: of any circles on any days, beside ETAS and rates, from what was known as each began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mleq.experiment.level import at_level, recent_level
from mleq.forecast.pool.circles import Circles
from mleq.forecast.pool.inputs import pooled_inputs
from mleq.forecast.pool.learning import PooledModel
from mleq.forecast.pool.level import decayed_level
from mleq.forecast.pool.maps import RowMaps
from mleq.forecast.pool.walk import Pool, offsets
from mleq.forecast.pool.world import World
from mleq.forecast.trailing import SPANS_DAYS

DRAWN_DAYS = 50.0
"""Days of the training part's rate that a trailing rate is drawn to; the mix is drawn by one day."""
AT_ONCE_DAYS = 740
"""Days whose inputs are made and in memory together; most of what they cost is the past before the first."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Forecasts of circles on consecutive days; arrays of shape (n_days, n_circles).

    Attributes
    ----------
    circles : Circles
    dates : ndarray of datetime64[D], shape (n_days,)
    came : ndarray of bool
    decided : ndarray of bool, shape (n_days,)
        Whether the catalogue knows what came.
    probability : ndarray
    references : dict of str to ndarray
    background : ndarray
        Target events that ETAS expects of its background alone.
    level : ndarray, shape (n_days,)
        By which expected numbers were multiplied, to hold the model at the pool's level; ones where the recipe does not
        ask for it.
    """

    circles: Circles
    dates: np.ndarray
    came: np.ndarray
    decided: np.ndarray
    probability: np.ndarray
    references: dict[str, np.ndarray]
    background: np.ndarray
    level: np.ndarray

    def table(self) -> pd.DataFrame:
        """One row for each circle and day: circle, latitude, longitude, target_date, observed (where known) …"""
        n_days, n_circles = self.probability.shape
        observed = pd.array(self.came.ravel(), dtype="boolean")
        observed[np.repeat(~self.decided, n_circles)] = pd.NA
        return pd.DataFrame(
            {
                "circle": np.tile(np.arange(n_circles, dtype=np.int32), n_days),
                "latitude": np.tile(self.circles.latitude, n_days),
                "longitude": np.tile(self.circles.longitude, n_days),
                "target_date": np.repeat(self.dates.astype("datetime64[s]"), n_circles),
                "observed": observed,
                "probability": self.probability.ravel(),
                **{name: values.ravel() for name, values in self.references.items()},
            }
        )


def answer(model: PooledModel, world: World, days: slice, training: slice) -> Answers:
    """Forecast consecutive days of a world's circles.

    Parameters
    ----------
    model : PooledModel
    world : World
    days : slice
        Of the pool, none before ETAS's first fit.
    training : slice
        Days of the pool in the training part, for climatology.

    Returns
    -------
    Answers
        `etas` is refitted each year, as the model's offset; `etas_frozen` is that of the end of training,
        `etas_recalibrated` stretched and shifted as the training part asks, `etas_leveled` times how many event-days
        there were in the whole pool lately for each that it expected.
    """
    pool, known = world.pool, world.known
    here = slice(days.start - known.days.start, days.stop - known.days.start)
    log_odds = known.log_odds[here]
    probability, level = _at_own_level(model, world, days)
    frozen = [fit for fit in world.fits if fit.made <= model.fitted]
    climatology = (pool.target[training].sum(axis=0) + 0.5) / (training.stop - training.start + 1)
    references = {
        "etas": known.probability[here].astype(float),
        "climatology": np.broadcast_to(climatology, log_odds.shape),
        "etas_frozen": offsets(pool, frozen or world.fits[:1], days).probability.astype(float),
        "etas_recalibrated": model.recalibrated.probabilities(log_odds),
        "etas_leveled": _leveled(world, days),
        **trailing(pool, days, climatology, world.decided + pool.horizon - 1),
    }
    numbers = np.arange(days.start, days.stop)
    return Answers(
        pool.circles, pool.dates[days], pool.target[days], numbers < world.decided, probability, references,
        known.background[here], level,
    )  # fmt: skip


def _at_own_level(model: PooledModel, world: World, days: slice) -> tuple[np.ndarray, np.ndarray]:
    """Chances after correction, at the level of the pool where the recipe asks for it, and that level of each day.

    The level is held against what the model itself stated in all circles of the pool, on days after those that it was
    first learnt from.
    """
    if not model.level_days:
        return _corrected(model, world, days), np.ones(days.stop - days.start)
    base = world.base or world
    horizon = base.pool.horizon
    # Where the catalogue ends before the days do, the last days that it knows say what the level is.
    known = min(days.start - horizon + 1, base.decided)
    first = max(base.pool.day(model.fitted), known - model.level_days)
    before = slice(first, max(first, min(days.stop - horizon, base.decided)))
    if world is base:
        all_days = slice(min(first, days.start), days.stop)
        said = _corrected(model, world, all_days)
        stated, said = (said[one.start - all_days.start : one.stop - all_days.start] for one in (before, days))
    else:
        stated, said = _corrected(model, base, before), _corrected(model, world, days)
    level = recent_level(
        base.pool.target[before].sum(axis=1), stated.sum(axis=1), np.arange(days.start, days.stop) - first,
        span=model.level_days, horizon=horizon, prior=model.level_prior,
    )  # fmt: skip
    return at_level(said, level), level


def _leveled(world: World, days: slice) -> np.ndarray:
    """ETAS at the level of the pool, which a yearly fit of ten years is late to see, shape (n_days, n_circles)."""
    base = world.base or world
    # Days of which the catalogue knows nothing say nothing.
    told = (np.arange(base.known.days.start, base.known.days.stop) < base.decided).astype(float)
    came = told * base.pool.target[base.known.days].sum(axis=1)
    factor = decayed_level(came, told * base.known.probability.sum(axis=1, dtype=float), base.pool.horizon)
    here = slice(days.start - world.known.days.start, days.stop - world.known.days.start)
    return at_level(
        world.known.probability[here], factor[days.start - base.known.days.start : days.stop - base.known.days.start]
    )


def inputs_of(world: World, days: slice) -> np.ndarray:
    """The inputs of a world's circles, float16, shape (n_circles, n_days, len(INPUTS))."""
    return pooled_inputs(world.pool, world.known, days, world.base.known if world.base else None)


def newest(model: PooledModel, dates: np.ndarray) -> np.ndarray:
    """Which vintage forecasts each date: the newest that was made on or before it, else the first; shape (n,)."""
    made = np.array([one.made for one in model.vintages])
    return np.maximum(np.searchsorted(made, dates, side="right") - 1, 0)


def _corrected(model: PooledModel, world: World, days: slice) -> np.ndarray:
    """Chances after correction, shape (n_days, n_circles)."""
    known = world.known
    probability = np.empty((days.stop - days.start, len(world.pool.circles)))
    for first in range(days.start, days.stop, AT_ONCE_DAYS):
        some = slice(first, min(first + AT_ONCE_DAYS, days.stop))
        log_odds = known.log_odds[some.start - known.days.start : some.stop - known.days.start]
        probability[some.start - days.start : some.stop - days.start] = _of_days(model, world, some, log_odds)
    return probability


def _of_days(model: PooledModel, world: World, days: slice, log_odds: np.ndarray) -> np.ndarray:
    inputs, which = inputs_of(world, days), newest(model, world.pool.dates[days])
    total = np.empty(log_odds.shape)
    for number in np.unique(which):
        some = np.flatnonzero(which == number)
        table = inputs[:, some].reshape(-1, inputs.shape[2])
        circle, day = np.repeat(np.arange(len(inputs)), len(some)), np.tile(days.start + some, len(inputs))
        said = model.vintages[number].correction.corrections(table, world.maps(model, circle, day))
        said = said.reshape(len(inputs), len(some)).T
        total[some] = log_odds[some] + said
    return np.clip(1 / (1 + np.exp(-total)), 1e-7, 1 - 1e-7)


def reasons(
    model: PooledModel,
    inputs: np.ndarray,
    dates: np.ndarray,
    names: Sequence[str],
    maps: RowMaps | None = None,
    most: int = 3,
    level: tuple[np.ndarray, np.ndarray] | None = None,
) -> list[list[dict]]:
    """The inputs that moved each forecast away from ETAS most, and by how much in log-odds.

    Parameters
    ----------
    model : PooledModel
    inputs : ndarray, shape (n, len(INPUTS))
    dates : ndarray of datetime64[D], shape (n,)
    names : sequence of str
        Of all inputs, and of the channels of maps after them.
    maps : RowMaps, optional
        Of the rows, where the model looks at maps.
    most : int, optional
    level : tuple of ndarray, shape (n,), optional
        The level of the pool, and each forecast at it; named after all others.

    Returns
    -------
    list of list of dict
        For each row its inputs with `name`, `moved_log_odds` and `value`; of a channel of maps the value is the
        largest of all cells and ages.
    """
    seen = inputs if maps is None else np.column_stack([inputs, maps.largest()])
    if level is not None:
        seen = np.column_stack([seen, level[0]])
        before = at_level(level[1][:, None], 1 / level[0])[:, 0]
        lifted = np.log(level[1] / (1 - level[1])) - np.log(before / (1 - before))
    which, found = newest(model, dates), [[] for _ in dates]
    for number in np.unique(which):
        some = np.flatnonzero(which == number)
        here = None if maps is None else maps[some]
        moved = model.vintages[number].correction.contributions(inputs[some], here)
        if level is not None:
            moved = np.column_stack([moved, lifted[some]])
        for row, values in zip(some, moved, strict=True):
            best = np.argsort(-np.abs(values))[:most]
            found[row] = [
                {"name": names[i], "moved_log_odds": float(values[i]), "value": float(seen[row, i])} for i in best
            ]
    return found


def trailing(pool: Pool, days: slice, climatology: np.ndarray, covered: int) -> dict[str, np.ndarray]:
    """Rates of the last weeks to years and their plain mean, as in `mleq.forecast.trailing`, of all circles.

    Parameters
    ----------
    pool : Pool
    days : slice
    climatology : ndarray, shape (n_circles,)
    covered : int
        Days that the catalogue covers; later ones are days without data.
    """
    sums = np.concatenate([np.zeros((1, len(pool.circles)), np.int32), np.cumsum(pool.daily, axis=0, dtype=np.int32)])
    until = np.minimum(np.arange(days.start, days.stop), covered)
    daily = 1 - (1 - climatology) ** (1 / pool.horizon)
    found, mixed = {}, []
    for span in SPANS_DAYS:
        since = np.maximum(until - span, 0)
        positive, seen = sums[until] - sums[since], (until - since)[:, None]
        found[f"trailing_{span}"] = (positive + DRAWN_DAYS * daily) / (seen + DRAWN_DAYS)
        mixed.append((positive + daily) / (seen + 1.0))
    found["trailing_mix"] = np.mean(mixed, axis=0)
    return {name: 1 - (1 - rate) ** pool.horizon for name, rate in found.items()}
