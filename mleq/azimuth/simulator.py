"""Simulated P arrivals at a few stations: what a network learns on where there are no data, with the truth known.

Each trace is a plane P wave (linear motion along the ray), a coda of waves from random directions, and noise that is
partly polarised, as a station sees it whose subsurface bends rays by an angle that depends on their direction, and
whose sensor is turned by an angle nobody wrote down. It is a caricature: one phase, no S wave, stationary noise,
distances beyond which S does not reach the window.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mleq import progress
from mleq.azimuth.geodesy import back_azimuth_and_distance, destination
from mleq.azimuth.recipe import SimulatedSignals
from mleq.azimuth.recordings import Recordings, table_of

CENTRE = (-21.0, -69.0)
SPREAD_DEG = 2.0
DISTANCES_KM = (60.0, 250.0)
BEFORE_S, AFTER_S = 12.0, 12.0
SNR_WINDOW_S, SNR_FROM_HZ = 2.0, 1.0
"""Signal over noise is that of the first seconds of P, above the low frequencies where noise is strongest."""
AT_ONCE = 4096
FIRST_DAY = np.datetime64("2010-01-01", "us")


class Stations:
    """Stations with what is unknown of them to those who use their signals.

    Attributes
    ----------
    names : ndarray of str, shape (k,)
    latitude, longitude : ndarray, shape (k,)
    misorientation_deg : ndarray, shape (k,)
        How far the sensor's north lies from true north, clockwise.
    """

    def __init__(self, settings: SimulatedSignals, rng: np.random.Generator):
        k = settings.stations
        self.names = np.array([f"S{i + 1:0{max(2, len(str(k)))}d}" for i in range(k)])
        self.latitude = CENTRE[0] + rng.uniform(-SPREAD_DEG, SPREAD_DEG, k)
        self.longitude = CENTRE[1] + rng.uniform(-SPREAD_DEG, SPREAD_DEG, k)
        self.misorientation_deg = settings.misorientation_deg * rng.standard_normal(k)
        # Two harmonics, as dipping layers make them; each coefficient so that the whole has the size asked for.
        self._harmonics = settings.bias_deg / 2 * rng.standard_normal((k, 2, 2))
        self.noise_direction = _unit(rng.standard_normal((k, 3)))

    def bias_deg(self, station: np.ndarray, back_azimuth_deg: np.ndarray) -> np.ndarray:
        """How far the arriving ray is turned, clockwise, shape (n,)."""
        angle = np.radians(back_azimuth_deg)[:, None] * np.arange(1, 3)
        terms = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        return (self._harmonics[station] * terms).sum(axis=(1, 2))


def simulate(settings: SimulatedSignals) -> Recordings:
    """Simulate recordings.

    Parameters
    ----------
    settings : SimulatedSignals
        The recipe's `signals`; the same settings give the same recordings.

    Returns
    -------
    Recordings
        `table` holds `true_snr_db` and `station_effect_deg` (bias and misorientation together) beside the usual.
    """
    rng = np.random.default_rng(settings.seed)
    stations = Stations(settings, rng)
    table, station = _geometry(settings, stations, rng)
    true, distance = back_azimuth_and_distance(table)
    bias = stations.bias_deg(station, true)
    table["true_snr_db"] = rng.uniform(*settings.snr_db, len(table))
    # The sensor's frame is turned clockwise, so directions seem turned the other way.
    table["station_effect_deg"] = bias - stations.misorientation_deg[station]
    rate = settings.sampling_rate_hz
    waveforms = np.empty((len(table), 3, round((BEFORE_S + AFTER_S) * rate)), np.float32)
    with progress.task("simulating", total=len(table), unit="traces") as shown:
        for first in range(0, len(table), AT_ONCE):
            rows = slice(first, first + AT_ONCE)
            waveforms[rows] = _traces(
                (true + table["station_effect_deg"].to_numpy())[rows],
                table["true_snr_db"].to_numpy()[rows],
                stations.noise_direction[station[rows]],
                rate,
                rng,
            )
            shown.advance(len(waveforms[rows]))
    slips = np.clip(settings.onset_error_s * rng.standard_normal(len(table)), -1, 1)
    table["p_index"] = np.round((BEFORE_S + slips) * rate)
    return Recordings(waveforms, table, f"simulated from seed {settings.seed}")


def _geometry(
    settings: SimulatedSignals, stations: Stations, rng: np.random.Generator
) -> tuple[pd.DataFrame, np.ndarray]:
    """Events around the stations that record them, in time order; the table and the station of each row."""
    n, each = settings.events, settings.stations_per_event
    recording = np.argsort(rng.random((n, settings.stations)), axis=1)[:, :each]
    azimuth, distance = rng.uniform(0, 360, n), rng.uniform(*DISTANCES_KM, n)
    first = recording[:, 0]
    sources = np.array(
        [destination(stations.latitude[s], stations.longitude[s], azimuth[i], distance[i]) for i, s in enumerate(first)]
    )
    days = np.sort(rng.uniform(0, 3650, n))
    event = np.repeat(np.arange(n), each)
    station = recording.ravel()
    table = table_of(
        {
            "trace": [f"E{e:06d}.{stations.names[s]}" for e, s in zip(event, station, strict=True)],
            "event": [f"E{e:06d}" for e in event],
            "station": stations.names[station],
            "origin_time": (FIRST_DAY + (days * 86_400e6).astype("timedelta64[us]"))[event],
            "sampling_rate_hz": np.full(len(event), settings.sampling_rate_hz),
            "source_latitude": sources[event, 0],
            "source_longitude": sources[event, 1],
            "source_depth_km": rng.uniform(5, 120, n)[event],
            "station_latitude": stations.latitude[station],
            "station_longitude": stations.longitude[station],
            "north_azimuth_deg": np.zeros(len(event)),
        }
    )
    return table, station


def _traces(apparent_deg, snr_db, noise_direction, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Signals of plane waves that seem to come from `apparent_deg`, shape (n, 3, n_samples), Z N E."""
    n, before, after = len(apparent_deg), round(BEFORE_S * rate), round(AFTER_S * rate)
    time = np.arange(after) / rate
    incidence = np.radians(rng.uniform(10, 55, n))
    away = np.radians(apparent_deg + 180)
    # Up and away from the source move together in a P wave (Aki and Richards 2002, section 5.3).
    ray = np.stack([np.cos(incidence), np.sin(incidence) * np.cos(away), np.sin(incidence) * np.sin(away)], axis=1)
    polarity = rng.choice([-1.0, 1.0], n)
    frequency = rng.uniform(2.0, 0.3 * rate, n)
    direct = _wavelets(time, frequency, rng) * polarity[:, None]
    coda = _coda(time, frequency, rng)
    signal = ray[:, :, None] * direct[:, None, :] + coda * rng.uniform(0.1, 0.45, n)[:, None, None]
    noise = _noise(n, before + after, noise_direction, rate, rng)
    window = slice(0, round(SNR_WINDOW_S * rate))
    power = np.square(signal[:, :, window]).mean(axis=(1, 2))
    disturbing = _power_above(noise, SNR_FROM_HZ, rate)
    gain = np.sqrt(disturbing / power * 10 ** (snr_db / 10))
    noise[:, :, before:] += signal * gain[:, None, None]
    return (noise * 10 ** rng.uniform(1, 4, n)[:, None, None]).astype(np.float32)


def _wavelets(time: np.ndarray, frequency: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Oscillations that set in at once and decay, each with a second, later pulse; shape (n, len(time))."""
    n = len(frequency)
    total = np.zeros((n, len(time)))
    for strength, latest in ((1.0, 0.0), (0.5, 1.0)):
        start = rng.uniform(0, latest, n) if latest else np.zeros(n)
        lag = np.maximum(time[None, :] - start[:, None], 0)
        decay = rng.uniform(0.15, 0.6, n)[:, None]
        wave = np.sin(2 * np.pi * frequency[:, None] * lag) * np.exp(-lag / decay)
        total += strength * rng.choice([-1.0, 1.0], n)[:, None] * wave
    return total / np.sqrt(np.square(total).sum(axis=1, keepdims=True))


def _coda(time: np.ndarray, frequency: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Waves scattered into random directions: they grow within half a second and decay; shape (n, 3, len(time))."""
    n = len(frequency)
    raw = rng.standard_normal((n, 3, len(time)))
    spectrum = np.fft.rfft(raw, axis=-1)
    at = np.fft.rfftfreq(len(time), time[1])[None, :]
    spectrum *= np.exp(-(((at - frequency[:, None]) / (0.5 * frequency[:, None])) ** 2))[:, None, :]
    scattered = np.fft.irfft(spectrum, len(time), axis=-1)
    growth, decay = rng.uniform(0.2, 0.8, (n, 1)), rng.uniform(1.0, 4.0, (n, 1))
    envelope = (1 - np.exp(-time[None, :] / growth)) * np.exp(-time[None, :] / decay)
    scattered *= envelope[:, None, :]
    return scattered / np.sqrt(np.square(scattered).sum(axis=(1, 2), keepdims=True) / 3)


def _noise(n: int, samples: int, direction: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Red noise, part of which moves along one direction: half the station's own, half the moment's."""
    along = _unit(direction + _unit(rng.standard_normal((n, 3))))
    polarised = rng.uniform(0, 0.8, n)[:, None, None]
    white = rng.standard_normal((n, 4, samples)).astype(np.float32)
    at = np.fft.rfftfreq(samples, 1 / rate)
    colour = 1 / np.sqrt(1 + (at / 0.8) ** 2)
    red = np.fft.irfft(np.fft.rfft(white, axis=-1) * colour, samples, axis=-1)
    red /= np.sqrt(np.square(red).mean(axis=-1, keepdims=True))
    isotropic, common = red[:, :3], red[:, 3:]
    return np.sqrt(1 - polarised) * isotropic + np.sqrt(3 * polarised) * along[:, :, None] * common


def _power_above(noise: np.ndarray, frequency: float, rate: float) -> np.ndarray:
    """Mean power of noise above a frequency, all components, shape (n,); by Parseval's theorem."""
    samples = noise.shape[-1]
    power = np.square(np.abs(np.fft.rfft(noise, axis=-1))).mean(axis=1)
    power[:, 1:] *= 2
    return power[:, np.fft.rfftfreq(samples, 1 / rate) >= frequency].sum(axis=1) / samples**2


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
