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
LARGEST_STEPS = 30
REACH = 2.0  # farther from where they were made, in logarithms, groups of pairs do not show the way


def log_bounds(theta: np.ndarray, held: tuple[str, ...] = ()) -> np.ndarray:
    """Logarithms of the bounds of each entry of `theta`, shape (n, 2); those named in `held` stay where they are."""
    names = log_names(theta)
    bounds = np.log([BOUNDS[name] for name in names])
    stay = np.isin(names, held)
    bounds[stay] = theta[stay, None]
    return bounds


def within_reach(bounds: np.ndarray, grouped_at: np.ndarray) -> np.ndarray:
    """Bounds of a search among pairs that were grouped for the log-parameters `grouped_at`, shape (n, 2)."""
    return np.clip(bounds, grouped_at[:, None] - REACH, grouped_at[:, None] + REACH)


def maximise(likelihood: EtasLikelihood, theta: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Log-parameters of the largest likelihood within `bounds`, shape (n, 2), from a place within them.

    Fisher scoring takes a dozen evaluations where L-BFGS takes fifty. Where the model is far from the catalogue,
    as where there are no clusters at all, its estimate of the curvature misleads, and L-BFGS takes over.
    """
    found = _by_scoring(likelihood, theta, bounds)
    return _by_gradients(likelihood, theta, bounds) if found is None else found


def _by_scoring(likelihood: EtasLikelihood, theta: np.ndarray, bounds: np.ndarray) -> np.ndarray | None:
    """Steps of Newton with the information matrix in place of second derivatives, damped as of Levenberg-Marquardt.

    None where the steps do not settle.
    """
    value, gradient, information = likelihood.with_information(theta)
    damping = 1e-3
    for _ in range(LARGEST_STEPS):
        step = _damped_step(theta, gradient, information, damping, bounds)
        promised = gradient @ step - step @ information @ step / 2
        if promised < ENOUGH and damping < 1:
            return theta
        there = theta + step
        new_value, new_gradient, new_information = likelihood.with_information(there)
        if new_value > value:
            kept = (new_value - value) / promised
            damping = damping / 10 if kept > 0.75 else damping * 4 if kept < 0.25 else damping
            theta, value, gradient, information = there, new_value, new_gradient, new_information
        else:
            damping = max(10 * damping, 0.1)
    return None


def _by_gradients(likelihood: EtasLikelihood, theta: np.ndarray, bounds: np.ndarray) -> np.ndarray:
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
        bounds=bounds,
        options={"maxiter": 300, "maxcor": 20, "ftol": 1e-10, "gtol": 1e-6},
    ).x


def _damped_step(theta, gradient, information, damping, bounds) -> np.ndarray:
    """A step upwards that stays within the bounds and changes no parameter by more than a factor of e.

    Damping is the same for all parameters, as logarithms are on one scale: directions in which the likelihood is
    flat are held back, and steps along the others stay whole.
    """
    against = (theta <= bounds[:, 0] + 1e-9) & (gradient < 0) | (theta >= bounds[:, 1] - 1e-9) & (gradient > 0)
    free, step = np.flatnonzero(~against), np.zeros_like(theta)
    matrix, unit = information[np.ix_(free, free)], np.eye(free.size)
    step[free] = np.linalg.lstsq(matrix + damping * unit, gradient[free])[0]
    while np.abs(step).max(initial=0) > 1:
        damping = max(4 * damping, 1e-3)
        step[free] = np.linalg.solve(matrix + damping * unit, gradient[free])
    return np.clip(theta + step, *bounds.T) - theta


def covariance_of(likelihood: EtasLikelihood, theta: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Inverse of the observed information, shape (n, n), from central differences of the gradient.

    Zero for what was held; NaN where the likelihood has no proper maximum.
    """
    step, free = 1e-3, np.flatnonzero(bounds[:, 0] < bounds[:, 1])

    def gradient(theta):
        return likelihood.value_and_gradient(theta)[1][free]

    columns = [gradient(theta + step * unit) - gradient(theta - step * unit) for unit in np.eye(theta.size)[free]]
    information = -np.array(columns) / (2 * step)
    information = (information + information.T) / 2
    if not np.all(np.linalg.eigvalsh(information) > 0):
        return np.full((theta.size, theta.size), math.nan)
    covariance = np.zeros((theta.size, theta.size))
    covariance[np.ix_(free, free)] = np.linalg.inv(information)
    return covariance


def on_bounds(theta: np.ndarray, bounds: np.ndarray) -> tuple[str, ...]:
    """Names of the parameters that were searched for and lie on a bound."""
    near = np.min(np.abs(theta[:, None] - bounds), axis=1) < 1e-6
    return tuple(
        name for name, at, (low, high) in zip(log_names(theta), near, bounds, strict=True) if at and low < high
    )
