"""A continuous record of an experiment, and a table of windows whose signal is not at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Signals:
    """A record of acoustic emission with the time to failure of every sample.

    Attributes
    ----------
    signal : array-like of int16, shape (n,)
        In memory or in a store: slices are read.
    time_to_failure_s : array-like of float, shape (n,)
        Single values are read.
    cycles : pandas.DataFrame
        See `mleq.lab.cycles.CycleFinder.table`.
    sampling_rate_hz : float
    source : str
        For people.
    sha256 : str
        Of what it holds.
    """

    signal: Any
    time_to_failure_s: Any
    cycles: pd.DataFrame
    sampling_rate_hz: float
    source: str
    sha256: str

    @property
    def rows(self) -> int:
        """Number of samples."""
        return len(self.signal)


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Windows of which only features are known.

    Attributes
    ----------
    features : pandas.DataFrame, shape (n, k)
    time_to_failure_s : numpy.ndarray, shape (n,)
    cycles : pandas.DataFrame
        In rows of the table.
    source, sha256 : str
    """

    features: pd.DataFrame
    time_to_failure_s: np.ndarray
    cycles: pd.DataFrame
    source: str
    sha256: str

    @property
    def rows(self) -> int:
        """Number of windows."""
        return len(self.features)


@dataclass(frozen=True, eq=False)
class CountedTimes:
    """Times to failure that follow from the rows of the failures, without an array of them.

    Attributes
    ----------
    failures : numpy.ndarray of int
        The row at which each failure comes, one beyond the last row included.
    sampling_rate_hz : float
    """

    failures: np.ndarray
    sampling_rate_hz: float

    def __getitem__(self, rows) -> np.ndarray:
        """Time to failure in seconds of rows given by an index, a slice or an array."""
        if isinstance(rows, slice):
            rows = np.arange(rows.start or 0, rows.stop, rows.step or 1)
        rows = np.asarray(rows)
        following = self.failures[np.searchsorted(self.failures, rows, side="right")]
        return (following - rows) / self.sampling_rate_hz
