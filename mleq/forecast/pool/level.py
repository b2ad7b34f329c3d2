"""The level of a whole pool: how many target days came lately for each that was stated.

A model that is learnt once a year is late where the world's activity, or the catalogue, changes: all its chances are
then too high or too low alike. What came in all circles together says so within weeks. Chances are lifted or lowered by
one factor a day, on the expected number of events, which leaves the order of a day's circles as it was.
"""

from __future__ import annotations

import numpy as np

from mleq.forecast.pool.days import decayed

ETAS_DAYS, ETAS_PRIOR = 500.0, 20.0
"""Of the reference "ETAS at the pool's level": days, and event-days that are added to both sides of the ratio."""
PRIOR = 400.0
"""Circle-days with an event, for each day of the horizon, that are added to those that came and to those stated: of a
small pool, whose few events say little about its level, little is moved by chance alone."""
LEAST, MOST = 1e-7, 1 - 1e-7
LEVEL = {"level": "events that came in all circles lately for each that the model stated, drawn to 1"}
"""What is said of it where it has moved a forecast."""


def at_level(chance: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Multiply expected numbers of events by one factor a day.

    Parameters
    ----------
    chance : ndarray, shape (n_days, n_circles)
    factor : ndarray, shape (n_days,)

    Returns
    -------
    ndarray, shape (n_days, n_circles)

    Examples
    --------
    >>> at_level(np.array([[0.5, 0.01]]), np.array([2.0])).round(4).tolist()
    [[0.75, 0.0199]]
    """
    number = -np.log1p(-np.asarray(chance, float))
    return np.clip(-np.expm1(-number * factor[:, None]), LEAST, MOST)


def decayed_level(came: np.ndarray, stated: np.ndarray, horizon: int) -> np.ndarray:
    """The level of ETAS before each day: sums that decay over `ETAS_DAYS`.

    Parameters
    ----------
    came, stated : ndarray, shape (n_days,)
        Target days of the whole pool on consecutive days, and how many were stated.
    horizon : int
        Days after its beginning at which a day's target is known.

    Returns
    -------
    ndarray, shape (n_days,)
    """
    return np.divide(*(decayed(one, ETAS_DAYS, horizon) + ETAS_PRIOR for one in (came, stated)))


def recent_level(came: np.ndarray, stated: np.ndarray, days: np.ndarray, *, span: int, horizon: int) -> np.ndarray:
    """The level before some days: of the last days whose targets are known, all alike.

    It is the posterior mean of a factor on Poisson rates under a gamma prior of mean 1 that weighs as much as `PRIOR`
    events (Gelman et al. 2013, Bayesian Data Analysis, section 2.6). Circle-days stand in for events: those of
    overlapping circles, of one day and of overlapping windows are not independent, and where chances are large their
    ratio lies nearer 1 than that of events does, so that the level moves less than it should. `PRIOR` was chosen on
    real days (docs/candidate.md).

    Parameters
    ----------
    came, stated : ndarray, shape (n,)
        Target days of the whole pool on the first n days, as far as they are known at all, and how many were stated.
    days : ndarray of int
        Before which the level is wanted, in the numbers of the first two; days below zero, and those far beyond n,
        are met with what there is.
    span : int
        How many known days are looked at, at most.
    horizon : int
        Days after its beginning at which a day's target is known.

    Returns
    -------
    ndarray, the shape of `days`
        1 where no day is known.

    Examples
    --------
    >>> came, stated = np.array([0.0, 100.0, 0.0]), np.array([50.0, 50.0, 50.0])
    >>> recent_level(came, stated, np.array([0, 1, 2, 9]), span=2, horizon=1).round(3).tolist()
    [1.0, 0.889, 1.0, 1.0]
    """
    until = np.clip(np.asarray(days) - horizon + 1, 0, len(came))
    since = np.maximum(until - span, 0)
    both = (np.concatenate([[0.0], np.cumsum(one, dtype=float)]) for one in (came, stated))
    return np.divide(*(total[until] - total[since] + PRIOR * horizon for total in both))
