"""`mleq train`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mleq.cli import common


@common.door("train", "train a recipe and say what its forecast is worth")
@common.recipe_id
@common.recipe_file
@common.changes
@common.catalog_files
@common.data_dir
@common.out_dir
@common.as_json
def command(
    recipe_id: str,
    recipe_file: Path | None,
    changes: tuple[str, ...],
    files: tuple[Path, ...],
    data_dir: Path,
    out_dir: Path,
    as_json: bool,
) -> None:
    """Train a recipe, score it beside the references, and keep the run.

    Training that was stopped goes on from its last epoch when the same command is given again.

    \b
    Examples:
      mleq train --recipe_id demo
      mleq train --recipe_id tokyo --set model.epochs=5
      mleq train --recipe_id tokyo --catalog usgs.csv.gz
    """
    from mleq import api

    recipe = api.check_network(recipe_id, recipe_file, changes=changes)
    run = api.train(recipe, files=files, data_dir=data_dir, out_dir=out_dir, command=sys.argv, changes=changes)
    if as_json:
        common.answer_json(run.summary)
        return
    for line in summary_lines(run.summary):
        click.echo(line)
    click.echo(f"run      {run.folder}")
    click.echo(f"page     {(out_dir / recipe.id / 'report.html').resolve().as_uri()}")


def summary_lines(summary: dict) -> list[str]:
    """Say the main numbers of a summary in a few lines."""
    lines = [summary["verdict"], ""]
    rows = {"this model": summary["scores"], **summary["references"]}
    keys = {"log_score": "log score", "brier_score": "Brier score", "roc_auc": "ROC-AUC"}
    cells = [["test part", *keys.values()]]
    cells += [[name.replace("_", " "), *(_with_interval(scores[key]) for key in keys)] for name, scores in rows.items()]
    lines += common.columns(cells)
    test, catalog = summary["split"]["test"], summary["catalog"]
    lines += [
        "",
        f"test     {test['start']} to {test['end']}: {test['days']:,} days, {test['positives']:,} with an event",
        f"data     {catalog['events']:,} events to {catalog['end'][:10]}, complete from M "
        f"{catalog['completeness_magnitude']:.1f}, b = {catalog['b_value']:.2f}",
    ]
    if catalog["target_below_completeness"]:
        lines.append("caution  the target magnitude is below completeness: this partly forecasts the network")
    return lines


def _with_interval(score: dict) -> str:
    if score["value"] is None:
        return "-"
    if score["low"] is None:
        return f"{score['value']:.4f}"
    return f"{score['value']:.4f} [{score['low']:.4f}, {score['high']:.4f}]"
