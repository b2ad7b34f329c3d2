"""What is a model worth that learns from 425 circles at once? Gains over ETAS, and whether stated chances come true.

    python benchmarks/pool_skill.py [--catalog FILE] [--part test] [--magnitude 5] [--set model.detection=false]…

Trains the recipe `world_best` (or `--recipe_id`) on a catalogue and scores all circles of its pool on a part of the
days: `validation` is for choosing, `test` for the end. Fits of ETAS and features are kept in `--data_dir`. At M 4 the
target is below completeness; what is gained there is partly a forecast of the network of stations. The last line is a
row for docs/leaderboard_pool.md.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from pathlib import Path

from mleq import api
from mleq.catalog.events import identity
from mleq.experiment.run import run_key
from mleq.forecast.outcomes import outcomes
from mleq.forecast.pool import learning
from mleq.forecast.pool.forecaster import answer
from mleq.forecast.pool.material import prepare
from mleq.forecast.pool.scoring import evaluate_pool
from mleq.forecast.pool.world import World

MEMBERS = ("boosting", "network")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--catalog", type=Path, action="append", default=[])
    words.add_argument("--recipe_id", default="world_best")
    words.add_argument("--part", choices=("validation", "test"), default="test")
    words.add_argument("--magnitude", type=float, default=5.0)
    words.add_argument("--horizon", type=int, default=1)
    words.add_argument("--set", dest="changes", action="append", default=[])
    words.add_argument("--data_dir", type=Path, default=Path("data"))
    words.add_argument("--work", type=Path, default=Path("out/pool_skill"))
    words.add_argument("--json", type=Path, help="keep all scores in this file")
    asked = words.parse_args()
    logging.getLogger("mleq").setLevel(logging.WARNING)
    target = [f"target.magnitude={asked.magnitude}", f"target.horizon_days={asked.horizon}"]
    if asked.magnitude < 5:
        target.append("target.allow_incomplete=true")
    recipe = api.load_recipe(asked.recipe_id, changes=[*target, *asked.changes])
    events = api.load_events(recipe, files=asked.catalog, data_dir=asked.data_dir)
    began = time.process_time()
    found = outcomes(recipe, events)
    material = prepare(recipe, events, found)
    prepared = time.process_time()
    key = run_key(recipe, identity(events))
    if asked.part == "validation":  # models that are learnt later are not needed, and their days are not looked at
        material.parts["test"] = slice(material.pool.n_days, material.pool.n_days)
    model = learning.learn(recipe, material, work=asked.work, key=key)
    learnt = time.process_time()
    answers = answer(model, World.of(recipe, model, events), material.parts[asked.part], material.parts["train"])
    scores = evaluate_pool(answers, horizon_days=asked.horizon, seed=recipe.seed)
    print(f"{recipe.one_line}; pool of {len(material.pool.circles)} circles, {asked.part} part")
    print(f"model {model.summary}")
    print(f"seconds of CPU: ETAS and features {prepared - began:.0f}, learning {learnt - prepared:.0f}, "
          f"forecasts and scores {time.process_time() - learnt:.0f}")  # fmt: skip
    show(scores)
    print(row(recipe, events, answers, scores))
    if asked.json:
        asked.json.write_text(json.dumps(scores, indent=1))


def show(scores: dict) -> None:
    """Print the scores as tables."""
    print(f"{scores['days']} days, {scores['event_days']} circle-days with an event; {scores['overlapping']:.0%} of "
          f"the circles overlap, {scores['disjoint_circles']} do not touch")  # fmt: skip
    print(
        "gain, nats per event-day, 95 % interval of whole days in blocks; smallest that 80 % of such tests would show"
    )
    for title, table in (("", "gain"), ("circles that do not touch", "gain_disjoint"), ("ETAS itself", "etas_gain")):
        for name, one in scores[table].items():
            print(f"  {title:<26}over {name:<18}{said(one['nats_per_event_day'])}")
    for name, one in scores["within_between"].items():
        print(f"  over etas, {name.replace('_', ' '):<18}{said(one)}")
    for name, areas in scores["auc"].items():
        print(f"  AUC of {name:<14}" + ", ".join(f"{key} {value:.4f}" for key, value in areas.items()))
    for name, table in scores["calibration"].items():
        print(f"calibration, {name.replace('_', ' ')}")
        for row in [*table["classes"], table["total"]]:
            span = f"{row['low']:.3f} to {row['high']:.3f}" if "low" in row else "all together"
            print(f"  {span:<16}{row['circle_days']:>9,} days: expected {row['expected']:8.1f}, observed "
                  f"{row['observed']:>6,}, ratio {row['ratio']:.3f}, band {row['band'][0]:.3f} to {row['band'][1]:.3f}"
                  f"{'' if row['inside'] else '  OUTSIDE'}")  # fmt: skip
    ten = scores["stated_ten_percent"]
    print(f"a stated {ten['mean_forecast']:.1%} came true {ten['came_true']:.1%} of {ten['circle_days']:,} times")


def row(recipe, events, answers, scores: dict) -> str:
    """The result as a row of a table: columns as in docs/leaderboard_pool.md."""
    over = [scores["gain"][name]["nats_per_event_day"] for name in ("etas", "etas_frozen", "climatology")]
    apart = scores["gain_disjoint"]["etas"]["nats_per_event_day"]
    cells = [
        recipe.model.name
        + ("" if sees_detection(recipe.model) else ", blind to detection")
        + (" at its level" if recipe.pool.level_days else ""),
        f"M {recipe.target.magnitude:g}, {recipe.target.horizon_days} d",
        f"{scores['circles']} of {recipe.target.radius_km:g} km",
        f"{answers.dates[0]} to {answers.dates[-1]}",
        f"{scores['event_days']:,}",
        *(said(one).split("], ")[0] + "]" for one in over),
        said(apart).split("], ")[0] + "]",
        f"{over[0]['detectable']:.4f}" if over[0]["low"] is not None else "-",
        identity(events)[:8],
    ]
    return "| " + " | ".join(cells) + " |"


def sees_detection(model) -> bool:
    """Whether a model sees how many small events are recorded beside large ones."""
    return all(getattr(one, "detection", True) for one in (model, *(getattr(model, n, model) for n in MEMBERS)))


def said(gain: dict) -> str:
    """A value with its interval."""
    if gain["value"] is None or gain["low"] is None:
        return f"{gain['value']} ({gain.get('reason')})"
    return f"{gain['value']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}], {gain['detectable']:.4f}"


if __name__ == "__main__":
    main()
