"""What the best of many tries is worth: intervals and tests that know how many were tried.

The best of twenty forecasts without skill looks skilful. Here all configurations are resampled together, on the same
blocks of days, and the largest of their deviations in each resample says how far luck alone lifts the best.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mleq.errors import DataError
from mleq.scores.blocks import Blocks
from mleq.scores.intervals import block_interval, pivots


@dataclass(frozen=True)
class Selection:
    """Gains of many configurations on the same resamples, alone and as the best of all; made by `selection`.

    Attributes
    ----------
    names : tuple of str
    alone : tuple of dict
        Of each {"value", "low", "high"}: its interval as if it were the only one tried.
    together : tuple of dict
        Of each {"low", "high"}: the interval that holds for all of them at once, and so for whichever is chosen.
    p_white, p_hansen : float or None
        Chance of a best gain as large as this if no configuration gained anything: the Reality Check, and the
        consistent test of Superior Predictive Ability. None where there is no interval.
    """

    names: tuple[str, ...]
    alone: tuple[dict, ...]
    together: tuple[dict, ...]
    p_white: float | None
    p_hansen: float | None
    days: int
    mean_block_days: float
    n_resamples: int
    level: float

    @property
    def best(self) -> int:
        """Which has the largest gain."""
        return int(np.argmax([one["value"] for one in self.alone]))


def selection(
    gains: dict[str, np.ndarray], *, mean_block_days: float, n_resamples: int = 2000, seed, level: float = 0.95
) -> Selection:
    r"""Resample the daily gains of many configurations together.

    With :math:`t^*_k` the studentised deviation of configuration k in a resample and :math:`\sigma_k` the spread of its
    gain :math:`g_k`, its interval as one of all is :math:`[g_k - q_{hi} \sigma_k, g_k - q_{lo} \sigma_k]` with
    :math:`q_{hi}` the upper quantile of :math:`\max_k t^*_k` and :math:`q_{lo}` the lower one of
    :math:`\min_k t^*_k`: it holds for all at once, hence for the best. The Reality Check compares the largest gain with
    :math:`\max_k (g^*_k - g_k)`; Hansen's test the largest :math:`g_k / \sigma_k` with the largest :math:`t^*_k`, where
    those with :math:`g_k / \sigma_k < -\sqrt{2 \ln \ln n}` keep their loss and so do not blunt it. Unlike his, each
    resample is measured by its own standard error, since days are few blocks.

    Parameters
    ----------
    gains : dict of str to array_like, shape (days,)
        Of each configuration its gain over the reference on each day of one calendar, NaN on days that it did not
        forecast. All begin and end with the calendar, so that the same blocks serve all.
    mean_block_days : float
    n_resamples : int, optional
    seed : int or numpy.random.Generator
    level : float, optional

    Returns
    -------
    Selection

    Raises
    ------
    mleq.errors.DataError
        If there is none, lengths differ, or one has no day.

    References
    ----------
    White, H. (2000). A reality check for data snooping. Econometrica 68, 1097-1126. doi:10.1111/1468-0262.00152
    Hansen, P. R. (2005). A test for superior predictive ability. Journal of Business & Economic Statistics 23,
    365-380. doi:10.1198/073500105000000063
    """
    daily = {name: np.asarray(values, dtype=float) for name, values in gains.items()}
    lengths = {values.shape for values in daily.values()}
    if len(lengths) != 1 or len(next(iter(lengths))) != 1:
        raise DataError(f"gains of shapes {sorted(lengths)}", expected="one gain a day of one calendar, for each")
    empty = [name for name, values in daily.items() if not np.isfinite(values).any()]
    if empty:
        raise DataError(f"{empty[0]!r} has no day with a gain", expected="at least one")
    (days,) = next(iter(lengths))
    blocks = Blocks.drawn(days, mean_block_days, n_resamples, seed)
    sums, known = np.nan_to_num(np.stack([*daily.values()])), np.isfinite(np.stack([*daily.values()])).astype(float)
    resampled = _resampled_means(sums, known, blocks)
    value = sums.sum(axis=1) / known.sum(axis=1)
    alone = tuple(
        {key: found[key] for key in ("value", "low", "high", "reason") if key in found}
        for found in (
            block_interval(float(v), r, blocks, s, k, level=level)
            for v, r, s, k in zip(value, resampled, sums, known, strict=True)
        )
    )
    sure = [number for number, one in enumerate(alone) if one["low"] is not None]
    spread = np.array([np.nanstd(one, ddof=1) for one in resampled])
    sure = [number for number in sure if spread[number] > 1e-12 * max(abs(value[number]), 1.0)]
    together, white, hansen = _corrected(value, resampled, spread, sure, blocks, sums, known, level)
    reasons = [one.get("reason") for one in alone]
    return Selection(
        tuple(daily),
        alone,
        tuple(one | ({"reason": why} if why else {}) for one, why in zip(together, reasons, strict=True)),
        white,
        hansen,
        days,
        mean_block_days,
        n_resamples,
        level,
    )


def _resampled_means(sums: np.ndarray, known: np.ndarray, blocks: Blocks) -> np.ndarray:
    """Mean gain of each configuration over its days in each resample; shape (k, n_resamples)."""
    above, below = (np.stack([blocks.by_resample(blocks.sums(one)) for one in table]) for table in (sums, known))
    with np.errstate(divide="ignore", invalid="ignore"):
        return above / below


def _corrected(value, resampled, spread, sure, blocks, sums, known, level):
    """Intervals that hold together, and the two tests."""
    together = [{"low": None, "high": None} for _ in value]
    if not sure:
        return together, None, None
    n = max(int(known[sure].sum(axis=1).max()), 3)
    hopeless = -math.sqrt(2 * math.log(math.log(n)))
    largest, smallest, null = (np.full(blocks.n_resamples, fill) for fill in (-np.inf, np.inf, 0.0))
    for k in sure:
        pivot, error = pivots(blocks, sums[k], known[k])
        usable = np.isfinite(pivot) & (error > 1e-6 * spread[k])  # one block has no spread to be measured by
        largest = np.maximum(largest, np.where(usable, pivot, -np.inf))
        smallest = np.minimum(smallest, np.where(usable, pivot, np.inf))
        kept = value[k] if value[k] / spread[k] < hopeless else 0.0
        null[usable] = np.maximum(null[usable], (pivot + kept / np.where(error > 0, error, 1))[usable])
    seen = np.isfinite(largest) & np.isfinite(smallest)
    high, low = np.quantile(largest[seen], (1 + level) / 2), np.quantile(smallest[seen], (1 - level) / 2)
    for k in sure:
        together[k] = {"low": float(value[k] - high * spread[k]), "high": float(value[k] - low * spread[k])}
    v, r = value[sure], resampled[sure]
    white = np.nanmax(r - v[:, None], axis=0) >= v.max()
    hansen = null >= max((v / spread[sure]).max(), 0)
    return together, float(white.mean()), float(hansen.mean())
