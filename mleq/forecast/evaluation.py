"""What a run's forecasts were worth on the test part, beside each reference on the same days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mleq import scores
from mleq.forecast.recipe import CatalogRecipe

NOT_METHODS = ("part", "target_date", "observed", "uncalibrated", "calibrated")


def evaluate(recipe: CatalogRecipe, forecasts: pd.DataFrame) -> dict[str, Any]:
    """Score a run's forecasts of the test part.

    The threshold of the confusion table is chosen on the validation part, by the Peirce score. Intervals come from
    one stationary block bootstrap for all methods, so that gains are paired.

    Parameters
    ----------
    recipe : CatalogRecipe
    forecasts : pandas.DataFrame
        part, target_date, observed, probability, one column for each reference, and `uncalibrated` and `calibrated`
        (before the level) where there are such things. Without a validation part there is no threshold, and
        `confusion` is None.

    Returns
    -------
    dict
        `scores`, `references`, `gain`, `decomposition`, `calibration`, `confusion` and `verdict` of summary.json.
    """
    validation = forecasts[forecasts["part"] == "validation"]
    test = forecasts[forecasts["part"] == "test"]
    observed = test["observed"].to_numpy()
    methods = {name: test[name].to_numpy() for name in forecasts.columns if name not in NOT_METHODS}
    references = [name for name in methods if name != "probability"]
    resampled = bootstrap(recipe, observed, methods)
    gain = {name: resampled.gain("probability", name) for name in references}
    return {
        "scores": resampled.score("probability"),
        "references": {name: resampled.score(name) for name in references},
        "gain": gain,
        "decomposition": scores.decompose_gain(resampled),
        "calibration": _before_and_after(test),
        "confusion": _confusion(validation, test),
        "verdict": scores.verdict(gain, days=len(observed), event_days=int(observed.sum())),
    }


def bootstrap(recipe: CatalogRecipe, observed: np.ndarray, methods: Mapping[str, np.ndarray]) -> scores.BlockBootstrap:
    """Score methods on a recipe's days, on one set of resamples, in blocks as long as `mleq.scores` advises."""
    window = recipe.grid.window_days + recipe.target.horizon_days
    block = scores.mean_block_days(len(observed), window)
    return scores.block_bootstrap(observed, methods, mean_block_days=block, seed=recipe.seed)


def _confusion(validation: pd.DataFrame, test: pd.DataFrame) -> dict[str, Any] | None:
    """The table of the test part at the threshold that was best on the validation part."""
    if validation.empty:
        return None
    threshold = scores.best_threshold(validation["observed"].to_numpy(), validation["probability"].to_numpy())
    return scores.confusion(test["observed"].to_numpy(), test["probability"].to_numpy(), threshold)


def _before_and_after(test: pd.DataFrame) -> dict[str, dict[str, float]] | None:
    """How calibrated the network's own probabilities are on the test part, and what calibration made of them."""
    if "uncalibrated" not in test:
        return None
    steps = {"before": "uncalibrated", "after": "probability"}
    if "calibrated" in test:
        steps |= {"after": "calibrated", "at_level": "probability"}
    return {
        name: calibration_of(test["observed"].to_numpy(), test[column].to_numpy()) for name, column in steps.items()
    }


def calibration_of(observed: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Expected calibration error, log score, mean forecast and observed frequency of some days."""
    return {
        "expected_calibration_error": scores.expected_calibration_error(observed, probability),
        "log_score": scores.log_score(observed, probability),
        "mean_forecast": float(np.mean(probability)),
        "observed_frequency": float(np.mean(observed)),
    }
