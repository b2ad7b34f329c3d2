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

ENOUGH = 1e-5  # nats that another step would gain: parameters then lie within 0.005 of their standard errors
LARGEST_STEPS, LARGEST_DAMPING = 100, 1e6


def log_bounds(theta: np.ndarray) -> np.ndarray:
    """Logarithms of the bounds of each entry of `theta`, shape (n, 2)."""
    return np.log([BOUNDS[name] for name in log_names(theta)])


def maximise(likelihood: EtasLikelihood, theta: np.ndarray) -> np.ndarray:
    """Log-parameters of the largest likelihood within `BOUNDS`, from anywhere; of the shape of `theta`.

    Fisher scoring: steps of Newton with the information matrix in place of second derivatives, damped as of
    Levenberg and Marquardt where the likelihood would not rise. A dozen evaluations do where L-BFGS takes fifty.
    """
    bounds = log_bounds(theta)
    value, gradient, information = likelihood.with_information(theta)
    damping = 1e-3
    for _ in range(LARGEST_STEPS):
        step = _damped_step(theta, gradient, information, damping, bounds)
        promised = gradient @ step - step @ information @ step / 2
        if promised < ENOUGH and damping < 1:
            break
        there = theta + step
        new_value, new_gradient, new_information = likelihood.with_information(there)
        if new_value > value:
            kept = (new_value - value) / promised
            damping = damping / 10 if kept > 0.75 else damping * 2 if kept < 0.25 else damping
            theta, value, gradient, information = there, new_value, new_gradient, new_information
        elif damping > LARGEST_DAMPING:
            break  # no step leads up: rounding
        else:
            damping = max(10 * damping, 0.01)
    return theta


def _damped_step(theta, gradient, information, damping, bounds) -> np.ndarray:
    """A step upwards that stays within the bounds and changes no parameter by more than a factor of e."""
    against = (theta <= bounds[:, 0] + 1e-9) & (gradient < 0) | (theta >= bounds[:, 1] - 1e-9) & (gradient > 0)
    free = np.flatnonzero(~against)
    scale = np.diag(information)[free]
    scale = np.maximum(scale, 1e-9 * max(scale.max(initial=0), 1e-9))
    matrix = information[np.ix_(free, free)] + np.diag((damping + 1e-12) * scale)
    step = np.zeros_like(theta)
    step[free] = np.linalg.lstsq(matrix, gradient[free])[0]
    step /= max(1.0, np.abs(step).max(initial=0))
    return np.clip(theta + step, *bounds.T) - theta


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
