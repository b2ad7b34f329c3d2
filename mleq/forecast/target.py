"""What is forecast: whether a strong enough earthquake comes close enough, soon enough."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mleq.etas.sphere import distance_km

# Magnitudes are decimals of one to three digits. A 4.6 that passed through float32, or through a sum such as
# 4.5 + 0.1, differs from 4.6 by less than this and must count as 4.6.
_MAGNITUDE_ROUNDING = 1e-5


def at_least(magnitude, threshold: float) -> np.ndarray:
    """Whether decimal magnitudes reach a threshold, whatever binary rounding did to their last digits.

    Examples
    --------
    >>> at_least(np.float32([4.5, 4.6, 4.7]), 4.6)
    array([False,  True,  True])
    """
    return np.asarray(magnitude, float) >= threshold - _MAGNITUDE_ROUNDING


def decides(events: pd.DataFrame, target) -> np.ndarray:
    """Which events make a day positive.

    Distances are great circles on a sphere of 6,371 km, the circle's edge included. An event without a depth
    counts even where `max_depth_km` is given: that limit leaves out what is known to be deeper, and a missing
    depth is no such knowledge.

    Parameters
    ----------
    events : DataFrame
        With latitude, longitude, depth_km and magnitude.
    target : target of a recipe
        latitude, longitude, radius_km, magnitude, max_depth_km.

    Returns
    -------
    ndarray of bool, shape (n_events,)
    """
    chosen = at_least(events["magnitude"], target.magnitude)
    if target.max_depth_km is not None:
        chosen &= ~(events["depth_km"].to_numpy() > target.max_depth_km)
    strong = np.flatnonzero(chosen)
    places = events["latitude"].to_numpy()[strong], events["longitude"].to_numpy()[strong]
    chosen[strong] = distance_km(*places, target.latitude, target.longitude) <= target.radius_km
    return chosen


def within_horizon(event_days: np.ndarray, horizon_days: int) -> np.ndarray:
    """Whether any of the `horizon_days` days that begin with each day has an event.

    Parameters
    ----------
    event_days : ndarray of bool, shape (n_days,)
        Whether each day has an event that decides.
    horizon_days : int

    Returns
    -------
    ndarray of bool, shape (n_days - horizon_days + 1,)
        Days whose horizon reaches past the last day are not in it. Empty where none is left.

    Examples
    --------
    >>> within_horizon(np.array([False, False, True, False]), 2)
    array([False,  True,  True])
    """
    so_far = np.concatenate([[0], np.cumsum(event_days)])
    return so_far[horizon_days:] > so_far[: max(0, len(so_far) - horizon_days)]
