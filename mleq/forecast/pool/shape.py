"""What ETAS in all circles shares: decay in time, spread in space, growth with magnitude.

The Omori-Utsu law is written as a sum of exponentials on a logarithmic grid,
(1 + t/c)^-p = 1/Gamma(p) times the integral of s^(p-1) e^-s e^(-s t/c) over s, so that
all days of a circle take one pass.

References
----------
Ogata, Y. (1988). J. Am. Stat. Assoc. 83, 9-27. doi:10.1080/01621459.1988.10478560
Zhuang, J., Ogata, Y. and Vere-Jones, D. (2002). J. Am. Stat. Assoc. 97, 369-380. doi:10.1198/016214502760046925
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

REACH_RADII = 6.0
"""Events further away than this many radii do not trigger in the circle (their largest share is about a percent)."""
GRID = np.arange(-17.0, 4.01, 0.7)
"""Logarithms of s; with steps of 0.7 the sum is within 0.3 percent of the Omori-Utsu law from a minute to 50 years."""


@dataclass(frozen=True)
class Shape:
    """What all circles share; `magnitude` is the target's, at which A is the number of direct offspring."""

    magnitude: float
    phi: float = 0.5
    A: float = 0.3
    alpha: float = 1.7
    c_days: float = 0.02
    p: float = 1.12
    d_km2: float = 100.0
    gamma: float = 1.0
    q: float = 1.6

    def to_log(self) -> np.ndarray:
        """Return the free parameters on the scale on which they are searched, shape (8,)."""
        return np.array(
            [
                math.log(self.phi),
                math.log(self.A),
                math.log(self.alpha),
                math.log(self.c_days),
                math.log(self.p - 1),
                math.log(self.d_km2),
                math.log(self.gamma),
                math.log(self.q - 1),
            ]
        )

    @classmethod
    def from_log(cls, magnitude: float, logs: np.ndarray) -> Shape:
        """Make a shape of what `to_log` gave."""
        phi, A, alpha, c, p, d, gamma, q = np.exp(np.asarray(logs, float))
        return cls(magnitude, phi, A, alpha, c, 1 + p, d, gamma, 1 + q)

    def to_dict(self) -> dict[str, float]:
        """Return plain numbers."""
        return asdict(self)


class ShareTable:
    """Share of an isotropic power law about a place that falls into a circle of radius R at a distance r.

    The law is (q - 1) / (pi sigma) (1 + r^2 / sigma)^-q; its share depends on r / R and sigma / R^2 alone. Tabled by
    integrating over rings about the place: of each, the arc inside the circle counts.
    """

    distance = np.unique(
        np.round(
            np.concatenate(
                [
                    np.linspace(0, 2, 41),
                    np.linspace(0.85, 1.15, 31),  # where the share falls fastest
                    np.linspace(2.1, REACH_RADII + 0.01, 40),
                ]
            ),
            6,
        )
    )
    """Distances of the table, in radii."""
    log_sigma = np.linspace(math.log(1e-5), math.log(1e3), 60)

    def __init__(self, q: float):
        rings = np.unique(np.concatenate([np.geomspace(1e-5, REACH_RADII + 1, 300), np.linspace(0.01, 7, 300)]))
        rings = np.append(0.0, rings)
        middle = (rings[1:] + rings[:-1]) / 2
        r = self.distance[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            cosine = (r**2 + middle**2 - 1) / (2 * r * middle)
        arc = np.where(
            middle <= 1 - r, 1.0, np.where(np.abs(cosine) <= 1, np.arccos(np.clip(cosine, -1, 1)) / math.pi, 0.0)
        )
        arc = np.where((r == 0) & (middle < 1), 1.0, arc)
        sigma = np.exp(self.log_sigma)[:, None]
        mass = -np.diff((1 + rings**2 / sigma) ** (1 - q), axis=1)
        self.values = arc @ mass.T  # (distances, sigmas)

    def __call__(self, distance_radii: np.ndarray, sigma_radii2: np.ndarray) -> np.ndarray:
        """Interpolate, linearly in distance and in the logarithm of sigma."""
        i, u = self.places(distance_radii)
        j, v = self._scales(sigma_radii2)
        t = self.values
        return (1 - u) * ((1 - v) * t[i, j] + v * t[i, j + 1]) + u * ((1 - v) * t[i + 1, j] + v * t[i + 1, j + 1])

    @classmethod
    def places(cls, distance_radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which distances of the table lie below some, and how far on to the next these are, from 0 to 1."""
        place = np.interp(distance_radii, cls.distance, np.arange(cls.distance.size))
        i = np.minimum(place.astype(np.int32), cls.distance.size - 2)
        return i, place - i

    def of_sigmas(self, sigma_radii2: np.ndarray) -> np.ndarray:
        """Shares at all distances of the table, shape (distances, n)."""
        j, v = self._scales(sigma_radii2)
        return (1 - v) * self.values[:, j] + v * self.values[:, j + 1]

    def _scales(self, sigma_radii2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        step = self.log_sigma[1] - self.log_sigma[0]
        scale = np.clip((np.log(sigma_radii2) - self.log_sigma[0]) / step, 0, self.log_sigma.size - 1.001)
        j = scale.astype(np.int32)
        return j, scale - j


def exponentials(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Weights w and rates l (per day) with g(t) = (p - 1)/c (1 + t/c)^-p near the sum of w l exp(-l t), each (k,)."""
    s = np.exp(GRID)
    weight = (GRID[1] - GRID[0]) * s**shape.p * np.exp(-s) / math.gamma(shape.p) * (shape.p - 1) / shape.c_days
    rate = s / shape.c_days
    return weight / rate, rate
