"""The family `catalog` as the corridor sees it; see `mleq.experiment.family.Family`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from mleq.catalog import completeness
from mleq.catalog.events import coverage, identity
from mleq.catalog.load import data_folder, load_events
from mleq.errors import RequestError
from mleq.experiment import split
from mleq.experiment.family import Learner
from mleq.forecast import evaluation, forecasting, networks, statement
from mleq.forecast.issued import score_issued
from mleq.forecast.kept import keep_for_page
from mleq.forecast.outcomes import fit_date
from mleq.forecast.plan import completeness_before, plan, plan_lines
from mleq.forecast.recipe import CatalogRecipe
from mleq.forecast.references import fit_references
from mleq.forecast.resampling import check_arguments, resample
from mleq.forecast.samples import Samples, make_samples

__all__ = [
    "answer_lines",
    "describe",
    "describe_split",
    "evaluate",
    "find_leaks",
    "folds",
    "forecasts",
    "layers",
    "keep_for_page",
    "learner",
    "load",
    "make_samples",
    "network",
    "network_mistakes",
    "panels",
    "plan",
    "plan_lines",
    "predict",
    "predict_pool",
    "quick_mistakes",
    "references",
    "score_issued",
    "summary_lines",
]


def load(
    recipe: CatalogRecipe, files: Sequence[Path] = (), data_dir: Path | None = None, inputs: Sequence[Path] = ()
) -> pd.DataFrame:
    """Load the recipe's events; see `mleq.catalog.load.load_events`."""
    if inputs:
        raise RequestError(
            f"recipe '{recipe.id}' reads a catalogue, not signals (--input {inputs[0]})",
            remedy="give the events with --catalog FILE",
        )
    events = load_events(recipe.catalog, files=files, data_dir=data_dir, recipe_id=recipe.id)
    events.attrs["kept_in"] = str(data_folder(data_dir))
    return events


def layers(recipe: CatalogRecipe) -> list[dict[str, Any]]:
    """Return the recipe's network as a list of layers; none where the model is no network of heatmaps."""
    if recipe.pool is not None:
        return []
    return networks.layers(recipe.model)


def quick_mistakes(recipe: CatalogRecipe) -> list[tuple[tuple, str]]:
    """List what can be seen to be wrong without Keras and without data."""
    return check_arguments(recipe.resample)


def network_mistakes(recipe: CatalogRecipe) -> list[tuple[tuple, str]]:
    """List what is wrong with the recipe's layers and resampling, each with its path; imports Keras."""
    from mleq.experiment.network import layer_mistakes

    if recipe.pool is not None:
        return []
    found = check_arguments(recipe.resample, values=True)
    return [*found, *layer_mistakes(layers(recipe), recipe.sample_shape, blocks=networks.blocks(recipe.model))]


def describe(recipe: CatalogRecipe, events: pd.DataFrame, samples: Samples) -> dict[str, Any]:
    """Describe the catalogue for summary.json, and refuse a target below its completeness.

    Completeness is estimated from the events of the training part alone.

    Raises
    ------
    RequestError
        If the target magnitude is below completeness and the recipe does not allow it.
    """
    start, end = coverage(events)
    complete = completeness_before(recipe, events, fit_date(recipe, samples))
    completeness.require(complete, recipe.target)
    converted = events.attrs.get("magnitude_conversion")
    return {
        **({"magnitude_conversion": converted} if converted else {}),
        "source": events.attrs.get("source", "events given from Python"),
        "events": len(events),
        "sha256": identity(events),
        "start": start.isoformat(),
        "end": end.isoformat(),
        **complete.summary(),
        "target_below_completeness": recipe.target.magnitude < complete.magnitude,
    }


def network(recipe: CatalogRecipe) -> Any:
    """Build the recipe's network, its weights drawn from the recipe's seed; None where a pool learns another model."""
    if recipe.pool is not None:
        return None
    from mleq.experiment.network import build

    return build(layers(recipe), recipe.sample_shape, seed=recipe.seed, blocks=networks.blocks(recipe.model))


def learner(recipe: CatalogRecipe) -> Learner:
    """Build the network, to be trained on the training part as the recipe resamples it, and calibrated."""
    if recipe.pool is not None:
        from mleq.forecast.pool import running

        return running.learner(recipe)
    from mleq.experiment import classifier
    from mleq.forecast.calibrating import platt_scaled
    from mleq.forecast.leveling import Level

    model = network(recipe)

    def learn(samples: Samples, events: pd.DataFrame, *, work: Path, key: str) -> classifier.Classifier:
        train, limit = samples.parts["train"], recipe.memory_limit_gb
        training = resample(samples, train, recipe.resample, seed=recipe.seed, memory_limit_gb=limit)
        learned = classifier.learn(
            recipe.model.name, model, samples, training, recipe.model, work=work, seed=recipe.seed, key=key
        )
        if recipe.calibration.method == "platt":
            learned = platt_scaled(learned, recipe, samples, network, work=work, key=key)
        return replace(learned, level=Level.of(recipe, samples, learned.out_of_fold))

    return learn


def find_leaks(recipe: CatalogRecipe, events: pd.DataFrame) -> list[dict[str, Any]]:
    """Try the recipe on its own catalogue for leaks; see `mleq.forecast.leaks.find_leaks`."""
    if recipe.pool is not None:
        from mleq.forecast.pool import leaks as of_pools

        return of_pools.find_leaks(recipe, events)
    from mleq.forecast import leaks

    return leaks.find_leaks(recipe, events)


def panels(common: dict[str, Any], kit: Any) -> dict[str, Any]:
    """Return the panels of a page; a run with a pool has its own among them, see `mleq.forecast.pool.panels`."""
    from mleq.forecast.pool import panels as of_pools

    return of_pools.panels(common, kit)


def folds(recipe: CatalogRecipe, events: pd.DataFrame, n_folds: int) -> list[CatalogRecipe]:
    """Return the recipe with the dates of each fold of a walk forward; see `mleq.forecast.folds.folds`."""
    from mleq.forecast import folds as walk

    return walk.folds(recipe, events, n_folds)


def describe_split(recipe: CatalogRecipe, samples: Samples) -> dict[str, dict[str, Any]]:
    """Say of each part where it begins and ends, its days and its positives."""
    return split.describe_split(samples.dates, samples.target, samples.parts)


def references(recipe: CatalogRecipe, events: pd.DataFrame, samples: Samples) -> dict[str, Any]:
    """Fit the references on the training part."""
    return fit_references(recipe, events, samples)


def forecasts(
    recipe: CatalogRecipe, events: pd.DataFrame, samples: Samples, learned: Any, references: dict[str, Any]
) -> pd.DataFrame:
    """Forecast validation and test part, model and references side by side."""
    if recipe.pool is not None:
        from mleq.forecast.pool import running

        return running.forecasts(recipe, events, samples, learned, references)
    return forecasting.forecast_parts(recipe, events, samples, learned, references)


def evaluate(recipe: CatalogRecipe, forecasts: pd.DataFrame) -> dict[str, Any]:
    """Score the forecasts of the test part, `pool` those of all circles; see `mleq.forecast.evaluation.evaluate`."""
    pool = forecasts.attrs.get("pool")
    return evaluation.evaluate(recipe, forecasts) | ({"pool": pool} if pool else {})


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """Say the main numbers of a summary in a few lines."""
    lines = statement.summary_lines(summary)
    if "pool" in summary:
        from mleq.forecast.pool import running

        lines += running.summary_lines(summary["pool"])
    return lines


def predict(
    recipe: CatalogRecipe,
    run: Any,
    load: Callable[[], pd.DataFrame],
    *,
    dates: Sequence[Any] = (),
    inputs: Sequence[Path] = (),
) -> list[dict[str, Any]]:
    """Forecast dates; see `mleq.forecast.forecasting.predict`."""
    if recipe.pool is not None and not inputs:
        from mleq.forecast.pool import running

        return running.predict(recipe, run, load, dates)
    return forecasting.predict(recipe, run, load, dates=dates, inputs=inputs)


def predict_pool(recipe: CatalogRecipe, run: Any, load: Callable[[], pd.DataFrame], **asked: Any) -> dict[str, Any]:
    """Forecast all circles of a pool; see `mleq.forecast.pool.running.predict_pool`."""
    from mleq.forecast.pool import running

    return running.predict_pool(recipe, run, load, **asked)


def answer_lines(entries: list[dict[str, Any]]) -> list[str]:
    """Show forecasts as a table, what each recipe's are worth, and what moved those of a pool away from ETAS."""
    lines = statement.answer_lines(entries)
    if any("moved_by" in one for one in entries):
        from mleq.forecast.pool import running

        lines += running.answer_lines(entries)
    return lines
