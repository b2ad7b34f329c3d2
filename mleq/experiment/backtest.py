"""Walking forward: train on all that is past, forecast the year that follows, and again a year later."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mleq import atomic, progress, spread
from mleq.experiment import folder, provenance
from mleq.experiment.run import Run
from mleq.experiment.table import columns, with_interval
from mleq.experiment.tasks import Task, do, material_and_hash
from mleq.recipe import Recipe, recipe_hash, resolved


def place(out_dir: Path, recipe_id: str) -> Path:
    """Return the folder of a recipe's backtests: each under <utc>-<hash>, their folds' runs under folds/."""
    return Path(out_dir) / recipe_id / "backtest"


def backtest(
    recipe: Recipe,
    family: Any,
    load: Callable[[], Any],
    n_folds: int,
    *,
    out_dir: Path,
    command: Sequence[str] = (),
) -> dict[str, Any]:
    """Train a recipe once for each of the last years, on what was past by then, and score all of them together.

    A fold that is finished is not done again, whatever stopped the others: its run is known by the hashes of its
    recipe and its catalogue.

    Parameters
    ----------
    recipe : Recipe
        Its `split` says how long validation parts are; each fold has dates of its own.
    family : module
        With `folds`, see `mleq.experiment.family.Family`.
    load : callable
        Gives the material; can be pickled where `mleq.spread` sends tasks to other processes.
    n_folds : int
    out_dir : pathlib.Path
        Folder of all results.
    command : sequence of str, optional

    Returns
    -------
    dict
        What summary.json of the backtest holds: `recipe_id`, `family`, `made_at`, `folds` (of each its `split`, `run`,
        `scores`, `gain` and `verdict`), and `pooled`, what the family says of the test days of all folds together,
        with paired intervals over all of them.
    """
    material, catalog_sha256 = material_and_hash(recipe, family, load)
    where = place(out_dir, recipe.id)
    tasks = [
        Task(one, family.__name__, load, catalog_sha256, where / "folds", tuple(command))
        for one in family.folds(recipe, material, n_folds)
    ]
    runs = []
    with progress.task("walking forward", total=len(tasks), unit="folds") as shown:
        for done in spread.many()(do, tasks):
            runs.append(Run(done))
            shown.advance(1, note=runs[-1].summary["split"]["test"]["end"])
    pooled = pd.concat([_test_part(number, run) for number, run in enumerate(runs, start=1)], ignore_index=True)
    made_at = provenance.now()
    summary = {
        "recipe_id": recipe.id,
        "family": recipe.family,
        "made_at": made_at,
        "catalog_sha256": catalog_sha256,
        "command": list(command),
        "folds": [_row(run) for run in runs],
        "pooled": {
            "days": len(pooled),
            "event_days": int(pooled["observed"].sum()) if pooled["observed"].dtype == bool else None,
            **family.evaluate(recipe, pooled.drop(columns="fold")),
        },
    }
    _publish(where, recipe, summary, pooled)
    return summary


def _test_part(number: int, run: Run) -> pd.DataFrame:
    """The forecasts of the year that follows, with the number of their fold."""
    forecasts = run.forecasts
    return forecasts[forecasts["part"] == "test"].assign(fold=number)


def _row(run: Run) -> dict[str, Any]:
    """What the table says of a fold."""
    kept = {key: run.summary[key] for key in ("run", "split", "scores", "gain", "verdict")}
    return {**kept, "best_epoch": run.summary["model"].get("best_epoch")}


def _publish(where: Path, recipe: Recipe, summary: dict[str, Any], pooled: pd.DataFrame) -> None:
    """Write the backtest beside, give it its name, and make it the latest."""
    name = f"{summary['made_at'].replace('-', '').replace(':', '')[:15]}Z-{recipe_hash(recipe)[:8]}"
    unfinished = folder.empty(where / f".unfinished-{name}")
    with atomic.storing(unfinished):
        pooled.to_parquet(unfinished / "forecasts.parquet", index=False)
    atomic.write_json(unfinished / "summary.json", summary)
    atomic.write_json(unfinished / "recipe.json", {"format": 1, "recipes": [resolved(recipe)]})
    with atomic.storing(where / name):
        os.replace(unfinished, where / name)
    atomic.write_json(where / "summary.json", summary)


def table_lines(summary: dict[str, Any]) -> list[str]:
    """Say a backtest in words: a line for each fold, and the pooled verdict."""
    strongest = min(summary["pooled"]["gain"], key=lambda name: _gain(summary["pooled"], name)["value"])
    names = list(dict.fromkeys(["climatology", strongest, *(["etas"] if "etas" in summary["pooled"]["gain"] else [])]))
    names = [name for name in names if name in summary["pooled"]["gain"]]
    titles = [f"over {name.replace('_', ' ')}" for name in names]
    rows = [["test", "days", "with an event", "log score", *titles]]
    for fold in summary["folds"]:
        test = fold["split"]["test"]
        rows.append(
            [f"{test['start']} to {test['end']}", f"{test['days']:,}", f"{test['positives']:,}", *_cells(fold, names)]
        )
    pooled = summary["pooled"]
    events = "-" if pooled["event_days"] is None else f"{pooled['event_days']:,}"
    rows.append(["all folds", f"{pooled['days']:,}", events, *_cells(pooled, names)])
    return [
        pooled["verdict"],
        "",
        *columns(rows),
        "",
        "gains in nats per day, with 95 % intervals over all folds' days",
    ]


def _cells(scored: dict[str, Any], names: list[str]) -> list[str]:
    gains = [_gain(scored, name) for name in names]
    return [f"{scored['scores']['log_score']['value']:.4f}", *(with_interval(one, signed=True) for one in gains)]


def _gain(scored: dict[str, Any], name: str) -> dict[str, Any]:
    return scored["gain"][name]["nats_per_day"]
