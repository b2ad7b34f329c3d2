"""From recordings to windows: true north, one sampling rate, one band, cut around the P arrival."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd

from mleq import progress
from mleq.azimuth.geodesy import back_azimuth_and_distance
from mleq.azimuth.onset import pick
from mleq.azimuth.recipe import Window
from mleq.azimuth.recordings import Recordings
from mleq.errors import DataError

log = logging.getLogger("mleq")

GUARD_S = 0.25
"""What lies so close before a P arrival is no noise: picks err."""
DISAGREES_DEG = 1.0
"""A stored label farther than this from the coordinates' is reported."""
LEAST_SNR_DB = -10.0
AT_ONCE = 2048


@dataclass(frozen=True, eq=False)
class Traces:
    """Windows of equal length with what is known of each.

    Attributes
    ----------
    waveforms : numpy.ndarray of float32, shape (n, 3, n_samples)
        Components Z, N (true where known), E; band-passed; the P arrival at sample `p_index`.
    table : pandas.DataFrame, n rows
        trace, event, station, origin_time, back_azimuth_deg and distance_km (by WGS84, NaN where coordinates are
        missing), snr_db (measured), picked (whether mleq picked the P arrival), and the columns of the recordings.
    sampling_rate_hz : float
    p_index : int
    source : str
    dropped : dict of str to list of str
        Traces that could not be used, by reason.
    disagreeing : pandas.DataFrame
        trace, stored_back_azimuth_deg, back_azimuth_deg of stored labels that the coordinates contradict.
    """

    waveforms: np.ndarray
    table: pd.DataFrame
    sampling_rate_hz: float
    p_index: int
    source: str
    dropped: dict[str, list[str]]
    disagreeing: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    def subset(self, chosen: np.ndarray) -> Traces:
        """Return some of the traces."""
        table = self.table.iloc[chosen].reset_index(drop=True)
        return Traces(
            self.waveforms[chosen], table, self.sampling_rate_hz, self.p_index, self.source, self.dropped,
            self.disagreeing,
        )  # fmt: skip


def cut(recordings: Recordings, window: Window) -> Traces:
    """Cut windows around the P arrivals.

    A trace is left out, and named with the reason, where a component is dead or holds no numbers, where no P arrival
    is given and none can be picked, or where the window reaches beyond the trace.

    Parameters
    ----------
    recordings : Recordings
    window : Window
        The recipe's.

    Returns
    -------
    Traces

    Raises
    ------
    DataError
        If a sampling rate is lower than the recipe's, a P index is missing and may not be picked, or nothing is left.
    """
    table = recordings.table.copy()
    _check_rates(table, window)
    if not window.pick_onsets and table["p_index"].isna().any():
        without = table.loc[table["p_index"].isna(), "trace"]
        raise DataError(
            f"{len(without)} of {len(table)} traces have no P arrival index, the first {without.iloc[0]!r}",
            expected="p_index for each",
            remedy='say "pick_onsets": true in the recipe\'s `window` to pick them on the vertical component',
        )
    n, samples = len(table), window.samples_before + window.samples_after
    waveforms = np.zeros((n, 3, samples), np.float32)
    reasons = np.full(n, "", object)
    picked = np.zeros(n, bool)
    with progress.task("cutting windows", total=n, unit="traces") as shown:
        for rows in _alike(recordings):
            _cut_rows(recordings, table, rows, window, waveforms, reasons, picked)
            shown.advance(len(rows))
    table["picked"] = picked
    dropped = {reason: list(traces) for reason, traces in recordings.dropped.items()}
    for reason in dict.fromkeys(reasons[reasons != ""]):
        dropped.setdefault(reason, []).extend(table.loc[reasons == reason, "trace"])
    for reason, traces in dropped.items():
        log.warning("left out %d of %d traces: %s (the first: %s)", len(traces), n, reason, traces[0])
    kept = np.flatnonzero(reasons == "")
    if not len(kept):
        raise DataError(
            f"no usable trace in {recordings.source}: {'; '.join(dropped) or 'there are none'}",
            expected="three live components around a P arrival",
        )
    return _described(waveforms[kept], table.iloc[kept].reset_index(drop=True), window, recordings.source, dropped)


def _described(waveforms, table: pd.DataFrame, window: Window, source: str, dropped) -> Traces:
    """Add what follows from coordinates and signals, and hold stored labels against the coordinates."""
    table["back_azimuth_deg"], table["distance_km"] = back_azimuth_and_distance(table)
    table["snr_db"] = measured_snr_db(waveforms, window)
    apart = np.abs(np.mod(table["stored_back_azimuth_deg"] - table["back_azimuth_deg"] + 180, 360) - 180)
    wrong = table.loc[apart > DISAGREES_DEG, ["trace", "stored_back_azimuth_deg", "back_azimuth_deg"]]
    if len(wrong):
        turned = np.abs(np.mod(wrong.iloc[:, 1] - wrong.iloc[:, 2], 360) - 180) <= 10
        log.warning(
            "%d of %d stored back-azimuths differ by more than %g degree from the coordinates' (up to %.1f degrees; %d "
            "look like the azimuth, the other way round); the coordinates' are used",
            len(wrong), len(table), DISAGREES_DEG, apart.max(), turned.sum(),
        )  # fmt: skip
    if table["picked"].any():
        log.info("the P arrival of %d of %d traces was picked on the vertical", table["picked"].sum(), len(table))
    return Traces(
        waveforms, table, window.sampling_rate_hz, window.samples_before, source, dropped, wrong.reset_index(drop=True)
    )


def measured_snr_db(waveforms: np.ndarray, window: Window) -> np.ndarray:
    """Power of the first 2 s of P, less the noise's, over the power of the noise before it, in dB, shape (n,).

    At least -10 dB, which also stands where P brings no more power than noise.
    """
    p, guard = window.samples_before, max(round(GUARD_S * window.sampling_rate_hz), 1)
    length = min(round(2 * window.sampling_rate_hz), window.samples_after)
    noise = np.square(waveforms[:, :, : p - guard], dtype=np.float64).mean(axis=(1, 2))
    both = np.square(waveforms[:, :, p : p + length], dtype=np.float64).mean(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(noise > 0, (both - noise) / noise, np.inf)
    return 10 * np.log10(np.clip(ratio, 10 ** (LEAST_SNR_DB / 10), 1e6))


def _check_rates(table: pd.DataFrame, window: Window) -> None:
    rates = table["sampling_rate_hz"]
    if not (rates > 0).all():
        raise DataError(f"trace {table.loc[~(rates > 0), 'trace'].iloc[0]!r} has no sampling rate", expected="Hz")
    low = table.loc[rates < window.sampling_rate_hz * (1 - 1e-6)]
    if len(low):
        found = ", ".join(f"{rate:g}" for rate in sorted(low["sampling_rate_hz"].unique()))
        raise DataError(
            f"{len(low)} of {len(table)} traces have a sampling rate of {found} Hz, the first {low['trace'].iloc[0]!r}",
            expected=f"at least the recipe's window.sampling_rate_hz, {window.sampling_rate_hz:g} Hz",
            remedy="lower rates cannot be brought up: set window.sampling_rate_hz (and band_hz) lower and train again; "
            "higher ones are brought down",
        )


def _alike(recordings: Recordings) -> Iterator[np.ndarray]:
    """Rows of the same rate and length, in bites that fit into memory."""
    lengths = [waveform.shape[-1] for waveform in recordings.waveforms]
    kinds = pd.DataFrame({"rate": recordings.table["sampling_rate_hz"], "length": lengths})
    for _, rows in kinds.groupby(["rate", "length"], sort=False).indices.items():
        for first in range(0, len(rows), AT_ONCE):
            yield rows[first : first + AT_ONCE]


def _cut_rows(recordings, table, rows, window: Window, waveforms, reasons, picked) -> None:
    """Prepare and cut rows of one rate and length; fills `waveforms`, `reasons` and `picked` in their places."""
    signals = np.stack([recordings.waveforms[i] for i in rows]).astype(np.float64)
    finite = np.isfinite(signals).all(axis=(1, 2))
    signals[~finite] = 0.0
    dead = (np.ptp(signals, axis=-1) == 0).any(axis=1)
    reasons[rows[dead]] = "a component is dead (zero variance)"
    reasons[rows[~finite]] = "samples that are no numbers"
    rate = float(table["sampling_rate_hz"].iloc[rows[0]])
    signals = _to_true_north(signals, table["north_azimuth_deg"].to_numpy()[rows])
    signals, ratio = _resampled(signals - signals.mean(axis=-1, keepdims=True), rate, window.sampling_rate_hz)
    signals = _filter(window)(signals)
    given = table["p_index"].to_numpy()[rows] * ratio
    for signal, row, p in zip(signals, rows, given, strict=True):
        if reasons[row]:
            continue
        if np.isnan(p):
            index, stands_out = pick(signal[0], window.sampling_rate_hz)
            picked[row] = index is not None
            if index is None:
                reasons[row] = "no P arrival index, and none that stands out to be picked"
                continue
        else:
            index = round(float(p))
        first, last = index - window.samples_before, index + window.samples_after
        if first < 0 or last > signal.shape[-1]:
            reasons[row] = (
                f"the window of {window.before_s:g} s before P and {window.after_s:g} s after leaves the trace"
            )
            continue
        waveforms[row] = signal[:, first:last]


def _to_true_north(signals: np.ndarray, north_azimuth_deg: np.ndarray) -> np.ndarray:
    """Turn horizontal components whose N points `north_azimuth_deg` clockwise from true north (NaN: taken as right)."""
    turn = np.radians(np.nan_to_num(north_azimuth_deg))[:, None]
    if not turn.any():
        return signals
    n, e = signals[:, 1], signals[:, 2]
    return np.stack([signals[:, 0], np.cos(turn) * n - np.sin(turn) * e, np.sin(turn) * n + np.cos(turn) * e], axis=1)


def _resampled(signals: np.ndarray, rate: float, wanted: float) -> tuple[np.ndarray, float]:
    """Bring signals down to the wanted rate; returns them and new samples per old."""
    if abs(rate / wanted - 1) < 1e-6:
        return signals, 1.0
    from scipy.signal import resample_poly

    share = Fraction(wanted / rate).limit_denominator(1000)
    return resample_poly(signals, share.numerator, share.denominator, axis=-1), wanted / rate


def _filter(window: Window) -> Callable[[np.ndarray], np.ndarray]:
    """Return the causal band-pass: what comes after P must not reach before it."""
    if window.band_hz is None:
        return lambda signals: signals
    from scipy.signal import butter, sosfilt

    sections = butter(3, window.band_hz, "bandpass", fs=window.sampling_rate_hz, output="sos")
    return lambda signals: sosfilt(sections, signals, axis=-1)
