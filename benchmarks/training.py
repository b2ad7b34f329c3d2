"""How fast `mleq.experiment.training.fit` trains, beside a bare `model.fit` on one array in memory.

    python benchmarks/training.py

The same network (tokyo's), the same windows, batch size, shuffling and validation; the two take turns, each with a
network of its own from the same seed. Timed is the whole call: compiling, gathering, training, validating and,
here, storing the state after each epoch.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mleq import progress  # noqa: E402
from mleq.experiment.backend import device_names, load_keras  # noqa: E402
from mleq.experiment.classifier import fit  # noqa: E402
from mleq.experiment.network import build  # noqa: E402
from mleq.experiment.training_set import TrainingSet  # noqa: E402
from mleq.forecast.grid import grid_for  # noqa: E402
from mleq.forecast.networks import layers, operations_per_sample  # noqa: E402
from mleq.forecast.plan import OPERATIONS_PER_CORE  # noqa: E402
from mleq.forecast.samples import Samples, make_samples  # noqa: E402
from mleq.recipe import load_recipe  # noqa: E402
from mleq.registry import recipe_models  # noqa: E402

REAL_FILE = ROOT.parent / "shared" / "data" / "usgs_world_m4_1973_2015.csv.gz"
SEED = 4126


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--windows", type=int, default=4000, help="training windows")
    options.add_argument("--validation", type=int, default=400, help="validation windows")
    options.add_argument("--epochs", type=int, default=1, help="epochs in each turn")
    options.add_argument("--repeats", type=int, default=3, help="turns of each")
    given = options.parse_args()
    recipe = load_recipe("tokyo", ROOT / "recipe.json", models=recipe_models)
    samples, source = windows_of(recipe, given.windows + given.validation)
    train = np.arange(given.windows)
    validation = np.arange(given.windows, len(samples))
    settings = recipe.model.model_copy(update={"epochs": given.epochs, "patience": given.epochs})
    print(f"{source}; {given.windows} windows to train on, {given.validation} to validate, {device_names()[0]}")

    counting = Counting(samples, given.windows, settings.batch_size)
    training = TrainingSet(samples.target[train], indices=train)
    arrays = [(samples.batch(part), samples.target[part].astype(np.float32)[:, None]) for part in (train, validation)]
    ours(recipe, counting, TrainingSet(samples.target[:64], indices=train[:64]), validation[:32], settings)
    rates: dict[str, list[float]] = {"mleq": [], "bare": []}
    for _ in range(given.repeats):
        seconds = bare(recipe, samples.sample_shape, arrays, settings)
        rates["bare"].append(given.windows * given.epochs / seconds)
        seconds = ours(recipe, counting, training, validation, settings)
        rates["mleq"].append(given.windows * given.epochs / seconds)
        print("  ".join(f"{name} {values[-1]:.1f} samples/s" for name, values in rates.items()), flush=True)

    ratio = np.median(rates["mleq"]) / np.median(rates["bare"])
    pairs = np.divide(rates["mleq"], rates["bare"])
    print(f"throughput: {ratio:.3f} of the bare fit (turn by turn {pairs.min():.3f} to {pairs.max():.3f})")
    forward = operations_per_sample(recipe.model, samples.sample_shape)
    operations = forward * (3 * given.windows * given.epochs + given.validation * given.epochs) / given.windows
    rate = operations * np.median(rates["mleq"]) / given.epochs / (os.cpu_count() or 1)
    print(f"operations: {rate:.1e} a second and core (the plan of `mleq check` counts on {OPERATIONS_PER_CORE:.0e})")
    in_array = sum(inputs.nbytes for inputs, _ in arrays)
    in_flight = counting.most_in_flight * int(np.prod(samples.sample_shape)) * 4
    held = samples.heatmaps.nbytes + in_flight
    print(f"data memory, bare: {in_array / 1e6:.1f} MB, one array of each part (Keras's own copy not counted)")
    print(
        f"data memory, mleq: {held / 1e6:.1f} MB, {samples.heatmaps.nbytes / 1e6:.1f} of daily maps and "
        f"{in_flight / 1e6:.1f} of windows gathered and not yet trained on"
    )
    print(f"data memory: {held / in_array:.3f} of the bare fit's")


def windows_of(recipe, n: int) -> tuple[Samples, str]:
    """The first n samples of tokyo on the real catalogue, or of random maps with about as many events."""
    if REAL_FILE.is_file():
        from mleq.catalog.load import load_events

        whole = make_samples(recipe, load_events(recipe.catalog, files=[REAL_FILE]))
        heatmaps, dates, target, source = whole.heatmaps, whole.dates, whole.target, REAL_FILE.name
        n = min(n, len(whole))
    else:
        rng = np.random.default_rng(SEED)
        n_days = n + recipe.grid.window_days
        filled = rng.random((n_days, recipe.grid.rows, recipe.grid.columns, 1)) < 0.03
        heatmaps = (filled * rng.random((*filled.shape[:3], 3)) * (8, 5, 100)).astype(np.float32)
        dates = np.datetime64("1980-01-16") + np.arange(n)
        target, source = rng.random(n) < 0.1, "random maps (no real catalogue beside this checkout)"
    scale = recipe.grid.scale
    samples = Samples(
        heatmaps=heatmaps[: n + recipe.grid.window_days].copy(),
        first_day=dates[0] - recipe.grid.window_days,
        dates=dates[:n],
        target=target[:n],
        parts={},
        window_days=recipe.grid.window_days,
        scale=(scale.magnitude, scale.frequency, scale.depth_km),
        timezone=recipe.target.timezone,
        grid=grid_for(recipe),
    )
    return samples, source


class Counting:
    """Samples that count the training windows gathered, and a sink for progress that counts those trained on."""

    def __init__(self, samples: Samples, n_train: int, batch_size: int):
        self.samples, self.target = samples, samples.target
        self.n_train, self.batch_size = n_train, batch_size
        self.in_flight, self.most_in_flight = 0, 0

    def batch(self, indices):
        """Gather windows, as Samples do."""
        if indices[0] < self.n_train:
            self.in_flight += len(indices)
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        return self.samples.batch(indices)

    def open(self, label, total, unit):
        """Begin a call of `fit`."""
        self.in_flight = 0
        return self

    def advance(self, amount=1, note=""):
        """Count one batch as trained on."""
        self.in_flight -= self.batch_size * amount

    def close(self):
        """End a call of `fit`."""


def ours(recipe, counting: Counting, training: TrainingSet, validation: np.ndarray, settings) -> float:
    """Seconds of one call of `fit`."""
    model = build(layers(recipe.model), counting.samples.sample_shape, seed=SEED)
    with tempfile.TemporaryDirectory() as folder, progress.show_with(counting):
        begin = time.perf_counter()
        fit(model, counting, training, validation, settings, work_folder=folder, seed=SEED, key="benchmark")
        return time.perf_counter() - begin


def bare(recipe, sample_shape, arrays, settings) -> float:
    """Seconds of one call of `model.fit` on arrays."""
    model = build(layers(recipe.model), sample_shape, seed=SEED)
    begin = time.perf_counter()
    model.compile(optimizer=load_keras().optimizers.Adam(settings.learning_rate), loss="binary_crossentropy")
    (inputs, target), held_out = arrays
    model.fit(
        inputs,
        target,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        validation_data=held_out,
        shuffle=True,
        verbose=0,
    )
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
