"""The log-likelihood of space-time ETAS and its gradient."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from mleq.etas.areas import GRID_KM, Shares, outline_of, region_of, shares
from mleq.etas.completeness import Gaps
from mleq.etas.decay import norm_slopes, omori_norm, survival_slopes
from mleq.etas.history import History
from mleq.etas.pairs import Pairs, all_pairs, grouped_pairs
from mleq.etas.parameters import EtasParameters
from mleq.etas.threads import in_threads

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
    weight : numpy.ndarray, shape (n_sources,)
        How many events each source stands for.
    gaps : Gaps, optional
        When offspring are not all listed.
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
    weight: np.ndarray
    days: float
    m0: float
    gaps: Gaps | None = None
    part: float = 1.0

    def value(self, parameters: EtasParameters) -> float:
        """The log-likelihood, in nats."""
        return self.value_and_gradient(to_log(parameters))[0]

    def with_background(self, density: np.ndarray) -> EtasLikelihood:
        """The same with other background densities at the targets."""
        return replace(self, background_density=density)

    def value_and_gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """The log-likelihood and its derivatives by the logarithms of the parameters, in the order of `to_log`."""
        return self.with_information(theta)[:2]

    def with_information(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        r"""The log-likelihood, its gradient, and an estimate of the Fisher information from first derivatives.

        .. math:: \hat I = \sum_j \nabla\ln\lambda_j\,(\nabla\ln\lambda_j)^T

        (Ogata 1978): never negative, and minus the matrix of second derivatives in expectation.

        References
        ----------
        Ogata, Y. (1978). Ann. Inst. Statist. Math. 30, 243-261. doi:10.1007/BF02480216
        """
        parameters = from_log(theta, self.m0)
        intensity, scores = self._scores(parameters)
        integral, integral_gradient = self._integral(parameters)
        value = float(np.log(intensity).sum()) - self.part * integral
        return value, scores.sum(axis=1) - self.part * integral_gradient, np.einsum("aj,bj->ab", scores, scores)

    def intensities(self, parameters: EtasParameters) -> np.ndarray:
        """Conditional intensity at each target, per day and km2, shape (n_targets,)."""
        return self._scores(parameters)[0]

    def background_probability(self, parameters: EtasParameters) -> np.ndarray:
        """Chance of each target to be a background event, mu u / lambda (Zhuang et al. 2002), shape (n_targets,)."""
        background = parameters.background_per_day * self.background_density
        return background / self.intensities(parameters)

    def _scores(self, parameters: EtasParameters) -> tuple[np.ndarray, np.ndarray]:
        """Lambda at each target (per day and km2), and derivatives of its logarithm, shape (n, n_targets)."""
        start, n = self.pairs.start, self.background_density.size
        edges = [0]
        while edges[-1] < n:
            # Whole targets, about as many pairs as fit at once, and at least one target.
            last = int(np.searchsorted(start, start[edges[-1]] + PAIRS_AT_ONCE, side="right")) - 1
            edges.append(min(max(last, edges[-1] + 1), n))
        parts = in_threads(lambda ends: self._chunk(parameters, *ends), pairwise(edges))
        if not parts:
            return np.empty(0), np.empty((to_log(parameters).size, 0))
        intensity, scores = zip(*parts, strict=True)
        return np.concatenate(intensity), np.concatenate(scores, axis=1)

    def _chunk(self, parameters: EtasParameters, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """`_scores` of the targets first..last."""
        p, start = parameters, self.pairs.start[first : last + 1]
        chosen = slice(start[0], start[-1])
        growth, elapsed = self.pairs.growth[chosen], self.pairs.elapsed_days[chosen]
        tapered = math.isfinite(p.tau_days)
        scale = p.d_km2 * np.exp(p.gamma * growth)
        in_time, in_space = 1 + elapsed / p.c_days, 1 + self.pairs.distance2_km2[chosen] / scale
        log_time, log_space = np.log(in_time), np.log(in_space)
        exponent = p.alpha * growth - p.p * log_time - p.q * log_space
        if tapered:
            exponent -= elapsed / p.tau_days
        constant = p.productivity / (p.c_days * omori_norm(p)) * (p.q - 1) / math.pi
        triggered = np.exp(exponent, out=exponent)
        triggered *= constant * self.pairs.weight[chosen] / scale

        near = triggered / in_space
        weighted = [triggered, triggered * growth, triggered / in_time, triggered * log_time]
        weighted += [near, triggered * log_space, near * growth]
        weighted += [triggered * elapsed] * tapered
        sums = np.zeros((len(weighted), last - first))
        some = np.diff(start) > 0
        if triggered.size:
            for row, one in zip(sums, weighted, strict=True):
                row[some] = np.add.reduceat(one, start[:-1][some] - start[0])
        background = p.background_per_day * self.background_density[first:last]
        intensity = background + sums[0]
        # Sums over the chances that the target is each source's offspring.
        total, by_growth, in_time, log_time, near, log_space, near_growth, *elapsed = sums / intensity
        _, norm_by_c, norm_by_p, norm_by_tau = norm_slopes(p)
        scores = [
            background / intensity,
            total,
            p.alpha * by_growth,
            p.p * (total - in_time) - total * (1 + norm_by_c),
            -p_by_log(p) * (log_time + total * norm_by_p),
            # d ln kappa / d ln sigma = q (1 - 1/in_space) - 1
            p.q * (total - near) - total,
            total - (p.q - 1) * log_space,
            p.gamma * (p.q * (by_growth - near_growth) - by_growth),
        ]
        if tapered:
            scores.append(elapsed[0] / p.tau_days - total * norm_by_tau)
        return intensity, np.array(scores)

    def _integral(self, parameters: EtasParameters) -> tuple[float, np.ndarray]:
        """Expected number of targets, and its derivatives."""
        p = parameters
        in_time, time_by_c, time_by_p, time_by_tau = self._in_period(p)
        within, within_by_scale, within_by_q = self._within_region(p)
        offspring = p.productivity * np.exp(p.alpha * self.growth) * self.weight
        expected = offspring * in_time * within
        background = p.background_per_day * (self.days - (self.gaps.background_days if self.gaps else 0.0))
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
        listed = tuple(later - too_late for later, too_late in zip(opens, closes, strict=True))
        if self.gaps is None:
            return listed
        gaps = self.gaps
        opens, closes = survival_slopes(p, gaps.opens), survival_slopes(p, gaps.closes)
        for whole, later, too_late in zip(listed, opens, closes, strict=True):
            whole -= np.bincount(gaps.source, gaps.lost * (later - too_late), whole.size)
        return listed

    def _within_region(self, p: EtasParameters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Share of each source's offspring that falls into the region; derivatives by ln sigma and ln(q - 1)."""
        # Many events share a magnitude where a catalogue rounds it, and with it the kernel.
        growth, which, number = np.unique(self.growth, return_inverse=True, return_counts=True)
        in_space = 1 + GRID_KM**2 / (p.d_km2 * np.exp(p.gamma * growth))[:, None]
        log_space = np.log(in_space)
        beyond = np.exp((1 - p.q) * log_space)
        curves = np.stack(
            [1 - beyond, -(p.q - 1) * beyond * (1 - 1 / in_space), (p.q - 1) * beyond * log_space], axis=2
        )
        within = np.empty((self.growth.size, 3))
        order = np.argsort(which, kind="stable")
        for members, curve in zip(np.split(order, np.cumsum(number)[:-1]), curves, strict=True):
            within[members] = self.in_region.angle[members] @ curve
        return tuple(within.T)


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
    weight: np.ndarray | None = None,
    gaps: Gaps | None = None,
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
    weight : numpy.ndarray, shape (n_sources,), optional
        How many events each source stands for; one by default.
    gaps : Gaps, optional
        When offspring are not all listed.

    Returns
    -------
    EtasLikelihood
    """
    weight = np.ones(len(sources)) if weight is None else weight
    if exact:
        pairs = all_pairs(sources, targets, parameters.m0, weight)
    else:
        pairs = grouped_pairs(sources, targets, parameters, weight)
    if in_region is None:
        in_region = shares(sources.latitude, sources.longitude, outline_of(region_of(region)))
    return EtasLikelihood(
        pairs=pairs,
        background_density=background_density,
        growth=sources.magnitude - parameters.m0,
        opens=np.maximum(start - sources.time_days, 0),
        closes=end - sources.time_days,
        in_region=in_region,
        weight=weight,
        gaps=gaps,
        days=end - start,
        m0=parameters.m0,
        part=len(targets) / of if of else 1.0,
    )
