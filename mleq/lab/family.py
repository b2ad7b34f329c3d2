"""The family `lab` as the corridor sees it; see `mleq.experiment.family.Family`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mleq import atomic
from mleq.errors import RequestError
from mleq.lab import forecasting, networks
from mleq.lab.drift import drift
from mleq.lab.evaluation import evaluate
from mleq.lab.fetching import fetch, fetch_lines
from mleq.lab.forecasting import predict
from mleq.lab.learning import LabLearned, learner
from mleq.lab.material import describe, load
from mleq.lab.networks import network_mistakes, quick_mistakes
from mleq.lab.pages import panels
from mleq.lab.plan import plan, plan_lines
from mleq.lab.recipe import LabRecipe
from mleq.lab.statement import answer_lines, summary_lines, write_submission
from mleq.lab.windows import LabSamples, describe_split, make_samples

__all__ = [
    "answer_lines",
    "describe",
    "describe_split",
    "evaluate",
    "fetch",
    "fetch_lines",
    "forecasts",
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
    "quick_mistakes",
    "references",
    "submission",
    "summary_lines",
]


def network(recipe: LabRecipe) -> Any:
    """Build the recipe's network for its own objective; None for a recipe of features."""
    return None if recipe.learns_features else networks.network(recipe, recipe.model.objective)


def references(recipe: LabRecipe, material: Any, samples: LabSamples) -> dict[str, Any]:
    """Fit the references on the training part."""
    return forecasting.fit_references(recipe, samples)


def forecasts(
    recipe: LabRecipe, material: Any, samples: LabSamples, learned: LabLearned, fitted: dict[str, Any]
) -> pd.DataFrame:
    """Forecast validation and test part, model and references side by side."""
    return forecasting.forecasts(recipe, samples, learned, fitted)


def keep_for_page(recipe: LabRecipe, material: Any, samples: LabSamples, folder: Path) -> None:
    """Keep the picture of the network and the drift of the features."""
    atomic.write_json(folder / "drift.json", drift(samples))
    atomic.write_json(folder / "network.json", networks.boxes(recipe))


def submission(entries: Sequence[dict[str, Any]], path: Path) -> None:
    """Write the competition's file of some answers.

    Raises
    ------
    RequestError
        If there are none.
    """
    if not entries:
        raise RequestError("there is no answer to submit")
    write_submission(list(entries), path)
