"""What a run's forecasts were worth on the test part, beside each reference on the same days."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mleq import scores
from mleq.forecast.recipe import CatalogRecipe

SHORTEST_MEAN_BLOCK = 60
"""Days; an aftershock sequence of a moderate event mostly fits into it."""

NOT_METHODS = ("part", "target_date", "observed")


def evaluate(recipe: CatalogRecipe, forecasts: pd.DataFrame) -> dict[str, Any]:
    """Score a run's forecasts of the test part.

    The threshold of the confusion table is chosen on the validation part, by the Peirce score. Intervals come from
    one stationary block bootstrap for all methods, so that gains are paired.

    Parameters
    ----------
    recipe : CatalogRecipe
    forecasts : pandas.DataFrame
        part, target_date, observed, probability, one column for each reference.

    Returns
    -------
    dict
        `scores`, `references`, `gain`, `confusion` and `verdict` of summary.json.
    """
    validation = forecasts[forecasts["part"] == "validation"]
    test = forecasts[forecasts["part"] == "test"]
    observed = test["observed"].to_numpy()
    methods = {name: test[name].to_numpy() for name in forecasts.columns if name not in NOT_METHODS}
    references = [name for name in methods if name != "probability"]
    window = recipe.grid.window_days + recipe.target.horizon_days
    resampled = scores.block_bootstrap(
        observed, methods, mean_block_days=max(SHORTEST_MEAN_BLOCK, window), seed=recipe.seed
    )
    gain = {name: resampled.gain("probability", name) for name in references}
    threshold = scores.best_threshold(validation["observed"].to_numpy(), validation["probability"].to_numpy())
    return {
        "scores": resampled.score("probability"),
        "references": {name: resampled.score(name) for name in references},
        "gain": gain,
        "confusion": scores.confusion(observed, methods["probability"], threshold),
        "verdict": scores.verdict(gain, days=len(observed), event_days=int(observed.sum())),
    }
