"""Which days brought a target event to each circle, and how often they did before."""

from __future__ import annotations

import math

import numpy as np

from mleq.etas.sphere import EARTH_RADIUS_KM
from mleq.forecast.features import Past
from mleq.forecast.pool.circles import Circles
from mleq.forecast.target import at_least

SLOW_DAYS = 3000.0
PRIOR_DAYS = 700.0
"""Days of the pool's rate that a circle's background begins with."""


def target_days(past: Past, circles: Circles, midnights: np.ndarray, magnitude: float) -> np.ndarray:
    """Say on which days each circle has an event of the magnitude and above.

    Parameters
    ----------
    past : Past
    circles : Circles
    midnights : ndarray of datetime64, shape (n_days + 1,)
    magnitude : float

    Returns
    -------
    ndarray of bool, shape (n_days, n_circles)
    """
    strong = np.flatnonzero(at_least(past.magnitude, magnitude))
    vectors, times = past.vectors[strong], past.times[strong]
    day = np.searchsorted(midnights.astype("datetime64[us]"), times, side="right") - 1
    inside = (day >= 0) & (day < len(midnights) - 1)
    came = np.zeros((len(midnights) - 1, len(circles)), bool)
    edge = 2 * math.sin(circles.radius_km / EARTH_RADIUS_KM / 2)
    for number, centre in enumerate(circles.vectors):
        near = inside & (np.sum((vectors - centre) ** 2, axis=1) <= edge**2)
        came[day[near], number] = True
    return came


def within_horizon(came: np.ndarray, horizon: int) -> np.ndarray:
    """Say whether an event comes on a day or on one of the next: the target of a longer horizon.

    Parameters
    ----------
    came : ndarray of bool, shape (n_days, n_circles)
    horizon : int
        Days, the day itself among them.

    Returns
    -------
    ndarray of bool, shape (n_days - horizon + 1, n_circles)
    """
    n_days = len(came) - horizon + 1
    return np.logical_or.reduce([came[ahead : ahead + n_days] for ahead in range(horizon)])


def decayed(values: np.ndarray, decay_days: float, known_after: int = 1) -> np.ndarray:
    """Exponentially decayed sums of daily values: of each day, over the days that are known as it begins.

    Parameters
    ----------
    values : ndarray, shape (n_days, ...)
    decay_days : float
    known_after : int, optional
        Days after its beginning at which a day's value is known; a target of a longer horizon is known later.

    Returns
    -------
    ndarray of float32, shape (n_days, ...)

    Examples
    --------
    >>> [round(value, 3) for value in decayed(np.array([1.0, 0.0, 0.0]), 1.0).tolist()]
    [0.0, 1.0, 0.368]
    """
    found, decay = np.zeros(values.shape, np.float32), math.exp(-1 / decay_days)
    # In double precision: a decay near 1 would lose what is added in single precision.
    total = np.zeros(values.shape[1:])
    for day in range(known_after, len(values)):
        total *= decay
        total += values[day - known_after]
        found[day] = total
    return found


def slow_rates(came: np.ndarray, of_pool: np.ndarray | None = None) -> np.ndarray:
    """The circles' rates of target days before each day, decayed over `SLOW_DAYS` and drawn to the pool's.

    Parameters
    ----------
    came : ndarray of bool, shape (n_days, n_circles)
    of_pool : ndarray of bool, shape (n_days, n_circles of the pool), optional
        The same of the pool, where the circles are others than its own.

    Returns
    -------
    ndarray of float32, shape (n_days, n_circles)
        A day; of each day, from the days before it.
    """
    weight = SLOW_DAYS * -np.expm1(-np.arange(len(came)) / SLOW_DAYS)  # days that count
    # The pool's own rate begins as one event-day in a year, and soon forgets it.
    everywhere = came if of_pool is None else of_pool
    common = (decayed(everywhere.mean(axis=1), SLOW_DAYS) + 1.0) / (weight + 365.25)
    own = decayed(came.astype(np.float32), SLOW_DAYS)
    return ((own + PRIOR_DAYS * common[:, None]) / (weight + PRIOR_DAYS)[:, None]).astype(np.float32)
