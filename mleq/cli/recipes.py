"""`mleq recipes`."""

from __future__ import annotations

from pathlib import Path

import click

from mleq.cli import common


@common.door("recipes", "list the recipes there are")
@common.recipe_file
@common.as_json
def command(recipe_file: Path | None, as_json: bool) -> None:
    """List every recipe that can be named, with one line each.

    \b
    Example:
      mleq recipes
    """
    from mleq.recipe import find_entries, load_recipe
    from mleq.registry import recipe_models

    rows, seen = [], set()
    for entry, on_shelf in find_entries(recipe_file):
        name = entry.raw["id"]
        if name in seen:
            continue
        seen.add(name)
        recipe = load_recipe(name, recipe_file, models=recipe_models)
        rows.append(
            {
                "id": name,
                "family": recipe.family,
                "title": recipe.title.get("en") or next(iter(recipe.title.values()), name),
                "what": recipe.one_line,
                "file": entry.source,
                "on_shelf": on_shelf,
            }
        )
    if as_json:
        common.answer_json({"recipes": rows})
        return
    width = max(len(row["id"]) for row in rows)
    for number, (heading, chosen) in enumerate(_groups(rows).items()):
        click.echo("\n" * (number > 0) + f"{heading}:")
        for row in chosen:
            click.echo(f"{row['id']:<{width}}  {row['title']}: {row['what']}")


def _groups(rows: list[dict]) -> dict[str, list[dict]]:
    """Rows under their heading: the person's own files first, then the shelf by family and file, `demo` first."""
    families = list(dict.fromkeys(["catalog", *(row["family"] for row in rows)]))

    def place(row: dict) -> tuple:
        shelf = Path(row["file"]).stem
        return row["on_shelf"], row["on_shelf"] and (families.index(row["family"]), shelf != "demo")

    found: dict[str, list[dict]] = {}
    for row in sorted(rows, key=place):
        heading = f"ready-made {row['family']} recipes, {Path(row['file']).stem}" if row["on_shelf"] else row["file"]
        found.setdefault(heading, []).append(row)
    return found
