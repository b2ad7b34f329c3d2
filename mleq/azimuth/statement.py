"""What the commands print about a recipe of this family, its run and its answers."""

from __future__ import annotations

import math
import os
from typing import Any

from mleq.azimuth.features import Features
from mleq.azimuth.recipe import AzimuthRecipe, AzimuthResidual
from mleq.azimuth.samples import describe_split, make_samples
from mleq.azimuth.windows import Traces
from mleq.experiment.memory import PROGRAM_MB, in_words
from mleq.experiment.table import columns, with_interval

TRACES_A_SECOND = {"azimuth_vae": 1000, "azimuth_cnn": 1200, "azimuth_residual": 6000}
"""Training, per core and second; `benchmarks/azimuth_speed.py` prints the seconds."""
MOST_ROWS = 25


def plan(recipe: AzimuthRecipe, traces: Traces | None) -> dict[str, Any]:
    """Plan a run: data, parts, shapes, memory, time; without signals, what the recipe alone says."""
    simulated = recipe.signals.source == "simulated"
    expected = recipe.signals.events * recipe.signals.stations_per_event if simulated else None
    values: dict[str, Any] = {
        "family": recipe.family,
        "recipe_id": recipe.id,
        "forecast": recipe.one_line,
        "data_needed": f"simulated from seed {recipe.signals.seed}: {expected:,} traces"
        if simulated
        else "signals from files (--input), or those that `mleq fetch --input` brought",
        "sample_shape": list(recipe.sample_shape),
        "model": recipe.model.name,
        "traces": expected,
    }
    if isinstance(recipe.model, AzimuthResidual):
        values["features"] = Features.count(len(recipe.model.windows_s), 0)
    if traces is not None:
        samples = make_samples(recipe.split, traces)
        values |= {
            "traces": len(traces),
            "split": describe_split(samples),
            "dropped": {reason: len(names) for reason, names in traces.dropped.items()},
            "stored_labels_that_disagree": len(traces.disagreeing),
            "picked_onsets": int(traces.table["picked"].sum()),
        }
    if values["traces"]:
        n = values["traces"]
        train = n * (1 - recipe.split.validation - recipe.split.test)
        values["memory_mb"] = round(PROGRAM_MB + n * math.prod(recipe.sample_shape) * 4 * 3 / 1e6)
        if not isinstance(recipe.model, AzimuthResidual):
            values["layers_mb"] = None
        speed = TRACES_A_SECOND[recipe.model.name] * (os.cpu_count() or 1)
        values["seconds"] = max(1, round(train * recipe.model.epochs / speed))
    return values


def plan_lines(values: dict[str, Any]) -> list[str]:
    """Say a plan in words, a line each."""
    rows = [("answers", values["forecast"]), ("data", values["data_needed"])]
    if "missing_data" in values:
        rows.append(("", values["missing_data"]))
    for part, row in values.get("split", {}).items():
        rows.append((part, f"{row['traces']:,} traces of {row['events']:,} events at {row['stations']:,} stations"))
    for reason, count in values.get("dropped", {}).items():
        rows.append(("left out", f"{count:,}: {reason}"))
    if values.get("stored_labels_that_disagree"):
        rows.append(("labels", f"{values['stored_labels_that_disagree']:,} stored ones disagree with the coordinates"))
    if values.get("picked_onsets"):
        rows.append(("onsets", f"{values['picked_onsets']:,} picked on the vertical component"))
    n, components = values["sample_shape"]
    rows.append(("sample", f"{n} samples x {components} components (Z, N, E)"))
    if "memory_mb" in values:
        rows.append(("memory", in_words(values)))
    count = values.get("parameters")
    rows.append(("network", f"{count:,} parameters" if count else f"{values['model']}: `check --build` counts it"))
    if "seconds" in values:
        seconds = values["seconds"]
        time = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
        rows.append(("time", f"up to {time} for all epochs on {os.cpu_count()} usual cores"))
    return [f"{label:<14}{text}" for label, text in rows]


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """Say the main numbers of a summary in a few lines."""
    lines = [summary["verdict"], ""]
    keys = {
        "circular_mae_deg": ("mean error", 1),
        "circular_median_deg": ("median", 1),
        "share_within_20_deg": ("within 20", 3),
        "share_of_flips": ("flips", 3),
        "von_mises_log_score": ("log score", 3),
    }
    for title, found in (("known stations", summary), ("new stations", summary.get("new_stations"))):
        if not found:
            continue
        rows = {"this model": found["scores"], **found["references"]}
        cells = [[title, *(name for name, _ in keys.values())]]
        for name, scores in rows.items():
            shown = [with_interval(scores[key], digits) for key, (_, digits) in keys.items()]
            cells.append([name.replace("_", " "), *shown])
        lines += [*columns(cells), ""]
    test, data = summary["split"]["test"], summary["catalog"]
    lines.append(f"test     {test['traces']:,} traces of {test['events']:,} events at {test['stations']:,} stations")
    lines.append(f"data     {data['traces']:,} traces, {data['source']}")
    return lines


def answer_lines(entries: list[dict[str, Any]]) -> list[str]:
    """Show answers as a table, what each recipe's are worth, and where the rays lie."""
    lines = []
    for entry in entries:
        cells = [["trace", "back-azimuth", "68 % within", "SNR dB", "polarisation", "true", "error"]]
        for answer in entry["traces"][:MOST_ROWS]:
            true, error, snr = answer["true_back_azimuth_deg"], answer["error_deg"], answer["snr_db"]
            cells.append(
                [
                    answer["trace"],
                    f"{answer['back_azimuth_deg']:.1f}",
                    f"+-{answer['half_width_68_deg']:.1f}",
                    "-" if snr is None else f"{snr:.1f}",
                    f"{answer['references']['polarization_noise_corrected']:.1f}",
                    "-" if true is None else f"{true:.1f}",
                    "-" if error is None else f"{error:.1f}",
                ]
            )
        lines += columns(cells)
        more = len(entry["traces"]) - MOST_ROWS
        if more > 0:
            lines.append(f"and {more:,} more, all with --json")
        lines += [f"left out {len(names)}: {reason}" for reason, names in entry["dropped"].items()]
        lines += [f"{entry['recipe_id']}: {entry['verdict']}", f"rays in {entry['geojson']}"]
    return lines
