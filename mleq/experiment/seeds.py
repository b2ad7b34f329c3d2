"""The same recipe from several seeds: how much of a score is luck, and what the average of the forecasts is worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic, progress, spread
from mleq.errors import RequestError
from mleq.experiment import provenance
from mleq.experiment.run import Run
from mleq.experiment.table import columns
from mleq.experiment.tasks import Task, do, material_and_hash
from mleq.recipe import Recipe

AVERAGED = ("probability", "uncalibrated", "calibrated")
"""Columns of forecasts.parquet whose mean over seeds is a forecast."""


def train_seeds(
    recipe: Recipe,
    family: Any,
    load: Callable[[], Any],
    seeds: Sequence[int],
    *,
    out_dir: Path,
    average: bool = False,
    command: Sequence[str] = (),
) -> dict[str, Any]:
    """Train a recipe once for each seed, and say how much its scores differ; a seed that is finished is not done again.

    Parameters
    ----------
    recipe : Recipe
    family : module
    load : callable
        Gives the material.
    seeds : sequence of int
    out_dir : pathlib.Path
        Folder of all results; the runs stand among the recipe's others, the last seed's is its latest.
    average : bool, optional
        Whether to score the mean of the seeds' forecasts too.
    command : sequence of str, optional

    Returns
    -------
    dict
        What out/<id>/seeds/summary.json holds: `seeds` (of each its `seed`, `run`, `scores`, `gain`, `verdict`),
        `spread` (of each score mean, standard deviation, smallest and largest), and `average`, what the family says of
        the mean forecast (null where it was not asked for).
    """
    if len(set(seeds)) < 2 or len(set(seeds)) < len(seeds):
        raise RequestError(f"seeds {', '.join(map(str, seeds))}", expected="at least two, each another: --seeds 1,2,3")
    _, catalog_sha256 = material_and_hash(recipe, family, load)
    tasks = [
        Task(recipe.model_copy(update={"seed": seed}), family.__name__, load, catalog_sha256, out_dir, tuple(command))
        for seed in seeds
    ]
    runs = []
    with progress.task("training from each seed", total=len(tasks), unit="seeds") as shown:
        for done in spread.many()(do, tasks):
            runs.append(Run(done))
            shown.advance()
    kept = ("run", "scores", "gain", "verdict")
    summary = {
        "recipe_id": recipe.id,
        "family": recipe.family,
        "made_at": provenance.now(),
        "seeds": [
            {"seed": seed, **{key: run.summary[key] for key in kept}} for seed, run in zip(seeds, runs, strict=True)
        ],
        "spread": _spread([run.summary["scores"] for run in runs]),
        "average": None,
    }
    where = Path(out_dir) / recipe.id / "seeds"
    if average:
        forecasts = averaged([run.forecasts for run in runs])
        summary["average"] = family.evaluate(recipe, forecasts)
        with atomic.beside(where / "forecasts.parquet") as temporary:
            forecasts.to_parquet(temporary, index=False)
    atomic.write_json(where / "summary.json", summary)
    return summary


def averaged(forecasts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return forecasts of the same days with the mean of their probabilities; references are the first one's.

    Raises
    ------
    RequestError
        If they are no probabilities.
    """
    first = forecasts[0]
    if "probability" not in first:
        raise RequestError(
            "only probabilities are averaged, and this family's forecasts are none", remedy="leave --average out"
        )
    means = {name: np.mean([one[name] for one in forecasts], axis=0) for name in AVERAGED if name in first}
    return first.assign(**means)


def _spread(scores: Sequence[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Mean, standard deviation, smallest and largest of each score over the seeds."""
    spread = {}
    for name in scores[0]:
        values = [one[name]["value"] for one in scores]
        if any(value is None for value in values):
            spread[name] = dict.fromkeys(("mean", "standard_deviation", "smallest", "largest"))
            continue
        spread[name] = {
            "mean": float(np.mean(values)),
            "standard_deviation": float(np.std(values, ddof=1)),
            "smallest": float(np.min(values)),
            "largest": float(np.max(values)),
        }
    return spread


def spread_lines(summary: dict[str, Any]) -> list[str]:
    """Say in words how far the seeds lie apart, and what their average is worth."""
    names = list(summary["spread"])
    rows = [["seed", *(name.replace("_", " ") for name in names)]]
    rows += [[str(one["seed"]), *(_number(one["scores"][name]["value"]) for name in names)] for one in summary["seeds"]]
    for title, key in (("mean", "mean"), ("standard deviation", "standard_deviation")):
        rows.append([title, *(_number(summary["spread"][name][key]) for name in names)])
    average = summary["average"]
    if average:
        rows.append(["average forecast", *(_number(average["scores"][name]["value"]) for name in names)])
    lines = [*columns(rows), ""]
    lines += [f"seed {one['seed']}: {one['verdict']}" for one in summary["seeds"]]
    return [*lines, f"average: {average['verdict']}"] if average else lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
