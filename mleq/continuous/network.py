"""Templates over all stations of a record: what arrives later at one is sought later there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mleq.continuous.detection import FIELDS, Detector
from mleq.continuous.features import Extractor
from mleq.continuous.recipe import Detection
from mleq.continuous.store import Arrays
from mleq.continuous.templates import Template, band_passed, make_template
from mleq.continuous.windows import Chunk, WindowIndex

STACKED = 20
"""Events of a family from which the moveout is taken, at most."""

SEEN = 2.0
"""A station sees a family where the stack's energy rises to so many times its median."""

SHORTEST_S = 2.0
"""Stretches without a gap that are shorter are not filtered, and count as gaps."""


def detector_of(extractor: Extractor, templates: tuple[Template, ...], settings: Detection) -> Detector:
    """Make the detector that a recipe asks for: of each station by itself, or of all together."""
    together = settings.network and templates and len(extractor.record.stations) > 1
    return (NetworkDetector if together else Detector)(extractor, templates, settings)


def filtered(
    extractor: Extractor, station: int, first: int, last: int, band: tuple[float, float] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return a stretch of a station in usual amplitudes and in a band, and where there is a record.

    Each stretch without a gap is filtered alone; gaps are 0.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray of bool)
        Both of shape (n_channels, last - first).
    """
    place = extractor.record.stations[station]
    signal = np.zeros((len(place.channels), last - first))
    live = np.zeros(signal.shape, bool)
    for begin, end in place.segments:
        low, high = max(begin, first), min(end, last)
        if high - low < max(64, SHORTEST_S * place.rate):
            continue
        values = place.read(low, high) / extractor.scales[station]
        finite = np.isfinite(values)
        level = np.mean(values, axis=1, keepdims=True, where=finite) if finite.any(1).all() else 0.0
        inside = slice(low - first, high - first)
        signal[:, inside] = band_passed(np.where(finite, values, level), band, place.rate)
        live[:, inside] = finite
    return signal, live


def aligned(
    extractor: Extractor, first: int, last: int, band: tuple[float, float] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return all stations between two samples of the first one's grid, each to its nearest sample; see `filtered`.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray of bool)
        Both of shape (n_stations * n_channels, last - first).
    """
    stations = extractor.record.stations
    begins = [one.sample_at(stations[0].time(first)) for one in stations]
    parts = [filtered(extractor, k, begin, begin + last - first, band) for k, begin in enumerate(begins)]
    return tuple(np.concatenate(kind) for kind in zip(*parts, strict=True))


def over_network(extractor: Extractor, seeds: Sequence[Template], settings: Detection) -> list[Template]:
    """Extend templates of single stations to all stations.

    Parameters
    ----------
    extractor : Extractor
    seeds : sequence of Template
        Each with the events of its family.
    settings : Detection

    Returns
    -------
    list of Template
        One for each source: a seed most of whose events another station's family has already is left out.
    """
    rate = extractor.record.rate
    reach = np.timedelta64(round((settings.largest_moveout_s + settings.length_s) * 1e9), "ns")
    found: list[Template] = []
    taken = np.empty(0, "datetime64[ns]")
    for seed in seeds:
        times = np.array([time for _, time in seed.events])
        known = (np.abs(times[:, None] - taken[None]) <= reach).any(1) if len(taken) else np.zeros(len(times), bool)
        if known.mean() >= 0.5:
            continue
        found.append(_extended(extractor, seed, settings, round(settings.largest_moveout_s * rate)))
        taken = np.concatenate([taken, times])
    return found


def _extended(extractor: Extractor, seed: Template, settings: Detection, reach: int) -> Template:
    """Look at every other station for what comes with the events of a family."""
    home, _ = seed.events[0]
    length = seed.waveform.shape[1]
    times = [time for station, time in seed.events if station == home][:STACKED]
    waveforms, offsets = [], []
    for number, station in enumerate(extractor.record.stations):
        if number == home:
            waveform, offset = seed.waveform, 0
        else:
            pieces = [_around(extractor, number, station.sample_at(time), length, reach, settings) for time in times]
            waveform, offset = _arrival([piece for piece in pieces if piece is not None], seed.waveform, reach)
            if waveform is None:
                waveform, offset = np.full_like(seed.waveform, np.nan), None
        waveforms.append(waveform)
        offsets.append(offset)
    earliest = min(offset for offset in offsets if offset is not None)
    late = [0 if offset is None else offset - earliest for offset in offsets]
    made = make_template(seed.name, np.concatenate(waveforms), settings, seed.origin)
    rows = tuple(int(one) for one in np.repeat(late, seed.waveform.shape[0]))
    return replace(made, moveout=rows, events=seed.events)


def _around(extractor: Extractor, station: int, first: int, length: int, reach: int, settings: Detection):
    """A stretch with `reach` samples on either side, filtered in its surroundings; None where it has a gap."""
    low, high = first - reach, first + length + reach
    signal, live = filtered(extractor, station, low - length, high + length, settings.band_hz)
    inside = slice(length, length + high - low)
    return signal[:, inside] if live[:, inside].all() else None


def _arrival(pieces: list[np.ndarray], home: np.ndarray, reach: int) -> tuple[np.ndarray | None, int | None]:
    """Find where a family arrives, by its strongest quarter; (the first event's waveform, samples later), or None.

    The strongest quarter lies in the waveform where it lies in that of the home station.
    """
    if not pieces:
        return None, None
    length = home.shape[1]
    # Noise is another in every event and sinks in the stack; what comes with the family stays.
    stack = np.mean([piece / max(piece.std(), 1e-12) for piece in pieces], axis=0)
    place = int(_energy(home, length // 4).argmax())
    energy = _energy(stack, length // 4)[place : place + 2 * reach + 1]
    lag = int(energy.argmax())
    if energy[lag] < SEEN * np.median(energy):
        return None, None
    return pieces[0][:, lag : lag + length], lag - reach


def _energy(signal: np.ndarray, length: int) -> np.ndarray:
    """Energy of every stretch of a length, all channels together."""
    power = np.cumsum(np.concatenate([[0.0], (signal**2).sum(0)]))
    return power[length:] - power[:-length]


class NetworkDetector(Detector):
    """Finds events by templates over all stations; samples are those of the first station's grid."""

    def chunks(self, index: WindowIndex) -> tuple[Chunk, ...]:
        """Cut the whole time of the record, gaps of single stations included."""
        record = self.extractor.record
        begin, end = (record.stations[0].sample_at(moment) for moment in record.span)
        step = max(chunk.windows for chunk in index.chunks)
        firsts = range(begin, end, step * index.hop)
        return tuple(
            Chunk(0, 0, first, min(step, -(-(end - first) // index.hop)), number * step)
            for number, first in enumerate(firsts)
        )

    def of_chunk(self, chunk: Chunk, index: WindowIndex) -> Arrays:
        """Return the candidates of a chunk; see `Detector.of_chunk`."""
        record = self.extractor.record
        begin, end = (record.stations[0].sample_at(moment) for moment in record.span)
        first, last = chunk.first, min(chunk.first + chunk.windows * index.hop, end)
        late = int(max(one.late.max() for one in self.templates))
        before = round(record.rate) + self.length
        low, high = max(begin, first - before), min(end, last + 2 * self.length + late)
        signal, live = aligned(self.extractor, low, high, self.settings.band_hz)
        heard = live[:, first - low : last - low].mean(0) >= 0.5
        span = np.array([first, first + int(heard.sum())])
        if not heard.any():
            return {"found": np.empty((0, len(FIELDS))), "null": np.empty((0, len(FIELDS))), "span": span}
        found, null = self._match(signal, low, live)
        belongs = (found[:, 1] >= first) & (found[:, 1] < last)
        return {"found": found[belongs], "null": null, "span": span}

    def _seen_at(self, stations: np.ndarray, found: np.ndarray) -> list[str]:
        names = [one.name for one in self.extractor.record.stations]
        channels = self.extractor.record.channels
        nearest = [
            int(np.flatnonzero(np.isfinite(one.waveform).all(1) & (one.late == 0))[0]) // channels
            for one in self.templates
        ]
        return [names[nearest[int(number)]] for number in found[:, 0]]
