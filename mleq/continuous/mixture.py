"""A Gaussian mixture on reduced features: robust scaling, PCA or FastICA, the number of components by BIC."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mleq import progress
from mleq.continuous.recipe import Mixture
from mleq.errors import DataError

CLIP = 10.0
"""Scaled features beyond are brought back: a window may be strange, but must not rule the axes."""

LEAST_VARIANCE = 1e-3
"""Added to the variances of components, in units of the whitened axes."""


@dataclass(frozen=True)
class Look:
    """A fitted mixture; clusters are numbered by falling size.

    Attributes
    ----------
    centre, spread : numpy.ndarray, shape (n_features,)
        Median and interquartile range.
    origin : numpy.ndarray, shape (n_features,)
    axes : numpy.ndarray, shape (n_features, n_dimensions)
        What reduces scaled features.
    weights, means, covariances : numpy.ndarray
        Shapes (k,), (k, d), (k, d, d).
    about : dict
        bic (by number of components), stability, seed, log_likelihood (of the lower bound, step by step).
    """

    centre: np.ndarray
    spread: np.ndarray
    origin: np.ndarray
    axes: np.ndarray
    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    about: dict[str, Any] = field(default_factory=dict)

    ARRAYS = ("centre", "spread", "origin", "axes", "weights", "means", "covariances")

    def __len__(self) -> int:
        return len(self.weights)

    def reduce(self, features: np.ndarray) -> np.ndarray:
        """Return features on the mixture's axes, shape (n, n_dimensions)."""
        return (_scaled(features, self.centre, self.spread) - self.origin) @ self.axes

    def log_densities(self, features: np.ndarray) -> np.ndarray:
        """Return the logarithm of weight times density of each component, shape (n, k)."""
        reduced = self.reduce(features)
        found = np.empty((len(reduced), len(self)))
        for k, (weight, mean, covariance) in enumerate(zip(self.weights, self.means, self.covariances, strict=True)):
            lower = np.linalg.cholesky(covariance)
            distance = np.linalg.solve(lower, (reduced - mean).T)
            volume = np.log(np.diag(lower)).sum() + 0.5 * len(mean) * np.log(2 * np.pi)
            found[:, k] = np.log(weight) - volume - 0.5 * (distance**2).sum(0)
        return found

    def assign(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return for each window its cluster, the probability of that, and the log-likelihood; each shape (n,)."""
        if not len(features):
            return np.zeros(0, int), np.zeros(0), np.zeros(0)
        densities = self.log_densities(features)
        best = densities.argmax(1)
        top = densities.max(1)
        total = top + np.log(np.exp(densities - top[:, None]).sum(1))
        return best, np.exp(top - total), total


def _scaled(features: np.ndarray, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    return np.clip((features - centre) / spread, -CLIP, CLIP)


def fit_look(features: np.ndarray, settings: Mixture, seed: int, *, label: str = "fitting mixtures") -> Look:
    """Fit mixtures with every number of components asked for and keep the one with the lowest BIC.

    Parameters
    ----------
    features : numpy.ndarray, shape (n, n_features)
        Of usable windows.
    settings : Mixture
    seed : int

    Returns
    -------
    Look

    Raises
    ------
    DataError
        If there are too few windows for the smallest mixture: fewer than ten for each component.

    References
    ----------
    Schwarz, G. (1978). Estimating the dimension of a model. Ann. Statist. 6, 461-464. doi:10.1214/aos/1176344136
    """
    from sklearn.metrics import adjusted_rand_score

    n = len(features)
    numbers = [k for k in sorted(set(settings.components)) if n >= 10 * k]
    dimensions = min(settings.dimensions, features.shape[1], max(1, n // 10))
    if not numbers:
        raise DataError(
            f"{n} usable windows for a mixture of {min(settings.components)} components",
            expected="at least 10 for each component",
            remedy="give more record, shorter windows (windows.window_s), or smaller numbers in model.components",
        )
    centre = np.median(features, axis=0)
    spread = np.subtract(*np.percentile(features, [75, 25], axis=0))
    spread = np.where(spread > 1e-6, spread, 1.0)
    scaled = _scaled(features, centre, spread)
    origin, axes = _axes(scaled, settings.reduction, dimensions, seed)
    reduced = (scaled - origin) @ axes
    fits: dict[int, list[Any]] = {}
    with progress.task(label, total=len(numbers) * settings.seeds, unit="mixtures") as task:
        for k in numbers:
            fits[k] = []
            for number in range(settings.seeds):
                fits[k].append(mixture(k, settings, seed + number).fit(reduced))
                task.advance(note=f"{k} components")
    bic = {k: min(fit.bic(reduced) for fit in some) for k, some in fits.items()}
    chosen = fits[min(bic, key=bic.get)]
    labels = [fit.predict(reduced) for fit in chosen]
    pairs = list(itertools.combinations(labels, 2))
    best = min(chosen, key=lambda fit: fit.bic(reduced))
    order = np.argsort(-np.bincount(best.predict(reduced), minlength=best.n_components), kind="stable")
    return Look(
        centre, spread, origin, axes, best.weights_[order], best.means_[order], _full(best, dimensions)[order],
        {
            "components": len(order),
            "bic": {str(k): float(value) for k, value in bic.items()},
            "stability": float(np.mean([adjusted_rand_score(*pair) for pair in pairs])),
            "steps": [float(value) for value in getattr(best, "lower_bounds_", [best.lower_bound_])],
            "converged": bool(best.converged_),
            "windows": n,
        },
    )  # fmt: skip


def mixture(components: int, settings: Mixture, seed: int) -> Any:
    """Return an untrained scikit-learn mixture."""
    from sklearn.mixture import GaussianMixture

    return GaussianMixture(
        components,
        covariance_type=settings.covariance,
        reg_covar=LEAST_VARIANCE,
        max_iter=settings.epochs,
        random_state=seed % 2**32,
    )


def _axes(scaled: np.ndarray, reduction: str, dimensions: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return origin and axes of the reduction, to unit variance."""
    if reduction == "ica":
        from sklearn.decomposition import FastICA

        ica = FastICA(dimensions, whiten="unit-variance", random_state=seed, max_iter=1000).fit(scaled)
        return ica.mean_, ica.components_.T
    from sklearn.decomposition import PCA

    pca = PCA(dimensions, svd_solver="full" if scaled.shape[1] < 500 else "randomized", random_state=seed).fit(scaled)
    return pca.mean_, pca.components_.T / np.sqrt(np.maximum(pca.explained_variance_, 1e-12))


def _full(fit: Any, dimensions: int) -> np.ndarray:
    """Covariances of any kind as full matrices, shape (k, d, d)."""
    k, kind, found = fit.n_components, fit.covariance_type, fit.covariances_
    if kind == "full":
        return found
    if kind == "tied":
        return np.repeat(found[None], k, axis=0)
    variances = found if kind == "diag" else np.repeat(found[:, None], dimensions, axis=1)
    return np.stack([np.diag(row) for row in variances])
