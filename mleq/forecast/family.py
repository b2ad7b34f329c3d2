"""The family `catalog` as the corridor sees it; see `mleq.experiment.family.Family`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq.catalog import completeness
from mleq.catalog.events import coverage, fingerprint
from mleq.catalog.load import load_events
from mleq.experiment.training_set import TrainingSet
from mleq.forecast import networks
from mleq.forecast.dates import target_dates
from mleq.forecast.days import issue_time
from mleq.forecast.evaluation import evaluate
from mleq.forecast.outcomes import fit_date
from mleq.forecast.plan import completeness_before, plan, plan_lines
from mleq.forecast.recipe import CatalogRecipe
from mleq.forecast.references import fit_references, restore_references
from mleq.forecast.resampling import check_arguments, resample
from mleq.forecast.samples import Samples, make_samples, window_for

__all__ = [
    "describe",
    "evaluate",
    "inputs_for",
    "layers",
    "load",
    "make_samples",
    "network_mistakes",
    "plan",
    "plan_lines",
    "quick_mistakes",
    "references",
    "restore_references",
    "statement",
    "target_dates",
    "training_set",
]


def load(recipe: CatalogRecipe, files: Sequence[Path] = (), data_dir: Path | None = None) -> pd.DataFrame:
    """Load the recipe's events; see `mleq.catalog.load.load_events`."""
    return load_events(recipe.catalog, files=files, data_dir=data_dir, recipe_id=recipe.id)


def layers(recipe: CatalogRecipe) -> list[dict[str, Any]]:
    """Return the recipe's network as a list of layers."""
    return networks.layers(recipe.model)


def quick_mistakes(recipe: CatalogRecipe) -> list[tuple[tuple, str]]:
    """List what can be seen to be wrong without Keras and without data."""
    return check_arguments(recipe.resample)


def network_mistakes(recipe: CatalogRecipe) -> list[tuple[tuple, str]]:
    """List what is wrong with the recipe's layers and resampling, each with its path; imports Keras."""
    from mleq.experiment.network import layer_mistakes

    found = check_arguments(recipe.resample, values=True)
    return [*found, *layer_mistakes(layers(recipe), recipe.sample_shape)]


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


def training_set(recipe: CatalogRecipe, samples: Samples) -> TrainingSet:
    """Resample the training part as the recipe says."""
    return resample(
        samples, samples.parts["train"], recipe.resample, seed=recipe.seed, memory_limit_gb=recipe.memory_limit_gb
    )


def identity(events: pd.DataFrame) -> str:
    """Return the SHA-256 of the catalogue's content."""
    return events.attrs.get("sha256") or fingerprint(events)


def references(recipe: CatalogRecipe, events: pd.DataFrame, samples: Samples) -> dict[str, Any]:
    """Fit the references on the training part."""
    return fit_references(recipe, events, samples)


def inputs_for(recipe: CatalogRecipe, events: pd.DataFrame, dates: np.ndarray) -> np.ndarray:
    """Return the windows before some target dates, shape (k, window_days, rows, columns, 3)."""
    return window_for(recipe, events, dates)


def statement(
    recipe: CatalogRecipe,
    events: pd.DataFrame,
    date: np.datetime64,
    probability: float,
    beside: dict[str, float],
) -> dict[str, Any]:
    """Say what a forecast is about and what it is worth beside the references, for predictions.json.

    `probability_gain` is the ratio of the probability to climatology's (Aki 1981, doi:10.1029/ME004p0566).
    """
    target = recipe.target
    begin = issue_time(date, target.timezone)
    end = issue_time(date + target.horizon_days, target.timezone)
    return {
        "target": target.model_dump(mode="json"),
        "probability": probability,
        "climatology": beside["climatology"],
        "probability_gain": probability / beside["climatology"],
        "references": beside,
        "issue_time": begin.isoformat(),
        "period": {
            "start_utc": begin.isoformat(),
            "end_utc": end.isoformat(),
            "start_local": begin.tz_convert(target.timezone).isoformat(),
            "end_local": end.tz_convert(target.timezone).isoformat(),
            "timezone": target.timezone,
        },
        "catalog_end": coverage(events)[1].isoformat(),
        "catalog": {"source": events.attrs.get("source", ""), "sha256": identity(events)},
    }
