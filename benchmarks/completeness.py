"""How well completeness magnitudes and b-values are recovered from catalogues whose truth is known.

    python benchmarks/completeness.py [--catalogues 200] [--data FILE]

Simulated catalogues have b between 0.7 and 1.3, Mc between 2 and 5, and a detection that falls smoothly (a half cosine)
from 1 at Mc to 0 at 0.6 below. For each estimator it prints the mean error, its spread beside the stated uncertainty,
and how often the stated 95 % interval held the truth; then the mean error of each on shorter ramps, down to a sharp
cut. With a catalogue file, the same quantities of that catalogue follow; where the package SeismoStats is installed
beside, its figures too.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mleq.catalog import magnitudes  # noqa: E402
from mleq.catalog.completeness import estimate  # noqa: E402
from mleq.catalog.load import everything  # noqa: E402

REAL = ROOT.parent / "shared" / "data" / "usgs_world_m4_1973_2015.csv.gz"
RAMP = 0.6
SHORTER = (0.4, 0.2, 0.0)
NOW = pd.Timestamp("2000-01-01", tz="UTC")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogues", type=int, default=200)
    parser.add_argument("--events", type=int, default=1500, help="about so many at and above Mc")
    parser.add_argument("--data", type=Path, default=REAL)
    options = parser.parse_args()
    print(f"{options.catalogues} simulated catalogues of about {options.events} complete events each")
    for name in magnitudes.ESTIMATORS:
        recovery(name, options.catalogues, options.events)
    for ramp in SHORTER:
        shorter(ramp, options.catalogues, options.events)
    if options.data.is_file():
        real(options.data)


def recovery(name: str, catalogues: int, n: int) -> None:
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(catalogues):
        b, mc = rng.uniform(0.7, 1.3), round(rng.uniform(2, 5), 1)
        found = estimate(simulate(rng, n, b, mc), NOW, NOW, 0.0, name)
        rows.append(
            (
                (found.magnitude - mc, found.uncertainty),
                (found.b_value - b, found.b_uncertainty),
                (found.b_positive - b, found.b_positive_uncertainty),
            )
        )
    for label, (error, stated) in zip(("Mc", "b", "b+"), np.moveaxis(np.array(rows), 0, 2), strict=True):
        # A magnitude that is given to a tenth is right where the interval reaches into the true tenth.
        slack = magnitudes.WIDTH / 2 if label == "Mc" else 0.0
        covered = np.mean(np.abs(error) <= 1.96 * stated + slack)
        print(
            f"  {name:<18} {label:<2}  error {error.mean():+.3f} +- {error.std():.3f}, stated +- {stated.mean():.3f}, "
            f"95 % interval covers {covered:.2f}"
        )


def shorter(ramp: float, catalogues: int, n: int) -> None:
    """Errors of Mc alone, where detection falls within less."""
    rng = np.random.default_rng(2)
    errors: dict[str, list[float]] = {name: [] for name in magnitudes.ESTIMATORS}
    for _ in range(catalogues):
        b, mc = rng.uniform(0.7, 1.3), round(rng.uniform(2, 5), 1)
        found = magnitudes.Distribution.of(simulate(rng, n, b, mc, ramp))
        for name, estimator in magnitudes.ESTIMATORS.items():
            errors[name].append(float(estimator(found)) - mc)
    said = ", ".join(f"{name} {np.nanmean(values):+.3f}" for name, values in errors.items())
    print(f"  Mc errors where detection falls over {ramp}: {said}")


def simulate(rng: np.random.Generator, n: int, b: float, mc: float, ramp: float = RAMP) -> np.ndarray:
    """Magnitudes rounded to a tenth, about `n` of them at and above `mc`."""
    low = mc - magnitudes.WIDTH / 2 - ramp
    every = low + rng.exponential(1 / (b * math.log(10)), int(n * 10 ** (b * ramp)))
    share = np.clip((every - low) / ramp, 0, 1) if ramp else np.ones(len(every))
    detected = rng.random(len(every)) < (1 - np.cos(np.pi * share)) / 2
    return np.round(every[detected], 1)


def real(path: Path) -> None:
    events = everything(files=[path])
    for start in range(1975, 2015, 10):
        era = events[events["origin_time"].dt.year.between(start, start + 9)]["magnitude"].to_numpy()
        found = estimate(era, NOW, NOW, 0.0)
        named = ", ".join(f"{name} {value}" for name, value in found.estimates.items())
        b = f"b {found.b_value:.3f} +- {found.b_uncertainty:.3f} from {found.b_magnitude}"
        print(f"{start}-{start + 9}: {named}; {b}, b-positive {found.b_positive:.3f}")
        beside(era, found.b_magnitude, min(value for value in found.estimates.values() if value is not None))


def beside(era: np.ndarray, mc: float, lowest: float) -> None:
    """The same quantities by SeismoStats, if someone installed it for the comparison."""
    try:
        from seismostats.analysis import (
            BPositiveBValueEstimator,
            ClassicBValueEstimator,
            estimate_mc_b_stability,
            estimate_mc_maxc,
        )
    except ImportError:
        return
    binned = np.round(era, 1)
    classic = ClassicBValueEstimator()
    classic.calculate(binned[binned >= mc - 0.01], mc=mc, delta_m=0.1)
    maxc, _ = estimate_mc_maxc(binned, fmd_bin=0.1)
    positive = BPositiveBValueEstimator()
    complete = binned[binned >= lowest - 0.01]
    positive.calculate(complete, times=np.arange(len(complete)), mc=lowest, delta_m=0.1, dmc=0.2)
    with contextlib.redirect_stdout(None):  # it prints what it tried
        stable, _ = estimate_mc_b_stability(binned, delta_m=0.1)
    b = f"b {classic.b_value:.3f} +- {classic.std:.3f}, b-positive {positive.b_value:.3f}"
    print(f"  SeismoStats: maximum curvature {maxc:.1f}, b-stability {stable}; {b}")


if __name__ == "__main__":
    main()
