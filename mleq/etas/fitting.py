"""ETAS fitted to a catalogue by maximum likelihood, background and clusters told apart on the way."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mleq.errors import DataError
from mleq.etas.alternation import Found, Places, Problem, in_turn, places_of
from mleq.etas.areas import Shares, outline_of, region_of, shares
from mleq.etas.background import AdaptiveKernels, KernelBackground, adaptive_kernels
from mleq.etas.completeness import Completeness, Gaps, stand_ins
from mleq.etas.forecasting import EtasModel
from mleq.etas.history import History
from mleq.etas.likelihood import from_log, likelihood_of, log_names, to_log
from mleq.etas.parameters import EtasParameters
from mleq.etas.search import covariance_of, log_bounds, on_bounds

FEWEST_TARGETS = 100
WIDER = 1.5  # factor on the neighbours of adaptive kernels whose effect counts as a standard error
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
    in_region = shares(sources.latitude, sources.longitude, outline_of(box))
    of_targets = Shares(in_region.angle[is_target])
    theta = to_log(_first_guess(first_guess, tapered, len(targets), end - start, m0))
    problem = Problem(
        targets=targets,
        # Where not all events are listed, each that is stands for more.
        stands_for=1 / listed_share[is_target],
        m0=m0,
        bounds=log_bounds(theta, () if isinstance(tapered, bool) else ("tau_days",)),
        exact=exact,
        likelihood=partial(
            likelihood_of, sources, region=box, start=start, end=end, exact=exact,
            in_region=in_region, of=len(targets), weight=weight, gaps=gaps,
        ),
    )  # fmt: skip
    places = places_of(background, targets, box, neighbours, of_targets)
    found = in_turn(problem, places, theta)
    fit = _result(problem, places, found)
    if isinstance(places, AdaptiveKernels):
        wider = adaptive_kernels(targets, box, neighbours=math.ceil(WIDER * neighbours), in_region=of_targets)
        moved = _moved_by(found, fit.log_covariance, wider.density(found.chance * problem.stands_for))
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


def _result(problem: Problem, places: Places, found: Found) -> EtasFit:
    return EtasFit(
        parameters=from_log(found.theta, problem.m0),
        log_likelihood=found.likelihood.value_and_gradient(found.theta)[0],
        n_targets=len(problem.targets),
        log_covariance=covariance_of(found.likelihood, found.theta, problem.bounds),
        background=places.background(found.chance * problem.stands_for),
        targets=problem.targets,
        background_probability=found.chance,
        rounds=found.rounds,
        converged=found.converged,
        at_bounds=on_bounds(found.theta, problem.bounds),
    )


def _moved_by(found: Found, covariance: np.ndarray, density: np.ndarray) -> np.ndarray:
    """By how much the log-parameters would change with another density of the background, to first order."""
    gradient = found.likelihood.with_background(density).value_and_gradient(found.theta)[1]
    return covariance @ (gradient - found.likelihood.value_and_gradient(found.theta)[1])


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
