"""What the commands print of laboratory experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mleq import atomic
from mleq.experiment.table import columns, with_interval
from mleq.lab.recipe import SCORED

BAR = 24
LEVELS = " .:-=+*#%@"
SCHEMES = {
    "leave_one_cycle_out": "leave one cycle out",
    "forward_chained": "forward chained",
    "random_folds": "random folds (leak)",
}


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """Say the main numbers of a summary in a few lines."""
    rows = {"this model": summary["scores"], **summary["references"]}
    cells = [["test part", "MAE, s", "R2"]]
    cells += [
        [name.replace("_", " "), *(with_interval(scores[key], 3) for key in scores)] for name, scores in rows.items()
    ]
    test, record, model = summary["split"]["test"], summary["catalog"], summary["model"]
    lines = [summary["verdict"], "", *columns(cells), ""]
    if "objectives" in summary:
        said = ", ".join(
            f"{name} {with_interval(scores['mean_absolute_error'], 3)}"
            for name, scores in summary["objectives"].items()
        )
        lines.append(f"learnt by {said} s; the first is the recipe's")
    if "contrastive" in model:
        lines.append(contrastive_line(model["contrastive"]))
    for scheme, found in summary.get("cross_validation", {}).items():
        said = ", ".join(
            f"{name.replace('_', ' ')} {with_interval(scores['mean_absolute_error'], 3)}"
            for name, scores in found["methods"].items()
        )
        lines.append(f"{SCHEMES[scheme]}: {said}")
    lines += [
        f"test     {test['windows']:,} windows of {test['cycles']} cycles",
        f"data     {record['source']}: {record['rows']:,} rows, {record['events']} failures",
    ]
    return lines


def contrastive_line(said: dict[str, Any]) -> str:
    """Say what contrastive coding came to, beside its chance level."""
    outcome = "learned nothing: the loss stays at chance" if said["learned_nothing"] else "learned"
    return (
        f"contrastive loss {said['loss']:.3f} beside ln {said['negatives'] + 1} = {said['chance']:.3f} nats: {outcome}"
    )


def answer_lines(entries: list[dict[str, Any]]) -> list[str]:
    """Show times to failure as a table with a strip for the distribution, and what each recipe's are worth."""
    cells = [["recipe", "segment", "time to failure, s", "5 % to 95 %", "median of training, s"]]
    for one in entries:
        spread = "-" if one["low"] is None else f"{one['low']:.2f} to {one['high']:.2f}"
        median = one["references"].get("median")
        shown = "-" if median is None else f"{median:.2f}"
        cells.append([one["recipe_id"], one["input"], f"{one[SCORED]:.2f}", spread, shown])
    header, *lines = columns(cells)
    strips = [_strip(one["distribution"]) for one in entries]
    lines = [f"{line}  {strip}".rstrip() for line, strip in zip(lines, strips, strict=True)]
    notes = []
    for name in dict.fromkeys(one["recipe_id"] for one in entries):
        last = next(one for one in reversed(entries) if one["recipe_id"] == name)
        notes.append(f"{name}: trained on {last['trained_on']}; {last['verdict']}")
    return [header, *lines, *notes]


def _strip(distribution: dict[str, Any] | None) -> str:
    """A distribution as a strip of characters from 0 to the last edge, darker where it is denser."""
    if distribution is None:
        return ""
    import numpy as np

    edges, chances = np.array(distribution["edges_s"]), np.array(distribution["probabilities"])
    below = np.interp(np.linspace(0, edges[-1], BAR + 1), edges, np.r_[0, np.cumsum(chances)])
    mass = np.diff(below)
    places = np.rint((len(LEVELS) - 1) * mass / max(mass.max(), 1e-12)).astype(int)
    return f"|{''.join(LEVELS[place] for place in places)}| to {edges[-1]:.1f} s"


def write_submission(entries: list[dict[str, Any]], path: Path) -> None:
    """Write the competition's file: seg_id, time_to_failure."""
    lines = ["seg_id,time_to_failure", *(f"{one['input']},{one[SCORED]:.6f}" for one in entries)]
    atomic.write_text(path, "\n".join(lines) + "\n")
