"""Over how many days, and with how strong a prior, should a pool be held at its level?

    python benchmarks/pool_level.py --catalog FILE [--test]

Forecasts of `world_best` without a level, M >= 5, next day: learnt to 2003 for 2004-2009, and to 2009 for 2010-2012
(each with its weights from its own validation part, 2004-2006 and 2010-2012). Then, for spans of days and event-days of
the prior (`mleq.forecast.pool.level`): what the level gains over the same forecasts without one, nats per event-day,
and event-days that came for each that was stated. With --test 2013-2015 too, which is not for choosing. Fits, inputs
and models are kept in `--data_dir` and `--work`.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mleq import api
from mleq.forecast.outcomes import outcomes
from mleq.forecast.pool import learning, level
from mleq.forecast.pool.forecaster import answer
from mleq.forecast.pool.material import prepare
from mleq.forecast.pool.scoring import loss
from mleq.forecast.pool.world import World
from mleq.recipe import recipe_hash

SPANS, PRIORS = (50, 100, 150, 200, 300, 500), (100, 200, 400, 800)
EARLIER = ["split.train_end=2003-12-31", "split.validation_end=2006-12-31", "catalog.end=2010-01-01"]


class Years(NamedTuple):
    """Consecutive days of forecasts; arrays of shape (n_days, n_circles), and which days are which part."""

    came: np.ndarray
    stated: np.ndarray
    parts: dict[str, slice]


def forecasts(asked: argparse.Namespace, changes: list[str], names: list[str]) -> Years:
    """What the pool states on the validation and test parts, or on the first of them alone."""
    recipe = api.load_recipe("world_best", changes=["pool.level_days=null", *changes])
    events = api.load_events(recipe, files=asked.catalog, data_dir=asked.data_dir)
    material = prepare(recipe, events, outcomes(recipe, events))
    if len(names) == 1:
        material.parts["test"] = slice(material.pool.n_days, material.pool.n_days)
    model = learning.learn(recipe, material, work=asked.work, key=recipe_hash(recipe))
    world, came, stated, parts, n = World.of(recipe, model, events), [], [], {}, 0
    for name, part in zip(names, ("validation", "test"), strict=False):
        told = answer(model, world, material.parts[part], material.parts["train"])
        came.append(told.came[told.decided])
        stated.append(told.probability[told.decided])
        parts[name] = slice(n, n := n + len(came[-1]))
    return Years(np.concatenate(came), np.concatenate(stated), parts)


def judged(years: Years, span: int, prior: float) -> dict[str, tuple[float, int, float]]:
    """Of each part: nats that the level gains, event-days, and how many came for each stated."""
    level.PRIOR = prior
    factor = level.recent_level(
        years.came.sum(axis=1), years.stated.sum(axis=1), np.arange(len(years.came)), span=span, horizon=1
    )
    at = level.at_level(years.stated, factor)
    found = {}
    for name, days in years.parts.items():
        came = years.came[days]
        gain = (loss(came, years.stated[days]) - loss(came, at[days])).sum()
        found[name] = (float(gain), int(came.sum()), float(came.sum() / at[days].sum()))
    return found


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--catalog", type=Path, action="append", default=[])
    words.add_argument("--test", action="store_true", help="show 2013-2015 too")
    words.add_argument("--data_dir", type=Path, default=Path("data"))
    words.add_argument("--work", type=Path, default=Path("out/pool_skill"))
    asked = words.parse_args()
    logging.getLogger("mleq").setLevel(logging.WARNING)
    late = ["2010-2012", "2013-2015"] if asked.test else ["2010-2012"]
    both = [forecasts(asked, EARLIER, ["2004-2006", "2007-2009"]), forecasts(asked, [], late)]
    for years in both:
        for name, days in years.parts.items():
            came, stated = years.came[days].sum(), years.stated[days].sum()
            print(f"{name}: {came:,} event-days came, {stated:,.0f} were stated, ratio {came / stated:.3f}")
    print("days  prior   gain by the level, nats per event-day (event-days that came for each stated); before 2013")
    for span in SPANS:
        for prior in PRIORS:
            found = {name: one for years in both for name, one in judged(years, span, prior).items()}
            shown = "  ".join(f"{name} {gain / n:+.4f} ({ratio:.3f})" for name, (gain, n, ratio) in found.items())
            before = [one for name, one in found.items() if name != "2013-2015"]
            total = sum(one[0] for one in before) / sum(one[1] for one in before)
            print(f"{span:>4}{prior:>7}   {shown}   {total:+.5f}")


if __name__ == "__main__":
    main()
