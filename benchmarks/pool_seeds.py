"""Do several networks, or several runs of trees, that differ in their seeds alone correct ETAS better than one?

    python benchmarks/pool_seeds.py --catalog FILE [--earlier] [--networks 15] [--trees 6]

Learns the two models of `world_best`, M >= 5, next day, with one seed after another on the training part, and scores
the means of the corrections of groups of them on the validation part: 2010-2012, or 2004-2006 with `--earlier`. Of each
size of group the mean, standard deviation and range over groups that share no seed. Weights of stacks are fitted
on the same days, and on every other block of 60 days and measured on the blocks between. Later days are not looked at.
Corrections are kept in `--work`.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pool_members import across, gain

from mleq import api
from mleq.catalog.events import identity
from mleq.experiment.run import run_key
from mleq.forecast.outcomes import outcomes
from mleq.forecast.pool.dense import DenseCorrection
from mleq.forecast.pool.material import Material, prepare
from mleq.forecast.pool.residual import BoostedCorrection
from mleq.forecast.pool.stack import best_weights

EARLIER = ["split.train_end=2003-12-31", "split.validation_end=2006-12-31", "catalog.end=2010-01-01"]
SIZES, STACKED = (1, 3, 5), ((1, 1), (1, 3), (1, 5), (3, 1), (3, 3), (3, 5))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--catalog", type=Path, action="append", default=[])
    words.add_argument("--earlier", action="store_true", help="learn to 2003, score 2004-2006")
    words.add_argument("--networks", type=int, default=15)
    words.add_argument("--trees", type=int, default=6)
    words.add_argument("--data_dir", type=Path, default=Path("data"))
    words.add_argument("--work", type=Path, default=Path("out/pool_seeds"))
    asked = words.parse_args()
    logging.getLogger("mleq").setLevel(logging.WARNING)
    changes = ["pool.level_days=null", "pool.level_prior=null", *(EARLIER if asked.earlier else [])]
    recipe = api.load_recipe("world_best", changes=changes)
    events = api.load_events(recipe, files=asked.catalog, data_dir=asked.data_dir)
    material = prepare(recipe, events, outcomes(recipe, events))
    rows, work = material.validation, asked.work / run_key(recipe, identity(events))[:16]
    networks = [correction("network", seed, recipe, material, work) for seed in range(asked.networks)]
    trees = [correction("trees", seed, recipe, material, work) for seed in range(asked.trees)]
    first, last = material.pool.dates[[rows.day.min(), rows.day.max()]]
    print(
        f"{first} to {last}, {rows.came.sum():,} circle-days with an event; gain over refitted ETAS, nats per event-day"
    )
    for name, all_of in (("network", networks), ("trees", trees)):
        print(f"{name}: two of them correlate {np.corrcoef(all_of[:2])[0, 1]:.3f}")
        for size in sorted({*SIZES, len(all_of)}):
            show(f"{name}, mean of {size}", [gain(rows, one) for one in means(all_of, size)])
    for n_trees, n_networks in STACKED:
        of_trees, inside, between = means(trees, n_trees), [], []
        for i, network in enumerate(means(networks, n_networks)):
            both = [of_trees[i % len(of_trees)], network]
            inside.append(gain(rows, best_weights(both, rows) @ np.stack(both)))
            between.append(gain(rows, across(rows, both)))
        show(f"stack of {n_trees} and {n_networks}, same days", inside)
        show(f"stack of {n_trees} and {n_networks}, blocks between", between)


def correction(kind: str, number: int, recipe, material: Material, work: Path) -> np.ndarray:
    """What a model with the recipe's seed plus a number adds to the log-odds of the validation part."""
    kept = work / f"{kind}-{number}.npy"
    if kept.is_file():
        return np.load(kept)
    began, seed, model = time.process_time(), recipe.seed + number, recipe.model
    rows, validation = material.rows.before(material.fitted, material.pool.horizon), material.validation
    if kind == "network":
        state = {"work": work / f"state-{number}", "key": kept.name}
        found, _ = DenseCorrection.trained(model.network, rows, seed=seed, **state)
    else:
        most = model.boosting.epochs
        found, _ = BoostedCorrection.grown(model.boosting, rows, trees=most, seed=seed, validation=validation)
    said = found.corrections(validation.inputs)
    print(
        f"{kind} {number}: {time.process_time() - began:.0f} s of CPU, gain {gain(validation, said):+.4f}", flush=True
    )
    work.mkdir(parents=True, exist_ok=True)
    np.save(kept, said)
    return said


def means(corrections: Sequence[np.ndarray], size: int) -> list[np.ndarray]:
    """Of groups of so many that share none."""
    starts = range(0, len(corrections) - size + 1, size)
    return [np.mean(corrections[start : start + size], axis=0) for start in starts]


def show(name: str, gains: Sequence[float]) -> None:
    """Print a mean and how far its parts are apart."""
    if not gains:
        return
    spread = f" sd {np.std(gains, ddof=1):.4f}, {min(gains):+.4f} to {max(gains):+.4f}" if len(gains) > 1 else ""
    print(f"{name:<36}{np.mean(gains):+.4f}  groups {len(gains)}{spread}", flush=True)


if __name__ == "__main__":
    main()
