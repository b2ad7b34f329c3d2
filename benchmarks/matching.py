"""Template matching in seconds per template-channel-day, beside obspy's correlate_template, in one run.

    python benchmarks/matching.py

One simulated day of one channel at 50 Hz, eight templates of 400 samples; one core; ours, obspy's, ours, obspy's, the
best of each. obspy is given the whole day and its own choice of method. The two must agree to 1e-5.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
from obspy.signal.cross_correlation import correlate_template  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from mleq.continuous.matching import correlate  # noqa: E402
from mleq.continuous.recipe import SimulatedRecord  # noqa: E402
from mleq.continuous.simulation import simulate_record  # noqa: E402

TEMPLATES, LENGTH = 8, 400


def main() -> None:
    settings = '{"source": "simulated", "start": "2020-01-01", "days": 1, "sampling_rate": 50, "repeaters": 30}'
    record = simulate_record(SimulatedRecord.model_validate_json(settings))
    day = record.stations[0].read(0, 86_400 * 50).astype(np.float64)
    begins = np.random.default_rng(0).integers(0, day.shape[1] - LENGTH, TEMPLATES)
    templates = np.stack([day[:, begin : begin + LENGTH] for begin in begins])
    ours, theirs = [], []
    for _ in range(2):
        began = time.perf_counter()
        found = correlate(day, templates)
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        beside = np.stack([correlate_template(day[0], template[0]) for template in templates])
        theirs.append(time.perf_counter() - began)
    mine, obspys = min(ours) / TEMPLATES, min(theirs) / TEMPLATES
    print(f"one day at 50 Hz, {TEMPLATES} templates of {LENGTH} samples, one core")
    print(f"ours   {mine:.4f} s per template-channel-day")
    print(f"obspy  {obspys:.4f} s per template-channel-day: ours is {obspys / mine:.1f} times as fast")
    print(f"largest difference of the correlations: {np.abs(found - beside).max():.1e}")


if __name__ == "__main__":
    main()
