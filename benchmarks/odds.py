"""Time of `odds` about Tokyo, from a store in a temporary folder: the first call fits, the second reads the fit.

    python benchmarks/odds.py [--catalog FILE]

Whole commands are timed, start of Python included, with the events read from a Parquet file and from CSV; and whether
TensorFlow was imported is printed.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mleq.catalog.export import export  # noqa: E402
from mleq.catalog.files import read_files  # noqa: E402

REAL_FILE = ROOT.parent / "shared" / "data" / "usgs_world_m4_1973_2015.csv.gz"
QUESTION = [
    *("--latitude", "35.68", "--longitude", "139.77", "--radius_km", "150", "--magnitude", "5", "--days", "7"),
    *("--issue_time", "2015-06-15"),
]
SCRIPT = (
    "import sys; from mleq.cli import main\n"
    "try: main('odds')\n"
    "finally: print('TensorFlow imported:', 'tensorflow' in sys.modules, file=sys.stderr)\n"
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--catalog", type=Path, metavar="FILE", default=REAL_FILE)
    path = options.parse_args().catalog
    if not path.is_file():
        print(f"{path} is not there: nothing to measure")
        return
    with tempfile.TemporaryDirectory() as folder:
        parquet = Path(folder) / "events.parquet"
        export(read_files([path]), parquet)
        for label, file in (("first call", parquet), ("second call", parquet), ("second call, from CSV", path)):
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            words = [*QUESTION, "--catalog", str(file), "--data_dir", folder]
            done = subprocess.run(
                [sys.executable, "-c", SCRIPT, *words], capture_output=True, text=True, check=True, cwd=ROOT
            )
            wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
            processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"{label}: {wall:.1f} s ({processor:.1f} s of processor time); {done.stderr.splitlines()[-1]}")


if __name__ == "__main__":
    main()
