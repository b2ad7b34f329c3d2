"""What a network is given: the wave, its differences and sums, rolling statistics, spectrograms; scaled by training.

Scales come from windows of the training part alone, and no window is scaled by itself: that would delete the
amplitude, which is what tells of the failure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

FITTED_ON = 256
"""Windows of the training part, evenly spread, from which scales are estimated."""

QUIET = 1e-3
CACHE_BYTES = 1e9


def shape_of(settings, samples: int) -> tuple[int, ...]:
    """Shape of an input for windows of so many samples."""
    if settings.kind == "rolling":
        return (samples // settings.every, len(settings.widths) * len(settings.statistics))
    if settings.kind == "spectrogram":
        return (settings.frames, settings.bands, 1)
    return (samples, 1)


def shapes(recipe) -> dict[str, tuple[int, ...]]:
    """Shapes of the inputs of a recipe's network by name."""
    return {name: shape_of(one, recipe.windows.samples) for name, one in recipe.inputs.items()}


def plain(settings, windows: np.ndarray, sampling_rate_hz: float) -> np.ndarray:
    """Compute an input without its scale.

    Parameters
    ----------
    settings : WaveInput, RollingInput or SpectrogramInput
    windows : numpy.ndarray of float32, shape (k, samples)
        Without offset.
    sampling_rate_hz : float

    Returns
    -------
    numpy.ndarray of float32, shape (k, *shape_of(settings, samples))
    """
    if settings.kind == "rolling":
        return rolling(settings, windows)
    if settings.kind == "spectrogram":
        return spectrogram(settings, windows, sampling_rate_hz)
    if settings.kind == "difference":
        windows = np.diff(windows, axis=1, prepend=windows[:, :1])
    elif settings.kind == "cumulative_sum":
        # Along time, within each window: along the batch it would mix windows that have nothing to do with each other.
        windows = np.cumsum(windows, axis=1, dtype=np.float32)
    return windows[:, :, np.newaxis]


def rolling(settings, windows: np.ndarray) -> np.ndarray:
    """Rolling statistics that look back; std and max as natural logarithms; shape (k, samples // every, channels)."""
    k, every = len(windows), settings.every
    whole = windows.shape[1] // every * every
    blocks = windows[:, -whole:].reshape(k, -1, every)
    sums, squares = blocks.sum(axis=2, dtype=np.float64), np.einsum("kbi,kbi->kb", blocks, blocks, dtype=np.float64)
    highest = np.abs(blocks).max(axis=2)
    channels = []
    for width in settings.widths:
        reach = width // every
        counted = np.minimum(np.arange(1, sums.shape[1] + 1), reach) * every
        mean = _trailing_sum(sums, reach) / counted
        variance = np.maximum(_trailing_sum(squares, reach) / counted - mean**2, 0)
        values = {
            "mean": lambda mean=mean: mean,
            "std": lambda variance=variance: 0.5 * np.log(variance + QUIET),
            "max": lambda reach=reach: np.log(_trailing_max(highest, reach) + QUIET),
        }
        channels += [values[name]() for name in settings.statistics]
    return np.stack(channels, axis=2).astype(np.float32)


def _trailing_sum(values: np.ndarray, reach: int) -> np.ndarray:
    total = np.cumsum(values, axis=1)
    total[:, reach:] -= total[:, :-reach].copy()
    return total


def _trailing_max(values: np.ndarray, reach: int) -> np.ndarray:
    from scipy.ndimage import maximum_filter1d

    # The filter is centred; its origin is moved so that it looks back only.
    return maximum_filter1d(values, reach, axis=1, mode="nearest", origin=(reach - 1) // 2)


def spectrogram(settings, windows: np.ndarray, sampling_rate_hz: float) -> np.ndarray:
    """Natural logarithm of the power in bands of frequency and steps of time; shape (k, frames, bands, 1)."""
    from scipy.fft import rfft

    size, frames = settings.segment, settings.frames
    group = windows.shape[1] // (size * frames)
    used = windows[:, -group * size * frames :].reshape(len(windows), -1, size) * np.hanning(size).astype(np.float32)
    spectrum = rfft(used, axis=2)[:, :, 1:]
    power = spectrum.real**2 + spectrum.imag**2
    top = min(1.0, 2 * settings.max_frequency_hz / sampling_rate_hz)
    kept = max(1, int(power.shape[2] * top))
    # Band edges fall on bins of the transform; where there are fewer bins than bands, neighbours share one.
    edges = np.linspace(0, kept, settings.bands + 1)
    first = np.minimum(edges[:-1].astype(int), kept - 1)
    last = np.maximum(edges[1:].astype(int), first + 1)
    total = np.concatenate(
        [np.zeros((*power.shape[:2], 1)), np.cumsum(power[:, :, :kept], axis=2, dtype=np.float64)], 2
    )
    banded = (total[:, :, last] - total[:, :, first]) / (last - first)
    averaged = banded.reshape(len(windows), frames, group, settings.bands).mean(axis=2)
    return np.log(averaged + size * QUIET)[:, :, :, np.newaxis].astype(np.float32)


@dataclass(frozen=True)
class Scaler:
    """Makes an input of order one: (x - centre) / spread, then arsinh where the recipe compresses.

    Attributes
    ----------
    centre, spread : numpy.ndarray of float32
        Of a shape that spreads over an input.
    compress : bool
    """

    centre: np.ndarray
    spread: np.ndarray
    compress: bool

    @classmethod
    def fit(cls, settings, values: np.ndarray) -> Scaler:
        """Estimate it from some windows of the training part, shape (k, *input)."""
        if settings.kind in ("rolling", "spectrogram"):
            axes = (0, 1)
            centre = values.mean(axis=axes, dtype=np.float64)
            spread = values.std(axis=axes, dtype=np.float64)
            if settings.kind == "spectrogram":  # one spread for all bands, so that they stay comparable
                spread = np.full_like(spread, spread.mean())
            return cls(centre.astype(np.float32), np.maximum(spread, 1e-3).astype(np.float32), False)
        # The median over windows: one burst may hold more energy than a hundred quiet windows.
        spread = np.median(np.sqrt((values**2).mean(axis=(1, 2), dtype=np.float64)))
        return cls(np.zeros(1, np.float32), np.array([max(spread, 1e-3)], np.float32), settings.compress)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Scale values of shape (k, *input)."""
        scaled = (values - self.centre) / self.spread
        return np.arcsinh(scaled) if self.compress else scaled

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"centre": self.centre.tolist(), "spread": self.spread.tolist(), "compress": self.compress}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Scaler:
        """Make it again from `to_dict`."""
        centre, spread = (np.array(values[key], dtype=np.float32) for key in ("centre", "spread"))
        return cls(centre, spread, values["compress"])


@dataclass(frozen=True)
class Inputs:
    """All inputs of a network, from windows.

    Attributes
    ----------
    settings : dict
        The recipe's inputs by name.
    scalers : dict of str to Scaler
    sampling_rate_hz : float
    """

    settings: dict[str, Any]
    scalers: dict[str, Scaler]
    sampling_rate_hz: float

    @classmethod
    def fit(cls, recipe, samples) -> Inputs:
        """Estimate all scales from the training part."""
        train = samples.parts["train"]
        chosen = train[np.unique(np.linspace(0, len(train) - 1, min(FITTED_ON, len(train))).astype(int))]
        rate, scalers = samples.sampling_rate_hz, {}
        for name, one in recipe.inputs.items():
            values = [plain(one, samples.batch(chosen[i : i + 16]), rate) for i in range(0, len(chosen), 16)]
            scalers[name] = Scaler.fit(one, np.concatenate(values))
        return cls(recipe.inputs, scalers, rate)

    def of(self, windows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the inputs of windows, shape (k, samples), by name."""
        rate = self.sampling_rate_hz
        return {name: self.scalers[name](plain(one, windows, rate)) for name, one in self.settings.items()}

    def gatherer(self, samples, indices: np.ndarray) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
        """Return (positions in `indices`) -> inputs; what is not too large is computed once and kept.

        It is kept with 16 bits: scaled values are of order one, of which that loses less than a thousandth.
        """
        size = sum(2 * np.prod(shape_of(one, samples.sample_shape[0])) for one in self.settings.values())
        if size * len(indices) > CACHE_BYTES:
            return lambda chosen: self.of(samples.batch(indices[chosen]))
        kept = {
            name: np.empty((len(indices), *shape_of(one, samples.sample_shape[0])), np.float16)
            for name, one in self.settings.items()
        }
        for first in range(0, len(indices), 32):
            for name, values in self.of(samples.batch(indices[first : first + 32])).items():
                kept[name][first : first + 32] = values
        return lambda chosen: {name: values[chosen].astype(np.float32) for name, values in kept.items()}
