"""Circles where earthquakes happened in the training years, drawn by a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mleq.errors import DataError
from mleq.etas.sphere import EARTH_RADIUS_KM, distance_km
from mleq.forecast.features import Past
from mleq.forecast.target import at_least


@dataclass(frozen=True, eq=False)
class Circles:
    """Circles of one radius.

    Attributes
    ----------
    latitude, longitude : ndarray, shape (n_circles,)
        Degrees.
    radius_km : float
    """

    latitude: np.ndarray
    longitude: np.ndarray
    radius_km: float

    def __len__(self) -> int:
        return self.latitude.size

    def __getitem__(self, chosen: np.ndarray) -> Circles:
        return Circles(self.latitude[chosen], self.longitude[chosen], self.radius_km)

    @property
    def vectors(self) -> np.ndarray:
        """Centres on the unit sphere, shape (n_circles, 3)."""
        phi, lam = np.radians(self.latitude), np.radians(self.longitude)
        return np.column_stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])

    def distances_km(self, others: Circles | None = None) -> np.ndarray:
        """Distances of the centres to those of others (without others to each other), shape (n_circles, n_others)."""
        to = others or self
        return distance_km(self.latitude[:, None], self.longitude[:, None], to.latitude, to.longitude)

    def disjoint(self) -> np.ndarray:
        """Positions of circles that do not touch each other: taken in their order, so the first always stays."""
        apart, kept = self.distances_km() >= 2 * self.radius_km, []
        for i in range(len(self)):
            if apart[i, kept].all():
                kept.append(i)
        return np.array(kept)

    def overlapping(self) -> float:
        """Share of the circles that touch another one."""
        touching = self.distances_km() < 2 * self.radius_km
        np.fill_diagonal(touching, False)
        return float(touching.any(axis=1).mean())


def draw_circles(
    past: Past,
    before: np.datetime64,
    *,
    n: int,
    radius_km: float,
    magnitude: float,
    seed: int,
    first: tuple[float, float] | None = None,
    spacing: float = 1.0,
    fewest: int = 10,
) -> Circles:
    """Draw circles about events of the training years.

    Events of the magnitude and above are looked at in random order; each is the centre of a circle unless it lies
    nearer to a centre than `spacing` radii, or has fewer than `fewest` such events within a radius. So there is a
    circle nearly everywhere that has enough events, and where there are more than wanted, active places come first
    in proportion to their events.

    Parameters
    ----------
    past : Past
    before : datetime64
        Only events before this instant are looked at.
    n : int
        How many circles at most.
    radius_km : float
    magnitude : float
        Of the target.
    seed : int
    first : (latitude, longitude), optional
        A centre that stands first, whatever happened there.
    spacing : float, optional
        Least distance of centres, in radii: two whole circles lie side by side at 2.
    fewest : int, optional

    Returns
    -------
    Circles

    Raises
    ------
    DataError
        If no place has enough events.
    """
    chosen = (past.times < before) & at_least(past.magnitude, magnitude)
    vectors = past.vectors[chosen]
    order = np.random.default_rng(seed).permutation(len(vectors))
    near = np.cos(spacing * radius_km / EARTH_RADIUS_KM)
    within = np.cos(radius_km / EARTH_RADIUS_KM)
    centres = np.empty((0, 3)) if first is None else _vector(*first)[None]
    for i in order:
        if len(centres) >= n:
            break
        if (centres @ vectors[i] > near).any() or np.count_nonzero(vectors @ vectors[i] >= within) < fewest:
            continue
        centres = np.vstack([centres, vectors[i]])
    if not len(centres):
        raise DataError(
            f"no circle of {radius_km:g} km has {fewest} events of magnitude {magnitude:g} before {before}",
            expected="some place with so many, for a pool of circles",
            remedy="choose a smaller target.magnitude or a larger pool.radius_km",
        )
    latitude = np.degrees(np.arcsin(centres[:, 2]))
    return Circles(latitude, np.degrees(np.arctan2(centres[:, 1], centres[:, 0])), radius_km)


def _vector(latitude: float, longitude: float) -> np.ndarray:
    phi, lam = np.radians(latitude), np.radians(longitude)
    return np.array([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])
