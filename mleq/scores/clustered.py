"""Intervals where samples come in clusters, such as the traces of one event: whole clusters are drawn again."""

from __future__ import annotations

import numpy as np

from mleq.errors import DataError

FEWEST_CLUSTERS = 20
"""With fewer, no interval is given."""


class ClusterBootstrap:
    """Percentile intervals of means and medians by drawing clusters with replacement; the same draws for all.

    Parameters
    ----------
    clusters : array_like, shape (n,)
        The cluster (event) of each sample.
    n_resamples : int, optional
    seed : int, optional
        The same seed gives the same intervals.
    level : float, optional
        Of the intervals.

    References
    ----------
    Davison, A. C. and Hinkley, D. V. (1997). Bootstrap Methods and their Application, section 3.8.
    doi:10.1017/CBO9780511802843
    """

    def __init__(self, clusters, *, n_resamples: int = 1000, seed: int = 0, level: float = 0.95):
        clusters = np.asarray(clusters)
        if clusters.ndim != 1 or clusters.size == 0:
            raise DataError(f"clusters of shape {clusters.shape}", expected="one dimension, a cluster a sample")
        if not (0 < level < 1 and n_resamples >= 2):
            raise DataError(
                f"{n_resamples} resamples at level {level}", expected="at least 2, and a level between 0 and 1"
            )
        self.level, self.size = level, clusters.size
        _, self._cluster = np.unique(clusters, return_inverse=True)
        self.n_clusters = int(self._cluster.max()) + 1
        rng = np.random.default_rng(seed)
        even = np.full(self.n_clusters, 1 / self.n_clusters)
        self._counts = rng.multinomial(self.n_clusters, even, size=n_resamples).astype(np.uint16)

    def mean(self, values, chosen=None) -> dict[str, float | str | None]:
        """Mean of values, shape (n,), with its interval; of the chosen samples alone where a mask is given."""
        values, chosen = self._checked(values, chosen)
        if not chosen.any():
            return self._without("no sample")
        place = self._cluster[chosen]
        sums = np.bincount(place, weights=values[chosen], minlength=self.n_clusters)
        sizes = np.bincount(place, minlength=self.n_clusters).astype(float)
        totals = self._counts @ sizes
        with np.errstate(invalid="ignore", divide="ignore"):
            resampled = (self._counts @ sums) / totals
        return self._interval(float(values[chosen].mean()), resampled, np.unique(place).size)

    def median(self, values, chosen=None) -> dict[str, float | str | None]:
        """Median of values, shape (n,), with its interval; lower of the two middle values within resamples."""
        values, chosen = self._checked(values, chosen)
        if not chosen.any():
            return self._without("no sample")
        order = np.flatnonzero(chosen)[np.argsort(values[chosen], kind="stable")]
        place, ordered = self._cluster[order], values[order]
        resampled = np.full(len(self._counts), np.nan)
        for i, counts in enumerate(self._counts):
            up_to = np.cumsum(counts[place], dtype=np.int64)
            if up_to[-1]:
                resampled[i] = ordered[np.searchsorted(up_to, (up_to[-1] + 1) // 2)]
        return self._interval(float(np.median(values[chosen])), resampled, np.unique(place).size)

    def _checked(self, values, chosen) -> tuple[np.ndarray, np.ndarray]:
        values = np.asarray(values, dtype=float)
        chosen = np.ones(self.size, bool) if chosen is None else np.asarray(chosen, bool)
        if values.shape != (self.size,) or chosen.shape != (self.size,):
            raise DataError(f"values of shape {values.shape}", expected=f"one for each of {self.size} samples")
        if not np.isfinite(values[chosen]).all():
            raise DataError("values that are no numbers", expected="finite ones")
        return values, chosen

    def _interval(self, value: float, resampled: np.ndarray, clusters: int) -> dict[str, float | str | None]:
        if clusters < FEWEST_CLUSTERS:
            return self._without(f"{clusters} events are fewer than {FEWEST_CLUSTERS}", value)
        low, high = np.nanquantile(resampled, [(1 - self.level) / 2, (1 + self.level) / 2])
        return {"value": value, "low": float(low), "high": float(high)}

    @staticmethod
    def _without(reason: str, value: float | None = None) -> dict[str, float | str | None]:
        return {"value": value, "low": None, "high": None, "reason": reason}
