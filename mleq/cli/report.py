"""`mleq report`."""

from __future__ import annotations

from pathlib import Path

import click

from mleq.cli import common


@common.door("report", "redraw a run's page")
@common.recipe_id
@common.file_to_write("--single", help="Write the page as one file, to be sent.")
@common.out_dir
@common.as_json
def command(recipe_id: str, single: Path | None, out_dir: Path, as_json: bool) -> None:
    """Draw the page of a recipe's latest run again, and the shelf's; a browser shows them without a network.

    \b
    Examples:
      mleq report --recipe_id tokyo
      mleq report --recipe_id tokyo --out_dir elsewhere
      mleq report --recipe_id tokyo --single tokyo.html
    """
    from mleq.experiment.folder import latest_run
    from mleq.report import page, site

    run = latest_run(out_dir, recipe_id)
    drawn = page.draw_single(run, out_dir, single) if single else site.draw_recipe(out_dir, recipe_id)
    drawn = drawn.resolve()
    if as_json:
        common.answer_json({"recipe_id": recipe_id, "run": run.name, "page": str(drawn), "bytes": drawn.stat().st_size})
        return
    click.echo(f"page     {drawn.as_uri()}")
    if not single:
        click.echo(f"all      {(out_dir / 'index.html').resolve().as_uri()}")
