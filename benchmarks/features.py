"""How long the features of many circles take, and how much memory.

    python benchmarks/features.py [--circles 425] [--days 11000] [--catalog FILE]

Circles of 150 km about random events of M >= 5.5 of the real catalogue, each at every midnight (UTC) of the last days;
one thread. Without the catalogue nothing is measured.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mleq.catalog.events import coverage  # noqa: E402
from mleq.catalog.load import load_events  # noqa: E402
from mleq.forecast.features import FEATURES, Past, circle_features  # noqa: E402
from mleq.recipe import load_recipe  # noqa: E402
from mleq.registry import recipe_models  # noqa: E402

REAL_FILE = ROOT.parent / "shared" / "data" / "usgs_world_m4_1973_2015.csv.gz"
RADIUS_KM, MAGNITUDE, SEED = 150.0, 5.0, 4126


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--circles", type=int, default=425)
    options.add_argument("--days", type=int, default=11_000)
    options.add_argument("--catalog", type=Path, metavar="FILE", default=REAL_FILE)
    given = options.parse_args()
    if not given.catalog.is_file():
        print(f"{given.catalog} is not there: nothing to measure")
        return
    recipe = load_recipe("tokyo", ROOT / "recipe.json", models=recipe_models)
    events = load_events(recipe.catalog, files=[given.catalog])
    start, end = coverage(events)
    last = end.tz_localize(None).to_datetime64().astype("datetime64[D]")
    issue_times = (last - given.days + np.arange(given.days)).astype("datetime64[us]")
    strong = events[events["magnitude"] >= 5.5]
    centres = strong.iloc[np.random.default_rng(SEED).choice(len(strong), given.circles, replace=False)]
    began, processor = time.perf_counter(), time.process_time()
    past = Past.of(events, start, end)
    table = np.empty((given.circles, given.days, len(FEATURES)), np.float32)
    for row, (latitude, longitude) in zip(table, centres[["latitude", "longitude"]].to_numpy(), strict=True):
        row[:] = circle_features(
            past, issue_times, latitude=latitude, longitude=longitude, radius_km=RADIUS_KM, magnitude=MAGNITUDE
        )
    wall, processor = time.perf_counter() - began, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(FEATURES)} features of {given.circles} circles x {given.days:,} days from {len(events):,} events:")
    print(f"  {wall:.1f} s ({processor:.1f} s of processor time), {1000 * processor / given.circles:.1f} ms a circle")
    print(f"  {table.nbytes / 1e6:,.0f} MB of features; {peak:,.0f} MB at most, catalogue and Python included")
    print(f"  {pd.Series(np.isfinite(table).all(axis=(1, 2))).mean():.0%} of circles finite throughout")


if __name__ == "__main__":
    main()
