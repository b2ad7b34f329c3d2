"""`mleq check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mleq.cli import common
from mleq.errors import Failure, RequestError

SHOWN = 5
"""What a probe found, at most, in words."""


@common.door("check", "validate a recipe and print its plan and cost")
@click.option(
    "--recipe_id", shell_complete=common.known_ids, help="Id of the recipe; without it every recipe is validated."
)
@click.option("--build", is_flag=True, help="Build the network too: imports Keras, takes seconds.")
@click.option("--leaks", is_flag=True, help="Try on the recipe's own data whether anything knows the future: minutes.")
@common.recipe_file
@common.changes
@common.catalog_files
@common.data_dir
@common.as_json
def command(
    recipe_id: str | None,
    build: bool,
    leaks: bool,
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
      mleq check --recipe_id demo --leaks
      mleq check
    """
    from mleq import api

    if recipe_id is None and leaks:
        raise RequestError("--leaks tries one recipe on its data", remedy="add --recipe_id ID")
    if recipe_id is None:
        names = api.check_all(recipe_file)
        click.echo(f"{len(names)} recipes are sound: {', '.join(names)}")
        return
    values = api.plan(recipe_id, recipe_file, changes=changes, files=files, data_dir=data_dir)
    if build:
        values |= api.built(values, api.check_network(recipe_id, recipe_file, changes=changes))
    if leaks and not values.get("refused") and "missing_data" not in values:
        values["leaks"] = api.leaks(recipe_id, recipe_file, changes=changes, files=files, data_dir=data_dir)
    if as_json:
        common.answer_json(values)
    else:
        _show(api.plan_lines(values), values)
    if values.get("refused"):
        raise RequestError(values["refused"])
    if leaks and "leaks" not in values:
        raise RequestError(values["missing_data"])
    leaking = [probe["probe"] for probe in values.get("leaks", ()) if probe["found"]]
    if leaking:
        raise Failure(
            f"{len(leaking)} of {len(values['leaks'])} probes found a leak: {', '.join(leaking)}",
            remedy="a forecast that knows what comes after its issue time cannot be trusted; see what each probe found",
        )


def _show(lines: list[str], values: dict[str, Any]) -> None:
    for line in lines:
        click.echo(line)
    for row in values.get("network", ()):
        click.echo(f"{'':<12}{row['layer']:<24}{row['shape']!s:<28}{row['parameters']:>12,}")
    for probe in values.get("leaks", ()):
        click.echo(
            f"{'LEAK' if probe['found'] else 'no leak':<12}{probe['probe']}: {probe['asked']} ({probe['tried']} tried)"
        )
        for sentence in probe["found"][:SHOWN]:
            click.echo(f"{'':<12}{sentence}")
        if len(probe["found"]) > SHOWN:
            click.echo(f"{'':<12}and {len(probe['found']) - SHOWN} more (all with --json)")
