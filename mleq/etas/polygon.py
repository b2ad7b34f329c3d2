"""Areas with straight sides on a map of latitude and longitude, as in GeoJSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mleq.errors import RequestError
from mleq.etas.areas import Outline
from mleq.etas.sphere import wrap_longitude

SIDE_DEG = 0.5  # sides are cut into pieces of at most this length for the outline


@dataclass(frozen=True)
class Polygon:
    """All places inside a closed line of corners, joined straight in latitude and longitude (RFC 7946).

    Parameters
    ----------
    latitude, longitude : array_like, shape (n,)
        Corners in order, either way round, in degrees; the first may be repeated at the end. It may cross the
        antimeridian, but holds no pole.

    Raises
    ------
    mleq.errors.RequestError
        If there are fewer than three corners, sides cross each other, or it spans 180 degrees or more.
    """

    latitude: np.ndarray
    longitude: np.ndarray

    def __post_init__(self):
        latitude, longitude = (np.asarray(v, dtype=float).ravel() for v in (self.latitude, self.longitude))
        expected = "at least three corners in degrees, sides that do not cross, less than 180 degrees across"
        if latitude.size != longitude.size or not (np.isfinite(longitude).all() and (np.abs(latitude) <= 90).all()):
            raise RequestError(f"no polygon: corners {latitude.tolist()}, {longitude.tolist()}", expected=expected)
        if latitude.size > 1 and latitude[0] == latitude[-1] and (longitude[0] - longitude[-1]) % 360 == 0:
            latitude, longitude = latitude[:-1], longitude[:-1]
        if latitude.size < 3:
            raise RequestError(f"a polygon of {latitude.size} corners", expected=expected)
        # Corner to corner the shorter way round, so that the antimeridian is no edge.
        steps = wrap_longitude(np.diff(longitude))
        longitude = np.concatenate([longitude[:1], longitude[0] + np.cumsum(steps)])
        if np.ptp(longitude) >= 180:
            raise RequestError(f"a polygon {np.ptp(longitude):g} degrees across", expected=expected)
        if np.sum(longitude * np.roll(latitude, -1) - np.roll(longitude, -1) * latitude) < 0:
            latitude, longitude = latitude[::-1], longitude[::-1]
        if _sides_cross(longitude, latitude):
            raise RequestError("a polygon whose sides cross or touch each other", expected=expected)
        object.__setattr__(self, "latitude", latitude)
        object.__setattr__(self, "longitude", longitude)

    def contains(self, latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
        """Which places lie inside: a line to the north crosses an odd number of sides; shape as broadcast."""
        middle = (self.longitude.min() + self.longitude.max()) / 2
        latitude, longitude = np.broadcast_arrays(latitude, middle + wrap_longitude(np.asarray(longitude) - middle))
        inside = np.zeros(latitude.shape, dtype=bool)
        for south, west, north, east in zip(
            self.latitude, self.longitude, np.roll(self.latitude, -1), np.roll(self.longitude, -1), strict=True
        ):
            under = (west > longitude) != (east > longitude)
            if under.any():
                inside ^= under & (latitude < south + (longitude - west) * (north - south) / (east - west))
        return inside

    def outline(self) -> Outline:
        """The outline, counter-clockwise, sides cut so finely that great circles follow them."""
        return self._outline

    @cached_property
    def _outline(self) -> Outline:
        latitude, longitude = [], []
        for a, b, c, d in zip(
            self.latitude, self.longitude, np.roll(self.latitude, -1), np.roll(self.longitude, -1), strict=True
        ):
            along = np.linspace(0, 1, max(1, math.ceil(max(abs(c - a), abs(d - b)) / SIDE_DEG)) + 1)[:-1]
            latitude.append(a + (c - a) * along)
            longitude.append(b + (d - b) * along)
        return Outline(np.concatenate(latitude), np.concatenate(longitude))


def _sides_cross(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether two sides that are no neighbours meet."""
    n = x.size
    first, second = np.triu_indices(n, k=2)
    apart = ~((first == 0) & (second == n - 1))
    first, second = first[apart], second[apart]
    after, beyond = (first + 1) % n, (second + 1) % n

    def turn(a, b, c):
        return np.sign((x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a]))

    opposite = turn(first, after, second) * turn(first, after, beyond) <= 0
    return bool((opposite & (turn(second, beyond, first) * turn(second, beyond, after) <= 0)).any())
