"""What forecasts of a pool are worth: gains, where they come from, and whether chances come true as stated.

Circles overlap and share earthquakes, so days are resampled whole, in blocks, with all circles; the scores are given
again on circles that do not touch. A pooled area under the curve is mostly geography: pairs of days of one circle are
told apart from pairs of two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import poisson

from mleq.forecast.pool.forecaster import Answers
from mleq.scores.blocks import Blocks, mean_block_days
from mleq.scores.intervals import block_interval, studentised
from mleq.scores.verdict import FEWEST_EVENT_DAYS

RESAMPLES = 2000
LARGE = 10.0
"""ETAS expects so many times its background, or more: days after large events."""
EDGES = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 1.0)
"""Of the classes of forecasts in the table of reliability."""
TEN_PERCENT = (0.08, 0.125)
"""What is taken for a stated ten percent."""


def evaluate_pool(answers: Answers, *, horizon_days: int, seed: int) -> dict[str, Any]:
    """Score forecasts of all circles on the days that are decided.

    Parameters
    ----------
    answers : Answers
    horizon_days : int
        Of the target.
    seed : int
        Of the resamples.

    Returns
    -------
    dict
        JSON values: days, circles, event_days (circle-days with an event); `gain` over each reference in nats, by
        circle-day and by event-day, over all circles, `gain_disjoint` on those that do not touch, `etas_gain` of ETAS
        over the others; `within_between`; `calibration`; `auc`.
    """
    known = answers.decided
    came, chances = answers.came[known], {"probability": answers.probability[known]}
    chances |= {name: values[known] for name, values in answers.references.items()}
    blocks = Blocks.drawn(len(came), mean_block_days(len(came), horizon_days), RESAMPLES, seed)
    losses = {name: loss(came, chance) for name, chance in chances.items()}
    apart = answers.circles.disjoint()
    events = came.sum(axis=1)
    others = [name for name in chances if name != "probability"]

    def gain(ours: str, theirs: str, circles=slice(None)) -> dict[str, Any]:
        daily = (losses[theirs] - losses[ours])[:, circles].sum(axis=1)
        n_events, n_circles = came[:, circles].sum(axis=1), came[:, circles].shape[1]
        return {
            "nats_per_day": interval(daily, np.full(len(came), float(n_circles)), blocks),
            "nats_per_event_day": interval(daily, n_events.astype(float), blocks),
        }

    return {
        "days": len(came),
        "circles": came.shape[1],
        "event_days": int(events.sum()),
        "disjoint_circles": len(apart),
        "overlapping": answers.circles.overlapping(),
        "gain": {name: gain("probability", name) for name in others},
        "gain_disjoint": {name: gain("probability", name, apart) for name in others},
        "etas_gain": {name: gain("etas", name) for name in others if not name.startswith("etas")},
        "within_between": within_between(came, chances["probability"], chances["etas"], blocks),
        "auc": {name: pair_areas(came, chances[name]) for name in ("probability", "etas", "climatology")},
        "calibration": {
            "all": calibration(came, chances["probability"], blocks),
            "after_large_events": calibration(
                came, chances["probability"], blocks,
                -np.log1p(-chances["etas"]) > LARGE * answers.background[known],
            ),
        },
        "stated_ten_percent": stated(came, chances["probability"], TEN_PERCENT, blocks),
    }  # fmt: skip


def by_circle(answers: Answers) -> pd.DataFrame:
    """What came and what was expected in each circle on the days that are decided.

    Returns
    -------
    DataFrame
        circle, latitude, longitude, apart (whether it is one of those that do not touch), event_days, expected (by the
        model), expected_etas, gain_over_etas (nats, all days together).
    """
    known, circles = answers.decided, answers.circles
    came, ours, etas = answers.came[known], answers.probability[known], answers.references["etas"][known]
    return pd.DataFrame(
        {
            "circle": np.arange(len(circles), dtype=np.int32),
            "latitude": circles.latitude,
            "longitude": circles.longitude,
            "apart": np.isin(np.arange(len(circles)), circles.disjoint()),
            "event_days": came.sum(axis=0),
            "expected": ours.sum(axis=0),
            "expected_etas": etas.sum(axis=0),
            "gain_over_etas": (loss(came, etas) - loss(came, ours)).sum(axis=0),
        }
    )


def loss(came: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Log score of each circle-day, nats."""
    return -np.log(np.where(came, chance, 1 - chance))


def interval(daily: np.ndarray, per: np.ndarray, blocks: Blocks) -> dict[str, Any]:
    """Ratio of two sums over days, with its 95 % interval; None and a reason where there is none."""
    total = per.sum()
    value = float(daily.sum() / total) if total else None
    below = blocks.by_resample(blocks.sums(per))
    resampled = np.full(below.shape, np.nan)
    np.divide(blocks.by_resample(blocks.sums(daily)), below, out=resampled, where=below > 0)
    return block_interval(value, resampled, blocks, daily, per, level=0.95)


def within_between(came: np.ndarray, ours: np.ndarray, etas: np.ndarray, blocks: Blocks) -> dict[str, Any]:
    """Part the gain over ETAS: what a constant correction of each circle would have brought, and the rest.

    The constant is the mean of the circle's corrections of log-odds over these very days.
    """
    log_odds = np.log(etas / (1 - etas))
    moved = np.log(ours / (1 - ours)) - log_odds
    constant = 1 / (1 + np.exp(-(log_odds + moved.mean(axis=0))))
    events = came.sum(axis=1).astype(float)
    first, second, third = (loss(came, chance).sum(axis=1) for chance in (etas, constant, ours))
    return {
        "between_circles": interval(first - second, events, blocks),
        "within_circles": interval(second - third, events, blocks),
    }


def pair_areas(came: np.ndarray, chance: np.ndarray) -> dict[str, float | None]:
    """Share of pairs of an event-day and another that are told apart: all pairs, of one circle, of two circles."""
    from scipy.stats import rankdata

    def won(events: np.ndarray, values: np.ndarray) -> tuple[float, float]:
        ranks, n = rankdata(values), int(events.sum())
        return float(ranks[events].sum() - n * (n + 1) / 2), float(n * (events.size - n))

    right, pairs = won(came.ravel(), chance.ravel())
    each = [won(came[:, i], chance[:, i]) for i in range(came.shape[1])]
    inside, inside_pairs = (sum(one[k] for one in each) for k in (0, 1))

    def share(a: float, b: float) -> float | None:
        return a / b if b else None

    return {
        "pooled": share(right, pairs),
        "within_circles": share(inside, inside_pairs),
        "between_circles": share(right - inside, pairs - inside_pairs),
    }


def calibration(came: np.ndarray, chance: np.ndarray, blocks: Blocks, where: np.ndarray | None = None) -> dict:
    """Events that came beside those that were expected, in classes of forecasts and all together.

    Returns
    -------
    dict
        `total` and `classes`: each with low and high of the class, circle-days, mean forecast, share that came true,
        expected and observed events, and `band`, where 95 % of the ratios of observed to expected events would lie if
        the chances were right; `inside` says whether it does.
    """
    counted = np.ones(came.shape, bool) if where is None else where
    rows = [_class(came, chance, counted & (chance >= low) & (chance < high), blocks) | {"low": low, "high": high}
            for low, high in zip(EDGES, EDGES[1:], strict=False)]  # fmt: skip
    return {"total": _class(came, chance, counted, blocks), "classes": [row for row in rows if row["circle_days"]]}


def stated(came: np.ndarray, chance: np.ndarray, between: tuple[float, float], blocks: Blocks) -> dict:
    """How often forecasts of about a number came true."""
    return _class(came, chance, (chance >= between[0]) & (chance < between[1]), blocks)


def _class(came: np.ndarray, chance: np.ndarray, counted: np.ndarray, blocks: Blocks) -> dict[str, Any]:
    n = int(counted.sum())
    by_day = [np.where(counted, one, 0.0).sum(axis=1) for one in (came, chance)]
    observed, expected = int(by_day[0].sum()), float(by_day[1].sum())
    found = {"circle_days": n, "expected": expected, "observed": observed}
    if not n:
        return found
    found |= {"mean_forecast": expected / n, "came_true": observed / n}
    ratio = observed / expected
    within = band(*by_day, blocks)
    return found | {"ratio": ratio, "band": within, "inside": bool(within[0] <= ratio <= within[1])}


def band(came: np.ndarray, expected: np.ndarray, blocks: Blocks) -> tuple[float, float]:
    """Where 95 % of the ratios of what came to what was expected would lie if the chances were right.

    The studentised interval of the ratio, laid around one: the ratio is inside where its interval holds one. Of fewer
    than 20 events resamples know nothing; their band is that of a Poisson number, of events that do not cluster.

    Parameters
    ----------
    came, expected : numpy.ndarray, shape (days,)
        Sums over the circle-days of each day that are counted.
    blocks : Blocks

    Returns
    -------
    low, high : float
    """
    observed, total = came.sum(), expected.sum()
    if min(observed, total) < FEWEST_EVENT_DAYS:
        low, high = poisson.ppf([0.025, 0.975], total) / total
        return float(low), float(high)
    drawn = blocks.by_resample(blocks.sums(expected))
    resampled = np.full(drawn.shape, np.nan)
    np.divide(blocks.by_resample(blocks.sums(came)), drawn, out=resampled, where=drawn > 0)
    found = studentised(observed / total, resampled, blocks, came, expected, 0.95)
    return max(0.0, 1 + observed / total - found["high"]), 1 + observed / total - found["low"]
