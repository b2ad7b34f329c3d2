"""The map of chances for the whole Earth: how long it takes, and whether its sum is what usually happens.

python benchmarks/worldmap.py --catalog usgs.csv.gz [--step 2] [--workers 2] [--out_dir FOLDER]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import pandas as pd

from mleq import api
from mleq.catalog.load import everything

MAGNITUDE, DAYS, YEARS = 6.0, 30.0, 20


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--catalog", type=Path, action="append", default=[], help="events from a file; else the store")
    words.add_argument("--step", type=float, default=2.0)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--out_dir", type=Path)
    given = words.parse_args()
    events = everything(files=given.catalog)
    with tempfile.TemporaryDirectory() as scratch:
        out = given.out_dir or Path(scratch)
        for what in ("fitted and simulated", "fits kept, simulated again an hour later"):
            issue = pd.Timestamp(events["origin_time"].max()).floor("h") - pd.Timedelta(hours=int("again" not in what))
            began, before = time.monotonic(), processor()
            found = api.odds_map(
                MAGNITUDE, DAYS, given.step, issue, events=events, data_dir=Path(scratch), out_dir=out,
                workers=given.workers,
            )  # fmt: skip
            print(
                f"world map of {found['cells']:,} cells, {what}: {time.monotonic() - began:.0f} s on {given.workers} "
                f"workers, {processor() - before:.0f} s of one core"
            )
    since = issue - pd.DateOffset(years=YEARS)
    usual = ((events["origin_time"] >= since) & (events["magnitude"] >= MAGNITUDE)).sum() / (YEARS * 365.25) * DAYS
    best = found["largest"][0]
    print(f"expected M >= {MAGNITUDE:g} within {DAYS:g} days: {found['expected_number']:.2f}; "
          f"on average of the last {YEARS} years {usual:.2f}")  # fmt: skip
    print(f"cells answered {found['answered']:,} ({found['cells_by_model']}); the largest chance "
          f"{best['probability']:.3f} [{best['low']:.3f}, {best['high']:.3f}] "
          f"at {best['latitude']:g}, {best['longitude']:g}")  # fmt: skip


def processor() -> float:
    """Seconds of this process and of its workers that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
