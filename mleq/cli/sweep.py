"""`mleq sweep`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from mleq.cli import common
from mleq.experiment.table import columns

SHOWN = 40


@common.door("sweep", "train many configurations, and say what the best of so many is worth")
@click.argument("recipes", nargs=-1, required=True, shell_complete=common.known_ids)
@click.option("--seeds", metavar="N,N,…", callback=common.numbers, help="Train each from every one of these seeds.")
@click.option("--set", "sets", multiple=True, metavar="PATH=A,B,C", help="Try each of these values; repeatable.")
@common.recipe_file
@common.catalog_files
@common.inputs
@common.data_dir
@common.out_dir
@common.workers()
@common.scheduler
@common.as_json
def command(
    recipes: tuple[str, ...],
    seeds: tuple[int, ...],
    sets: tuple[str, ...],
    recipe_file: Path | None,
    files: tuple[Path, ...],
    inputs: tuple[Path, ...],
    data_dir: Path,
    out_dir: Path,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Train every combination of RECIPES (files, ids, or globs of either), settings and seeds, and rank them.

    All are compared over one reference on the same days, and the best one's interval is corrected for the number that
    was tried. Trainings run at once on several processors, or on a Dask cluster. Stopped and given again, the same
    command goes on after what was finished; what failed is listed and tried again. Runs stand in out/sweep, apart from
    those that forecast.

    \b
    Examples:
      mleq sweep tokyo --set model.epochs=5,10,20 --seeds 1,2,3
      mleq sweep recipes/world.json "*_m5" --set model.filters=8,30 --workers 4
      mleq sweep "city_*" --recipe cities.json --scheduler tcp://head:8786
    """
    from mleq import api
    from mleq.performing import bounded_threads

    with bounded_threads(1):
        summary = api.sweep(
            recipes, path=recipe_file, sets=sets, seeds=seeds, files=files, inputs=inputs, data_dir=data_dir,
            out_dir=out_dir, command=sys.argv, workers=workers, scheduler=scheduler,
        )  # fmt: skip
    if as_json:
        common.answer_json(summary)
    else:
        for line in lines(summary):
            click.echo(line)
    if summary["failed"]:
        raise click.exceptions.Exit(1)


def lines(summary: dict[str, Any]) -> list[str]:
    """Say a sweep in words."""
    changed = sorted({key for row in summary["rows"] for key in row if key.startswith("set ")})
    cells = [["recipe", "seed", *(key[4:] for key in changed), "event-days", "gain per day", "95 %", "corrected"]]
    for row in summary["rows"][:SHOWN]:
        if row["status"] == "done":
            named = [row["recipe_id"], str(row["seed"]), *(str(row.get(key) or "-") for key in changed)]
            events = "-" if row["event_days"] is None else f"{row['event_days']:,.0f}"
            gain = "-" if row["gain"] is None else f"{row['gain']:+.4f}"
            ends = [_ends(row, low, high) for low, high in (("low", "high"), ("corrected_low", "corrected_high"))]
            cells.append([*named, events, gain, *ends])
    said = [summary["verdict"], ""]
    if summary["tried_before"]:
        said.insert(1, f"{summary['tried_before']} others of these recipes were tried in earlier sweeps.")
    if len(cells) > 1:
        said += [*columns(cells), ""]
    if summary["done"] > SHOWN:
        said.append(f"the other {summary['done'] - SHOWN} stand in the table")
    said += [
        f"failed: {row['recipe_id']}, seed {row['seed']}: {row['error']}" for row in summary["rows"] if row["error"]
    ]
    folder = Path(summary["folder"])
    return [*said, f"table    {folder / 'table.csv'}", f"page     {(folder / 'report.html').as_uri()}"]


def _ends(row: dict[str, Any], low: str, high: str) -> str:
    return "-" if row[low] is None else f"[{row[low]:+.4f}, {row[high]:+.4f}]"
