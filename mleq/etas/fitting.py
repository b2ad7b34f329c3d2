"""ETAS fitted to a catalogue by maximum likelihood, background and clusters told apart on the way."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace

import numpy as np

from mleq import progress
from mleq.errors import DataError
from mleq.etas.areas import Shares, area_km2, outline_of, region_of, shares
from mleq.etas.background import AdaptiveKernels, KernelBackground, adaptive_kernels
from mleq.etas.completeness import Completeness, Gaps, stand_ins
from mleq.etas.forecasting import EtasModel
from mleq.etas.history import History
from mleq.etas.likelihood import EtasLikelihood, from_log, likelihood_of, log_names, to_log
from mleq.etas.parameters import EtasParameters
from mleq.etas.search import covariance_of, log_bounds, maximise, on_bounds, within_reach
from mleq.etas.sphere import Box

FEWEST_TARGETS = 100
LARGEST_ROUNDS = 20
TARGETS_AT_FIRST = 1500
REGROUP = 0.05  # change of a log-parameter beyond which pairs are grouped anew before the end
WIDER = 1.5  # factor on the neighbours of adaptive kernels whose effect counts as a standard error
TOLERANCE = 2e-3  # largest change of a log-parameter between two rounds that counts as converged
logger = logging.getLogger("mleq")


@dataclass(frozen=True)
class EtasFit:
    """A fitted model.

    Parameters
    ----------
    parameters : EtasParameters
    log_likelihood : float
        Of the targets, in nats.
    n_targets : int
        Events that the likelihood is of.
    log_covariance : numpy.ndarray, shape (8, 8), or (9, 9) with a taper
        Of the logarithms of the parameters in the order of `mleq.etas.likelihood.to_log`: the inverse of
        the observed information. With an adaptive background, whose smoothing no likelihood decides, what half
        as many neighbours again would change is added as a standard error. NaN where the likelihood has no proper
        maximum.
    background : KernelBackground
        Where background events happen.
    targets : History
    background_probability : numpy.ndarray, shape (n_targets,)
        Chance of each target to be a background event (stochastic declustering).
    rounds : int
        How often parameters and background were fitted in turn.
    converged : bool
    at_bounds : tuple of str
        Parameters that ended on a bound of the search, and have no maximum inside.
    """

    parameters: EtasParameters
    log_likelihood: float
    n_targets: int
    log_covariance: np.ndarray
    background: KernelBackground
    targets: History
    background_probability: np.ndarray
    rounds: int
    converged: bool
    at_bounds: tuple[str, ...]

    def intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Intervals of the parameters, normal in their logarithms; keys of `mleq.etas.likelihood.log_names`."""
        from statistics import NormalDist

        half = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(np.diag(self.log_covariance))
        theta = to_log(self.parameters)
        low, high = np.exp(theta - half), np.exp(theta + half)
        return {name: (float(a), float(b)) for name, a, b in zip(log_names(theta), low, high, strict=True)}

    def model(self, b_value: float, magnitude_max: float) -> EtasModel:
        """The fitted process with a law of magnitudes, to forecast with."""
        return EtasModel(self.parameters, self.background, b_value, magnitude_max)

    @property
    def observed_branching_ratio(self) -> float:
        """Mean expected direct offspring over the magnitudes that were observed."""
        growth = self.targets.magnitude - self.parameters.m0
        return float(np.mean(self.parameters.productivity * np.exp(self.parameters.alpha * growth)))


def fit_etas(
    history: History,
    *,
    region: tuple[float, float, float, float],
    start: float,
    end: float,
    m0: float,
    background: str | KernelBackground = "adaptive",
    neighbours: int = 20,
    first_guess: EtasParameters | None = None,
    tapered: bool | float = False,
    completeness: Completeness | None = None,
    b_value: float | None = None,
    exact: bool = False,
) -> EtasFit:
    """Fit space-time ETAS by maximum likelihood.

    Parameters are fitted in their logarithms with the analytic gradient. With an adaptive
    background this alternates with a new background, in which each event counts with its chance to be
    background (Zhuang, Ogata and Vere-Jones 2002), until the parameters stay.

    Parameters
    ----------
    history : History
        The catalogue. Events before `start` (the auxiliary period) and outside the region (its margin)
        trigger but are not targets; events below `m0` or at or after `end` are not looked at.
    region : tuple of float, or an area
        (south, north, west, east), degrees; or a `Polygon` or other area with `contains` and `outline()`.
    start, end : float
        The period, in the days of the history.
    m0 : float
        Reference magnitude, at or above completeness everywhere in the period unless `completeness` is given.
    background : {"adaptive", "uniform"} or KernelBackground, optional
        Fitted from the targets, uniform over the region, or known.
    neighbours : int, optional
        Which neighbour's distance is the bandwidth of an adaptive kernel. Small numbers let the background
        take in late aftershocks, which makes p and the background rate too large; large ones blur it, which makes
        them too small. With 20 both are off by about half a standard error or less on simulated catalogues of 3,000
        events (benchmarks/etas_recovery.py).
    first_guess : EtasParameters, optional
        Where the search begins.
    tapered : bool or float, optional
        Fit the lifetime tau of an exponential taper of the Omori-Utsu law too, with p free to fall below 1; or, given
        as a number of days, hold tau there.
    completeness : Completeness, optional
        Above which magnitude, through time and after large events, the catalogue is complete. Events below it are
        neither targets nor sources; rates and productivity still are of events from m0 up.
    b_value : float, optional
        Slope of the Gutenberg-Richter law, which says how many events are missing; needed with `completeness`.
    exact : bool, optional
        Keep all pairs singly, for a few thousand events.

    Returns
    -------
    EtasFit

    Raises
    ------
    mleq.errors.DataError
        If there are fewer than 100 targets, or the background is none of those named.

    References
    ----------
    Zhuang, J., Ogata, Y. and Vere-Jones, D. (2002). JASA 97, 369-380. doi:10.1198/016214502760046925
    """
    box = region_of(region)
    sources = history[(history.magnitude >= m0) & (history.time_days < end)]
    sources, weight, listed_share, gaps = _completed(sources, completeness, b_value, start, end, m0)
    inside = box.contains(sources.latitude, sources.longitude)
    is_target = (sources.time_days >= start) & inside & (listed_share > 0)
    targets = sources[is_target]
    if len(targets) < FEWEST_TARGETS:
        raise DataError(
            f"{len(targets)} events of magnitude {m0:g} and above in the region and period",
            expected=f"at least {FEWEST_TARGETS} to fit ETAS",
            remedy="Take a larger region, a longer period or a lower magnitude.",
        )
    parameters = _first_guess(first_guess, tapered, len(targets), end - start, m0)
    in_region = shares(sources.latitude, sources.longitude, outline_of(box))
    of_targets = Shares(in_region.angle[is_target])
    kernels = _kernels(background, targets, box, neighbours, of_targets)
    # Where not all events are listed, each that is stands for more.
    stands_for = 1 / listed_share[is_target]
    chance = np.full(len(targets), 0.5)
    density = _density(background, kernels, chance * stands_for, targets, box)

    def prepared(some: History, density: np.ndarray, parameters: EtasParameters) -> EtasLikelihood:
        known = {"in_region": in_region, "of": len(targets), "weight": weight, "gaps": gaps}
        return likelihood_of(sources, some, density, box, start, end, parameters, exact=exact, **known)

    def best(likelihood: EtasLikelihood, theta: np.ndarray, grouped_at: np.ndarray) -> np.ndarray:
        return maximise(likelihood, theta, bounds if exact else within_reach(bounds, grouped_at))

    theta = to_log(parameters)
    bounds = log_bounds(theta, () if isinstance(tapered, bool) else ("tau_days",))
    with progress.task("fitting ETAS", unit="rounds") as shown:
        # A part of the targets says cheaply about where to look, and so where to group.
        part = slice(None, None, max(1, len(targets) // TARGETS_AT_FIRST))
        theta = best(prepared(targets[part], density[part], parameters), theta, theta)
        likelihood, grouped_at = prepared(targets, density, from_log(theta, m0)), theta
        converged, rounds = False, 0
        while not converged and rounds < LARGEST_ROUNDS:
            before, theta = theta, best(likelihood, theta, grouped_at)
            chance = likelihood.background_probability(from_log(theta, m0))
            density = _density(background, kernels, chance * stands_for, targets, box)
            rounds += 1
            settled, off = np.max(np.abs(theta - before)) < TOLERANCE, np.max(np.abs(theta - grouped_at))
            if not exact and settled and off > REGROUP:  # far from their place, groups still show the way
                likelihood, grouped_at = prepared(targets, density, from_log(theta, m0)), theta
                continue
            likelihood = likelihood.with_background(density)
            converged = rounds > 1 and settled
            shown.advance(1)
    parameters = from_log(theta, m0)
    found = _background(background, kernels, chance * stands_for, box)
    fit = _result(likelihood, parameters, bounds, found, targets, chance, rounds, converged)
    if kernels is not None:
        wider = _kernels(background, targets, box, math.ceil(WIDER * neighbours), of_targets)
        moved = _moved_by(likelihood, theta, fit.log_covariance, wider, chance * stands_for)
        fit = replace(fit, log_covariance=fit.log_covariance + np.outer(moved, moved))
    _say_what_is_odd(fit)
    return fit


def _completed(sources: History, completeness, b_value, start, end, m0) -> tuple[History, np.ndarray, np.ndarray, Gaps]:
    """Sources with stand-ins for those not listed; what each stands for; its share listed, 0 for stand-ins; gaps."""
    if completeness is None:
        return sources, np.ones(len(sources)), np.ones(len(sources)), None
    if b_value is None:
        raise DataError("completeness without a b value", expected="b_value, from which missing events are counted")
    beta = b_value * math.log(10)
    magnitude = completeness.at(sources)
    listed = sources.magnitude >= magnitude
    sources, magnitude = sources[listed], magnitude[listed]
    gaps = completeness.gaps(sources, start=start, end=end, m0=m0, beta=beta)
    whose, hidden, number = stand_ins(sources, magnitude, m0=m0, beta=beta)
    event = np.append(np.arange(len(sources)), whose)
    order = np.argsort(event, kind="stable")
    event, every = event[order], sources[event[order]]
    every = replace(every, magnitude=np.append(sources.magnitude, hidden)[order])
    share = np.exp(-beta * np.maximum(magnitude - m0, 0))
    return every, np.append(np.ones(len(sources)), number)[order], np.append(share, 0 * hidden)[order], gaps.of(event)


def _first_guess(given: EtasParameters | None, tapered: bool | float, n_targets: int, days, m0) -> EtasParameters:
    """Half of the events background, and kernels of middling shape, unless given; with a taper or without."""
    guess = given or EtasParameters(0.5 * n_targets / days, 0.25, 1.2, 0.02, 1.2, 5.0, 1.6, 1.0, m0)
    if not isinstance(tapered, bool):
        return replace(guess, tau_days=float(tapered))
    if tapered == math.isfinite(guess.tau_days):
        return guess
    return replace(guess, p=max(guess.p, 1.05), tau_days=max(days, 1.0) if tapered else math.inf)


def _kernels(background, targets: History, box: Box, neighbours: int, in_region: Shares) -> AdaptiveKernels | None:
    if isinstance(background, KernelBackground) or background == "uniform":
        return None
    if background != "adaptive":
        raise DataError(f"a background {background!r}", expected="'adaptive', 'uniform' or a KernelBackground")
    return adaptive_kernels(targets, box, neighbours=neighbours, in_region=in_region)


def _density(background, kernels, chance, targets: History, box: Box) -> np.ndarray:
    if kernels is not None:
        return kernels.density(chance)
    if isinstance(background, KernelBackground):
        return background.density(targets.latitude, targets.longitude)
    return np.full(len(targets), 1 / area_km2(box))


def _background(background, kernels, weight: np.ndarray, box: Box) -> KernelBackground:
    if kernels is not None:
        return kernels.background(weight)
    if isinstance(background, KernelBackground):
        return background
    return KernelBackground(box, *(np.empty(0) for _ in range(5)), uniform_share=1.0)


def _result(likelihood, parameters, bounds, background, targets, chance, rounds, converged) -> EtasFit:
    theta = to_log(parameters)
    return EtasFit(
        parameters=parameters,
        log_likelihood=likelihood.value_and_gradient(theta)[0],
        n_targets=len(targets),
        log_covariance=covariance_of(likelihood, theta, bounds),
        background=background,
        targets=targets,
        background_probability=chance,
        rounds=rounds,
        converged=bool(converged),
        at_bounds=on_bounds(theta, bounds),
    )


def _moved_by(likelihood, theta, covariance, kernels: AdaptiveKernels, weight: np.ndarray) -> np.ndarray:
    """By how much the log-parameters would change with other kernels in the background, to first order."""
    gradient = likelihood.with_background(kernels.density(weight)).value_and_gradient(theta)[1]
    return covariance @ (gradient - likelihood.value_and_gradient(theta)[1])


def _say_what_is_odd(fit: EtasFit) -> None:
    if fit.at_bounds:
        logger.warning("ETAS fit: %s ended on a bound of the search", ", ".join(fit.at_bounds))
    if not fit.converged:
        logger.warning("ETAS fit: parameters still changed after %d rounds", fit.rounds)
    if fit.observed_branching_ratio >= 1:
        logger.warning(
            "ETAS fit: the branching ratio over the observed magnitudes is %.2f;"
            " at 1 or more the model describes no stationary seismicity",
            fit.observed_branching_ratio,
        )
