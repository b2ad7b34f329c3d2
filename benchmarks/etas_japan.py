"""ETAS on the real catalogue of Japan: time of a fit, of five years of daily forecasts, and what they gain.

    python benchmarks/etas_japan.py [--catalog FILE]

The model is fitted to M >= 4.5 in 24-46 N, 122-150 E, 1990-2010, with the events of the years before and of a margin as
sources, and then left as it is over 2011-2015, conditioned on what has happened by each moment. The reference is a
Poisson process with the rate and a kernel map of the same years. Wall and processor times are printed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mleq.etas import Circle, History, expected_until, fit_etas, likelihood_of  # noqa: E402
from mleq.etas.background import adaptive_kernels  # noqa: E402
from mleq.scores import stationary_indices  # noqa: E402

REAL_FILE = ROOT.parent / "shared" / "data" / "usgs_world_m4_1973_2015.csv.gz"
REGION, MARGIN_DEG, M0 = (24.0, 46.0, 122.0, 150.0), 4.0, 4.5
B_VALUE, MAGNITUDE_MAX = 1.0, 9.1
TOKYO = Circle(35.680934, 139.767551, 150.0)


def read(path: Path) -> tuple[History, float, float]:
    """Events with time in days since 1990, and the ends of the fit and of the test."""
    rows = pd.read_csv(path, usecols=["time", "latitude", "longitude", "mag", "type"])
    south, north, west, east = REGION
    near = rows.latitude.between(south - MARGIN_DEG, north + MARGIN_DEG)
    near &= rows.longitude.between(west - MARGIN_DEG, east + MARGIN_DEG)
    rows = rows[near & (rows.mag >= M0) & (rows.type == "earthquake")]
    epoch = pd.Timestamp("1990-01-01", tz="UTC")
    days = (pd.to_datetime(rows.time, format="ISO8601", utc=True) - epoch) / pd.Timedelta(days=1)
    ends = [(pd.Timestamp(year, tz="UTC") - epoch).days for year in ("2011-01-01", "2016-01-01")]
    return History.of(days, rows.latitude, rows.longitude, rows.mag), float(ends[0]), float(ends[1])


def timed(label: str, work):
    wall, processor = time.perf_counter(), time.process_time()
    answer = work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{label}: {wall:.1f} s ({processor:.1f} s of processor time)")
    return answer


def gain_over_poisson(fit, history: History, end: float, last: float) -> np.ndarray:
    """Gain in log-likelihood of ETAS over the Poisson process on each day from `end`, and events; shape (2, days)."""
    sources = history[history.time_days < last]
    inside = fit.background.region.contains(sources.latitude, sources.longitude)
    targets = sources[inside & (sources.time_days >= end)]
    density = fit.background.density(targets.latitude, targets.longitude)
    prepared = likelihood_of(sources, targets, density, REGION, end, last, fit.parameters)
    even = np.ones(fit.n_targets)
    poisson = adaptive_kernels(fit.targets, REGION).background(even).density(targets.latitude, targets.longitude)
    poisson_rate = fit.n_targets / end

    day = (targets.time_days - end).astype(int)
    days = int(last - end)
    gain = np.bincount(day, np.log(prepared.intensities(fit.parameters) / (poisson_rate * poisson)), days)
    midnights = np.arange(end, last + 1)
    gain -= np.diff(expected_until(midnights, history, fit.parameters, region=REGION, start=end)) - poisson_rate
    return np.stack([gain, np.bincount(day, minlength=days)])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--catalog", type=Path, metavar="FILE", default=REAL_FILE)
    path = options.parse_args().catalog
    if not path.is_file():
        print(f"{path} is not there: nothing to measure")
        return
    history, end, last = read(path)
    fit = timed(
        f"fit, {len(history[history.time_days < end]):,} events",
        lambda: fit_etas(history, region=REGION, start=0.0, end=end, m0=M0),
    )
    print(f"  {fit.n_targets:,} targets, {fit.rounds} rounds, converged: {fit.converged}")
    print(f"  log-likelihood per event {fit.log_likelihood / fit.n_targets:.4f}")
    for name, (low, high) in fit.intervals().items():
        print(f"  {name}: [{low:.4g}, {high:.4g}]")
    print(f"  branching ratio {fit.parameters.branching_ratio(B_VALUE, MAGNITUDE_MAX):.3f}")

    model, days = fit.model(B_VALUE, MAGNITUDE_MAX), np.arange(end, last)
    timed(
        f"first-order forecasts of {days.size:,} days",
        lambda: model.first_order_probabilities(history, TOKYO, days, 1.0, M0),
    )
    timed(
        f"simulated forecasts of {days.size:,} days, 10,000 continuations each",
        lambda: [model.probability(history, TOKYO, day, 1.0, M0, seed=1) for day in days],
    )
    gain, events = gain_over_poisson(fit, history, end, last)
    indices = stationary_indices(days.size, 60, 2000, seed=1)
    resampled = gain[indices].sum(axis=1) / events[indices].sum(axis=1)
    low, high = np.quantile(resampled, [0.025, 0.975])
    print(f"information gain over the Poisson process, 2011-2015: {gain.sum() / events.sum():.3f} nats per event")
    print(f"  [{low:.3f}, {high:.3f}] on {int(events.sum()):,} events (block bootstrap, 60 days)")


if __name__ == "__main__":
    main()
