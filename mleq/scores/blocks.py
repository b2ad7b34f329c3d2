"""Resamples of dependent days: which blocks stand in them, and sums over those blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mleq.errors import DataError
from mleq.scores.areas import DAYS_AT_ONCE

SHORTEST_MEAN_BLOCK = 60.0  # days; an aftershock sequence of a moderate event mostly fits into it
BLOCKS_IN_SERIES = 8  # a longer series is cut into this many, as clusters are longer than one thinks


def mean_block_days(days: int, window_days: float = 0.0) -> float:
    """Mean length of blocks for a series: an eighth of it, at least 60 days and at least the window.

    An eighth, since clusters of events have no longest duration: with 60-day blocks intervals of clustered days cover
    far less than they state. What was measured stands in docs/scores.md.

    Parameters
    ----------
    days : int
        Length of the series.
    window_days : float, optional
        Days that two neighbouring forecasts share: the window and the horizon.
    """
    return float(max(SHORTEST_MEAN_BLOCK, window_days, days / BLOCKS_IN_SERIES))


@dataclass(frozen=True)
class Blocks:
    """Blocks of consecutive days that make up resamples of a series, wrapping around its end.

    Parameters
    ----------
    days, n_resamples : int
    mean_length : float
        Expected length of a block.
    start, length, resample : numpy.ndarray of int, shape (n_blocks,)
        First day of each block, its length, and the resample it stands in, rising.
    """

    days: int
    n_resamples: int
    mean_length: float
    start: np.ndarray
    length: np.ndarray
    resample: np.ndarray

    @classmethod
    def drawn(cls, days: int, mean_block: float, n_resamples: int, seed) -> Blocks:
        """Blocks of the stationary bootstrap: of geometric lengths, every day alike their first.

        Raises
        ------
        mleq.errors.DataError
            If a number is out of range.

        References
        ----------
        Politis, D. N. and Romano, J. P. (1994). JASA 89, 1303-1313. doi:10.1080/01621459.1994.10476870
        """
        if not (days >= 1 and n_resamples >= 1 and mean_block >= 1):
            raise DataError(
                f"a bootstrap of {n_resamples} resamples of {days} days in blocks of {mean_block}",
                expected="at least one of each",
            )
        rng = np.random.default_rng(seed)
        at_once = max(1, DAYS_AT_ONCE // days)
        began, start = [], []
        for first in range(0, n_resamples, at_once):
            begins = rng.random((min(at_once, n_resamples - first), days)) < 1 / mean_block
            begins[:, 0] = True
            began.append(np.flatnonzero(begins) + first * days)
            start.append(rng.integers(days, size=began[-1].size))
        began = np.concatenate(began)
        length = np.diff(np.append(began, n_resamples * days))
        return cls(days, n_resamples, mean_block, np.concatenate(start), length, began // days)

    def indices(self) -> np.ndarray:
        """The days of each resample, shape (n_resamples, days)."""
        began = np.cumsum(self.length) - self.length
        days = np.repeat(self.start - began, self.length) + np.arange(self.length.sum())
        return (days % self.days).reshape(self.n_resamples, self.days)

    def counts(self) -> np.ndarray:
        """How often each day stands in each resample; shape (days, n_resamples), uint16.

        Days come first, so that sorting days moves whole rows.
        """
        counts = np.empty((self.days, self.n_resamples), dtype=np.uint16)
        at_once = max(1, DAYS_AT_ONCE // self.days)
        for first in range(0, self.n_resamples, at_once):
            last = min(first + at_once, self.n_resamples)
            chunk = slice(*np.searchsorted(self.resample, [first, last]))
            where, start = self.resample[chunk] - first, self.start[chunk]
            end = start + self.length[chunk]
            steps = np.zeros((self.days + 1, last - first), dtype=np.int32)
            np.add.at(steps, (start, where), 1)
            np.add.at(steps, (np.minimum(end, self.days), where), -1)
            round_again = end > self.days
            np.add.at(steps, (np.zeros(round_again.sum(), dtype=int), where[round_again]), 1)
            np.add.at(steps, (end[round_again] - self.days, where[round_again]), -1)
            counts[:, first:last] = np.cumsum(steps[:-1], axis=0)
        return counts

    def sums(self, daily: np.ndarray) -> np.ndarray:
        """Sum of a daily series, shape (days,), over each block; shape (n_blocks,)."""
        total = np.concatenate([[0.0], np.cumsum(np.concatenate([daily, daily]))])
        return total[self.start + self.length] - total[self.start]

    def by_resample(self, block_values: np.ndarray) -> np.ndarray:
        """Sum over the blocks of each resample; shape (n_resamples,)."""
        return np.bincount(self.resample, weights=block_values, minlength=self.n_resamples)


def stationary_indices(n: int, mean_block: float, n_resamples: int, seed) -> np.ndarray:
    """Indices of resamples of the stationary bootstrap, whose blocks have geometric lengths and wrap around.

    Parameters
    ----------
    n : int
        Length of the series.
    mean_block : float
        Mean length of a block, at least 1 (which makes it the ordinary bootstrap).
    n_resamples : int
        How many resamples.
    seed : int or numpy.random.Generator
        The same seed gives the same indices.

    Returns
    -------
    numpy.ndarray, shape (n_resamples, n), int64

    Raises
    ------
    mleq.errors.DataError
        If a number is out of range.

    References
    ----------
    Politis, D. N. and Romano, J. P. (1994). JASA 89, 1303-1313. doi:10.1080/01621459.1994.10476870
    """
    return Blocks.drawn(n, mean_block, n_resamples, seed).indices()


def resample_counts(n: int, mean_block: float, n_resamples: int, seed) -> np.ndarray:
    """How often each day stands in each of the resamples of `stationary_indices`; shape (n, n_resamples), uint16."""
    return Blocks.drawn(n, mean_block, n_resamples, seed).counts()
