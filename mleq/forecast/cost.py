"""How long a training takes, said before it is begun.

The network's part comes from its operations (`mleq.forecast.plan`). The part of ETAS comes from the number of its fits
and the pairs of events in them: a fit looks at every pair of a target and an earlier event, a few times.

The constants are processor time on one core of a shared cloud machine, November 2026, as the fourteen fits of
`python benchmarks/training_time.py` would choose them, which took 0.9 to 1.3 times as long. What a run took, stage by
stage, stands in its run.json (`seconds`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mleq.errors import MleqError
from mleq.forecast.etas_reference import OWN_YEARS, WIDEST_KM, Place, schedule_of, that_count
from mleq.forecast.regional import ENOUGH, material_of

FIT_S, PAIR_S = 0.4, 1.7e-7
"""Of a fit, whatever its size, and of each pair of events in it."""
ASKED_S = 5e-8
"""Of each event before each day that a fitted model is asked about."""
NETWORK_S = 5.0
"""Of building and compiling a network, before its first step."""
REST_S = 10.0
"""Of starting, the other references, scores and the page."""
BUSY = 5
"""On a machine that does other work too, a training took up to so many times as long as its processor time."""
LOOKED_AT = 3
"""Fits of the schedule whose material is counted; the others lie between."""

Span = tuple[float, float]


def etas_cost(recipe, events: pd.DataFrame, found) -> dict[str, Any]:
    """Estimate what the fits of ETAS on their schedule take.

    Parameters
    ----------
    recipe : CatalogRecipe
    events : pandas.DataFrame
    found : Outcomes
        Of the same recipe and events.

    Returns
    -------
    dict
        JSON values: `fits`; `events`, the smallest and largest number of targets of a fit that were counted, [0, 0]
        where there will be generic parameters instead; `seconds` of one core.
    """
    dates = schedule_of(recipe, found)
    known = that_count(events, recipe.target)
    some = [dates[k] for k in sorted({round(k) for k in np.linspace(0, len(dates) - 1, LOOKED_AT)})]
    counts = [counted(known, recipe.target, date) for date in some]
    targets, sources, pairs = (np.array(column, float) for column in zip(*counts, strict=True))
    asked_days = 365.25 * OWN_YEARS * len(dates) + len(found.dates)
    # Half of the events, on average, lie before a day that is asked about.
    seconds = len(dates) * (FIT_S + PAIR_S * pairs.mean()) + ASKED_S * asked_days * sources.mean() / 2
    return {
        "fits": len(dates),
        "events": [int(targets.min()), int(targets.max())],
        "seconds": round(float(seconds), 1),
    }


def counted(events: pd.DataFrame, target, date: pd.Timestamp) -> tuple[int, int, int]:
    """Count the targets of a fit, the events from m0 on that trigger, and pairs of both; zeros where none is fitted.

    Parameters
    ----------
    events : pandas.DataFrame
        Those that may decide a target, as `mleq.forecast.etas_reference.that_count` gives them.
    target : Circle
    date : pandas.Timestamp
        Of the fit.
    """
    if target.radius_km > WIDEST_KM:
        return 0, 0, 0
    plain = events.copy(deep=False)
    plain.attrs = {}
    try:
        material = material_of(plain, Place.of(target), date)
    except MleqError:
        return 0, 0, 0
    if material.n < ENOUGH:
        return 0, 0, 0
    sources = material.near.loc[material.near["magnitude"] >= material.m0 - 1e-9]
    times = sources["origin_time"].to_numpy()
    pairs = np.searchsorted(times, material.targets["origin_time"].to_numpy()).sum()
    return len(material.targets), len(sources), int(pairs)


def in_all(network_s: float | None, networks: int, etas_s: float) -> Span | None:
    """Seconds of a whole training: on a machine that is free, and on one that does other work too.

    Parameters
    ----------
    network_s : float or None
        Of all epochs of all networks; None where it is not known, and so is not the whole.
    networks : int
        How many are trained.
    etas_s : float
        Of the fits of ETAS.
    """
    if network_s is None:
        return None
    least = network_s + NETWORK_S * networks + etas_s + REST_S
    return round(least, 1), round(BUSY * least, 1)


def in_words(span: Span) -> str:
    """Say a span of seconds roughly.

    >>> in_words((42.0, 208.0)), in_words((320.0, 1600.0)), in_words((9.0, 45.0)), in_words((5000.0, 25000.0))
    ('40 s to 3 min', '5 to 27 min', '9 to 45 s', '83 min to 6.9 h')
    """
    low, high = (_rough(seconds) for seconds in span)
    return f"{low[0]} to {high[0]} {high[1]}" if low[1] == high[1] else f"{' '.join(low)} to {' '.join(high)}"


def _rough(seconds: float) -> tuple[str, str]:
    if seconds < 90:
        return f"{seconds if seconds < 10 else round(seconds, -1) if seconds < 40 else 5 * round(seconds / 5):.0f}", "s"
    if seconds < 5400:
        return f"{seconds / 60:.0f}", "min"
    return f"{seconds / 3600:.1f}", "h"
