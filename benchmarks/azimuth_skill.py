"""What the models of the family `azimuth` are worth beside polarisation, simulated and on 100 real events.

    python benchmarks/azimuth_skill.py [--events N] [--seeds K] [--only skill|ablation|real]

skill: 12,000 training events at 8 stations, tested at these and at 4 others; then errors by direction, to show that
north is no seam. ablation: the losses of `azimuth_vae`, switched off one by one, over seeds. real: references and
models trained on the simulation, on the events of ../shared/data/azimuth.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "2")

from mleq.azimuth import family, reading, references, windows  # noqa: E402
from mleq.azimuth.evaluation import MODEL, Comparison  # noqa: E402
from mleq.azimuth.recipe import AzimuthRecipe  # noqa: E402
from mleq.scores.circular import circular_mae, von_mises_log_score  # noqa: E402

REAL = ROOT.parent / "shared" / "data" / "azimuth" / "cx_pb01_metadata.csv"
DEGREES = "squared_degrees"  # azimuth_cnn with the loss that knows no circle
SHELF = ("azimuth_residual", "azimuth_cnn", "azimuth_vae")
TITLES = {"polarization": "PCA", "polarization_noise_corrected": "PCA, noise subtracted", "mean_direction": "mean"}
EPOCHS = 8
ABLATION = {
    "all terms": {},
    "no triplets": {"triplet": 0.0},
    "no contrastive term": {"contrastive": 0.0},
    "neither of the two": {"triplet": 0.0, "contrastive": 0.0},
    "no reconstruction, no KL": {"reconstruction": 0.0, "kl": 0.0},
    "angle alone": {"triplet": 0.0, "contrastive": 0.0, "reconstruction": 0.0, "kl": 0.0},
    "angle does not shape it": {"angle": 0.0},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=int, default=25_714, help="simulated, of which 47 %% train")
    parser.add_argument("--seeds", type=int, default=4, help="of the ablation")
    parser.add_argument("--ablation_events", type=int, default=6_000)
    parser.add_argument("--only", choices=("skill", "ablation", "real"))
    parser.add_argument("--models", default=",".join((*SHELF, DEGREES)), help="which of these; all by default")
    options = parser.parse_args()
    if options.only in (None, "skill", "real"):
        real(*skill(options.events, options.models.split(",")))
    if options.only in (None, "ablation"):
        ablation(options.ablation_events, options.seeds)


def recipe_of(name: str, events: int, **changes) -> AzimuthRecipe:
    """A shelf recipe on the benchmark's simulation: 12 stations, 4 of them held out."""
    from mleq import api

    raw = api.load_recipe(name).model_dump(mode="json")
    raw["signals"] |= {"events": events, "stations": 12, "seed": 2026}
    raw["split"] |= {"validation": 0.1, "test": 0.2, "held_out_stations": ["S09", "S10", "S11", "S12"]}
    raw["model"] |= changes.get("model", {})
    raw["seed"] = changes.get("seed", raw["seed"])
    return AzimuthRecipe.model_validate_json(json.dumps(raw))


def trained(recipe, samples, traces):
    with tempfile.TemporaryDirectory() as work:
        return family.learner(recipe)(samples, traces, work=Path(work), key="benchmark")


def skill(events: int, names: list[str]):
    base = recipe_of("azimuth_residual", events)
    traces = family.load(base)
    samples = family.make_samples(base, traces)
    fitted = family.references(base, traces, samples)
    models = {name: recipe_of(name, events) for name in names if name in SHELF}
    if DEGREES in names:
        models[DEGREES] = recipe_of("azimuth_cnn", events, model={"loss": "degrees"})
    parts = {name: row["traces"] for name, row in family.describe_split(base, samples).items()}
    print(f"simulated: {parts}")
    for name, reference in list(fitted.items())[:2]:
        print(f"{TITLES[name]}: window of {reference.window_s:g} s, chosen on the training part")
    print()
    head = f"{'':<32}{'known':>18}{'below 5 dB':>12}{'above 15':>10}{'flips':>8}{'log score':>11}{'new stations':>20}"
    print(f"circular MAE, degrees\n{head}")
    shown, answered = False, {}
    for name, recipe in models.items():
        began = time.perf_counter()
        model = trained(recipe, samples, traces)
        seconds = time.perf_counter() - began
        forecasts = family.forecasts(recipe, traces, samples, model, fitted)
        test, new = (Comparison(forecasts[forecasts["part"] == part]) for part in ("test", "new_stations"))
        if not shown:
            for method in test.methods[1:]:
                print(row(TITLES[method], method, test, new))
            shown = True
        print(row(name, MODEL, test, new) + f"   {seconds:.0f} s, {model.summary['epochs']} epochs")
        answered[name] = (test, new, model)
    print("\ngain over PCA with the noise subtracted, degrees")
    for name, (test, new, _) in answered.items():
        known, elsewhere = (c.gain("polarization_noise_corrected")["degrees"] for c in (test, new))
        of = test.error["polarization_noise_corrected"].mean()
        print(
            f"{name:<32}{interval(known)} ({known['value'] / of:+.1%}) at known, {interval(elsewhere)} at new stations"
        )
    print("\nmean error with directions within 22.5 degrees of 0/360, and elsewhere")
    for name, (test, _, _) in answered.items():
        observed = test.frame["observed"].to_numpy()
        north = np.minimum(observed, 360 - observed) < 22.5
        here, there = (test.bootstrap.mean(test.error[MODEL], chosen) for chosen in (north, ~north))
        print(f"{name:<32}{interval(here, False)} beside {interval(there, False)}")
    return {name: model for name, (_, _, model) in answered.items() if name in SHELF}, fitted


def row(title: str, method: str, test: Comparison, new: Comparison) -> str:
    snr = test.frame["snr_db"].to_numpy()
    error = test.error[method]
    known, elsewhere = (interval(c.bootstrap.mean(c.error[method]), False) for c in (test, new))
    return (
        f"{title:<32}{known:>18}{error[snr < 5].mean():>12.1f}{error[snr > 15].mean():>10.1f}"
        f"{np.mean(error > 120):>8.3f}{test.nats[method].mean():>11.3f}{elsewhere:>20}"
    )


def interval(score, signed: bool = True) -> str:
    sign, digits = ("+", 2) if signed else ("", 1)
    if score["low"] is None:
        return f"{score['value']:{sign}.{digits}f}"
    return f"{score['value']:{sign}.{digits}f} [{score['low']:{sign}.{digits}f}, {score['high']:{sign}.{digits}f}]"


def ablation(events: int, seeds: int) -> None:
    base = recipe_of("azimuth_vae", events)
    traces = family.load(base)
    samples = family.make_samples(base, traces)
    train = len(samples.parts["train"])
    print(f"\nlosses of azimuth_vae switched off: {train:,} training events, {seeds} seeds, {EPOCHS} epochs;")
    print("circular MAE on the test part, degrees, and the difference from all terms with its 95 % interval over seeds")
    test = samples.part("test")
    truth = test.table["back_azimuth_deg"].to_numpy()
    found: dict[str, list[float]] = {name: [] for name in ABLATION}
    scores: dict[str, list[float]] = {name: [] for name in ABLATION}
    for seed in range(seeds):
        for name, weights in ABLATION.items():
            losses = base.model.losses.model_dump() | weights
            recipe = recipe_of("azimuth_vae", events, model={"losses": losses, "epochs": EPOCHS}, seed=seed)
            direction, kappa = trained(recipe, samples, traces).answers(test)
            found[name].append(circular_mae(truth, direction))
            scores[name].append(von_mises_log_score(truth, direction, kappa))
            print(f"  seed {seed}, {name}: {found[name][-1]:.2f}, log score {scores[name][-1]:.3f}", file=sys.stderr)
    from scipy.stats import t

    whole = np.array(found["all terms"])
    for name, values in found.items():
        difference = np.array(values) - whole
        half = t.ppf(0.975, seeds - 1) * difference.std(ddof=1) / np.sqrt(seeds) if seeds > 1 else np.nan
        beside = (
            ""
            if name == "all terms"
            else f"{difference.mean():+.2f} [{difference.mean() - half:+.2f}, {difference.mean() + half:+.2f}]"
        )
        print(f"{name:<28}{np.mean(values):>7.2f}   log score {np.mean(scores[name]):+.3f}   {beside}")


def real(models, fitted) -> None:
    if not REAL.is_file():
        print(f"\nno {REAL.name} beside this checkout: the real events are left out")
        return
    if not models:
        return
    recipe = next(iter(models.values())).recipe
    traces = windows.cut(reading.read([REAL]), recipe.window)
    methods = {TITLES[name]: reference for name, reference in fitted.items() if name != "mean_direction"}
    for window in (0.25, 0.5, 1.0):
        methods[f"PCA of {window:g} s, noise subtracted"] = references.Polarization(window, True, (0.0, 0.0, 0.0))
    table = traces.table
    frame = pd.DataFrame({"event": table["event"], "observed": table["back_azimuth_deg"], "snr_db": table["snr_db"]})
    frame["distance_km"] = table["distance_km"]
    for name, method in {**methods, **models}.items():
        frame[name], frame[f"{name}_kappa"] = method.answers(traces)
    first = next(iter(models))
    frame = frame.rename(columns={first: MODEL, f"{first}_kappa": "kappa"})
    comparison = Comparison(frame)
    snr, distance = frame["snr_db"].to_numpy(), frame["distance_km"].to_numpy()
    groups = {
        "all": np.ones(len(frame), bool),
        "< 25 dB": snr < 25,
        "25-35": (snr >= 25) & (snr < 35),
        ">= 35": snr >= 35,
        "< 75 km": distance < 75,
        "75-125": (distance >= 75) & (distance < 125),
        ">= 125": distance >= 125,
    }
    print(f"\n{len(frame)} of 100 real events at CX.PB01 (20 Hz; P picked by mleq); circular MAE, degrees")
    counts = "".join(f"{f'{name} ({chosen.sum()})':>14}" for name, chosen in groups.items())
    print(f"{'':<34}{counts}{'median':>9}{'flips':>8}")
    for name in comparison.methods:
        error = comparison.error[name]
        cells = "".join(f"{error[chosen].mean():>14.1f}" for chosen in groups.values())
        whole = comparison.bootstrap.mean(error)
        title = first if name == MODEL else name
        print(f"{title:<34}{cells}{np.median(error):>9.1f}{np.mean(error > 120):>8.2f}   all: {interval(whole, False)}")


if __name__ == "__main__":
    main()
