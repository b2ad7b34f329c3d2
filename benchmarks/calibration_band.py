"""How often is a pool whose chances are right found inside the 95 % band of what came over what was expected?

    python benchmarks/calibration_band.py [--pools 1000] [--circles 50] [--ratios 0.5,0.7,0.9] [--days 1078]

Pools of circles of the temporal ETAS process of benchmarks/coverage.py, each circle a catalogue of its own, are
forecast by ETAS, what comes being drawn by its chances (right each day); by the share of days that have a target, what
comes being the process's own (right on average); and by 0.9 times the chances that draw (wrong). Two bands are tried on
the same days, both of whole days of all circles resampled in blocks of an eighth of the days: quantiles of the centred
resamples, and `mleq.forecast.pool.scoring`'s. Beside all days the classes of forecasts are counted in which 20 or more
events were expected.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from coverage import series, simulated, targets

from mleq.forecast.pool import scoring
from mleq.scores.blocks import Blocks, mean_block_days

FEWEST = 20.0  # expected events of a class that is counted


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--pools", type=int, default=1000)
    words.add_argument("--circles", type=int, default=50)
    words.add_argument("--ratios", default="0.5,0.7,0.9")
    words.add_argument("--days", type=int, default=1078, help="none longer than 3,650")
    asked = words.parse_args()
    for ratio in map(float, asked.ratios.split(",")):
        began = time.perf_counter()
        rng = np.random.default_rng([5, round(100 * ratio)])
        climatology = float(np.mean([targets(simulated(rng, 50, ratio), 50)[:, 7300:].mean() for _ in range(40)]))
        tally: dict[tuple[str, str, str], np.ndarray] = {}
        for number in range(asked.pools):
            observed, chances = series(rng, asked.circles, ratio, climatology)
            blocks = Blocks.drawn(asked.days, mean_block_days(asked.days, 1), scoring.RESAMPLES, number)
            for name, came, chance in forecasts(rng, observed[:, : asked.days].T, chances, asked.days):
                for what, counted in parts(chance):
                    expected = chance[counted].sum()
                    if expected < FEWEST:
                        continue
                    for kind, band in (("quantiles", quantiles), ("studentised", scoring.band)):
                        low, high = band(np.where(counted, came, 0.0).sum(axis=1),
                                         np.where(counted, chance, 0.0).sum(axis=1), blocks)  # fmt: skip
                        inside = low <= came[counted].sum() / expected <= high
                        tally.setdefault((name, what, kind), np.zeros(3))[:] += inside, 1, high - low
        print(f"branching ratio {ratio}, {asked.pools} pools of {asked.circles} circles, {asked.days:,} days; "
              f"{time.perf_counter() - began:.0f} s")  # fmt: skip
        print("| forecast | days | quantiles: inside | studentised: inside | as wide |\n|---|---|---|---|---|")
        for name, what, kind in tally:
            if kind == "quantiles":
                old, new = tally[name, what, kind], tally[name, what, "studentised"]
                print(f"| {name} | {what} | {old[0] / old[1]:.3f} | {new[0] / new[1]:.3f} | {new[2] / old[2]:.2f} |")
        print(flush=True)


def forecasts(rng: np.random.Generator, observed: np.ndarray, chances: dict, days: int):
    """What a forecast is, what came and its chances, both of shape (days, circles)."""
    etas, flat = (chances[name][:, :days].T for name in ("etas", "climatology"))
    drawn = (rng.random(etas.shape) < etas).astype(float)
    yield "right each day", drawn, etas
    yield "right on average", observed.astype(float), flat
    yield "0.9 times the right ones", drawn, 0.9 * etas


def parts(chance: np.ndarray):
    """All circle-days, and each class of forecasts."""
    yield "all", np.ones(chance.shape, bool)
    for low, high in zip(scoring.EDGES, scoring.EDGES[1:], strict=False):
        counted = (chance >= low) & (chance < high)
        if not counted.all():
            yield "classes", counted


def quantiles(came: np.ndarray, expected: np.ndarray, blocks: Blocks) -> tuple[float, float]:
    """Of the centred resamples, as they are."""
    wrong = came - expected
    centred = blocks.by_resample(blocks.sums(wrong - wrong.mean())) / expected.sum()
    low, high = np.quantile(centred, [0.025, 0.975])
    return 1 + low, 1 + high


if __name__ == "__main__":
    main()
