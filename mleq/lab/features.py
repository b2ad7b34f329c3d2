"""Features of windows, twenty numbers each, all windows of a batch at once.

The four that did best in the competition (first place: number of peaks, 20th percentile of the rolling standard
deviation, two mel-frequency cepstral coefficients; Johnson et al. 2021, doi:10.1073/pnas.2011362118) are the first.
Variance, kurtosis and percentiles are those of Rouet-Leduc et al. 2017 (doi:10.1002/2017GL074677).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

FOUR = ("peaks", "rolling_std_q20", "mfcc_4", "mfcc_18")
LOG_VARIANCE = "log_variance"
FEATURES = (
    *FOUR,
    LOG_VARIANCE,
    "log_kurtosis",
    "skewness",
    "log_abs_q50",
    "log_abs_q95",
    "log_abs_q99",
    "log_max",
    "rolling_std_q5",
    "rolling_std_q50",
    "rolling_std_q80",
    "rolling_std_q95",
    "log_mean_abs_difference",
    "mfcc_1",
    "mfcc_2",
    "spectral_centroid",
    "low_band_share",
)
STATISTICS = ("mean", "variance", "std", "max", "min", "skewness", "kurtosis", "q25", "q75")
"""Features by which tables know windows, that a window of samples gives too; kurtosis is without the normal's 3."""

WIDTH = 100
"""Samples of the rolling standard deviation."""

REACH = 5
"""A peak is larger than so many samples on each side."""

COEFFICIENTS, FILTERS, SEGMENT = 20, 40, 1024
PRETENDED_HZ = 22_050.0
"""The mel scale is one of hearing: the record is taken as if it were a sound sampled at this rate."""

TINY = 1e-6


def features_of(windows: np.ndarray, sampling_rate_hz: float) -> pd.DataFrame:
    """Compute the features of some windows.

    Parameters
    ----------
    windows : numpy.ndarray of float32, shape (k, samples)
        Without offset.
    sampling_rate_hz : float

    Returns
    -------
    pandas.DataFrame, shape (k, 20)
        Columns `FEATURES`; logarithms are natural.
    """
    squares = windows * windows
    variance = squares.mean(axis=1, dtype=np.float64)
    safe = np.maximum(variance, TINY)
    magnitude = np.abs(windows)
    middle, high, top = _percentiles(magnitude, (50, 95, 99))
    rolling = np.log(np.maximum(rolling_std(windows, WIDTH), TINY))
    roll5, roll20, roll50, roll80, roll95 = np.percentile(rolling, (5, 20, 50, 80, 95), axis=1)
    power = _power(windows)
    cepstrum = mfcc(power)
    shares = power / np.maximum(power.sum(axis=1, keepdims=True), TINY)
    frequency = np.linspace(0, 0.5, power.shape[1])
    columns = {
        "peaks": count_peaks(windows, REACH),
        "rolling_std_q20": roll20,
        "mfcc_4": cepstrum[:, 4],
        "mfcc_18": cepstrum[:, 18],
        LOG_VARIANCE: np.log(safe),
        "log_kurtosis": np.log(np.maximum((squares**2).mean(axis=1, dtype=np.float64) / safe**2, TINY)),
        "skewness": (squares * windows).mean(axis=1, dtype=np.float64) / safe**1.5,
        "log_abs_q50": np.log(middle + 1),
        "log_abs_q95": np.log(high + 1),
        "log_abs_q99": np.log(top + 1),
        "log_max": np.log(magnitude.max(axis=1) + 1),
        "rolling_std_q5": roll5,
        "rolling_std_q50": roll50,
        "rolling_std_q80": roll80,
        "rolling_std_q95": roll95,
        "log_mean_abs_difference": np.log(np.abs(np.diff(windows, axis=1)).mean(axis=1, dtype=np.float64) + TINY),
        "mfcc_1": cepstrum[:, 1],
        "mfcc_2": cepstrum[:, 2],
        "spectral_centroid": shares @ frequency * sampling_rate_hz,
        "low_band_share": shares[:, frequency < 0.1].sum(axis=1),
    }
    return pd.DataFrame(columns)[list(FEATURES)].astype(float)


def rolling_std(windows: np.ndarray, width: int) -> np.ndarray:
    """Standard deviations over `width` samples, one every half width; shape (k, about 2 samples / width)."""
    half = max(1, width // 2)
    whole = windows.shape[1] // half * half
    blocks = windows[:, :whole].reshape(len(windows), -1, half)
    sums, squares = blocks.sum(axis=2, dtype=np.float64), np.einsum("kbi,kbi->kb", blocks, blocks, dtype=np.float64)
    mean = (sums[:, 1:] + sums[:, :-1]) / (2 * half)
    return np.sqrt(np.maximum((squares[:, 1:] + squares[:, :-1]) / (2 * half) - mean**2, 0))


def count_peaks(windows: np.ndarray, reach: int) -> np.ndarray:
    """How many samples are larger than `reach` others on each side; shape (k,).

    As `number_peaks` of tsfresh (Christ et al. 2018, doi:10.1016/j.neucom.2018.03.067).
    """
    inside = windows[:, reach:-reach]
    peak = np.ones(inside.shape, dtype=bool)
    for shift in range(1, reach + 1):
        peak &= inside > windows[:, reach - shift : -reach - shift]
        peak &= inside > windows[:, reach + shift : windows.shape[1] - reach + shift]
    return peak.sum(axis=1).astype(float)


def _percentiles(values: np.ndarray, percents: tuple[int, ...]) -> list[np.ndarray]:
    """Percentiles without interpolation, by partial sorting."""
    places = [int((values.shape[1] - 1) * percent / 100) for percent in percents]
    ordered = np.partition(values, places, axis=1)
    return [ordered[:, place].astype(float) for place in places]


def _power(windows: np.ndarray) -> np.ndarray:
    """Mean power spectrum over segments with a Hann window; shape (k, n_frequencies)."""
    from scipy.fft import rfft

    size = min(SEGMENT, windows.shape[1])
    whole = windows.shape[1] // size * size
    segments = windows[:, :whole].reshape(len(windows), -1, size) * np.hanning(size).astype(np.float32)
    spectrum = rfft(segments, axis=2)
    return (spectrum.real**2 + spectrum.imag**2).mean(axis=1, dtype=np.float64)


def mfcc(power: np.ndarray) -> np.ndarray:
    """Mel-frequency cepstral coefficients of power spectra.

    Parameters
    ----------
    power : numpy.ndarray, shape (k, n_frequencies)

    Returns
    -------
    numpy.ndarray, shape (k, 20)
        The orthonormal cosine transform (type II) of the logarithms (dB) of the power in 40 triangular bands, evenly
        spaced in mel, m = 2595 log10(1 + f / 700).

    References
    ----------
    Davis, S. and Mermelstein, P. (1980). IEEE Trans. ASSP 28, 357-366. doi:10.1109/TASSP.1980.1163420
    """
    from scipy.fft import dct

    bands = power @ _mel_filters(power.shape[1]).T
    return dct(10 * np.log10(np.maximum(bands, 1e-10)), type=2, norm="ortho", axis=1)[:, :COEFFICIENTS]


@cache
def _mel_filters(n_frequencies: int) -> np.ndarray:
    """Triangular filters of unit area, shape (FILTERS, n_frequencies)."""
    frequency = np.linspace(0, PRETENDED_HZ / 2, n_frequencies)
    mel = np.linspace(0, 2595 * np.log10(1 + PRETENDED_HZ / 2 / 700), FILTERS + 2)
    corner = 700 * (10 ** (mel / 2595) - 1)
    lower, centre, upper = corner[:-2, None], corner[1:-1, None], corner[2:, None]
    rising = (frequency - lower) / (centre - lower)
    falling = (upper - frequency) / (upper - centre)
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (upper - lower)


def statistics_of(windows: np.ndarray) -> pd.DataFrame:
    """Compute the plain statistics of some windows.

    Parameters
    ----------
    windows : numpy.ndarray, shape (k, samples)
        As recorded, offset included.

    Returns
    -------
    pandas.DataFrame, shape (k, 9)
        Columns `STATISTICS`.
    """
    windows = windows.astype(np.float64)
    mean = windows.mean(axis=1)
    centred = windows - mean[:, None]
    variance = windows.var(axis=1, ddof=1)
    safe = np.maximum((centred**2).mean(axis=1), TINY)
    q25, q75 = np.quantile(windows, (0.25, 0.75), axis=1)
    columns = {
        "mean": mean,
        "variance": variance,
        "std": np.sqrt(variance),
        "max": windows.max(axis=1),
        "min": windows.min(axis=1),
        "skewness": (centred**3).mean(axis=1) / safe**1.5,
        "kurtosis": (centred**4).mean(axis=1) / safe**2 - 3,
        "q25": q25,
        "q75": q75,
    }
    return pd.DataFrame(columns)


def prepared(table: pd.DataFrame, remove_offset: bool) -> pd.DataFrame:
    """Make the features of a table fit for use: without the instrument's offset, and with the log variance.

    Parameters
    ----------
    table : pandas.DataFrame
        Named as `STATISTICS` where they are such; other names stay as they are.
    remove_offset : bool
        Whether to state levels relative to the mean, and leave out the mean, which drifts with the instrument.
    """
    table = table.astype(float)
    if remove_offset and "mean" in table:
        levels = [name for name in ("max", "min", "q25", "q75") if name in table]
        table[levels] = table[levels].sub(table["mean"], axis=0)
        table = table.drop(columns="mean")
    spread = table["std"] ** 2 if "std" in table else table.get("variance")
    if spread is not None:
        table.insert(0, LOG_VARIANCE, np.log(np.maximum(spread, TINY)))
        table = table.drop(columns=[name for name in ("std", "variance") if name in table])
    return table
