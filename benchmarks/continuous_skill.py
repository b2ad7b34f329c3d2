"""What clusters and templates are worth on simulated records, and how many windows are enough.

    python benchmarks/continuous_skill.py [--seeds 101,102,…] [--days 8] [--keep FOLDER]

Every seed is a record of its own, on which the shelf recipe `continuous` is trained as it is. Settings were chosen on
seeds 1 to 5 (five ways of the first and second look); these (101 to 110) were not looked at. Because 106 to 110 were
added after 101 to 105 had been seen, seeds 201 to 205 were named here, before any of them was run, to decide: run once,
with nothing changed, to stand in docs/continuous.md whatever they gave. With --keep, what is known of a seed is not
computed again, so that several processes may share the seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from mleq import api  # noqa: E402
from mleq.continuous.clusters import fit_partition  # noqa: E402
from mleq.continuous.features import Features, first_look  # noqa: E402
from mleq.continuous.matching import peaks  # noqa: E402
from mleq.continuous.material import load  # noqa: E402
from mleq.continuous.samples import make_samples  # noqa: E402
from mleq.continuous.templates import band_passed  # noqa: E402
from mleq.continuous.triggers import sta_lta  # noqa: E402
from mleq.scores.clustering import adjusted_mutual_information  # noqa: E402

TOLERANCE_S = 8.0
SIZES = (300, 1000, 3000, 10_000)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--seeds", default=",".join(map(str, range(101, 111))))
    options.add_argument("--days", type=float, default=8)
    options.add_argument("--curve_seeds", type=int, default=2, help="records on which sample sizes are compared")
    options.add_argument("--keep", type=Path, help="folder for what is known of each seed")
    given = options.parse_args()
    seeds = [int(seed) for seed in given.seeds.split(",")]
    clusters, detections, curves = [], [], []
    for number, seed in enumerate(seeds):
        found = rows_of(seed, given.days, number < given.curve_seeds, given.keep)
        print(f"seed {seed}: {found['verdict']}", flush=True)
        clusters.append(found["clusters"])
        detections.append(found["detection"])
        curves += [pd.DataFrame(found["curve"])] if found["curve"] else []
    table = pd.DataFrame(clusters).set_index("seed")
    print("\nclusters, over windows with an event; F1 of the best cluster for the repeating family\n")
    print(table.round(3).to_string())
    print(f"\ntwo layers less band power: mean {(table['ARI'] - table['ARI band power']).mean():+.3f} ARI")
    print(f"family isolated with F1 >= .6 in {(table['F1'] >= 0.6).sum()} of {len(table)} seeds")
    print("\ndetection of the repeaters\n")
    print(pd.DataFrame(detections).set_index("seed").round(2).to_string())
    if curves:
        print("\nadjusted mutual information over windows with an event, by windows fitted (mean over records)\n")
        print(pd.concat(curves).groupby("windows").mean().round(3).to_string())


def rows_of(seed: int, days: float, with_curve: bool, keep: Path | None) -> dict:
    """Train on a seed's record and score what comes out, or take it from where it is kept."""
    path = keep and keep / f"seed{seed}-{days:g}{'-curve' if with_curve else ''}.json"
    if path and path.exists():
        return json.loads(path.read_text())
    changes = [f"record.seed={seed}", f"record.days={days:g}"]
    recipe = api.load_recipe("continuous", Path(__file__).resolve().parents[1] / "recipe.json", changes=changes)
    with tempfile.TemporaryDirectory() as scratch:
        out = keep / f"out{seed}-{days:g}" if keep else Path(scratch)
        run = api.train(recipe, out_dir=out)
        found = {
            "verdict": run.summary["verdict"],
            "clusters": cluster_row(seed, run.summary),
            "detection": detection_row(seed, recipe, run),
            "curve": curve(recipe).to_dict("records") if with_curve else [],
        }
    if path:
        path.write_text(json.dumps(found))
    return found


def cluster_row(seed: int, summary: dict) -> dict:
    references = summary["references"]
    return {
        "seed": seed,
        "ARI": summary["scores"]["adjusted_rand"]["value"],
        "ARI band power": references["band_power"]["adjusted_rand"]["value"],
        "ARI raw PCA": references["raw_pca"]["adjusted_rand"]["value"],
        "AMI": summary["scores"]["adjusted_mutual_information"]["value"],
        "AMI band power": references["band_power"]["adjusted_mutual_information"]["value"],
        "F1": summary["scores"]["family_f1"]["value"],
        "F1 band power": references["band_power"]["family_f1"]["value"],
    }


def detection_row(seed: int, recipe, run) -> dict:
    """Count repeaters found and false alarms, by templates and by STA/LTA at as many false alarms a day."""
    record = load(recipe)
    truth = record.truth[record.truth["kind"] != "tremor"]
    repeaters = truth.loc[truth["kind"] == "repeater", "start"].to_numpy()
    rows = pd.read_parquet(run.folder / "events.parquet")
    found = (rows["time"] - record.span[0]).dt.total_seconds().to_numpy()
    # Of all templates, those that a person would choose: each by itself, the one that finds the family best.
    families = [found[(rows["family_id"] == name).to_numpy()] for name in rows["family_id"].unique()]
    best = max(families, key=lambda times: caught(repeaters, times), default=np.zeros(0))
    alarms = false_alarms(truth, best) / record.days
    triggers, ratio = triggered(recipe, record)
    order = np.argsort(-ratio)
    false = np.cumsum([false_alarms(truth, triggers[[k]]) for k in order]) / record.days
    allowed = order[false <= max(alarms, 1 / record.days)]
    return {
        "seed": seed,
        "repeaters": len(repeaters),
        "templates, recall": caught(repeaters, best) / len(repeaters),
        "templates, false a day": alarms,
        "STA/LTA, recall": caught(repeaters, triggers[allowed]) / len(repeaters),
        "STA/LTA, false a day": false_alarms(truth, triggers[allowed]) / record.days,
        "all templates, false a day": false_alarms(truth, found) / record.days,
        "multiple": run.summary["model"]["detection"]["multiple"],
    }


def caught(truth: np.ndarray, times: np.ndarray) -> int:
    if not len(times):
        return 0
    return int((np.abs(truth[:, None] - times[None]).min(1) <= TOLERANCE_S).sum())


def false_alarms(truth: pd.DataFrame, times: np.ndarray) -> int:
    """Count the times that lie within no event of any kind."""
    begins, ends = truth["start"].to_numpy(), (truth["start"] + 2 * truth["duration_s"]).to_numpy()
    inside = (times[:, None] >= begins[None] - TOLERANCE_S) & (times[:, None] <= ends[None] + TOLERANCE_S)
    return int((~inside.any(1)).sum())


def triggered(recipe, record) -> tuple[np.ndarray, np.ndarray]:
    """Return times (s) and ratios of all maxima of STA/LTA above 2."""
    station, rate = record.stations[0], record.rate
    step, lead = round(7200 * rate), round(120 * rate)
    times, ratios = [], []
    for first in range(0, station.samples, step):
        low = max(0, first - lead)
        signal = band_passed(station.read(low, min(first + step, station.samples)), recipe.detect.band_hz, rate)
        ratio = sta_lta(signal, round(recipe.detect.sta_s * rate), round(recipe.detect.lta_s * rate))
        _, samples, values = peaks(ratio[None], np.array([2.0]), round(recipe.detect.length_s * rate))
        inside = samples + low >= first
        times.append((samples[inside] + low) / rate)
        ratios.append(values[inside])
    return np.concatenate(times), np.concatenate(ratios)


def curve(recipe) -> pd.DataFrame:
    """Compare mixtures fitted on windows drawn evenly with mixtures fitted on the first windows of the record."""
    samples = make_samples(recipe, load(recipe))
    pieces = [samples.extractor.of_chunk(chunk) for chunk in samples.index.chunks]
    features = Features(*(np.concatenate(parts) for parts in zip(*pieces, strict=True)))
    first = first_look(features, recipe.scattering.pool)
    truth = samples.observed(np.arange(len(first)))
    event = truth != "noise"
    settings, rows = recipe.model.model_copy(update={"seeds": 2}), []
    for size in (n for n in SIZES if n < len(first)):
        row = {"windows": size}
        for name, places in (("uniform", samples.index.sample(size, 7)), ("first contiguous", np.arange(size))):
            partition = fit_partition(first[places], features.largest[places], settings, recipe.seed)
            found = partition.assign(first, features.largest)[0]
            row[name] = adjusted_mutual_information(truth[event], found[event])
            row[f"{name}, clusters"] = len(partition.names)
        rows.append(row)
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
