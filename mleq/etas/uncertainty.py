"""Sets of parameters as likely as the uncertainty of a fit says."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mleq.errors import RequestError
from mleq.etas.likelihood import LOG_NAMES, from_log, log_names, to_log
from mleq.etas.parameters import EtasParameters
from mleq.etas.search import log_bounds

# Background and productivity are left free: no bound of a search tells what they may be elsewhere.
PRODUCTIVITY, EXPONENT = LOG_NAMES.index("productivity"), LOG_NAMES.index("p - 1")
HELD = ("alpha", "c_days", "p - 1", "d_km2", "q - 1", "gamma")


def drawn_parameters(
    parameters: EtasParameters,
    log_covariance: np.ndarray,
    n: int,
    rng: np.random.Generator,
    ratio: Callable[[EtasParameters], float] | None = None,
) -> list[EtasParameters]:
    """Draw sets of parameters, normal in their logarithms and within the bounds that a search would keep.

    Without a taper, the product A (p - 1) takes the place of A, and p that of its logarithm above 1: where p is near 1
    what comes within a horizon depends on these two, while A and p - 1 may each be off by any factor.

    Parameters
    ----------
    parameters : EtasParameters
        The centre, and what is not fitted.
    log_covariance : numpy.ndarray, shape (8, 8), or (9, 9) with a taper
        In the order of `mleq.etas.likelihood.log_names`.
    n : int
    rng : numpy.random.Generator
    ratio : callable, optional
        Gives a branching ratio; sets for which it is 1 or more are drawn again, since nothing can be simulated.

    Returns
    -------
    list of EtasParameters

    Raises
    ------
    mleq.errors.RequestError
        If the covariance is not finite, as where a fit has no proper maximum, or nearly all sets are explosive.
    """
    if not np.isfinite(log_covariance).all():
        raise RequestError(
            "the fit gives no uncertainty of its parameters: its likelihood has no proper maximum",
            remedy="Ask without the uncertainty of parameters, or fit to more events.",
        )
    theta, chosen = to_log(parameters), []
    slopes = _slopes(parameters)
    variance, axes = np.linalg.eigh(slopes @ log_covariance @ slopes.T)
    # Rounding may make the smallest variances of a covariance of few regions negative.
    root = axes * np.sqrt(np.maximum(variance, 0))
    held = np.isin(log_names(theta), HELD)[:, None]
    # The centre itself may lie outside, as kernels do that were brought to another reference magnitude.
    edges = log_bounds(theta)
    low = np.where(held, np.minimum(edges[:, :1], theta[:, None]), -np.inf)[:, 0]
    high = np.where(held, np.maximum(edges[:, 1:], theta[:, None]), np.inf)[:, 0]
    for _ in range(10):
        for steps in rng.standard_normal((n, theta.size)) @ root.T:
            one = from_log(_moved(theta, steps, slopes, low, high), parameters.m0)
            if ratio is None or ratio(one) < 1:
                chosen.append(one)
        if len(chosen) >= n:
            return chosen[:n]
    raise RequestError(
        "nearly all sets of parameters within the fit's uncertainty have a branching ratio of 1 or more",
        remedy="Ask without the uncertainty of parameters, or fit to more events.",
    )


def _slopes(parameters: EtasParameters) -> np.ndarray:
    """Derivatives of what is drawn by the log-parameters, shape (n, n): ln A (p - 1) for ln A, p for ln(p - 1)."""
    slopes = np.eye(to_log(parameters).size)
    if math.isinf(parameters.tau_days):
        slopes[PRODUCTIVITY, EXPONENT] = 1
        slopes[EXPONENT, EXPONENT] = parameters.p - 1
    return slopes


def _moved(theta: np.ndarray, steps: np.ndarray, slopes: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Log-parameters after steps in what is drawn, kept within bounds."""
    moved = theta + steps
    if slopes[PRODUCTIVITY, EXPONENT]:
        above_one = np.clip(math.exp(theta[EXPONENT]) + steps[EXPONENT], *np.exp([low[EXPONENT], high[EXPONENT]]))
        moved[EXPONENT] = math.log(above_one)
        moved[PRODUCTIVITY] += theta[EXPONENT] - moved[EXPONENT]
    return np.clip(moved, low, high)


def rescaled(parameters: EtasParameters, m0: float, b_value: float) -> EtasParameters:
    r"""The same kernels stated for another reference magnitude.

    With :math:`\Delta = m_0' - m_0`, an event of magnitude m has :math:`A e^{\alpha (m - m_0)}` direct offspring of
    :math:`m_0` and above, of which a share :math:`10^{-b\Delta}` reaches :math:`m_0'`; so
    :math:`A' = A e^{\alpha\Delta} 10^{-b\Delta}`, :math:`D' = D e^{\gamma\Delta}`,
    :math:`\mu' = \mu 10^{-b\Delta}`. What events below a higher :math:`m_0'` trigger is left out, which a fit at
    that magnitude would have counted with the background and with what larger events trigger (Sornette and Werner
    2005).

    Parameters
    ----------
    parameters : EtasParameters
    m0 : float
        The new reference magnitude.
    b_value : float

    Returns
    -------
    EtasParameters

    References
    ----------
    Sornette, D. and Werner, M. J. (2005). J. Geophys. Res. 110, B08304. doi:10.1029/2004JB003535

    Examples
    --------
    >>> japan = EtasParameters(0.593, 0.204, 1.495, 0.0227, 1.110, 10.4, 1.860, 1.042, m0=4.5)
    >>> round(rescaled(japan, 5.0, 1.0).background_per_day, 4)
    0.1875
    """
    step = m0 - parameters.m0
    share = 10 ** (-b_value * step)
    return replace(
        parameters,
        background_per_day=parameters.background_per_day * share,
        productivity=parameters.productivity * math.exp(parameters.alpha * step) * share,
        d_km2=parameters.d_km2 * math.exp(parameters.gamma * step),
        m0=m0,
    )
