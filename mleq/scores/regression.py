"""Scores of numbers that were forecast, with intervals for observations that come in groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mleq.errors import DataError

FEWEST_GROUPS = 5
"""Groups below which no interval is given: resampling fewer shows too little of what could have come."""

RESAMPLES = 2000


def mean_absolute_error(observed, predicted) -> float:
    """Mean of |predicted − observed|, in the unit of both.

    >>> mean_absolute_error([1, 2], [1, 4])
    1.0
    """
    observed, predicted = _pair(observed, predicted)
    return float(np.abs(predicted - observed).mean())


def r_squared(observed, predicted) -> float | None:
    """Share of the variance explained, 1 − Σ(o − p)² / Σ(o − ō)²; None where all observations are equal.

    >>> r_squared([1, 2, 3], [1, 2, 3]), r_squared([1, 2, 3], [2, 2, 2])
    (1.0, 0.0)
    """
    observed, predicted = _pair(observed, predicted)
    spread = float(((observed - observed.mean()) ** 2).sum())
    return None if spread == 0 else 1 - float(((observed - predicted) ** 2).sum()) / spread


@dataclass(frozen=True)
class GroupBootstrap:
    """Scores of several methods on the same observations, resampled by whole groups.

    Attributes
    ----------
    groups : int
        How many there are.
    values, resampled : dict
        By method: each score, and its values in all resamples, shape (n_resamples,).
    """

    groups: int
    level: float
    values: dict[str, dict[str, float | None]]
    resampled: dict[str, dict[str, np.ndarray]]

    def score(self, name: str) -> dict[str, dict]:
        """Each score of a method with its interval: {"mean_absolute_error": {value, low, high}, "r_squared": …}."""
        return {key: self._interval(value, self.resampled[name][key]) for key, value in self.values[name].items()}

    def gain(self, name: str, reference: str) -> dict[str, dict]:
        """The reference's mean absolute error minus the method's, paired: {"mae_seconds": {value, low, high}}.

        Named for the unit of this project's only use; the number is in the unit of the observations.
        """
        key = "mean_absolute_error"
        value = self.values[reference][key] - self.values[name][key]
        return {"mae_seconds": self._interval(value, self.resampled[reference][key] - self.resampled[name][key])}

    def _interval(self, value: float | None, resampled: np.ndarray) -> dict:
        defined = resampled[np.isfinite(resampled)]
        reason = ""
        if value is None:
            reason = "undefined: all observations are equal"
        elif self.groups < FEWEST_GROUPS:
            reason = f"{self.groups} cycles are fewer than {FEWEST_GROUPS}"
        elif defined.size < 0.95 * resampled.size:
            reason = "undefined in more than 5 % of the resamples"
        if reason:
            return {"value": value, "low": None, "high": None, "reason": reason}
        low, high = np.quantile(defined, [(1 - self.level) / 2, (1 + self.level) / 2])
        return {"value": value, "low": float(low), "high": float(high)}


def group_bootstrap(
    observed,
    predictions: Mapping[str, np.ndarray],
    groups,
    *,
    seed,
    n_resamples: int = RESAMPLES,
    level: float = 0.95,
) -> GroupBootstrap:
    """Score methods on the same observations, with percentile intervals by the cluster bootstrap.

    Observations of one group (a cycle between two failures) depend on each other, so whole groups are drawn, with all
    their observations. Differences between methods are paired: they are resampled together. With fewer than some
    twenty groups such intervals are somewhat too short (Cameron, Gelbach and Miller 2008).

    Parameters
    ----------
    observed : array_like, shape (n,)
    predictions : mapping of str to array_like, shape (n,)
    groups : array_like, shape (n,)
        The group of each observation.
    seed : int or numpy.random.Generator
    n_resamples : int
    level : float

    Returns
    -------
    GroupBootstrap

    Raises
    ------
    mleq.errors.DataError
        If there is nothing to score, or lengths differ, or a number is not finite.

    References
    ----------
    Davison, A. C. and Hinkley, D. V. (1997). Bootstrap methods and their application, section 3.8.
    doi:10.1017/CBO9780511802843
    Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008). Rev. Econ. Stat. 90, 414-427. doi:10.1162/rest.90.3.414
    """
    observed = np.asarray(observed, dtype=float)
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    if group.shape != observed.shape:
        raise DataError(f"{group.size} groups of {observed.size} observations", expected="one for each")
    rng = np.random.default_rng(seed)
    # How often each group stands in each resample: all that the scores below need.
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_resamples)

    def summed(values: np.ndarray) -> np.ndarray:
        return counts @ np.bincount(group, values, minlength=len(names))

    size, total, squares = summed(np.ones_like(observed)), summed(observed), summed(observed**2)
    spread = squares - total**2 / size
    values, resampled = {}, {}
    for name, prediction in predictions.items():
        checked, prediction = _pair(observed, prediction, name)
        error = prediction - checked
        values[name] = {
            "mean_absolute_error": mean_absolute_error(observed, prediction),
            "r_squared": r_squared(observed, prediction),
        }
        with np.errstate(divide="ignore", invalid="ignore"):
            r2 = 1 - summed(error**2) / spread
        resampled[name] = {"mean_absolute_error": summed(np.abs(error)) / size, "r_squared": r2}
    return GroupBootstrap(len(names), level, values, resampled)


def _pair(observed, predicted, name: str = "") -> tuple[np.ndarray, np.ndarray]:
    observed, predicted = np.asarray(observed, dtype=float), np.asarray(predicted, dtype=float)
    whose = f" of {name}" if name else ""
    if observed.ndim != 1 or observed.size == 0:
        raise DataError(f"observations of shape {observed.shape}", expected="one dimension, at least one value")
    if predicted.shape != observed.shape:
        raise DataError(
            f"predictions{whose} of shape {predicted.shape}", expected=f"one for each of the {observed.size}"
        )
    if not (np.isfinite(observed).all() and np.isfinite(predicted).all()):
        raise DataError(f"an observation or a prediction{whose} that is no number", expected="finite numbers")
    return observed, predicted
