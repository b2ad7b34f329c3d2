"""The page of a sweep: what the best of so many is worth, the leaderboard, and what failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mleq import atomic
from mleq.report import assets, frame
from mleq.report.agencies import USGS
from mleq.report.markup import Html, facts, join, paragraph, table, tag
from mleq.report.svg import INK, MODEL, MUTED, RULE, figure
from mleq.report.wording import DASH, count, moment, number, percent

DRAWN = 40
"""Rows of the figure at most: the best ones."""


def draw(summary: dict[str, Any], path: Path, *, out_dir: Path) -> Path:
    """Write the page of a sweep.

    Parameters
    ----------
    summary : dict
        As `mleq.api.sweep` returns it.
    path : pathlib.Path
    out_dir : pathlib.Path
        Folder of all results, beside whose assets the page is.
    """
    ranked = [row for row in summary["rows"] if row["gain"] is not None]
    panels = [
        frame.Panel("verdict", "Verdict", _verdict(summary)),
        frame.Panel("gains", "Gains", _forest(summary, ranked[:DRAWN]) if ranked else Html("")),
        frame.Panel("leaderboard", "Leaderboard", _leaderboard(summary)),
        frame.Panel("failures", "What failed", _failures(summary)),
        frame.Panel("about", "About", _about(summary)),
    ]
    header = tag("h1", "Sweep", tag("small", count(summary["tried"], "configuration")))
    up = "../" * len(path.parent.resolve().relative_to(Path(out_dir).resolve()).parts)
    text = frame.page("mleq: sweep", header, panels, agency=USGS, assets=f"{up}{assets.FOLDER}")
    atomic.write_text(path, text)
    assets.write(out_dir)
    return path


def _verdict(summary: dict[str, Any]) -> Html:
    shown = "no skill is shown" not in summary["verdict"] and "skill is shown" in summary["verdict"]
    return tag(
        "section",
        tag("h2", "Verdict", id="verdict-title"),
        paragraph(summary["verdict"]),
        id="verdict",
        class_="first better" if shown else "first",
        aria_labelledby="verdict-title",
    )


def _sets(row: dict[str, Any]) -> str:
    return ", ".join(f"{key[4:]}={value}" for key, value in row.items() if key.startswith("set ") and value is not None)


def _forest(summary: dict[str, Any], rows: list[dict[str, Any]]) -> Html:
    """Gains with their own intervals, thick, and those that hold for all at once, thin."""

    def paint(plot: Any, wide: bool) -> None:
        axes = plot.subplots()
        for place, row in enumerate(reversed(rows)):
            if row["low"] is not None:
                axes.plot([row["corrected_low"], row["corrected_high"]], [place] * 2, color=MUTED, linewidth=1)
                axes.plot([row["low"], row["high"]], [place] * 2, color=MODEL, linewidth=3)
            axes.plot(row["gain"], place, "o", color=INK, markersize=4)
        names = [f"{row['recipe_id']}, {row['seed']}" + (f", {_sets(row)}" if _sets(row) else "") for row in rows]
        axes.set_yticks(range(len(rows)), names[::-1], fontsize=8 if wide else 7)
        axes.axvline(0, color=RULE, linewidth=1.2, zorder=0)
        axes.set_xlabel(f"gain over {summary['reference']}, nats per day")
        axes.margins(y=0.02)

    left = f" The best {len(rows)} of {summary['done']} are drawn." if summary["done"] > len(rows) else ""
    return figure(
        "forest",
        paint,
        height=1.4 + 0.24 * len(rows),
        alternative=f"Gains of {len(rows)} configurations over {summary['reference']} with their intervals.",
        caption="Thick: 95 % interval of each as if it were the only one tried. Thin: the interval that holds for all "
        f"of them at once, and so for whichever is picked because it came out best.{left}",
    )


def _leaderboard(summary: dict[str, Any]) -> Html:
    sets = sorted({key for row in summary["rows"] for key in row if key.startswith("set ")})
    header = ["recipe", "seed", *(key[4:] for key in sets), "days", "event-days", "log score", "gain per day",
              "corrected for all", "behind the best", "gain per event-day"]  # fmt: skip
    rows = []
    for row in summary["rows"]:
        if row["status"] == "done":
            cells = [row["recipe_id"], row["seed"], *(row.get(key) or DASH for key in sets)]
            cells += [_count(row["days"]), _count(row["event_days"]), _plain(row.get("log_score"))]
            cells += [_interval(row, "gain", "low", "high"), _interval(row, None, "corrected_low", "corrected_high")]
            cells += [_interval(row, "behind_best", "behind_low", "behind_high"), _plain(row["gain_per_event_day"])]
            rows.append(cells)
    if not rows:
        return Html("")
    said = paragraph(
        "Gains are over ", tag("b", summary["reference"] or "nothing common"), " in nats, on the same days; the "
        "configurations share one set of resampled blocks, so that they are paired. ‘Behind the best’ is against "
        "the best of the same recipe.", class_="hint",
    )  # fmt: skip
    return join([table(header, rows, label="Configurations, best first"), said])


def _failures(summary: dict[str, Any]) -> Html:
    rows = [[row["recipe_id"], row["seed"], _sets(row), row["error"]] for row in summary["rows"] if row["error"]]
    return table(["recipe", "seed", "changes", "why"], rows, label="Failures") if rows else Html("")


def _about(summary: dict[str, Any]) -> Html:
    tests = None
    if summary["p_hansen"] is not None:
        tests = f"{percent(summary['p_hansen'])} (Hansen 2005), {percent(summary['p_white'])} (White 2000)"
    resampled = summary["days"] and f"{summary['days']:,} days in blocks of {summary['mean_block_days']:.0f} on average"
    listed = facts([
        ("Configurations tried", count(summary["tried"])),
        ("Others of these recipes in earlier sweeps", count(summary["tried_before"])),
        ("Chance of such a best gain without skill", tests),
        ("Resampled", resampled),
        ("Made", moment(summary["made_at"])),
        ("Command", " ".join(summary["command"])),
    ])  # fmt: skip
    said = paragraph(
        "Who tries many configurations finds one that did well on the test part by luck. The corrected intervals know "
        "of the tries of this sweep; of those made elsewhere, or before, nobody can know but who made them."
    )
    return join([listed, said])


def _interval(row: dict[str, Any], value: str | None, low: str, high: str) -> Html | str:
    ends = None if row[low] is None else f"{number(row[low], 4, signed=True)} to {number(row[high], 4, signed=True)}"
    if value is None:
        return ends or DASH
    if row[value] is None:
        return DASH
    return join([number(row[value], 4, signed=True), tag("small", ends) if ends else ""])


def _plain(value: float | None) -> str:
    return DASH if value is None else number(value, 4)


def _count(value: float | None) -> str:
    return DASH if value is None else count(int(value))
