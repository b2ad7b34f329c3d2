"""One run through the corridor: samples, network, training, calibration, forecasts, scores, and a folder."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

import mleq
from mleq import atomic
from mleq.experiment import folder, provenance
from mleq.experiment.calibration import PriorShift
from mleq.experiment.split import describe_split
from mleq.experiment.training import Fitted, fit, predict_probabilities
from mleq.recipe import Recipe, recipe_hash, resolved

log = logging.getLogger("mleq")

FORECAST_PARTS = ("validation", "test")
"""The parts whose forecasts a run keeps; the test part is read here, once, after everything else is fixed."""


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


def build_network(recipe: Recipe, family: ModuleType) -> Any:
    """Build the recipe's network; a wrong layer is a mistake of the recipe, found before any data are read.

    Parameters
    ----------
    recipe : Recipe
    family : module
        See `mleq.experiment.family.Family`.

    Returns
    -------
    keras.Model
        Not yet compiled, weights drawn from the recipe's seed.
    """
    from mleq.experiment.network import build

    return build(family.layers(recipe), recipe.sample_shape, seed=recipe.seed)


def train(
    recipe: Recipe,
    family: ModuleType,
    load: Callable[[], Any],
    *,
    out_dir: Path,
    command: Sequence[str] = (),
    changes: Sequence[str] = (),
) -> Run:
    """Train a recipe and keep the run.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    family : module
        The recipe's family.
    load : callable
        Gives the material (a catalogue, signals); called once the network is known to be sound.
    out_dir : pathlib.Path
        Folder of all results.
    command, changes : sequence of str, optional
        The command line, and its `--set`s, for run.json.

    Returns
    -------
    Run

    Raises
    ------
    mleq.errors.MleqError
        For a mistake in the recipe, data that cannot carry it, or a failure; nothing finished is lost.
    """
    clock = _Clock()
    model = build_network(recipe, family)
    material = load()
    samples = family.make_samples(recipe, material)
    catalog = family.describe(recipe, material, samples)
    clock.lap("samples")
    key = run_key(recipe, catalog["sha256"])
    with folder.unfinished(out_dir, recipe.id, key) as work:
        fitted, prior = _fit(model, recipe, family, samples, work, key)
        clock.lap("training")
        references = family.references(recipe, material, samples)
        forecasts = forecast_parts(recipe, samples, material, fitted.model, prior, references)
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
                "target": resolved(recipe)["target"],
                "catalog": catalog,
                "split": describe_split(samples.dates, samples.target, samples.parts),
                "model": describe_model(recipe, fitted),
                **evaluation,
            },
            "recipe.json": {"format": 1, "recipes": [resolved(recipe)]},
            "calibration.json": {
                "prior_shift": prior.to_dict(),
                "threshold": evaluation["confusion"]["threshold"],
                "references": {key: reference.parameters for key, reference in references.items()},
            },
            "run.json": {"command": list(command), "changes": list(changes), **_record(recipe, catalog, clock)},
        }
        result = _write(folder.empty(work / "result"), fitted, forecasts, contents)
        return Run(folder.publish(result, out_dir, recipe.id, name))


def _write(result: Path, fitted: Fitted, forecasts: pd.DataFrame, contents: dict[str, Any]) -> Path:
    """Write all files of a run into its folder."""
    with atomic.storing(result):
        fitted.model.save(result / "model.keras")
        fitted.history.to_csv(result / "history.csv", index=False)
        forecasts.to_parquet(result / "forecasts.parquet", index=False)
    for file, content in contents.items():
        atomic.write_json(result / file, content)
    return result


def _fit(
    model: Any, recipe: Recipe, family: ModuleType, samples: Any, work: Path, key: str
) -> tuple[Fitted, PriorShift]:
    """Resample the training part, train on it, and undo what resampling did to the prior."""
    training = family.training_set(recipe, samples)
    prior = PriorShift(training.prior_after, training.prior_before, training.exact)
    if not prior.exact:
        log.info("the shift of the prior is approximate after this resampling: watch the reliability")
    fitted = fit(
        model,
        samples,
        training,
        samples.parts["validation"],
        recipe.model,
        work_folder=work / "training",
        seed=recipe.seed,
        key=key,
        transform=prior,
    )
    return fitted, prior


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


def forecast_parts(
    recipe: Recipe,
    samples: Any,
    material: Any,
    model: Any,
    calibrated: Callable[[np.ndarray], np.ndarray],
    references: dict[str, Any],
) -> pd.DataFrame:
    """Forecast every sample of the validation and the test part, model and references side by side.

    Returns
    -------
    pandas.DataFrame
        part, target_date, observed, probability, and one column for each reference.
    """
    pieces = []
    for part in FORECAST_PARTS:
        indices = samples.parts[part]
        dates = samples.dates[indices]
        raw = predict_probabilities(model, samples, indices, recipe.model.batch_size)
        beside = {name: reference.probabilities(material, dates) for name, reference in references.items()}
        columns = {
            "part": part,
            "target_date": dates.astype("datetime64[s]"),
            "observed": samples.target[indices],
            "probability": calibrated(raw),
        }
        pieces.append(pd.DataFrame({**columns, **beside}))
    return pd.concat(pieces, ignore_index=True)


def describe_model(recipe: Recipe, fitted: Fitted) -> dict[str, Any]:
    """Return the `model` part of summary.json."""
    return {
        "name": recipe.model.name,
        "parameters": int(fitted.model.count_params()),
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "seconds": round(fitted.seconds, 1),
    }
