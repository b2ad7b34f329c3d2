"""The pictures of the README that show forecasts: one through time, and the leaderboard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import registry
from mleq.experiment.folder import complete_runs
from mleq.forecast.references import fit_references
from mleq.report.pictures import BANDS, MUTED, RING, Subject, caption
from mleq.report.wording import count

RULE_SHOWN = "trailing_mix"
"""What is forecast with where the recipe has not been trained: a reference that is computed in a moment."""

_ROW = re.compile(
    r"\| (?P<method>[^|]+) \| (?P<value>[+-][\d.]+)(?: \[(?P<low>[+-][\d.]+), (?P<high>[+-][\d.]+)\])? \|"
)


def through_time(subject: Subject, figure: Any) -> None:
    """Draw the forecast of the test part day by day, and the days on which the event came."""
    table, said = _forecasts(subject)
    dates, observed = table["target_date"].to_numpy(), table["observed"].to_numpy(dtype=bool)
    events, axes = figure.subplots(2, 1, sharex=True, height_ratios=(1, 8))
    events.vlines(dates[observed], 0, 1, color=RING, linewidth=0.6)
    events.set(ylim=(0, 1), yticks=[])
    events.spines[["left", "bottom", "top", "right"]].set_visible(False)
    events.tick_params(bottom=False)
    axes.plot(dates, table["probability"], color=BANDS[1], linewidth=0.9, label=said)
    axes.axhline(table["climatology"].iloc[0], color=MUTED, linewidth=1.1, linestyle=(0, (5, 2)), label="climatology")
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    axes.set(ylabel="probability", xlabel="target date", xlim=(dates[0], dates[-1]))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y")
    figure.legend(loc="outside upper right", ncols=2, frameon=False)
    target = subject.recipe.target
    events.set_title(
        f"A forecast for “{subject.place}”: M\u00a0≥\u00a0{target.magnitude:g} within {target.radius_km:g} km, "
        f"{count(target.horizon_days, 'day')} ahead",
        fontsize=11,
    )
    days = f"Test part, {count(len(table), 'day')}; marks above: the {count(int(observed.sum()))} days with an event."
    caption(figure, f"{subject.caption} {days}")


def _forecasts(subject: Subject) -> tuple[pd.DataFrame, str]:
    """The test part of the recipe's latest run, or of a reference where there is none, and what to call it."""
    runs = complete_runs(subject.out_dir, subject.recipe.id)
    if runs:
        table = pd.read_parquet(runs[-1] / "forecasts.parquet")
        return table[table["part"] == "test"].sort_values("target_date"), "the recipe's network"
    samples = registry.family(subject.recipe.family).make_samples(subject.recipe, subject.events)
    chosen = samples.parts["test"]
    fitted = fit_references(subject.recipe, subject.events, samples, ("climatology", RULE_SHOWN))
    dates = samples.dates[chosen]
    forecasts = {name: one.probabilities(subject.events, dates) for name, one in fitted.items()}
    table = pd.DataFrame(
        {
            "target_date": dates.astype("datetime64[s]"),
            "observed": samples.target[chosen],
            "probability": forecasts[RULE_SHOWN],
            "climatology": forecasts["climatology"],
        }
    )
    return table, "mean of the rates of the last 30, 90, 365 and 1,500 days"


def leaderboard(path: Path, figure: Any) -> None:
    """Draw the first summary table of the leaderboard: gains over ETAS of all methods, all places together.

    Parameters
    ----------
    path : pathlib.Path
        docs/leaderboard.md, as `make leaderboard` writes it.
    """
    axes = figure.subplots()
    title, rows = first_table(path.read_text(encoding="utf-8"))
    place = np.arange(len(rows))[::-1]
    for y, (_, value, low, high) in zip(place, rows, strict=True):
        if low is not None:
            axes.plot([low, high], [y, y], color=BANDS[1], linewidth=2)
        axes.plot(value, y, "o", color=BANDS[1], markerfacecolor="white" if low is None else BANDS[1])
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks(place, [name.replace("this model", "recipe's network") for name, *_ in rows])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x")
    axes.set_xlabel("gain over ETAS, nats per event-day, all places together; right of zero a method is better")
    axes.set_title(f"All methods beside ETAS, {title}", fontsize=11)
    caption(figure, "From docs/leaderboard.md: USGS catalogue as revised later, pseudo-prospective; 95 % intervals.")


def first_table(text: str) -> tuple[str, list[tuple[str, float, float | None, float | None]]]:
    """Return the title of the first group of the leaderboard and its rows: method, gain, low, high."""
    found = re.search(r"^## (.+?)$(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        return "", []
    rows = []
    for row in _ROW.finditer(found[2]):
        low, high = (None if row[end] is None else float(row[end]) for end in ("low", "high"))
        rows.append((row["method"].strip().strip("*"), float(row["value"]), low, high))
    return found[1].strip(), rows
