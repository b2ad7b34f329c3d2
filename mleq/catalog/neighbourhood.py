"""The neighbourhood of a place: a circle, widened until it holds enough events."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from mleq.etas.sphere import distance_km

WIDENING = 1.25
WHOLE_EARTH_KM = 20_038


class Place(Protocol):
    """What of a recipe's target matters here."""

    latitude: float
    longitude: float
    radius_km: float


def neighbourhood(events: pd.DataFrame, place: Place, minimum: int) -> tuple[pd.DataFrame, float]:
    """Widen the circle around a place until it holds enough events.

    Parameters
    ----------
    events : pandas.DataFrame
        See `mleq.catalog.events`.
    place : Place
        Has latitude and longitude in degrees, and radius_km to begin with.
    minimum : int
        How many are enough; where the whole Earth has fewer, all are taken.

    Returns
    -------
    tuple of (pandas.DataFrame, float)
        The events inside, and the radius in kilometres.
    """
    distance = distances_km(events, place)
    radius = widened_km(distance, place.radius_km, minimum)
    return events.loc[distance <= radius], radius


def distances_km(events: pd.DataFrame, place: Place) -> np.ndarray:
    """Distances of epicentres from a place, kilometres, shape (n_events,)."""
    latitude, longitude = events["latitude"].to_numpy(), events["longitude"].to_numpy()
    return distance_km(latitude, longitude, place.latitude, place.longitude)


def widened_km(distance_km: np.ndarray, radius_km: float, minimum: int) -> float:
    """The radius, widened by a quarter at a time, within which there are enough."""
    while np.count_nonzero(distance_km <= radius_km) < minimum and radius_km < WHOLE_EARTH_KM:
        radius_km = min(radius_km * WIDENING, WHOLE_EARTH_KM)
    return radius_km
