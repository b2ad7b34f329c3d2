"""Events of a record, by templates or by STA/LTA, chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mleq.continuous import matching
from mleq.continuous.features import Extractor
from mleq.continuous.recipe import Detection
from mleq.continuous.store import Arrays, ChunkStore
from mleq.continuous.templates import Template, band_passed
from mleq.continuous.triggers import sta_lta
from mleq.continuous.windows import Chunk, WindowIndex

LOWEST = 5.0
"""Deviations from which a maximum is kept at all; no budget makes the threshold lower."""

FIELDS = ("template", "sample", "correlation", "score", "magnitude", "amplitude")
Columns = tuple[str, ...]


@dataclass(frozen=True)
class Detector:
    """Finds events of a record.

    Attributes
    ----------
    extractor : Extractor
        The record and the usual amplitudes of its channels.
    templates : tuple of Template
        All of one length; none for STA/LTA.
    settings : Detection
    """

    extractor: Extractor
    templates: tuple[Template, ...]
    settings: Detection

    @property
    def length(self) -> int:
        """Samples of a template, or of the short average."""
        if self.templates:
            return self.templates[0].waveform.shape[1]
        return max(1, round(self.settings.sta_s * self.extractor.record.rate))

    def of_chunk(self, chunk: Chunk, index: WindowIndex) -> Arrays:
        """Return the candidates of a chunk and those of the templates played backwards, as arrays of FIELDS.

        A chunk is given the record that its last windows' detections reach into; a maximum belongs to the chunk in
        which it begins.
        """
        station = self.extractor.record.stations[chunk.station]
        begin, end = station.segments[chunk.segment]
        rate, first = station.rate, chunk.first
        last = min(end, first + chunk.windows * index.hop)
        final = last + index.hop > end  # the record's rest, too short for another window
        last = end if final else last
        before = round((2 * self.settings.lta_s if not self.templates else 1.0) * rate) + self.length
        low, high = max(begin, first - before), min(end, last + 2 * self.length)
        signal = station.read(low, high) / self.extractor.scales[chunk.station]
        finite = np.isfinite(signal).all(0)
        signal = band_passed(np.where(finite, signal, 0), self.settings.band_hz, rate)
        if self.templates:
            found, null = self._match(signal, low)
        else:
            found, null = self._trigger(signal, low), np.empty((0, len(FIELDS)))
        belongs = (found[:, 1] >= first) & (found[:, 1] < last)
        return {"found": found[belongs], "null": null, "span": np.array([first, last])}

    def chunks(self, index: WindowIndex) -> tuple[Chunk, ...]:
        """Return the chunks that `of_chunk` is to be given."""
        return index.chunks

    def _match(self, signal: np.ndarray, low: int, live: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return maxima of the templates, and of the templates backwards, which need no magnitude."""
        late = np.stack([one.late for one in self.templates])
        if signal.shape[1] < self.length + late.max():
            return (np.empty((0, len(FIELDS))),) * 2
        waveforms = np.stack([one.waveform for one in self.templates])
        both = np.concatenate([waveforms, waveforms[..., ::-1]])
        correlation = matching.correlate(signal, both, np.concatenate([late, late]), live)
        found, null = (self._maxima(part, low) for part in np.split(correlation, 2))
        for row in found:
            template, at = int(row[0]), int(row[1]) - low + late[int(row[0])]
            piece = np.stack([one[first : first + self.length] for one, first in zip(signal, at, strict=True)])
            ratio = matching.amplitude_ratio(piece, waveforms[template])
            row[4] = self.templates[template].magnitude + np.log10(ratio)
            row[5] = np.abs(piece).max()
        return found, null

    def _maxima(self, correlation: np.ndarray, low: int) -> np.ndarray:
        scale = np.maximum(matching.deviation(correlation), 1e-6)
        template, sample, value = matching.peaks(correlation, LOWEST * scale, self.length // 2)
        unknown = np.full((2, len(value)), np.nan)
        return np.column_stack([template, sample + low, value, value / scale[template], *unknown])

    def _trigger(self, signal: np.ndarray, low: int) -> np.ndarray:
        rate = self.extractor.record.rate
        long = max(2, round(self.settings.lta_s * rate))
        ratio = sta_lta(signal, self.length, max(long, self.length + 1))
        level = np.array([self.settings.trigger])
        _, sample, value = matching.peaks(ratio[None], level, round(self.settings.length_s * rate))
        amplitude = np.array([np.abs(signal[:, max(0, at - self.length) : at + 1]).max() for at in sample])
        magnitude = np.log10(np.maximum(amplitude, 1e-6)) + self.settings.magnitude_offset
        onset = np.maximum(sample - self.length, 0) + low
        return np.column_stack([np.zeros(len(sample)), onset, value, value, magnitude, amplitude])

    def events(self, chunks: Sequence[Chunk], store: ChunkStore) -> tuple[pd.DataFrame, dict]:
        """Choose the threshold and make the table of events.

        Returns
        -------
        pandas.DataFrame
            In time order: station, time (datetime64[ns]), family (name), correlation, score (in deviations),
            magnitude.
        dict
            multiple (the lowest k), multiples (k of each template), false_alarms_per_day (of the backward templates
            above it), days, candidates.
        """
        held = [(chunk, store.read(chunk)) for chunk in chunks]
        rate = self.extractor.record.rate
        days = sum(int(np.diff(arrays["span"])[0]) for _, arrays in held) / rate / 86_400
        stations = np.concatenate([np.full(len(arrays["found"]), chunk.station) for chunk, arrays in held])
        found = np.concatenate([arrays["found"] for _, arrays in held])
        null = np.concatenate([_chance_alone(arrays, self.length) for _, arrays in held])
        k, alarms = self._thresholds(null, max(days, 1e-9))
        excess = found[:, 3] / k[found[:, 0].astype(int)]
        strong = (excess >= 1) & ~(found[:, 4] < self.settings.min_magnitude)
        stations, found, excess = stations[strong], found[strong], excess[strong]
        kept = [
            np.flatnonzero(stations == number)[
                matching.suppress(found[stations == number, 1], excess[stations == number], self.apart * rate)
            ]
            for number in range(len(self.extractor.record.stations))
        ]
        order = np.concatenate(kept).astype(int)
        about = {
            "multiple": float(k.min()),
            "multiples": {one.name: float(value) for one, value in zip(self.templates, k, strict=False)},
            "false_alarms_per_day": alarms,
            "days": days,
            "candidates": len(strong),
        }
        return self._table(stations[order], found[order]), about

    def _thresholds(self, null: np.ndarray, days: float) -> tuple[np.ndarray, float | None]:
        """Return k of each template, and how often a day the backward templates exceed theirs.

        Each has its own share of the budget: a template of few oscillations resembles many things, and would set a
        common threshold that none of the others reaches.
        """
        if not self.templates:
            return np.array([self.settings.trigger]), None
        share = self.settings.false_alarms_per_day / len(self.templates)
        scores = [null[null[:, 0] == number, 3] for number in range(len(self.templates))]
        k = np.array([matching.multiple_for(mine, days, share) for mine in scores])
        return k, float(sum((mine >= one).sum() for mine, one in zip(scores, k, strict=True)) / days)

    @property
    def apart(self) -> float:
        """Seconds within which two detections are one event."""
        return self.settings.length_s / 2 if self.templates else self.settings.length_s

    def _seen_at(self, stations: np.ndarray, found: np.ndarray) -> list[str]:
        """Name the station at which each event is said to be."""
        return [self.extractor.record.stations[number].name for number in stations]

    def _table(self, stations: np.ndarray, found: np.ndarray) -> pd.DataFrame:
        places = self.extractor.record.stations
        times = np.array(
            [places[s].time(int(at)) for s, at in zip(stations, found[:, 1], strict=True)], dtype="datetime64[ns]"
        )
        names = [one.name for one in self.templates] or ["sta_lta"]
        table = pd.DataFrame(
            {
                "station": self._seen_at(stations, found),
                "time": times,
                "family": [names[int(k)] for k in found[:, 0]],
                "correlation": found[:, 2],
                "score": found[:, 3],
                "magnitude": found[:, 4],
            }
        )
        return table.sort_values(["time", "station"], kind="stable", ignore_index=True)


def _chance_alone(arrays: Arrays, length: int) -> np.ndarray:
    """Return the maxima of backward templates where no template does better within its own length.

    Where one does, the record holds something like it, and a backward template answers to that, not to chance.
    """
    null, found = arrays["null"], arrays["found"]
    if not len(null) or not len(found):
        return null
    order = np.argsort(found[:, 1])
    times, scores = found[order, 1], found[order, 3]
    low, high = np.searchsorted(times, null[:, 1] - length), np.searchsorted(times, null[:, 1] + length, side="right")
    best = np.array([scores[a:b].max(initial=0) for a, b in zip(low, high, strict=True)])
    return null[best <= null[:, 3]]
