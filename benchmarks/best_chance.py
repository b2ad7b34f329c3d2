"""The original experiment's network, given its best chance at one place: what helps it, and where it ends.

    python benchmarks/best_chance.py [--recipe_id tokyo] [--catalog usgs.csv.gz] [--out_dir out/best_chance]

One setting at a time is changed: window, extent, learning rate, how the few event-days are evened out, filters. Each
configuration is trained on the training part and judged by its log score on the validation part (after the shift of the
prior, at its best epoch). In each group the change that helped most is kept, and all kept ones are tried together. The
configuration that was best on validation is then trained as a whole run, and the test part is read, once. What is
finished is kept in --out_dir and not done again. Written to docs/best_chance.md.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import logging
import sys
import tempfile
from pathlib import Path

import numpy as np

from mleq import api, atomic, scores
from mleq.catalog.events import identity
from mleq.errors import MissingData
from mleq.experiment.run import Run
from mleq.experiment.tasks import finished_run, material_and_hash
from mleq.forecast import family
from mleq.forecast.evaluation import NOT_METHODS, bootstrap

CLONE = Path(__file__).resolve().parents[1]
BASE = {
    "grid.rows": 10,
    "grid.columns": 15,
    "model.filters": 8,
    "model.learning_rate": 0.001,
    "model.epochs": 10,
    "model.patience": 3,
}
ALL_DAYS: list = []
GROUPS = {
    "window": [{"grid.window_days": 5}, {"grid.window_days": 30}],
    "extent": [{"grid.extent": {"degrees": degrees}} for degrees in (6, 20)],
    "learning rate": [{"model.learning_rate": rate} for rate in (0.0001, 0.003)],
    "few event-days": [{"resample": steps} for steps in (ALL_DAYS, [{"name": "class_weight"}], [{"name": "SMOTE"}])],
    "filters": [{"model.filters": 16}],
}


def main() -> int:
    asked = arguments()
    events = api.load_events(api.load_recipe(asked.recipe_id, CLONE / "recipe.json"), files=asked.catalog)
    trials = [("as it is", {})]
    trials += [(f"{group}: {words(change)}", change) for group, some in GROUPS.items() for change in some]
    found = {name: validated(asked, events, change, name) for name, change in trials}
    together = kept_changes(found)
    if len(together) > 1:
        name = "together: " + "; ".join(map(words, together))
        trials.append((name, {key: value for change in together for key, value in change.items()}))
        found[name] = validated(asked, events, trials[-1][1], name)
    best, change = min(trials, key=lambda trial: found[trial[0]])
    atomic.write_text(asked.write, "\n".join(page(asked, events, found, best, tested(asked, events, change))) + "\n")
    print(f"written to {asked.write}")
    return 0


def arguments() -> argparse.Namespace:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--recipe_id", default="tokyo")
    given.add_argument("--catalog", type=Path, action="append", default=[], help="events from a file; else the store")
    given.add_argument("--out_dir", type=Path, default=Path("out") / "best_chance")
    given.add_argument("--write", type=Path, default=CLONE / "docs" / "best_chance.md")
    return given.parse_args()


def words(change: dict) -> str:
    return ", ".join(f"`{key}={json.dumps(value)}`" for key, value in change.items())


def settings(change: dict) -> list[str]:
    return [f"{key}={json.dumps(value)}" for key, value in {**BASE, **change}.items()]


def recipe_of(asked: argparse.Namespace, change: dict):
    return api.load_recipe(asked.recipe_id, CLONE / "recipe.json", changes=settings(change))


def validated(asked: argparse.Namespace, events, change: dict, name: str) -> float:
    """Log score on the validation part of a configuration, from its file or by training it."""
    recipe = recipe_of(asked, {**change, "calibration.method": "prior_shift"})
    key = hashlib.sha256(recipe.model_dump_json().encode() + identity(events).encode()).hexdigest()
    kept = asked.out_dir / f"{asked.recipe_id}-{key[:16]}.json"
    if kept.exists():
        return json.loads(kept.read_text())["validation_log_score"]
    samples = family.make_samples(recipe, events)
    with tempfile.TemporaryDirectory() as work:
        learned = family.learner(recipe)(samples, events, work=Path(work), key=key)
    value = float(learned.fitted.history["validation_log_loss"].min())
    kept.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_json(kept, {"configuration": name, "validation_log_score": value})
    print(f"{value:.4f}  {name}", flush=True)
    return value


def kept_changes(found: dict[str, float]) -> list[dict]:
    """Of each group the change that helped most, where one helped."""
    kept = []
    for group, some in GROUPS.items():
        change = min(some, key=lambda change: found[f"{group}: {words(change)}"])
        if found[f"{group}: {words(change)}"] < found["as it is"]:
            kept.append(change)
    return kept


def tested(asked: argparse.Namespace, events, change: dict) -> tuple[scores.BlockBootstrap, str]:
    """Train the chosen configuration as a whole run; its test part beside all references."""
    recipe = recipe_of(asked, change)
    catalog = material_and_hash(recipe, family, lambda: events)[1]
    place = finished_run(asked.out_dir, recipe, catalog)
    run = Run(place) if place else api.train(recipe, events, out_dir=asked.out_dir, changes=settings(change))
    test = run.forecasts.query("part == 'test'")
    methods = {name: test[name].to_numpy() for name in test.columns if name not in NOT_METHODS}
    return bootstrap(recipe, test["observed"].to_numpy(), methods), run.summary["verdict"]


def page(asked: argparse.Namespace, events, found: dict[str, float], best: str, result) -> list[str]:
    scored, verdict = result
    samples = family.make_samples(recipe_of(asked, {}), events)
    train, validation = (samples.target[samples.parts[part]] for part in ("train", "validation"))
    base = scores.log_score(validation, np.full(validation.size, train.mean()))
    today = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    lines = [
        "# The original network, given its best chance",
        "",
        f"Written by `python benchmarks/best_chance.py` on {today}; recipe `{asked.recipe_id}`,",
        f"catalogue snapshot sha256 `{identity(events)[:16]}`; {len(found)} configurations tried.",
        f"Changed in all of them, to be trained in minutes: {words(BASE)}.",
        "",
        f"Log score on the validation part, the less the better; the training part's rate alone scores {base:.4f}.",
        "",
        "| configuration | log score |",
        "|---|---|",
    ]
    lines += [f"| {name} | {found[name]:.4f} |" for name in sorted(found, key=found.get)]
    lines += [
        "",
        f"Chosen: {best}. On the test part ({scored.days:,} days, {scored.event_days} with an event):",
        "",
        verdict,
    ]
    lines += ["", "| gain over | nats per day | detectable |", "|---|---|---|"]
    for name in scored.values:
        if name != "probability":
            gain = scored.gain("probability", name)["nats_per_day"]
            lines.append(f"| {name.replace('_', ' ')} | {interval(gain)} | {gain['detectable']:.4f} |")
    return lines


def interval(gain: dict) -> str:
    return f"{gain['value']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]"


if __name__ == "__main__":
    logging.getLogger("mleq").setLevel(logging.ERROR)
    try:
        sys.exit(main())
    except MissingData as missing:
        sys.exit(f"best_chance: {missing}")
