"""What the page of a run with a pool shows beside the target's: gains, reliability and a map of all circles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

CIRCLES_FILE = "pool_circles.parquet"
LISTED = 10
HIGHEST = 4.0
"""Events for each expected that the drawing of reliability reaches; the table has what lies beyond."""
EVENT_DAY = "nats_per_event_day"
CLASSES = {"all": "all days", "after_large_events": "after large events"}
COLUMNS = {"gain": "all circles", "gain_disjoint": "circles that do not touch", "etas_gain": "ETAS itself"}


def panels(common: Mapping[str, Any], kit: Any) -> dict[str, Any]:
    """Return the common panels, and where the run has a pool its own after the target's.

    Parameters
    ----------
    common : mapping of str to (title, draw)
    kit : module
        `mleq.report.kit`.
    """

    def of_pool(draw):
        return lambda run: draw(run, kit) if run.summary.get("pool") else None

    def unless_pool(draw):
        return lambda run: None if run.summary.get("pool") else draw(run)

    own = {
        "pool": ("All circles of the pool", of_pool(gains)),
        "pool_map": ("Circles of the pool", of_pool(circles)),
        "pool_reliability": ("Reliability in all circles", of_pool(reliability)),
    }
    found = {}
    for name, (title, draw) in common.items():
        if name == "map":
            found |= own
        # The player shows heatmaps, at which the model of a pool does not look.
        found[name] = (title, unless_pool(draw) if name == "player" else draw)
    return found


def gains(run: Any, kit: Any) -> Any:
    """Say what the forecasts of all circles were worth, and of what the gain is made."""
    pool = run.summary["pool"]
    rows = [(name, gain[EVENT_DAY]) for name, gain in pool["gain"].items()]
    facts = kit.facts(
        [
            ("circles", f"{kit.count(pool['circles'])}, {kit.percent(pool['overlapping'])} of them overlap another"),
            ("days of the test part", kit.count(pool["days"])),
            ("circle-days with an event", kit.count(pool["event_days"])),
        ]
    )
    said = "; ".join(f"{kit.method_title(name)}: {_gain(kit, gain)}" for name, gain in rows)
    forest = kit.figure(
        "pool-gains",
        lambda plot, wide: kit.forest(plot, rows, unit="nats per event-day"),
        height=1.2 + 0.3 * len(rows),
        alternative=f"Gain of the model over each reference on all circles, in nats per event-day. {said}.",
        caption="How much better the model's log score is than each reference's over all circles and days, in nats for "
        "each circle-day with an event. 95\u00a0% intervals resample whole days of all circles in blocks, since "
        "circles overlap and share earthquakes. ETAS is the pool's, refitted each year.",
    )
    return kit.join(
        [kit.paragraph(_in_plain_words(pool, kit)), facts, forest, _gains_table(pool, kit), _parts(pool, kit)]
    )


def _in_plain_words(pool: Mapping[str, Any], kit: Any) -> str:
    total, ten = pool["calibration"]["all"]["total"], pool["stated_ten_percent"]
    words = (
        f"In {kit.count(pool['circles'])} circles {kit.count(total['observed'])} circle-days had an event where "
        f"{kit.number(total['expected'], 0)} were expected: {'inside' if total.get('inside') else 'outside'} the "
        "95\u00a0% band of a calibrated forecast."
    )
    if ten["circle_days"]:
        words += (
            f" A stated ten percent (8 to 12.5\u00a0%) came true on {kit.percent(ten['came_true'])} of "
            f"{kit.count(ten['circle_days'])} circle-days."
        )
    return words


def _gain(kit: Any, gain: Mapping[str, Any] | None) -> str:
    """A gain with its interval."""
    if not gain or gain["value"] is None:
        return "–"
    digits = max(4, kit.digits_for(gain))
    text = kit.number(gain["value"], digits, signed=True)
    if gain.get("low") is None:
        return text
    low, high = (kit.number(gain[end], digits, signed=True) for end in ("low", "high"))
    return f"{text} [{low}, {high}]"


def _gains_table(pool: Mapping[str, Any], kit: Any) -> Any:
    rows = [
        [kit.method_title(name), *(_gain(kit, pool[column].get(name, {}).get(EVENT_DAY)) for column in COLUMNS)]
        for name in pool["gain"]
    ]
    names = dict(COLUMNS, gain_disjoint=f"{kit.count(pool['disjoint_circles'])} {COLUMNS['gain_disjoint']}")
    header = ["over", *names.values()]
    label = "Gains over each reference, nats per event-day"
    return kit.tag("details", kit.tag("summary", label), kit.table(header, rows, label=label))


def _parts(pool: Mapping[str, Any], kit: Any) -> Any:
    """Where the gain over ETAS comes from, and how days are told apart."""
    made = pool["within_between"]
    areas = {
        "this model": pool["auc"]["probability"],
        "ETAS": pool["auc"]["etas"],
        "climatology": pool["auc"]["climatology"],
    }
    rows = [[name, *(_share(kit, area[key]) for key in ("pooled", "within_circles", "between_circles"))]
            for name, area in areas.items()]  # fmt: skip
    label = "Area under the ROC curve of pairs of days"
    return kit.join(
        [
            kit.paragraph(
                f"Of the gain over ETAS {_gain(kit, made['between_circles'])} nats per event-day are what a constant "
                f"correction of each circle would have brought, {_gain(kit, made['within_circles'])} the telling apart "
                "of a circle's days."
            ),
            kit.table([label, "all pairs", "of one circle", "of two circles"], rows, label=label),
            kit.paragraph(
                "The area of all pairs is mostly geography: it tells active places from quiet ones. Within a circle "
                "0.5 is chance.",
                class_="hint",
            ),
        ]
    )


def _share(kit: Any, value: float | None) -> str:
    return "–" if value is None else kit.number(value, 3)


def reliability(run: Any, kit: Any) -> Any:
    """Draw how many events came for each that was expected, by classes of forecasts."""
    tables = {name: table for name, table in run.summary["pool"]["calibration"].items() if table["classes"]}
    if not tables:
        return None
    outside = {name: sum(not row["inside"] for row in table["classes"]) for name, table in tables.items()}
    said = "; ".join(
        f"{CLASSES[name]}: {n} of {len(tables[name]['classes'])} classes outside" for name, n in outside.items()
    )
    caption = (
        "Circle-days are grouped by the chance that was stated. A point says how many events came for each that was "
        "expected; the bar is where 95\u00a0% of such points would lie if the chances were right. Hollow points lie "
        "outside, arrows beyond the drawing."
    )
    if "after_large_events" in tables:
        caption += " After large events: days on which ETAS expects more than ten times its background."
    figure = kit.figure(
        "pool-reliability",
        lambda plot, wide: _draw_classes(plot, tables, kit, wide),
        height=2.9,
        narrow=2.5 * len(tables),
        alternative=f"Events that came for each that was expected, by class of forecast, with bands. {said}.",
        caption=caption,
    )
    return kit.join([figure, *(_classes_table(CLASSES[name], table, kit) for name, table in tables.items())])


def _draw_classes(plot: Any, tables: Mapping[str, Any], kit: Any, wide: bool) -> None:
    shape = (1, len(tables)) if wide else (len(tables), 1)
    for axes, (name, table) in zip(plot.subplots(*shape, squeeze=False).flat, tables.items(), strict=True):
        top = max(2.0, 1.15 * max(min(row["ratio"], HIGHEST) for row in table["classes"]))
        axes.axhline(1, color=kit.MUTED, linewidth=1, linestyle=(0, (4, 3)))
        for row in table["classes"]:
            colour = kit.MODEL if row["inside"] else kit.EVENT
            x = row["mean_forecast"]
            axes.plot([x, x], row["band"], color=kit.MUTED, linewidth=5, alpha=0.35)
            face = kit.MODEL if row["inside"] else kit.PANEL
            height, marker = (row["ratio"], "o") if row["ratio"] <= top else (0.96 * top, "^")
            axes.plot(x, height, marker, color=colour, markerfacecolor=face, markersize=5.5)
        chances = [row["mean_forecast"] for row in table["classes"]]
        axes.set(xscale="log", xlim=(min(chances) / 1.6, 1), ylim=(-0.04 * top, top))
        axes.set(xlabel="chance that was stated", ylabel="events for each expected")
        axes.set_title(CLASSES[name], color=kit.INK)
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
        axes.xaxis.set_minor_formatter("")
        axes.grid(axis="y")


def _classes_table(title: str, table: Mapping[str, Any], kit: Any) -> Any:
    rows = [
        [_between(row, kit), kit.count(row["circle_days"]), kit.number(row["expected"], 1), kit.count(row["observed"]),
         kit.number(row["ratio"], 3), f"{kit.number(row['band'][0], 3)} to {kit.number(row['band'][1], 3)}"]
        for row in [*table["classes"], table["total"]]
    ]  # fmt: skip
    header = ["chance stated", "circle-days", "expected", "came", "ratio", "95 % band"]
    label = f"Reliability, {title}"
    return kit.tag("details", kit.tag("summary", label), kit.table(header, rows, label=label))


def _between(row: Mapping[str, Any], kit: Any) -> str:
    if "low" not in row:
        return "all together"
    return f"{100 * row['low']:g} to {100 * row['high']:g}\u00a0%"


def circles(run: Any, kit: Any) -> Any:
    """Draw where the circles lie and how the model did in each; None where the run kept no table of them."""
    table = run.table(CIRCLES_FILE)
    if table is None or table.empty:
        return None
    view = _view(table, kit)
    better = int((table["gain_over_etas"] > 0).sum())
    drawing = view.svg(
        *_marks(table.sort_values("event_days", ascending=False), view, kit),
        role="img",
        aria_label=f"Map of {kit.count(len(table), 'circle')}; in {better} of them the model's log score is better "
        "than ETAS's.",
    )
    caption = (
        f"Centres of the circles of {run.summary['target']['radius_km']:g} km; larger: more days with an event in the "
        f"test part. Filled: the model's log score is better than ETAS's there ({better} of {len(table)}); hollow: "
        "worse. Few circles have enough events to tell the two apart: what counts is the gain over all. Rest on a mark "
        "to see its numbers."
    )
    if str(run.summary["catalog"].get("source")).startswith("simulated"):
        caption += " These earthquakes are simulated and happened nowhere."
    figure = kit.tag("figure", kit.tag("div", drawing, class_="map"), kit.tag("figcaption", caption))
    return kit.join([figure, _busiest(table, kit)])


def _view(table: pd.DataFrame, kit: Any) -> Any:
    """The part of the Earth that holds all circles: the whole turn with its cut in the Atlantic, where that is wide."""
    south, north = max(table["latitude"].min() - 6, -90), min(table["latitude"].max() + 6, 90)
    turned = np.mod(table["longitude"] + 30, 360) - 30
    west, east = turned.min() - 6, turned.max() + 6
    wanted = 1.8 * (north - south) / np.cos(np.radians((north + south) / 2))  # wider than high
    middle, width = (west + east) / 2, max(east - west, wanted)
    if width > 180:
        return kit.View(south, north, -30, 330)
    return kit.View(south, north, middle - width / 2, middle + width / 2)


def _marks(table: pd.DataFrame, view: Any, kit: Any) -> Sequence[Any]:
    most = max(int(table["event_days"].max()), 1)
    drawn = []
    for one in table.itertuples():
        colour = "fill:var(--model);fill-opacity:.7" if one.gain_over_etas > 0 else "fill:none;stroke:var(--event)"
        mark = kit.tag(
            "circle",
            kit.tag("title", _one_line(one, kit)),
            cx=f"{float(view.x(one.longitude)):.1f}",
            cy=f"{float(view.y(one.latitude)):.1f}",
            r=f"{1.6 + 7 * np.sqrt(one.event_days / most):.1f}",
            style=f"{colour};stroke-width:1.3",
        )
        drawn.append(mark)
    return drawn


def _one_line(one: Any, kit: Any) -> str:
    return (
        f"{kit.place(one.latitude, one.longitude)}: {kit.count(one.event_days, 'day')} with an event, "
        f"{one.expected:.1f} expected, {one.expected_etas:.1f} by ETAS; gain over ETAS "
        f"{kit.number(one.gain_over_etas, 2, signed=True)} nats"
    )


def _busiest(table: pd.DataFrame, kit: Any) -> Any:
    rows = [
        [kit.place(one.latitude, one.longitude), kit.count(one.event_days), kit.number(one.expected, 1),
         kit.number(one.expected_etas, 1), kit.number(one.gain_over_etas, 2, signed=True)]
        for one in table.nlargest(LISTED, "event_days").itertuples()
    ]  # fmt: skip
    header = ["centre", "days with an event", "expected", "by ETAS", "gain over ETAS, nats"]
    label = "The circles with most events"
    return kit.tag("details", kit.tag("summary", label), kit.table(header, rows, label=label))
