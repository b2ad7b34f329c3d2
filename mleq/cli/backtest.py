"""`mleq backtest`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mleq.cli import common


@common.door("backtest", "walk forward: train on the past, forecast the next year, and again")
@common.recipe_id
@click.option(
    "--folds", type=click.IntRange(min=1), default=5, show_default=True, help="How many years, the last ones."
)
@common.recipe_file
@common.changes
@common.catalog_files
@common.data_dir
@common.out_dir
@common.workers()
@common.scheduler
@common.as_json
def command(
    recipe_id: str,
    folds: int,
    recipe_file: Path | None,
    changes: tuple[str, ...],
    files: tuple[Path, ...],
    data_dir: Path,
    out_dir: Path,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Train once for each of the last years on what was past by then, forecast that year, and score all together.

    Folds are trained at once on several processors, or on a Dask cluster; the numbers are the same. Stopped and given
    again, the same command goes on after what was finished. Results are kept in out/ID/backtest.

    \b
    Examples:
      mleq backtest --recipe_id demo --folds 3
      mleq backtest --recipe_id tokyo --folds 5 --set model.epochs=5 --workers 2
      mleq backtest --recipe_id tokyo --folds 20 --scheduler tcp://head:8786
    """
    from mleq import api
    from mleq.experiment.backtest import place, table_lines
    from mleq.performing import bounded_threads

    with bounded_threads(1):  # of TensorFlow, before its first operation: as in every worker
        recipe = api.check_network(recipe_id, recipe_file, changes=changes)
    summary = api.backtest(
        recipe,
        folds,
        files=files,
        data_dir=data_dir,
        out_dir=out_dir,
        command=sys.argv,
        workers=workers,
        scheduler=scheduler,
    )
    if as_json:
        common.answer_json(summary)
        return
    for line in table_lines(summary):
        click.echo(line)
    click.echo(f"kept in {place(out_dir, recipe.id)}")
