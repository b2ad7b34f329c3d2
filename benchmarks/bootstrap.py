"""How long the paired block bootstrap takes, beside scikit-learn's ROC-AUC called once for each resample.

    python benchmarks/bootstrap.py

2,000 resamples of ten methods on 4,000 days: log score, Brier score, ROC-AUC, PR-AUC and all gains, in one run.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mleq import scores  # noqa: E402

DAYS, METHODS, RESAMPLES, PEER_RESAMPLES = 4000, 10, 2000, 40


def main() -> None:
    rng = np.random.default_rng(8)
    chance = rng.beta(1, 9, DAYS)
    observed = rng.random(DAYS) < chance
    methods = {f"method {i}": np.clip(chance * np.exp(0.3 * rng.standard_normal(DAYS)), 0, 1) for i in range(METHODS)}
    began = time.perf_counter()
    scores.block_bootstrap(observed, methods, mean_block_days=60, seed=1, n_resamples=RESAMPLES)
    ours = time.perf_counter() - began
    print(f"{RESAMPLES:,} resamples of {METHODS} methods on {DAYS:,} days: {ours:.2f} s")

    from sklearn.metrics import roc_auc_score

    indices = scores.stationary_indices(DAYS, 60, PEER_RESAMPLES, 1)
    began = time.perf_counter()
    for rows in indices:
        for probability in methods.values():
            roc_auc_score(observed[rows], probability[rows])
    peer = (time.perf_counter() - began) * RESAMPLES / PEER_RESAMPLES
    print(f"scikit-learn's ROC-AUC alone, resample by resample: {peer:.0f} s ({peer / ours:.0f} times as long)")


if __name__ == "__main__":
    main()
