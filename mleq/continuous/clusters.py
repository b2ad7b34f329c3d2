"""Two looks at a record: clusters of all windows, and clusters of what is left when the bulk is set apart."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Any

import numpy as np

from mleq.continuous.mixture import Look, fit_look, mixture
from mleq.continuous.recipe import Mixture
from mleq.errors import DataError

BULK = 0.9
"""The largest clusters that together hold no more than this part of all windows are the bulk."""


@dataclass(frozen=True)
class Partition:
    """Clusters of windows.

    Those of the bulk are named A, B, … and those of the second look a, b, …, each by falling size.

    Attributes
    ----------
    first : Look
        At all windows.
    second : Look or None
        At the windows outside the bulk, by their maxima.
    bulk : int
        How many clusters of `first` are the bulk; all of them where there is no second look.
    """

    first: Look
    second: Look | None
    bulk: int

    @property
    def names(self) -> list[str]:
        """Names of the clusters, in the order of their numbers."""
        rare = [letters(k, string.ascii_lowercase) for k in range(len(self.second))] if self.second else []
        return [letters(k, string.ascii_uppercase) for k in range(self.bulk)] + rare

    def assign(self, first: np.ndarray, largest: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return of each window its cluster's number, the probability of that, and its log-likelihood at first look.

        Parameters
        ----------
        first, largest : numpy.ndarray, shape (n, n_features)
            Features of the first look and of the second.
        """
        cluster, probability, likelihood = self.first.assign(first)
        if self.second is not None:
            rare = cluster >= self.bulk
            again, chance, _ = self.second.assign(largest[rare])
            cluster[rare], probability[rare] = self.bulk + again, probability[rare] * chance
        return cluster, probability, likelihood


def letters(number: int, alphabet: str) -> str:
    """Name a cluster: A … Z, then A1 … Z1, and so on.

    >>> letters(0, "AB"), letters(1, "AB"), letters(2, "AB")
    ('A', 'B', 'A1')
    """
    turn, place = divmod(number, len(alphabet))
    return alphabet[place] + (str(turn) if turn else "")


def fit_partition(first: np.ndarray, largest: np.ndarray, settings: Mixture, seed: int) -> Partition:
    """Fit the first look, and the second where there is enough outside the bulk.

    Parameters
    ----------
    first, largest : numpy.ndarray, shape (n, n_features)
        Features of usable windows for the first look and for the second.
    settings : Mixture
    seed : int

    Returns
    -------
    Partition

    Raises
    ------
    DataError
        If there are too few windows for any mixture.
    """
    look = fit_look(first, settings, seed)
    cluster = look.assign(first)[0]
    share = np.bincount(cluster, minlength=len(look)) / len(cluster)
    order = np.argsort(-share, kind="stable")
    look = reordered(look, order)
    cluster, share = np.argsort(order)[cluster], share[order]
    bulk = max(1, int((np.cumsum(share) <= BULK).sum()))
    if not settings.second_stage or bulk == len(look):
        return Partition(look, None, len(look))
    try:
        second = fit_look(largest[cluster >= bulk], settings, seed, label="looking again")
    except DataError:
        return Partition(look, None, len(look))
    return Partition(look, second, bulk)


def reordered(look: Look, order: np.ndarray) -> Look:
    """Number the components of a look anew."""
    return Look(
        look.centre, look.spread, look.origin, look.axes,
        look.weights[order], look.means[order], look.covariances[order], look.about,
    )  # fmt: skip


def linkage_of(look: Look) -> list[list[float]]:
    """Return the hierarchical view of a look's clusters: a linkage, as scipy.cluster.hierarchy draws it.

    Components are joined by Ward's rule on their means, whitened by the pooled covariance.
    """
    from scipy.cluster.hierarchy import linkage

    if len(look) < 2:
        return []
    pooled = np.einsum("k,kij->ij", look.weights, look.covariances)
    whitened = np.linalg.solve(np.linalg.cholesky(pooled), look.means.T).T
    return linkage(whitened, "ward").tolist()


def medoids(reduced: np.ndarray, cluster: np.ndarray, count: int, most: int = 500) -> dict[int, int]:
    """Return of each cluster the place of the window with the least summed distance to the others.

    Of a cluster with over `most` windows, that many are taken evenly.

    Parameters
    ----------
    reduced : numpy.ndarray, shape (n, n_dimensions)
    cluster : numpy.ndarray of int, shape (n,)
    count : int
        Number of clusters.
    """
    from scipy.spatial.distance import cdist

    found = {}
    for number in range(count):
        places = np.flatnonzero(cluster == number)
        if len(places) > most:
            places = places[np.linspace(0, len(places) - 1, most).astype(int)]
        if len(places):
            found[number] = int(places[cdist(reduced[places], reduced[places]).sum(1).argmin()])
    return found


def sample_curve(
    first: np.ndarray, held_out: np.ndarray, components: int, settings: Mixture, seed: int
) -> list[dict[str, Any]]:
    """Say how many windows are enough: mixtures of growing samples, judged on windows that none has seen.

    Parameters
    ----------
    first : numpy.ndarray, shape (n, n_features)
        The sample, in time order; smaller ones are drawn evenly from it.
    held_out : numpy.ndarray, shape (m, n_features)
    components : int
        Of each mixture.
    settings : Mixture
    seed : int

    Returns
    -------
    list of dict
        By growing size: windows, held_out_log_likelihood (a window), agreement (adjusted mutual information with
        the largest one's clusters, on the held-out windows; null for itself).
    """
    from sklearn.metrics import adjusted_mutual_info_score

    # One set of axes for all, the largest sample's: likelihoods on different axes would not compare.
    axes = fit_look(first, settings.model_copy(update={"components": (1,), "seeds": 2, "epochs": 5}), seed)
    first, held_out = axes.reduce(first), axes.reduce(held_out)
    sizes = [n for n in (100, 300, 1000, 3000, 10_000, 30_000) if 10 * components <= n < len(first)]
    labels, rows = [], []
    for size in [*sizes, len(first)]:
        places = np.sort(np.random.default_rng([seed, size]).choice(len(first), size, replace=False))
        fit = min(
            (mixture(components, settings, seed + k).fit(first[places]) for k in range(2)),
            key=lambda one: -one.lower_bound_,
        )
        cluster, likelihood = fit.predict(held_out), fit.score_samples(held_out)
        rows.append({"windows": int(size), "held_out_log_likelihood": float(likelihood.mean())})
        labels.append(cluster)
    for row, cluster in zip(rows[:-1], labels[:-1], strict=True):
        row["agreement"] = float(adjusted_mutual_info_score(labels[-1], cluster))
    rows[-1]["agreement"] = None
    return rows
