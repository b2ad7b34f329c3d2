"""What the networks of laboratory earthquakes are worth, and how large the leak of random folds is.

    python benchmarks/lab_skill.py [--only networks,null,table,shear] [--recipes lab_wave,…] [--failures N]
                                   [--experiments 41,42,43,44,45] [--out_dir FOLDER] [--figure img/lab_leak.png]

networks   each shelf network trained on the coupled simulation as it is: mean absolute error on the test cycles under
           its objectives, beside the median, the four-feature boosting and the strongest reference, on the same windows
null       three simulated experiments with drift 2 where nothing tells of the failure: the references leaving a cycle
           out, forward, and on random folds, all cycles together, and the picture of it; and a network on the first
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

import numpy as np
import pandas as pd

CLONE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CLONE))

from mleq import api  # noqa: E402
from mleq.lab import family  # noqa: E402
from mleq.lab.crossvalidation import SCHEMES, cross_validated  # noqa: E402
from mleq.lab.evaluation import cross_validation, methods_of  # noqa: E402

REAL = CLONE.parent / "shared" / "data" / "lab"
EXPERIMENTS = 3
NETWORKS = ("lab_wave", "lab_spectrogram", "lab_cpc", "lab_hybrid")


def shown(score: dict) -> str:
    """A value with its interval."""
    if score["low"] is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"


def networks(names: list[str], changes: list[str], seeds: list[int], out_dir: Path | None) -> None:
    """Train each on every experiment, print its test part; the runs stay where a folder for them is named."""
    for name in names:
        errors = []
        for seed in seeds:
            recipe = api.load_recipe(name, CLONE / "recipe.json", changes=[*changes, f"signals.seed={seed}"])
            errors.append(network(recipe, out_dir))
        own, median, four = np.sum(errors, axis=0)
        if len(seeds) > 1:
            print(
                f"{name} on {len(seeds)} experiments: {own / len(seeds):.3f} s, {beside(own, median, four)}", flush=True
            )


def beside(own: float, median: float, four: float) -> str:
    """An error as a gain over the median, and beside boosting."""
    return f"{own / median - 1:+.0%} of the median, {own / four - 1:+.1%} of boosting on four features"


def network(recipe, out_dir: Path | None) -> tuple[float, float, float]:
    """Train one network; return the mean absolute errors of it, the median and boosting on four features."""
    began, seconds = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        summary = api.train(recipe, out_dir=out_dir or folder).summary
    taken = f"{time.perf_counter() - began:.0f} s, {time.process_time() - seconds:.0f} s of CPU"
    errors = {key: scores["mean_absolute_error"] for key, scores in summary["references"].items()}
    own = summary["scores"]["mean_absolute_error"]
    three = own["value"], errors["median"]["value"], errors["boosting_4"]["value"]
    print(f"{recipe.id}, experiment {recipe.signals.seed}: {shown(own)} s; {beside(*three)}; trained in {taken}")
    for objective, scores in summary.get("objectives", {}).items():
        print(f"    {objective}: {shown(scores['mean_absolute_error'])}")
    if "contrastive" in summary["model"]:
        said = summary["model"]["contrastive"]
        print(f"    contrastive loss {said['loss']:.3f} beside ln {said['negatives'] + 1} = {said['chance']:.3f}")
    print(f"    references: {', '.join(f'{key} {shown(error)}' for key, error in errors.items())}")
    print(f"    {summary['verdict']}", flush=True)
    return three


def cross_validated_of(changes: list[str], name: str, inputs: list[Path]) -> pd.DataFrame:
    """Forecast an experiment by all references under every scheme."""
    recipe = api.load_recipe(name, CLONE / "recipe.json", changes=changes)
    samples = family.make_samples(recipe, family.load(recipe, inputs=inputs))
    scored = samples.scored.nonzero()[0]
    features = samples.features.iloc[scored].reset_index(drop=True)
    return cross_validated(
        features, samples.target[scored], samples.cycle[scored], n_folds=recipe.split.folds, seed=recipe.seed
    )


def folds(found: pd.DataFrame) -> dict[str, dict]:
    """Print and return how the references did under every scheme."""
    results = {}
    for scheme in SCHEMES:
        rows = found[found["part"] == scheme]
        results[scheme] = result = cross_validation(rows, methods_of(rows), seed=1)
        print(f"  {scheme.replace('_', ' ')}: {result['windows']:,} windows of {result['cycles']} cycles")
        for method, scores in result["methods"].items():
            gain = f"; over the median {shown(scores['gain_over_median'])}" if "gain_over_median" in scores else ""
            print(f"    {method}: {shown(scores['mean_absolute_error'])}{gain}", flush=True)
    return results


def null(failures: int, figure: Path | None, out_dir: Path | None) -> None:
    """Print what the references seem to gain where there is nothing to gain, on several experiments together."""
    common = ["signals.coupling=0", "signals.drift=2", f"signals.failures={failures}"]
    pieces = []
    for seed in range(1, EXPERIMENTS + 1):
        found = cross_validated_of([*common, f"signals.seed={seed}"], "lab_features", [])
        rows = found[found["part"] == "random_folds"]
        gain = cross_validation(rows, methods_of(rows), seed=1)["methods"]["boosting_20"]["gain_over_median"]
        print(f"experiment {seed} alone: boosting_20 gains {shown(gain)} over the median on random folds", flush=True)
        # A cycle of one experiment is none of another's: groups of the bootstrap are told apart.
        pieces.append(found.assign(cycle=found["cycle"] + 10_000 * seed))
    print(f"simulated, coupling 0, {EXPERIMENTS} experiments of {failures} failures")
    results = folds(pd.concat(pieces, ignore_index=True))
    if figure is not None:
        draw_leak(results, figure)
    networks(["lab_spectrogram"], common, [1], out_dir)


def draw_leak(results: dict[str, dict], path: Path) -> None:
    """Draw the gains over the median by scheme, each with its interval."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3), layout="constrained")
    methods = [name for name in results[SCHEMES[0]]["methods"] if name != "median"][::-1]
    looks = zip(SCHEMES, ("#1f5f99", "#5aa0d6", "#c8501e"), ("o", "s", "D"), (0.2, 0.0, -0.2), strict=True)
    for scheme, colour, marker, shift in looks:
        gains = [results[scheme]["methods"][name]["gain_over_median"] for name in methods]
        values, low, high = (np.array([gain[key] for gain in gains]) for key in ("value", "low", "high"))
        place = np.arange(len(methods)) + shift
        axes.errorbar(values, place, xerr=[values - low, high - values], fmt=marker, color=colour, label=scheme)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(methods)), [name.replace("_", " ") for name in methods])
    axes.set_xlabel("gain over the median in mean absolute error, s (95 % intervals by cycles)")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, [label.replace("_", " ") for label in labels], loc="outside upper center", ncols=3)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="networks,null,table,shear")
    parser.add_argument("--recipes", default=",".join(NETWORKS))
    parser.add_argument("--failures", type=int, default=20, help="in each simulated experiment")
    parser.add_argument(
        "--experiments", default="41,42,43,44,45", help="seeds of the simulated experiments; the shelf's is 1"
    )
    parser.add_argument("--out_dir", type=Path)
    parser.add_argument("--figure", type=Path, help="where the picture of the leak is drawn")
    options = parser.parse_args()
    wanted = options.only.split(",")
    if "networks" in wanted:
        seeds = [int(seed) for seed in options.experiments.split(",")]
        networks(options.recipes.split(","), [f"signals.failures={options.failures}"], seeds, options.out_dir)
    if "null" in wanted:
        null(options.failures, options.figure, options.out_dir)
    table, shear = REAL / "lanl_window_features.csv", REAL / "shear_run_3800_4100.csv"
    if "table" in wanted and table.is_file():
        for remove in ("true", "false"):
            print(f"{table.name}, offset {'removed' if remove == 'true' else 'kept'}")
            folds(cross_validated_of([f"windows.remove_offset={remove}"], "lab_features", [table]))
    if "shear" in wanted and shear.is_file():
        print(shear.name)
        folds(cross_validated_of([], "lab_shear", [shear]))


if __name__ == "__main__":
    main()
