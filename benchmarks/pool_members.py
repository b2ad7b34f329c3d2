"""Would a network of maps help the stack? Corrections of ETAS alone, two and three together, on the validation part.

    python benchmarks/pool_members.py [--catalog FILE] [--recipe_id world_best]

Learns the recipe's stack and `residual_convlstm` (on maps alone, and with the named inputs beside them) on the training
part. Weights are fitted on every other block of 60 days of the validation part and measured on the blocks between, and
the other way round. The validation part is given with all its event-days and a quarter of the others, weighted. What
was learnt by `pool_skill.py` in the same `--work` is read again.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import numpy as np

from mleq import api
from mleq.catalog.events import identity
from mleq.experiment.run import run_key
from mleq.forecast.outcomes import outcomes
from mleq.forecast.pool import learning
from mleq.forecast.pool.maps import Atlas
from mleq.forecast.pool.material import prepare
from mleq.forecast.pool.rows import Rows
from mleq.forecast.pool.stack import best_weights

MODELS = {
    "maps": '{"name": "residual_convlstm"}',
    "maps and inputs": '{"name": "residual_convlstm", "inputs": true}',
}
SHARE, BLOCK_DAYS = 0.25, 60


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--catalog", type=Path, action="append", default=[])
    words.add_argument("--recipe_id", default="world_best")
    words.add_argument("--data_dir", type=Path, default=Path("data"))
    words.add_argument("--work", type=Path, default=Path("out/pool_skill"))
    asked = words.parse_args()
    logging.getLogger("mleq").setLevel(logging.WARNING)
    recipe = api.load_recipe(asked.recipe_id)
    events = api.load_events(recipe, files=asked.catalog, data_dir=asked.data_dir)
    material = prepare(recipe, events, outcomes(recipe, events))
    material.parts["test"] = slice(material.pool.n_days, material.pool.n_days)  # not looked at
    rows = some_of(material.validation, recipe.seed)

    def learnt(one):
        return learning.learn(one, material, work=asked.work, key=run_key(one, identity(events))).vintages[0].correction

    said = {name: one.corrections(rows.inputs) for name, one in learnt(recipe).members.items()}
    for name, model in MODELS.items():
        found = learnt(api.load_recipe(asked.recipe_id, changes=[f"model={model}"]))
        atlas = Atlas.of(material.pool, material.fits, found.frame)
        said[name] = found.corrections(rows.inputs, atlas.rows(rows.circle, rows.day))
    print(f"{rows.came.sum():,} circle-days with an event; gain over refitted ETAS, nats per event-day")
    for name, correction in said.items():
        print(f"{name:<40}{gain(rows, correction):+.4f}")
    for third in (None, *MODELS):
        names = ["boosting", "network", *([third] if third else [])]
        print(f"{', '.join(names):<40}{gain(rows, across(rows, [said[name] for name in names])):+.4f}")


def some_of(rows: Rows, seed: int) -> Rows:
    """All days with an event and a share of the others, weighted by its reciprocal."""
    kept = rows.came | (np.random.default_rng(seed).random(len(rows)) < SHARE)
    found = rows[np.flatnonzero(kept)]
    found.weight[:] = np.where(found.came, 1, 1 / SHARE)
    return found


def gain(rows: Rows, correction: np.ndarray) -> float:
    """Of the corrected forecast over ETAS, nats per event-day."""
    mean = rows.log_loss(rows.log_odds) - rows.log_loss(rows.log_odds + correction)
    return mean * rows.weight.sum(dtype=float) / rows.came.sum()


def across(rows: Rows, corrections: list[np.ndarray]) -> np.ndarray:
    """Corrections together, by weights from the blocks that are not forecast."""
    odd, found = (rows.day - rows.day.min()) // BLOCK_DAYS % 2 == 1, np.empty(len(rows))
    for held in (odd, ~odd):
        weights = best_weights([one[~held] for one in corrections], rows[~held])
        found[held] = sum(weight * one[held] for weight, one in zip(weights, corrections, strict=True))
    return found


if __name__ == "__main__":
    main()
