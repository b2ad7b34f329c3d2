"""Frequency-magnitude distributions: completeness magnitude and b-value from counts per magnitude bin.

Everything works on counts of shape (..., n_bins), so that bootstrap resamples of a catalogue are one more axis and
cost no loop. Magnitudes that were rounded to a tenth fall into bins centred on tenths, and a completeness magnitude
is the centre of the first complete bin. Magnitudes that were not rounded fall into bins that begin at tenths, and a
completeness magnitude is where the first complete bin begins.

References
----------
Aki, K. (1965). Bull. Earthq. Res. Inst. 43, 237-239.
Utsu, T. (1966). J. Fac. Sci. Hokkaido Univ. Ser. VII 2, 359-374 (half a bin below Mc).
Shi, Y. and Bolt, B. A. (1982). Bull. Seismol. Soc. Am. 72, 1677-1687. doi:10.1785/BSSA0720051677
Wiemer, S. and Wyss, M. (2000). Bull. Seismol. Soc. Am. 90, 859-869. doi:10.1785/0119990114
Cao, A. and Gao, S. S. (2002). Geophys. Res. Lett. 29(9), 1359. doi:10.1029/2001GL013775
Woessner, J. and Wiemer, S. (2005). Bull. Seismol. Soc. Am. 95, 684-698. doi:10.1785/0120040007
van der Elst, N. J. (2021). J. Geophys. Res. 126, e2020JB021027. doi:10.1029/2020JB021027
Tinti, S. and Mulargia, F. (1987). Bull. Seismol. Soc. Am. 77, 2125-2134. doi:10.1785/BSSA0770062125
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

WIDTH = 0.1
"""Width of a magnitude bin: most of the world's magnitudes are given to one decimal."""
CORRECTION = 0.2
"""Added to the maximum curvature, which comes out too low (Woessner and Wiemer 2005)."""
FIT = 90.0
"""Per cent of the cumulative distribution that a power law must explain (Wiemer and Wyss 2000)."""
ENOUGH = 50
"""Events at and above a cut-off, below which its b-value is not used."""
PLATEAU = 5
"""Bins (0.5 magnitudes) over which the b-value has to be stable."""


@dataclass(frozen=True)
class Distribution:
    """Counts per magnitude bin.

    Parameters
    ----------
    magnitudes : numpy.ndarray
        The tenths that name the bins, shape (n_bins,): their centres, or where they begin if not `rounded`.
    counts : numpy.ndarray
        Events per bin, shape (..., n_bins).
    width : float
        Width of a bin.
    rounded : bool
        Whether magnitudes were rounded to the width.
    """

    magnitudes: np.ndarray
    counts: np.ndarray
    width: float = WIDTH
    rounded: bool = True

    @property
    def edges(self) -> np.ndarray:
        """Where each bin begins, shape (n_bins,)."""
        return self.magnitudes - self.width / 2 if self.rounded else self.magnitudes

    @property
    def centres(self) -> np.ndarray:
        """The middle of each bin, shape (n_bins,)."""
        return self.edges + self.width / 2

    @classmethod
    def of(cls, magnitudes: np.ndarray, width: float = WIDTH) -> Distribution:
        """Count magnitudes, shape (n_events,), in bins; a magnitude half-way between two centres goes up."""
        magnitudes = np.asarray(magnitudes, dtype=float)
        magnitudes = magnitudes[np.isfinite(magnitudes)]
        if not len(magnitudes):
            return cls(np.zeros(0), np.zeros(0), width)
        tenths = magnitudes / width
        # Of magnitudes that were not rounded about one in fifty comes as near to a tenth as this by chance.
        rounded = bool(np.mean(np.abs(tenths - np.round(tenths)) < 0.01) > 0.3)
        numbers = np.floor(tenths + (0.5 if rounded else 0.0) + 1e-6).astype(int)
        first = numbers.min()
        counts = np.bincount(numbers - first).astype(float)
        return cls(np.round((first + np.arange(len(counts))) * width, 6), counts, width, rounded)

    def resampled(self, rng: np.random.Generator, n: int) -> Distribution:
        """Draw `n` catalogues of the same size with replacement: counts of shape (n, n_bins)."""
        total = int(self.counts.sum())
        return replace(self, counts=rng.multinomial(total, self.counts / total, n).astype(float))

    def at(self, magnitude: float) -> int:
        """Which bin a tenth names."""
        return int(np.argmin(np.abs(self.magnitudes - magnitude)))


def _above(values: np.ndarray) -> np.ndarray:
    """Sums over each bin and all above it, shape (..., n_bins)."""
    return np.cumsum(values[..., ::-1], axis=-1)[..., ::-1]


def b_values(distribution: Distribution) -> tuple[np.ndarray, np.ndarray]:
    """b-value of the events at and above each bin, and its standard deviation.

    b = log10(1 + width / (mean - Mc)) / width, the maximum-likelihood estimate for magnitudes in bins (Tinti and
    Mulargia 1987). It is log10(e) / (mean - (Mc - width / 2)) (Aki 1965, with the half bin of Utsu 1966) but for
    terms of the second order in the width, which make up a hundredth at b = 1.5.
    sigma = ln(10) b^2 sqrt(sum (m - mean)^2 / (n (n - 1))) (Shi and Bolt 1982).

    Returns
    -------
    tuple of numpy.ndarray
        b and sigma, each of shape (..., n_bins); NaN where fewer than two events are left.
    """
    counts, centres = distribution.counts, distribution.centres
    number = _above(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _above(counts * centres) / number
        # Shifted before squaring, since the difference of two large sums would lose what matters.
        shift = centres - centres[:1]
        spread = _above(counts * shift**2) - number * (mean - centres[:1]) ** 2
        b = np.log10(1 + distribution.width / (mean - centres)) / distribution.width
        sigma = math.log(10) * b**2 * np.sqrt(np.maximum(spread, 0) / (number * (number - 1)))
    few = (number < 2) | ~np.isfinite(b)  # infinite where all are in one bin
    return np.where(few, np.nan, b), np.where(few, np.nan, sigma)


def maximum_curvature(distribution: Distribution) -> np.ndarray:
    """Completeness magnitude as the fullest bin, plus 0.2; shape (...,), NaN without events.

    Wiemer and Wyss (2000), with the correction of Woessner and Wiemer (2005).
    """
    counts = distribution.counts
    if not counts.shape[-1]:
        return np.full(counts.shape[:-1], np.nan)
    return np.round(distribution.magnitudes[np.argmax(counts, axis=-1)] + CORRECTION, 6)


def goodness_of_fit(distribution: Distribution, fit: float = FIT) -> np.ndarray:
    """Completeness magnitude as the first cut-off from which a power law explains `fit` per cent.

    R = 100 (1 - sum |B_i - S_i| / sum B_i), over the bins at and above the cut-off, where B is the cumulative number
    observed and S the one that the b-value and the number at the cut-off foretell (Wiemer and Wyss 2000).

    Returns
    -------
    numpy.ndarray
        Shape (...,); NaN where no cut-off with enough events fits so well.
    """
    return _first(distribution, residual_fit(distribution) >= fit)


def residual_fit(distribution: Distribution) -> np.ndarray:
    """Per cent of the cumulative distribution that a power law explains from each cut-off on, shape (..., n_bins)."""
    centres, number = distribution.centres, _above(distribution.counts)
    b, _ = b_values(distribution)
    distance = centres[None, :] - centres[:, None]
    above = distance >= -1e-9
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        expected = number[..., :, None] * 10.0 ** (-b[..., :, None] * np.where(above, distance, 0))
        misfit = np.abs(number[..., None, :] - expected) * above
        return 100 * (1 - misfit.sum(axis=-1) / (number[..., None, :] * above).sum(axis=-1))


def b_stability(distribution: Distribution) -> np.ndarray:
    """Completeness magnitude as the first cut-off from which the b-value stays the same.

    Cao and Gao (2002), with the criterion of Woessner and Wiemer (2005): b differs from its mean over the next half
    magnitude by no more than its Shi and Bolt (1982) uncertainty.

    Returns
    -------
    numpy.ndarray
        Shape (...,); NaN where no cut-off with enough events is stable.
    """
    b, sigma = b_values(distribution)
    n_bins = b.shape[-1]
    if n_bins < PLATEAU + 1:
        return np.full(b.shape[:-1], np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(b, PLATEAU, axis=-1)
    mean = np.full_like(b, np.nan)
    mean[..., : windows.shape[-2]] = windows.mean(axis=-1)
    few = _above(distribution.counts) < ENOUGH
    reach = np.minimum(np.arange(n_bins) + PLATEAU - 1, n_bins - 1)
    with np.errstate(invalid="ignore"):
        stable = (np.abs(mean - b) <= sigma) & ~few[..., reach]
    return _first(distribution, stable)


def _first(distribution: Distribution, holds: np.ndarray) -> np.ndarray:
    """Name of the first bin with enough events for which something holds, shape (...,)."""
    if not holds.shape[-1]:
        return np.full(holds.shape[:-1], np.nan)
    usable = holds & (_above(distribution.counts) >= ENOUGH)
    # Below the fullest bin the catalogue is plainly incomplete, whatever a small sample may seem to fit.
    usable &= np.arange(holds.shape[-1]) >= np.argmax(distribution.counts, axis=-1)[..., None]
    first = np.argmax(usable, axis=-1)
    return np.where(usable.any(axis=-1), distribution.magnitudes[first], np.nan)


ESTIMATORS = {
    "maximum_curvature": maximum_curvature,
    "goodness_of_fit": goodness_of_fit,
    "b_stability": b_stability,
}


def b_value(magnitudes: np.ndarray, completeness_magnitude: float, width: float = WIDTH) -> tuple[float, float]:
    """b-value of the events from a completeness magnitude on, and its standard deviation; see `b_values`.

    Parameters
    ----------
    magnitudes : numpy.ndarray
        Shape (n_events,).
    completeness_magnitude : float
        Centre of the first complete bin.
    width : float, optional
        To how much magnitudes are rounded; 0 for continuous ones, which gives Aki's (1965) estimate.

    Returns
    -------
    tuple of float
        NaN where fewer than two events are left.
    """
    above = magnitudes[magnitudes >= completeness_magnitude - width / 2 - 1e-6]
    excess = above.mean() - completeness_magnitude if len(above) > 1 else 0.0
    if not excess > 0:
        return math.nan, math.nan
    b = math.log10(1 + width / excess) / width if width else math.log10(math.e) / excess
    return b, math.log(10) * b**2 * float(np.std(above, ddof=1)) / math.sqrt(len(above))


def b_positive(magnitudes: np.ndarray, difference_min: float = 2 * WIDTH, width: float = WIDTH) -> tuple[float, float]:
    """b-value from the positive differences of successive magnitudes, which incompleteness hardly touches.

    Van der Elst (2021), with the estimator for values in bins of Tinti and Mulargia (1987):
    b = log10(1 + width / (mean - difference_min)) / width.

    Parameters
    ----------
    magnitudes : numpy.ndarray
        In order of time, shape (n_events,).
    difference_min : float, optional
        Smallest difference used.
    width : float, optional
        To how much magnitudes are rounded.

    Returns
    -------
    tuple of float
        b and its standard deviation (Shi and Bolt 1982, of the differences); NaN for fewer than two differences.
    """
    steps = np.diff(np.floor(np.asarray(magnitudes) / width + 0.5 + 1e-6)) * width
    steps = steps[steps >= difference_min - width / 2]
    excess = steps.mean() - difference_min if len(steps) > 1 else 0.0
    if excess <= 0:
        return math.nan, math.nan
    b = math.log10(1 + width / excess) / width
    return b, math.log(10) * b**2 * float(np.std(steps, ddof=1)) / math.sqrt(len(steps))
