"""What the clusters are worth, where the truth is known, and a sentence by rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from mleq.continuous.recipe import ContinuousRecipe
from mleq.scores.clustering import adjusted_mutual_information, adjusted_rand_index, best_cluster_f1, paired_intervals

METHODS = ("cluster", "band_power", "raw_pca")
FAMILY = ("repeater", "earthquake")
"""Kinds that repeat: the first of these that the truth holds is the family to be isolated."""

BLOCK_HOURS = 6
FEWEST = 20
"""Windows with an event below which nothing is concluded."""

Score = dict[str, Any]


def evaluate(recipe: ContinuousRecipe, forecasts: pd.DataFrame) -> dict[str, Any]:
    """Score the clusters of the test part beside the references.

    Where the truth is known: the adjusted Rand index and mutual information over the windows with an event, and the F1
    of the cluster that isolates the repeating family best, over all windows. Where it is not: nothing can be scored,
    and the verdict says so.

    Returns
    -------
    dict
        scores, references, gain, confusion (None), verdict.
    """
    test = forecasts[forecasts["part"] == "test"]
    with_event = test[test["observed"] != "noise"]
    if len(with_event) < FEWEST:
        return _without_truth(test, len(with_event))
    found = {
        "adjusted_rand": _scored(adjusted_rand_index, with_event["observed"], with_event, with_event["target_date"]),
        "adjusted_mutual_information": _scored(
            adjusted_mutual_information, with_event["observed"], with_event, with_event["target_date"]
        ),
    }
    family = next((kind for kind in FAMILY if (test["observed"] == kind).any()), None)
    if family:
        found["family_f1"] = _scored(
            lambda truth, labels: best_cluster_f1(truth, labels)[0],
            test["observed"] == family,
            test,
            test["target_date"],
        )
    by_method = {name: {key: score["scores"][name] for key, score in found.items()} for name in METHODS}
    gain = {name: {key: score["gains"][name] for key, score in found.items()} for name in METHODS if name != "cluster"}
    return {
        "scores": by_method.pop("cluster"),
        "references": by_method,
        "gain": gain,
        "confusion": None,
        "verdict": _verdict(gain, len(with_event)),
    }


def _scored(score: Callable, truth: pd.Series, table: pd.DataFrame, times: pd.Series) -> dict[str, dict[str, Score]]:
    """Return `scores` of all methods and `gains` of the model over the others, with intervals over blocks of hours."""
    methods = {name: table[name].to_numpy() for name in METHODS}
    blocks = times.to_numpy("datetime64[h]").astype(int) // BLOCK_HOURS
    values = {name: score(truth.to_numpy(), labels) for name, labels in methods.items()}
    if len(np.unique(blocks)) < 5:
        reason = f"fewer than 5 blocks of {BLOCK_HOURS} hours"
        drawn = None
    else:
        reason, drawn = None, paired_intervals(score, truth.to_numpy(), methods, blocks)
    interval = {name: _score(values[name], None if drawn is None else drawn[name], reason) for name in methods}
    gains = {
        name: _score(
            values["cluster"] - values[name], None if drawn is None else drawn["cluster"] - drawn[name], reason
        )
        for name in methods
        if name != "cluster"
    }
    return {"scores": interval, "gains": gains}


def _score(value: float, drawn: np.ndarray | None, reason: str | None) -> Score:
    if drawn is None or not np.isfinite(drawn).any():
        return {"value": float(value), "low": None, "high": None, "reason": reason or "undefined in resamples"}
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return {"value": float(value), "low": float(low), "high": float(high)}


def _without_truth(test: pd.DataFrame, events: int) -> dict[str, Any]:
    reason = (
        "no labels: nobody has said what this record holds" if not events else f"only {events} windows with an event"
    )
    nothing = {"value": None, "low": None, "high": None, "reason": reason}
    scores = {"adjusted_rand": nothing, "adjusted_mutual_information": nothing}
    agreement = {
        name: {"agreement": {"value": adjusted_mutual_information(test["cluster"], test[name]), "low": None,
                             "high": None, "reason": "adjusted mutual information with the clusters, no score"}}
        for name in METHODS if name != "cluster"
    }  # fmt: skip
    return {
        "scores": scores,
        "references": {name: {**scores, **agreement[name]} for name in agreement},
        "gain": {name: {"adjusted_rand": nothing} for name in agreement},
        "confusion": None,
        "verdict": f"No verdict: {reason}; {test['cluster'].nunique()} kinds of window were told apart.",
    }


def _verdict(gain: dict[str, dict[str, Score]], windows: int) -> str:
    """Say by rule what the gain in the adjusted Rand index over the strongest reference comes to."""
    strongest = min(gain, key=lambda name: gain[name]["adjusted_rand"]["value"])
    one = gain[strongest]["adjusted_rand"]
    title = strongest.replace("_", " ")
    if one["low"] is None:
        return f"No verdict: the gain over {title} has no interval ({one['reason']})."
    opening = "Better than" if one["low"] > 0 else "Worse than" if one["high"] < 0 else "No skill shown beyond"
    return (
        f"{opening} {title}: {one['value']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}] in the adjusted Rand index "
        f"over {windows:,} windows with an event."
    )
