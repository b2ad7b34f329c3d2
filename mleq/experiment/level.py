"""Holds forecasts at the level of what came lately: one factor a day on the expected number of events.

A model that was learnt once is late where the world's activity, or the catalogue, changes: all its chances are then too
high or too low alike. What came since, over what it had stated, says so. A factor leaves the order of the chances
of one day as it is.
"""

from __future__ import annotations

import numpy as np

LEAST, MOST = 1e-7, 1 - 1e-7


def at_level(chance: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Multiply expected numbers of events by one factor a day.

    Parameters
    ----------
    chance : ndarray, shape (n_days,) or (n_days, n_circles)
    factor : ndarray, shape (n_days,)

    Returns
    -------
    ndarray, the shape of `chance`

    Examples
    --------
    >>> at_level(np.array([[0.5, 0.01]]), np.array([2.0])).round(4).tolist()
    [[0.75, 0.0199]]
    """
    number = -np.log1p(-np.asarray(chance, float))
    return np.clip(-np.expm1(-number * factor.reshape(-1, *[1] * (number.ndim - 1))), LEAST, MOST)


def looked_at(n: int, days: np.ndarray, *, span: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the first n days say what the level is before some days: the last of those whose targets are known.

    Parameters
    ----------
    n : int
        Days that are known at all.
    days : ndarray of int
        Counted as they are; days below zero, and those far beyond n, are met with what there is.
    span : int
        How many known days are looked at, at most.
    horizon : int
        Days after its beginning at which a day's target is known.

    Returns
    -------
    since, until : ndarray of int, the shape of `days`
        The first day that is looked at, and the one after the last.
    """
    until = np.clip(np.asarray(days) - horizon + 1, 0, n)
    return np.maximum(until - span, 0), until


def recent_sums(
    came: np.ndarray, stated: np.ndarray, days: np.ndarray, *, span: int, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Target days that came, and that were stated, on the days that are looked at; parameters as of `recent_level`."""
    since, until = looked_at(len(came), days, span=span, horizon=horizon)
    both = (np.concatenate([[0.0], np.cumsum(one, dtype=float)]) for one in (came, stated))
    return tuple(total[until] - total[since] for total in both)


def recent_level(
    came: np.ndarray, stated: np.ndarray, days: np.ndarray, *, span: int, horizon: int, prior: float
) -> np.ndarray:
    """The level before some days: of the last days whose targets are known, all alike.

    It is the posterior mean of a factor on Poisson rates under a gamma prior of mean 1 that weighs as much as `prior`
    events (Gelman et al. 2013, Bayesian Data Analysis, section 2.6). Days with an event stand in for events: those of
    overlapping circles, of one sequence and of overlapping horizons are not independent, and where chances are large
    their ratio lies nearer 1 than that of events does, so that the level moves less than it should.

    Parameters
    ----------
    came, stated : ndarray, shape (n,)
        Target days on the first n days, as far as they are known at all, and how many were stated.
    days : ndarray of int
        Before which the level is wanted, in the numbers of the first two.
    span, horizon : int
        As for `looked_at`.
    prior : float
        Days with an event, for each day of the horizon, that are added to those that came and to those stated.

    Returns
    -------
    ndarray, the shape of `days`
        1 where no day is known.

    Examples
    --------
    >>> came, stated = np.array([0.0, 100.0, 0.0]), np.array([50.0, 50.0, 50.0])
    >>> recent_level(came, stated, np.array([0, 1, 2, 9]), span=2, horizon=1, prior=400).round(3).tolist()
    [1.0, 0.889, 1.0, 1.0]
    """
    sums = recent_sums(came, stated, days, span=span, horizon=horizon)
    return np.divide(*(total + prior * horizon for total in sums))
