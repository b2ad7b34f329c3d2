"""Picks the P arrival where no index is given."""

from __future__ import annotations

import numpy as np

SHORT_S, LONG_S = 0.5, 5.0
LEAST_RATIO = 3.0
SEARCH_S = 3.0


def pick(vertical: np.ndarray, rate: float) -> tuple[int | None, float]:
    """Pick the first arrival on a vertical component.

    The ratio of short-term to long-term average of the squared signal finds where the signal first rises to at least
    3 times the noise, and to a third of its greatest ratio; within 3 s around that place, Akaike's criterion of two
    stretches of different variance places the onset.

    Parameters
    ----------
    vertical : numpy.ndarray, shape (n_samples,)
        Filtered.
    rate : float
        Hz.

    Returns
    -------
    index : int or None
        None where nothing stands out.
    ratio : float
        Greatest short-term over long-term average.

    References
    ----------
    Allen, R. V. (1978). Bull. Seismol. Soc. Am. 68, 1521-1532. doi:10.1785/BSSA0680051521
    Maeda, N. (1985). Zisin 38, 365-379. doi:10.4294/zisin1948.38.3_365 (the criterion straight from the signal)
    """
    short, long = max(round(SHORT_S * rate), 2), round(LONG_S * rate)
    if len(vertical) < 2 * long:
        return None, 0.0
    power = np.concatenate([[0.0], np.cumsum(np.square(vertical, dtype=float))])
    place = np.arange(long, len(vertical) - short)
    now = (power[place + short] - power[place]) / short
    before = (power[place] - power[place - long]) / long
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(before > 0, now / before, 0.0)
    greatest = float(ratio.max(initial=0.0))
    if greatest < LEAST_RATIO:
        return None, greatest
    rough = place[np.argmax(ratio >= max(LEAST_RATIO, greatest / 3))]
    reach = round(SEARCH_S * rate)
    first, last = max(rough - reach, 0), min(rough + reach // 2, len(vertical))
    return first + _change(vertical[first:last]), greatest


def _change(signal: np.ndarray) -> int:
    """Where the variance of a stretch changes, by Akaike's information criterion."""
    n = len(signal)
    k = np.arange(5, n - 5)
    total = np.cumsum(signal, dtype=float), np.cumsum(np.square(signal, dtype=float))
    mean_left, square_left = total[0][k - 1] / k, total[1][k - 1] / k
    rest = n - k
    mean_right, square_right = (total[0][-1] - total[0][k - 1]) / rest, (total[1][-1] - total[1][k - 1]) / rest
    tiny = np.finfo(float).tiny
    left = np.log(np.maximum(square_left - mean_left**2, tiny))
    right = np.log(np.maximum(square_right - mean_right**2, tiny))
    return int(k[np.argmin(k * left + rest * right)])
