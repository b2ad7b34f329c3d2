"""What the networks of laboratory earthquakes are worth, and how large the leak of random folds is.

    python benchmarks/lab_skill.py [--only networks,null,table,shear] [--recipes lab_wave,…] [--failures N]
                                   [--out_dir FOLDER]

networks   each shelf network trained on the coupled simulation as it is: mean absolute error on the test cycles under
           its objectives, beside the median, the four-feature boosting and the strongest reference, on the same windows
null       the simulation with drift 2 and coupling 1 and 0: the references leaving a cycle out, forward, and on random
           folds; and one network trained where nothing tells of the failure
table      the same three splits on window features of the real experiment, with and without the instrument's offset
shear      the same on a real shear run's acoustic variance
Real data are read from ../shared/data/lab where it is there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

CLONE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CLONE))

from mleq import api  # noqa: E402
from mleq.lab import family  # noqa: E402
from mleq.lab.crossvalidation import SCHEMES, cross_validated  # noqa: E402
from mleq.lab.evaluation import cross_validation, methods_of  # noqa: E402

REAL = CLONE.parent / "shared" / "data" / "lab"
NETWORKS = ("lab_wave", "lab_spectrogram", "lab_cpc", "lab_hybrid")


def shown(score: dict) -> str:
    """A value with its interval."""
    if score["low"] is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"


def networks(names: list[str], changes: list[str], out_dir: Path | None) -> None:
    """Train each, print its test part; the runs stay where a folder for them is named."""
    for name in names:
        began, seconds = time.perf_counter(), time.process_time()
        recipe = api.load_recipe(name, CLONE / "recipe.json", changes=changes)
        with tempfile.TemporaryDirectory() as folder:
            summary = api.train(recipe, out_dir=out_dir or folder).summary
        taken = f"{time.perf_counter() - began:.0f} s, {time.process_time() - seconds:.0f} s of CPU"
        errors = {key: scores["mean_absolute_error"] for key, scores in summary["references"].items()}
        own = summary["scores"]["mean_absolute_error"]
        median, four = errors["median"]["value"], errors["boosting_4"]["value"]
        print(f"{name}: {shown(own)} s; {1 - own['value'] / median:+.0%} of the median, ", end="")
        print(f"{1 - own['value'] / four:+.1%} of boosting on four features; trained in {taken}")
        for objective, scores in summary.get("objectives", {}).items():
            print(f"    {objective}: {shown(scores['mean_absolute_error'])}")
        if "contrastive" in summary["model"]:
            said = summary["model"]["contrastive"]
            print(f"    contrastive loss {said['loss']:.3f} beside ln {said['negatives'] + 1} = {said['chance']:.3f}")
        print(f"    references: {', '.join(f'{key} {shown(error)}' for key, error in errors.items())}")
        print(f"    {summary['verdict']}", flush=True)


def folds(changes: list[str], name: str, inputs: list[Path]) -> None:
    """Print all references under every scheme."""
    recipe = api.load_recipe(name, CLONE / "recipe.json", changes=changes)
    samples = family.make_samples(recipe, family.load(recipe, inputs=inputs))
    scored = samples.scored.nonzero()[0]
    features = samples.features.iloc[scored].reset_index(drop=True)
    found = cross_validated(
        features, samples.target[scored], samples.cycle[scored], n_folds=recipe.split.folds, seed=recipe.seed
    )
    for scheme in SCHEMES:
        rows = found[found["part"] == scheme]
        result = cross_validation(rows, methods_of(rows), recipe.seed)
        print(f"  {scheme.replace('_', ' ')}: {result['windows']:,} windows of {result['cycles']} cycles")
        for method, scores in result["methods"].items():
            gain = f"; over the median {shown(scores['gain_over_median'])}" if "gain_over_median" in scores else ""
            print(f"    {method}: {shown(scores['mean_absolute_error'])}{gain}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="networks,null,table,shear")
    parser.add_argument("--recipes", default=",".join(NETWORKS))
    parser.add_argument("--failures", type=int, help="in the simulation; 20 for networks, 40 for null")
    parser.add_argument("--out_dir", type=Path)
    options = parser.parse_args()
    wanted = options.only.split(",")
    if "networks" in wanted:
        networks(options.recipes.split(","), [f"signals.failures={options.failures or 20}"], options.out_dir)
    if "null" in wanted:
        common = [f"signals.failures={options.failures or 40}", "signals.drift=2"]
        for coupling in (1, 0):
            print(f"simulated, coupling {coupling}")
            folds([f"signals.coupling={coupling}", *common], "lab_features", [])
        networks(["lab_spectrogram"], ["signals.coupling=0", *common], options.out_dir)
    table, shear = REAL / "lanl_window_features.csv", REAL / "shear_run_3800_4100.csv"
    if "table" in wanted and table.is_file():
        for remove in ("true", "false"):
            print(f"{table.name}, offset {'removed' if remove == 'true' else 'kept'}")
            folds([f"windows.remove_offset={remove}"], "lab_features", [table])
    if "shear" in wanted and shear.is_file():
        print(shear.name)
        folds([], "lab_shear", [shear])


if __name__ == "__main__":
    main()
