"""Are probabilities right after RandomUnderSampler and after SMOTE, on days that nothing was fitted on?

    python benchmarks/calibration.py [--catalog usgs.csv.gz] [--recipes tokyo,chile] [--epochs 4] [--level_days 365]

On the simulated catalogue of `demo` and, where a catalogue is given, on `tokyo` or the places named, with a coarser
grid and a smaller network, so that it takes minutes. For each: mean forecast over observed frequency on the test
part, as the network says it, after calibration, and after that at the level of its last days
(`calibration.level_days`), beside the interval that drift allows; the expected calibration errors, and beside them the
one that a right forecast of as many days would show by chance (the mean of 200 draws by the chances at their level, of
days that do not depend on each other). Below each row: what the network says of the days that it learnt from, before
resampling.

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
from pathlib import Path

import numpy as np

from mleq import api, scores
from mleq.forecast import family
from mleq.forecast.evaluation import calibration_of
from mleq.forecast.forecasting import forecast_parts

METHODS = ("RandomUnderSampler", "SMOTE")
SMALLER = ["grid.rows=10", "grid.columns=15", "model.filters=8", "model.learning_rate=0.001"]


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--catalog", type=Path, help="file of events of places; without it only the simulation is tried")
    words.add_argument("--recipes", default="tokyo", help="places with commas between them")
    words.add_argument("--epochs", type=int, default=4)
    words.add_argument("--level_days", type=int, default=365)
    asked = words.parse_args()
    places = asked.recipes.split(",") if asked.catalog else []
    cases = [("demo", []), *((name, SMALLER) for name in places)]
    print("ratio: mean forecast / observed frequency on the test part; ECE: expected calibration error, 10 bins")
    header = f"{'recipe':<10}{'resampling':<20}{'ratio before':>13}{'after':>8}{'at level':>10}{'drift allows':>16}"
    print(f"{header}{'ECE before':>12}{'after':>8}{'at level':>10}{'chance':>8}{'Platt':>13}  well  at its level")
    held = []
    for name, changes in cases:
        for method in METHODS:
            settings = [*changes, f"model.epochs={asked.epochs}", f"calibration.level_days={asked.level_days}"]
            held.append(row(name, settings, method, asked.catalog))
    for which, what in enumerate(("after calibration", f"at the level of {asked.level_days} days")):
        print(f"{what}: {sum(one[which] for one in held)} of {len(held)} within the interval and with at most a third "
              "of the error")  # fmt: skip
    return 0 if all(one for one, _ in held) else 1


def row(name: str, changes: list[str], method: str, catalog: Path | None) -> tuple[bool, bool]:
    """Train a recipe after a way of resampling; print and judge its calibration on the test part."""
    recipe = api.load_recipe(name, changes=[*changes, f'resample=[{{"name": "{method}"}}]'])
    events = api.load_events(recipe, files=[catalog] if recipe.catalog.source == "usgs" else [])
    samples = family.make_samples(recipe, events)
    with tempfile.TemporaryDirectory() as work:
        learned = family.learner(recipe)(samples, events, work=Path(work), key=method)
    test = samples.parts["test"]
    observed = samples.target[test]
    table = forecast_parts(recipe, events, samples, learned, {}).query("part == 'test'")
    raw, leveled = table["uncalibrated"].to_numpy(), table["probability"].to_numpy()
    low, high = allowed(samples.target[np.r_[samples.parts["train"], samples.parts["validation"]]], observed)
    scored = [calibration_of(observed, one) for one in (raw, learned.calibrator(raw), leveled)]
    ratios = [one["mean_forecast"] / one["observed_frequency"] for one in scored]
    errors = [one["expected_calibration_error"] for one in scored]
    well = [low <= ratio <= high and error <= errors[0] / 3 for ratio, error in zip(ratios, errors, strict=True)][1:]
    platt = learned.calibrator.platt
    curve = "none" if platt is None else f"{platt.intercept:+.2f} {platt.slope:+.2f}"
    print(
        f"{name:<10}{method:<20}{ratios[0]:>13.2f}{ratios[1]:>8.2f}{ratios[2]:>10.2f}{f'{low:.2f} to {high:.2f}':>16}"
        f"{errors[0]:>12.3f}{errors[1]:>8.3f}{errors[2]:>10.3f}{by_chance(leveled):>8.3f}{curve:>13}  "
        f"{'yes' if well[0] else 'NO':<6}{'yes' if well[1] else 'NO'}",
    )
    train = samples.parts["train"]
    said, came = learned.uncalibrated(samples, train, recipe.model.batch_size), samples.target[train] > 0
    print(
        f"{'':20}of its training days, {came.mean():.3f} of them with an event, it says {said.mean():.3f} before "
        f"calibration: {said[came].mean():.3f} where one came, {said[~came].mean():.3f} where none did",
        flush=True,
    )
    return tuple(well)


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
