"""Panels of a forecast used as an alarm: ROC, Molchan diagram, and the table at one threshold."""

from __future__ import annotations

import numpy as np

from mleq.report import plots
from mleq.report.daily import most_telling
from mleq.report.markup import Html, facts, join, paragraph, table
from mleq.report.record import RunRecord
from mleq.report.svg import figure
from mleq.report.wording import DASH, count, method_title, percent


def roc(run: RunRecord) -> Html | None:
    """Draw hit rate against false-alarm rate; None where all days are of one kind."""
    from sklearn.metrics import roc_curve

    test = run.daily
    if test is None or test["observed"].nunique() < 2:
        return None
    observed = test["observed"].to_numpy(dtype=bool)
    lines = {}
    for name in _alarming(run):
        false_alarms, hits, _ = roc_curve(observed, test[name].to_numpy(dtype=float))
        lines[name] = (false_alarms, hits)
    areas = [(name, _area(run, name)) for name in lines]
    said = "; ".join(f"{method_title(name)} {area}" for name, area in areas if area)
    return figure(
        "roc",
        lambda plot, wide: plots.curves(
            plot, lines, labels=("days without an event, with an alarm", "event-days with an alarm")
        ),
        height=4.2,
        half=True,
        alternative=f"ROC curves. Area under them: {said or 'not scored'}; 0.5 is chance.",
        caption=(
            "Hit rate against false-alarm rate, in per cent of days, for every threshold. On the dashed line an alarm "
            f"is luck; the further above it, the better days with an event are told from others. Area: {said}. It says "
            "nothing of calibration."
        ),
    )


def molchan(run: RunRecord) -> Html | None:
    """Draw missed events against the share of the reference's probability under alarm; None without an event."""
    from mleq.scores import area_skill_score, molchan_trajectory

    test = run.daily
    if test is None or not test["observed"].any():
        return None
    names = _alarming(run)
    steady = next((name for name in run.references if name == "climatology"), None)
    if steady is None or not test[steady].to_numpy(dtype=float).any():
        return None
    observed, base = test["observed"].to_numpy(dtype=bool), test[steady].to_numpy(dtype=float)
    lines = {name: molchan_trajectory(observed, test[name].to_numpy(dtype=float), base) for name in names}
    skill = {name: area_skill_score(observed, test[name].to_numpy(dtype=float), base) for name in names}
    said = "; ".join(f"{method_title(name)} {value:.3f}" for name, value in skill.items())
    return figure(
        "molchan",
        lambda plot, wide: plots.curves(
            plot, lines, labels=("time under alarm, weighted by climatology", "event-days missed"), falling=True
        ),
        height=4.2,
        half=True,
        alternative=f"Molchan diagram against {method_title(steady)}. Area skill: {said}; 0.5 is chance.",
        caption=(
            f"Share of event-days missed against the share of time under alarm (weighted by {method_title(steady)}), "
            "for every threshold. On the dashed line an alarm is luck; the further below it, the better. Area skill "
            f"score, 1 is perfect and 0.5 is chance: {said}."
        ),
    )


def _alarming(run: RunRecord) -> list[str]:
    """The model and the references that are not the same every day: those can give no alarm."""
    test = run.daily
    return [name for name in most_telling(run) if name == "probability" or np.ptp(test[name].to_numpy(dtype=float)) > 0]


def _area(run: RunRecord, name: str) -> str:
    scores = run.summary["scores"] if name == "probability" else run.summary.get("references", {}).get(name, {})
    area = (scores.get("roc_auc") or {}).get("value")
    return "" if area is None else f"{area:.3f}"


def confusion(run: RunRecord) -> Html | None:
    """Show what an alarm at the threshold of the validation part would have done."""
    found = run.summary.get("confusion")
    if not found:
        return None
    shown = table(
        ["days", "event", "no event"],
        [
            ["alarm", count(found["tp"]), count(found["fp"])],
            ["no alarm", count(found["fn"]), count(found["tn"])],
        ],
        label="Days of the test part by alarm and event",
    )
    ratios = [
        ("Precision: alarms that came true", found.get("precision")),
        ("Recall: event-days with an alarm", found.get("recall")),
        ("F1", found.get("f1")),
        ("Accuracy: days called right", found.get("accuracy")),
    ]
    quiet = percent((found["fp"] + found["tn"]) / max(1, sum(found[key] for key in ("tp", "fp", "fn", "tn"))))
    return join(
        [
            paragraph(
                f"Days of the test part, with an alarm wherever the probability reaches {percent(found['threshold'])}, "
                "the threshold chosen on the validation part.",
                class_="hint",
            ),
            shown,
            facts((name, DASH if value is None else percent(value)) for name, value in ratios),
            paragraph(
                f"Accuracy says little of rare events: {quiet} of these days had none, and never giving an alarm is "
                "right on all of those.",
                class_="hint",
            ),
        ]
    )
