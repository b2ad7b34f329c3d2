"""The family `continuous` as the corridor sees it; see `mleq.experiment.family.Family`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mleq.continuous.evaluation import evaluate
from mleq.continuous.learning import Found, learner
from mleq.continuous.material import fetch, fetch_lines, load
from mleq.continuous.panels import keep_for_page, panels
from mleq.continuous.plan import plan, plan_lines
from mleq.continuous.predicting import predict
from mleq.continuous.recipe import ContinuousRecipe
from mleq.continuous.records import ContinuousRecord
from mleq.continuous.samples import ContinuousSamples, make_samples
from mleq.continuous.statement import answer_lines, summary_lines

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
    "summary_lines",
]


def quick_mistakes(recipe: ContinuousRecipe) -> list[tuple[tuple, str]]:
    """List what can be seen to be wrong without data."""
    found = []
    detect = recipe.detect
    if detect.sta_s >= detect.lta_s:
        found.append((("detect", "sta_s"), f"{detect.sta_s:g} must be shorter than lta_s ({detect.lta_s:g})"))
    if detect.band_hz and not 0 < detect.band_hz[0] < detect.band_hz[1]:
        found.append((("detect", "band_hz"), f"found {list(detect.band_hz)}; expected [low, high] with 0 < low < high"))
    rate = getattr(recipe.record, "sampling_rate", None)
    if rate and detect.band_hz and detect.band_hz[1] >= rate / 2:
        found.append(
            (("detect", "band_hz"), f"{detect.band_hz[1]:g} Hz is not below half the sampling rate ({rate / 2:g} Hz)")
        )
    return found


def network_mistakes(recipe: ContinuousRecipe) -> list[tuple[tuple, str]]:
    """List what is wrong with the model: there is no network, so what `quick_mistakes` sees."""
    return quick_mistakes(recipe)


def network(recipe: ContinuousRecipe) -> None:
    """Return None: a mixture is no network."""


def describe(recipe: ContinuousRecipe, record: ContinuousRecord, samples: ContinuousSamples) -> dict[str, Any]:
    """Describe the record for summary.json."""
    begin, end = record.span
    return {
        "source": record.source,
        "sha256": record.sha256,
        "start": begin.isoformat(),
        "end": end.isoformat(),
        "days": record.days,
        "stations": [station.name for station in record.stations],
        "channels": record.channels,
        "sampling_rate_hz": record.rate,
        "gaps": sum(len(station.segments) - 1 for station in record.stations),
        "windows": len(samples.index),
        "events": 0 if record.truth is None else len(record.truth),
    }


def describe_split(recipe: ContinuousRecipe, samples: ContinuousSamples) -> dict[str, dict[str, Any]]:
    """Say of each part where it begins and ends, and how many windows it has, with an event where that is known."""
    found = {}
    for part, places in samples.parts.items():
        times = samples.begins(places)
        positives = None if samples.record.truth is None else int((samples.observed(places) != "noise").sum())
        found[part] = {
            "start": str(times.min())[:10] if len(times) else None,
            "end": str(times.max())[:10] if len(times) else None,
            "windows": len(places),
            "with_event": positives,
        }
    return found


def references(recipe: ContinuousRecipe, record: ContinuousRecord, samples: ContinuousSamples) -> dict[str, Any]:
    """Return the mixtures on band power and on raw samples; the learner fits them, on the windows that it reads."""
    return samples.fitted


def forecasts(
    recipe: ContinuousRecipe,
    record: ContinuousRecord,
    samples: ContinuousSamples,
    learned: Found,
    references: dict[str, Any],
) -> pd.DataFrame:
    """Say of windows of the validation and test parts what they were found to hold.

    Returns
    -------
    pandas.DataFrame
        part, target_date (when the window begins), station, observed (the simulated truth), cluster, membership, edge,
        band_power, raw_pca.
    """
    table = learned.windows
    places = table["place"].to_numpy()
    held_out = np.isin(places, samples.parts["validation"])
    in_test = np.isin(places, samples.parts["test"])
    table = table.assign(
        target_date=samples.begins(places),
        station=np.array([one.name for one in record.stations])[samples.stations(places)],
        observed=samples.observed(places),
    )
    names = ["target_date", "station", "observed", "cluster", "membership", "edge", "band_power", "raw_pca"]
    table = table.rename(columns={"probability": "membership"})[names]
    parts = [table[mask].assign(part=part) for part, mask in (("validation", held_out), ("test", in_test))]
    return pd.concat(parts, ignore_index=True)[["part", *names]]
