"""Are probabilities right after RandomUnderSampler and after SMOTE, on days that nothing was fitted on?

    python benchmarks/calibration.py [--catalog usgs.csv.gz] [--recipes tokyo,chile] [--epochs 4] [--levels 365,auto]

On the simulated catalogue of `demo` and, where a catalogue is given, on `tokyo` or the places named, with a coarser
grid and a smaller network, so that it takes minutes. For each: mean forecast over observed frequency on the test
part, as the network says it, after calibration, and after that at the levels asked for (`calibration.level_days`; what
`auto` chose on out-of-fold days stands below), beside the interval that drift allows; the expected calibration errors,
and beside them the one that a right forecast of as many days would show by chance (the mean of 200 draws by the
chances at the last level, of days that do not depend on each other). `well`: the ratio lies within the interval, and
the error is at most a third of what it was before. Below each row: what the network says of the days that it learnt
from, before resampling.

The interval: a forecast cannot know how the base rate changes between the days that it learns from and the test part.
One that carries the earlier rate on has the ratio (earlier frequency / test frequency), one that foresees the change
has 1; both frequencies are uncertain, and the interval spans the 95 % stationary-bootstrap intervals (2,000 resamples,
blocks of 60 days on average) of either.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from mleq import api, scores
from mleq.forecast import family
from mleq.forecast.evaluation import calibration_of
from mleq.forecast.forecasting import forecast_parts
from mleq.forecast.leveling import Level

METHODS = ("RandomUnderSampler", "SMOTE")
SMALLER = ["grid.rows=10", "grid.columns=15", "model.filters=8", "model.learning_rate=0.001"]


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--catalog", type=Path, help="file of events of places; without it only the simulation is tried")
    words.add_argument("--recipes", default="tokyo", help="places with commas between them")
    words.add_argument("--epochs", type=int, default=4)
    words.add_argument("--levels", default="365,auto", help="values of calibration.level_days with commas between them")
    asked = words.parse_args()
    places, levels = asked.recipes.split(",") if asked.catalog else [], asked.levels.split(",")
    cases = [("demo", []), *((name, SMALLER) for name in places)]
    steps = ["after", *levels]
    print("ratio: mean forecast / observed frequency on the test part; ECE: expected calibration error, 10 bins")
    each = "".join(f"{step:>8}" for step in steps)
    print(f"{'recipe':<10}{'resampling':<20}{'ratio before':>13}{each}{'drift allows':>16}{'ECE before':>12}{each}"
          f"{'chance':>8}  well: {' '.join(f'{step:<6}' for step in steps)}")  # fmt: skip
    held = []
    for name, changes in cases:
        for method in METHODS:
            held.append(row(name, [*changes, f"model.epochs={asked.epochs}"], method, levels, asked.catalog))
    for which, step in enumerate(steps):
        what = "after calibration" if which == 0 else f"at the level of {step} days"
        print(f"{what}: {sum(one[which] for one in held)} of {len(held)} within the interval and with at most a third "
              "of the error")  # fmt: skip
    return 0 if all(one[0] for one in held) else 1


def row(name: str, changes: list[str], method: str, levels: list[str], catalog: Path | None) -> list[bool]:
    """Train a recipe after a way of resampling; print and judge its calibration on the test part, step by step."""
    recipes = [
        api.load_recipe(name, changes=[*changes, f'resample=[{{"name": "{method}"}}]', f"calibration.level_days={one}"])
        for one in levels
    ]
    recipe = recipes[-1]
    events = api.load_events(recipe, files=[catalog] if recipe.catalog.source == "usgs" else [])
    samples = family.make_samples(recipe, events)
    with tempfile.TemporaryDirectory() as work:
        learned = family.learner(recipe)(samples, events, work=Path(work), key=method)
    test, train = samples.parts["test"], samples.parts["train"]
    observed = samples.target[test]
    said, chosen = {}, ""
    for one, asked in zip(recipes, levels, strict=True):
        level = Level.of(one, samples, learned.out_of_fold)
        table = forecast_parts(one, events, samples, replace(learned, level=level), {}).query("part == 'test'")
        said[asked] = table["probability"].to_numpy()
        if asked == "auto":
            chosen = f"; auto: {f'{level.days} days, {level.prior:g} event-days' if level else 'no level'}"
    raw = table["uncalibrated"].to_numpy()
    low, high = allowed(samples.target[np.r_[train, samples.parts["validation"]]], observed)
    scored = [calibration_of(observed, one) for one in (raw, learned.calibrator(raw), *said.values())]
    ratios = [one["mean_forecast"] / one["observed_frequency"] for one in scored]
    errors = [one["expected_calibration_error"] for one in scored]
    well = [low <= ratio <= high and error <= errors[0] / 3 for ratio, error in zip(ratios, errors, strict=True)][1:]
    verdicts = " ".join(f"{'yes' if one else 'NO':<6}" for one in well)
    print(
        f"{name:<10}{method:<20}{ratios[0]:>13.2f}{''.join(f'{one:>8.2f}' for one in ratios[1:])}"
        f"{f'{low:.2f} to {high:.2f}':>16}{errors[0]:>12.3f}{''.join(f'{one:>8.3f}' for one in errors[1:])}"
        f"{by_chance(said[levels[-1]]):>8.3f}        {verdicts}",
    )
    before, came = learned.uncalibrated(samples, train, recipe.model.batch_size), samples.target[train] > 0
    platt = learned.calibrator.platt
    curve = "no curve" if platt is None else f"Platt's curve {platt.intercept:+.2f} {platt.slope:+.2f}"
    print(
        f"{'':10}of its training days, {came.mean():.3f} of them with an event, it says {before.mean():.3f} before "
        f"calibration: {before[came].mean():.3f} where one came, {before[~came].mean():.3f} where none did; "
        f"{curve}{chosen}",
        flush=True,
    )
    return well


def by_chance(probability: np.ndarray) -> float:
    """Mean expected calibration error of a right forecast of these chances."""
    rng = np.random.default_rng(3)
    draws = (rng.random(probability.size) < probability for _ in range(200))
    return float(np.mean([scores.expected_calibration_error(came, probability) for came in draws]))


def allowed(earlier: np.ndarray, observed: np.ndarray) -> tuple[float, float]:
    """The interval of ratios that drift and chance allow; see above."""
    before = resampled_means(earlier, seed=1)
    frequency = np.maximum(resampled_means(observed, seed=2), 0.5 / observed.size)
    ends = [np.quantile(ratio / frequency, (0.025, 0.975)) for ratio in (before, observed.mean())]
    return float(np.min(ends)), float(np.max(ends))


def resampled_means(days: np.ndarray, seed: int) -> np.ndarray:
    """Means of 2,000 stationary resamples of days."""
    return days[scores.stationary_indices(days.size, 60, 2000, seed)].mean(axis=1)


if __name__ == "__main__":
    logging.getLogger("mleq").setLevel(logging.ERROR)
    sys.exit(main())
