"""The model card of a run: what it is for, what it was made from, what it is worth, what it must not be used for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mleq import atomic
from mleq.report.agencies import NO_WARNING, agency_of
from mleq.report.record import RunRecord, is_simulated
from mleq.report.skill import BELOW_COMPLETENESS, held_at_level, size_of
from mleq.report.wording import DASH, count, digits_for, method_title, number, score_title

NAME = "MODEL_CARD.md"


def write(run_folder: Path) -> Path:
    """Write the model card into a run's folder, from what lies there."""
    path = Path(run_folder) / NAME
    atomic.write_text(path, text(RunRecord.read(run_folder)))
    return path


def text(run: RunRecord) -> str:
    """Return the card in Markdown; nothing that a recipe says can become markup in it."""
    summary = run.summary
    sections = {
        "Purpose": _purpose(run),
        "Data": _data(run),
        "Model": _model(run),
        "What it is worth": [plain(summary["verdict"]), "", *_scores(run)],
        "Limits": _limits(run),
        "No warning system": _warning(run),
    }
    lines = [
        f"# Model card: {plain(run.title)}",
        "",
        f"Recipe `{code(summary['recipe_id'])}`, run `{code(summary['run'])}`.",
    ]
    for title, content in sections.items():
        lines += ["", f"## {title}", "", *content]
    return "\n".join(lines) + "\n"


def plain(value: Any) -> str:
    """Text that Markdown shows as it is, on one line.

    >>> plain("<b> *no* [x](y)")
    '&lt;b> \\\\*no\\\\* \\\\[x\\\\](y)'
    """
    words = " ".join(str(value).split()).replace("&", "&amp;").replace("<", "&lt;")
    for sign in "\\`*_[]#|":
        words = words.replace(sign, f"\\{sign}")
    return words


def code(value: Any) -> str:
    """Text that may stand between backticks."""
    return " ".join(str(value).split()).replace("`", "'")


def _purpose(run: RunRecord) -> list[str]:
    target = run.summary.get("target") or {}
    said = [f"- {plain(key.replace('_', ' '))}: {plain(value)}" for key, value in target.items() if value is not None]
    return [
        "Research into what can be known of earthquakes beforehand, and comparison with references. It answers:",
        "",
        *said,
        *(["", plain(run.summary["note"])] if run.summary.get("note") else []),
    ]


def _data(run: RunRecord) -> list[str]:
    catalog = run.summary["catalog"]
    lines = [
        f"- {plain(key.replace('_', ' '))}: {plain(count(value) if isinstance(value, int) else value)}"
        for key, value in catalog.items()
        if not isinstance(value, bool | dict | list) and value is not None
    ]
    for name, part in run.summary["split"].items():
        lines.append(f"- {plain(name)} part: {plain(part.get('start'))} to {plain(part.get('end'))}, {size_of(part)}")
    return lines


def _model(run: RunRecord) -> list[str]:
    model, machine = run.summary["model"], run.machine
    facts = {
        **model,
        "seed": machine.get("seed"),
        "mleq": machine.get("mleq"),
        "recipe SHA-256": machine.get("recipe_sha256"),
    }
    return [f"- {plain(key.replace('_', ' '))}: {plain(value)}" for key, value in facts.items() if value is not None]


def _scores(run: RunRecord) -> list[str]:
    summary = run.summary
    rows = {"probability": summary["scores"], **summary["references"]}
    names = list(dict.fromkeys(name for scores in rows.values() for name in scores))
    gains = list(dict.fromkeys(name for gain in summary["gain"].values() for name in gain))
    header = [
        "method",
        *(score_title(name)[0] for name in names),
        *(f"{score_title(name)[0]} over it" for name in gains),
    ]
    lines = [_row(header), _row(["---"] * len(header))]
    for method, scores in rows.items():
        gained = summary["gain"].get(method) or {}
        cells = [_interval(scores.get(name)) for name in names] + [
            _interval(gained.get(name), signed=True) for name in gains
        ]
        lines.append(_row([plain(method_title(method)), *cells]))
    return [*lines, "", "In brackets: 95 % intervals. On the test part, which was read once."]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _interval(score: dict[str, Any] | None, *, signed: bool = False) -> str:
    if not score or score.get("value") is None:
        return DASH
    digits = digits_for(score)
    value = number(score["value"], digits, signed=signed)
    if score.get("low") is None:
        return value
    return f"{value} [{number(score['low'], digits, signed=signed)}, {number(score['high'], digits, signed=signed)}]"


def _limits(run: RunRecord) -> list[str]:
    said = [
        "- Simulated data: nothing here happened anywhere."
        if is_simulated(run.summary)
        else "- A pseudo-prospective test: past days, on data as they were revised later. Only forecasts that the "
        "ledger holds from before their period are prospective.",
        "- It knows nothing but its inputs; places, magnitudes and years other than those above are not covered.",
        "- The test part is one stretch of time. A quiet decade says little of one with a great earthquake.",
    ]
    if run.summary["catalog"].get("target_below_completeness"):
        said.append(f"- {BELOW_COMPLETENESS}")
    if held := held_at_level(run):
        said.append(f"- {held}")
    return said


def _warning(run: RunRecord) -> list[str]:
    agency = agency_of(run.summary.get("target"))
    return [f"{NO_WARNING} Here: [{agency.name}]({agency.url})."]
