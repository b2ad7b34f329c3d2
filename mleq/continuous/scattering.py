"""The scattering transform of continuous records, two layers, pooled over windows.

U1 = |x * psi1|, S1 = pool(U1); U2 = |U1 * psi2| for centres of psi2 below half of that of psi1, S2 = pool(U2)/(S1 + e).
A band is worked on at the rate that it needs and not at the record's: its piece of the spectrum is cut out and
transformed back alone. That is exact before the modulus, which does not ask where in the spectrum a band lies; what
the modulus folds back is small where the rate is twice what the band needs, and `benchmarks/scattering.py` measures it.

References
----------
Mallat, S. (2012). Group invariant scattering. Comm. Pure Appl. Math. 65, 1331-1398. doi:10.1002/cpa.21413
Anden, J. and Mallat, S. (2014). Deep scattering spectrum. doi:10.1109/TSP.2014.2326991
Seydoux, L., Balestriero, R., Poli, P., de Hoop, M., Campillo, M. and Baraniuk, R. (2020). Clustering earthquake signals
and background noises in continuous seismic data with unsupervised deep learning. doi:10.1038/s41467-020-17841-x
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mleq.continuous.filters import REACH, Bank, morlet_bank
from mleq.errors import DataError

FEWEST_SAMPLES = 4
"""Samples of a band in a hop, at least."""

AT_ONCE = 8
"""Blocks transformed together: transforms of equal length share the processor's vector registers."""

SECOND_OVERSAMPLING = 1.25
"""Of the second layer, of which nothing but the pooled modulus is wanted."""


LEAST_RATIO = 1e-3
"""Added to S2/S1 before its logarithm: a modulation below a thousandth is none."""


class Pooled(NamedTuple):
    """What is kept of a window or hop: mean and largest modulus of each band of either layer, not normalised.

    Shapes (…, n_first) and (…, n_paths), float32.
    """

    first_mean: np.ndarray
    first_max: np.ndarray
    second_mean: np.ndarray
    second_max: np.ndarray


class _Band(NamedTuple):
    """A piece of a spectrum, the filter on it, and how many samples a hop has after it is transformed back."""

    start: int
    filter: np.ndarray
    per_hop: int


@dataclass(frozen=True)
class Scattering:
    """A scattering transform with windows of whole hops.

    Parameters
    ----------
    hop : int
        Samples from a window's beginning to the next one's.
    hops_in_window : int
        Length of a window in hops.
    first, second : Bank
        Wavelets of the two layers.
    oversampling : float
        Rate of a first-layer band over the width of its support.
    block : int
        Hops transformed at once, without the margins at both ends.
    """

    hop: int
    hops_in_window: int = 1
    first: Bank = morlet_bank(6, 8)
    second: Bank = morlet_bank(8, 1)
    oversampling: float = 2.0
    block: int = 26

    def __post_init__(self):
        if self.hop < FEWEST_SAMPLES or self.hops_in_window < 1 or self.block < self.hops_in_window:
            raise DataError(
                f"windows of {self.hops_in_window} hops of {self.hop} samples, {self.block} hops at once",
                expected=f"hops of at least {FEWEST_SAMPLES} samples and a window within a block",
            )

    @cached_property
    def margin(self) -> int:
        """Hops on either side of a block that its wavelets look into."""
        return math.ceil(REACH * (self.first.longest + self.second.longest) / self.hop)

    @cached_property
    def paths(self) -> tuple[tuple[int, int], ...]:
        """Pairs of wavelets (first layer, second layer) of the second-layer coefficients."""
        lower = range(len(self.second))
        return tuple(
            (i, j) for i, centre in enumerate(self.first.centres) for j in lower if self.second.centres[j] < centre / 2
        )

    @property
    def hops_at_once(self) -> int:
        """Hops of a block with its margins."""
        return self.block + 2 * self.margin

    def windows_in(self, samples: int) -> int:
        """Return how many whole windows lie in so many samples."""
        return max(0, samples // self.hop - self.hops_in_window + 1)

    def __call__(self, signal: np.ndarray, *, workers: int = 1) -> Pooled:
        """Transform a piece of record, window by window.

        At the ends of the piece the signal is reflected, since wavelets must look at something there: the windows
        within `margin` hops of an end are as good as that guess. Give more than the windows wanted and leave the
        outer ones away wherever the record goes on.

        Parameters
        ----------
        signal : numpy.ndarray, shape (n_channels, n_samples)
            Finite; any unit.
        workers : int
            Blocks are transformed in so many threads.

        Returns
        -------
        Pooled
            Shapes (n_windows, n_channels, n_first) and (n_windows, n_channels, n_paths).

        Raises
        ------
        DataError
            If the signal is shorter than a window.
        """
        hops = signal.shape[-1] // self.hop
        if hops < self.hops_in_window:
            raise DataError(
                f"a signal of {signal.shape[-1]} samples",
                expected=f"at least a window of {self.hop * self.hops_in_window} samples",
            )
        blocks = _Blocks(self, signal, hops)
        pieces = self._pool_groups(blocks.groups(AT_ONCE), workers)
        pools = [np.concatenate(part) for part in zip(*pieces, strict=True)]
        return _windows(
            [pool.reshape(math.prod(pool.shape[:2]), *pool.shape[2:])[:hops] for pool in pools], self.hops_in_window
        )

    def single_windows(self, pieces: np.ndarray, *, workers: int = 1) -> Pooled:
        """Transform windows that lie anywhere, each given with a margin of record on either side.

        Parameters
        ----------
        pieces : numpy.ndarray, shape (n_windows, n_channels, (hops_in_window + 2 margin) * hop)
        workers : int

        Returns
        -------
        Pooled
        """
        own = replace(self, block=self.hops_in_window)
        centred = (pieces - pieces.mean(axis=-1, keepdims=True, dtype=np.float64)).astype(np.float32)
        step = AT_ONCE * max(1, self.block // own.hops_at_once)
        groups = (centred[k : k + step] for k in range(0, len(pieces), step))
        first_mean, first_max, second_mean, second_max = (
            np.concatenate(part) for part in zip(*own._pool_groups(groups, workers), strict=True)
        )
        return Pooled(first_mean.mean(1), first_max.max(1), second_mean.mean(1), second_max.max(1))

    def _pool_groups(self, groups: Iterator[np.ndarray], workers: int) -> list[tuple[np.ndarray, ...]]:
        if workers == 1:
            return [self._pool_blocks(group) for group in groups]
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(self._pool_blocks, groups))

    def coefficients(self, pooled: Pooled, *, pool: str, floor: float) -> np.ndarray:
        """Make the features of windows: log(S1 + e) of each band, then log(S2/(S1 + e) + 0.001) of each path.

        Parameters
        ----------
        pooled : Pooled
            Shapes (n_windows, n_channels, …).
        pool : {"mean", "max"}
        floor : float
            e, in the unit of the signal; a thousandth of its usual amplitude will do.

        Returns
        -------
        numpy.ndarray, shape (n_windows, n_channels, n_first + n_paths), float32
        """
        first, second = pooled[:1] + pooled[2:3] if pool == "mean" else pooled[1::2]
        floored = first + np.float32(floor)
        ratio = second / floored[..., [i for i, _ in self.paths]]
        return np.concatenate([np.log(floored), np.log(ratio + np.float32(LEAST_RATIO))], axis=-1)

    def _pool_blocks(self, blocks: np.ndarray) -> tuple[np.ndarray, ...]:
        """Pool the hops of blocks: (n_blocks, n_channels, n_samples) -> four of (n_blocks, block, n_channels, …)."""
        from scipy import fft

        inside = slice(self.margin, self.margin + self.block)
        shape = (*blocks.shape[:2], self.hops_at_once)
        pools = [np.empty((*shape, n), np.float32) for n in (len(self.first), len(self.paths)) for _ in range(2)]
        first_mean, first_max, second_mean, second_max = pools
        spectrum, path = fft.fft(blocks), 0  # to the sampling rate: the highest wavelets reach past Nyquist
        for i, band in enumerate(self._first_bands):
            envelope = _envelope(spectrum, band, self.hops_at_once)
            _pool(envelope, shape, first_mean[..., i], first_max[..., i])
            lower = self._second_bands[i]
            spectrum_1 = fft.rfft(envelope) if lower else None
            for second in lower:
                _pool(
                    _envelope(spectrum_1, second, self.hops_at_once),
                    shape,
                    second_mean[..., path],
                    second_max[..., path],
                )
                path += 1
        return tuple(np.moveaxis(pooled[:, :, inside], 1, 2) for pooled in pools)

    @cached_property
    def _first_bands(self) -> list[_Band]:
        """How each band of the first layer is cut out of the spectrum of a block.

        Its rate carries twice its own support, and the second-layer wavelets that it is given to.
        """
        bands = []
        for i, (centre, width) in enumerate(zip(self.first.centres, self.first.widths, strict=True)):
            below = [self.second.highest(j) for one, j in self.paths if one == i]
            rate = max(self.oversampling * 2 * REACH * width, 2 * max(below, default=0.0))
            bands.append(self._band(self.first, i, centre - rate / 2, rate, self.hop, self.hop))
        return bands

    @cached_property
    def _second_bands(self) -> list[list[_Band]]:
        """For each band of the first layer, how those of the second are cut out of its spectrum."""
        found: list[list[_Band]] = [[] for _ in self.first.centres]
        for i, j in self.paths:
            rate, given = SECOND_OVERSAMPLING * self.second.highest(j), self._first_bands[i].per_hop
            found[i].append(self._band(self.second, j, 0.0, rate, given, given // 2))
        return found

    def _band(self, bank: Bank, index: int, lowest: float, rate: float, given: int, reach: int) -> _Band:
        """Cut a wavelet's band out of a spectrum, of `reach` bins a hop, of a block with `given` samples in a hop."""
        from scipy import fft

        hops, n = self.hops_at_once, self.hops_at_once * self.hop
        per_hop = fft.next_fast_len(min(max(math.ceil(rate * self.hop), FEWEST_SAMPLES), given))
        start = max(0, round(lowest * n))
        end = min(start + hops * per_hop, hops * reach)
        frequencies = np.arange(start, end) / n
        # Samples lie in the middle of the stretch that each stands for: their mean is then that of a hop to
        # second order in the step, not to first.
        late = np.exp(1j * np.pi * frequencies * self.hop * (1 / per_hop - 1 / given))
        response = bank.response(index, frequencies) * late * (per_hop / given)
        return _Band(start, response.astype(np.complex64), per_hop)


class _Blocks:
    """A signal as overlapping blocks of equal length, reflected at its ends."""

    def __init__(self, scattering: Scattering, signal: np.ndarray, hops: int):
        self.scattering, self.hops = scattering, hops
        side, hop = scattering.margin * scattering.hop, scattering.hop
        self.count = -(-hops // scattering.block)
        behind = (self.count * scattering.block - hops) * hop + side
        centred = signal[:, : hops * hop] - signal.mean(axis=1, keepdims=True, dtype=np.float64)
        self.padded = np.pad(centred.astype(np.float32), ((0, 0), (side, behind)), mode="reflect")

    def groups(self, size: int) -> Iterator[np.ndarray]:
        """Yield the blocks, `size` at a time, shape (≤ size, n_channels, n_samples)."""
        length = self.scattering.hops_at_once * self.scattering.hop
        step = self.scattering.block * self.scattering.hop
        for first in range(0, self.count, size):
            some = range(first, min(first + size, self.count))
            yield np.stack([self.padded[:, k * step : k * step + length] for k in some])


def _envelope(spectrum: np.ndarray, band: _Band, hops: int) -> np.ndarray:
    """Return the modulus of a band at its own rate."""
    from scipy import fft

    piece = np.zeros((*spectrum.shape[:-1], hops * band.per_hop), np.complex64)
    width = len(band.filter)
    np.multiply(spectrum[..., band.start : band.start + width], band.filter, out=piece[..., :width])
    return np.abs(fft.ifft(piece, overwrite_x=True))


def _pool(envelope: np.ndarray, shape: tuple[int, ...], mean: np.ndarray, largest: np.ndarray) -> None:
    by_hop = envelope.reshape(*shape, -1)
    by_hop.mean(axis=-1, out=mean)
    by_hop.max(axis=-1, out=largest)


def _windows(pools: list[np.ndarray], hops: int) -> Pooled:
    """Join the hops of each window."""
    if hops == 1:
        return Pooled(*pools)
    view = np.lib.stride_tricks.sliding_window_view
    joined = [view(pool, hops, axis=0) for pool in pools]
    return Pooled(joined[0].mean(-1), joined[1].max(-1), joined[2].mean(-1), joined[3].max(-1))
