"""Days of record with known truth, made from a seed piece by piece: any stretch can be had without the rest.

The noise is one white series through three filters with gains that change slowly: the Earth's hum, man's work by day,
the wind; tremor is a fourth in the record's last two fifths. Events are added to it: a repeating source whose rate
grows as the inverse of the time left (as Poli 2017, doi:10.1002/2017GL075039, found before the Nuugaatsiaq landslide),
local earthquakes of which no two are alike, teleseisms, knocks by day, and, on wish, earthquakes of a few repeating
sources in times and magnitudes of an ETAS process. The usual amplitude of the noise is 1; an event of magnitude m has
the peak 10^m.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from mleq.continuous.recipe import Seismicity, SimulatedRecord
from mleq.continuous.records import ContinuousRecord, Station

BLOCK = 65_536
"""Samples that share a seed."""

WARM = 4_096
"""Samples after which the filters have forgotten how they began."""

KINDS = ("noise", "repeater", "earthquake", "local", "teleseism", "impulse", "tremor")
DAY = 86_400.0


def simulate_record(settings: SimulatedRecord) -> ContinuousRecord:
    """Make a record from a recipe's settings.

    Returns
    -------
    ContinuousRecord
        One station, `SM.SIM`; `truth` holds every event and every hour of tremor.
    """
    events = simulate_truth(settings)
    count = round(settings.days * DAY * settings.sampling_rate)
    names = tuple("ZNE"[k] if settings.channels <= 3 else f"C{k}" for k in range(settings.channels))
    start = pd.Timestamp(settings.start, tz="UTC").as_unit("ns").value
    read = _Reader(settings, events)
    station = Station(
        "SM.SIM", names, settings.sampling_rate, start, ((0, count),), read, settings.latitude, settings.longitude
    )
    text = settings.model_dump_json()
    digest = hashlib.sha256(f"mleq record 1 {text}".encode()).hexdigest()
    return ContinuousRecord((station,), f"simulated, seed {settings.seed}", digest, events)


def simulate_truth(settings: SimulatedRecord) -> pd.DataFrame:
    """Draw what happens in a record.

    Returns
    -------
    pandas.DataFrame
        In time order: kind, start (s since the record's start), duration_s, magnitude (NaN for tremor), family_id (of
        repeating sources, from 0; -1 for events without one), waveform (seed of its shape).
    """
    rng = np.random.default_rng([settings.seed, 1])
    length = settings.days * DAY
    rows = []

    def add(
        kind: str, starts: np.ndarray, durations: Any, magnitudes: Any, family: Any = -1, shape: Any = None
    ) -> None:
        shapes = rng.integers(2**31, size=len(starts)) if shape is None else shape
        columns = np.broadcast_arrays(starts, durations, magnitudes, family, shapes)
        rows.append(pd.DataFrame({"kind": kind, **dict(zip(COLUMNS, columns, strict=True))}))

    def uniform(number: float) -> np.ndarray:
        return rng.uniform(60, max(61, length - 120), rng.poisson(number))

    n = settings.repeaters
    if n:
        # A rate of 1/(time left + c): times left are then spread evenly in their logarithm.
        left = np.exp(rng.uniform(np.log(0.002 * length), np.log(0.7 * length), n))
        add("repeater", length - 30 - left, 12.0, rng.normal(0.75, 0.12, n), 0, 7)
    starts = uniform(settings.local_per_day * settings.days)
    add("local", starts, rng.uniform(8, 40, len(starts)), 0.4 + rng.exponential(0.35, len(starts)))
    starts = uniform(settings.teleseisms_per_day * settings.days)
    add("teleseism", starts, rng.uniform(120, 400, len(starts)), 0.3 + rng.exponential(0.3, len(starts)))
    starts = uniform(settings.impulses_per_day * settings.days * 3)
    starts = starts[rng.random(len(starts)) < _daylight(starts) / 1.5]
    add("impulse", starts, 1.0, 0.8 + rng.exponential(0.3, len(starts)))
    if settings.tremor:
        hours = np.arange(0.6 * length, length - 1800, 3600.0)
        hours = hours[rng.random(len(hours)) < 0.35]
        add("tremor", hours, rng.uniform(600, 3000, len(hours)), np.nan)
    if settings.seismicity:
        times, magnitudes, sources = _seismicity(settings.seismicity, settings.days, settings.seed)
        inside = times < length - 60
        sources = sources[inside]
        add("earthquake", times[inside], 15.0, magnitudes[inside], 1 + sources, 100 + sources)
    truth = pd.concat(rows, ignore_index=True)
    return truth.sort_values("start", kind="stable", ignore_index=True)


COLUMNS = ("start", "duration_s", "magnitude", "family_id", "waveform")


def _seismicity(settings: Seismicity, days: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw times (s), magnitudes and sources of earthquakes; offspring have the source of their parent."""
    from mleq.etas.parameters import EtasParameters
    from mleq.etas.simulation import simulate_catalog

    parameters = EtasParameters(
        background_per_day=settings.per_day, productivity=settings.A, alpha=settings.alpha, c_days=settings.c_days,
        p=settings.p, d_km2=1.0, q=1.8, gamma=0.5, m0=settings.min_magnitude,
    )  # fmt: skip
    found = simulate_catalog(
        (0.0, 1.0, 0.0, 1.0), 0.0, float(days), parameters, b_value=settings.b_value,
        magnitude_max=settings.max_magnitude, seed=seed, burn_in_days=100.0, keep_outside=True,
    )  # fmt: skip
    sources = np.random.default_rng([seed, 2]).integers(settings.sources, size=len(found["parent"]))
    for child in np.flatnonzero(found["parent"] >= 0):  # in time order: a parent's source is known by then
        sources[child] = sources[found["parent"][child]]
    return found["time_days"] * DAY, found["magnitude"], sources


def _daylight(seconds: np.ndarray) -> np.ndarray:
    """How busy people are, 0 at night to 1.5 at noon."""
    return 1.5 * np.clip(np.sin(2 * np.pi * (seconds / DAY - 0.25)), 0, None)


class _Reader:
    """Samples of a record; what is sent to another process is what it is made of, not what it has made."""

    def __init__(self, settings: SimulatedRecord, truth: pd.DataFrame):
        self.made_of = settings, truth
        self.read = _reader(settings, truth)

    def __call__(self, first: int, last: int) -> np.ndarray:
        return self.read(first, last)

    def __reduce__(self):
        return _Reader, self.made_of


def _reader(settings: SimulatedRecord, truth: pd.DataFrame) -> Callable[[int, int], np.ndarray]:
    noise = _Noise(settings, truth)
    events = truth[truth["kind"] != "tremor"]
    rate = settings.sampling_rate
    begins = np.floor(events["start"].to_numpy() * rate).astype(int)
    lengths = (events["duration_s"].to_numpy() * 2 * rate).astype(int)
    longest = int(lengths.max(initial=0))
    rows = list(events.itertuples(index=False))

    @lru_cache(maxsize=256)
    def waveform(kind: str, shape: int, duration: float) -> np.ndarray:
        return event_waveform(kind, shape, duration, settings.channels, rate)

    def read(first: int, last: int) -> np.ndarray:
        values = noise(first, last)
        for place in range(*np.searchsorted(begins, [first - longest, last])):
            begin, row = begins[place], rows[place]
            shape = waveform(row.kind, int(row.waveform), float(row.duration_s))
            low, high = max(begin, first), min(begin + shape.shape[1], last)
            if low < high:
                values[:, low - first : high - first] += (
                    np.float32(10**row.magnitude) * shape[:, low - begin : high - begin]
                )
        return values

    return read


class _Noise:
    def __init__(self, settings: SimulatedRecord, truth: pd.DataFrame):
        from scipy import signal

        self.settings, self.rate = settings, settings.sampling_rate
        nyquist = self.rate / 2
        bands = {"hum": (0.02, 0.12), "work": (0.15, 0.5), "wind": (0.3, 0.95), "tremor": (0.05, 0.14)}
        self.filters = {
            name: signal.butter(2, [max(low, 0.3 / nyquist), high], "bandpass") for name, (low, high) in bands.items()
        }
        rng = np.random.default_rng([settings.seed, 3])
        self.phases = rng.uniform(0, 2 * np.pi, 6)
        tremor = truth[truth["kind"] == "tremor"]
        self.tremor = tremor[["start", "duration_s"]].to_numpy()

    def __call__(self, first: int, last: int) -> np.ndarray:
        """Return noise, shape (n_channels, last - first), float32."""
        blocks = range(first // BLOCK, (last - 1) // BLOCK + 1)
        made = np.concatenate([self._block(block) for block in blocks], axis=1)
        return made[:, first - blocks[0] * BLOCK : last - blocks[0] * BLOCK].copy()

    @lru_cache(maxsize=8)  # noqa: B019, one object for each record
    def _white(self, block: int) -> np.ndarray:
        rng = np.random.default_rng([self.settings.seed, 4, block + 1])
        return rng.standard_normal((self.settings.channels, BLOCK), dtype=np.float32)

    @lru_cache(maxsize=2)  # noqa: B019
    def _block(self, block: int) -> np.ndarray:
        from scipy import signal

        white = np.concatenate([self._white(block - 1)[:, -WARM:], self._white(block)], axis=1)
        seconds = (block * BLOCK + np.arange(0, BLOCK + 1024, 1024)) / self.rate
        at = np.arange(BLOCK) / 1024
        total = np.zeros((self.settings.channels, BLOCK), np.float32)
        for name, gain in self._gains(seconds).items():
            if gain.any():
                filtered = signal.lfilter(*self.filters[name], white)[:, WARM:]
                total += (filtered * np.interp(at, np.arange(len(gain)), gain)).astype(np.float32)
        return total

    def _gains(self, seconds: np.ndarray) -> dict[str, np.ndarray]:
        a, b, c, d, e, f = self.phases
        wind = np.sin(2 * np.pi * seconds / 37_000 + a) + np.sin(2 * np.pi * seconds / 11_300 + b)
        swell = np.sin(2 * np.pi * seconds / 160_000 + c) + 0.5 * np.sin(2 * np.pi * seconds / 70_000 + d)
        work = _daylight(seconds) * (1 + 0.4 * np.sin(2 * np.pi * seconds / 1_700 + e))
        tremor = np.zeros(len(seconds))
        for start, duration in self.tremor:
            inside = (seconds - start) / duration
            tremor += np.where((inside > 0) & (inside < 1), np.sin(np.pi * np.clip(inside, 0, 1)) ** 0.5, 0)
        flicker = 1 + 0.5 * np.sin(2 * np.pi * seconds / 900 + f)
        return {
            "hum": 2.6 * np.exp(0.25 * swell),
            "work": 0.7 * work,
            "wind": 0.35 * np.exp(0.6 * wind),
            "tremor": 2.4 * tremor * flicker,
        }


def event_waveform(kind: str, shape: int, duration_s: float, channels: int, rate: float) -> np.ndarray:
    """Make the waveform of an event, its peak 1.

    Returns
    -------
    numpy.ndarray, shape (channels, 2 * duration_s * rate), float32
    """
    from scipy import signal

    rng = np.random.default_rng([shape, len(kind)])
    n = max(16, int(2 * duration_s * rate))
    t = np.arange(n) / rate
    nyquist = rate / 2
    if kind == "impulse":
        centre, decay = rng.uniform(0.35, 0.8) * nyquist, rng.uniform(0.05, 0.2)
        wave = np.exp(-t / decay) * np.sin(2 * np.pi * centre * t + rng.uniform(0, 6.28, (channels, 1)))
    else:
        low, high = _band_of(kind, rng, nyquist)
        noise = rng.standard_normal((channels, n + 400))
        wave = signal.sosfilt(signal.butter(2, [low, high], "bandpass", output="sos"), noise)[:, 400:]
        wave = wave * _envelope_of(kind, t, duration_s, rng)
    return (wave / np.abs(wave).max()).astype(np.float32)


def _band_of(kind: str, rng: np.random.Generator, nyquist: float) -> tuple[float, float]:
    """The band of an event, in parts of the Nyquist frequency."""
    if kind == "teleseism":
        return max(0.02, 0.3 / nyquist), min(0.9, rng.uniform(1.0, 2.0) / nyquist)
    low = rng.uniform(0.06, 0.2)
    return low, min(0.9, low * rng.uniform(2.0, 4.0))


def _envelope_of(kind: str, t: np.ndarray, duration_s: float, rng: np.random.Generator) -> np.ndarray:
    """P and, later and stronger, S, each with its coda; a slow swell for teleseisms."""
    if kind == "teleseism":
        rise = 0.15 * duration_s
        return (1 - np.exp(-t / rise)) * np.exp(-t / (0.4 * duration_s))
    lag = duration_s * rng.uniform(0.1, 0.3)
    strength, decay = rng.uniform(0.2, 0.5), duration_s * rng.uniform(0.12, 0.2)
    p = strength * np.exp(-t / decay)
    return p + np.where(t >= lag, np.exp(-np.clip(t - lag, 0, None) / decay), 0)


def window_truth(truth: pd.DataFrame, begins: np.ndarray, length_s: float) -> np.ndarray:
    """Name what a window holds: the strongest claim of any event whose first moments lie in it, or tremor.

    Parameters
    ----------
    truth : pandas.DataFrame
        Of `simulate_truth`.
    begins : numpy.ndarray, shape (n,)
        Seconds since the record's start, ascending.
    length_s : float
        Length of a window.

    Returns
    -------
    numpy.ndarray of str, shape (n,)
        One of KINDS; where several kinds claim a window, the one that comes first there, noise last.
    """
    rank = np.full(len(begins), len(KINDS))
    for row in truth.itertuples(index=False):
        claim = KINDS.index(row.kind)
        # Of an event the strongest third must lie in the window by half, of tremor half a window.
        body = max(0.4 * row.duration_s, 1.0) if row.kind != "tremor" else row.duration_s
        half = min(body, length_s) / 2
        low = np.searchsorted(begins, row.start + half - length_s, side="left")
        high = np.searchsorted(begins, row.start + body - half, side="right")
        rank[low:high] = np.minimum(rank[low:high], claim)
    return np.array([*KINDS, "noise"], dtype=object)[rank].astype(str)
