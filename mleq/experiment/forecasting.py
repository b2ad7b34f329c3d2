"""Forecasts from a finished run, and the file that keeps every forecast asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from mleq import atomic, progress
from mleq.errors import Failure
from mleq.experiment import folder, provenance
from mleq.experiment.calibration import PriorShift
from mleq.experiment.run import Run
from mleq.recipe import Recipe

AT_ONCE = 256
"""Target dates whose inputs are in memory together."""


def forecast(
    recipe: Recipe, family: ModuleType, material: Any, run: Run, dates: Sequence[np.datetime64]
) -> list[dict[str, Any]]:
    """Forecast some target dates with a run's network, calibration and references.

    Parameters
    ----------
    recipe : Recipe
        The run's own.
    family : module
        The recipe's family.
    material : object
        What the family loads: a catalogue.
    run : Run
    dates : sequence of datetime64[D]
        Target dates.

    Returns
    -------
    list of dict
        Entries for predictions.json, in the order of `dates`.
    """
    model = _model(run)
    calibrated = PriorShift.from_dict(run.calibration["prior_shift"])
    references = family.restore_references(recipe, run.calibration["references"])
    entries = []
    with progress.task("forecasting", total=len(dates), unit="days") as shown:
        for first in range(0, len(dates), AT_ONCE):
            some = np.asarray(dates[first : first + AT_ONCE], "datetime64[D]")
            raw = model.predict(family.inputs_for(recipe, material, some), batch_size=64, verbose=0)
            probability = calibrated(raw[:, 0])
            beside = {name: ref.probabilities(material, some) for name, ref in references.items()}
            for i, date in enumerate(some):
                references_here = {name: float(values[i]) for name, values in beside.items()}
                entries.append(
                    {
                        "recipe_id": recipe.id,
                        "family": recipe.family,
                        "target_date": str(date),
                        **family.statement(recipe, material, date, float(probability[i]), references_here),
                        "part": part_of(run, date),
                        "run": run.folder.name,
                        "verdict": run.summary["verdict"],
                        "made_at": provenance.now(),
                    }
                )
            shown.advance(len(some))
    return entries


def part_of(run: Run, date: np.datetime64) -> str | None:
    """Return the part of the run that a target date lies in: a forecast of "train" is one that was learnt by heart."""
    for part, row in run.summary["split"].items():
        if np.datetime64(row["start"]) <= date <= np.datetime64(row["end"]):
            return part
    return None


def _model(run: Run) -> Any:
    from mleq.experiment.backend import load_keras

    path = run.folder / "model.keras"
    try:
        return load_keras().saving.load_model(path, compile=False)
    except (OSError, ValueError) as error:
        raise Failure(
            f"the network {path} cannot be read: {str(error).splitlines()[0]}", remedy="train the recipe again"
        ) from error


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
    with atomic.locked(path.with_name(".predictions.lock")):
        held = folder.read_json(path)["predictions"] if path.exists() else []
        merged = {_identity(entry): entry for entry in held}
        for entry in entries:
            merged.pop(_identity(entry), None)
            merged[_identity(entry)] = entry
        atomic.write_json(path, {"predictions": list(merged.values())})
    return path


def _identity(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["recipe_id"], entry.get("target_date") or entry["input"]
