"""The search for the parameters of the largest likelihood."""

from __future__ import annotations

import math

import numpy as np

from mleq.etas.likelihood import EtasLikelihood, log_names

# Where a likelihood is flat the search could run away; a fit that ends on a bound says so.
BOUNDS = {
    "background_per_day": (1e-8, 1e5),
    "productivity": (1e-6, 1e2),
    "alpha": (1e-2, 6.0),
    "c_days": (1e-5, 10.0),
    "p - 1": (1e-3, 3.0),
    "p": (0.1, 4.0),
    "d_km2": (1e-4, 1e5),
    "q - 1": (2e-2, 5.0),
    "gamma": (1e-2, 4.0),
    "tau_days": (1.0, 1e9),
}


def log_bounds(theta: np.ndarray) -> np.ndarray:
    """Logarithms of the bounds of each entry of `theta`, shape (n, 2)."""
    return np.log([BOUNDS[name] for name in log_names(theta)])


def maximise(likelihood: EtasLikelihood, theta: np.ndarray) -> np.ndarray:
    """Log-parameters of the largest likelihood by L-BFGS within `BOUNDS`, from anywhere; of its shape."""
    from scipy.optimize import minimize

    n = likelihood.background_density.size

    def cost(theta):
        value, gradient = likelihood.value_and_gradient(theta)
        return -value / n, -gradient / n

    return minimize(
        cost,
        theta,
        jac=True,
        method="L-BFGS-B",
        bounds=log_bounds(theta),
        options={"maxiter": 300, "maxcor": 20, "ftol": 1e-10, "gtol": 1e-6},
    ).x


def covariance_of(likelihood: EtasLikelihood, theta: np.ndarray) -> np.ndarray:
    """Inverse of the observed information, shape (n, n), from central differences of the gradient.

    NaN where the likelihood has no proper maximum.
    """
    step = 1e-3

    def gradient(theta):
        return likelihood.value_and_gradient(theta)[1]

    columns = [gradient(theta + step * unit) - gradient(theta - step * unit) for unit in np.eye(theta.size)]
    information = -np.array(columns) / (2 * step)
    information = (information + information.T) / 2
    if not np.all(np.linalg.eigvalsh(information) > 0):
        return np.full(information.shape, math.nan)
    return np.linalg.inv(information)


def on_bounds(theta: np.ndarray) -> tuple[str, ...]:
    """Names of the parameters that lie on a bound."""
    near = np.min(np.abs(theta[:, None] - log_bounds(theta)), axis=1) < 1e-6
    return tuple(name for name, at in zip(log_names(theta), near, strict=True) if at)
