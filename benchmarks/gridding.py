"""How fast a catalogue becomes daily heatmaps, beside the row-by-row loop of taqqanori/ml-earthquake.

    python benchmarks/gridding.py --baseline FOLDER

FOLDER is a checkout of that repository (git clone https://github.com/taqqanori/ml-earthquake). Its own function is
run on rows that are already in memory, with windows of one day, which is the least work it can be given; its
values are then compared cell by cell. Without FOLDER only this project's figures are printed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mleq.catalog.files import read_files  # noqa: E402
from mleq.catalog.load import load_events, simulated  # noqa: E402
from mleq.forecast.days import day_index, midnights  # noqa: E402
from mleq.forecast.grid import Grid  # noqa: E402
from mleq.forecast.heatmaps import daily_heatmaps  # noqa: E402
from mleq.forecast.samples import make_samples  # noqa: E402
from mleq.forecast.windows import scaled  # noqa: E402
from mleq.recipe import load_recipe  # noqa: E402
from mleq.recipe.settings import SimulatedCatalog  # noqa: E402
from mleq.registry import recipe_models  # noqa: E402

REAL_FILE = ROOT.parent / "shared" / "data" / "usgs_world_m4_1973_2015.csv.gz"
LATITUDE, LONGITUDE, ZONE = 35.680934, 139.767551, "Asia/Tokyo"  # the loop knows this zone alone
ROWS, COLUMNS, SCALE = 20, 30, (10.0, 100.0, 500.0)
LIKE_THE_REAL_ONE = {
    "source": "simulated",
    "start": "1973-01-01",
    "days": 15_705,
    "min_magnitude": 4.0,
    "region": [20, 50, 120, 160],  # smaller than the world, so that tokyo's circle is not empty
    "mu": 10.0,
    "seed": 1,
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--baseline", type=Path, metavar="FOLDER", help="checkout of taqqanori/ml-earthquake")
    options.add_argument("--catalog", type=Path, metavar="FILE", help="a USGS CSV instead of the usual data")
    options.add_argument("--rows", type=int, default=0, help="how many rows the loop is given; 0: all (a minute)")
    options.add_argument("--peak_memory_of_samples", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        catalog = given.catalog or (REAL_FILE if REAL_FILE.is_file() else simulated_csv(Path(scratch)))
        if given.peak_memory_of_samples:
            print_peak_memory(catalog)
            return
        print(f"catalogue: {catalog.name}", flush=True)
        # First, while this process is small: a child's peak counts what its parent held when it was made.
        command = [sys.executable, __file__, "--peak_memory_of_samples", "--catalog", str(catalog)]
        subprocess.run(command, check=True)
        ours = print_speed(read_files([catalog]))
        if given.baseline is None:
            print("beside what: git clone https://github.com/taqqanori/ml-earthquake, then --baseline ml-earthquake")
        else:
            print_comparison(catalog, given.baseline, given.rows or None, ours)


def simulated_csv(folder: Path) -> Path:
    """Write a simulated catalogue of about the real one's size as the service's CSV."""
    settings = SimulatedCatalog.model_validate_json(json.dumps(LIKE_THE_REAL_ONE))
    names = {"origin_time": "time", "depth_km": "depth", "magnitude": "mag", "magnitude_type": "magType"}
    events = simulated(settings).rename(columns=names)
    path = folder / "simulated (no real catalogue beside this checkout).csv"
    events[["time", *events.columns.drop("time")]].to_csv(path, index=False)
    return path


def heatmaps_of(raw: pd.DataFrame, grid: Grid) -> np.ndarray:
    """Daily maps of the earthquakes of a raw table, from the local day of its first row to that of its last."""
    quakes = np.flatnonzero(raw["type"] == "earthquake")
    first, last = raw["time"].iloc[[quakes[0], quakes[-1]]].dt.tz_convert(ZONE).dt.date
    n_days = (last - first).days + 1
    day = day_index(raw["time"], midnights(first, n_days + 1, ZONE))[quakes]
    columns = {"latitude": "latitude", "longitude": "longitude", "depth_km": "depth", "magnitude": "mag"}
    arrays = {name: raw[column].to_numpy()[quakes] for name, column in columns.items()}
    return daily_heatmaps(day, **arrays, grid=grid, n_days=n_days)


def print_speed(raw: pd.DataFrame) -> float:
    """Print and return events per second, the median of five runs."""
    grid, seconds = Grid.world(ROWS, COLUMNS, LONGITUDE), []
    for _ in range(5):
        begin = time.perf_counter()
        shape = heatmaps_of(raw, grid).shape
        seconds.append(time.perf_counter() - begin)
    rate = len(raw) / float(np.median(seconds))
    print(f"mleq: {len(raw):,} rows to {shape}: {rate:,.0f} events/s")
    print(f"      median of 5: {np.median(seconds):.3f} s; {min(seconds):.3f} to {max(seconds):.3f} s")
    return rate


def print_comparison(catalog: Path, baseline: Path, n_rows: int | None, ours: float) -> None:
    """Print the loop's events per second, the ratio, and where its values and ours are the same."""
    theirs, rows, rate = run_loop(catalog, baseline, n_rows)
    print(f"row-by-row loop: {rows:,} rows to {theirs.shape}: {rate:,.0f} events/s")
    print(f"ratio: {ours / rate:,.0f}")
    # It lays the seam half a turn from the target itself, which so stands on an edge between two columns, and lets
    # negative column numbers wrap; mleq rolls whole columns. With a grid that begins where its does, the cells are
    # the same for a target east of Greenwich (west of it, it heaps the far east of the map into one column).
    same_cells = Grid(-90.0, 90.0, LONGITUDE - 180.0, 180.0 / ROWS, 360.0 / COLUMNS, ROWS, COLUMNS)
    raw = read_files([catalog]).iloc[:rows]
    mine = scaled(heatmaps_of(raw, same_cells), SCALE)
    if mine.shape != theirs.shape:
        sys.exit(f"the days differ: {mine.shape} here, {theirs.shape} there")
    both = np.isfinite(theirs)
    filled = both & ((mine != 0) | (theirs != 0))
    difference = np.abs(mine - theirs)[both].max()
    print(f"same values: {both.sum():,} of {both.size:,} defined by both, {filled.sum():,} of them not empty;")
    print(f"             largest difference {difference:.1e} of the scale (float32 has 6e-08)")
    print(f"             {(~both).sum():,} are NaN there, where an event lacks its depth, which mleq leaves out")
    if difference > 1e-6:
        sys.exit("the values differ")


def run_loop(catalog: Path, baseline: Path, n_rows: int | None) -> tuple[np.ndarray, int, float]:
    """Run the other repository's function on rows in memory: daily maps, rows, rows per second."""
    module = import_preprocess(baseline)
    table = pd.read_csv(catalog, parse_dates=["time"], index_col=0, nrows=n_rows)

    def chunks(*_, chunksize, **__):
        return (table.iloc[i : i + chunksize].copy() for i in range(0, len(table), chunksize))

    module.pd = types.SimpleNamespace(read_csv=chunks)
    begin = time.perf_counter()
    # A window of one day, and the day after it forecast: every day comes out once, the last as well.
    windows = module.preprocess(
        str(catalog), 1, 1, ROWS, COLUMNS, LATITUDE, LONGITUDE, 150_000, 4.5,
        *SCALE, for_prediction=True, show_progress=False,
    )  # fmt: skip
    seconds = time.perf_counter() - begin
    return windows[:, 0], len(table), len(table) / seconds


def import_preprocess(baseline: Path) -> types.ModuleType:
    """Import one module of the other repository, without the rest of it."""
    path = baseline / "ml_earthquake" / "preprocess.py"
    if not path.is_file():
        sys.exit(f"no {path}; expected a checkout of https://github.com/taqqanori/ml-earthquake")
    # It imports tqdm, and uses it only to show progress, which is off here.
    sys.modules.setdefault("tqdm", types.SimpleNamespace(tqdm=None))
    spec = importlib.util.spec_from_file_location("baseline_preprocess", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def print_peak_memory(catalog: Path) -> None:
    """Make tokyo's samples of a file, and print the most memory that this process has held."""
    recipe = load_recipe("tokyo", ROOT / "recipe.json", models=recipe_models)
    events = load_events(recipe.catalog, files=[catalog])
    begin = time.perf_counter()
    samples = make_samples(recipe, events)
    seconds = time.perf_counter() - begin
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    if "tensorflow" in sys.modules:
        sys.exit("TensorFlow was imported")
    print(f"tokyo's samples: {len(samples):,} dates, {int(samples.target.sum()):,} positive, in {seconds:.2f} s")
    print(f"peak memory, reading the file included: {peak:,.0f} MB")


if __name__ == "__main__":
    main()
