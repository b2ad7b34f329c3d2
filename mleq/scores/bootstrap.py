"""Scores of several methods on dependent days, from one set of resamples for all of them.

All methods are scored on the same resamples: differences are paired, which makes their intervals far narrower than
the scores' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mleq.errors import DataError
from mleq.scores.areas import DAYS_AT_ONCE, area_influences, ranked_areas
from mleq.scores.blocks import Blocks
from mleq.scores.checks import forecast_days, observed_days
from mleq.scores.intervals import FAR, block_interval
from mleq.scores.probability import daily_log_score

RANGE = {"log_score": (0, np.inf), "brier_score": (0, 1), "roc_auc": (0, 1), "pr_auc": (0, 1)}


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
    daily: Mapping[str, Mapping[str, np.ndarray]] = field(repr=False)
    observed: np.ndarray = field(repr=False)
    blocks: Blocks = field(repr=False)

    def score(self, name: str) -> dict[str, dict]:
        """`log_score`, `brier_score`, `roc_auc` and `pr_auc` of a method, each with its interval."""
        values, resampled, daily = self._of(name)
        return {
            score: self._interval(values[score], resampled[score], daily[score], within=RANGE[score])
            for score in values
        }

    def gain(self, name: str, reference: str) -> dict[str, dict]:
        """Information gain of a method over another, with paired intervals.

        Returns
        -------
        dict
            `nats_per_day` and `nats_per_event_day`, as in `mleq.scores.information_gain`; beside value, low
            and high stands `detectable`, the smallest gain that these days would have shown to be above
            zero in 80 % of cases. Beyond the upper end of a gain per event-day, or the lower one of a loss, 1.75 %
            are left (of 95 % intervals) instead of 2.5 %: how large it can be is what a record without a great
            sequence cannot show. With it the intervals of a model with the right rate hold the truth about as often
            as stated, those of others less often (docs/scores.md).
        """
        return self.gain_of_scores(self.mean_log_score(name), self.mean_log_score(reference))

    def mean_log_score(self, name: str) -> tuple[float, np.ndarray, np.ndarray]:
        """A method's mean log score, that of each resample, and that of each day, for `gain_of_scores`."""
        values, resampled, daily = self._of(name)
        return values["log_score"], resampled["log_score"], daily["log_score"]

    def gain_of_scores(
        self,
        ours: tuple[float, np.ndarray, np.ndarray],
        theirs: tuple[float, np.ndarray, np.ndarray],
        *,
        at_least: float = -np.inf,
    ) -> dict[str, dict]:
        """As `gain`, from two mean log scores, those of the resamples, and the daily ones that they are means of.

        A gain that cannot be lower than `at_least`, whatever the days, has no interval below it.

        The daily ones, shape (days,), may be such to first order only: for a forecast that is fitted to each resample
        by its log score they are those of its fit to all days.
        """
        per_day, resampled, daily = (theirs[part] - ours[part] for part in range(3))
        events = self.resampled_event_days
        per_event = np.full(events.shape, np.nan)
        np.divide(resampled * self.days, events, out=per_event, where=events > 0)
        value = per_day * self.days / self.event_days if self.event_days else None
        how = {"detectable": True, "within": (at_least, np.inf)}
        return {
            "nats_per_day": self._interval(per_day, resampled, daily, **how),
            "nats_per_event_day": self._interval(value, per_event, daily, self.observed, **how, beyond=FAR),
        }

    def difference(self, name: str, reference: str, score: str) -> dict:
        """A method's score minus another's, for any of the names in `score`, with its paired interval."""
        (ours, our_resamples, our_days), (theirs, their_resamples, their_days) = self._of(name), self._of(reference)
        if score not in ours:
            raise DataError(f"a score {score!r}", expected=f"one of {', '.join(ours)}")
        if ours[score] is None:
            return self._interval(None, our_resamples[score], our_days[score])
        resampled = our_resamples[score] - their_resamples[score]
        return self._interval(ours[score] - theirs[score], resampled, our_days[score] - their_days[score])

    def _of(self, name: str):
        if name not in self.values:
            raise DataError(f"no forecasts of {name!r}", expected=f"one of {', '.join(self.values)}")
        return self.values[name], self.resampled[name], self.daily[name]

    def _interval(
        self,
        value: float | None,
        resampled: np.ndarray,
        daily: np.ndarray,
        per: np.ndarray | None = None,
        *,
        detectable: bool = False,
        within: tuple[float, float] = (-np.inf, np.inf),
        beyond: float = 1.0,
    ) -> dict:
        """Value and interval of the mean of `daily` over days, or over the days that `per` marks."""
        per = np.ones(self.days) if per is None else per.astype(float)
        found = block_interval(value, resampled, self.blocks, daily, per, level=self.level, beyond=beyond)
        if found["low"] is not None:
            found |= {end: float(np.clip(found[end], *within)) for end in ("low", "high")}
        if not detectable:
            del found["detectable"]
        return found


def block_bootstrap(
    observed,
    probabilities: Mapping[str, np.ndarray],
    *,
    mean_block_days: float,
    n_resamples: int = 2000,
    seed,
    level: float = 0.95,
) -> BlockBootstrap:
    """Score methods on the same days, with studentised intervals by the stationary block bootstrap.

    Intervals of clustered days tend to be too short, more so the longer the clusters are beside the blocks; the
    coverage that was measured stands in docs/scores.md. `mleq.scores.mean_block_days` gives a length for the blocks.

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
    blocks = Blocks.drawn(days, mean_block_days, n_resamples, seed)
    counts = blocks.counts()
    values, resampled, daily = {}, {}, {}
    for name, probability in forecasts.items():
        scored = _scored(observed, probability, counts)
        values[name], resampled[name], daily[name] = (dict(zip(RANGE, part, strict=True)) for part in scored)
    resampled_events = counts[observed].sum(axis=0, dtype=np.int64)
    return BlockBootstrap(
        days,
        events,
        mean_block_days,
        n_resamples,
        level,
        values,
        resampled,
        resampled_events,
        daily,
        observed,
        blocks,
    )


def _scored(observed: np.ndarray, probability: np.ndarray, counts: np.ndarray) -> tuple[list, list, list]:
    """The scores named in `RANGE`: on all days, on each resample, and of each day to first order."""
    means = np.stack([daily_log_score(observed, probability), (probability - observed) ** 2])
    everyday = np.ones((observed.size, 1), dtype=np.uint16)
    if observed.all() or not observed.any():
        areas, influences = [None, None], np.full((2, observed.size), np.nan)
        resampled = np.full((2, counts.shape[1]), np.nan)
    else:
        # The score itself is the resample in which every day stands once.
        areas = [float(area[0]) for area in ranked_areas(observed, probability, everyday)]
        resampled, influences = ranked_areas(observed, probability, counts), area_influences(observed, probability)
    values = [*(float(mean) for mean in means.mean(axis=1)), *areas]
    return values, [*_weighted_means(means, counts), *resampled], [*means, *influences]


def _weighted_means(daily: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Means over days of daily scores, shape (k, days), in every resample; shape (k, n_resamples)."""
    means = np.empty((daily.shape[0], counts.shape[1]))
    at_once = max(1, DAYS_AT_ONCE // daily.shape[1])
    for first in range(0, counts.shape[1], at_once):
        chunk = slice(first, first + at_once)
        means[:, chunk] = daily @ counts[:, chunk].astype(float)
    return means / daily.shape[1]
