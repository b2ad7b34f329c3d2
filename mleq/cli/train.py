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
@common.inputs
@common.data_dir
@common.out_dir
@common.as_json
def command(
    recipe_id: str,
    recipe_file: Path | None,
    changes: tuple[str, ...],
    files: tuple[Path, ...],
    inputs: tuple[Path, ...],
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
    run = api.train(
        recipe, files=files, inputs=inputs, data_dir=data_dir, out_dir=out_dir, command=sys.argv, changes=changes
    )
    if as_json:
        common.answer_json(run.summary)
        return
    for line in api.summary_lines(run.summary):
        click.echo(line)
    click.echo(f"run      {run.folder}")
    click.echo(f"page     {(out_dir / recipe.id / 'report.html').resolve().as_uri()}")
