"""The log-likelihood of space-time ETAS and its gradient."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from mleq.etas.areas import GRID_KM, Outline, Shares, shares
from mleq.etas.decay import norm_slopes, survival_slopes
from mleq.etas.history import History
from mleq.etas.pairs import Pairs, all_pairs, grouped_pairs
from mleq.etas.parameters import EtasParameters
from mleq.etas.sphere import Box

LOG_NAMES = ("background_per_day", "productivity", "alpha", "c_days", "p - 1", "d_km2", "q - 1", "gamma")
TAPERED_LOG_NAMES = (*LOG_NAMES[:4], "p", *LOG_NAMES[5:], "tau_days")  # with a taper, p may be below 1
PAIRS_AT_ONCE = 32_768  # small enough for the temporary arrays to stay in the processor's cache


def log_names(theta: np.ndarray) -> tuple[str, ...]:
    """What the entries of `theta` are the logarithms of: eight parameters, or nine with a taper."""
    return LOG_NAMES if len(theta) == len(LOG_NAMES) else TAPERED_LOG_NAMES


def to_log(parameters: EtasParameters) -> np.ndarray:
    """Logarithms of the parameters, all above zero, in the order of `LOG_NAMES` or `TAPERED_LOG_NAMES`.

    Shape (8,), or (9,) where tau is finite.
    """
    p = parameters
    tapered = math.isfinite(p.tau_days)
    values = (
        p.background_per_day,
        p.productivity,
        p.alpha,
        p.c_days,
        p.p if tapered else p.p - 1,
        p.d_km2,
        p.q - 1,
        p.gamma,
    )
    return np.log((*values, p.tau_days) if tapered else values)


def from_log(theta: np.ndarray, m0: float) -> EtasParameters:
    """The parameters whose logarithms these are."""
    mu, a, alpha, c, p, d, q1, gamma, *tau = (float(value) for value in np.exp(theta))
    return EtasParameters(mu, a, alpha, c, p if tau else 1 + p, d, 1 + q1, gamma, m0, *tau)


@dataclass(frozen=True)
class EtasLikelihood:
    r"""What the log-likelihood of a catalogue needs, apart from the parameters; made by `likelihood_of`.

    .. math:: \ln L = \sum_{j} \ln \lambda(t_j, x_j) - \int_{t_0}^{t_1}\!\int_S \lambda(t, x)\,dx\,dt

    over the target events j: those in the region S and the period. Events before the period and outside the
    region are sources only.

    Parameters
    ----------
    pairs : Pairs
        Targets and the sources before them.
    background_density : numpy.ndarray, shape (n_targets,)
        u at each target, per km2; integrates to one over the region.
    growth, opens, closes : numpy.ndarray, shape (n_sources,)
        Magnitude above m0 of each source, and the days after it when the period begins (or 0) and ends.
    in_region : Shares
        What part of each source's offspring falls into the region.
    days, m0 : float
        Length of the period; reference magnitude.
    part : float
        Share of all targets that these are: the integral counts by this share, so that a sample of the
        targets has the same maximum in expectation.

    References
    ----------
    Ogata, Y. (1998). Ann. Inst. Statist. Math. 50, 379-402. doi:10.1023/A:1003403601725
    """

    pairs: Pairs
    background_density: np.ndarray
    growth: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    in_region: Shares
    days: float
    m0: float
    part: float = 1.0

    def value(self, parameters: EtasParameters) -> float:
        """The log-likelihood, in nats."""
        return self.value_and_gradient(to_log(parameters))[0]

    def with_background(self, density: np.ndarray) -> EtasLikelihood:
        """The same with other background densities at the targets."""
        return replace(self, background_density=density)

    def value_and_gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """The log-likelihood and its derivatives by the logarithms of the parameters, in the order of `to_log`."""
        parameters = from_log(theta, self.m0)
        log_sum, log_gradient, _ = self._log_intensities(parameters)
        integral, integral_gradient = self._integral(parameters)
        return log_sum - self.part * integral, log_gradient - self.part * integral_gradient

    def intensities(self, parameters: EtasParameters) -> np.ndarray:
        """Conditional intensity at each target, per day and km2, shape (n_targets,)."""
        return self._log_intensities(parameters)[2]

    def background_probability(self, parameters: EtasParameters) -> np.ndarray:
        """Chance of each target to be a background event, mu u / lambda (Zhuang et al. 2002), shape (n_targets,)."""
        background = parameters.background_per_day * self.background_density
        return background / self.intensities(parameters)

    def _log_intensities(self, parameters: EtasParameters) -> tuple[float, np.ndarray, np.ndarray]:
        """Sum of ln lambda over targets, its gradient, and lambda at each target (per day and km2)."""
        background = parameters.background_per_day * self.background_density
        intensity, gradient = np.empty(background.size), np.zeros(to_log(parameters).size)
        start, first = self.pairs.start, 0
        while first < background.size:
            # Whole targets, about as many pairs as fit at once, and at least one target.
            last = np.searchsorted(start, start[first] + PAIRS_AT_ONCE, side="right") - 1
            last = min(max(int(last), first + 1), background.size)
            part = slice(first, last)
            intensity[part], part_gradient = self._chunk(parameters, background[part], first, last)
            gradient += part_gradient
            first = last
        return float(np.log(intensity).sum()), gradient, intensity

    def _chunk(self, parameters, background, first, last) -> tuple[np.ndarray, np.ndarray]:
        """Intensity at the targets first..last, and what they add to the gradient of the sum of its logarithms."""
        p, start = parameters, self.pairs.start[first : last + 1]
        chosen = slice(start[0], start[-1])
        growth, number = self.pairs.growth[chosen], np.diff(start)
        elapsed, tapered = self.pairs.elapsed_days[chosen], math.isfinite(p.tau_days)
        in_time = 1 + elapsed / p.c_days
        scale = p.d_km2 * np.exp(p.gamma * growth)
        in_space = 1 + self.pairs.distance2_km2[chosen] / scale
        log_time, log_space = np.log(in_time), np.log(in_space)
        log_norm, norm_by_c, norm_by_p, norm_by_tau = norm_slopes(p)
        constant = p.productivity / p.c_days * math.exp(-log_norm) * (p.q - 1) / math.pi
        exponent = p.alpha * growth - p.p * log_time - p.q * log_space
        if tapered:
            exponent -= elapsed / p.tau_days
        triggered = np.exp(exponent) * (constant * self.pairs.weight[chosen] / scale)

        intensity = background.copy()
        some = number > 0
        if triggered.size:
            intensity[some] += np.add.reduceat(triggered, start[:-1][some] - start[0])
        share = triggered / np.repeat(intensity, number)  # chance that the target is this source's offspring
        total, by_growth = share.sum(), _dot(share, growth)
        # d ln kappa / d ln sigma = q (1 - 1/in_space) - 1
        by_scale = share * (p.q * (1 - 1 / in_space) - 1)
        gradient = [
            (background / intensity).sum(),
            total,
            p.alpha * by_growth,
            p.p * (total - (share / in_time).sum()) - total * (1 + norm_by_c),
            -p_by_log(p) * (_dot(share, log_time) + total * norm_by_p),
            by_scale.sum(),
            total - (p.q - 1) * _dot(share, log_space),
            p.gamma * _dot(by_scale, growth),
        ]
        if tapered:
            gradient.append(_dot(share, elapsed) / p.tau_days - total * norm_by_tau)
        return intensity, np.array(gradient)

    def _integral(self, parameters: EtasParameters) -> tuple[float, np.ndarray]:
        """Expected number of targets, and its derivatives."""
        p = parameters
        in_time, time_by_c, time_by_p, time_by_tau = self._in_period(p)
        within, within_by_scale, within_by_q = self._within_region(p)
        offspring = p.productivity * np.exp(p.alpha * self.growth)
        expected = offspring * in_time * within
        background = p.background_per_day * self.days
        by_scale = offspring * in_time * within_by_scale
        gradient = [
            background,
            expected.sum(),
            p.alpha * _dot(expected, self.growth),
            _dot(offspring * within, time_by_c),
            p_by_log(p) * _dot(offspring * within, time_by_p),
            by_scale.sum(),
            _dot(offspring * in_time, within_by_q),
            p.gamma * _dot(by_scale, self.growth),
        ]
        if math.isfinite(p.tau_days):
            gradient.append(_dot(offspring * within, time_by_tau))
        return float(background + expected.sum()), np.array(gradient)

    def _in_period(self, p: EtasParameters) -> tuple[np.ndarray, ...]:
        """Share of each source's offspring that comes in the period; derivatives by ln c, p and ln tau."""
        opens, closes = survival_slopes(p, self.opens), survival_slopes(p, self.closes)
        return tuple(later - too_late for later, too_late in zip(opens, closes, strict=True))

    def _within_region(self, p: EtasParameters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Share of each source's offspring that falls into the region; derivatives by ln sigma and ln(q - 1)."""
        # Many events share a magnitude where a catalogue rounds it, and with it the kernel.
        growth, which = np.unique(self.growth, return_inverse=True)
        in_space = 1 + GRID_KM**2 / (p.d_km2 * np.exp(p.gamma * growth))[:, None]
        log_space = np.log(in_space)
        beyond = np.exp((1 - p.q) * log_space)
        curves = (
            1 - beyond,
            -(p.q - 1) * beyond * (1 - 1 / in_space),
            (p.q - 1) * beyond * log_space,
        )
        return tuple(np.einsum("nd,nd->n", self.in_region.angle, curve[which]) for curve in curves)


def p_by_log(parameters: EtasParameters) -> float:
    """Derivative of p by the logarithm that stands for it: of p itself with a taper, of p - 1 without."""
    return parameters.p if math.isfinite(parameters.tau_days) else parameters.p - 1


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    """Sum of products. The linear algebra library would start threads for it, which costs more than it saves."""
    return np.einsum("i,i->", a, b)


def likelihood_of(
    sources: History,
    targets: History,
    background_density: np.ndarray,
    region: tuple[float, float, float, float],
    start: float,
    end: float,
    parameters: EtasParameters,
    *,
    exact: bool = False,
    in_region: Shares | None = None,
    of: int | None = None,
) -> EtasLikelihood:
    """Prepare the likelihood of `targets` given the `sources` before them.

    Parameters
    ----------
    sources : History
        All events of m0 and above before `end`, in time order: targets, events of the auxiliary period,
        neighbours.
    targets : History
        Those of them inside the region and [start, end).
    background_density : numpy.ndarray, shape (n_targets,)
        u at the targets, per km2.
    region : tuple of float
        (south, north, west, east), degrees.
    start, end : float
        The period, in the days of the histories.
    parameters : EtasParameters
        Where the grouped sums are to be exact; gives m0.
    exact : bool, optional
        Keep every pair singly, for a few thousand events.
    in_region : Shares, optional
        Shares of the sources in the region where they are known already.
    of : int, optional
        How many targets there are in all, where `targets` is a sample of them.

    Returns
    -------
    EtasLikelihood
    """
    if exact:
        pairs = all_pairs(sources, targets, parameters.m0)
    else:
        pairs = grouped_pairs(sources, targets, parameters)
    if in_region is None:
        in_region = shares(sources.latitude, sources.longitude, Outline.of_box(Box.checked(region)))
    return EtasLikelihood(
        pairs=pairs,
        background_density=background_density,
        growth=sources.magnitude - parameters.m0,
        opens=np.maximum(start - sources.time_days, 0),
        closes=end - sources.time_days,
        in_region=in_region,
        days=end - start,
        m0=parameters.m0,
        part=len(targets) / of if of else 1.0,
    )
