"""What a network must beat: the median, one feature, and trees on four and on twenty features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mleq.lab.features import FOUR, LOG_VARIANCE

TREES = 200


@dataclass(frozen=True)
class Reference:
    """A fitted reference.

    Attributes
    ----------
    name : str
    columns : tuple of str
        The features it reads.
    fitted : object
        (features) -> time to failure, by its method `predict`; or a number.
    parameters : dict
        JSON values.
    """

    name: str
    columns: tuple[str, ...]
    fitted: Any
    parameters: dict[str, Any]

    def times(self, features: pd.DataFrame) -> np.ndarray:
        """Forecast the time to failure of windows by their features, shape (k,), seconds."""
        if not self.columns:
            return np.full(len(features), float(self.fitted))
        values = features[list(self.columns)].to_numpy(float)
        with one_thread():
            return np.asarray(self.fitted.predict(values[:, 0] if len(self.columns) == 1 else values), dtype=float)


def one_thread():
    """Keep trees to one thread: on small tables more only wait for each other."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def kinds(columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the references that a set of features allows, with the features of each."""
    found: dict[str, tuple[str, ...]] = {"median": ()}
    if LOG_VARIANCE in columns:
        found["isotonic_log_variance"] = (LOG_VARIANCE,)
    if set(FOUR) <= set(columns):
        found["boosting_4"] = FOUR
    if len(columns) > 1:
        found[f"boosting_{len(columns)}"] = tuple(columns)
    found["random_forest"] = tuple(columns)
    return found


def fit(name: str, columns: Sequence[str], features: pd.DataFrame, times: np.ndarray, seed: int) -> Reference:
    """Fit one reference on windows of the training part.

    Parameters
    ----------
    name : str
        One of `kinds`.
    columns : sequence of str
    features : pandas.DataFrame, shape (n, k)
    times : numpy.ndarray, shape (n,)
        Time to failure, seconds.
    seed : int
    """
    columns = tuple(columns)
    if name == "median":
        value = float(np.median(times))
        return Reference(name, (), value, {"time_to_failure_s": value})
    values = features[list(columns)].to_numpy(float)
    with one_thread():
        if name.startswith("isotonic"):
            fitted = _isotonic().fit(values[:, 0], times)
            return Reference(name, columns, fitted, {"features": list(columns)})
        fitted = boosting(TREES, seed) if name.startswith("boosting") else forest(TREES, seed)
        fitted.fit(values, times)
    return Reference(name, columns, fitted, {"features": list(columns), "trees": TREES, "seed": seed})


def fit_all(features: pd.DataFrame, times: np.ndarray, seed: int) -> dict[str, Reference]:
    """Fit all references that the features allow."""
    return {name: fit(name, own, features, times, seed) for name, own in kinds(list(features.columns)).items()}


def _isotonic():
    """One feature, monotonic; least squares (Barlow et al. 1972, Statistical inference under order restrictions)."""
    from sklearn.isotonic import IsotonicRegression

    # Emission grows before failure (Rouet-Leduc et al. 2017), so the time falls as the variance rises.
    return IsotonicRegression(increasing=False, out_of_bounds="clip")


def boosting(trees: int, seed: int):
    """Gradient boosting of small trees on the absolute error (Friedman 2001, doi:10.1214/aos/1013203451)."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        loss="absolute_error",
        max_iter=trees,
        learning_rate=0.05,
        max_leaf_nodes=8,
        min_samples_leaf=20,
        random_state=seed,
    )


def forest(trees: int, seed: int):
    """A random forest on statistics of the signal, as Rouet-Leduc et al. 2017 (doi:10.1002/2017GL074677)."""
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(trees, max_features=1 / 3, min_samples_leaf=5, random_state=seed)
