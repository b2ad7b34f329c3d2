"""What every score asks of its arguments."""

from __future__ import annotations

import numpy as np

from mleq.errors import DataError


def observed_days(observed) -> np.ndarray:
    """The observations as booleans, shape (n,).

    Raises
    ------
    mleq.errors.DataError
        If there are none, or they are not one-dimensional and each 0 or 1 (False or True).
    """
    observed = np.asarray(observed)
    if observed.ndim != 1:
        raise DataError(f"observations of shape {observed.shape}", expected="one dimension, a value a day")
    if observed.size == 0:
        raise DataError("no day to score", expected="at least one observation")
    if observed.dtype != bool:
        if not np.isin(observed, (0, 1)).all():
            strange = observed[~np.isin(observed, (0, 1))][0]
            raise DataError(f"an observation of {strange!r}", expected="each to be 0 or 1")
        observed = observed.astype(bool)
    return observed


def forecast_days(probability, days: int, name: str = "") -> np.ndarray:
    """The probabilities as float64, shape (days,); one number stands for the same forecast every day.

    Raises
    ------
    mleq.errors.DataError
        If their number is not `days`, or any is NaN or outside [0, 1]; `name` says whose they are.
    """
    whose = f" of {name}" if name else ""
    probability = np.asarray(probability, dtype=float)
    if probability.ndim == 0:
        probability = np.full(days, float(probability))
    if probability.shape != (days,):
        raise DataError(
            f"probabilities{whose} of shape {probability.shape}", expected=f"one for each of the {days} days"
        )
    outside = ~((probability >= 0) & (probability <= 1))
    if outside.any():
        raise DataError(
            f"{outside.sum()} of {days} probabilities{whose} are no probabilities;"
            f" the first, on day {np.argmax(outside)}, is {probability[outside][0]}",
            expected="numbers between 0 and 1",
        )
    return probability


def both_classes(observed: np.ndarray, score: str) -> None:
    """Raise a DataError unless there are days with and days without an event."""
    if observed.all() or not observed.any():
        which = "with" if observed.all() else "without"
        raise DataError(
            f"{score} of {observed.size} days all {which} an event is undefined",
            expected="days of both kinds",
        )
