"""One run through the corridor: samples, learning, references, forecasts, scores, and a folder."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

import mleq
from mleq import atomic
from mleq.errors import Failure
from mleq.experiment import folder, provenance
from mleq.experiment.tried import tried
from mleq.recipe import Recipe, recipe_hash, resolved


@dataclass(frozen=True)
class Run:
    """A complete run, as it lies in its folder.

    Attributes
    ----------
    folder : pathlib.Path
        out/<id>/runs/<utc>-<hash>.
    """

    folder: Path

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What stands in summary.json."""
        return folder.read_json(self.folder / "summary.json")

    @cached_property
    def forecasts(self) -> pd.DataFrame:
        """Forecasts of validation and test part: part, target_date, observed, probability, the references."""
        return pd.read_parquet(self.folder / "forecasts.parquet")

    @cached_property
    def calibration(self) -> dict[str, Any]:
        """What stands in calibration.json."""
        return folder.read_json(self.folder / "calibration.json")

    @cached_property
    def record(self) -> dict[str, Any]:
        """What stands in run.json."""
        return folder.read_json(self.folder / "run.json")

    @property
    def recipe_file(self) -> Path:
        """The resolved recipe that was run, itself a recipe file."""
        return self.folder / "recipe.json"


def train(
    recipe: Recipe,
    family: ModuleType,
    load: Callable[[], Any],
    *,
    out_dir: Path,
    command: Sequence[str] = (),
    changes: Sequence[str] = (),
    finish: Callable[[Path], None] | None = None,
) -> Run:
    """Train a recipe and keep the run.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    family : module
        The recipe's family.
    load : callable
        Gives the material (a catalogue, signals); called once the recipe's network is known to be sound.
    out_dir : pathlib.Path
        Folder of all results.
    command, changes : sequence of str, optional
        The command line, and what `--set` changed, for run.json.
    finish : callable, optional
        Writes what else belongs into the run's folder, which it is given before the run is published.

    Returns
    -------
    Run

    Raises
    ------
    mleq.errors.MleqError
        For a mistake in the recipe, data that cannot carry it, or a failure; nothing finished is lost.
    """
    clock = _Clock()
    learner = family.learner(recipe)
    material = load()
    samples = family.make_samples(recipe, material)
    catalog = family.describe(recipe, material, samples)
    clock.lap("samples")
    key = run_key(recipe, catalog["sha256"])
    with folder.unfinished(out_dir, recipe.id, key) as work:
        # Before the training, which takes long: a family that names none should be told at once.
        references = _references(family, recipe, material, samples)
        clock.lap("references")
        learned = learner(samples, material, work=work / "training", key=key)
        clock.lap("training")
        forecasts = family.forecasts(recipe, material, samples, learned, references)
        clock.lap("forecasts")
        evaluation = family.evaluate(recipe, forecasts)
        clock.lap("evaluation")
        name = folder.new_name(out_dir, recipe.id, recipe_hash(recipe))
        contents = {
            "summary.json": {
                "recipe_id": recipe.id,
                "family": recipe.family,
                "run": name,
                "title": recipe.title,
                "note": recipe.note,
                "target": resolved(recipe).get("target"),
                "catalog": catalog,
                "split": family.describe_split(recipe, samples),
                "model": learned.summary,
                "tried": tried(out_dir, recipe),
                **evaluation,
            },
            "recipe.json": {"format": 1, "recipes": [resolved(recipe)]},
            "calibration.json": {
                **learned.calibration,
                "threshold": evaluation["confusion"]["threshold"] if evaluation["confusion"] else None,
                "references": {key: reference.parameters for key, reference in references.items()},
            },
            "run.json": {"command": list(command), "changes": list(changes), **_record(recipe, catalog, clock)},
        }
        result = _write(folder.empty(work / "result"), learned, forecasts, contents)
        if hasattr(family, "keep_for_page"):
            family.keep_for_page(recipe, material, samples, folder.empty(result / "plots"))
        if finish:
            finish(result)
        return Run(folder.publish(result, out_dir, recipe.id, name))


def _references(family: ModuleType, recipe: Recipe, material: Any, samples: Any) -> dict[str, Any]:
    """Return the family's references by name; that there are none is an error."""
    references = family.references(recipe, material, samples)
    if not references:
        raise Failure(
            f"the family '{recipe.family}' names no reference",
            expected="at least one forecast to be beaten, on the same samples",
            remedy="add it to the family's `references`: a score without one says nothing",
        )
    return references


def _write(result: Path, learned: Any, forecasts: pd.DataFrame, contents: dict[str, Any]) -> Path:
    """Write all files of a run into its folder."""
    with atomic.storing(result):
        learned.save(result)
        if learned.history is not None:
            learned.history.to_csv(result / "history.csv", index=False)
        forecasts.to_parquet(result / "forecasts.parquet", index=False)
    for file, content in contents.items():
        atomic.write_json(result / file, content)
    return result


def _record(recipe: Recipe, catalog: dict[str, Any], clock: _Clock) -> dict[str, Any]:
    """Return what stands in run.json: all that is needed to do the run again."""
    from mleq.experiment.backend import device_names

    return {
        "recipe_sha256": recipe_hash(recipe),
        "catalog_sha256": catalog["sha256"],
        "seed": recipe.seed,
        "devices": device_names(),
        "started": clock.started,
        "finished": provenance.now(),
        "seconds": clock.laps,
        "peak_memory_mb": provenance.peak_memory_mb(),
        **provenance.provenance(),
    }


class _Clock:
    """Seconds of each stage."""

    def __init__(self):
        self.started, self.laps = provenance.now(), {}
        self._last = time.monotonic()

    def lap(self, stage: str) -> None:
        now = time.monotonic()
        self.laps[stage] = round(now - self._last, 2)
        self._last = now


def run_key(recipe: Recipe, catalog_sha256: str) -> str:
    """Return the hash of all that decides what a run computes: recipe, catalogue, version."""
    words = [recipe_hash(recipe), catalog_sha256, mleq.__version__]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
