"""A training as a unit of work: everything it needs in one object that can be pickled, and a function of it alone."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mleq
from mleq.experiment import folder
from mleq.experiment.run import Run, train
from mleq.recipe import Recipe, recipe_hash


@dataclass(frozen=True)
class Task:
    """One recipe to be trained.

    Attributes
    ----------
    recipe : Recipe
    family : str
        Name of the module that keeps `mleq.experiment.family.Family`.
    load : callable
        Gives the material; to be pickled it is a function of a module, or a `functools.partial` of one.
    catalog_sha256 : str
        Of the material, to know a run of it again.
    out_dir : pathlib.Path
        Where the run is kept.
    command : tuple of str
    """

    recipe: Recipe
    family: str
    load: Callable[[], Any]
    catalog_sha256: str
    out_dir: Path
    command: tuple[str, ...] = ()

    @property
    def said(self) -> dict[str, Any]:
        """What names the task where it fails: the recipe, its seed and its split."""
        split = getattr(self.recipe, "split", None)
        dates = {} if split is None else {"split": split.model_dump(mode="json")}
        return {"recipe_id": self.recipe.id, "seed": self.recipe.seed, **dates}


def do(task: Task) -> Path:
    """Train the recipe of a task, unless a complete run of it is there; return the run's folder."""
    done = finished_run(task.out_dir, task.recipe, task.catalog_sha256)
    if done is not None:
        return done
    family = importlib.import_module(task.family)
    return train(task.recipe, family, task.load, out_dir=task.out_dir, command=task.command).folder


def finished_run(out_dir: Path, recipe: Recipe, catalog_sha256: str) -> Path | None:
    """Return the newest complete run of just this recipe, seed included, on just this catalogue, by this version."""
    for place in reversed(folder.complete_runs(out_dir, recipe.id)):
        record = Run(place).record
        same = (record["recipe_sha256"], record["catalog_sha256"]) == (recipe_hash(recipe), catalog_sha256)
        if same and record["mleq"] == mleq.__version__:
            return place
    return None


def material_and_hash(recipe: Recipe, family: Any, load: Callable[[], Any]) -> tuple[Any, str]:
    """Load a recipe's material once, and the hash that runs on it keep; raises where the target is ill-posed."""
    material = load()
    return material, family.describe(recipe, material, family.make_samples(recipe, material))["sha256"]
