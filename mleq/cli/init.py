"""`mleq init`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from mleq.cli import common
from mleq.errors import RequestError


@common.door("init", "lay down recipe.json and the shelf in a folder")
@click.argument("folder", type=common.EXISTING)
def command(folder: Path) -> None:
    """Lay down recipe.json and the shelf in FOLDER, to work away from a clone.

    \b
    Example:
      mleq init my_forecasts
    """
    from mleq import atomic
    from mleq.recipe.entries import shelf_files, shelf_folder, template

    own, shelf = folder / "recipe.json", folder / "recipes"
    for place in (own, shelf):
        if place.exists():
            raise RequestError(f"{place} is already there", remedy="choose another folder, or move it away")
    with atomic.storing(folder):
        shelf.mkdir(parents=True)
        for path in [*shelf_files(), shelf_folder() / "schema.json"]:
            shutil.copy(path, shelf / path.name)
        shutil.copy(template(), own)
    click.echo(f"{own} and {len(shelf_files())} files of ready-made recipes in {shelf}")
    click.echo(f"now: cd {folder} && mleq train --recipe_id demo")
