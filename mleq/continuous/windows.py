"""The windows of a record, where they lie, and which of them are looked at first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mleq.continuous.recipe import ContinuousRecipe
from mleq.continuous.records import ContinuousRecord
from mleq.continuous.scattering import Scattering
from mleq.errors import DataError


def scattering_of(recipe: ContinuousRecipe, rate: float) -> Scattering:
    """Lay out a recipe's transform for a sampling rate.

    Raises
    ------
    DataError
        If a window holds too few samples.
    """
    from mleq.continuous.filters import morlet_bank

    settings = recipe.scattering
    hop = round(recipe.windows.window_s * rate / recipe.windows.hops)
    if hop < 16:
        raise DataError(
            f"a window of {recipe.windows.window_s:g} s begins every {hop} samples at {rate:g} Hz",
            expected="at least 16 samples",
            remedy="make windows.window_s longer or windows.hops smaller",
        )
    hops = recipe.windows.hops
    block = max(hops, 27_000 // hop)
    first, second = morlet_bank(settings.octaves, settings.per_octave), morlet_bank(settings.second_octaves, 1)
    return Scattering(hop, hops, first, second, block=block)


@dataclass(frozen=True)
class Chunk:
    """Windows of one segment that are worked on at once.

    Attributes
    ----------
    station, segment : int
    first : int
        Sample of the station's grid at which the first window begins.
    windows : int
        How many.
    offset : int
        Place of the first of them among all windows.
    """

    station: int
    segment: int
    first: int
    windows: int
    offset: int

    @property
    def name(self) -> str:
        """A name for files."""
        return f"{self.station:03d}-{self.segment:05d}-{self.first:013d}"


@dataclass(frozen=True)
class WindowIndex:
    """All whole windows of a record, in the order of stations and time, without a list of them.

    Attributes
    ----------
    chunks : tuple of Chunk
    hop, length : int
        Samples.
    """

    chunks: tuple[Chunk, ...]
    hop: int
    length: int

    def __len__(self) -> int:
        return self.chunks[-1].offset + self.chunks[-1].windows

    def where(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the chunk and the first sample of windows by their places; each shape (n,)."""
        offsets = np.array([chunk.offset for chunk in self.chunks])
        chunk = np.searchsorted(offsets, places, side="right") - 1
        firsts = np.array([one.first for one in self.chunks])
        return chunk, firsts[chunk] + (np.asarray(places) - offsets[chunk]) * self.hop

    def sample(self, count: int, seed: int) -> np.ndarray:
        """Draw windows evenly over all stations and all time, without repetition; ascending."""
        n = len(self)
        if count >= n:
            return np.arange(n)
        # One from each of `count` equal stretches: as even as can be, and no table of all windows is needed.
        edges = np.linspace(0, n, count + 1).astype(np.int64)
        return np.random.default_rng([seed, 11]).integers(edges[:-1], edges[1:])


def index_windows(record: ContinuousRecord, scattering: Scattering, chunk_s: float) -> WindowIndex:
    """Find all whole windows; none reaches over a gap.

    Raises
    ------
    DataError
        If there is none: every stretch without a gap is shorter than a window.
    """
    at_once = max(1, int(chunk_s * record.rate / scattering.hop))
    length = scattering.hop * scattering.hops_in_window
    chunks = tuple(_chunks(record, scattering, at_once))
    if not chunks:
        longest = max(last - first for one in record.stations for first, last in one.segments) / record.rate
        raise DataError(
            f"{record.source}: the longest stretch without a gap lasts {longest:g} s",
            expected=f"at least a window of {length / record.rate:g} s",
            remedy="make windows.window_s shorter",
        )
    return WindowIndex(chunks, scattering.hop, length)


def _chunks(record: ContinuousRecord, scattering: Scattering, at_once: int) -> Iterator[Chunk]:
    offset = 0
    for number, station in enumerate(record.stations):
        for segment, (first, last) in enumerate(station.segments):
            whole = scattering.windows_in(last - first)
            for begin in range(0, whole, at_once):
                count = min(at_once, whole - begin)
                yield Chunk(number, segment, first + begin * scattering.hop, count, offset)
                offset += count
