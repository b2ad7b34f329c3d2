"""What a recipe will do and what it will cost, said before anything is done."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd

from mleq.catalog import completeness
from mleq.catalog.events import coverage
from mleq.experiment import memory
from mleq.experiment.split import describe_split
from mleq.forecast import networks
from mleq.forecast.cost import BUSY, etas_cost, in_all, in_words
from mleq.forecast.memory import memory_mb
from mleq.forecast.outcomes import fit_date, outcomes
from mleq.forecast.recipe import CatalogRecipe
from mleq.forecast.resampling import memory_needed_gb
from mleq.scores.verdict import FEWEST_EVENT_DAYS

OPERATIONS_PER_CORE = 5e10
"""Floating-point operations a second that training reaches on a core; `benchmarks/training.py` prints it. It is a
constant, since what a moment's measurement gives depends on who else is at work on the machine."""

HALVING = {"RandomUnderSampler", "NearMiss", "ClusterCentroids", "CondensedNearestNeighbour", "balanced_batches"}
DOUBLING = {"SMOTE", "BorderlineSMOTE", "ADASYN"}

Plan = dict[str, Any]


def plan(recipe: CatalogRecipe, events: pd.DataFrame | None) -> Plan:
    """Plan a run: data, base rates, completeness, shapes, memory, time.

    Parameters
    ----------
    recipe : CatalogRecipe
    events : pandas.DataFrame or None
        None where there are no events yet; what depends on them is then left out.

    Returns
    -------
    dict
        JSON values; `plan_lines` says them in words.
    """
    shape = recipe.sample_shape
    values: Plan = {
        "family": recipe.family,
        "recipe_id": recipe.id,
        "forecast": recipe.one_line,
        "data_needed": _data_needed(recipe) if events is None else _data_given(recipe, events),
        "sample_shape": list(shape),
        "window_mb": _megabytes(shape),
        "parameters": networks.parameters(recipe.model, shape),
        **({"pool": _pool(recipe)} if recipe.pool else {}),
    }
    if events is not None:
        values |= _with_events(recipe, events, shape, values["parameters"])
    return values


def completeness_before(recipe: CatalogRecipe, events: pd.DataFrame, until: pd.Timestamp) -> completeness.Completeness:
    """Estimate completeness around the target from the events before an instant."""
    past = events[events["origin_time"] < until]
    return completeness.gate(past, recipe.target, recipe.catalog.completeness)


def _with_events(recipe: CatalogRecipe, events: pd.DataFrame, shape: tuple[int, ...], parameters: int | None) -> Plan:
    found = outcomes(recipe, events)
    complete = completeness_before(recipe, events, fit_date(recipe, found))
    parts = describe_split(found.dates, found.target, found.parts)
    start, end = coverage(events)
    blocks = recipe.calibration.folds if recipe.calibration.method == "platt" else 0
    seconds = _seconds(recipe, parts, shape)
    etas = None if recipe.pool else etas_cost(recipe, events, found)
    resampling_gb = _resampling_gb(recipe, parts["train"], shape)
    whole = None if etas is None else in_all(seconds, 1 + blocks, etas["seconds"])
    return {
        "events": len(events),
        "catalog_start": start.isoformat(),
        "catalog_end": end.isoformat(),
        "split": parts,
        "base_rate": parts["train"]["positives"] / parts["train"]["days"],
        "completeness": complete.summary(),
        "refused": completeness.refusal(complete, recipe.target),
        "target_below_completeness": recipe.target.magnitude < complete.magnitude,
        "memory_limit_gb": recipe.memory_limit_gb,
        "fit_date": fit_date(recipe, found).isoformat(),
        "heatmaps_mb": _megabytes((found.n_days, *shape[1:])),
        "resampling_gb": resampling_gb,
        "memory_mb": memory_mb(
            recipe, days=found.n_days, events=len(events), parameters=parameters, resampling_gb=resampling_gb
        ),
        **({"layers_mb": None} if recipe.model.name == "layers" else {}),
        "calibration_blocks": blocks,
        "seconds": seconds,
        **({"etas": etas} if etas else {}),
        **({"seconds_in_all": list(whole)} if whole else {}),
    }


def _data_needed(recipe: CatalogRecipe) -> str:
    catalog = recipe.catalog
    if catalog.source == "simulated":
        return f"simulated from seed {catalog.seed}: {catalog.days:,} days from {catalog.start}"
    if catalog.source == "recipe":
        return f"detected by the recipe {catalog.id}, M >= {catalog.min_magnitude:g} on its relative scale"
    until = f"before {catalog.end}" if catalog.end else "to the newest"
    return f"USGS events of M >= {catalog.min_magnitude:g} from {catalog.start} {until}"


def _data_given(recipe: CatalogRecipe, events: pd.DataFrame) -> str:
    """What the recipe needs; or the file that was given in the place of its simulation."""
    source = str(events.attrs.get("source", "a table"))
    if recipe.catalog.source != "simulated" or source.startswith("simulated"):
        return _data_needed(recipe)
    return f"{source}, in the place of what would be {_data_needed(recipe)}"


def _pool(recipe: CatalogRecipe) -> str:
    """Say what a pool learns from."""
    return (
        f"up to {recipe.pool.circles} circles of {recipe.target.radius_km:g} km, drawn where events were before "
        f"training ends; {recipe.model.name.replace('_', ' ')}, learnt anew {_every(recipe.pool.refit_years)} from the "
        "test part on"
    )


def _every(years: int) -> str:
    return "each year" if years == 1 else f"every {years} years"


def _megabytes(shape: tuple[int, ...]) -> float:
    return round(4 * float(np.prod(shape)) / 1e6, 2)


def _resampling_gb(recipe: CatalogRecipe, train: dict[str, Any], shape: tuple[int, ...]) -> float:
    """The most that any step of resampling needs, were it given the whole training part."""
    positive, negative = train["positives"], train["days"] - train["positives"]
    needed = [memory_needed_gb(step, positive, negative, shape) for step in recipe.resample]
    return round(max(needed, default=0.0), 3)


def _seconds(recipe: CatalogRecipe, parts: dict[str, dict[str, Any]], shape: tuple[int, ...]) -> float | None:
    """Estimate the time of all epochs, those of the calibration's blocks included, from their operations."""
    forward = networks.operations_per_sample(recipe.model, shape)
    if forward is None:
        return None
    validation, test = parts["validation"]["days"], parts["test"]["days"]
    # The backward pass takes about twice the operations of the forward pass.
    each_epoch = 3 * _samples_after(recipe, parts["train"]) + validation
    operations = forward * (recipe.model.epochs * each_epoch + validation + test + _of_blocks(recipe, parts))
    return max(1, round(operations / (OPERATIONS_PER_CORE * (os.cpu_count() or 1))))


def _of_blocks(recipe: CatalogRecipe, parts: dict[str, dict[str, Any]]) -> float:
    """Forward passes of one sample that the calibration's blocks come to: each is trained on the rest, at most."""
    if recipe.calibration.method == "prior_shift":
        return 0
    both = {key: parts["train"][key] + parts["validation"][key] for key in ("days", "positives")}
    rest = 1 - 1 / recipe.calibration.folds
    trained = 3 * recipe.model.epochs * _samples_after(recipe, both) * rest
    return recipe.calibration.folds * trained + both["days"]


def _samples_after(recipe: CatalogRecipe, train: dict[str, Any]) -> int:
    """How many samples an epoch has after resampling; methods that only clean count as if they kept all."""
    rarer, commoner = sorted((train["positives"], train["days"] - train["positives"]))
    names = {step.name for step in recipe.resample}
    if names & HALVING:
        return 2 * rarer
    return 2 * commoner if names & DOUBLING else train["days"]


def plan_lines(values: Plan) -> list[str]:
    """Say a plan in words, a line each."""
    rows = [("forecast", values["forecast"]), ("data", values["data_needed"])]
    if "missing_data" in values:
        rows.append(("", values["missing_data"]))
    if "events" in values:
        begin, end = values["catalog_start"][:10], values["catalog_end"][:10]
        rows.append(("", f"{values['events']:,} events, {begin} to {end}"))
        for part, row in values["split"].items():
            count = f"{row['days']:,} days, {row['positives']:,} with an event ({row['positives'] / row['days']:.1%})"
            rows.append((part, f"{row['start']} to {row['end']}: {count}"))
        if (has := values["split"]["test"]["positives"]) < FEWEST_EVENT_DAYS:
            few = f"{has} days with an event in the test part, fewer than {FEWEST_EVENT_DAYS}: there will be no verdict"
            rows.append(("caution", few))
        rows.append(("complete", completeness.sentence(values["completeness"])))
        if values["target_below_completeness"]:
            rows.append(("caution", "the target magnitude is below completeness: this partly forecasts the network"))
    shape = " x ".join(str(n) for n in values["sample_shape"])
    rows.append(("sample", f"{shape} (days, rows, columns, channels), {values['window_mb']:g} MB"))
    if "events" in values:
        rows.append(("memory", _memory(values)))
    count = values["parameters"]
    if "pool" in values:
        rows.append(("pool", values["pool"]))
        rows.append(
            ("time", "minutes: ETAS of every circle, year by year, and the models (docs/pool.md, What it costs)")
        )
        return [f"{label:<12}{text}" for label, text in rows]
    rows.append(("network", _network(count, values) if count else "layers: `check --build` tries and counts them"))
    if "events" in values:
        rows += _time(values)
    return [f"{label:<12}{text}" for label, text in rows]


def _network(parameters: int, values: Plan) -> str:
    """Say how much there is to learn, and from how little."""
    if "split" not in values or not (events := values["split"]["train"]["positives"]):
        return f"{parameters:,} parameters"
    much = f": {parameters / events:,.0f} for each, more than so few can settle" if parameters > events else ""
    return f"{parameters:,} parameters to learn from {events:,} days with an event{much}"


def _memory(values: Plan) -> str:
    """Say how much memory all takes at most, and what makes the difference between recipes."""
    most = memory.in_words(values)
    if "pool" in values:
        return f"{most}, most of it the inputs of all circles and days"
    needed, limit = values["resampling_gb"], values["memory_limit_gb"]
    over = f": over memory_limit_gb ({limit:g}), unless an earlier step leaves less" if needed > limit else ""
    return f"{most}; {values['heatmaps_mb']:g} MB of daily heatmaps, {needed:g} GB to resample{over}"


def _time(values: Plan) -> list[tuple[str, str]]:
    """Say how long all takes and what takes most of it."""
    etas, seconds, parts = values["etas"], values["seconds"], []
    if "seconds_in_all" in values:
        half = values["seconds_in_all"][0] / 2
        most = "ETAS fits" if etas["seconds"] > half else "the network's epochs" if seconds > half else ""
        whole = f"some {in_words(values['seconds_in_all'])} in all, the less on {os.cpu_count()} cores that are free"
        parts.append(f"{whole}; most of it {most}" if most else whole)
    if seconds is not None:
        folds = f" and {values['calibration_blocks']} networks for calibration" if values["calibration_blocks"] else ""
        parts.append(f"network: up to {_duration(seconds)} for all epochs{folds}, once they are built")
    else:
        parts.append("network: not known beforehand for a list of layers")
    few, many = etas["events"]
    on = f"{few:,} to {many:,} events each" if many else "too few events: generic parameters are taken"
    words = in_words((etas["seconds"], BUSY * etas["seconds"]))
    parts.append(f"ETAS: {etas['fits']} fits, one a year, on {on}: some {words}")
    return [("" if number else "time", text) for number, text in enumerate(parts)]


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )
