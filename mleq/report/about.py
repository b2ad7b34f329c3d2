"""Panels that say what was forecast, from which data, and what it takes to do it again."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mleq.report import plots
from mleq.report.markup import Html, facts, join, paragraph, table, tag
from mleq.report.record import RunRecord
from mleq.report.skill import BELOW_COMPLETENESS
from mleq.report.svg import figure
from mleq.report.wording import DASH, count, moment, percent, place


def target(run: RunRecord) -> Html:
    """Say what is forecast, and over which days it was trained and tested."""
    settings = run.summary.get("target") or {}
    parts = run.summary["split"]
    counted = list(
        dict.fromkeys(
            key for part in parts.values() if isinstance(part, dict) for key in part if key not in ("start", "end")
        )
    )
    rows = [
        [
            name,
            join([part.get("start") or DASH, tag("small", f"to {part.get('end') or DASH}")]),
            *(
                _positives(part) if key == "positives" and part.get("days") else _value(key, part.get(key))
                for key in counted
            ),
        ]
        for name, part in parts.items()
        if isinstance(part, dict)
    ]
    titles = ["with an event" if key == "positives" else key.replace("_", " ") for key in counted]
    dated = run.daily is not None
    return join(
        [
            _in_words(settings) if settings else None,
            tag("h3", "Parts"),
            table(["part", "target dates" if dated else "from", *titles], rows, label="Size of each part"),
            paragraph(
                "Dates are local target dates. " if dated else None,
                "Parts follow each other in time, with a gap between them so that no event serves two parts. This run "
                "read the test part once, at the end.",
                class_="hint",
            ),
        ]
    )


def _positives(part: dict[str, Any]) -> Html:
    return join([count(part["positives"]), tag("small", percent(part["positives"] / part["days"]))])


def _in_words(settings: dict[str, Any]) -> Html:
    """The target of a circle as a sentence; that of another kind as a list."""
    needed = ("latitude", "longitude", "radius_km", "magnitude", "horizon_days")
    if any(settings.get(key) is None for key in needed):
        return facts((key.replace("_", " "), _value(key, value)) for key, value in settings.items())
    depth = settings.get("max_depth_km")
    deep = "" if depth is None else f", no deeper than {depth:g} km,"
    days = settings["horizon_days"]
    period = "on the target date" if days == 1 else f"in the {days} days that begin with the target date"
    zone = settings.get("timezone")
    return paragraph(
        "Whether at least one earthquake of ",
        tag("strong", f"magnitude\u00a0{settings['magnitude']:g} or more"),
        f"{deep} occurs within ",
        tag("strong", f"{settings['radius_km']:g}\u00a0km of {place(settings['latitude'], settings['longitude'])}"),
        f" {period}",
        f" (days of {zone})" if zone else "",
        ". The forecast is issued as that date begins, from events before it alone.",
    )


CATALOG = {
    "source": "Source",
    "events": "Events",
    "start": "From",
    "end": "Until",
    "completeness_magnitude": "Complete from magnitude (Mc)",
    "b_value": "b-value",
    "completeness_estimator": "Mc estimated by",
    "completeness_uncertainty": "Standard error of Mc",
    "completeness_bias": "What to know of that estimate",
    "completeness_events": "Events it rests on",
    "completeness_radius_km": "Within, km",
    "b_value_uncertainty": "Standard error of b",
    "b_value_from_magnitude": "b from magnitude",
    "b_positive": "b-positive (differences, robust)",
    "b_positive_uncertainty": "Standard error of b-positive",
    "sha256": "SHA-256 of its content",
}
_QUIET = ("target_below_completeness",)
_LAST = ("completeness_bias", "sha256")


def catalog(run: RunRecord) -> Html:
    """Describe the data beneath: what there is, and from which magnitude it is complete."""
    found = run.summary["catalog"]
    first = [key for key in CATALOG if key in found]
    pairs = [(CATALOG[key], _value(key, found[key])) for key in first if key not in _LAST]
    estimates = found.get("completeness_estimates") or {}
    pairs += [(f"Mc by {name.replace('_', ' ')}", _value(name, value)) for name, value in estimates.items()]
    pairs += [
        (key.replace("_", " "), _value(key, value))
        for key, value in found.items()
        if key not in CATALOG and key not in _QUIET and not isinstance(value, dict | list)
    ]
    pairs += [(CATALOG[key], _value(key, found[key])) for key in _LAST if key in found]
    caution = None
    if found.get("target_below_completeness"):
        caution = paragraph(BELOW_COMPLETENESS, class_="caution")
    said = paragraph(
        "Below Mc a catalogue misses earthquakes, at rates that change as networks do. The b-value says how many times "
        "more small earthquakes there are than large ones: 10 to the power b for each unit of magnitude.",
        class_="hint",
    )
    return join([caution, facts(pairs), _frequencies(run), said])


def _frequencies(run: RunRecord) -> Html | None:
    """Draw frequency and magnitude where completeness was estimated; None where the run kept no such table."""
    found = run.table("magnitudes.csv")
    if found is None or found.empty or not found["events"].sum():
        return None
    about = run.summary["catalog"]
    law = {key: about.get(key) for key in ("completeness_magnitude", "b_value", "b_value_from_magnitude")}
    law["target"] = (run.summary.get("target") or {}).get("magnitude")
    magnitude, events = found["magnitude"].to_numpy(dtype=float), found["events"].to_numpy(dtype=float)
    radius, era = about.get("completeness_radius_km"), about.get("completeness_era") or ["", ""]
    where = f" within {radius:,.0f} km" if radius else ""
    when = f", {era[0][:10]} to {era[1][:10]}" if era[0] else ""
    total = count(int(events.sum()), "event")
    return figure(
        "frequencies",
        lambda plot, wide: plots.frequencies(plot, magnitude, events, law),
        height=3.4,
        narrow=3.6,
        alternative=(
            f"{total}{where}{when}, by magnitude from {magnitude.min():.1f} to {magnitude.max():.1f}: complete from "
            f"{law['completeness_magnitude']}, b-value {law['b_value']}."
        ),
        caption=(
            f"{total}{where}{when} (of the training part, the era that is least complete). Events a tenth of a "
            "magnitude, and of each magnitude and above, which fall on a straight line of slope b where the catalogue "
            "is complete and bend down below Mc."
        ),
    )


def _value(key: str, value: Any) -> Any:
    if value is None:
        return DASH
    if key in ("start", "end"):
        return moment(str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".") if key == "completeness_magnitude" else f"{value:g}"
    text = str(value)
    return tag("code", text) if key == "sha256" else text.replace("_", " ") if text.isidentifier() else text


def recipe(run: RunRecord) -> Html:
    """Show the recipe as it was run, every default written out."""
    text = json.dumps(run.recipe, indent=2, ensure_ascii=False)
    model = run.summary["model"]
    return join(
        [
            facts(
                [
                    ("Model", model.get("name")),
                    ("Parameters", count(model.get("parameters"))),
                    ("Epochs", count(model.get("epochs"))),
                    ("Best epoch", count(model.get("best_epoch"))),
                ]
            ),
            tag("details", tag("summary", "The resolved recipe, every setting written out"), _code(text)),
        ]
    )


def _given(typed: Sequence[str]) -> list[str]:
    """The files that a command was given: --catalog and --input, with what follows them."""
    words = [part for word in typed for part in (word.split("=", 1) if word.startswith("--") else [word])]
    pairs = zip(words, words[1:], strict=False)
    return [
        part for word, value in pairs if word in ("--catalog", "--input") for part in (word, _without_folders(value))
    ]


def again(run: RunRecord, page: Path) -> Html:
    """Say what is needed to do the run again, and what it took."""
    machine = run.machine
    results = page.resolve().parents[1]
    folder = Path(os.path.relpath(run.folder.resolve(), results.parent)).as_posix()
    command = ["mleq", "train", "--recipe_id", run.summary["recipe_id"], "--recipe", f"{folder}/recipe.json"]
    command += _given(machine.get("command") or [])
    seconds = machine.get("seconds") or {}
    packages = machine.get("packages") or {}
    memory = machine.get("peak_memory_mb")
    return join(
        [
            paragraph(f"From the folder that holds “{results.name}”, with the same catalogue:"),
            _code(shlex.join(command)),
            facts(
                [
                    ("It was run as", tag("code", _typed(machine.get("command") or []))),
                    ("Run", run.summary["run"]),
                    ("Finished", moment(machine.get("finished"))),
                    ("Seed", machine.get("seed")),
                    ("mleq", machine.get("mleq")),
                    ("Commit", tag("code", machine.get("git_commit") or DASH)),
                    ("Python", machine.get("python")),
                    ("Platform", machine.get("platform")),
                    ("Devices", ", ".join(machine.get("devices") or [])),
                    ("Peak memory", None if memory is None else f"{memory:,.0f} MiB"),
                    ("Seconds", ", ".join(f"{stage} {value:g}" for stage, value in seconds.items())),
                    ("Recipe, SHA-256", tag("code", machine.get("recipe_sha256") or DASH)),
                    ("Catalogue, SHA-256", tag("code", machine.get("catalog_sha256") or DASH)),
                    ("Packages", ", ".join(f"{name} {version or DASH}" for name, version in packages.items())),
                ]
            ),
        ]
    )


def _typed(command: list[str]) -> str:
    """The command line without the folders of the machine it was typed on."""
    return shlex.join([Path(command[0]).name, *map(_without_folders, command[1:])]) if command else DASH


def _without_folders(word: str) -> str:
    """The last part of a whole path; anything else as it is."""
    option, equals, value = word.rpartition("=") if word.startswith("--") else ("", "", word)
    return option + equals + (Path(value).name if value.startswith("/") else value)


def _code(text: str) -> Html:
    return tag("pre", tag("code", text), tabindex="0")
