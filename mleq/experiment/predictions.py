"""The file that keeps every forecast asked for, and what each entry says of the run behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mleq import atomic
from mleq.experiment import folder, provenance
from mleq.experiment.run import Run
from mleq.recipe import Recipe


def entry(recipe: Recipe, run: Run, asked: dict[str, str], answer: dict[str, Any]) -> dict[str, Any]:
    """Return an entry of predictions.json.

    Parameters
    ----------
    recipe : Recipe
        The run's own.
    run : Run
    asked : dict
        `{"target_date": …}` or `{"input": …}`.
    answer : dict
        What the family says.
    """
    return {
        "recipe_id": recipe.id,
        "family": recipe.family,
        **asked,
        **answer,
        "run": run.folder.name,
        "verdict": run.summary["verdict"],
        "made_at": provenance.now(),
    }


def part_of(run: Run, date: np.datetime64) -> str | None:
    """Return the part of the run that a target date lies in: a forecast of "train" is one that was learnt by heart."""
    for part, row in run.summary["split"].items():
        if np.datetime64(row["start"]) <= date <= np.datetime64(row["end"]):
            return part
    return None


def load_model(run: Run) -> Any:
    """Read the network of a run.

    Raises
    ------
    Failure
        If it cannot be read.
    """
    from mleq.experiment.backend import read_network

    return read_network(run.folder / "model.keras")


def keep(out_dir: Path, entries: Iterable[dict[str, Any]]) -> Path:
    """Add forecasts to predictions.json: newest last, one for each recipe and target date (or input).

    Two processes may do so at once.

    Parameters
    ----------
    out_dir : pathlib.Path
        Folder of all results.
    entries : iterable of dict
        New forecasts; an older one for the same recipe and date gives way.

    Returns
    -------
    pathlib.Path
        predictions.json.
    """
    path = Path(out_dir) / "predictions.json"
    with kept(out_dir) as held:
        merged = {_identity(entry): entry for entry in held}
        for entry in entries:
            merged.pop(_identity(entry), None)
            merged[_identity(entry)] = entry
        atomic.write_json(path, {"predictions": list(merged.values())})
    return path


@contextmanager
def kept(out_dir: Path) -> Iterator[list[dict[str, Any]]]:
    """Give the forecasts in predictions.json, while no other process adds to them."""
    path = Path(out_dir) / "predictions.json"
    with atomic.locked(path.with_name(".predictions.lock")):
        yield folder.read_json(path)["predictions"] if path.exists() else []


def _identity(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["recipe_id"], entry.get("target_date") or entry["input"]
