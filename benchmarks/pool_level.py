"""Over how many days, and with how strong a prior, should a pool be held at its level?

    python benchmarks/pool_level.py --catalog FILE [--test]

Forecasts of `world_best` without a level, M >= 5, next day: learnt to 2003 for 2004-2009, and to 2009 for 2010-2012;
the number of trees and the weights of the stack are from 2004-2006 and 2010-2012. For spans of days and priors of
event-days (`mleq.experiment.level`): what the level gains over the same forecasts without one, nats per event-day,
and event-days that came for each that was stated. Then, for the recipe's own span and prior, the gain with its paired
interval, and the gains over ETAS held at its level in the same way. With --test 2013-2015 too, which is not for
choosing. Fits, inputs and models are kept in `--data_dir` and `--work`.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mleq import api
from mleq.catalog.events import identity
from mleq.experiment.level import at_level, recent_level
from mleq.experiment.run import run_key
from mleq.forecast.outcomes import outcomes
from mleq.forecast.pool import learning
from mleq.forecast.pool.forecaster import answer
from mleq.forecast.pool.level import PRIOR
from mleq.forecast.pool.material import prepare
from mleq.forecast.pool.scoring import RESAMPLES, interval, loss
from mleq.forecast.pool.world import World
from mleq.scores.blocks import Blocks, mean_block_days

SPANS, PRIORS = (50, 100, 150, 200, 300, 500), (100, 200, 400, 800)
EARLIER = ["split.train_end=2003-12-31", "split.validation_end=2006-12-31", "catalog.end=2010-01-01"]


class Years(NamedTuple):
    """Consecutive days of forecasts, arrays of shape (n_days, n_circles), and which of the days are which part."""

    came: np.ndarray
    stated: np.ndarray
    etas: np.ndarray
    parts: dict[str, slice]


def forecasts(asked: argparse.Namespace, changes: list[str], names: list[str]) -> Years:
    """What the pool states from the end of training on, to the end of the validation or the test part."""
    recipe = api.load_recipe("world_best", changes=["pool.level_days=null", *changes])
    events = api.load_events(recipe, files=asked.catalog, data_dir=asked.data_dir)
    material = prepare(recipe, events, outcomes(recipe, events))
    parts = dict(zip(names, (material.parts["validation"], material.parts["test"]), strict=False))
    if len(names) == 1:
        material.parts["test"] = slice(material.pool.n_days, material.pool.n_days)
    model = learning.learn(recipe, material, work=asked.work, key=run_key(recipe, identity(events)))
    world = World.of(recipe, model, events)
    days = slice(material.pool.day(model.fitted), min(max(part.stop for part in parts.values()), world.decided))
    told = answer(model, world, days, material.parts["train"])
    parts = {name: slice(part.start - days.start, part.stop - days.start) for name, part in parts.items()}
    return Years(told.came, told.probability, told.references["etas"], parts)


def held(came: np.ndarray, stated: np.ndarray, span: int, prior: float) -> np.ndarray:
    """Chances at the level of their own past."""
    totals = came.sum(axis=1), stated.sum(axis=1)
    return at_level(stated, recent_level(*totals, np.arange(len(came)), span=span, horizon=1, prior=prior))


def table(both: list[Years]) -> None:
    """Print all spans and priors."""
    print("days  prior   gain by the level, nats per event-day (event-days that came for each stated); before 2013")
    for span in SPANS:
        for prior in PRIORS:
            shown, gained, events = [], 0.0, 0
            for years in both:
                at = held(years.came, years.stated, span, prior)
                for name, days in years.parts.items():
                    came, before, after = years.came[days], years.stated[days], at[days]
                    gain, n = float((loss(came, before) - loss(came, after)).sum()), int(came.sum())
                    shown.append(f"{name} {gain / n:+.4f} ({n / after.sum():.3f})")
                    gained, events = (gained + gain, events + n) if name != "2013-2015" else (gained, events)
            print(f"{span:>4}{prior:>7}   {'  '.join(shown)}   {gained / events:+.5f}", flush=True)


def own(both: list[Years], span: int, prior: float) -> None:
    """Print what the recipe's own level gains, and over what, with intervals."""
    print(f"\n{span} days, {prior:g} event-days; gains in nats per event-day")
    for years in both:
        at, etas = (held(years.came, one, span, prior) for one in (years.stated, years.etas))
        for name, days in years.parts.items():
            came = years.came[days]
            blocks = Blocks.drawn(len(came), mean_block_days(len(came), 1), RESAMPLES, 1)
            events = came.sum(axis=1).astype(float)
            rows = {
                "by the level": (years.stated, at), "over refitted ETAS": (years.etas, at),
                "over ETAS held alike": (etas, at), "of ETAS by its level": (years.etas, etas),
            }  # fmt: skip
            for what, (before, after) in rows.items():
                daily = (loss(came, before[days]) - loss(came, after[days])).sum(axis=1)
                found = interval(daily, events, blocks)
                print(f"{name}  {what:<22}{found['value']:+.4f} [{found['low']:+.4f}, {found['high']:+.4f}]")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--catalog", type=Path, action="append", default=[])
    words.add_argument("--test", action="store_true", help="show 2013-2015 too")
    words.add_argument("--data_dir", type=Path, default=Path("data"))
    words.add_argument("--work", type=Path, default=Path("out/pool_skill"))
    asked = words.parse_args()
    logging.getLogger("mleq").setLevel(logging.WARNING)
    span, prior = api.load_recipe("world_best").pool.level_days, PRIOR
    late = ["2010-2012", "2013-2015"] if asked.test else ["2010-2012"]
    both = [forecasts(asked, EARLIER, ["2004-2006", "2007-2009"]), forecasts(asked, [], late)]
    for years in both:
        for name, days in years.parts.items():
            came, stated = years.came[days].sum(), years.stated[days].sum()
            print(f"{name}: {came:,} event-days came, {stated:,.0f} were stated, ratio {came / stated:.3f}")
    table(both)
    own(both, span, prior)


if __name__ == "__main__":
    main()
