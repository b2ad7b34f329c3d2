"""All pages of a folder of results: one for each trained recipe, and the shelf's, beside what they share."""

from __future__ import annotations

from pathlib import Path

from mleq.experiment.folder import latest_run, trained_recipes
from mleq.report import page, shelf


def draw_recipe(out_dir: Path, recipe_id: str) -> Path:
    """Draw the page of a recipe's latest run, and the shelf's.

    Returns
    -------
    pathlib.Path
        out/<id>/report.html.
    """
    drawn = _page(Path(out_dir), recipe_id)
    shelf.draw(out_dir)
    return drawn


def draw_all(out_dir: Path) -> list[Path]:
    """Draw the pages of all trained recipes, and the shelf's, which is the last of the answer."""
    out_dir = Path(out_dir)
    return [*(_page(out_dir, recipe_id) for recipe_id in trained_recipes(out_dir)), shelf.draw(out_dir)]


def draw_stale(out_dir: Path) -> list[Path]:
    """Draw only those pages that are older than what they show; returns them."""
    out_dir, drawn, inputs = Path(out_dir), [], []
    for recipe_id in trained_recipes(out_dir):
        summary = latest_run(out_dir, recipe_id) / "summary.json"
        inputs.append(_changed(summary))
        if _changed(out_dir / recipe_id / "report.html") < inputs[-1]:
            drawn.append(_page(out_dir, recipe_id))
    inputs += [_changed(out_dir / name) for name in ("predictions.json", "ledger_scores.json")]
    if drawn or _changed(out_dir / shelf.PAGE) < max(inputs) or not (out_dir / shelf.PAGE).exists():
        drawn.append(shelf.draw(out_dir))
    return drawn


def _page(out_dir: Path, recipe_id: str) -> Path:
    return page.draw(latest_run(out_dir, recipe_id), out_dir / recipe_id / "report.html")


def _changed(path: Path) -> float:
    """When a file was last changed; the beginning of time where there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
