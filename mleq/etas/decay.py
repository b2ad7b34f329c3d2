r"""When offspring come: the Omori-Utsu law, with or without an exponential taper.

Per day at time t after the parent, the density of direct offspring is

.. math:: g(t) = \frac{e^{-t/\tau} (1 + t/c)^{-p}}{c\,F}, \qquad
   F = \int_0^\infty e^{-c v/\tau} (1 + v)^{-p}\,dv = (c/\tau)^{p-1}\,e^{c/\tau}\;\Gamma(1 - p,\, c/\tau)

(Mizrahi, Nandan and Wiemer 2021). Without taper, tau is infinite, F = 1/(p - 1), and p must be above 1; with a
taper p may be below 1. The share of offspring that come later than t is

.. math:: S(t) = \frac{\Gamma(1 - p,\, (c + t)/\tau)}{\Gamma(1 - p,\, c/\tau)}

The incomplete gamma function of a negative first argument loses its digits near whole numbers, p = 1 among them, and
its derivative by that argument has no closed form. Both are therefore integrals over u = ln(1 + t/c), where the
integrand is smooth for any p, kept at knots and interpolated between them by cubics with the known slopes.

References
----------
Utsu, T. (1961). Geophys. Mag. 30, 521-605.
Mizrahi, L., Nandan, S. and Wiemer, S. (2021). Seismol. Res. Lett. 92, 2333-2342. doi:10.1785/0220200231
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mleq.etas.parameters import EtasParameters

STEP, FEWEST_KNOTS = 0.005, 2000  # between knots, in u: cubics then err by less than 1e-10
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(4)
NOTHING_AFTER = 45.0  # mean lifetimes of the taper after which nothing comes: exp(-45) = 3e-20


def omori_norm(parameters: EtasParameters) -> float:
    """F, the integral of the Omori-Utsu law over t/c: 1 / (p - 1) without taper."""
    return math.exp(norm_slopes(parameters)[0])


def omori_density(parameters: EtasParameters, elapsed_days: np.ndarray) -> np.ndarray:
    """Share of an event's direct offspring that come each day, `elapsed_days` after it; shape as given."""
    p, elapsed = parameters, np.asarray(elapsed_days, dtype=float)
    density = np.exp(-p.p * np.log1p(elapsed / p.c_days) - elapsed / p.tau_days)
    return density / (p.c_days * omori_norm(p))


def omori_survival(parameters: EtasParameters, elapsed_days: np.ndarray) -> np.ndarray:
    """Share of an event's direct offspring that come later than `elapsed_days`; shape as given."""
    p, in_time = parameters, np.log1p(np.asarray(elapsed_days, dtype=float) / parameters.c_days)
    if math.isinf(p.tau_days):
        return np.exp((1 - p.p) * in_time)
    return _tapered(p.p, p.c_days / p.tau_days).survival(in_time)


def omori_quantile(parameters: EtasParameters, survival: np.ndarray) -> np.ndarray:
    """Days after which a share `survival`, above 0, of the direct offspring are still to come; shape as given."""
    p = parameters
    if math.isinf(p.tau_days):
        return p.c_days * np.expm1(np.log(survival) / (1 - p.p))
    return p.c_days * np.expm1(_tapered(p.p, p.c_days / p.tau_days).quantile(np.asarray(survival, dtype=float)))


class Slopes(NamedTuple):
    """A function of time and its derivatives by ln c, by p and by ln tau, each of the shape of the times."""

    value: np.ndarray
    by_log_c: np.ndarray
    by_p: np.ndarray
    by_log_tau: np.ndarray


def survival_slopes(parameters: EtasParameters, elapsed_days: np.ndarray) -> Slopes:
    """`omori_survival` with its derivatives; that by ln tau is zero without taper."""
    p, elapsed = parameters, np.asarray(elapsed_days, dtype=float)
    in_time = np.log1p(elapsed / p.c_days)
    if math.isinf(p.tau_days):
        later = np.exp((1 - p.p) * in_time)
        return Slopes(later, (p.p - 1) * later * -np.expm1(-in_time), -later * in_time, np.zeros_like(later))
    return _tapered(p.p, p.c_days / p.tau_days).slopes(in_time)


def norm_slopes(parameters: EtasParameters) -> tuple[float, float, float, float]:
    """Ln F, and its derivatives by ln c, p and ln tau."""
    p = parameters
    if math.isinf(p.tau_days):
        return -math.log(p.p - 1), 0.0, -1 / (p.p - 1), 0.0
    return _tapered(p.p, p.c_days / p.tau_days).log_norm


class _Tapered:
    """Integrals of h(u) = exp((1 - p) u - x (e^u - 1)), with x = c / tau, from u to infinity at knots."""

    def __init__(self, p: float, x: float):
        self.p, self.x = p, x
        self.last = math.log1p(NOTHING_AFTER / x)
        n = max(math.ceil(self.last / STEP), FEWEST_KNOTS)
        self.step = self.last / n
        self.knots = self.step * np.arange(n + 1)
        nodes = self.knots[:-1, None] + self.step * (1 + NODES) / 2
        density = self._density(nodes)
        self.slope = -self._density(self.knots)  # of what lies beyond each knot
        self.beyond = self._summed(density)
        self.beyond_u = self._summed(density * nodes)  # integral of u h: minus the derivative by p
        self.norm = self.beyond[0]
        by_log_x = self._by_log_x(self.norm, 1.0)
        self.log_norm = (
            math.log(self.norm),
            by_log_x / self.norm,
            -self.beyond_u[0] / self.norm,
            -by_log_x / self.norm,
        )

    def _density(self, u: np.ndarray) -> np.ndarray:
        return np.exp((1 - self.p) * u - self.x * np.expm1(u))

    def _summed(self, values: np.ndarray) -> np.ndarray:
        pieces = values @ NODE_WEIGHTS * (self.step / 2)
        return np.append(np.cumsum(pieces[::-1])[::-1], 0.0)

    def _by_log_x(self, beyond, density):
        """Derivative of the integral from u by ln x, by parts; `density` is h(u)."""
        return self.x * beyond - (1 - self.p) * beyond - density

    def _between(self, values: np.ndarray, slopes: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Cubic through values and slopes at the knots (Hermite)."""
        place = u / self.step
        cell = np.minimum(place.astype(np.int64), self.knots.size - 2)
        s, after = place - cell, cell + 1
        low, high = values[cell], values[after]
        low_slope, high_slope = self.step * slopes[cell], self.step * slopes[after]
        rise = high - low
        cubic = low + s * (
            low_slope + s * (3 * rise - 2 * low_slope - high_slope + s * (low_slope + high_slope - 2 * rise))
        )
        return np.where(u < self.last, cubic, 0.0)

    def survival(self, u: np.ndarray) -> np.ndarray:
        return self._between(self.beyond, self.slope, u) / self.norm

    def slopes(self, u: np.ndarray) -> Slopes:
        density = self._density(np.minimum(u, self.last))
        beyond = self._between(self.beyond, self.slope, u)
        by_p = -self._between(self.beyond_u, self.slope * self.knots, u)
        by_log_x = np.where(u < self.last, self._by_log_x(beyond, density), 0.0)
        # u = ln(1 + t/c) itself changes with c.
        by_log_c = by_log_x + density * -np.expm1(-u)
        survival, (_, norm_c, norm_p, norm_tau) = beyond / self.norm, self.log_norm
        return Slopes(
            survival,
            by_log_c / self.norm - survival * norm_c,
            by_p / self.norm - survival * norm_p,
            -by_log_x / self.norm - survival * norm_tau,
        )

    def quantile(self, survival: np.ndarray) -> np.ndarray:
        beyond = survival * self.norm
        u = np.interp(beyond, self.beyond[::-1], self.knots[::-1])
        for _ in range(2):  # Newton: the straight line is already within a thousandth
            density = self._density(u)
            error = self._between(self.beyond, self.slope, u) - beyond
            u = np.clip(u + error / np.maximum(density, np.finfo(float).tiny), 0.0, self.last)
        return u


@lru_cache(maxsize=8)
def _tapered(p: float, x: float) -> _Tapered:
    return _Tapered(p, x)
