"""Scores of clusters against known kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mleq.errors import DataError


def _pair(truth, found) -> tuple[np.ndarray, np.ndarray]:
    truth, found = np.asarray(truth), np.asarray(found)
    if truth.ndim != 1 or truth.shape != found.shape:
        raise DataError(
            f"kinds of shape {truth.shape} and clusters of shape {found.shape}", expected="a value a window"
        )
    if not truth.size:
        raise DataError("no window to score", expected="at least one")
    return truth, found


def adjusted_rand_index(truth, found) -> float:
    """Return the agreement of two partitions over pairs, corrected for chance: 1 is the same one, 0 what chance gives.

    Parameters
    ----------
    truth, found : array_like, shape (n,)
        Labels of any type.

    References
    ----------
    Hubert, L. and Arabie, P. (1985). Comparing partitions. J. Classification 2, 193-218. doi:10.1007/BF01908075
    """
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(*_pair(truth, found)))


def adjusted_mutual_information(truth, found) -> float:
    """Return the mutual information of two partitions, corrected for chance and over the mean of their entropies.

    Parameters
    ----------
    truth, found : array_like, shape (n,)

    References
    ----------
    Vinh, N. X., Epps, J. and Bailey, J. (2010). Information theoretic measures for clusterings comparison. J. Mach.
    Learn. Res. 11, 2837-2854. https://jmlr.org/papers/v11/vinh10a.html
    """
    from sklearn.metrics import adjusted_mutual_info_score

    return float(adjusted_mutual_info_score(*_pair(truth, found)))


def best_cluster_f1(truth, found) -> tuple[float, object]:
    """Return how well one kind is isolated: the largest F1 of any cluster, and that cluster.

    Parameters
    ----------
    truth : array_like of bool, shape (n,)
        Whether a window is of the kind.
    found : array_like, shape (n,)

    Returns
    -------
    float
        2 hits / (windows of the kind + windows of the cluster); NaN where no window is of the kind.
    object
        The cluster; None where there is no window of the kind.
    """
    truth, found = _pair(truth, found)
    truth = truth.astype(bool)
    if not truth.any():
        return float("nan"), None
    clusters, number = np.unique(found, return_inverse=True)
    sizes = np.bincount(number)
    hits = np.bincount(number, weights=truth)
    f1 = 2 * hits / (sizes + truth.sum())
    best = int(f1.argmax())
    return float(f1[best]), clusters.tolist()[best]


def paired_intervals(
    score: Callable[[np.ndarray, np.ndarray], float],
    truth,
    methods: Mapping[str, np.ndarray],
    blocks,
    *,
    resamples: int = 200,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Score all methods on the same resamples of whole blocks of windows.

    Neighbouring windows hold the same tremor and the same wind: blocks (hours, say) are drawn, not windows.

    Parameters
    ----------
    score : callable
        (truth, found) -> float.
    truth : array_like, shape (n,)
    methods : mapping of str to array_like, shape (n,)
    blocks : array_like of int, shape (n,)
        The block of each window.
    resamples : int
    seed : int

    Returns
    -------
    dict of str to numpy.ndarray, shape (resamples,)
        The score of each method in each resample; their differences are paired.
    """
    truth = np.asarray(truth)
    _, number = np.unique(np.asarray(blocks), return_inverse=True)
    members = np.split(np.argsort(number, kind="stable"), np.cumsum(np.bincount(number))[:-1])
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(resamples):
        places = np.concatenate([members[k] for k in rng.integers(len(members), size=len(members))])
        for name, labels in methods.items():
            found[name].append(score(truth[places], np.asarray(labels)[places]))
    return {name: np.array(values) for name, values in found.items()}
