"""The whole circle on a simulated record, scored against its truth.

    python benchmarks/record_to_forecast.py [--out_dir FOLDER]

The shelf recipe `record_to_forecast` is trained as it is, which trains `record_detect` first. What was detected is
compared with what is in the record, and the forecasts with the days on which there truly was an event. With --out_dir a
folder that holds both runs is read instead.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from mleq import api, scores  # noqa: E402
from mleq.continuous.material import load  # noqa: E402
from mleq.experiment import folder  # noqa: E402
from mleq.experiment.run import Run  # noqa: E402

TOLERANCE_S = 8.0
REPEATING = "earthquake"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--out_dir", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = given.out_dir or Path(scratch)
        if given.out_dir is None:
            began = time.monotonic()
            api.train(api.load_recipe("record_to_forecast", ROOT / "recipe.json"), out_dir=out)
            print(f"both trained in {time.monotonic() - began:,.0f} s")
        detect, forecast = (Run(folder.latest_run(out, name)) for name in ("record_detect", "record_to_forecast"))
        record = load(api.load_recipe("record_detect", detect.recipe_file))
        print_detections(record, pd.read_parquet(detect.folder / "events.parquet"))
        print_forecasts(record, forecast)


def print_detections(record, rows: pd.DataFrame) -> None:
    found = (rows["time"] - record.span[0]).dt.total_seconds().to_numpy()
    quakes = record.truth[record.truth["kind"] == REPEATING]
    distance = np.abs(quakes["start"].to_numpy()[:, None] - found[None])
    caught, nearest = distance.min(1) <= TOLERANCE_S, distance.argmin(1)
    every = record.truth
    inside = (found[:, None] >= every["start"].to_numpy()[None] - TOLERANCE_S) & (
        found[:, None] <= (every["start"] + 2 * every["duration_s"]).to_numpy()[None] + TOLERANCE_S
    )
    for low in (0.7, 1.0, 1.7):
        strong = (quakes["magnitude"] >= low).to_numpy()
        print(f"earthquakes of M >= {low}: {strong.sum():,}, found {caught[strong].mean():.1%}")
    error = rows["mag"].to_numpy()[nearest[caught]] - quakes["magnitude"].to_numpy()[caught]
    print(f"{len(found):,} detections, {(~inside.any(1)).sum() / record.days:.2f} a day with no event of any kind")
    print(f"magnitude less the true one: {np.median(error):+.2f}, spread {error.std():.2f}")


def print_forecasts(record, run: Run) -> None:
    test = run.forecasts[run.forecasts["part"] == "test"]
    target = run.summary["target"]
    days = pd.to_datetime(test["target_date"]).dt.tz_localize("UTC")
    truth = record.truth[
        record.truth["kind"].isin((REPEATING, "local")) & (record.truth["magnitude"] >= target["magnitude"])
    ]
    moments = (record.span[0] + pd.to_timedelta(truth["start"], unit="s")).dt.floor("D").unique()
    true = days.isin(moments).to_numpy()
    seen = test["observed"].to_numpy(dtype=bool)
    print(f"{run.summary['verdict']}")
    print(
        f"test part: {len(test)} days, {seen.sum()} with a detected M >= {target['magnitude']}, {true.sum()} in truth"
    )
    print("method, log score on what was detected, on what is true (nats a day, lower is better)")
    for name in ("probability", *[c for c in test.columns if c in run.summary["references"]]):
        values = test[name].to_numpy(dtype=float)
        print(f"  {name:20} {scores.log_score(seen, values):.3f} {scores.log_score(true, values):.3f}")


if __name__ == "__main__":
    main()
