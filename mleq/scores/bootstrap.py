"""Intervals for scores of dependent days, from one set of resamples for all methods.

Earthquakes cluster, so days are resampled in blocks. All methods are scored on the same resamples:
differences are paired, which makes their intervals far narrower than the scores' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mleq.errors import DataError
from mleq.scores.checks import forecast_days, observed_days
from mleq.scores.probability import daily_log_score

FEWEST_BLOCKS = 5  # mean blocks that a series must hold before an interval is given
LARGEST_UNDEFINED_SHARE = 0.05  # of resamples in which a score may be undefined, for lack of events
POWER_80 = 2.8016  # standard errors: normal quantiles of 97.5 % plus 80 %
DAYS_AT_ONCE = 2_000_000  # entries of a chunk of resamples; bounds the memory to some tens of MB


def stationary_indices(n: int, mean_block: float, n_resamples: int, seed) -> np.ndarray:
    """Indices of resamples of the stationary bootstrap, whose blocks have geometric lengths and wrap around.

    Parameters
    ----------
    n : int
        Length of the series.
    mean_block : float
        Mean length of a block, at least 1 (which makes it the ordinary bootstrap).
    n_resamples : int
        How many resamples.
    seed : int or numpy.random.Generator
        The same seed gives the same indices.

    Returns
    -------
    numpy.ndarray, shape (n_resamples, n), int64

    Raises
    ------
    mleq.errors.DataError
        If a number is out of range.

    References
    ----------
    Politis, D. N. and Romano, J. P. (1994). JASA 89, 1303-1313. doi:10.1080/01621459.1994.10476870
    """
    if not (n >= 1 and n_resamples >= 1 and mean_block >= 1):
        raise DataError(
            f"a bootstrap of {n_resamples} resamples of {n} days in blocks of {mean_block}",
            expected="at least one of each",
        )
    rng = np.random.default_rng(seed)
    begins = rng.random((n_resamples, n)) < 1 / mean_block
    begins[:, 0] = True
    # Every position continues the block that began last before it.
    block = np.cumsum(begins, axis=None) - 1
    began_at = np.flatnonzero(begins)
    first = rng.integers(n, size=began_at.size)
    indices = (first - began_at)[block] + np.arange(begins.size)
    return (indices % n).reshape(n_resamples, n)


def resample_counts(n: int, mean_block: float, n_resamples: int, seed) -> np.ndarray:
    """How often each day stands in each resample; shape (n, n_resamples), uint16.

    Every score below needs only these counts. Days come first, so that sorting days moves whole rows.
    """
    rng = np.random.default_rng(seed)
    counts = np.empty((n, n_resamples), dtype=np.uint16)
    at_once = max(1, DAYS_AT_ONCE // n)
    for first in range(0, n_resamples, at_once):
        size = min(at_once, n_resamples - first)
        indices = stationary_indices(n, mean_block, size, rng)
        indices += n * np.arange(size)[:, None]
        drawn = np.bincount(indices.ravel(), minlength=size * n).reshape(size, n)
        counts[:, first : first + size] = drawn.T
    return counts


def ranked_areas(observed: np.ndarray, probability: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """ROC-AUC and average precision of every resample, with ties; shape (2, n_resamples), NaN where undefined.

    Days are sorted once, by falling probability; a resample is a set of weights. Only the tied groups that
    hold an event contribute, so days are summed group by group and the rest is small.
    """
    order = np.argsort(-probability, kind="stable")
    observed, probability = observed[order], probability[order]
    group_start = np.flatnonzero(np.r_[True, np.diff(probability) != 0])
    group_end = np.r_[group_start[1:], observed.size]
    has_event = np.add.reduceat(observed, group_start, dtype=np.int64) > 0
    start, end = group_start[has_event], group_end[has_event]
    event_days = np.flatnonzero(observed)
    first_event = np.searchsorted(event_days, start)

    areas = np.full((2, counts.shape[1]), np.nan)
    at_once = max(1, DAYS_AT_ONCE // observed.size)
    for first in range(0, counts.shape[1], at_once):
        chunk = slice(first, first + at_once)
        weights = counts[order, chunk]
        days = _sums_between(weights, start, end)
        events = np.add.reduceat(weights[event_days], first_event, axis=0, dtype=np.int64)
        areas[:, chunk] = _areas(days, events, weights.sum(axis=0, dtype=np.int64))
    return areas


def _sums_between(weights: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights within each group [start, end), and up to each group's end; each of shape (groups, resamples)."""
    # Cuts alternate between a group's start and its end. Where two coincide, reduceat answers with one row
    # instead of nothing, which has to be set to zero.
    cuts = np.column_stack([start, end]).ravel()
    pieces = np.add.reduceat(weights, cuts[cuts < weights.shape[0]], axis=0, dtype=np.int64)
    within, after = pieces[0::2], pieces[1::2][: start.size - 1]
    after[start[1:] == end[:-1]] = 0
    before = np.zeros_like(within)
    before[0] = weights[: start[0]].sum(axis=0, dtype=np.int64)
    before[1:] = after
    return within, np.cumsum(before + within, axis=0)


def _areas(days: tuple[np.ndarray, np.ndarray], events: np.ndarray, total: np.ndarray) -> np.ndarray:
    """ROC-AUC and average precision from the weights of all days and of event days, group by group."""
    within, up_to = days
    events_up_to = np.cumsum(events, axis=0)
    all_events = events_up_to[-1]
    quiet = total - all_events
    quiet_within = within - events
    quiet_below = quiet - (up_to - events_up_to)
    with np.errstate(divide="ignore", invalid="ignore"):
        roc = (events * (quiet_below + 0.5 * quiet_within)).sum(axis=0) / (all_events * quiet)
        precision = np.where(events > 0, events_up_to / up_to, 0.0)
        average_precision = (events * precision).sum(axis=0) / all_events
    return np.where((all_events > 0) & (quiet > 0), [roc, average_precision], np.nan)


@dataclass(frozen=True)
class BlockBootstrap:
    """Scores of several methods on the same days and the same resamples; made by `block_bootstrap`.

    Every answer is a dict `{"value", "low", "high"}`; where no interval (or no value) can be given these
    are None and `"reason"` says why.
    """

    days: int
    event_days: int
    mean_block_days: float
    n_resamples: int
    level: float
    values: Mapping[str, Mapping[str, float | None]] = field(repr=False)
    resampled: Mapping[str, Mapping[str, np.ndarray]] = field(repr=False)
    resampled_event_days: np.ndarray = field(repr=False)

    def score(self, name: str) -> dict[str, dict]:
        """`log_score`, `brier_score`, `roc_auc` and `pr_auc` of a method, each with its interval."""
        values, resampled = self._of(name)
        return {score: self._interval(values[score], resampled[score]) for score in values}

    def gain(self, name: str, reference: str) -> dict[str, dict]:
        """Information gain of a method over another, with paired intervals.

        Returns
        -------
        dict
            `nats_per_day` and `nats_per_event_day`, as in `mleq.scores.information_gain`; beside value, low
            and high stands `detectable`, the smallest gain that these days would have shown to be above
            zero in 80 % of cases: 2.80 bootstrap standard errors.
        """
        (ours, our_resamples), (theirs, their_resamples) = self._of(name), self._of(reference)
        per_day = theirs["log_score"] - ours["log_score"]
        resampled = their_resamples["log_score"] - our_resamples["log_score"]
        events = self.resampled_event_days
        per_event = np.full(events.shape, np.nan)
        np.divide(resampled * self.days, events, out=per_event, where=events > 0)
        value = per_day * self.days / self.event_days if self.event_days else None
        return {
            "nats_per_day": self._interval(per_day, resampled, detectable=True),
            "nats_per_event_day": self._interval(value, per_event, detectable=True),
        }

    def difference(self, name: str, reference: str, score: str) -> dict:
        """A method's score minus another's, for any of the names in `score`, with its paired interval."""
        (ours, our_resamples), (theirs, their_resamples) = self._of(name), self._of(reference)
        if score not in ours:
            raise DataError(f"a score {score!r}", expected=f"one of {', '.join(ours)}")
        value = None if ours[score] is None else ours[score] - theirs[score]
        return self._interval(value, our_resamples[score] - their_resamples[score])

    def _of(self, name: str):
        if name not in self.values:
            raise DataError(f"no forecasts of {name!r}", expected=f"one of {', '.join(self.values)}")
        return self.values[name], self.resampled[name]

    def _interval(self, value: float | None, resampled: np.ndarray, detectable: bool = False) -> dict:
        reason, defined = "", resampled[np.isfinite(resampled)]
        if value is None:
            reason = f"undefined on {self.days} days of which {self.event_days} have an event"
        elif self.days < FEWEST_BLOCKS * self.mean_block_days:
            reason = f"{self.days} days are fewer than {FEWEST_BLOCKS} blocks of {self.mean_block_days:g} days"
        elif defined.size < (1 - LARGEST_UNDEFINED_SHARE) * resampled.size:
            undefined = resampled.size - defined.size
            reason = f"too few event-days: undefined in {undefined} of {resampled.size} resamples"
        if reason:
            answer = {"value": value, "low": None, "high": None, "reason": reason}
            return answer | {"detectable": None} if detectable else answer
        low, high = np.quantile(defined, [(1 - self.level) / 2, (1 + self.level) / 2])
        answer = {"value": value, "low": float(low), "high": float(high)}
        return answer | {"detectable": float(POWER_80 * defined.std(ddof=1))} if detectable else answer


def block_bootstrap(
    observed,
    probabilities: Mapping[str, np.ndarray],
    *,
    mean_block_days: float,
    n_resamples: int = 2000,
    seed,
    level: float = 0.95,
) -> BlockBootstrap:
    """Score methods on the same days, with percentile intervals by the stationary block bootstrap.

    Intervals of clustered days tend to be too short, more so the longer the clusters are beside the blocks.
    Blocks should hold at least 60 days and at least the window and the horizon.

    Parameters
    ----------
    observed : array_like, shape (n,)
        0/1 or boolean, consecutive days.
    probabilities : mapping of str to array_like, shape (n,) or ()
        Forecasts of each method.
    mean_block_days : float
        Mean length of a block.
    n_resamples : int, optional
        How many resamples.
    seed : int or numpy.random.Generator
        The same seed gives the same intervals.
    level : float, optional
        Of the intervals, between 0 and 1.

    Returns
    -------
    BlockBootstrap

    Raises
    ------
    mleq.errors.DataError
        If arguments are out of range, NaN or of unequal lengths.

    References
    ----------
    Politis, D. N. and Romano, J. P. (1994). JASA 89, 1303-1313. doi:10.1080/01621459.1994.10476870
    """
    observed = observed_days(observed)
    days, events = observed.size, int(observed.sum())
    if not 0 < level < 1:
        raise DataError(f"intervals of level {level!r}", expected="a number between 0 and 1, such as 0.95")
    forecasts = {name: forecast_days(one, days, name) for name, one in probabilities.items()}
    if not (n_resamples >= 2 and mean_block_days >= 1):
        raise DataError(
            f"a bootstrap of {n_resamples} resamples in blocks of {mean_block_days} days",
            expected="at least 2 resamples and blocks of at least 1 day",
        )
    counts = resample_counts(days, mean_block_days, n_resamples, seed)
    everyday = np.ones((days, 1), dtype=np.uint16)

    values, resampled = {}, {}
    for name, probability in forecasts.items():
        means = np.stack([daily_log_score(observed, probability), (probability - observed) ** 2])
        log_scores, brier_scores = _weighted_means(means, counts)
        # The score itself is the resample in which every day stands once.
        areas = ranked_areas(observed, probability, everyday)[:, 0] if 0 < events < days else (None, None)
        if 0 < events < days:
            roc, precision = ranked_areas(observed, probability, counts)
        else:
            roc = precision = np.full(n_resamples, np.nan)
        values[name] = {
            "log_score": float(means[0].mean()),
            "brier_score": float(means[1].mean()),
            "roc_auc": None if areas[0] is None else float(areas[0]),
            "pr_auc": None if areas[1] is None else float(areas[1]),
        }
        resampled[name] = {
            "log_score": log_scores,
            "brier_score": brier_scores,
            "roc_auc": roc,
            "pr_auc": precision,
        }
    resampled_events = counts[observed].sum(axis=0, dtype=np.int64)
    return BlockBootstrap(days, events, mean_block_days, n_resamples, level, values, resampled, resampled_events)


def _weighted_means(daily: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Means over days of daily scores, shape (k, days), in every resample; shape (k, n_resamples)."""
    means = np.empty((daily.shape[0], counts.shape[1]))
    at_once = max(1, DAYS_AT_ONCE // daily.shape[1])
    for first in range(0, counts.shape[1], at_once):
        chunk = slice(first, first + at_once)
        means[:, chunk] = daily @ counts[:, chunk].astype(float)
    return means / daily.shape[1]
