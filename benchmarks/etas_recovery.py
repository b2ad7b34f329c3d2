"""Whether ETAS fits find the parameters of simulated catalogues, and whether their intervals cover them.

    python benchmarks/etas_recovery.py [--catalogs 100]

Catalogues of about 3,000 events in 3,700 days after 5,500 auxiliary days, each over a background of its own. Each is
fitted twice: with its true background, and with the adaptive background that has to be found from the events. Of
100 catalogues, 95 % intervals should cover the truth in about 95.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mleq.etas import EtasParameters, History, fault_like_background, fit_etas, simulate_catalog  # noqa: E402
from mleq.etas.likelihood import LOG_NAMES, to_log  # noqa: E402

REGION, START, END, B_VALUE, MAGNITUDE_MAX = (32.0, 40.0, 135.0, 145.0), 5500, 9200, 1.0, 8.0
TRUTH = EtasParameters(0.4, 0.25, 1.3, 0.02, 1.2, 6.0, 1.7, 1.0, m0=4.0)


def fits_of(seed: int) -> dict:
    """One catalogue, fitted with the background that it has and with one that is found."""
    background = fault_like_background(REGION, np.random.default_rng(seed))
    catalog = simulate_catalog(
        REGION,
        0,
        END,
        TRUTH,
        b_value=B_VALUE,
        magnitude_max=MAGNITUDE_MAX,
        seed=seed,
        background=background,
        burn_in_days=3000,
        keep_outside=True,
    )
    history = History.of(*(catalog[name] for name in ("time_days", "latitude", "longitude", "magnitude")))
    return {
        name: fit_etas(history, region=REGION, start=START, end=END, m0=TRUTH.m0, background=one)
        for name, one in (("true background", background), ("adaptive background", "adaptive"))
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--catalogs", type=int, default=100, metavar="N", help="about 8 s each on one core")
    n = options.parse_args().catalogs
    fits = [fits_of(500 + number) for number in range(n)]
    ratio = TRUTH.branching_ratio(B_VALUE, MAGNITUDE_MAX)
    for name in fits[0]:
        deviation = np.array([to_log(one[name].parameters) - to_log(TRUTH) for one in fits])
        error = np.array([np.sqrt(np.diag(one[name].log_covariance)) for one in fits])
        covered = (np.abs(deviation) < 1.96 * error).sum(axis=0)
        ratios = [one[name].parameters.branching_ratio(B_VALUE, MAGNITUDE_MAX) for one in fits]
        events = np.mean([one[name].n_targets for one in fits])
        print(f"{name}: {n} catalogues of {events:,.0f} events on average")
        for parameter, count, bias in zip(LOG_NAMES, covered, deviation.mean(axis=0), strict=True):
            print(f"  {parameter}: 95 % interval covers in {count} of {n}; mean error of its logarithm {bias:+.3f}")
        print(f"  branching ratio: {np.mean(ratios):.3f} on average, truth {ratio:.3f}")


if __name__ == "__main__":
    main()
