"""Template matching: normalised cross-correlation by overlap-save, thresholds, and what stands out.

References
----------
Gibbons, S. J. and Ringdal, F. (2006). The detection of low magnitude seismic events using array-based waveform
correlation. Geophys. J. Int. 165, 149-166. doi:10.1111/j.1365-246X.2006.02865.x
Shelly, D. R., Beroza, G. C. and Ide, S. (2007). Non-volcanic tremor and low-frequency earthquake swarms. Nature 446,
305-307. doi:10.1038/nature05666 (thresholds in median absolute deviations)
"""

from __future__ import annotations

import numpy as np

from mleq.errors import DataError

BLOCK = 16_384
"""Samples transformed at once: small enough for a processor's cache, and one loud event spoils one block alone."""

AT_ONCE = 8
"""Blocks transformed together."""

TRUSTED = 4e-6
"""Error of a correlation beyond which a block is computed again in double precision."""

LOST_DIGITS = 1e-9
"""Part of a block's energy below which that of a window is no more the difference of two sums."""

MEDIAN_OF = 20_000
"""Correlations from which their deviation is taken."""

SILENT = 1e-9
"""A window whose amplitude is below this part of its channel's has no correlation: it counts as 0."""


def correlate(
    signal: np.ndarray, templates: np.ndarray, moveout: np.ndarray | None = None, live: np.ndarray | None = None
) -> np.ndarray:
    """Correlate templates with a record, normalised, averaged over channels.

    cc(t) = mean over channels c of sum_l w_c[l] (x_c[t + m_c + l] - mean) / (|w_c| |x_c - mean|), w_c with zero mean.

    Parameters
    ----------
    signal : numpy.ndarray, shape (n_channels, n_samples)
    templates : numpy.ndarray, shape (n_templates, n_channels, length)
        Of any amplitude and mean; not finite on a channel that a template does not have.
    moveout : numpy.ndarray of int, shape (n_templates, n_channels), optional
        Samples by which a channel is later than the detection's time; 0 without it.
    live : numpy.ndarray of bool, shape (n_channels, n_samples), optional
        Where a channel has a record; a channel does not count where its stretch is not all live.

    Returns
    -------
    numpy.ndarray, shape (n_templates, n_samples - length - max(moveout) + 1), float32
        Between -1 and 1; 0 where the record is silent, or fewer than half of a template's channels count. Where only
        a part of them counts, their mean times the root of that part.

    Raises
    ------
    DataError
        If the record is shorter than a template with its moveout, a template is constant, or channels differ.
    """
    templates, moveout, used = _checked(signal, templates, moveout)
    length = templates.shape[2]
    count = signal.shape[1] - length - int(moveout.max(initial=0)) + 1
    total = np.zeros((len(templates), count), np.float32)
    counted = None if live is None else np.zeros((len(templates), count), np.float32)
    for channel in range(signal.shape[0]):
        found = _one_channel(signal[channel], templates[:, channel])
        whole = None if live is None else _whole(live[channel], length)
        for number in np.flatnonzero(used[:, channel]):
            late = slice(moveout[number, channel], moveout[number, channel] + count)
            total[number] += found[number, late] if live is None else np.where(whole[late], found[number, late], 0)
            if live is not None:
                counted[number] += whole[late]
    number = used.sum(1, keepdims=True).astype(np.float32)
    if live is None:
        return total if signal.shape[0] == 1 else total / number
    enough = (counted >= number / 2) & (counted > 0)
    # The mean of fewer channels is noisier: it is made as much smaller, so that one threshold holds everywhere.
    return np.divide(total, np.sqrt(counted * number), out=np.zeros_like(total), where=enough)


def _whole(live: np.ndarray, length: int) -> np.ndarray:
    """Say of each stretch whether all of it is live; shape (n_samples - length + 1,)."""
    dead = np.concatenate([[0], np.cumsum(~live)])
    return dead[length:] == dead[:-length]


def _checked(signal, templates, moveout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return templates of zero mean and unit size, moveout, and which channels each template has."""
    n_templates, n_channels, length = templates.shape
    if n_channels != signal.shape[0]:
        raise DataError(f"templates of {n_channels} channels on a record of {signal.shape[0]}", expected="the same")
    if moveout is None:
        moveout = np.zeros((n_templates, n_channels), int)
    if (moveout < 0).any():
        raise DataError("a moveout below 0", expected="samples by which a channel is later than the first")
    needed = length + int(moveout.max(initial=0))
    if signal.shape[1] < needed:
        raise DataError(
            f"a template of {needed} samples, moveout included, on a record of {signal.shape[1]}",
            expected="a record longer than its templates",
            remedy="shorten them (detect.length_s), or leave short stretches out",
        )
    used = np.isfinite(templates).all(-1)
    held = np.where(used[..., None], templates, 0)
    centred = held - held.mean(axis=-1, keepdims=True, dtype=np.float64)
    size = np.sqrt((centred**2).sum(-1, keepdims=True))
    if not (size[used] > 0).all() or not used.any(1).all():
        raise DataError("a template is constant on a channel", expected="templates that move on every channel")
    return centred / np.where(size > 0, size, 1), moveout, used


def _one_channel(values: np.ndarray, templates: np.ndarray) -> np.ndarray:
    """Correlate unit templates with one channel; shape (n_templates, n_samples - length + 1), float32."""
    from scipy import fft

    length, n = templates.shape[1], len(values)
    count = n - length + 1
    block = min(fft.next_fast_len(max(BLOCK, 4 * length), real=True), fft.next_fast_len(n, real=True))
    step = block - length + 1
    centred = values - values.mean(dtype=np.float64)
    spectra = {kind: np.conj(fft.rfft(templates.astype(kind), block)) for kind in (np.float32, np.float64)}
    blocks = -(-count // step)
    padded = np.zeros((blocks - 1) * step + block)
    padded[:n] = centred
    view = np.lib.stride_tricks.sliding_window_view(padded, block)[::step]
    sizes = _sizes(view, length, count)
    inverse = np.zeros_like(sizes)
    np.divide(1, sizes, out=inverse, where=sizes > SILENT * max(float(sizes.max()), 1e-300))
    found = np.empty((len(templates), blocks, step), np.float32)
    doubtful = np.sqrt((view**2).sum(1)) * inverse.max(1) * np.finfo(np.float32).eps > TRUSTED
    for chosen, kind in ((np.flatnonzero(~doubtful), np.float32), (np.flatnonzero(doubtful), np.float64)):
        for low in range(0, len(chosen), AT_ONCE):
            some = chosen[low : low + AT_ONCE]
            spectrum = fft.rfft(view[some].astype(kind))
            scale = inverse[some].astype(kind)
            for number, template in enumerate(spectra[kind]):
                found[number, some] = fft.irfft(spectrum * template, block)[:, :step] * scale
    return found.reshape(len(templates), -1)[:, :count]


def _sizes(view: np.ndarray, length: int, count: int) -> np.ndarray:
    """Return the norm of each window about its own mean, by sums along blocks; shape (n_blocks, step).

    The first `count` windows are wanted, the rest lie in the padding.

    Where a window is so quiet beside its block that the difference of two sums has lost its digits, it is summed alone.
    """
    edge = ((0, 0), (1, 0))
    sums, squares = (np.pad(np.cumsum(values, axis=1), edge) for values in (view, view**2))
    first, second = sums[:, length:] - sums[:, :-length], squares[:, length:] - squares[:, :-length]
    energy = second - first**2 / length
    energy.reshape(-1)[count:] = 0
    rows, columns = np.divmod(np.flatnonzero((energy < LOST_DIGITS * squares[:, -1:]).ravel()[:count]), energy.shape[1])
    windows = np.lib.stride_tricks.sliding_window_view(view, length, axis=1)
    for low in range(0, len(rows), 4096):
        some = slice(low, low + 4096)
        energy[rows[some], columns[some]] = windows[rows[some], columns[some]].var(-1) * length
    return np.sqrt(np.maximum(energy, 0))


def deviation(correlation: np.ndarray) -> np.ndarray:
    """Return the median absolute deviation of each template's correlations, shape (n_templates,).

    Of long rows one value in so many is taken that MEDIAN_OF are left, which is enough for a median to a percent.
    """
    few = correlation[:, :: max(1, correlation.shape[1] // MEDIAN_OF)]
    return np.median(np.abs(few - np.median(few, axis=1, keepdims=True)), axis=1)


def peaks(correlation: np.ndarray, lowest: np.ndarray, apart: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find maxima above a level, no two of a template nearer than `apart` samples.

    Parameters
    ----------
    correlation : numpy.ndarray, shape (n_templates, n)
    lowest : numpy.ndarray, shape (n_templates,)
    apart : int

    Returns
    -------
    (numpy.ndarray, numpy.ndarray, numpy.ndarray)
        Template, sample and correlation of each.
    """
    from scipy.signal import find_peaks

    templates, samples, values = [], [], []
    for number, (row, level) in enumerate(zip(correlation, lowest, strict=True)):
        found, about = find_peaks(np.pad(row, 1, constant_values=-2.0), height=float(level), distance=max(1, apart))
        templates.append(np.full(len(found), number))
        samples.append(found - 1)
        values.append(about["peak_heights"])
    return np.concatenate(templates), np.concatenate(samples), np.concatenate(values)


def suppress(times: np.ndarray, scores: np.ndarray, apart: float) -> np.ndarray:
    """Keep of detections that lie nearer to each other than `apart` the one with the highest score.

    Parameters
    ----------
    times, scores : numpy.ndarray, shape (n,)
        Times in any order and unit.
    apart : float
        In the unit of times.

    Returns
    -------
    numpy.ndarray of int
        Places of those kept, in time order.
    """
    order = np.argsort(times, kind="stable")
    sorted_times = times[order]
    left = np.searchsorted(sorted_times, sorted_times - apart, side="right")
    right = np.searchsorted(sorted_times, sorted_times + apart, side="left")
    alive = np.ones(len(times), bool)
    kept = np.zeros(len(times), bool)
    for place in np.argsort(-scores[order], kind="stable"):
        if alive[place]:
            kept[place] = True
            alive[left[place] : right[place]] = False
    return order[kept]


def multiple_for(scores: np.ndarray, days: float, budget: float) -> float:
    """Choose the multiple of the deviation above which a null record gives no more alarms than the budget.

    Parameters
    ----------
    scores : numpy.ndarray
        Maxima of templates that cannot be in the record (the same ones, backwards), in deviations.
    days : float
        Length of the record in which they were found.
    budget : float
        False alarms a day, of all templates together.

    Returns
    -------
    float
        At least 5.
    """
    allowed = int(budget * days)
    ordered = np.sort(scores)[::-1]
    return max(5.0, float(np.nextafter(ordered[allowed], np.inf)) if len(ordered) > allowed else 5.0)


def amplitude_ratio(piece: np.ndarray, template: np.ndarray) -> float:
    """Return how many times larger than its template an event is: least squares, the median of channels.

    <x, w> / <w, w> with zero means (Gibbons and Ringdal 2006); channels that are not finite do not count. NaN where no
    channel agrees in sign.

    Parameters
    ----------
    piece, template : numpy.ndarray, shape (n_channels, length)
    """
    x = piece - piece.mean(1, keepdims=True)
    w = template - template.mean(1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (x * w).sum(1) / (w * w).sum(1)
    return float(np.median(ratio[ratio > 0])) if (ratio > 0).any() else float("nan")
