"""`mleq train`."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import click

from mleq.cli import common
from mleq.errors import RequestError


@common.door("train", "train a recipe and say what its forecast is worth")
@common.recipe_id
@click.option(
    "--seeds",
    metavar="N,N,…",
    callback=common.numbers,
    help="Train once from each seed, and say how far they lie apart.",
)
@click.option("--average", is_flag=True, help="With --seeds: score the mean of their forecasts too.")
@common.recipe_file
@common.changes
@common.catalog_files
@common.inputs
@common.data_dir
@common.out_dir
@common.workers(1)
@common.scheduler
@common.as_json
def command(
    recipe_id: str,
    seeds: tuple[int, ...],
    average: bool,
    recipe_file: Path | None,
    changes: tuple[str, ...],
    files: tuple[Path, ...],
    inputs: tuple[Path, ...],
    data_dir: Path,
    out_dir: Path,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Train a recipe, score it beside the references, and keep the run.

    Training that was stopped goes on from its last epoch when the same command is given again. --workers and
    --scheduler have several seeds trained at once, or the chunks of a continuous record worked through.

    While the same training is under way elsewhere this one fails at once, with exit 1: waiting would do it once more.
    Another recipe, or the same with other settings, may be trained beside it. (`fetch` does wait for another fetch
    into its store, since it then has less to bring.)

    \b
    Examples:
      mleq train --recipe_id demo
      mleq train --recipe_id tokyo --set model.epochs=5
      mleq train --recipe_id demo --seeds 1,2,3 --average --workers 2
      mleq train --recipe_id tokyo --catalog usgs.csv.gz
    """
    from mleq import api
    from mleq.performing import bounded_threads

    if average and not seeds:
        raise RequestError("--average is of several seeds", remedy="add --seeds 1,2,3")
    # Several seeds are trained with as many threads here as in processes of their own.
    with bounded_threads(1) if seeds else nullcontext():
        recipe = api.check_network(recipe_id, recipe_file, changes=changes)
    data = {"files": files, "inputs": inputs, "data_dir": data_dir}
    if seeds:
        _show_seeds(recipe, seeds, average, as_json, out_dir, workers=workers, scheduler=scheduler, **data)
        return
    run = api.train(
        recipe, out_dir=out_dir, command=sys.argv, changes=changes, workers=workers, scheduler=scheduler, **data
    )
    if as_json:
        common.answer_json(run.summary)
        return
    for line in api.summary_lines(run.summary):
        click.echo(line)
    click.echo(f"run      {run.folder}")
    click.echo(f"page     {(out_dir / recipe.id / 'report.html').resolve().as_uri()}")


def _show_seeds(recipe, seeds, average, as_json: bool, out_dir: Path, **how) -> None:
    from mleq import api
    from mleq.experiment.seeds import spread_lines

    summary = api.train_seeds(recipe, seeds, average=average, out_dir=out_dir, command=sys.argv, **how)
    if as_json:
        common.answer_json(summary)
        return
    for line in spread_lines(summary):
        click.echo(line)
    last = summary["seeds"][-1]
    click.echo(f"kept in {out_dir / recipe.id / 'seeds'}; predict uses the run of seed {last['seed']}, {last['run']}")
