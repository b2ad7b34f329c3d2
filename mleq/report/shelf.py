"""The shelf's page, out/index.html: every trained recipe with its verdict and newest forecast, and where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mleq import atomic
from mleq.errors import Failure
from mleq.experiment.folder import latest_run, read_json, trained_recipes
from mleq.experiment.ledger import stale
from mleq.report import assets, frame
from mleq.report.agencies import USGS
from mleq.report.markup import Html, join, paragraph, table, tag
from mleq.report.record import is_simulated
from mleq.report.view import WIDTH, View
from mleq.report.wording import DASH, count, digits_for, moment, number, percent

PAGE = "index.html"
WORLD = (-58.0, 78.0, -30.0, 330.0)
"""South, north, west, east: the Pacific and its ring in the middle."""
LONGEST = 24
"""Characters of a name on the map."""


def draw(out_dir: Path) -> Path:
    """Draw out/index.html from what lies in the folder of results.

    A recipe whose summary is damaged has a card that says so; the others are shown.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    out_dir = Path(out_dir)
    shown = [_Trained.read(out_dir, recipe_id) for recipe_id in trained_recipes(out_dir)]
    newest = _newest_forecasts(out_dir)
    scores = _json(out_dir / "ledger_scores.json") or {}
    header = join(
        [
            tag("h1", "mleq: forecasts and what they are worth"),
            paragraph(f"{count(len(shown), 'trained recipe')} in this folder.", class_="quiet"),
        ]
    )
    panels = [
        frame.Panel("recipes", "Recipes", _cards(shown, newest)),
        frame.Panel("map", "Where", _map(shown)),
        frame.Panel("issued", "Forecasts issued in time, and how they did", _issued(scores)),
    ]
    atomic.write_text(
        out_dir / PAGE, frame.page("mleq: all recipes", header, panels, agency=USGS, assets=assets.FOLDER)
    )
    assets.write(out_dir)
    return out_dir / PAGE


class _Trained:
    """A recipe with a complete run: its summary, or what is wrong with it."""

    def __init__(self, recipe_id: str, summary: dict[str, Any], problem: str = ""):
        self.recipe_id, self.summary, self.problem = recipe_id, summary, problem

    @classmethod
    def read(cls, out_dir: Path, recipe_id: str) -> _Trained:
        try:
            return cls(recipe_id, read_json(latest_run(out_dir, recipe_id) / "summary.json"))
        except Failure as failure:
            return cls(recipe_id, {}, failure.found)

    @property
    def title(self) -> str:
        titles = self.summary.get("title") or {}
        return titles.get("en") or next(iter(titles.values()), "") or self.recipe_id

    @property
    def target(self) -> dict[str, Any]:
        return self.summary.get("target") or {}

    @property
    def link(self) -> str:
        from urllib.parse import quote

        return f"{quote(self.recipe_id)}/report.html"


def _json(path: Path) -> Any:
    """What a file holds; None where there is none, or it is damaged: the page is not the place to fail for it."""
    try:
        return read_json(path) if path.is_file() else None
    except Failure:
        return None


def _newest_forecasts(out_dir: Path) -> dict[str, dict[str, Any]]:
    """The forecast of the latest day of each recipe; of those made by files, the last made."""
    found: dict[str, dict[str, Any]] = {}
    for entry in (_json(out_dir / "predictions.json") or {}).get("predictions", []):
        held = found.get(entry["recipe_id"])
        if held is None or (entry.get("target_date") or "") >= (held.get("target_date") or ""):
            found[entry["recipe_id"]] = entry
    return found


def _cards(shown: list[_Trained], newest: dict[str, dict[str, Any]]) -> Html:
    if not shown:
        return paragraph("Nothing has been trained yet: ", tag("code", "python cmd/train --recipe_id demo"))
    return tag("div", *(_card(one, newest.get(one.recipe_id)) for one in shown), class_="cards")


def _card(one: _Trained, entry: dict[str, Any] | None) -> Html:
    heading = tag("h3", tag("a", one.title, href=one.link), tag("small", one.recipe_id))
    if one.problem:
        return tag("article", heading, paragraph(one.problem, class_="caution"))
    verdict = str(one.summary.get("verdict") or "")
    kind = {"Better": "better", "Worse": "worse"}.get(verdict.partition(" ")[0], "")
    kept = [one.summary.get("family"), "simulated" if is_simulated(one.summary) else None, _trained_at(one.summary)]
    about = paragraph(", ".join(str(word) for word in kept if word), class_="hint")
    return tag(
        "article",
        heading,
        about,
        paragraph(verdict),
        _forecast(entry, dated="horizon_days" in one.target),
        paragraph("Made by an earlier run than the one above.", class_="caution")
        if entry and entry.get("run") != one.summary.get("run")
        else None,
        class_=kind or None,
    )


def _trained_at(summary: dict[str, Any]) -> str:
    """When a run was made, by its name."""
    date = str(summary.get("run") or "")[:8]
    return f"trained {date[:4]}-{date[4:6]}-{date[6:]}" if date.isdigit() and len(date) == 8 else ""


def _forecast(entry: dict[str, Any] | None, *, dated: bool) -> Html | None:
    """The newest forecast beside the long-term probability, as numbers and as two bars."""
    if entry is None:
        return paragraph("No forecast asked for yet.", class_="hint") if dated else None
    chance, usual = entry.get("probability"), entry.get("climatology")
    if chance is None:
        return paragraph(f"Newest answer: {entry.get('input', entry.get('target_date'))}", class_="hint")
    period = entry.get("period") or {}
    begin = str(period.get("start_local") or entry.get("target_date"))[:16].replace("T", " ")
    return join(
        [
            paragraph(f"Newest forecast, from {begin} ({period.get('timezone', 'local time')}):", class_="hint"),
            _bar("forecast", chance, max(chance, usual or 0.0)),
            _bar("long term", usual, max(chance, usual or 0.0)) if usual is not None else None,
            paragraph(f"{number(entry['probability_gain'], 2)} times the long-term probability", class_="hint")
            if entry.get("probability_gain")
            else None,
            paragraph(f"{why[0].upper()}{why[1:]}.", class_="caution") if (why := stale(entry)) else None,
        ]
    )


def _bar(name: str, share: float, most: float) -> Html:
    width = f"width:{100 * share / most if most else 0:.1f}%"
    bar = tag("span", tag("i", style=width, class_="long-term" if name == "long term" else None), class_="track")
    return tag("div", tag("span", name), bar, tag("b", percent(share)), class_="bar")


def _map(shown: list[_Trained]) -> Html | None:
    """All targets on the world; one that is no place on the Earth is left out."""
    view = View(*WORLD, assets=assets.FOLDER)
    marks, names, named = [], [], []
    for one in shown:
        latitude, longitude = (one.target.get(key) for key in ("latitude", "longitude"))
        if latitude is None or longitude is None or not view.holds(latitude, longitude) or is_simulated(one.summary):
            continue
        x, y = float(view.x(longitude)), float(view.y(latitude))
        dot = tag("circle", tag("title", one.title), cx=f"{x:.1f}", cy=f"{y:.1f}", r="6", class_="target")
        name = None
        if all(abs(x - other[0]) > 150 or abs(y - other[1]) > 20 for other in named):
            named.append((x, y))
            right = x < 0.8 * WIDTH
            away, anchor = (x + 10, "start") if right else (x - 10, "end")
            name = tag(
                "text", one.title[:LONGEST], x=f"{away:.1f}", y=f"{y + 4:.1f}", text_anchor=anchor, class_="named"
            )
        marks.append(tag("a", dot, name, href=one.link, aria_label=one.title))
        names.append(one.title)
    if not marks:
        return None
    drawing = view.svg(*marks, role="group", aria_label=f"Map of the world with the targets {', '.join(names)}.")
    caption = (
        "Every target is a link to its page; simulated regions are nowhere and left out. Degrees of latitude and "
        "longitude; coastline: Natural Earth."
    )
    return tag("figure", tag("div", drawing, class_="map"), tag("figcaption", caption))


def _issued(scores: dict[str, Any]) -> Html | None:
    """How the forecasts of the ledger did, as `mleq ledger score` left it."""
    rows = []
    for one in scores.get("recipes", []):
        score = (one.get("scores") or {}).get("log_score") or {}
        value = score.get("value")
        rows.append(
            [
                one["recipe_id"],
                count(one["prospective"]),
                count(one["scored"]),
                DASH if value is None else count(one["event_days"]),
                DASH if value is None else number(one["expected_event_days"], 1),
                DASH if value is None else number(value, digits_for(score)),
                moment(one["catalog"]["end"]),
            ]
        )
    if not rows:
        return None
    header = ["recipe", "issued in time", "scored", "event-days", "expected", "log score", "catalogue until"]
    said = paragraph(
        "Only forecasts recorded before their period began count here; each is scored once the catalogue reaches 30 "
        "days beyond its period. The ledger's hashes show whether a line was changed: ",
        tag("code", "mleq ledger verify"),
        ".",
        class_="hint",
    )
    return join([table(header, rows, label="Forecasts issued in time"), said])
