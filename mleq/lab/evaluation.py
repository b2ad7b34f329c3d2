"""What a run's forecasts of times to failure were worth on the test part, beside each reference on the same windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mleq.lab.crossvalidation import SCHEMES
from mleq.lab.recipe import SCORED
from mleq.scores.regression import FEWEST_GROUPS, group_bootstrap

NOT_METHODS = ("part", "window", "cycle", "observed")
MODEL = SCORED
OBJECTIVE, BIN = "objective_", "bin_"


def methods_of(forecasts: pd.DataFrame) -> list[str]:
    """Names of the columns that are methods to compare with the model."""
    return [name for name in forecasts if name not in (*NOT_METHODS, MODEL) and not name.startswith((OBJECTIVE, BIN))]


def evaluate(recipe, forecasts: pd.DataFrame) -> dict[str, Any]:
    """Score a run's forecasts; see `mleq.experiment.family.Family`.

    Intervals come from resampling whole cycles, all methods together, so that gains are paired. A gain is the
    reference's mean absolute error minus the model's, in seconds.

    Parameters
    ----------
    recipe : LabRecipe
    forecasts : pandas.DataFrame
        part, window, cycle, observed, time_to_failure_s, a column for each reference, and for other objectives.

    Returns
    -------
    dict
        `scores`, `references`, `gain`, `confusion` (null), `verdict` of summary.json, `objectives`, and
        `cross_validation` where it was asked for.
    """
    test = forecasts[forecasts["part"] == "test"]
    references = [name for name in methods_of(forecasts) if test[name].notna().all()]
    others = [name for name in forecasts if name.startswith(OBJECTIVE)]
    predictions = {name: test[name].to_numpy(float) for name in (MODEL, *others, *references)}
    resampled = group_bootstrap(
        test["observed"].to_numpy(float), predictions, test["cycle"].to_numpy(), seed=recipe.seed
    )
    gain = {name: resampled.gain(MODEL, name) for name in references}
    answer: dict[str, Any] = {
        "scores": resampled.score(MODEL),
        "references": {name: resampled.score(name) for name in references},
        "gain": gain,
        "confusion": None,
        "verdict": verdict(gain, windows=len(test), cycles=resampled.groups),
    }
    if others:
        chosen = recipe.model.objective
        scored = {chosen: resampled.score(MODEL)}
        answer["objectives"] = scored | {name.removeprefix(OBJECTIVE): resampled.score(name) for name in others}
    schemes = [scheme for scheme in SCHEMES if (forecasts["part"] == scheme).any()]
    if schemes:
        answer["cross_validation"] = {
            scheme: cross_validation(forecasts[forecasts["part"] == scheme], methods_of(forecasts), recipe.seed)
            for scheme in schemes
        }
    return answer


def cross_validation(forecasts: pd.DataFrame, methods: list[str], seed: int) -> dict[str, Any]:
    """Score references under one scheme: windows, cycles, and for each its scores and its gain over the median."""
    scored = [name for name in methods if forecasts[name].notna().all()]
    predictions = {name: forecasts[name].to_numpy(float) for name in scored}
    observed, cycle = forecasts["observed"].to_numpy(float), forecasts["cycle"].to_numpy()
    resampled = group_bootstrap(observed, predictions, cycle, seed=seed)
    return {
        "windows": len(forecasts),
        "cycles": resampled.groups,
        "methods": {
            name: resampled.score(name) | ({} if name == "median" else {"gain_over_median": _gain(resampled, name)})
            for name in scored
        },
    }


def _gain(resampled, name: str) -> dict[str, Any]:
    return resampled.gain(name, "median")["mae_seconds"]


def verdict(gain: Mapping[str, Mapping], *, windows: int, cycles: int) -> str:
    """What the gains come to, in one sentence.

    The strongest reference is the one over which the gain is lowest; skill is shown only where its interval lies
    above zero.

    >>> gain = {"median": {"mae_seconds": {"value": 0.31, "low": 0.1, "high": 0.5}}}
    >>> print(verdict(gain, windows=180, cycles=6))
    Better than median: +0.310 [+0.100, +0.500] s of mean absolute error on 180 windows of 6 cycles.
    """
    if not gain:
        return "No verdict: no reference was scored on the same windows."
    if cycles < FEWEST_GROUPS:
        return f"No verdict: {cycles} cycle{'s' * (cycles != 1)} in the test part, fewer than {FEWEST_GROUPS}."
    strongest = min(gain, key=lambda name: gain[name]["mae_seconds"]["value"])
    found = gain[strongest]["mae_seconds"]
    if found["low"] is None:
        return f"No verdict: the gain over {strongest.replace('_', ' ')} has no interval ({found['reason']})."
    opening = "Better than" if found["low"] > 0 else "Worse than" if found["high"] < 0 else "No skill shown beyond"
    value, low, high = (f"{found[key]:+.3f}" for key in ("value", "low", "high"))
    return (
        f"{opening} {strongest.replace('_', ' ')}: {value} [{low}, {high}] s of mean absolute error on "
        f"{windows:,} windows of {cycles} cycles."
    )
