"""How surely a direction is known: a von Mises concentration that was fitted, so that it comes true."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mleq.scores.circular import circular_difference

LN_RANGE = (-5.0, 8.0)
"""Concentrations stay between e^-5 (nothing is known) and e^8 (one degree)."""


def concentrations(predictors: np.ndarray, coefficients: Sequence[float]) -> np.ndarray:
    """Concentrations of a log-linear model, ln kappa = a0 + a1 x1 + …, shape (n,).

    Parameters
    ----------
    predictors : numpy.ndarray, shape (n, k)
    coefficients : sequence of float, length k + 1
        The constant first.
    """
    return np.exp(np.clip(coefficients[0] + predictors @ np.asarray(coefficients[1:]), *LN_RANGE))


def fit(predictors: np.ndarray, observed: np.ndarray, predicted: np.ndarray) -> list[float]:
    """Fit the log-linear model by maximum likelihood on directions that were not used to make the predictions.

    Parameters
    ----------
    predictors : numpy.ndarray, shape (n, k)
    observed, predicted : numpy.ndarray, shape (n,)
        Degrees.

    Returns
    -------
    list of float, length k + 1

    References
    ----------
    Fisher, N. I. and Lee, A. J. (1992). Regression models for an angular response. Biometrics 48, 665-677.
    doi:10.2307/2532334
    """
    from scipy.optimize import minimize
    from scipy.special import i0e, i1e

    design = np.column_stack([np.ones(len(predictors)), predictors])
    cosine = np.cos(np.radians(circular_difference(predicted, observed)))

    def nats(coefficients):
        raw = design @ coefficients
        kappa = np.exp(np.clip(raw, *LN_RANGE))
        value = np.log(i0e(kappa)) + kappa * (1 - cosine)
        slope = np.where((raw > LN_RANGE[0]) & (raw < LN_RANGE[1]), kappa * (i1e(kappa) / i0e(kappa) - cosine), 0.0)
        return value.mean(), slope @ design / len(design)

    start = np.r_[1.0, np.zeros(predictors.shape[1])]
    return [float(value) for value in minimize(nats, start, jac=True, method="BFGS").x]
