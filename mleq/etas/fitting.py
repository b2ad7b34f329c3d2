"""ETAS fitted to a catalogue by maximum likelihood, background and clusters told apart on the way."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

import numpy as np

from mleq import progress
from mleq.errors import DataError
from mleq.etas.areas import Outline, shares
from mleq.etas.background import AdaptiveKernels, KernelBackground, adaptive_kernels
from mleq.etas.history import History
from mleq.etas.likelihood import LOG_NAMES, EtasLikelihood, from_log, likelihood_of, to_log
from mleq.etas.parameters import EtasParameters
from mleq.etas.sphere import Box

FEWEST_TARGETS = 100
LARGEST_ROUNDS = 20
ROUNDS_REGROUPED = 3  # grouping again later changes the sums by less than the tolerance
TOLERANCE = 2e-3  # largest change of a log-parameter between two rounds that counts as converged
# Where a likelihood is flat the search could run away; a fit that ends on a bound says so.
BOUNDS = {
    "background_per_day": (1e-8, 1e5),
    "productivity": (1e-6, 1e2),
    "alpha": (1e-2, 6.0),
    "c_days": (1e-5, 10.0),
    "p - 1": (1e-3, 3.0),
    "d_km2": (1e-4, 1e5),
    "q - 1": (2e-2, 5.0),
    "gamma": (1e-2, 4.0),
}

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
    log_covariance : numpy.ndarray, shape (8, 8)
        Of the logarithms of the parameters in the order of `mleq.etas.likelihood.LOG_NAMES`: the inverse of
        the observed information, the background's shape taken as known. NaN where the likelihood has no
        proper maximum.
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
        """Intervals of the parameters, normal in their logarithms; keys as in `LOG_NAMES`."""
        from statistics import NormalDist

        half = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(np.diag(self.log_covariance))
        theta = to_log(self.parameters)
        low, high = np.exp(theta - half), np.exp(theta + half)
        return {name: (float(a), float(b)) for name, a, b in zip(LOG_NAMES, low, high, strict=True)}

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
    neighbours: int = 15,
    first_guess: EtasParameters | None = None,
    exact: bool = False,
) -> EtasFit:
    """Fit space-time ETAS by maximum likelihood.

    Parameters are fitted by L-BFGS in their logarithms with the analytic gradient. With an adaptive
    background this alternates with a new background, in which each event counts with its chance to be
    background (Zhuang, Ogata and Vere-Jones 2002), until the parameters stay.

    Parameters
    ----------
    history : History
        The catalogue. Events before `start` (the auxiliary period) and outside the region (its margin)
        trigger but are not targets; events below `m0` or at or after `end` are not looked at.
    region : tuple of float
        (south, north, west, east), degrees.
    start, end : float
        The period, in the days of the history.
    m0 : float
        Reference magnitude, at or above completeness everywhere in the period.
    background : {"adaptive", "uniform"} or KernelBackground, optional
        Fitted from the targets, uniform over the region, or known.
    neighbours : int, optional
        Which neighbour's distance is the bandwidth of an adaptive kernel. Small numbers let the background
        take in late aftershocks, which makes p too large; large ones blur it, which makes p too small.
    first_guess : EtasParameters, optional
        Where the search begins.
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
    box = Box.checked(region)
    sources = history[(history.magnitude >= m0) & (history.time_days < end)]
    targets = sources[(sources.time_days >= start) & box.contains(sources.latitude, sources.longitude)]
    if len(targets) < FEWEST_TARGETS:
        raise DataError(
            f"{len(targets)} events of magnitude {m0:g} and above in the region and period",
            expected=f"at least {FEWEST_TARGETS} to fit ETAS",
            remedy="Take a larger region, a longer period or a lower magnitude.",
        )
    parameters = first_guess or _first_guess(len(targets), end - start, m0)
    in_region = shares(sources.latitude, sources.longitude, Outline.of_box(box))
    kernels = _kernels(background, targets, box, neighbours)
    chance = np.full(len(targets), 0.5)
    density = _density(background, kernels, chance, targets, box)

    likelihood, converged, rounds = None, False, 0
    with progress.task("fitting ETAS", unit="rounds") as shown:
        while not converged and rounds < LARGEST_ROUNDS:
            if rounds < ROUNDS_REGROUPED and not (exact and rounds):
                likelihood = likelihood_of(
                    sources, targets, density, box, start, end, parameters, exact=exact, in_region=in_region
                )
            before = to_log(parameters)
            parameters = _maximise(likelihood, parameters)
            chance = likelihood.background_probability(parameters)
            density = _density(background, kernels, chance, targets, box)
            likelihood = likelihood.with_background(density)
            rounds += 1
            # The first rounds regroup, so that two in a row must agree before the sums can be trusted.
            converged = rounds > 1 and np.max(np.abs(to_log(parameters) - before)) < TOLERANCE
            shown.advance(1)

    fit = _result(likelihood, parameters, kernels, background, targets, box, chance, rounds, converged)
    _say_what_is_odd(fit)
    return fit


def _first_guess(n_targets: int, days: float, m0: float) -> EtasParameters:
    """Half of the events background, and kernels of middling shape."""
    return EtasParameters(0.5 * n_targets / days, 0.25, 1.2, 0.02, 1.2, 5.0, 1.6, 1.0, m0)


def _kernels(background, targets: History, box: Box, neighbours: int) -> AdaptiveKernels | None:
    if isinstance(background, KernelBackground) or background == "uniform":
        return None
    if background != "adaptive":
        raise DataError(f"a background {background!r}", expected="'adaptive', 'uniform' or a KernelBackground")
    return adaptive_kernels(targets, box, neighbours=neighbours)


def _density(background, kernels, chance, targets: History, box: Box) -> np.ndarray:
    if kernels is not None:
        return kernels.density(chance)
    if isinstance(background, KernelBackground):
        return background.density(targets.latitude, targets.longitude)
    return np.full(len(targets), 1 / box.area_km2)


def _maximise(likelihood: EtasLikelihood, parameters: EtasParameters) -> EtasParameters:
    """The parameters of the largest likelihood with the background as it is."""
    from scipy.optimize import minimize

    n = likelihood.background_density.size

    def cost(theta):
        value, gradient = likelihood.value_and_gradient(theta)
        return -value / n, -gradient / n

    found = minimize(
        cost,
        to_log(parameters),
        jac=True,
        method="L-BFGS-B",
        bounds=np.log([BOUNDS[name] for name in LOG_NAMES]),
        options={"maxiter": 300, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-6},
    )
    return from_log(found.x, parameters.m0)


def _result(likelihood, parameters, kernels, background, targets, box, chance, rounds, converged) -> EtasFit:
    theta, limits = to_log(parameters), np.log([BOUNDS[name] for name in LOG_NAMES])
    at_bounds = tuple(
        name
        for name, value, (low, high) in zip(LOG_NAMES, theta, limits, strict=True)
        if min(value - low, high - value) < 1e-6
    )
    if kernels is not None:
        background = kernels.background(chance)
    elif not isinstance(background, KernelBackground):
        background = KernelBackground(box, *(np.empty(0) for _ in range(5)), uniform_share=1.0)
    return EtasFit(
        parameters=parameters,
        log_likelihood=likelihood.value_and_gradient(theta)[0],
        n_targets=len(targets),
        log_covariance=_covariance(likelihood, theta),
        background=background,
        targets=targets,
        background_probability=chance,
        rounds=rounds,
        converged=bool(converged),
        at_bounds=at_bounds,
    )


def _covariance(likelihood: EtasLikelihood, theta: np.ndarray) -> np.ndarray:
    """Inverse of the observed information, whose columns are central differences of the gradient."""
    step = 1e-3
    columns = [
        likelihood.value_and_gradient(theta + step * unit)[1] - likelihood.value_and_gradient(theta - step * unit)[1]
        for unit in np.eye(theta.size)
    ]
    information = -np.array(columns) / (2 * step)
    information = (information + information.T) / 2
    if not np.all(np.linalg.eigvalsh(information) > 0):
        return np.full(information.shape, math.nan)
    return np.linalg.inv(information)


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
