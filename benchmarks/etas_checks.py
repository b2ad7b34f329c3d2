"""Whether ETAS fits Japan's earthquakes: residuals in transformed time and in space, and declustering, as a picture.

    python benchmarks/etas_checks.py [--catalog FILE] [--out checks.png]

M >= 5 in 24-46 N, 122-150 E, 1990-2010; prints the numbers of the tests and, with `--out`, draws the four pictures.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import pandas as pd  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from mleq import etas  # noqa: E402
from mleq.catalog.load import everything  # noqa: E402
from mleq.forecast.regional import TAPER_DAYS  # noqa: E402
from mleq.report.etas import draw_checks  # noqa: E402

REAL_FILE = ROOT.parent / "shared" / "data" / "usgs_world_m4_1973_2015.csv.gz"
REGION, START, END, M0 = (24.0, 46.0, 122.0, 150.0), "1990-01-01", "2011-01-01", 5.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--catalog", type=Path, metavar="FILE", default=REAL_FILE)
    options.add_argument("--out", type=Path, metavar="FILE", help="where the picture goes")
    chosen = options.parse_args()
    if not chosen.catalog.is_file():
        print(f"{chosen.catalog} is not there: nothing to check")
        return
    model = etas.fit(everything(files=[chosen.catalog]), REGION, START, END, magnitude=M0, tapered=TAPER_DAYS)
    days = (pd.Timestamp(END) - pd.Timestamp(START)).days
    figure = Figure(figsize=(11, 9), layout="constrained")
    numbers = draw_checks(figure, model.fitted, model.history, start=0.0, end=float(days))
    print(f"Japan, M >= {M0:g}, {START} to {END}")
    for name, value in numbers.items():
        print(f"  {name}: {value:.4g}")
    if chosen.out:
        figure.savefig(chosen.out, dpi=110)
        print(f"drawn: {chosen.out}")


if __name__ == "__main__":
    main()
