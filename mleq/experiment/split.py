"""Chronological training, validation and test parts, with gaps that nothing can reach across."""

from __future__ import annotations

from typing import Any

import numpy as np

from mleq.errors import RequestError
from mleq.recipe.settings import SplitDates, SplitFractions

PARTS = ("train", "validation", "test")


def split(dates: np.ndarray, settings: SplitFractions | SplitDates, *, gap_days: int) -> dict[str, np.ndarray]:
    """Divide samples into parts by time.

    Between the last target date of a part and the first of the next lie at least `gap_days` days that belong to
    no part. With `gap_days = window_days + horizon_days` no event that decides a target in one part decides a
    target of another or lies in one of its windows. The gap is taken from the beginning of the later part, so that
    a boundary given as a date is the last day of the earlier part.

    Parameters
    ----------
    dates : numpy.ndarray, shape (n,), datetime64[D]
        Target dates, ascending, one for each sample.
    settings : SplitFractions or SplitDates
        The recipe's `split`.
    gap_days : int
        Days between the parts.

    Returns
    -------
    dict of str to numpy.ndarray
        Indices into `dates` for "train", "validation" and "test".

    Raises
    ------
    RequestError
        If a part is left without samples.
    """
    if len(dates) == 0:
        raise RequestError(
            "there is no day to learn from: the catalogue is shorter than one window and one horizon",
            remedy="start the catalogue earlier or make grid.window_days smaller",
        )
    ends = _ends(dates, settings)
    parts, earliest = {}, dates[0]
    for name, end in zip(PARTS, ends, strict=True):
        parts[name] = np.flatnonzero((dates >= earliest) & (dates <= end))
        if len(parts[name]) == 0:
            raise RequestError(
                f"the {name} part has no days: samples run from {dates[0]} to {dates[-1]}, the part would run "
                f"from {earliest} to {end}, after a gap of {gap_days} days (window + horizon)",
                remedy="choose other fractions or dates in `split`, or a longer catalogue",
            )
        earliest = end + np.timedelta64(gap_days + 1, "D")
    return parts


def describe_split(dates: np.ndarray, target: np.ndarray, parts: dict[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Return the `split` part of summary.json: first and last target date, days and positives of each part."""
    return {
        part: {
            "start": str(dates[indices[0]]),
            "end": str(dates[indices[-1]]),
            "days": len(indices),
            "positives": int(np.sum(target[indices])),
        }
        for part, indices in parts.items()
    }


def _ends(dates: np.ndarray, settings: SplitFractions | SplitDates) -> list[np.datetime64]:
    """Return the last date of each part."""
    if isinstance(settings, SplitDates):
        last = settings.test_end or dates[-1].astype(object)
        return [np.datetime64(d, "D") for d in (settings.train_end, settings.validation_end, last)]
    n = len(dates)
    first_of_test = round(n * (1 - settings.test))
    first_of_validation = round(n * (1 - settings.test - settings.validation))
    return [dates[max(first_of_validation - 1, 0)], dates[max(first_of_test - 1, 0)], dates[-1]]
