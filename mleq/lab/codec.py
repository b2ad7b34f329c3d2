"""The time to failure as bins, and back: a network that says how likely each bin is gives a whole distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class BinCodec:
    """Bins of the time to failure.

    Attributes
    ----------
    edges : numpy.ndarray, shape (bins + 1,)
        Seconds, rising.
    """

    edges: np.ndarray

    @classmethod
    def fit(cls, times: np.ndarray, bins: int, kind: str) -> BinCodec:
        """Choose the edges by the training part: of equal weight ("quantile") or of equal width ("uniform").

        Parameters
        ----------
        times : numpy.ndarray, shape (n,)
            Times to failure of the training part, seconds.
        bins : int
        kind : str
        """
        times = np.asarray(times, dtype=float)
        highest = max(float(times.max()), 1e-6)
        edges = np.linspace(0, highest, bins + 1)
        if kind == "quantile":
            edges = np.quantile(times, np.linspace(0, 1, bins + 1))
            edges[0] = 0.0
            # Equal times would make bins of no width, in which nothing can fall.
            edges = np.maximum.accumulate(edges + highest * 1e-9 * np.arange(bins + 1))
        return cls(edges)

    @property
    def bins(self) -> int:
        """Number of bins."""
        return len(self.edges) - 1

    def encode(self, times: np.ndarray) -> np.ndarray:
        """Return the bin of each time, int64; times beyond the last edge belong to the last bin."""
        return np.clip(np.searchsorted(self.edges, times, side="right") - 1, 0, self.bins - 1)

    def quantile(self, probabilities: np.ndarray, level: float) -> np.ndarray:
        """Time below which lies a share of each distribution, even within bins.

        Parameters
        ----------
        probabilities : numpy.ndarray, shape (k, bins)
        level : float
            Between 0 and 1.

        Returns
        -------
        numpy.ndarray, shape (k,)
            Seconds.
        """
        probabilities = np.asarray(probabilities, dtype=float)
        below = np.cumsum(probabilities, axis=1) / probabilities.sum(axis=1, keepdims=True)
        place = np.minimum((below < level).sum(axis=1), self.bins - 1)
        row = np.arange(len(below))
        before = np.where(place > 0, below[row, place - 1], 0.0)
        share = (level - before) / np.maximum(below[row, place] - before, 1e-12)
        width = np.diff(self.edges)[place]
        return self.edges[place] + np.clip(share, 0, 1) * width

    def median(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the posterior median: of all answers that with the smallest expected absolute error.

        References
        ----------
        Gneiting, T. (2011). JASA 106, 746-762. doi:10.1198/jasa.2011.r10138
        """
        return self.quantile(probabilities, 0.5)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"edges_s": [float(edge) for edge in self.edges]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> BinCodec:
        """Make it again from `to_dict`."""
        return cls(np.array(values["edges_s"], dtype=float))
