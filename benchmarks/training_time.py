"""What `check` says that a training will take, beside what it takes.

    python benchmarks/training_time.py [--catalog FILE] [--whole demo]

The last fit of ETAS of each region of the shelf, one thread: pairs of a target and an earlier event, seconds of
processor time, and those that the constants of `mleq/forecast/cost.py` say; then the constants that these fits would
choose (least squares of relative errors). With --whole, recipes are checked and trained in a folder of their own:
seconds that `check` says, for a machine that is free and for one that does other work too, and seconds that went by.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from scipy.optimize import nnls  # noqa: E402

from mleq.catalog.load import load_events  # noqa: E402
from mleq.forecast.cost import FIT_S, PAIR_S, counted  # noqa: E402
from mleq.forecast.etas_reference import fit_circle, schedule_of, that_count  # noqa: E402
from mleq.forecast.samples import outcomes  # noqa: E402
from mleq.recipe import load_recipe  # noqa: E402
from mleq.registry import recipe_models  # noqa: E402

REAL_FILE = ROOT.parent / "shared" / "data" / "usgs_world_m4_1973_2015.csv.gz"
REGIONS = ("tokyo", "niigata", "iwaki", "sendai", "sapporo", "nagoya", "nankai", "fukuoka", "chile", "sumatra",
           "southern_california", "italy", "new_zealand", "greece")  # fmt: skip


def fits(catalog: Path) -> np.ndarray:
    """Print the last fit of each region; pairs of events and seconds of processor time, shape (n, 2)."""
    print(f"{'region':<22}{'date':>12}{'targets':>9}{'pairs':>13}{'took, s':>9}{'said, s':>9}{'ratio':>7}")
    rows = []
    for name in REGIONS:
        recipe = load_recipe(name, ROOT / "recipe.json", models=recipe_models)
        events = load_events(recipe.catalog, files=[catalog])
        date, known = schedule_of(recipe, outcomes(recipe, events))[-1], that_count(events, recipe.target)
        targets, _, pairs = counted(known, recipe.target, date)
        began = time.process_time()
        fit_circle(known, recipe.target, date)
        took, said = time.process_time() - began, FIT_S + PAIR_S * pairs
        print(f"{name:<22}{date.date()!s:>12}{targets:>9,}{pairs:>13,}{took:>9.2f}{said:>9.2f}{took / said:>7.2f}",
              flush=True)  # fmt: skip
        rows.append((pairs, took))
    return np.array(rows, float)


def chosen(pairs: np.ndarray, seconds: np.ndarray) -> None:
    """Print the constants that these fits would choose."""
    share = np.column_stack([1 / seconds, pairs / seconds])
    (each, of_pair), _ = nnls(share, np.ones(len(seconds)))
    ratio = seconds / (each + of_pair * pairs)
    print(f"these fits would choose {each:.2f} s and {of_pair:.1e} s a pair (in use: {FIT_S:g}, {PAIR_S:g}); "
          f"they took {ratio.min():.2f} to {ratio.max():.2f} times that")  # fmt: skip


def whole(recipe_id: str, catalog: Path) -> None:
    """Check and train a recipe, and print what was said and what it took."""
    with tempfile.TemporaryDirectory() as folder:

        def done(*words: str) -> str:
            given = ["--recipe", str(ROOT / "recipe.json")]
            if recipe_id != "demo":
                given += ["--catalog", str(catalog)]
            line = [sys.executable, str(ROOT / "cmd" / words[0]), "--recipe_id", recipe_id, *words[1:], *given]
            return subprocess.run(line, cwd=folder, check=True, capture_output=True, text=True).stdout

        low, high = json.loads(done("check", "--json"))["seconds_in_all"]
        began = time.perf_counter()
        done("train", "-q")
        took = time.perf_counter() - began
    print(f"{recipe_id}: check said {low:.0f} to {high:.0f} s, {took:.0f} s went by", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--catalog", type=Path, metavar="FILE", default=REAL_FILE)
    options.add_argument("--whole", nargs="*", metavar="ID", default=[], help="recipes to check and train")
    given = options.parse_args()
    catalog = given.catalog.resolve()
    if catalog.is_file():
        chosen(*fits(catalog).T)
    else:
        print(f"{catalog} is not there: no fits to time")
    for recipe_id in given.whole:
        whole(recipe_id, catalog)


if __name__ == "__main__":
    main()
