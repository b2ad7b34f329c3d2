"""What a pool of circles costs: features, training of the trees, a year of daily forecasts. One core.

    python benchmarks/pool_speed.py [--catalog FILE] [--circles 425]

Seconds are of one core's own time, so that others at work on the machine count little; memory is the most that the
process has held by then. Required: features of 425 circles on 11,000 days in 20 s and 2 GB; the trees of
`residual_boosting` in 120 s, all years' models together; a year of daily forecasts of 425 circles in 10 s.
"""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mleq import api
from mleq.forecast.outcomes import fit_date, outcomes
from mleq.forecast.pool import learning
from mleq.forecast.pool.forecaster import answer
from mleq.forecast.pool.inputs import INPUTS, inputs_by_circle
from mleq.forecast.pool.material import Material, circles_of, pool_of
from mleq.forecast.pool.rows import gather
from mleq.forecast.pool.walk import offsets, schedule, walk_forward
from mleq.forecast.pool.world import World

REQUIRED = {"features": 20.0, "training": 120.0, "forecasts": 10.0}
DAYS = 11_000


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--catalog", type=Path, action="append", default=[])
    words.add_argument("--circles", type=int, default=425)
    asked = words.parse_args()
    logging.getLogger("mleq").setLevel(logging.WARNING)
    model = 'model={"name": "residual_boosting"}'
    recipe = api.load_recipe("world_best", changes=[model, f"pool.circles={asked.circles}"])
    events = api.load_events(recipe, files=asked.catalog)
    found, spent = outcomes(recipe, events), {}
    pool = pool_of(recipe, events, circles_of(recipe, events, fit_date(recipe, found)))
    parts = {n: slice(pool.day(found.dates[d[0]]), pool.day(found.dates[d[-1]]) + 1) for n, d in found.parts.items()}
    with timed(spent, "ETAS walked forward, all fits"):
        fits = walk_forward(pool, schedule(pool, pool.dates[parts["train"].stop], pool.dates[-1]))
    with timed(spent, "ETAS of all days"):
        known = offsets(pool, fits, slice(pool.day(fits[0].made), pool.n_days))
    days = slice(pool.n_days - DAYS, pool.n_days)
    with timed(spent, "features"):
        size = sum(one.nbytes for one in inputs_by_circle(pool, known, days))
    print(f"{len(pool.circles)} circles, {DAYS:,} days, {len(INPUTS)} inputs, {size / 1e9:.2f} GB in half precision")
    memory = peak_gb()
    with timed(spent, "features of the rows to learn from"):
        rows = gather(pool, known, parts["validation"], recipe.seed)
    material = Material(pool, fits, known, *rows, parts)
    with tempfile.TemporaryDirectory() as folder, timed(spent, "training"):
        learned = learning.learn(recipe, material, work=Path(folder), key="speed")
        learned.save(Path(folder))
        kept = learning.PooledModel.loaded(Path(folder))
        for one in kept.vintages:
            assert one.correction.size > 0
    print(f"{len(rows[0]):,} rows; models of {', '.join(str(one.made) for one in kept.vintages)}")
    last = pool.dates[-1]
    with timed(spent, "forecasts"):
        world = World.of(recipe, kept, events, last)
        year = slice(world.pool.n_days - 365, world.pool.n_days)
        answers = answer(kept, world, year, parts["train"])
    assert np.isfinite(answers.probability).all()
    failed = False
    for name, seconds in spent.items():
        limit = REQUIRED.get(name)
        late = limit is not None and seconds > limit
        failed |= late
        print(
            f"{name:<36}{seconds:7.1f} s" + (f"   required {limit:.0f} s{'  MISSED' if late else ''}" if limit else "")
        )
    print(f"memory: {memory:.2f} GB after the features (required 2), {peak_gb():.2f} GB after everything")
    return int(failed or memory > 2)


@contextmanager
def timed(spent: dict[str, float], name: str):
    """Seconds of this process's own time that a block takes."""
    began = time.process_time()
    yield
    spent[name] = time.process_time() - began


def peak_gb() -> float:
    """The most memory that the process has held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


if __name__ == "__main__":
    sys.exit(main())
