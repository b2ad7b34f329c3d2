"""How the client and the store do against a stand-in of the event service over the real catalogue.

    python benchmarks/fetch.py --server ../shared/tools/usgs_server.py [--faults] [--kills 20]

Prints queries, counts, time and peak memory (VmHWM) of fetching 1980-2015, M >= 4, and whether every id came once with
the values of the file; the same of a fetch that finds nothing new, of fewer years and of a single day (what the
interpreter and its libraries take); the same with faults switched on, and with the client killed at random moments.
Each fetch is a process of its own, so that its peak memory is its own (Linux).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import pandas as pd  # noqa: E402

from mleq.catalog.files import read_files  # noqa: E402
from mleq.catalog.store import Store  # noqa: E402

SHARED = ROOT.parent / "shared"
START, END = "1980-01-01", "2016-01-01"
SMALLER = {"2012-01-01": "2012-2015", "2015-12-31": "one day"}
FAULTS = ("--fail-every", "4", "--throttle-every", "7", "--cut-every", "5")
FETCH = """
import sys
from mleq.cli import main
try:
    main("fetch")
finally:
    # Not getrusage, whose peak a process inherits from the one that started it.
    peak = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
    print(f"peak {peak / 1024:.0f}", file=sys.stderr)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", type=Path, default=SHARED / "tools" / "usgs_server.py")
    parser.add_argument("--data", type=Path, default=SHARED / "data" / "usgs_world_m4_1973_2015.csv.gz")
    parser.add_argument("--faults", action="store_true", help="also with 503, 429 and cut answers")
    parser.add_argument("--kills", type=int, default=0, help="also killed so many times at random moments")
    options = parser.parse_args()
    if not options.server.is_file() or not options.data.is_file():
        sys.exit(f"no {options.server} or no {options.data}: give --server and --data")
    raw = read_files([options.data])
    expected = raw[(raw["time"] >= START) & (raw["time"] < END)].sort_values("id", ignore_index=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with serving(options.server, work / "plain.log") as url:
            whole(url, work / "plain", work / "plain.log", expected)
            again(url, work / "plain")
            for first, name in SMALLER.items():
                smaller(url, work / first, first, name)
        if options.faults:
            with serving(options.server, work / "faults.log", *FAULTS) as url:
                whole(url, work / "faults", work / "faults.log", expected, "with faults: ")
                smaller(url, work / "few", "2012-01-01", "with faults, 2012-2015")
        if options.kills:
            with serving(options.server, work / "kills.log", "--delay", "0.3") as url:
                killed(url, work / "kills", options.kills, expected)


@contextlib.contextmanager
def serving(server: Path, log: Path, *more: str) -> Iterator[str]:
    """Run the stand-in on a free port; yields its address."""
    command = [sys.executable, str(server), "--port", "0", "--log", str(log), *more]
    # What it writes on stderr are connections that a killed client left.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield re.search(r"http://\S+", process.stdout.readline()).group()
    finally:
        process.terminate()
        process.wait()


def start_fetch(url: str, data: Path, *more: str) -> subprocess.Popen:
    words = ["--min_magnitude", "4", "--usgs_url", url, "--data_dir", str(data), "--json", *more]
    if "--start" not in more:
        words = ["--start", START, "--end", END, *words]
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen) -> tuple[dict, float]:
    """The answer and the peak memory (MB) of a fetch."""
    out, err = process.communicate()
    if process.returncode:
        sys.exit(err)
    return json.loads(out), float(re.search(r"^peak (\d+)", err, re.MULTILINE).group(1))


def whole(url: str, data: Path, log: Path, expected: pd.DataFrame, label: str = "") -> None:
    began = time.perf_counter()
    answer, peak = finish(start_fetch(url, data))
    seconds = time.perf_counter() - began
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    asked = {kind: sum(f"/{kind}?" in line["path"] for line in lines) for kind in ("query", "count")}
    least = math.ceil(len(expected) / 20_000)
    print(f"{label}{answer['held']:,} events in {seconds:.1f} s, peak {peak:.0f} MB")
    print(f"  {asked['query']} queries ({asked['query'] / least:.2f} x the least, {least}), {asked['count']} counts")
    print(f"  {sameness(data, expected)}")
    opening = time.perf_counter()
    Store.of(data).read()
    print(f"  the store opened as columns in {time.perf_counter() - opening:.2f} s")


def sameness(data: Path, expected: pd.DataFrame) -> str:
    held = Store.of(data).read().sort_values("id", ignore_index=True)
    if not held["id"].is_unique:
        return "an id stands twice: WRONG"
    return "every id once, all 22 columns as in the file" if held.equals(expected) else "differs from the file: WRONG"


def again(url: str, data: Path) -> None:
    began = time.perf_counter()
    answer, peak = finish(start_fetch(url, data))
    seconds = time.perf_counter() - began
    print(f"  fetched again: {answer['events']} events in {seconds:.1f} s, peak {peak:.0f} MB")


def smaller(url: str, data: Path, first: str, name: str) -> None:
    answer, peak = finish(start_fetch(url, data, "--start", first, "--end", END))
    print(f"  {name}: {answer['held']:,} events, peak {peak:.0f} MB")


def killed(url: str, data: Path, times: int, expected: pd.DataFrame) -> None:
    rng = random.Random(1)
    held = unfinished = 0
    for _ in range(times):
        process = start_fetch(url, data)
        time.sleep(rng.uniform(0.5, 3.0))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        now = len(Store.of(data).read())
        if now < held:
            sys.exit(f"a kill lost events: {held} before, {now} after")
        held = now
        unfinished += held < len(expected)
    finish(start_fetch(url, data))
    print(
        f"killed {times} times ({unfinished} of them before all was there), then finished: {sameness(data, expected)}"
    )


if __name__ == "__main__":
    main()
