"""`mleq check`."""

from __future__ import annotations

from pathlib import Path

import click

from mleq.cli import common
from mleq.errors import RequestError


@common.door("check", "validate a recipe and print its plan and cost")
@click.option("--recipe_id", help="Id of the recipe; without it every recipe is validated.")
@click.option("--build", is_flag=True, help="Build the network too: imports Keras, takes seconds.")
@common.recipe_file
@common.changes
@common.catalog_files
@common.data_dir
@common.as_json
def command(
    recipe_id: str | None,
    build: bool,
    recipe_file: Path | None,
    changes: tuple[str, ...],
    files: tuple[Path, ...],
    data_dir: Path,
    as_json: bool,
) -> None:
    """Validate a recipe and print its plan: data, base rates, completeness, shapes, memory, time.

    \b
    Examples:
      mleq check --recipe_id tokyo
      mleq check --recipe_id tokyo --set model.epochs=5 --build
      mleq check
    """
    from mleq import api

    if recipe_id is None:
        names = api.check_all(recipe_file)
        click.echo(f"{len(names)} recipes are sound: {', '.join(names)}")
        return
    values = api.plan(recipe_id, recipe_file, changes=changes, files=files, data_dir=data_dir)
    if build:
        values["network"] = api.network_table(api.check_network(recipe_id, recipe_file, changes=changes))
        values["parameters"] = sum(row["parameters"] for row in values["network"])
    if as_json:
        common.answer_json(values)
        return
    for line in api.plan_lines(values):
        click.echo(line)
    for row in values.get("network", ()):
        click.echo(f"{'':<12}{row['layer']:<24}{row['shape']!s:<28}{row['parameters']:>12,}")
    if values.get("refused"):
        raise RequestError(values["refused"])
