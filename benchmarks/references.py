"""What each reference costs and says for tokyo on the real catalogue.

    python benchmarks/references.py [--recipe_id tokyo] [--catalog FILE] [--test]

Each is fitted and asked for all days of the validation and test parts in a process of its own, one thread: seconds of
processor time of both, and the memory that it needed above what the catalogue takes. Log scores are those of the
validation part; with --test those of the test part too, which is for the end: nothing may be chosen by them.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import time
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from mleq.catalog.load import load_events  # noqa: E402
from mleq.forecast.references import REFERENCES  # noqa: E402
from mleq.forecast.samples import make_samples  # noqa: E402
from mleq.recipe import load_recipe  # noqa: E402
from mleq.registry import recipe_models  # noqa: E402
from mleq.scores import log_score  # noqa: E402

REAL_FILE = ROOT.parent / "shared" / "data" / "usgs_world_m4_1973_2015.csv.gz"


def measured(name: str, recipe, events, samples, parts: list[str]) -> dict:
    """Fit and ask one reference, in this process."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    fitted = REFERENCES[name][1](recipe, events, samples)
    fit, began = time.process_time() - began, time.process_time()
    forecast = {part: fitted.probabilities(events, samples.dates[samples.parts[part]]) for part in parts}
    ask = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    said = {part: (log_score(samples.target[samples.parts[part]], p), p.mean()) for part, p in forecast.items()}
    return {"fit": fit, "ask": ask, "memory_mb": memory / 1024, "said": said}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--recipe_id", default="tokyo")
    options.add_argument("--catalog", type=Path, metavar="FILE", default=REAL_FILE)
    options.add_argument("--test", action="store_true", help="show the test part's log scores too")
    given = options.parse_args()
    recipe = load_recipe(given.recipe_id, ROOT / "recipe.json", models=recipe_models)
    if recipe.catalog.source == "simulated":
        events = load_events(recipe.catalog)
    elif given.catalog.is_file():
        events = load_events(recipe.catalog, files=[given.catalog])
    else:
        print(f"{given.catalog} is not there: nothing to measure")
        return
    samples = make_samples(recipe, events)
    days = {part: len(samples.parts[part]) for part in ("validation", "test")}
    shown = ["validation", "test"] if given.test else ["validation"]
    print(f"{recipe.id}: {len(events):,} events; forecasts of {sum(days.values()):,} days, one thread")
    for part in shown:
        target = samples.target[samples.parts[part]]
        print(f"{part}: {len(target):,} days, {np.mean(target):.4f} of them with an event")
    heads = "".join(f"{'log score, ' + part:>24}{'mean':>8}" for part in shown)
    print(f"{'reference':<16}{'fit, s':>8}{'ask, s':>8}{'MB':>7}{heads}")
    # A forked process shares the catalogue, and its peak of memory is its own.
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        for name in REFERENCES:
            row = pool.apply(measured, (name, recipe, events, samples, ["validation", "test"]))
            said = "".join(f"{row['said'][part][0]:>24.5f}{row['said'][part][1]:>8.4f}" for part in shown)
            print(f"{name:<16}{row['fit']:>8.2f}{row['ask']:>8.2f}{row['memory_mb']:>7.0f}{said}", flush=True)


if __name__ == "__main__":
    main()
