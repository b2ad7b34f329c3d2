"""What an entry of predictions.json says about a date, and what the commands print."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mleq.catalog.events import coverage, identity
from mleq.experiment.table import columns, with_interval
from mleq.forecast.days import issue_time
from mleq.forecast.recipe import CatalogRecipe
from mleq.scores.verdict import one_for_all

BAR = 20
"""Characters of a probability of one."""


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


def level_said(row: pd.Series) -> dict[str, Any]:
    """Say what a forecast's level is made of, for predictions.json: a row of `mleq.forecast.leveling.Level.before`."""
    return {
        "factor": float(row["factor"]),
        "days": int(row["days"]),
        "until": None if pd.isna(row["until"]) else f"{row['until']:%Y-%m-%d}",
        "came": int(row["came"]),
        "stated": float(row["stated"]),
    }


def answer_lines(entries: list[dict[str, Any]]) -> list[str]:
    """Show forecasts as a table, and what each recipe's are worth."""
    return [*table(entries), *notes(entries)]


def table(entries: list[dict[str, Any]]) -> list[str]:
    """Show forecasts as a short table with a bar for the probability."""
    cells = [["recipe", "from (local)", "days", "probability", "ETAS", "long-term", "ratio"]]
    for entry in entries:
        beside = entry["references"]
        etas = beside.get("pool_etas", beside.get("etas"))
        cells.append(
            [
                entry["recipe_id"],
                entry["period"]["start_local"][:16].replace("T", " "),
                str(entry["target"]["horizon_days"]),
                f"{entry['probability']:.2%}",
                "-" if etas is None else f"{etas:.2%}",
                f"{entry['climatology']:.2%}",
                f"{entry['probability_gain']:.2f}",
            ]
        )
    header, *lines = columns(cells)
    bars = ("#" * round(BAR * entry["probability"]) for entry in entries)
    return [header, *(f"{line}  |{bar:<{BAR}}|" for line, bar in zip(lines, bars, strict=True))]


def notes(entries: list[dict[str, Any]]) -> list[str]:
    """Say of each recipe what its forecasts are worth, and which days it had learnt from."""
    lines = []
    for name in dict.fromkeys(entry["recipe_id"] for entry in entries):
        own = [entry for entry in entries if entry["recipe_id"] == name]
        lines.append(f"{name}: {own[-1]['verdict']}")
        for part, what in (("train", "was trained"), ("validation", "chose its epoch")):
            days = sum(entry["part"] == part for entry in own)
            if days:
                lie, prove = ("lies", "it proves") if days == 1 else ("lie", "they prove")
                lines.append(f"{name}: {days} of these days {lie} in the part on which it {what}; {prove} nothing")
        last = max(own, key=lambda entry: entry["target_date"])
        level = last.get("level")
        if level and level["days"]:
            lines.append(
                f"{name}: of the {level['days']} days to {level['until']} {level['came']} came true where the network "
                f"had said {level['stated']:.1f}; what it expects of {last['target_date']} is multiplied by "
                f"{level['factor']:.2f}"
            )
    return lines


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """Say the main numbers of a summary in a few lines."""
    lines = [summary["verdict"], ""]
    rows = {"this model": summary["scores"], **summary["references"]}
    keys = {"log_score": "log score", "brier_score": "Brier score", "roc_auc": "ROC-AUC"}
    cells = [["test part", *keys.values()]]
    cells += [[name.replace("_", " "), *(with_interval(scores[key]) for key in keys)] for name, scores in rows.items()]
    lines += columns(cells)
    test, catalog = summary["split"]["test"], summary["catalog"]
    lines += [
        "",
        *_gain_and_calibration(summary),
        f"test     {test['start']} to {test['end']}: {test['days']:,} days, {test['positives']:,} with an event",
        f"data     {catalog['events']:,} events to {catalog['end'][:10]}, complete from M "
        f"{catalog['completeness_magnitude']:.1f}, b = {catalog['b_value']:.2f}",
    ]
    if catalog["target_below_completeness"]:
        lines.append("caution  the target magnitude is below completeness: this partly forecasts the network")
    if one_for_all(summary["scores"]["roc_auc"]):
        lines.append("caution  every day is given the same chance: this model tells no day from another")
    return lines


def _gain_and_calibration(summary: dict[str, Any]) -> list[str]:
    """Say in a line each what the gain over climatology is made of, and what calibration did."""
    lines = []
    if parts := summary.get("decomposition"):
        names = ("total", "base_rate_drift", "clustering", "own")
        per_day = [parts[name]["nats_per_day"]["value"] for name in names]
        total, drift, clustering, own = ("unknown" if value is None else f"{value:+.4f}" for value in per_day)
        lines.append(
            f"gain     {total} nats per day over climatology = {drift} a changed base rate (known in hindsight only) "
            f"{clustering} clustering that ETAS has {own} the model's own"
        )
    if both := summary.get("calibration"):
        lines.append(
            f"mean     forecast {_steps(both, 'mean_forecast', 'before calibration')}, observed "
            f"{both['after']['observed_frequency']:.3f}; calibration error "
            f"{_steps(both, 'expected_calibration_error', 'before')}"
        )
    return lines


def _steps(calibration: dict[str, Any], key: str, before: str) -> str:
    """Say a number before calibration, after it, and at the level where forecasts are held there."""
    words = {"before": before, "after": "after", "at_level": "at its level"}
    return ", ".join(f"{calibration[step][key]:.3f} {word}" for step, word in words.items() if step in calibration)
