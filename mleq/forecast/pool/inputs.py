"""What the residual models of a pool see of a circle on a day: its past, what ETAS makes of it, and how ETAS has erred.

Each input is a function of events before the issue time, and of fits made before it. `INPUTS` names and describes all,
in the order of the columns.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mleq import progress
from mleq.forecast.features import FEATURES, circle_features
from mleq.forecast.pool.days import decayed
from mleq.forecast.pool.walk import BANDS_DAYS, Offsets, Pool

LAGS_DAYS = (2, 7, 30, 120, 500, 1500)
NEIGHBOUR_KM = 300.0
FARTHEST_KM = 1500.0
SAME_KM = 1.0
"""A circle of the pool so near is the circle itself, and no neighbour."""
PRIOR_VARIANCE = {"circle": 0.05, "neighbours": 0.05, "globe": 1.0}
"""Expected event-days that are added to those of the lag, so that a short past does not look certain."""
FLOOR = 1e-6

_LAGGED = {
    f"residual_{where}_{days}d": f"event-days beyond those that ETAS expected, {words}, decayed over {days} days, in "
    "standard deviations"
    for days in LAGS_DAYS
    for where, words in {
        "circle": "in the circle",
        "neighbours": f"in circles within {FARTHEST_KM:g} km, weighted by exp(-distance / {NEIGHBOUR_KM:g} km)",
        "globe": "in all circles of the pool",
    }.items()
}
_EDGES = ["0", *(f"{edge:g}" for edge in BANDS_DAYS), "inf"]
_PARTS = {
    "etas_log_odds": "log-odds of the chance that ETAS gives",
    "etas_background": "log of the background events that ETAS expects",
    **{
        f"etas_triggered_{low}_{high}d": f"log of triggered events expected from effects that fade in {low} to {high} d"
        for low, high in zip(_EDGES, _EDGES[1:], strict=False)
    },
    "etas_share_triggered": "share of the expected events that is triggered",
    "circle_rate": "log of the circle's rate of target days, decayed over 3,000 days",
}
INPUTS: dict[str, str] = {**FEATURES, **_LAGGED, **_PARTS}
"""What each input is, by name, in the order of the columns; logarithms are natural ones."""

DETECTION = tuple(name for name in INPUTS if "_all_" in name or name.startswith("small_to_large"))
"""Inputs that see how many small events are recorded beside large ones, and so changes of the network."""


def lagged_residuals(pool: Pool, offsets: Offsets, of_base: Offsets | None = None) -> np.ndarray:
    """How ETAS has erred by each day, from targets decided by then, shape (len(LAGS) * 3, n_days, n_circles).

    Errors count from the first day of `offsets` on. Neighbours and globe are circles of the pool that was learnt from,
    of which `of_base` has the forecasts of the same days where `pool` has other circles.
    """
    base, common = pool.learnt_from, of_base or offsets
    distance = pool.circles.distances_km(base.circles)
    weight = np.where((distance > SAME_KM) & (distance < FARTHEST_KM), np.exp(-distance / NEIGHBOUR_KM), 0.0)
    weight = (weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)).astype(np.float32).T
    chance, everywhere = offsets.probability, common.probability
    error, error_everywhere = pool.target[offsets.days] - chance, base.target[common.days] - everywhere
    sides = {
        "circle": (error, chance),
        "neighbours": (error_everywhere @ weight, everywhere @ weight),
        "globe": (error_everywhere.sum(axis=1, keepdims=True), everywhere.sum(axis=1, keepdims=True)),
    }
    found = np.empty((len(_LAGGED), *chance.shape), np.float16)
    for i, days in enumerate(LAGS_DAYS):
        for j, (name, (off, expected)) in enumerate(sides.items()):
            wrong, variance = decayed(off, days, pool.horizon), decayed(expected, days, pool.horizon)
            found[3 * i + j] = wrong / np.sqrt(variance + PRIOR_VARIANCE[name])
    return found


def parts_of(offsets: Offsets, slow: np.ndarray, circle: int) -> np.ndarray:
    """The inputs that say what ETAS makes of a circle, shape (n_days, len(_PARTS))."""
    background, bands = offsets.background[:, circle], offsets.triggered[:, :, circle]
    p = offsets.probability[:, circle]
    total = bands.sum(axis=0)
    columns = [np.log(p / (1 - p)), np.log(background + FLOOR), *np.log(bands + FLOOR), total / (total + background)]
    return np.column_stack([*columns, np.log(slow[:, circle] + FLOOR)])


def inputs_by_circle(pool: Pool, offsets: Offsets, days: slice, of_base: Offsets | None = None) -> Iterator[np.ndarray]:
    """All inputs on some days, a circle at a time.

    Parameters
    ----------
    pool : Pool
    offsets : Offsets
        Of the days, and of days before them for the errors.
    days : slice
        Of the pool, within those of `offsets`.
    of_base : Offsets, optional
        Of the pool that was learnt from, on the days of `offsets`, where `pool` has other circles.

    Yields
    ------
    ndarray of float16, shape (n_days, len(INPUTS))
        Half precision: the trees see 64 levels of each, and a pool of 400 circles has hundreds of millions.
    """
    here = slice(days.start - offsets.days.start, days.stop - offsets.days.start)
    known = Offsets(days, offsets.probability[here], offsets.background[here], offsets.triggered[:, here])
    residuals = lagged_residuals(pool, offsets, of_base)[:, here]
    issue_times, slow, circles = pool.midnights[:-1][days], pool.slow[days], pool.circles
    with progress.task("features of the pool", total=len(circles), unit="circles") as shown:
        for i in range(len(circles)):
            past = circle_features(
                pool.past,
                issue_times,
                latitude=circles.latitude[i],
                longitude=circles.longitude[i],
                radius_km=circles.radius_km,
                magnitude=pool.magnitude,
            )
            found = np.empty((len(issue_times), len(INPUTS)), np.float16)
            found[:, : len(FEATURES)] = past
            found[:, len(FEATURES) : len(FEATURES) + len(residuals)] = residuals[:, :, i].T
            found[:, len(FEATURES) + len(residuals) :] = parts_of(known, slow, i)
            yield found
            shown.advance()


def pooled_inputs(pool: Pool, offsets: Offsets, days: slice, of_base: Offsets | None = None) -> np.ndarray:
    """All inputs of all circles on some days, float16, shape (n_circles, n_days, len(INPUTS)), as of each."""
    found = np.empty((len(pool.circles), days.stop - days.start, len(INPUTS)), np.float16)
    for row, one in zip(found, inputs_by_circle(pool, offsets, days, of_base), strict=True):
        row[:] = one
    return found
