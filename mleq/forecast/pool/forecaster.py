"""Forecasts of a trained pool: of any circles on any days, beside ETAS and rates, from what was known as each began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from mleq.catalog.events import coverage
from mleq.forecast.days import whole_days
from mleq.forecast.pool.circles import Circles
from mleq.forecast.pool.days import decayed
from mleq.forecast.pool.inputs import pooled_inputs
from mleq.forecast.pool.learning import PooledModel
from mleq.forecast.pool.maps import Atlas, Frame, RowMaps
from mleq.forecast.pool.material import pool_of
from mleq.forecast.pool.walk import Fit, Offsets, Pool, offsets, own_fits, walk_forward
from mleq.forecast.trailing import SPANS_DAYS

DRAWN_DAYS = 50.0
"""Days of the training part's rate that a trailing rate is drawn to; the mix is drawn by one day."""
LEVEL_DAYS, LEVEL_PRIOR = 500.0, 20.0
"""Of the level of the whole pool: days, and event-days that are added to both sides of the ratio."""
AT_ONCE_DAYS = 366
"""Days whose inputs are in memory together."""


@dataclass(frozen=True, eq=False)
class World:
    """A pool on a catalogue, with what ETAS forecast on each of its days.

    Attributes
    ----------
    pool : Pool
    fits : list of Fit
    known : Offsets
        From the first fit to the pool's end.
    decided : int
        Days whose target the catalogue knows: the first so many.
    base : World, optional
        That of the pool which was learnt from, where these are other circles.
    """

    pool: Pool
    fits: list[Fit]
    known: Offsets
    decided: int
    base: World | None = None

    @classmethod
    def of(cls, recipe, model: PooledModel, events: pd.DataFrame, last: np.datetime64 | None = None) -> World:
        """The model's own circles, until the catalogue's end or a later day; ETAS is fitted on where its fits end."""
        decided = whole_days(*coverage(events), recipe.target.timezone)[1] - recipe.target.horizon_days + 1
        if model.material is not None:
            return cls(model.material.pool, model.fits, model.material.known, decided)
        pool = pool_of(recipe, events, model.circles, last)
        fits = _lengthened(pool, model.fits)
        return cls(pool, fits, offsets(pool, fits, slice(pool.day(fits[0].made), pool.n_days)), decided)

    def only(self, chosen: np.ndarray) -> World:
        """Some of the circles, with what is known of them."""
        pool = self.pool.elsewhere(self.pool.circles[chosen])
        fits = [
            replace(fit, background=fit.background[chosen], productivity=fit.productivity[chosen]) for fit in self.fits
        ]
        known = self.known
        some = Offsets(
            known.days, known.probability[:, chosen], known.background[:, chosen], known.triggered[:, :, chosen]
        )
        return World(pool, fits, some, self.decided, self)

    def maps(self, model: PooledModel, circle: np.ndarray, day: np.ndarray) -> RowMaps | None:
        """What a model sees of the regions of some circles on some days of the pool; None where it looks at no maps."""
        if model.frame is None:
            return None
        if model.frame not in self._atlases:
            self._atlases[model.frame] = Atlas.of(self.pool, self.fits, model.frame)
        return self._atlases[model.frame].rows(circle, day)

    @cached_property
    def _atlases(self) -> dict[Frame, Atlas]:
        return {}

    def elsewhere(self, circles: Circles) -> World:
        """Other circles of the same size: with factors of their own, from their own past, under the same shapes."""
        pool = self.pool.elsewhere(circles)
        fits = own_fits(pool, self.fits)
        return World(pool, fits, offsets(pool, fits, self.known.days), self.decided, self)


def _lengthened(pool: Pool, fits: list[Fit]) -> list[Fit]:
    """Fits until the pool's end: those that there are, and a new one each year after the last."""
    newest, dates = fits[-1].made, []
    year = newest.astype("datetime64[Y]")
    within = newest - year.astype("datetime64[D]")
    while (date := (year + len(dates) + 1).astype("datetime64[D]") + within) <= pool.dates[-1]:
        dates.append((date, True))
    return fits + (walk_forward(pool, dates, fits[-1].shape) if dates else [])


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
    """

    circles: Circles
    dates: np.ndarray
    came: np.ndarray
    decided: np.ndarray
    probability: np.ndarray
    references: dict[str, np.ndarray]
    background: np.ndarray

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
    probability = np.empty(log_odds.shape)
    for first in range(days.start, days.stop, AT_ONCE_DAYS):
        some = slice(first, min(first + AT_ONCE_DAYS, days.stop))
        rows = slice(some.start - days.start, some.stop - days.start)
        probability[rows] = _corrected(model, world, some, log_odds[rows])
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
        known.background[here],
    )  # fmt: skip


def _leveled(world: World, days: slice) -> np.ndarray:
    """ETAS times one factor a day for all circles, shape (n_days, n_circles).

    The factor is the pool's event-days over those that ETAS expected, decayed over `LEVEL_DAYS`. It follows changes
    of the world's activity and of the catalogue that a yearly fit of ten years is late to see.
    """
    base = world.base or world
    came = base.pool.target[base.known.days].sum(axis=1)
    expected = base.known.probability.sum(axis=1, dtype=float)
    both = (decayed(one, LEVEL_DAYS, base.pool.horizon) + LEVEL_PRIOR for one in (came, expected))
    factor = np.divide(*both)[days.start - base.known.days.start : days.stop - base.known.days.start]
    here = slice(days.start - world.known.days.start, days.stop - world.known.days.start)
    number = -np.log1p(-world.known.probability[here].astype(float))
    return np.clip(-np.expm1(-number * factor[:, None]), 1e-7, 1 - 1e-7)


def inputs_of(world: World, days: slice) -> np.ndarray:
    """The inputs of a world's circles, float16, shape (n_circles, n_days, len(INPUTS))."""
    return pooled_inputs(world.pool, world.known, days, world.base.known if world.base else None)


def newest(model: PooledModel, dates: np.ndarray) -> np.ndarray:
    """Which vintage forecasts each date: the newest that was made on or before it, else the first; shape (n,)."""
    made = np.array([one.made for one in model.vintages])
    return np.maximum(np.searchsorted(made, dates, side="right") - 1, 0)


def _corrected(model: PooledModel, world: World, days: slice, log_odds: np.ndarray) -> np.ndarray:
    """Chances after correction, shape (n_days, n_circles)."""
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

    Returns
    -------
    list of list of dict
        For each row its inputs with `name`, `moved_log_odds` and `value`; of a channel of maps the value is the
        largest of all cells and ages.
    """
    seen = inputs if maps is None else np.column_stack([inputs, maps.largest()])
    which, found = newest(model, dates), [[] for _ in dates]
    for number in np.unique(which):
        some = np.flatnonzero(which == number)
        here = None if maps is None else maps[some]
        moved = model.vintages[number].correction.contributions(inputs[some], here)
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
