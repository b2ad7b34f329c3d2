"""ETAS beside the package `etas` of Mizrahi, Nandan and Wiemer (2021), version 3.0, on its own example.

    python benchmarks/etas_peer.py --peer FOLDER [--python PYTHON] [--repeat 3]

FOLDER is a checkout of https://github.com/lmizrahi/etas (MIT). PYTHON, by default the one that runs this, has its
needs installed: geopandas, pynverse and what they bring. Both fit the same model, with a tapered Omori law and a
uniform background whose rate is free, to the same events, polygon and period, and are timed from events in memory
to parameters, imports left out. Both sets of parameters are then judged by one likelihood, with every pair summed
and nothing cut off: once with offspring counted inside the polygon, as events outside are not looked at, and once
on a plane without end, as that package counts them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mleq.etas import History, Polygon, fit_etas, from_mizrahi, likelihood_of, to_mizrahi  # noqa: E402
from mleq.etas.areas import GRID_KM, Shares  # noqa: E402

PEER = """
import contextlib, json, sys, time
sys.path.insert(0, ".")
from etas.inversion import ETASParameterCalculation
settings = json.load(open("config/invert_etas_config.json"))
settings["fn_catalog"] = "input_data/example_catalog.csv"
settings["shape_coords"] = "input_data/california_shape.npy"
calculation = ETASParameterCalculation(settings)
began = time.perf_counter(), time.process_time()
calculation.prepare()
found = calculation.invert()
seconds = time.perf_counter() - began[0], time.process_time() - began[1]
found = {name: float(value) for name, value in found.items() if value is not None}
events = [int(event) for event in calculation.source_events.index]
json.dump({"seconds": seconds, "found": found, "area_km2": float(calculation.area), "events": events}, sys.stdout)
"""


def run_peer(folder: Path, python: str) -> dict:
    """Seconds, parameters, area and ids of events of the package's own example."""
    done = subprocess.run([python, "-c", PEER], cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def read_example(folder: Path, events: list[int]) -> tuple[History, Polygon, float, float, dict]:
    """The events that the package used, its polygon, and the period in days."""
    settings = json.loads((folder / "config" / "invert_etas_config.json").read_text())
    corners = np.load(folder / "input_data" / "california_shape.npy")
    rows = pd.read_csv(folder / "input_data" / "example_catalog.csv", index_col="id", parse_dates=["time"])
    print(f"example catalogue: {len(rows):,} events, {len(events):,} of them in its polygon and period")
    rows = rows.loc[events]
    origin = pd.Timestamp(settings["auxiliary_start"])
    start, end = ((pd.Timestamp(settings[f"timewindow_{edge}"]) - origin).days for edge in ("start", "end"))
    days = (rows["time"] - origin) / pd.Timedelta(days=1)
    history = History.of(days, rows["latitude"], rows["longitude"], rows["magnitude"].round(1))
    return history, Polygon(*corners.T), float(start), float(end), settings


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--peer", type=Path, required=True, metavar="FOLDER")
    options.add_argument("--python", default=sys.executable, metavar="PYTHON")
    options.add_argument("--repeat", type=int, default=3, metavar="N", help="fits of ours; the median is shown")
    given = options.parse_args()
    if not (given.peer / "etas" / "inversion.py").is_file():
        print(f"{given.peer} is no checkout of lmizrahi/etas: nothing to compare")
        return
    peer = run_peer(given.peer, given.python)
    history, polygon, start, end, settings = read_example(given.peer, peer["events"])
    m0, area = settings["mc"] - settings["delta_m"] / 2, polygon.outline().area_km2
    place = {"region": polygon, "start": start, "end": end, "m0": m0, "background": "uniform", "tapered": True}
    import scipy.optimize  # noqa: F401  loaded before the clock starts, as theirs

    seconds = []
    for _ in range(given.repeat):
        began = time.perf_counter(), time.process_time()
        fit = fit_etas(history, **place)
        seconds.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    ours = np.median(seconds, axis=0)
    print(f"their fit: {peer['seconds'][0]:.1f} s ({peer['seconds'][1]:.1f} s of processor time)")
    print(f"our fit: {ours[0]:.2f} s ({ours[1]:.2f} s of processor time); {os.cpu_count()} processors")
    print(f"ratio: {peer['seconds'][0] / ours[0]:.0f} ({peer['seconds'][1] / ours[1]:.0f} in processor time)")

    theirs = from_mizrahi(peer["found"], m0=m0, area_km2=peer["area_km2"])
    density = np.full(fit.n_targets, 1 / area)
    plane = Shares(np.tile(np.arange(GRID_KM.size) == GRID_KM.size - 1, (len(history), 1)).astype(float))
    for label, shares in (("inside the polygon", None), ("on a plane without end", plane)):
        sources = (history, fit.targets, density, polygon, start, end, theirs)
        exact = likelihood_of(*sources, exact=True, in_region=shares)
        values = [exact.value(one) / fit.n_targets for one in (theirs, fit.parameters)]
        print(f"log-likelihood per event, offspring {label}: theirs {values[0]:.4f}, ours {values[1]:.4f}")
    print("parameters under their names, theirs and ours:")
    for name, value in to_mizrahi(fit.parameters, area_km2=area).items():
        print(f"  {name}: {peer['found'][name]:.3f}, {value:.3f}")


if __name__ == "__main__":
    main()
