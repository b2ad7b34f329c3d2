"""Templates: cut from what a person picked, or from windows of impulsive clusters, one for each family of waveforms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mleq.continuous.features import Extractor
from mleq.continuous.matching import correlate
from mleq.continuous.recipe import Detection, Pick
from mleq.continuous.windows import WindowIndex
from mleq.errors import DataError

MOST_CANDIDATES = 400
ALIKE = 0.5
"""Two candidates whose largest correlation is at least this are of one family."""

LEAD = 0.1
"""Part of a template that lies before the rise of its energy."""


@dataclass(frozen=True)
class Template:
    """A waveform sought in the record.

    Attributes
    ----------
    name : str
    waveform : numpy.ndarray, shape (n_rows, length)
        In usual amplitudes of the channels, in the band of detection. A row for each channel; of a network, for each
        channel of each station, NaN where a station has none of the event.
    magnitude : float
        Of the event it was cut from: log10 of its peak, plus the recipe's offset.
    origin : str
        Where it came from.
    moveout : tuple of int
        Samples by which each row begins later than the earliest; empty for 0 everywhere.
    events : tuple of (int, numpy.datetime64)
        The station's number and the template's first moment there, for each event of the family, the medoid first.
    """

    name: str
    waveform: np.ndarray
    magnitude: float
    origin: str
    moveout: tuple[int, ...] = ()
    events: tuple[tuple[int, np.datetime64], ...] = field(default=(), repr=False)

    @property
    def late(self) -> np.ndarray:
        """The moveout of each row, shape (n_rows,)."""
        return np.array(self.moveout or (0,) * len(self.waveform))


def band_passed(signal: np.ndarray, band: tuple[float, float] | None, rate: float) -> np.ndarray:
    """Keep a band of a signal, without a shift in time; all of it, less its mean, where there is no band."""
    centred = signal - signal.mean(axis=-1, keepdims=True)
    if band is None:
        return centred
    from scipy.signal import butter, sosfiltfilt

    return sosfiltfilt(butter(3, band, "bandpass", fs=rate, output="sos"), centred, axis=-1)


def make_template(name: str, waveform: np.ndarray, settings: Detection, origin: str) -> Template:
    """Make a template of a waveform in usual amplitudes."""
    peak = float(np.nanmax(np.abs(waveform - waveform.mean(-1, keepdims=True))))
    if not peak > 0:
        raise DataError(f"template {name} ({origin}) is constant", expected="a waveform")
    return Template(name, waveform, float(np.log10(peak)) + settings.magnitude_offset, origin)


def picked(extractor: Extractor, picks: Sequence[Pick], settings: Detection) -> list[Template]:
    """Cut what a person picked.

    Raises
    ------
    DataError
        If a pick lies outside the record or in a gap, names no station of it, or is longer than the record.
    """
    found = []
    lengths = {round(pick.duration_s * extractor.record.rate) for pick in picks}
    if len(lengths) > 1:
        raise DataError("picks of different duration_s", expected="one duration for all templates of a recipe")
    for number, pick in enumerate(picks):
        name = pick.name or f"pick{number + 1}"
        station = next((k for k, one in enumerate(extractor.record.stations) if pick.station in (None, one.name)), None)
        if station is None:
            raise DataError(f"template {name}: no station {pick.station} in the record")
        place = extractor.record.stations[station]
        first = place.sample_at(pick.start)
        last = first + round(pick.duration_s * place.rate)
        if not any(a <= first and last <= b for a, b in place.segments):
            raise DataError(
                f"template {name}: {pick.start.isoformat()} and {pick.duration_s:g} s after it are not in the record "
                f"of {place.name} without a gap", expected="a moment of the record, and a template shorter than it",
            )  # fmt: skip
        signal = band_passed(place.read(first, last) / extractor.scales[station], settings.band_hz, place.rate)
        made = make_template(name, signal, settings, f"{place.name} {pick.start.isoformat()}")
        found.append(replace(made, events=((station, place.time(first)),)))
    return found


def from_windows(
    extractor: Extractor, index: WindowIndex, places: np.ndarray, clusters: Sequence[str], settings: Detection
) -> list[Template]:
    """Make templates of windows: those that resemble each other are a family, its medoid is the template.

    Parameters
    ----------
    extractor : Extractor
    index : WindowIndex
    places : numpy.ndarray of int, shape (n,)
        Candidate windows, the most promising first.
    clusters : sequence of str
        The name of each one's cluster.
    settings : Detection

    Returns
    -------
    list of Template
        Those that repeat most first; those of one member alone are left out unless there is no other.
    """
    rate = extractor.record.rate
    length = min(round(settings.length_s * rate), index.length)
    cuts = [_cut(extractor, index, int(place), length, settings) for place in places[:MOST_CANDIDATES]]
    kept = [k for k, cut in enumerate(cuts) if cut is not None]
    if not kept:
        return []
    waveforms = np.stack([cuts[k][0] for k in kept])
    groups = _families(similarity(waveforms, length // 4), settings.families)
    found = []
    for number, members in enumerate(groups):
        medoid = members[0]
        station, begin = cuts[kept[medoid]][1:]
        where = f"{extractor.record.stations[station].name} {np.datetime_as_string(begin, unit='ms')}"
        origin = f"{where}, cluster {clusters[kept[medoid]]}, {len(members)} alike"
        made = make_template(f"family{number + 1}", waveforms[medoid], settings, origin)
        late = _lags(waveforms[members], length // 4)
        events = tuple(
            (cuts[kept[k]][1], cuts[kept[k]][2] + np.timedelta64(round(lag / rate * 1e9), "ns"))
            for k, lag in zip(members, late, strict=True)
        )
        found.append(replace(made, events=events))
    return found


def _lags(waveforms: np.ndarray, shift: int) -> np.ndarray:
    """Return by how many samples each waveform must be cut later to be like the first."""
    padded = np.pad(waveforms, ((0, 0), (0, 0), (shift, shift)))
    return np.array([int(correlate(one, waveforms[:1])[0].argmax()) - shift for one in padded])


def _cut(extractor: Extractor, index: WindowIndex, place: int, length: int, settings: Detection):
    """Cut a window's strongest stretch: (waveform, station, begin); None where the record has a hole or end there."""
    chunks, firsts = index.where(np.array([place]))
    chunk, first = index.chunks[chunks[0]], int(firsts[0])
    station = extractor.record.stations[chunk.station]
    begin, end = station.segments[chunk.segment]
    low, high = max(begin, first - length), min(end, first + index.length + length)
    signal = station.read(low, high) / extractor.scales[chunk.station]
    if not np.isfinite(signal).all():
        return None
    signal = band_passed(signal, settings.band_hz, station.rate)
    power = np.cumsum(np.concatenate([[0.0], (signal**2).sum(0)]))
    body = max(1, length // 2)
    energy = power[body:] - power[:-body]
    inside = slice(first - low, first - low + index.length)
    rise = first - low + int(energy[inside].argmax())
    start = min(max(rise - round(LEAD * length), 0), signal.shape[1] - length)
    if start < 0:
        return None
    return signal[:, start : start + length], chunk.station, station.time(low + start)


def similarity(waveforms: np.ndarray, shift: int) -> np.ndarray:
    """Return the largest correlation of each pair within a shift, shape (n, n).

    Parameters
    ----------
    waveforms : numpy.ndarray, shape (n, n_channels, length)
    shift : int
        Samples, either way.
    """
    padded = np.pad(waveforms, ((0, 0), (0, 0), (shift, shift)))
    rows = [correlate(one, waveforms).max(axis=1) for one in padded]
    found = np.stack(rows)
    return np.maximum(found, found.T)


def _families(alike: np.ndarray, most: int) -> list[list[int]]:
    """Group candidates around those that others are most like; members, the medoid first.

    What counts is how far others are above ALIKE, squared: few that repeat each other come before many that merely have
    a frequency in common.
    """
    near, left = alike >= ALIKE, np.ones(len(alike), bool)
    weight = np.where(near, (alike - ALIKE) ** 2, 0)
    np.fill_diagonal(weight, 0)
    found: list[list[int]] = []
    while left.any() and len(found) < most:
        medoid = int(np.where(left, weight @ left, -1).argmax())
        others = [int(k) for k in np.flatnonzero(near[medoid] & left) if k != medoid]
        if not others and found:
            break
        found.append([medoid, *others])
        left &= ~near[medoid]
        left[medoid] = False
    return found
