"""What a run of this family learns from: a record, its windows, and the ones that are looked at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from mleq.continuous.features import Extractor, usual_amplitudes
from mleq.continuous.recipe import ContinuousRecipe
from mleq.continuous.records import ContinuousRecord
from mleq.continuous.scattering import Scattering
from mleq.continuous.simulation import window_truth
from mleq.continuous.windows import WindowIndex, index_windows, scattering_of

HELD_OUT = 0.2
"""Part of the sample that no mixture is fitted on."""

MOST_SCORED = 200_000
"""Windows that are written to forecasts.parquet and scored, at most; taken evenly."""


@dataclass
class Reference:
    """A mixture on simpler features; the learner fits it, on the windows that it has at hand.

    Attributes
    ----------
    parameters : dict
    look : Look or None
        None until it is fitted.
    """

    parameters: dict[str, Any]
    look: Any = None


def _references() -> dict[str, Reference]:
    return {
        "band_power": Reference({"features": "logarithm of the power in octaves"}),
        "raw_pca": Reference({"features": "samples of the window"}),
    }


@dataclass
class ContinuousSamples:
    """Windows of a record.

    Attributes
    ----------
    record : ContinuousRecord
    scattering : Scattering
    index : WindowIndex
    parts : dict of str to numpy.ndarray
        Places of windows: "train" is fitted on, "validation" is held out, "test" is every other window, or an even
        choice of them where there are over MOST_SCORED.
    """

    record: ContinuousRecord
    scattering: Scattering
    index: WindowIndex
    parts: dict[str, np.ndarray]
    seed: int
    workers: int
    fitted: dict[str, Reference] = field(default_factory=_references)
    """The references."""
    page: dict[str, Any] = field(default_factory=dict)
    """What the learner leaves for the page."""

    @cached_property
    def extractor(self) -> Extractor:
        """What makes features of the record's windows."""
        scales = usual_amplitudes(self.record, self.index.length, self.seed)
        return Extractor(self.record, self.scattering, scales, self.workers)

    @property
    def sample_shape(self) -> tuple[int, int]:
        """Channels and samples of a window."""
        return (self.record.channels, self.index.length)

    @property
    def dates(self) -> np.ndarray:
        """When each window begins, datetime64[ns], shape (n_windows,)."""
        return self.begins(np.arange(len(self.index)))

    @property
    def target(self) -> np.ndarray:
        """Whether a window holds an event of the simulated truth, shape (n_windows,); False where none is known."""
        return self.observed(np.arange(len(self.index))) != "noise"

    def stations(self, places: np.ndarray) -> np.ndarray:
        """Return the number of each window's station."""
        return np.array([chunk.station for chunk in self.index.chunks])[self.index.where(places)[0]]

    def begins(self, places: np.ndarray) -> np.ndarray:
        """Return when windows begin, datetime64[ns]."""
        firsts, stations = self.index.where(places)[1], self.stations(places)
        found = np.empty(len(places), "datetime64[ns]")
        for number in np.unique(stations):
            found[stations == number] = self.record.stations[number].time(firsts[stations == number])
        return found

    def observed(self, places: np.ndarray) -> np.ndarray:
        """Return what windows hold by the simulated truth; "noise" everywhere where none is known."""
        if self.record.truth is None:
            return np.full(len(places), "noise")
        seconds = self.index.where(places)[1] / self.record.rate
        order = np.argsort(seconds, kind="stable")
        found = np.empty(len(places), dtype="<U10")
        found[order] = window_truth(self.record.truth, seconds[order], self.index.length / self.record.rate)
        return found

    def batch(self, indices: Sequence[int]) -> np.ndarray:
        """Return windows as they are in the record, shape (k, n_channels, length)."""
        chunks, firsts = self.index.where(np.asarray(indices))
        return np.stack(
            [
                self.record.stations[self.index.chunks[chunk].station].read(first, first + self.index.length)
                for chunk, first in zip(chunks, firsts, strict=True)
            ]
        )


def make_samples(recipe: ContinuousRecipe, record: ContinuousRecord) -> ContinuousSamples:
    """Find the windows of a record and draw those that are looked at first, evenly over all of it.

    Raises
    ------
    mleq.errors.DataError
        If no stretch of the record holds a window.
    """
    scattering = scattering_of(recipe, record.rate)
    index = index_windows(record, scattering, recipe.chunk_hours * 3600)
    drawn = index.sample(recipe.model.sample, recipe.seed)
    held = np.random.default_rng([recipe.seed, 13]).random(len(drawn)) < HELD_OUT
    scored = index.sample(MOST_SCORED, recipe.seed + 1)
    parts = {"train": drawn[~held], "validation": drawn[held], "test": np.setdiff1d(scored, drawn)}
    if not len(parts["test"]):
        parts["test"] = parts["validation"]
    return ContinuousSamples(record, scattering, index, parts, recipe.seed, recipe.workers)


def dense(index: WindowIndex, drawn: int) -> bool:
    """Say whether so many windows are drawn that working through the whole record first is cheaper."""
    return drawn > len(index) / 4
