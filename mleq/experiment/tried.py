"""How many configurations of a recipe were scored on its test part: the best of several looks better than it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mleq.errors import Failure
from mleq.experiment.folder import complete_runs, read_json
from mleq.recipe import Recipe, recipe_hash, resolved


def tried(out_dir: Path, recipe: Recipe) -> dict[str, Any]:
    """Count the configurations of a recipe that were scored with the same target, this one among them.

    Parameters
    ----------
    out_dir : pathlib.Path
        Folder of all results.
    recipe : Recipe
        The one that is scored now.

    Returns
    -------
    dict
        `configurations`, how many, and `recipe_sha256`, the sorted hashes of all of them, which outlive runs that are
        removed.
    """
    known = {recipe_hash(recipe)}
    for place in complete_runs(out_dir, recipe.id):
        try:
            summary, record = read_json(place / "summary.json"), read_json(place / "run.json")
            if summary.get("target") == resolved(recipe).get("target"):
                known |= {record["recipe_sha256"], *summary.get("tried", {}).get("recipe_sha256", [])}
        except (Failure, KeyError, TypeError, AttributeError):  # a damaged run is no reason to lose a sound one
            continue
    return {"configurations": len(known), "recipe_sha256": sorted(known)}


def caution(summary: dict[str, Any]) -> str:
    """Say what several configurations mean for the verdict; nothing of the first.

    >>> caution({"tried": {"configurations": 1}})
    ''
    """
    number = summary.get("tried", {}).get("configurations", 1)
    if number < 2:
        return ""
    return (
        f"{number} configurations of this recipe have been scored on the test part by now: whoever keeps the best of "
        "them must not believe its interval. Choose on the validation part, or by a sweep, which counts them"
    )
