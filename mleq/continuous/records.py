"""Continuous records: stations, channels, stretches without a gap, and their samples when they are asked for.

Rules: the traces of a station lie on one grid of samples, to half a sample. Traces are put in time order whatever
their order in the files; where two overlap they must agree. What no trace covers on every channel is a gap, and gaps
are never filled. Samples that are not finite count as gaps of the windows that hold them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mleq.errors import DataError

Read = Callable[[int, int], np.ndarray]
COMPARED = 1_000_000
"""Samples of overlapping traces compared at once."""


@dataclass(frozen=True)
class Trace:
    """Samples of one channel without a gap, wherever they lie.

    Attributes
    ----------
    station, channel : str
    start_ns : int
        Time of the first sample, nanoseconds since 1970, UTC.
    rate : float
        Samples a second.
    count : int
    read : callable
        (first, last) -> samples, shape (last - first,).
    source : str
        The file, for messages.
    """

    station: str
    channel: str
    start_ns: int
    rate: float
    count: int
    read: Read = field(repr=False)
    source: str = ""

    def __str__(self) -> str:
        begin = pd.Timestamp(self.start_ns, tz="UTC").strftime("%Y-%m-%d %H:%M:%S")
        return f"{self.station} {self.channel} from {begin} ({self.count} samples at {self.rate:g} Hz, {self.source})"


@dataclass(frozen=True)
class Station:
    """The channels of a station on one grid of samples.

    Attributes
    ----------
    name : str
    channels : tuple of str
    rate : float
    start_ns : int
        Time of sample 0.
    segments : tuple of (int, int)
        First and last (exclusive) sample of each stretch in which every channel has samples.
    read : callable
        (first, last) -> samples, shape (n_channels, last - first), within one segment.
    latitude, longitude : float or None
    """

    name: str
    channels: tuple[str, ...]
    rate: float
    start_ns: int
    segments: tuple[tuple[int, int], ...]
    read: Read = field(repr=False)
    latitude: float | None = None
    longitude: float | None = None

    def time(self, sample: np.ndarray | int) -> np.ndarray:
        """Return the times of samples, datetime64[ns]."""
        elapsed = np.round(np.asarray(sample, dtype=float) * (1e9 / self.rate)).astype("int64")
        return (elapsed + self.start_ns).astype("datetime64[ns]")

    def sample_at(self, moment: np.datetime64 | pd.Timestamp) -> int:
        """Return the sample nearest to a time."""
        moment = pd.Timestamp(moment)
        moment = moment.tz_localize("UTC") if moment.tz is None else moment
        return round((moment.as_unit("ns").value - self.start_ns) * self.rate / 1e9)

    @property
    def samples(self) -> int:
        """How many samples every channel has."""
        return sum(last - first for first, last in self.segments)


@dataclass(frozen=True)
class ContinuousRecord:
    """All that a recipe reads.

    Attributes
    ----------
    stations : tuple of Station
    source : str
    sha256 : str
        Of what traces there are (names, times, counts, files), or of a simulation's settings.
    truth : pandas.DataFrame or None
        Of a simulated record, in time order: kind, start (s from the first sample), duration_s, magnitude, family_id.
    """

    stations: tuple[Station, ...]
    source: str
    sha256: str
    truth: pd.DataFrame | None = None

    @property
    def rate(self) -> float:
        """Samples a second; one for all stations."""
        return self.stations[0].rate

    @property
    def channels(self) -> int:
        """Channels of each station."""
        return len(self.stations[0].channels)

    @property
    def days(self) -> float:
        """Days of record, stations summed, gaps left out."""
        return sum(station.samples for station in self.stations) / self.rate / 86_400

    @property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last (exclusive) moment, UTC."""
        begins = [station.time(station.segments[0][0]) for station in self.stations]
        ends = [station.time(station.segments[-1][1]) for station in self.stations]
        return pd.Timestamp(min(begins), tz="UTC"), pd.Timestamp(max(ends), tz="UTC")


def gather(
    traces: Iterable[Trace], source: str, *, latitude: float | None = None, longitude: float | None = None
) -> ContinuousRecord:
    """Make a record of traces.

    Parameters
    ----------
    traces : iterable of Trace
        In any order.
    source : str
        For messages.
    latitude, longitude : float, optional
        Of the stations.

    Returns
    -------
    ContinuousRecord

    Raises
    ------
    DataError
        If there is none, rates are mixed, stations differ in their number of channels, overlapping traces disagree,
        or nowhere do all channels of a station have samples.
    """
    traces = sorted((one for one in traces if one.count > 0), key=lambda one: (one.station, one.channel, one.start_ns))
    if not traces:
        raise DataError(f"{source}: no trace with samples", expected="at least one")
    for one in traces:
        _check_times(one)
    _one_rate(traces)
    names = list(dict.fromkeys(one.station for one in traces))
    stations = tuple(_station([one for one in traces if one.station == name], latitude, longitude) for name in names)
    counts = {station.name: len(station.channels) for station in stations}
    if len(set(counts.values())) > 1:
        raise DataError(
            f"stations with different numbers of channels: {', '.join(f'{k} {v}' for k, v in counts.items())}",
            expected="the same number at each",
            remedy="choose channels or stations with record.channels ('??Z') and record.stations in the recipe",
        )
    held = "\n".join(f"{one.start_ns} {one}" for one in traces)
    return ContinuousRecord(stations, source, hashlib.sha256(held.encode()).hexdigest())


def _check_times(trace: Trace) -> None:
    """Refuse a trace whose times cannot be counted in nanoseconds: its file is broken."""
    lasting_s = trace.count / trace.rate if 0 < trace.rate < np.inf else np.inf
    if abs(trace.start_ns) + 1e9 * lasting_s >= 2**63:
        raise DataError(
            f"station {trace.station}, channel {trace.channel} of {trace.source}: {trace.count} samples at "
            f"{trace.rate:g} Hz that begin {trace.start_ns / 1e9:.0f} s after 1970",
            expected="a sampling rate above zero, and times between the years 1678 and 2262",
            remedy="the file is broken: copy or download it again",
        )


def _one_rate(traces: list[Trace]) -> None:
    common = traces[0]
    for other in traces:
        if abs(other.rate / common.rate - 1) > 1e-4:
            raise DataError(
                f"mixed sampling rates: {common}; {other}",
                expected="one rate",
                remedy="choose channels or stations with record.channels and record.stations in the recipe",
            )


def _station(traces: list[Trace], latitude: float | None, longitude: float | None) -> Station:
    rate, start = traces[0].rate, min(one.start_ns for one in traces)
    channels = tuple(dict.fromkeys(one.channel for one in traces))
    placed = {name: _in_order([one for one in traces if one.channel == name], start, rate) for name in channels}
    covered = [_joined(pieces) for pieces in placed.values()]
    segments = covered[0]
    for other in covered[1:]:
        segments = _common(segments, other)
    if not segments:
        raise DataError(
            f"station {traces[0].station}: its channels {', '.join(channels)} have no moment in common",
            remedy="choose channels with record.channels in the recipe",
        )

    def read(first: int, last: int) -> np.ndarray:
        return np.stack([_read(placed[name], first, last) for name in channels])

    return Station(traces[0].station, channels, rate, start, tuple(segments), read, latitude, longitude)


Placed = list[tuple[int, int, Trace]]
"""First sample on the station's grid, samples skipped at the trace's start, the trace; disjoint, in time order."""


def _in_order(traces: list[Trace], start_ns: int, rate: float) -> Placed:
    """Place the traces of a channel on the grid, and take samples that stand in two only once."""
    placed: Placed = []
    end = 0
    for one in sorted(traces, key=lambda one: (one.start_ns, -one.count)):
        first = round((one.start_ns - start_ns) * rate / 1e9)
        skip = min(max(0, end - first), one.count) if placed else 0
        if skip:
            _agree(placed, first, skip, one)
        if skip < one.count:
            placed.append((first + skip, skip, one))
            end = first + one.count
    return placed


def _agree(placed: Placed, first: int, count: int, later: Trace) -> None:
    for at in range(0, count, COMPARED):
        until = min(at + COMPARED, count)
        if not np.array_equal(_read(placed, first + at, first + until), later.read(at, until), equal_nan=True):
            raise DataError(
                f"two overlapping traces disagree: {placed[-1][2]} and {later}",
                expected="the same samples where both have some",
                remedy="remove or mend one of them",
            )


def _joined(placed: Placed) -> list[tuple[int, int]]:
    """Join traces that touch."""
    found: list[tuple[int, int]] = []
    for first, skip, one in placed:
        last = first + one.count - skip
        if found and found[-1][1] == first:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def _common(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) < min(b, d)]


def _read(placed: Placed, first: int, last: int) -> np.ndarray:
    """Read samples of a channel; the caller asks within a stretch that traces cover."""
    pieces = list(_pieces(placed, first, last))
    values = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    if len(values) != last - first:
        raise DataError(
            f"samples {first} to {last} of {placed[0][2]} are not there", expected="a record without change"
        )
    return values


def _pieces(placed: Placed, first: int, last: int) -> Iterator[np.ndarray]:
    for begin, skip, one in placed:
        end = begin + one.count - skip
        low, high = max(first, begin), min(last, end)
        if low < high:
            yield np.asarray(one.read(low - begin + skip, high - begin + skip))
