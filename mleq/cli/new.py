"""`mleq new`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from mleq.cli import common


@common.door("new", "write a recipe for a place")
@click.option("--id", "recipe_id", required=True, help="Id of the new recipe, e.g. mycity.")
@click.option("--latitude", type=float, required=True, help="Degrees north.")
@click.option("--longitude", type=float, required=True, help="Degrees east.")
@click.option("--magnitude", type=float, help="Magnitude to forecast; proposed from the data where left out.")
@click.option("--radius_km", type=float, help="Radius of the circle; proposed from the data where left out.")
@click.option("--horizon_days", type=int, default=1, show_default=True, help="Days ahead.")
@click.option(
    "--timezone",
    help="IANA name of the zone whose days are forecast, e.g. Europe/Rome; whole hours by longitude where left out.",
)
@click.option("--title", help="Name for people.")
@common.recipe_file
@common.catalog_files
@common.data_dir
@common.as_json
def command(
    recipe_id: str,
    latitude: float,
    longitude: float,
    magnitude: float | None,
    radius_km: float | None,
    horizon_days: int,
    timezone: str | None,
    title: str | None,
    recipe_file: Path | None,
    files: tuple[Path, ...],
    data_dir: Path,
    as_json: bool,
) -> None:
    """Write a recipe for a place into recipe.json, with a radius and a magnitude that the data can carry.

    \b
    Examples:
      mleq new --id mycity --latitude 41.0 --longitude 29.0
      mleq new --id mycity --latitude 41.0 --longitude 29.0 --magnitude 5 --catalog usgs.csv.gz
    """
    from mleq import api

    written = api.new_recipe(
        recipe_id,
        {
            "latitude": latitude,
            "longitude": longitude,
            "radius_km": radius_km,
            "magnitude": magnitude,
            "horizon_days": horizon_days,
            "timezone": timezone,
        },
        title=title,
        path=recipe_file,
        files=files,
        data_dir=data_dir,
    )
    if as_json:
        common.answer_json({"file": str(written.path), "recipe": written.raw, "reasons": list(written.reasons)})
        return
    for reason in written.reasons:
        click.echo(reason)
    given = [word for file in files for word in ("--catalog", str(file))]
    given += ["--recipe", str(recipe_file)] if recipe_file else []
    check = shlex.join(["mleq", "check", "--recipe_id", recipe_id, *given])
    click.echo(f"recipe '{recipe_id}' is in {written.path}; look at it with: {check}")
