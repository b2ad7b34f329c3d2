"""Every method beside ETAS, at every place: trains or reads runs, and writes docs/leaderboard.md.

    python benchmarks/leaderboard.py [--catalog usgs.csv.gz] [--set model.epochs=5] [--only tokyo,chile_m5]

The eight Japanese recipes and the six others, at M 4.5 and at M 5, then each with a pool of circles, and the pool of
the world. `--set` changes the networks of single places alone. A recipe that has a finished run of just these settings
on just this catalogue is not trained again, so the command may be stopped and given again; the page is written anew
after each recipe. The table stands as it comes out.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import mleq
from mleq import api, atomic, scores
from mleq.errors import MissingData, MleqError
from mleq.experiment.folder import complete_runs
from mleq.experiment.run import Run
from mleq.experiment.tasks import finished_run, material_and_hash
from mleq.forecast import family
from mleq.forecast.evaluation import NOT_METHODS, bootstrap
from mleq.scores.blocks import Blocks
from mleq.scores.intervals import block_interval
from mleq.scores.verdict import reference_title

JAPAN = ("tokyo", "niigata", "iwaki", "sendai", "sapporo", "nagoya", "nankai", "fukuoka")
WORLD = ("chile", "sumatra", "southern_california", "italy", "new_zealand", "greece")
ALONE = {"M 4.5": [*JAPAN, *WORLD], "M 5": [f"{name}_m5" for name in (*JAPAN, *WORLD)]}
POOLED = "M 4.5, with a pool of circles"
WHOLE = "Pools, all circles"
BELOW = ("target.magnitude=4", "target.allow_incomplete=true")
BLIND = ("model.boosting.detection=false", "model.network.detection=false")
WORLDS = ((), BELOW, BELOW + BLIND)
"""What the pool of the world is asked beside its own target: M 4, and M 4 blind to what the network detects."""
RESAMPLES = 2000
CLONE = Path(__file__).resolve().parents[1]


@dataclass
class Entry:
    """What the page says of one recipe: its run, or why there is none."""

    recipe_id: str
    changes: tuple[str, ...] = ()
    run: Run | None = None
    reason: str = ""
    tried: int = 0
    daily: pd.DataFrame | None = None
    gains: dict[str, dict] = field(default_factory=dict)
    verdict: str = ""


def main() -> int:
    asked = arguments()
    chosen = set(asked.only.split(",")) if asked.only else None
    entries: dict[str, list[Entry]] = {}
    for group, name, changes in places_asked(asked):
        if chosen is None or name in chosen:
            entry = entry_of(name, changes, asked)
            entries.setdefault(group, []).append(entry)
            atomic.write_text(asked.write, "\n".join(page(entries, asked)) + "\n")
            print(f"{called(entry) if group == WHOLE else name}: {entry.reason or entry.verdict}", flush=True)
    print(f"written to {asked.write}")
    return 0


def places_asked(asked: argparse.Namespace) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield the group, the recipe and its changes of all that stands on the page."""
    for group, names in ALONE.items():
        yield from ((group, name, tuple(asked.changes)) for name in names)
    yield from ((POOLED, f"{name}_best", ()) for name in (*JAPAN, *WORLD))
    yield from ((WHOLE, "world_best", changes) for changes in WORLDS)


def arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--catalog", type=Path, action="append", default=[], help="events from a file; else the store")
    words.add_argument("--data_dir", type=Path, default=None)
    words.add_argument("--out_dir", type=Path, default=Path("out"))
    words.add_argument("--set", dest="changes", action="append", default=[], metavar="PATH=VALUE")
    words.add_argument("--only", help="ids with commas between them")
    words.add_argument("--finished_only", action="store_true", help="train nothing: the page of what is there")
    words.add_argument("--write", type=Path, default=CLONE / "docs" / "leaderboard.md")
    return words.parse_args()


def entry_of(name: str, changes: tuple[str, ...], asked: argparse.Namespace) -> Entry:
    """Train a recipe or read its run; a recipe that is refused stands on the page with the reason."""
    try:
        recipe = api.check_network(name, CLONE / "recipe.json", changes=changes)
        events, catalog = material_and_hash(
            recipe, family, lambda: api.load_events(recipe, files=asked.catalog, data_dir=asked.data_dir)
        )
        place = finished_run(asked.out_dir, recipe, catalog)
        if place is None and asked.finished_only:
            return Entry(name, changes, reason="not trained with these settings yet; the same command goes on here.")
        if place is None or "etas" not in Run(place).summary["gain"]:
            place = api.train(recipe, events, out_dir=asked.out_dir, command=sys.argv, changes=changes).folder
    except MissingData:
        raise  # true of every place: nothing would be scored
    except MleqError as error:
        return Entry(name, changes, reason=str(error).splitlines()[0])
    run = Run(place)
    tried = {Run(one).record["recipe_sha256"] for one in complete_runs(asked.out_dir, name)}
    gains, verdict = gains_over_etas(run, recipe)
    return Entry(name, changes, run, tried=len(tried), daily=daily_gains(run), gains=gains, verdict=verdict)


def test_part(run: Run) -> pd.DataFrame:
    return run.forecasts.query("part == 'test'").drop(columns="part")


def methods_of(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name not in NOT_METHODS]


def gains_over_etas(run: Run, recipe) -> tuple[dict[str, dict], str]:
    """The gain of every method over ETAS, and the verdict on the network, on the same resamples."""
    table = test_part(run)
    scored = bootstrap(
        recipe, table["observed"].to_numpy(), {name: table[name].to_numpy() for name in methods_of(table)}
    )
    against = {name: scored.gain("probability", name) for name in methods_of(table) if name != "probability"}
    verdict = scores.verdict(against, days=scored.days, event_days=scored.event_days)
    return {name: scored.gain(name, "etas") for name in methods_of(table) if name != "etas"}, verdict


def daily_gains(run: Run) -> pd.DataFrame:
    """Gain over ETAS of each day, and whether it had an event, by date; its sums over places are what is pooled."""
    table = test_part(run).set_index("target_date")
    given = {
        name: np.log(np.where(table["observed"], table[name], 1 - table[name]).clip(scores.EPSILON))
        for name in methods_of(table)
    }
    gains = {name: values - given["etas"] for name, values in given.items() if name != "etas"}
    return pd.DataFrame(gains, index=table.index).assign(events=table["observed"].astype(float))


def pooled(entries: list[Entry]) -> dict[str, dict[str, float]]:
    """Gain per event-day over ETAS of all places together: summed within each day, whose blocks are drawn again."""
    tables = [entry.daily for entry in entries if entry.run]
    if not tables:
        return {}
    total = pd.concat(tables).groupby(level=0).sum()
    days = pd.date_range(total.index.min(), total.index.max(), freq="D")
    total = total.reindex(days, fill_value=0.0)
    events = total.pop("events").to_numpy()
    blocks = Blocks.drawn(len(days), scores.mean_block_days(len(days)), RESAMPLES, seed=1)
    drawn = blocks.indices()
    event_days = events[drawn].sum(axis=1)
    answer = {}
    for name in total.columns:
        gain = total[name].to_numpy()
        resampled = gain[drawn].sum(axis=1) / np.where(event_days > 0, event_days, np.nan)
        value = gain.sum() / events.sum() if events.any() else None
        answer[name] = block_interval(value, resampled, blocks, gain, events, level=0.95)
    return answer


def page(entries: dict[str, list[Entry]], asked: argparse.Namespace) -> list[str]:
    """The whole page in Markdown."""
    every = [entry for group in entries.values() for entry in group]
    runs = [entry.run for entry in every if entry.run]
    alone = sum(entry.tried for group in ALONE for entry in entries.get(group, []))
    lines = [
        "# Leaderboard",
        "",
        "Written by `make leaderboard`, as it came out. Gains are in nats over ETAS (`docs/etas.md`) on the same days",
        "of the test part, above zero where a method is better; 95 % intervals by the studentised stationary block",
        "bootstrap (`docs/scores.md`), paired. *Detectable* is the smallest gain that the days would have shown to be",
        "above zero in 80 % of cases. `this model` is the recipe's; the test part chose none of its settings.",
        "Pseudo-prospective, on a revised catalogue.",
        "",
        f"Written on {dt.datetime.now(dt.UTC):%Y-%m-%d} by mleq {mleq.__version__}; {len(runs)} recipes scored of "
        f"{len(every)}; configurations of the network of single places scored for this page, all recipes together: "
        f"{alone} (docs/best_chance.md and docs/sweep.md scored others on test parts of these places). Of how "
        "many the models of pools were chosen stands in `docs/candidate.md`.",
        "",
        f"Settings of single places changed: {', '.join(f'`{one}`' for one in asked.changes) or 'none'}.",
    ]
    known = ("start", "end", "sha256")
    catalogues = {tuple(run.summary["catalog"][key] for key in known) for run in runs}
    lines += ["", "Catalogues, by where recipes let them start:", ""]
    lines += [f"* {start[:10]} to {end[:10]}, snapshot sha256 `{sha[:16]}`" for start, end, sha in sorted(catalogues)]
    for group, some in entries.items():
        lines += ["", f"## {group}", *(whole_pools(every) if group == WHOLE else [*summary_table(some), *places(some)])]
    return lines


def whole_pools(entries: list[Entry]) -> list[str]:
    """What every pool gained on all its circles, and the pool of the world over each reference."""
    trained = [entry for entry in entries if entry.run and "pool" in entry.run.summary]
    lines = [
        "",
        "Days of all circles are drawn again whole. *Refitted* is the pool's own ETAS, with all parameters, background",
        "and productivity estimated again each year on what was past; *at its level* the same times what came lately",
        "in the whole pool over what it expected; *came* the circle-days with an event over those that were expected,",
        "with the 95 % band of a calibrated forecast.",
        "",
        "| pool | target | circles | days | event-days | over refitted ETAS | detectable | over it on circles that do "
        "not touch | over ETAS at its level | over long-term rate | came / expected |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [pool_row(entry) for entry in trained]
    for entry in (one for one in trained if one.recipe_id == "world_best"):
        pool = entry.run.summary["pool"]
        lines += [
            "",
            f"### {called(entry)}",
            "",
            f"Run `{entry.run.summary['run']}`.",
            "",
            "| gain of this model over | nats per event-day | detectable | circles that do not touch | detectable |",
            "|---|---|---|---|---|",
        ]
        for name, gain in pool["gain"].items():
            every, apart = (one["nats_per_event_day"] for one in (gain, pool["gain_disjoint"][name]))
            lines.append(
                f"| {title(name)} | {interval(every, 4)} | {detectable(every, 4)} | {interval(apart, 4)} "
                f"| {detectable(apart, 4)} |"
            )
    lost = [f"{called(entry)}: {entry.reason}" for entry in entries if entry.recipe_id == "world_best" and entry.reason]
    return lines + [line for reason in lost for line in ("", f"Not scored: {reason}")]


def pool_row(entry: Entry) -> str:
    """A pool's gains on all circles, as a row of a table."""
    summary = entry.run.summary
    pool, target, test = summary["pool"], summary["target"], summary["split"]["test"]
    gain = {name: pool["gain"][name]["nats_per_event_day"] for name in ("etas", "etas_leveled", "climatology")}
    total = pool["calibration"]["all"]["total"]
    cells = [
        called(entry),
        f"M {target['magnitude']:g}",
        f"{pool['circles']} of {target['radius_km']:g} km",
        f"{test['start']} to {test['end']}",
        f"{pool['event_days']:,}",
        interval(gain["etas"], 4),
        detectable(gain["etas"], 4),
        interval(pool["gain_disjoint"]["etas"]["nats_per_event_day"], 4),
        interval(gain["etas_leveled"], 4),
        interval(gain["climatology"], 4),
        f"{total['ratio']:.3f} ({total['band'][0]:.3f} to {total['band'][1]:.3f})",
    ]
    return "| " + " | ".join(cells) + " |"


def called(entry: Entry) -> str:
    """A recipe with what was changed of it."""
    return entry.recipe_id + "".join(f" `{change}`" for change in entry.changes if "allow_incomplete" not in change)


def summary_table(entries: list[Entry]) -> list[str]:
    """All places of a magnitude together, and at how many of them each method is significantly better or worse."""
    together = pooled(entries)
    if not together:
        return []
    lines = [
        "",
        "| method | nats per event-day, all places | detectable | better at | worse at | of |",
        "|---|---|---|---|---|---|",
    ]
    for name, gain in sorted(together.items(), key=lambda item: -item[1]["value"]):
        per_day = [entry.gains[name]["nats_per_day"] for entry in entries if name in entry.gains]
        known = [one for one in per_day if one["low"] is not None]
        better, worse = sum(one["low"] > 0 for one in known), sum(one["high"] < 0 for one in known)
        lines.append(f"| {title(name)} | {interval(gain)} | {detectable(gain)} | {better} | {worse} | {len(per_day)} |")
    return [
        *lines,
        "",
        "Places overlap, and days are drawn again with all places of that day. *Better* and *worse*: the interval of",
        "the gain per day lies on one side of zero.",
    ]


def places(entries: list[Entry]) -> list[str]:
    """A table for each place."""
    lines = []
    for entry in entries:
        lines += ["", f"### {entry.recipe_id}", ""]
        if entry.run is None:
            lines.append(f"Not scored: {entry.reason}")
            continue
        summary = entry.run.summary
        test, complete = summary["split"]["test"], summary["catalog"]["completeness_magnitude"]
        lines += [
            f"{test['start']} to {test['end']}: {test['days']:,} days, {test['positives']:,} with an event; "
            f"complete from M {complete:.1f}; {entry.tried} configuration{'s' if entry.tried > 1 else ''} "
            f"tried; run `{summary['run']}`.",
            "",
            entry.verdict,
            "",
            "| method | nats per day | detectable | nats per event-day | detectable | ROC-AUC |",
            "|---|---|---|---|---|---|",
        ]
        scored = {"probability": summary["scores"], **summary["references"]}
        ordered = sorted(entry.gains, key=lambda name: -entry.gains[name]["nats_per_day"]["value"])
        for name in ordered:
            gain = entry.gains[name]
            lines.append(
                f"| {title(name)} | {interval(gain['nats_per_day'], 4)} | {detectable(gain['nats_per_day'], 4)} "
                f"| {interval(gain['nats_per_event_day'])} | {detectable(gain['nats_per_event_day'])} "
                f"| {area(scored[name]['roc_auc'])} |"
            )
        lines.append(f"| ETAS | 0 | - | 0 | - | {area(scored['etas']['roc_auc'])} |")
    return lines


def title(name: str) -> str:
    return "**this model**" if name == "probability" else reference_title(name)


def interval(gain: dict[str, Any], digits: int = 3) -> str:
    if gain["value"] is None:
        return "-"
    value = f"{gain['value']:+.{digits}f}"
    return value if gain["low"] is None else f"{value} [{gain['low']:+.{digits}f}, {gain['high']:+.{digits}f}]"


def detectable(gain: dict[str, Any], digits: int = 3) -> str:
    return "-" if gain["detectable"] is None else f"{gain['detectable']:.{digits}f}"


def area(score: dict[str, Any]) -> str:
    return "-" if score["value"] is None else f"{score['value']:.3f}"


if __name__ == "__main__":
    logging.getLogger("mleq").setLevel(logging.ERROR)
    try:
        sys.exit(main())
    except MissingData as missing:
        sys.exit(f"leaderboard: {missing}")
