"""Intervals of scores of dependent days: the studentised block bootstrap.

Earthquakes cluster, so days are resampled in blocks, and each resample is measured by its own standard error, from its
own blocks. Percentile intervals of clustered days are too short: few blocks hold most events, and how much they differ
is uncertain itself.
"""

from __future__ import annotations

import numpy as np

from mleq.scores.blocks import Blocks

FAR = 0.7  # of the tail beyond the far end of a place's gain per event-day: a short record lacks the great sequence
FEWEST_BLOCKS = 5  # mean blocks that a series must hold before an interval is given
LARGEST_UNDEFINED_SHARE = 0.05  # of resamples in which a score may be undefined, for lack of events
POWER_80 = 0.8416  # standard errors: the normal quantile of 80 %


def studentised(
    value: float,
    resampled: np.ndarray,
    blocks: Blocks,
    numerator: np.ndarray,
    denominator: np.ndarray,
    level: float,
    *,
    beyond: float = 1.0,
) -> dict[str, float]:
    r"""Interval of a ratio of sums over days by the studentised block bootstrap (bootstrap-t).

    In each resample with block sums :math:`A_k, B_k` and ratio :math:`r^* = \sum A_k / \sum B_k`, the squared standard
    error is :math:`\sum_k (A_k - r^* B_k)^2 / (\sum B_k)^2`. With :math:`t^* = (r^* - r)/se^*` and :math:`\sigma` the
    standard deviation of `resampled`, the interval is :math:`[v - t^*_{hi} \sigma, v - t^*_{lo} \sigma]`.

    Parameters
    ----------
    value : float
        v, the score of all days.
    resampled : numpy.ndarray, shape (n_resamples,)
        The score of each resample; NaN where undefined.
    blocks : Blocks
    numerator, denominator : numpy.ndarray, shape (days,)
        The ratio of whose sums is the score, exactly or to first order.
    level : float
    beyond : float, optional
        Share of the tail of (1 - level)/2 that is left beyond the far end: the upper one of a value of zero or more,
        the lower one of a value below. The other end, by which a score is told from zero, stays where it is.

    Returns
    -------
    dict of float
        `low`, `high`, and `detectable`: what the score would have to be for its interval to lie above zero in 80 % of
        cases.

    References
    ----------
    Efron, B. and Tibshirani, R. J. (1993). An Introduction to the Bootstrap, ch. 12.5. ISBN 978-0-412-04231-7
    Goetze, F. and Kuensch, H. R. (1996). Second-order correctness of the blockwise bootstrap for stationary
    observations. Ann. Stat. 24, 1914-1933. doi:10.1214/aos/1069362303
    """
    spread = float(resampled[np.isfinite(resampled)].std(ddof=1))
    if spread <= 1e-12 * max(abs(value), 1.0):  # the same in every resample, but for rounding
        return {"low": value, "high": value, "detectable": 0.0}
    pivot, error = pivots(blocks, numerator, denominator)
    # A resample of a single block has no spread to be measured by.
    pivot = pivot[np.isfinite(pivot) & (error > 1e-6 * spread)]
    tail = (1 - level) / 2
    below, above = (tail, beyond * tail) if value >= 0 else (beyond * tail, tail)
    detecting, high, low = np.quantile(pivot, [1 - tail, 1 - below, above])
    return {
        "low": float(value - high * spread),
        "high": float(value - low * spread),
        "detectable": float((detecting + POWER_80) * spread),
    }


def pivots(blocks: Blocks, numerator: np.ndarray, denominator: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many of its own standard errors the ratio of each resample lies above that of all days, and these errors.

    Returns
    -------
    pivot, error : numpy.ndarray, shape (n_resamples,)
        Not finite where a resample leaves them undefined.
    """
    above, below = blocks.sums(numerator), blocks.sums(denominator)
    total = blocks.by_resample(below)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = blocks.by_resample(above) / total
        error = np.sqrt(blocks.by_resample((above - ratio[blocks.resample] * below) ** 2)) / np.abs(total)
        return (ratio - numerator.sum() / denominator.sum()) / error, error


def block_interval(
    value: float | None,
    resampled: np.ndarray,
    blocks: Blocks,
    numerator: np.ndarray,
    denominator: np.ndarray,
    *,
    level: float,
    beyond: float = 1.0,
) -> dict:
    """`studentised`, or the reason why there is no interval.

    Parameters
    ----------
    value : float or None
        The score of all days, None where it is undefined.
    resampled, blocks, numerator, denominator, level, beyond
        As for `studentised`.

    Returns
    -------
    dict
        `value`, `low`, `high`, `detectable`; the last three None, and a `reason`, where the score is undefined on these
        days or on more than 5 % of the resamples, or the days are fewer than five mean blocks.
    """
    undefined = int((~np.isfinite(resampled)).sum())
    reason = ""
    if value is None:
        reason = "undefined on days of one kind"
    elif blocks.days < FEWEST_BLOCKS * blocks.mean_length:
        reason = f"{blocks.days} days are fewer than {FEWEST_BLOCKS} blocks of {blocks.mean_length:g} days"
    elif undefined > LARGEST_UNDEFINED_SHARE * resampled.size:
        reason = f"too few event-days: undefined in {undefined} of {resampled.size} resamples"
    if reason:
        return {"value": value, "low": None, "high": None, "detectable": None, "reason": reason}
    found = studentised(value, resampled, blocks, numerator, denominator, level, beyond=beyond)
    return {"value": value} | found
