"""Features of windows: scattering coefficients, band power for comparison, and whether a window can be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mleq import progress
from mleq.continuous.records import ContinuousRecord, Station
from mleq.continuous.scattering import Scattering
from mleq.continuous.windows import Chunk, WindowIndex
from mleq.errors import DataError

FLOOR = 1e-3
"""Amplitudes below this part of a channel's usual one are taken for it."""

BANDS = 8
"""Octaves of the band power that is the reference."""

SCALED_ON = 200
"""Windows of each station from which the usual amplitude of its channels is taken."""


class Features(NamedTuple):
    """Of windows, in their order.

    Attributes
    ----------
    mean, largest : numpy.ndarray, shape (n, n_channels * n_coefficients), float32
        Logarithms of scattering coefficients pooled by mean and by maximum.
    power : numpy.ndarray, shape (n, n_channels * BANDS), float32
        Logarithm of the power in octaves.
    raw : numpy.ndarray, shape (n, n_channels * length / step), float32
        The samples themselves, scaled, of which a projection is the second reference; a stretch of each window.
    usable : numpy.ndarray of bool, shape (n,)
        False where a sample is not finite or a channel is constant.
    edge : numpy.ndarray of bool, shape (n,)
        True where the record ends within the reach of the wavelets, which then see its mirror image.
    """

    mean: np.ndarray
    largest: np.ndarray
    power: np.ndarray
    raw: np.ndarray
    usable: np.ndarray
    edge: np.ndarray


RAW = 256
"""Samples of a window that the raw reference is given, from its largest amplitude on average rate."""


@dataclass(frozen=True)
class Extractor:
    """Makes features of windows.

    Attributes
    ----------
    record : ContinuousRecord
    scattering : Scattering
    scales : tuple of numpy.ndarray, each of shape (n_channels, 1)
        The usual amplitude of each station's channels.
    workers : int
    """

    record: ContinuousRecord
    scattering: Scattering
    scales: tuple[np.ndarray, ...]
    workers: int = 1

    def of_chunk(self, chunk: Chunk) -> Features:
        """Make the features of all windows of a chunk, from the chunk and what lies around it."""
        hop, margin = self.scattering.hop, self.scattering.margin
        station = self.record.stations[chunk.station]
        begin, end = station.segments[chunk.segment]
        last = chunk.first + (chunk.windows + self.scattering.hops_in_window - 1) * hop
        before = min(margin, (chunk.first - begin) // hop)
        after = min(margin, (end - last) // hop)
        signal = station.read(chunk.first - before * hop, last + after * hop) / self.scales[chunk.station]
        finite = np.isfinite(signal)
        pooled = self.scattering(np.where(finite, signal, 0), workers=self.workers)
        cut = slice(before, before + chunk.windows)
        inner = slice(before * hop, before * hop + last - chunk.first)
        windows = _view(signal[:, inner], self.scattering)
        edge = np.zeros(chunk.windows, bool)
        edge[: margin - before] = True
        edge[chunk.windows - (margin - after) :] |= margin > after
        return self._features(type(pooled)(*(part[cut] for part in pooled)), windows, edge)

    def arrays_of(self, chunk: Chunk) -> dict[str, np.ndarray]:
        """As `of_chunk`, as arrays by name."""
        return self.of_chunk(chunk)._asdict()

    def of_places(self, index: WindowIndex, places: np.ndarray) -> Features:
        """Make the features of windows that lie scattered over the record, each from its own surroundings.

        Windows too near to an end of their stretch are marked as edges.
        """
        chunks, firsts = index.where(places)
        side = self.scattering.margin * self.scattering.hop
        found = []
        with progress.task("sampling windows", total=len(places), unit="windows") as task:
            for low in range(0, len(places), 64):
                some = range(low, min(low + 64, len(places)))
                pieces, edges = zip(
                    *(self._piece(index.chunks[chunks[k]], firsts[k], index.length, side) for k in some), strict=True
                )
                signal = np.stack(pieces)
                pooled = self.scattering.single_windows(np.where(np.isfinite(signal), signal, 0), workers=self.workers)
                found.append(self._features(pooled, signal[..., side : side + index.length], np.array(edges)))
                task.advance(len(some))
        return Features(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def _piece(self, chunk: Chunk, first: int, length: int, side: int) -> tuple[np.ndarray, bool]:
        station = self.record.stations[chunk.station]
        begin, end = station.segments[chunk.segment]
        low, high = max(begin, first - side), min(end, first + length + side)
        missing = (low - (first - side), first + length + side - high)
        signal = station.read(low, high) / self.scales[chunk.station]
        return np.pad(signal, ((0, 0), missing), mode="reflect"), any(missing)

    def _features(self, pooled, windows: np.ndarray, edge: np.ndarray) -> Features:
        """`windows` has the shape (n, n_channels, length)."""
        n = len(windows)
        spread = windows.max(-1) - windows.min(-1)
        usable = np.isfinite(spread).all(-1) & (spread > 0).all(-1)
        clean = np.where(np.isfinite(windows), windows, 0)
        make = self.scattering.coefficients
        return Features(
            make(pooled, pool="mean", floor=FLOOR).reshape(n, -1),
            make(pooled, pool="max", floor=FLOOR).reshape(n, -1),
            band_power(clean).reshape(n, -1),
            clean[..., : RAW * max(1, clean.shape[-1] // RAW) : max(1, clean.shape[-1] // RAW)]
            .astype(np.float32)
            .reshape(n, -1),
            usable,
            edge,
        )


def first_look(features: Features, pool: str) -> np.ndarray:
    """Return the features of the first look: pooled by "mean" or by "max"."""
    return features.mean if pool == "mean" else features.largest


def _view(signal: np.ndarray, scattering: Scattering) -> np.ndarray:
    """Windows of a signal, shape (n_windows, n_channels, length)."""
    length = scattering.hop * scattering.hops_in_window
    view = np.lib.stride_tricks.sliding_window_view(signal, length, axis=1)[:, :: scattering.hop]
    return np.moveaxis(view, 0, 1)


def band_power(windows: np.ndarray) -> np.ndarray:
    """Return the logarithm of the power in octaves below the Nyquist frequency, with a Hann taper.

    Parameters
    ----------
    windows : numpy.ndarray, shape (…, length)

    Returns
    -------
    numpy.ndarray, shape (…, BANDS), float32
    """
    from scipy import fft

    length = windows.shape[-1]
    tapered = (windows - windows.mean(-1, keepdims=True)).astype(np.float32) * np.hanning(length).astype(np.float32)
    power = np.abs(fft.rfft(tapered)) ** 2 / length
    edges = np.maximum((length // 2 * 2.0 ** -np.arange(BANDS, -1, -1)).astype(int), 1)
    bands = [power[..., low : max(high, low + 1)].mean(-1) for low, high in zip(edges[:-1], edges[1:], strict=True)]
    return np.log(np.stack(bands, -1) + FLOOR**2)


def usual_amplitudes(record: ContinuousRecord, length: int, seed: int) -> tuple[np.ndarray, ...]:
    """Take the usual amplitude of each channel: the median over windows of their standard deviation.

    Parameters
    ----------
    record : ContinuousRecord
    length : int
        Samples of a window.
    seed : int

    Returns
    -------
    tuple of numpy.ndarray, each of shape (n_channels, 1)

    Raises
    ------
    DataError
        If a channel is constant wherever it was looked at.
    """
    return tuple(_amplitudes(station, length, np.random.default_rng([seed, 12])) for station in record.stations)


def _amplitudes(station: Station, length: int, rng: np.random.Generator) -> np.ndarray:
    long = [(first, last) for first, last in station.segments if last - first >= length]
    if not long:
        return np.ones((len(station.channels), 1))
    room = np.array([last - first - length + 1 for first, last in long])
    spreads = []
    for draw in np.sort(rng.integers(room.sum(), size=min(SCALED_ON, int(room.sum())))):
        segment = int(np.searchsorted(np.cumsum(room), draw, side="right"))
        begin = long[segment][0] + int(draw - (np.cumsum(room)[segment] - room[segment]))
        spreads.append(station.read(begin, begin + length).std(axis=1, dtype=np.float64))
    spreads = np.array(spreads)
    finite = np.where(np.isfinite(spreads) & (spreads > 0), spreads, np.nan)
    for channel, values in zip(station.channels, finite.T, strict=True):
        if np.isnan(values).all():
            raise DataError(
                f"station {station.name}, channel {channel}: constant or not finite wherever it was looked at",
                expected="a record of motion",
                remedy="leave it out with record.channels or record.stations in the recipe",
            )
    return np.nanmedian(finite, axis=0)[:, None]
