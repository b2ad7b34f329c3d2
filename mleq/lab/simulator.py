"""A stick-slip experiment whose truth is known: acoustic emission that tells of the failure, as much as is asked for.

The time between failures is log-normal. With T the time to failure and κ the coupling, the noise has amplitude

    log A(T) = κ · 0.28 · ln(T₀ / (T + 0.05 T₀)) + wandering + drift,      T₀ the median recurrence,

and bursts of elastic waves come as a Poisson process whose rate follows the inverse Omori law of foreshocks
(Papazachos 1973; Jones and Molnar 1979, doi:10.1029/JB084iB07p03596), which laboratory emission before failure shows
too (Hirata 1987, doi:10.1029/JB092iB07p06215),

    λ(T) = λ₀ [ (1 − κ) + κ · T₀ / (2 T + 0.1 T₀) ],

with amplitudes from a Pareto law. The wandering, an Ornstein-Uhlenbeck process of 0.4 s, says nothing about the
failure. Bait says nothing either but names the cycle and the moment: the amplifier's offset and gain and the pitch and
width of the sample's resonance wander through the experiment and jump at each failure. At κ = 0 nothing knows the
failure.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from mleq import progress
from mleq.lab.cycles import CYCLE_COLUMNS
from mleq.lab.signals import CountedTimes, Signals

QUIET = 4.0
"""Standard deviation of the noise between failures, in counts."""

OFFSET = 4.5
"""Mean of the signal, in counts, before it drifts."""

GROWTH, FLOOR = 0.28, 0.05
WANDERING_S = 0.4
BURSTS_PER_S = 60.0
PARETO, SMALLEST_BURST, LARGEST_BURST = 1.4, 8.0, 2000.0
STEP_S = 0.02
"""Grid of all that changes slowly, in seconds."""

PIECE = 2_000_000
VERSION = 2
"""Of what the same settings make."""


def simulate(settings) -> Signals:
    """Simulate an experiment; the same settings make the same signal.

    Parameters
    ----------
    settings : SimulatedSignals
        The recipe's `signals`.

    Returns
    -------
    Signals
        With the first and the last cycle cut, as in a real record.
    """
    rng = np.random.default_rng([settings.seed, 1])
    rate = settings.sampling_rate_hz
    ends_s, rows = _failures(settings, rng)
    failures = np.rint(np.array(ends_s) * rate).astype(np.int64)
    times = CountedTimes(failures, rate)
    inside = failures[failures < rows]
    starts, stops = np.r_[0, inside], np.r_[inside, rows]
    number = np.arange(len(starts))
    values = [starts, stops, times[starts], times[stops - 1], (number > 0) & (number < len(starts) - 1)]
    cycles = pd.DataFrame(dict(zip(CYCLE_COLUMNS, values, strict=True)))
    label = settings.model_dump_json(exclude={"failure_below_s", "max_gap_s", "columns"})
    sha = hashlib.sha256(f"simulator {VERSION}: {label}".encode()).hexdigest()
    return Signals(_Emission(settings, ends_s, rows, rng), times, cycles, rate, f"simulated, seed {settings.seed}", sha)


class _Emission:
    """The signal, simulated when it is first read: a plan of a run needs the cycles alone."""

    def __init__(self, settings, ends_s: list[float], rows: int, rng: np.random.Generator):
        self.settings, self.rows = settings, rows
        self.slow = _slow_course(settings, ends_s, rows / settings.sampling_rate_hz, rng)

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, place) -> np.ndarray:
        return self.samples[place]

    @cached_property
    def samples(self) -> np.ndarray:
        """All samples, int16, shape (rows,)."""
        signal = np.empty(self.rows, dtype=np.int16)
        rate = self.settings.sampling_rate_hz
        shape = _burst_shapes()
        noise = np.random.default_rng([self.settings.seed, 2])
        with progress.task("simulating", total=self.rows, unit="samples") as shown:
            for first in range(0, self.rows, PIECE):
                last = min(first + PIECE, self.rows)
                signal[first:last] = _piece(first, last, rate, self.slow, shape, noise)
                shown.advance(last - first)
        return signal


def _failures(settings, rng: np.random.Generator) -> tuple[list[float], int]:
    """Times of the failures in seconds, one beyond the end included, and the number of samples."""
    gaps = settings.recurrence_s * np.exp(settings.recurrence_sigma * rng.standard_normal(settings.failures + 1))
    gaps[0] *= 0.4
    ends = np.cumsum(gaps)
    length_s = ends[-2] + 0.4 * gaps[-1]
    return list(ends), int(length_s * settings.sampling_rate_hz)


def _slow_course(settings, ends_s, length_s: float, rng: np.random.Generator) -> dict[str, Any]:
    """All that changes slowly, on a grid of STEP_S: log amplitude, rate of bursts, offset, resonance."""
    time = np.arange(0, length_s + 2 * STEP_S, STEP_S)
    cycle = np.searchsorted(ends_s, time, side="right")
    to_failure = np.asarray(ends_s)[np.minimum(cycle, len(ends_s) - 1)] - time
    typical, coupling = settings.recurrence_s, settings.coupling
    growth = coupling * GROWTH * np.log(typical / (to_failure.clip(0) + FLOOR * typical))
    omori = typical / (2 * to_failure.clip(0) + 2 * FLOOR * typical)

    def wandering(scale_s: float) -> np.ndarray:
        """An Ornstein-Uhlenbeck process of unit variance."""
        from scipy.signal import lfilter

        keep = np.exp(-STEP_S / scale_s)
        return lfilter([np.sqrt(1 - keep**2)], [1, -keep], rng.standard_normal(time.size))

    def bait() -> np.ndarray:
        """Wanders through the experiment, and jumps at each failure."""
        return settings.drift * (0.7 * wandering(5 * typical) + 0.7 * rng.standard_normal(len(ends_s) + 1)[cycle])

    return {
        "time": time,
        "log_amplitude": growth + settings.wandering * wandering(WANDERING_S) + 0.04 * bait(),
        "burst_rate": BURSTS_PER_S * np.exp(0.3 * wandering(WANDERING_S)) * ((1 - min(coupling, 1)) + coupling * omori),
        "offset": OFFSET + 0.6 * bait(),
        "resonance": np.clip(0.17 + 0.02 * bait(), 0.08, 0.3),
        "ringing": np.clip(0.6 + 0.06 * bait(), 0.3, 0.85),
    }


def _burst_shapes() -> np.ndarray:
    """Decaying oscillations with three frequencies and unit peak, shape (3, n)."""
    count = np.arange(256)
    shapes = [np.exp(-count / 60) * np.sin(2 * np.pi * share * count) for share in (0.06, 0.11, 0.16)]
    return np.stack([one / np.abs(one).max() for one in shapes]).astype(np.float32)


def _piece(first: int, last: int, rate: float, slow, shape, rng: np.random.Generator) -> np.ndarray:
    from scipy.signal import lfilter

    now = (np.arange(first, last, dtype=np.float64) / rate / STEP_S).astype(np.int64)
    middle = int((first + last) / 2 / rate / STEP_S)
    # Second-order resonance; dividing by its gain keeps the variance at one, whatever its frequency and width.
    radius, angle = slow["ringing"][middle], 2 * np.pi * slow["resonance"][middle]
    a1, a2 = -2 * radius * np.cos(angle), radius**2
    variance = (1 + a2) / ((1 - a2) * ((1 + a2) ** 2 - a1**2))
    noise = lfilter([1 / np.sqrt(variance)], [1, a1, a2], rng.standard_normal(last - first, dtype=np.float32))
    amplitude = np.exp(slow["log_amplitude"]) * QUIET
    values = noise.astype(np.float32) * amplitude.astype(np.float32)[now]
    _add_bursts(values, first, rate, slow, shape, rng)
    values += slow["offset"].astype(np.float32)[now]
    return np.clip(np.rint(values), -32768, 32767).astype(np.int16)


def _add_bursts(values: np.ndarray, first: int, rate: float, slow, shape, rng: np.random.Generator) -> None:
    """Add bursts in place; one that would reach beyond the piece is cut."""
    begin, end = first / rate, (first + values.size) / rate
    highest = slow["burst_rate"][int(begin / STEP_S) : int(end / STEP_S) + 1].max()
    moments = rng.uniform(begin, end, rng.poisson(highest * (end - begin)))
    kept = moments[rng.random(moments.size) * highest < slow["burst_rate"][(moments / STEP_S).astype(np.int64)]]
    sizes = np.minimum(SMALLEST_BURST * rng.random(kept.size) ** (-1 / PARETO), LARGEST_BURST)
    sizes *= np.exp(0.5 * slow["log_amplitude"][(kept / STEP_S).astype(np.int64)])
    kinds = rng.integers(len(shape), size=kept.size)
    places = ((kept - begin) * rate).astype(np.int64)
    for place, size, kind in zip(places, sizes, kinds, strict=True):
        room = values[place : place + shape.shape[1]]
        room += np.float32(size) * shape[kind, : room.size]
