"""Sets of parameters as likely as the uncertainty of a fit says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mleq.errors import RequestError
from mleq.etas.likelihood import from_log, to_log
from mleq.etas.parameters import EtasParameters


def drawn_parameters(
    parameters: EtasParameters,
    log_covariance: np.ndarray,
    n: int,
    rng: np.random.Generator,
    ratio: Callable[[EtasParameters], float] | None = None,
) -> list[EtasParameters]:
    """Draw sets of parameters, normal in their logarithms.

    Parameters
    ----------
    parameters : EtasParameters
        The centre, and what is not fitted.
    log_covariance : numpy.ndarray, shape (8, 8)
        In the order of `mleq.etas.likelihood.LOG_NAMES`.
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
    for _ in range(10):
        for draw in rng.multivariate_normal(theta, log_covariance, n):
            one = from_log(draw, parameters.m0)
            if ratio is None or ratio(one) < 1:
                chosen.append(one)
        if len(chosen) >= n:
            return chosen[:n]
    raise RequestError(
        "nearly all sets of parameters within the fit's uncertainty have a branching ratio of 1 or more",
        remedy="Ask without the uncertainty of parameters, or fit to more events.",
    )
