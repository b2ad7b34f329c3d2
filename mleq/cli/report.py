"""`mleq report`."""

from __future__ import annotations

from pathlib import Path

import click

from mleq.cli import common


@common.door("report", "redraw a run's page")
@common.recipe_id
@common.out_dir
@common.as_json
def command(recipe_id: str, out_dir: Path, as_json: bool) -> None:
    """Draw the page of a recipe's latest run again; a browser shows it without a network.

    \b
    Examples:
      mleq report --recipe_id tokyo
      mleq report --recipe_id tokyo --out_dir elsewhere
    """
    from mleq.experiment.folder import latest_run
    from mleq.report.page import draw

    run = latest_run(out_dir, recipe_id)
    page = draw(run, out_dir / recipe_id / "report.html").resolve()
    if as_json:
        common.answer_json({"recipe_id": recipe_id, "run": run.name, "page": str(page), "bytes": page.stat().st_size})
        return
    click.echo(f"page     {page.as_uri()}")
