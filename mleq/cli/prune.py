"""`mleq prune`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mleq.cli import common
from mleq.errors import RequestError


@common.door("prune", "remove old runs, after asking")
@click.option(
    "--recipe_id",
    "recipe_ids",
    multiple=True,
    shell_complete=common.known_ids,
    help="Only runs of this recipe; repeatable.",
)
@click.option("--keep", type=int, metavar="N", help="Of each recipe the newest N runs stay.")
@click.option("--older_than_days", type=float, metavar="D", help="Only runs that are older.")
@click.option("--issued_too", is_flag=True, help="Also runs that a forecast in the ledger came from.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common.out_dir
@common.as_json
def command(
    recipe_ids: tuple[str, ...],
    keep: int | None,
    older_than_days: float | None,
    issued_too: bool,
    yes: bool,
    out_dir: Path,
    as_json: bool,
) -> None:
    """Remove old runs by number or age, after showing which.

    A recipe's latest run stays, and so does any that a forecast in the ledger came from, unless --issued_too is given.

    \b
    Examples:
      mleq prune --keep 3
      mleq prune --recipe_id tokyo --older_than_days 90 --yes
    """
    from mleq.experiment import prune

    runs = prune.removable(out_dir, recipe_ids, keep=keep, older_than_days=older_than_days, issued_too=issued_too)
    if not as_json:
        for run in runs:
            click.echo(run)
        if not runs:
            click.echo(
                "nothing to remove: a recipe's latest run stays, and any that a forecast in the ledger came from"
            )
    if runs and not yes:
        if as_json or not sys.stdin.isatty():
            raise RequestError(f"to be removed: {len(runs)}, and nobody can be asked", remedy="add --yes")
        click.confirm(f"Remove {'this run' if len(runs) == 1 else f'these {len(runs)} runs'} for good?", abort=True)
    prune.remove(runs)
    if as_json:
        common.answer_json({"removed": [str(run) for run in runs]})
