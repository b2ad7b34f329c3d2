"""How much of a kernel around a place falls inside an area with any outline.

For an isotropic kernel with radial distribution function F (the share of its mass within a distance), the
share inside an outline is the integral of F(R) over the direction, divided by 2 pi, where R is the distance
to the outline in that direction (Ogata 1998, appendix): exits count plus, entries minus, so that places
outside are right too. The outline is met once for each place; what is kept is how much angle belongs to
which distance, so that the share for any other parameters of the kernel is a small weighted sum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mleq.errors import RequestError
from mleq.etas.sphere import EARTH_RADIUS_KM, Box, azimuth_deg, destination, distance_km, wrap_longitude
from mleq.etas.threads import in_threads

BEYOND_KM = 10_000.0  # a quarter of the way around the Earth: offspring so far from their parent are left out
NEAREST_KM, STEP = 0.05, 0.1  # the grid of distances: its first value, and the step in their logarithm
GRID_KM = NEAREST_KM * np.exp(STEP * np.arange(math.ceil(math.log(math.pi * EARTH_RADIUS_KM / NEAREST_KM) / STEP) + 2))
NODES_PER_PIECE = 8
PAIRS_AT_ONCE = 200_000


@dataclass(frozen=True)
class Outline:
    """A closed line around an area, counter-clockwise seen from above.

    Parameters
    ----------
    latitude, longitude : numpy.ndarray, shape (n,)
        Corners in degrees, the first not repeated; neighbours are joined by great circles.
    """

    latitude: np.ndarray
    longitude: np.ndarray

    @classmethod
    def of_box(cls, box: Box, step_deg: float = 0.5) -> Outline:
        """The outline of a box, with a corner at least every `step_deg` along parallels and meridians."""
        across = np.linspace(0, 1, max(2, math.ceil((box.east - box.west) / step_deg) + 1))[:-1]
        upward = np.linspace(0, 1, max(2, math.ceil((box.north - box.south) / step_deg) + 1))[:-1]
        width, height = box.east - box.west, box.north - box.south
        sides = [
            (np.full(across.size, box.south), box.west + width * across),
            (box.south + height * upward, np.full(upward.size, box.east)),
            (np.full(across.size, box.north), box.east - width * across),
            (box.north - height * upward, np.full(upward.size, box.west)),
        ]
        return cls(*(np.concatenate(column) for column in zip(*sides, strict=True)))

    @classmethod
    def of_circle(cls, latitude: float, longitude: float, radius_km: float, corners: int = 60) -> Outline:
        """A polygon of the circle's area about its centre."""
        half_angle = math.pi / corners
        # On a plane an inscribed polygon of n corners is smaller by the factor sin(2 pi/n) / (2 pi/n).
        radius_km = radius_km * math.sqrt(2 * half_angle / math.sin(2 * half_angle))
        azimuths = np.linspace(360, 0, corners, endpoint=False)
        return cls(*destination(latitude, longitude, azimuths, radius_km))

    @property
    def area_km2(self) -> float:
        """Area inside, with sides taken as straight in longitude and the sine of latitude."""
        eastward = wrap_longitude(np.roll(self.longitude, -1) - self.longitude)
        sine = np.sin(np.radians(self.latitude))
        return float(-(EARTH_RADIUS_KM**2) * np.sum(np.radians(eastward) * (sine + np.roll(sine, -1)) / 2))

    def clipped(self, box: Box) -> Outline | None:
        """The part inside a box (Sutherland and Hodgman 1974), or None where there is none."""
        middle = (box.west + box.east) / 2
        points = np.column_stack([self.latitude, middle + wrap_longitude(self.longitude - middle)])
        for column, edge, side in ((0, box.south, 1), (0, box.north, -1), (1, box.west, 1), (1, box.east, -1)):
            points = _cut(points, side * (points[:, column] - edge))
            if len(points) < 3:
                return None
        return Outline(points[:, 0], wrap_longitude(points[:, 1]))


def _cut(points: np.ndarray, inward: np.ndarray) -> np.ndarray:
    """The part of a polygon where `inward`, linear in its points, is not below zero."""
    kept = []
    for here, depth, there, next_depth in zip(
        points, inward, np.roll(points, -1, axis=0), np.roll(inward, -1), strict=True
    ):
        if depth >= 0:
            kept.append(here)
        if (depth >= 0) != (next_depth >= 0):
            kept.append(here + (there - here) * depth / (depth - next_depth))
    return np.array(kept).reshape(-1, 2)


@dataclass(frozen=True)
class Circle:
    """All places within a distance of a centre, on the sphere.

    Parameters
    ----------
    latitude, longitude : float
        Centre, degrees.
    radius_km : float
    """

    latitude: float
    longitude: float
    radius_km: float

    def __post_init__(self):
        if not (abs(self.latitude) <= 90 and math.isfinite(self.longitude) and 0 < self.radius_km < 5000):
            raise RequestError(
                f"no circle: {self}", expected="a latitude within 90 degrees and a radius of 0 to 5,000 km"
            )

    def contains(self, latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
        """Which places lie inside or on the edge."""
        return distance_km(self.latitude, self.longitude, latitude, longitude) <= self.radius_km

    def outline(self) -> Outline:
        """A polygon of the same area."""
        return Outline.of_circle(self.latitude, self.longitude, self.radius_km)


def region_of(region):
    """A region to fit or simulate in: a Box for four numbers, any area with `contains` and `outline()` as it is."""
    return region if hasattr(region, "outline") else Box.checked(region)


def outline_of(area) -> Outline:
    """The outline of a box or of any other area."""
    return Outline.of_box(area) if isinstance(area, Box) else area.outline()


def area_km2(area) -> float:
    """Its area on the sphere."""
    return area.area_km2 if isinstance(area, Box) else outline_of(area).area_km2


def sample_places(area, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes of `n` places drawn uniformly by area, each of shape (n,)."""
    if isinstance(area, Box):
        return area.sample(rng, n)
    corners, latitude, longitude = outline_of(area), np.empty(0), np.empty(0)
    west = corners.longitude[0] - 180  # seen from any corner, an area less than half the world wide is in one piece
    eastward = np.mod(corners.longitude - west, 360)
    edges = (corners.latitude.min(), corners.latitude.max(), west + eastward.min(), west + eastward.max())
    around = Box.checked(edges)
    while latitude.size < n:
        drawn = around.sample(rng, 2 * n)
        inside = area.contains(*drawn)
        latitude, longitude = np.append(latitude, drawn[0][inside]), np.append(longitude, drawn[1][inside])
    return latitude[:n], longitude[:n]


@dataclass(frozen=True)
class Shares:
    """For each of n places, how much angle an outline has at each distance of `GRID_KM`; made by `shares`.

    Parameters
    ----------
    angle : numpy.ndarray, shape (n, distances)
        In turns; a row sums to 1 inside the outline and to 0 outside.
    """

    angle: np.ndarray

    def of_gaussian(self, bandwidth_km: np.ndarray) -> np.ndarray:
        """Shares of two-dimensional Gaussian kernels with these standard deviations, shape (n,)."""
        within = -np.expm1(-0.5 * (GRID_KM / np.asarray(bandwidth_km)[:, None]) ** 2)
        return np.einsum("nd,nd->n", self.angle, within)

    def of_power_law(self, scale_km2: np.ndarray, q: float) -> np.ndarray:
        """Shares of power-law kernels with squared scale sigma, F = 1 - (1 + R^2/sigma)^(1-q), shape (n,)."""
        within = -np.expm1((1 - q) * np.log1p(GRID_KM**2 / np.asarray(scale_km2)[:, None]))
        return np.einsum("nd,nd->n", self.angle, within)


def shares(latitude: np.ndarray, longitude: np.ndarray, outline: Outline) -> Shares:
    """See from each place how far the outline lies in every direction.

    Each piece of the outline is taken as straight in the azimuthal equidistant map about the place, and
    integrated over direction by Gauss-Legendre nodes; each node is shared out between the two nearest
    distances of the grid, which is linear interpolation of F in the logarithm of distance.

    Parameters
    ----------
    latitude, longitude : numpy.ndarray, shape (n,)
        Places, degrees.
    outline : Outline

    Returns
    -------
    Shares
    """
    latitude, longitude = np.atleast_1d(latitude), np.atleast_1d(longitude)
    at_once = max(1, PAIRS_AT_ONCE // (outline.latitude.size * NODES_PER_PIECE))
    blocks = [slice(first, first + at_once) for first in range(0, latitude.size, at_once)]
    parts = in_threads(lambda block: _angles(latitude[block, None], longitude[block, None], outline), blocks)
    return Shares(np.concatenate(parts) if parts else np.empty((0, GRID_KM.size)))


def _angles(latitude: np.ndarray, longitude: np.ndarray, outline: Outline) -> np.ndarray:
    distance = distance_km(latitude, longitude, outline.latitude, outline.longitude)
    azimuth = np.radians(azimuth_deg(latitude, longitude, outline.latitude, outline.longitude))
    east, north = distance * np.sin(azimuth), distance * np.cos(azimuth)
    next_east, next_north = np.roll(east, -1, axis=1), np.roll(north, -1, axis=1)
    step_east, step_north = next_east - east, next_north - north

    cross = east * next_north - north * next_east
    turn = np.arctan2(cross, east * next_east + north * next_north)
    length = np.maximum(np.hypot(step_east, step_north), 1e-9)
    # In the triangle of the place and a piece, the sine rule gives the distance in any direction between
    # its ends.
    corner = np.arctan2(np.abs(cross), -(east * step_east + north * step_north))
    height = np.abs(cross) / length
    node, node_weight = np.polynomial.legendre.leggauss(NODES_PER_PIECE)
    sine = np.sin(corner[..., None] + np.abs(turn)[..., None] * (1 + node) / 2)
    reach = height[..., None] / np.maximum(sine, 1e-12)
    reach = np.minimum(reach, np.maximum(distance, np.roll(distance, -1, axis=1))[..., None])
    angle = _on_grid(reach, turn[..., None] * node_weight / (4 * np.pi))
    # From the other side of the Earth an outline runs around the wrong way, and next to nothing gets there.
    turns = angle.sum(axis=1)
    angle[(turns < -0.5) | (turns < 0.5) & (distance.min(axis=1) > BEYOND_KM)] = 0
    return angle


def _on_grid(reach_km: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Share out each (distance, angle) to its two neighbours on the grid; shape (n, distances)."""
    place = np.log(np.maximum(reach_km, NEAREST_KM) / NEAREST_KM) / STEP
    below = np.minimum(place.astype(np.int64), GRID_KM.size - 2)
    upper = place - below
    below += GRID_KM.size * np.arange(reach_km.shape[0])[:, None, None]
    size = reach_km.shape[0] * GRID_KM.size
    angle = np.bincount(below.ravel(), (turns * (1 - upper)).ravel(), size)
    angle += np.bincount(below.ravel() + 1, (turns * upper).ravel(), size)
    return angle.reshape(reach_km.shape[0], GRID_KM.size)
