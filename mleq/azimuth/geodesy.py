"""Directions and distances on the ellipsoid WGS84, by geographiclib."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mleq.scores.circular import full_circle

PLACES = ["station_latitude", "station_longitude", "source_latitude", "source_longitude"]


def back_azimuth_and_distance(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Direction from each station to its source, and the distance between them, on WGS84.

    The geodesic's azimuth at the station, clockwise from north. On a sphere it is off by up to about 0.2 degrees.

    Parameters
    ----------
    table : pandas.DataFrame, n rows
        station_latitude, station_longitude, source_latitude, source_longitude, degrees.

    Returns
    -------
    back_azimuth_deg : numpy.ndarray, shape (n,)
        In [0, 360); NaN where a coordinate is missing or source and station coincide.
    distance_km : numpy.ndarray, shape (n,)
        Along the surface; NaN where a coordinate is missing.

    References
    ----------
    Karney, C. F. F. (2013). Algorithms for geodesics. J. Geodesy 87, 43-55. doi:10.1007/s00190-012-0578-z
    """
    from geographiclib.geodesic import Geodesic

    line = Geodesic.WGS84
    wanted = Geodesic.AZIMUTH | Geodesic.DISTANCE
    places = table[PLACES].to_numpy(float)
    azimuth, distance = np.full(len(places), np.nan), np.full(len(places), np.nan)
    for i in np.flatnonzero(np.isfinite(places).all(axis=1)):
        found = line.Inverse(*places[i], wanted)
        distance[i] = found["s12"] / 1000
        if found["s12"] > 1:
            azimuth[i] = full_circle(found["azi1"])
    return azimuth, distance


def destination(latitude: float, longitude: float, azimuth_deg: float, distance_km: float) -> tuple[float, float]:
    """Latitude and longitude of the place that lies so far in a direction, on WGS84, degrees."""
    from geographiclib.geodesic import Geodesic

    found = Geodesic.WGS84.Direct(latitude, longitude, azimuth_deg, 1000 * distance_km)
    return found["lat2"], found["lon2"]


def ray(
    latitude: float, longitude: float, azimuth_deg: float, distance_km: float, points: int = 9
) -> list[list[float]]:
    """Points of the geodesic that leaves a station in a direction, as [longitude, latitude] for GeoJSON.

    Longitudes run on beyond 180 where the ray crosses the antimeridian, so that a map draws no line across the world.
    """
    from geographiclib.geodesic import Geodesic

    line = Geodesic.WGS84.Line(latitude, longitude, azimuth_deg)
    reached = [
        line.Position(1000 * distance, Geodesic.STANDARD | Geodesic.LONG_UNROLL)
        for distance in np.linspace(0, distance_km, points)
    ]
    return [[round(float(place["lon2"]), 6), round(float(place["lat2"]), 6)] for place in reached]
