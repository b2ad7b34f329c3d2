"""Over how many days, and with how strong a prior, should a pool be held at its level?

    python benchmarks/pool_level.py --catalog FILE [--test]

Forecasts of `world_best` without a level, M >= 5, next day, in six stretches of three years before 2013. In 1995-1997,
1998-2000, 2001-2003 and 2007-2009 they are as in a test part: trees and weights from the three years before, models
learnt anew each year. In 2004-2006 and 2010-2012 they are as in a validation part: of one model, learnt to 2003 and to
2009, whose number of trees and weights are from these years.

For spans of days and priors of event-days (`mleq.experiment.level`): what the level gains over the same forecasts
without one, nats per event-day, and event-days that came for each that was stated; all together, and the root mean
square of the logarithm of these ratios. Then, for the recipe's own span and prior, or those given, the gain with its
paired interval, and the gains over ETAS held at its level in the same way. With --test 2013-2015 too, which is not for
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
from mleq.forecast.pool.material import prepare
from mleq.forecast.pool.scoring import RESAMPLES, interval, loss
from mleq.forecast.pool.world import World
from mleq.scores.blocks import Blocks, mean_block_days

SPANS, PRIORS = (50, 100, 150, 200, 300, 500), (25, 50, 100, 200, 400, 800)
STRETCHES = {
    (1991, 1994): {"test": "1995-1997"},
    (1994, 1997): {"test": "1998-2000"},
    (1997, 2000): {"test": "2001-2003"},
    (2003, 2006): {"validation": "2004-2006", "test": "2007-2009"},
    (2009, 2012): {"validation": "2010-2012", "test": "2013-2015"},
}
"""Years that training and validation end with, and what is looked at."""
LAST = "2013-2015"


class Years(NamedTuple):
    """Consecutive days of forecasts, arrays of shape (n_days, n_circles), and which of the days are which part."""

    came: np.ndarray
    stated: np.ndarray
    etas: np.ndarray
    parts: dict[str, slice]


def forecasts(asked: argparse.Namespace, trained: int, validated: int, names: dict[str, str]) -> Years:
    """What the pool states from the end of training on, to the end of the parts named."""
    ends = [f"split.train_end={trained}-12-31", f"split.validation_end={validated}-12-31"]
    ends.append(f"catalog.end={validated + 4}-01-01")
    recipe = api.load_recipe("world_best", changes=["pool.level_days=null", "pool.level_prior=null", *ends])
    events = api.load_events(recipe, files=asked.catalog, data_dir=asked.data_dir)
    material = prepare(recipe, events, outcomes(recipe, events))
    parts = {name: material.parts[part] for part, name in names.items()}
    if "test" not in names:
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


def table(stretches: list[Years]) -> None:
    """Print all spans and priors."""
    print(
        "days  prior   gain by the level, nats per event-day (event-days that came for each stated); before 2013; rms"
    )
    for span in SPANS:
        for prior in PRIORS:
            shown, gained, events, off = [], 0.0, 0, []
            for years in stretches:
                at = held(years.came, years.stated, span, prior)
                for name, days in years.parts.items():
                    came, before, after = years.came[days], years.stated[days], at[days]
                    gain, n = float((loss(came, before) - loss(came, after)).sum()), int(came.sum())
                    shown.append(f"{name} {gain / n:+.4f} ({n / after.sum():.3f})")
                    if name != LAST:
                        gained, events = gained + gain, events + n
                        off.append(np.log(n / after.sum()))
            rms = np.sqrt(np.mean(np.square(off)))
            print(f"{span:>4}{prior:>7}   {'  '.join(shown)}   {gained / events:+.5f}  {rms:.3f}", flush=True)


def own(stretches: list[Years], span: int, prior: float) -> None:
    """Print what the recipe's own level gains, and over what, with intervals."""
    print(f"\n{span} days, {prior:g} event-days; gains in nats per event-day")
    for years in stretches:
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
    words.add_argument("--span", type=int, help="days; the recipe's own where it is left out")
    words.add_argument("--prior", type=float, help="event-days; the recipe's own where it is left out")
    words.add_argument("--data_dir", type=Path, default=Path("data"))
    words.add_argument("--work", type=Path, default=Path("out/pool_skill"))
    asked = words.parse_args()
    logging.getLogger("mleq").setLevel(logging.WARNING)
    own_pool = api.load_recipe("world_best").pool
    span, prior = asked.span or own_pool.level_days, asked.prior or own_pool.level_prior
    found = []
    for (trained, validated), names in STRETCHES.items():
        wanted = {part: name for part, name in names.items() if asked.test or name != LAST}
        found.append(forecasts(asked, trained, validated, wanted))
    for years in found:
        for name, days in years.parts.items():
            came, stated = years.came[days].sum(), years.stated[days].sum()
            print(f"{name}: {came:,} event-days came, {stated:,.0f} were stated, ratio {came / stated:.3f}")
    table(found)
    own(found, span, prior)


if __name__ == "__main__":
    main()
