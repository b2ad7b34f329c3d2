"""Is skill ever found where there is none? On simulated ETAS catalogues, where the truth is known.

    python benchmarks/no_skill.py [--trials 200] [--seed 0]

Each trial simulates a catalogue as in the recipe `demo`, with a background and a seed of its own, and scores next-day
forecasts of M >= 3.5 on its test part through the same evaluation as every run. Catalogues with fewer than 20
event-days there, of which no verdict is given, are replaced by the next; how many is printed.

1. ETAS with the parameters and the background that made the catalogue, beside rules and models fitted to it. How often
   is the truth beaten significantly (lower end of the 95 % interval of the paired gain per day above zero: one-sided
   2.5 %)? Required: by any one model in at most 10 of 200 trials.
2. Boosted trees that were taught with shuffled labels. What is the verdict? Required: "No skill" or "Worse" in 95 %.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter

import numpy as np

from mleq import api, scores
from mleq.etas.areas import Circle, region_of
from mleq.etas.background import fault_like_background
from mleq.forecast.boosting import features_of, grow, tree_values
from mleq.forecast.etas_reference import EtasReference
from mleq.forecast.evaluation import bootstrap
from mleq.forecast.excitation import sigmoid
from mleq.forecast.features import FEATURES
from mleq.forecast.outcomes import outcomes
from mleq.forecast.references import fit_references
from mleq.scores.verdict import FEWEST_EVENT_DAYS

MODELS = ("climatology", "trailing_30", "trailing_365", "trailing_1500", "trailing_mix", "count", "omori", "boosting")
TREES, LEAVES = 20, 4  # few, so that what is learnt stays near climatology: noise that is loud is easily found out
ALLOWED = 0.05


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--trials", type=int, default=200)
    words.add_argument("--seed", type=int, default=0)
    asked = words.parse_args()
    began, beaten, verdicts, gains = time.process_time(), Counter(), Counter(), []
    seed, replaced = 1000 * (asked.seed + 1), 0
    for number in range(asked.trials):
        while (found := trial(seed := seed + 1)) is None:
            replaced += 1
        wins, verdict, gain = found
        beaten.update(wins)
        verdicts[verdict] += 1
        gains.append(gain)
        if sys.stderr.isatty() or number % 20 == 19:
            print(f"{number + 1} of {asked.trials} trials, {time.process_time() - began:.0f} s", file=sys.stderr)
    seconds = time.process_time() - began
    print(f"{asked.trials} simulated catalogues ({replaced} quiet ones replaced), {seconds:.0f} s of one core")
    print("\nETAS with the true parameters significantly beaten, in how many trials, and its mean gain (nats per day):")
    for name in MODELS:
        print(f"  by {name:<15}{beaten[name]:>4}   {np.mean([gain[name] for gain in gains]):+.4f}")
    print("\nverdict on trees taught with shuffled labels:")
    for words, count in verdicts.most_common():
        print(f"  {words:<12}{count:>4}")
    most = max(beaten.values(), default=0)
    honest = (verdicts["No skill"] + verdicts["Worse"]) / asked.trials
    print(f"\nmost often beaten in {most} of {asked.trials} (at most {ALLOWED:.0%}); no skill or worse in {honest:.1%}")
    return 0 if most <= ALLOWED * asked.trials and honest >= 1 - ALLOWED else 1


def trial(seed: int) -> tuple[list[str], str, dict[str, float]] | None:
    """One catalogue: which models beat the truth, the verdict on shuffled labels, the truth's gain over each model."""
    recipe = api.load_recipe("demo", changes=[f"catalog.seed={seed}", "target.magnitude=3.5"])
    events = api.load_events(recipe)
    found = outcomes(recipe, events)
    test = found.parts["test"]
    if found.target[test].sum() < FEWEST_EVENT_DAYS:
        return None
    fitted = fit_references(recipe, events, found, MODELS)
    dates, observed = found.dates[test], found.target[test]
    methods = {name: reference.probabilities(events, dates) for name, reference in fitted.items()}
    methods["etas"] = truth(recipe, events).probabilities(events, dates)
    methods["probability"] = taught_with_shuffled_labels(recipe, events, found, seed)
    scored = bootstrap(recipe, observed, methods)
    wins = [name for name in MODELS if (scored.gain(name, "etas")["nats_per_day"]["low"] or 0) > 0]
    gain = {name: scored.gain("etas", name)["nats_per_day"]["value"] for name in MODELS}
    against = {name: scored.gain("probability", name) for name in (*MODELS, "etas")}
    verdict = scores.verdict(against, days=observed.size, event_days=int(observed.sum()))
    opening = next(words for words in ("No skill", "Worse", "Better", "No verdict") if verdict.startswith(words))
    return wins, opening, gain


def truth(recipe, events) -> EtasReference:
    """ETAS with the parameters that the catalogue was simulated with."""
    made, target = recipe.catalog, recipe.target
    # The simulation draws its background first, so the same seed gives it again.
    background = fault_like_background(region_of(made.region), np.random.default_rng(made.seed))
    share = background.share_in(Circle(target.latitude, target.longitude, target.radius_km).outline())
    fit = {
        "fit_date": events.attrs["start"].isoformat(),
        "since": events.attrs["start"].isoformat(),
        "margin": [-90.0, 90.0, -180.0, 180.0],
        "parameters": {
            "background_per_day": made.mu,
            "productivity": made.A,
            "alpha": made.alpha,
            "c_days": made.c_days,
            "p": made.p,
            "d_km2": made.d_km2,
            "q": made.q,
            "gamma": made.gamma,
            "m0": made.min_magnitude,
        },
        "b_value": made.b_value,
        "magnitude_max": made.max_magnitude,
        "background_per_day": made.mu * share,
        "background_factor": 1.0,
        "productivity_factor": 1.0,
    }
    return EtasReference(target, [fit])


def taught_with_shuffled_labels(recipe, events, found, seed: int) -> np.ndarray:
    """Forecasts of the test part by boosted trees whose training labels were shuffled."""
    train, test = found.parts["train"], found.parts["test"]
    inputs = features_of(recipe.target, events, found.dates[np.concatenate([train, test])], list(FEATURES))
    labels = np.random.default_rng(seed).permutation(found.target[train])
    baseline, trees = grow(inputs[: train.size], labels, LEAVES, seed)
    return sigmoid(baseline + sum(tree_values(tree, inputs[train.size :]) for tree in trees[:TREES]))


if __name__ == "__main__":
    logging.getLogger("mleq").setLevel(logging.ERROR)
    sys.exit(main())
