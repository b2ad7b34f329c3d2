"""Distances, directions and boxes on a spherical Earth."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mleq.errors import RequestError

EARTH_RADIUS_KM = 6371.0


class Box(NamedTuple):
    """A region between two parallels and two meridians, in degrees."""

    south: float
    north: float
    west: float
    east: float

    @classmethod
    def checked(cls, region: tuple[float, float, float, float]) -> Box:
        """The region as a Box with `west` in [-180, 180) and `west < east <= west + 360`.

        Given `west > east`, it crosses the antimeridian.

        Raises
        ------
        RequestError
            Unless there are four finite numbers with -90 <= south < north <= 90 and at most 360 degrees
            from west to east.
        """
        try:
            south, north, west, east = (float(edge) for edge in region)
        except (TypeError, ValueError):
            south = north = west = east = math.nan
        width = east - west if east > west else east - west + 360.0
        finite = all(map(math.isfinite, (south, north, west, east)))
        if not (finite and -90 <= south < north <= 90 and 0 < width <= 360):
            raise RequestError(
                f"the region {region!r} is no box",
                expected="(south, north, west, east) in degrees with -90 <= south < north <= 90",
            )
        west = float(wrap_longitude(west))
        return cls(south, north, west, west + width)

    @property
    def area_km2(self) -> float:
        """Area on the sphere."""
        south, north = math.radians(self.south), math.radians(self.north)
        height = math.sin(north) - math.sin(south)
        return EARTH_RADIUS_KM**2 * math.radians(self.east - self.west) * height

    def contains(self, latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
        """Which places lie inside, closed on the south and west sides; shape as broadcast."""
        eastward = np.mod(np.asarray(longitude) - self.west, 360.0)
        latitude = np.asarray(latitude)
        return (latitude >= self.south) & (latitude < self.north) & (eastward < self.east - self.west)

    def sample(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Latitudes and longitudes of `n` places drawn uniformly by area, each of shape (n,)."""
        sine = rng.uniform(math.sin(math.radians(self.south)), math.sin(math.radians(self.north)), n)
        return np.degrees(np.arcsin(sine)), wrap_longitude(rng.uniform(self.west, self.east, n))


def wrap_longitude(longitude_deg: np.ndarray) -> np.ndarray:
    """Longitudes in [-180, 180)."""
    return np.mod(np.asarray(longitude_deg) + 180.0, 360.0) - 180.0


def distance_km(latitude_1, longitude_1, latitude_2, longitude_2) -> np.ndarray:
    """Great-circle distances by the haversine formula, which keeps its digits at short range (Sinnott 1984).

    Parameters
    ----------
    latitude_1, longitude_1, latitude_2, longitude_2 : array_like
        Degrees; broadcast against each other.

    Returns
    -------
    numpy.ndarray
        Kilometres, on a sphere of 6,371 km.

    References
    ----------
    Sinnott, R. W. (1984). Virtues of the haversine. Sky and Telescope 68(2), 159.
    """
    latitude_1, latitude_2 = np.radians(latitude_1), np.radians(latitude_2)
    half_dlon = np.radians(np.subtract(longitude_2, longitude_1)) / 2
    haversine = (
        np.sin((latitude_2 - latitude_1) / 2) ** 2 + np.cos(latitude_1) * np.cos(latitude_2) * np.sin(half_dlon) ** 2
    )
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(haversine, 0.0, 1.0)))


def destination(latitude, longitude, azimuth_deg, distance) -> tuple[np.ndarray, np.ndarray]:
    """Where one arrives that leaves a place along a great circle.

    Parameters
    ----------
    latitude, longitude : array_like
        Starting places, degrees.
    azimuth_deg : array_like
        Direction at the start, clockwise from north.
    distance : array_like
        Kilometres along the great circle.

    Returns
    -------
    latitude, longitude : numpy.ndarray
        Degrees, longitudes in [-180, 180).
    """
    start, azimuth = np.radians(latitude), np.radians(azimuth_deg)
    angle = np.asarray(distance) / EARTH_RADIUS_KM
    sine = np.sin(start) * np.cos(angle) + np.cos(start) * np.sin(angle) * np.cos(azimuth)
    sine = np.clip(sine, -1.0, 1.0)
    turn = np.arctan2(np.sin(azimuth) * np.sin(angle) * np.cos(start), np.cos(angle) - np.sin(start) * sine)
    return np.degrees(np.arcsin(sine)), wrap_longitude(np.asarray(longitude) + np.degrees(turn))


def azimuth_deg(latitude_1, longitude_1, latitude_2, longitude_2) -> np.ndarray:
    """Direction in which the great circle from the first place to the second begins, clockwise from north."""
    latitude_1, latitude_2 = np.radians(latitude_1), np.radians(latitude_2)
    eastward = np.radians(np.subtract(longitude_2, longitude_1))
    east = np.sin(eastward) * np.cos(latitude_2)
    north = np.cos(latitude_1) * np.sin(latitude_2) - np.sin(latitude_1) * np.cos(latitude_2) * np.cos(eastward)
    return np.degrees(np.arctan2(east, north))
