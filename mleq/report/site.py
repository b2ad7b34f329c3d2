"""All pages of a folder of results: one for each trained recipe, beside what they share."""

from __future__ import annotations

from pathlib import Path

from mleq.experiment.folder import latest_run, trained_recipes
from mleq.report import page


def draw_recipe(out_dir: Path, recipe_id: str) -> Path:
    """Draw the page of a recipe's latest run.

    Returns
    -------
    pathlib.Path
        out/<id>/report.html.
    """
    out_dir = Path(out_dir)
    return page.draw(latest_run(out_dir, recipe_id), out_dir / recipe_id / "report.html")


def draw_all(out_dir: Path) -> list[Path]:
    """Draw the pages of all trained recipes."""
    return [draw_recipe(out_dir, recipe_id) for recipe_id in trained_recipes(out_dir)]
