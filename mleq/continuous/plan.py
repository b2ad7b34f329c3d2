"""What a recipe of this family will do and cost, said before anything is done."""

from __future__ import annotations

from typing import Any

from mleq.continuous.recipe import ContinuousRecipe
from mleq.continuous.records import ContinuousRecord
from mleq.continuous.samples import make_samples
from mleq.continuous.windows import scattering_of
from mleq.experiment.memory import PROGRAM_MB, in_words

SAMPLES_A_SECOND = 1.5e6
"""Samples that are read, transformed and matched in a second on a usual core."""

ADVICE = (
    "train on windows drawn evenly over all files, 10,000 to 100,000 of them, never on one file; the curve on the "
    "page says whether more would change anything"
)


def plan(recipe: ContinuousRecipe, record: ContinuousRecord | None) -> dict[str, Any]:
    """Plan a run; without a record, what can be said of any."""
    values: dict[str, Any] = {
        "family": recipe.family,
        "recipe_id": recipe.id,
        "forecast": recipe.one_line,
        "data_needed": _needed(recipe),
        "advice": ADVICE,
        "wanted_sample": recipe.model.sample,
        "chunk_hours": recipe.chunk_hours,
    }
    if record is None:
        return values
    samples = make_samples(recipe, record)
    scattering = scattering_of(recipe, record.rate)
    coefficients = (len(scattering.first) + len(scattering.paths)) * record.channels
    begin, end = record.span
    values |= {
        "stations": [station.name for station in record.stations],
        "channels": record.channels,
        "sampling_rate_hz": record.rate,
        "start": begin.isoformat(),
        "end": end.isoformat(),
        "days": record.days,
        "gaps": sum(len(station.segments) - 1 for station in record.stations),
        "windows": len(samples.index),
        "sample": len(samples.parts["train"]) + len(samples.parts["validation"]),
        "sample_shape": list(samples.sample_shape),
        "features": coefficients,
        "store_mb": round(len(samples.index) * (8 * coefficients + 1400 * record.channels) / 1e6, 1),
        "memory_mb": round(recipe.chunk_hours * 3600 * record.rate * record.channels * 60 / 1e6 + PROGRAM_MB),
        "seconds": round(record.days * 86_400 * record.rate * record.channels / SAMPLES_A_SECOND + 60),
    }
    return values


def _needed(recipe: ContinuousRecipe) -> str:
    record = recipe.record
    if record.source == "simulated":
        return (
            f"simulated from seed {record.seed}: {record.days:g} days of {record.channels} channel"
            f"{'s' * (record.channels != 1)} at {record.sampling_rate:g} Hz, or --input FILE"
        )
    return f"MiniSEED, HDF5 or zarr: {', '.join(record.paths) or '--input FILE'}"


def plan_lines(values: dict[str, Any]) -> list[str]:
    """Say a plan in words."""
    rows = [("find", values["forecast"]), ("data", values["data_needed"])]
    if "missing_data" in values:
        rows.append(("", values["missing_data"]))
    if "windows" in values:
        count = len(values["stations"])
        rows += [
            (
                "record",
                f"{count} station{'s' * (count != 1)}, {values['channels']} channel{'s' * (values['channels'] != 1)} "
                f"each at {values['sampling_rate_hz']:g} Hz, {values['start'][:19]} to {values['end'][:19]}: "
                f"{values['days']:.2f} days without gaps ({values['gaps']} gaps)",
            ),
            ("windows", f"{values['windows']:,}, of which {values['sample']:,} are drawn for the mixture"),
            ("features", f"{values['features']} a window; {values['store_mb']:,} MB of them while the run is made"),
            ("memory", f"{in_words(values)}, whatever the record's length"),
            ("time", f"about {values['seconds']:,} s on a usual core"),
        ]
    rows.append(("advice", values["advice"]))
    return [f"{label:<12}{text}" for label, text in rows]
