"""The store of laboratory records: importing, memory, and reading windows, beside pandas and npz in one run.

    python benchmarks/lab_store.py [--rows 200000000] [--folder FOLDER] [--windows 1000]

Writes a csv of simulated emission in the competition's form (about 15 bytes a row), streams it into the store in a
process of its own, reads it with `pandas.read_csv` in another, and reads random windows of 150,000 samples from the
store and from the compressed npz: opened once and held in memory, and opened for each window, as must be done where
the record does not fit into memory. Prints rows per second, peak memory and ratios.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mleq.lab.importing import stored  # noqa: E402
from mleq.lab.recipe import SimulatedSignals  # noqa: E402
from mleq.lab.simulator import simulate  # noqa: E402
from mleq.lab.store import Store, export_npz  # noqa: E402

SETTINGS = SimulatedSignals(source="simulated", failures=3, recurrence_s=2.0, sampling_rate_hz=4e6)
WINDOW = 150_000
NPZ_OPENED = 3
"""How often the npz is opened anew; each opening reads it whole."""


def write_csv(path: Path, rows: int) -> None:
    """Repeat a simulated record until there are so many rows; each repetition continues with a new cycle."""
    import pyarrow as pa
    from pyarrow import csv

    record = simulate(SETTINGS)
    ends = record.cycles["end_row"].to_numpy()
    first, last = int(record.cycles["first_row"].to_numpy()[1]), int(ends[-2])
    signal = record.signal[first:last]
    times = record.time_to_failure_s[first:last]
    written = 0
    schema = pa.schema([("acoustic_data", pa.int16()), ("time_to_failure", pa.float64())])
    with path.open("wb") as file:
        file.write(b"acoustic_data,time_to_failure\n")
        while written < rows:
            count = min(len(signal), rows - written)
            table = pa.table([signal[:count], np.round(times[:count], 9)], schema=schema)
            csv.write_csv(table, file, csv.WriteOptions(include_header=False))
            written += count


def peak_memory_mb() -> float:
    """Largest resident memory of this process, MiB; the count of getrusage would begin with its parent's."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def alone(work: str, *arguments: str) -> dict:
    """Do one piece of work in a process of its own; return its seconds and peak memory."""
    words = [sys.executable, __file__, "--work", work, "--arguments", *arguments]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def do(work: str, arguments: list[str]) -> None:
    """One piece of work, measured."""
    began = time.perf_counter()
    if work == "import":
        store = stored(Path(arguments[0]), Path(arguments[1]), SETTINGS)
        answer = {"store": str(store.folder)}
    else:
        import pandas as pd

        frame = pd.read_csv(arguments[0], dtype={"acoustic_data": np.int16, "time_to_failure": np.float64})
        answer = {"rows": len(frame)}
    print(json.dumps({**answer, "seconds": time.perf_counter() - began, "memory_mb": peak_memory_mb()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000_000)
    parser.add_argument("--windows", type=int, default=1000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--arguments", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return do(options.work, options.arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        measure(Path(folder), options.rows, options.windows)
    return None


def measure(folder: Path, rows: int, windows: int) -> None:
    """Write, import, read; print."""
    path = folder / "train.csv"
    write_csv(path, rows)
    print(f"{rows:,} rows of csv, {path.stat().st_size / 1e9:.2f} GB")
    ours = alone("import", str(path), str(folder / "data"))
    theirs = alone("pandas", str(path))
    for name, one in (("into the store", ours), ("pandas.read_csv", theirs)):
        print(f"{name}: {rows / one['seconds']:,.0f} rows a second, peak memory {one['memory_mb']:,.0f} MiB")
    print(f"ratio of rates: {theirs['seconds'] / ours['seconds']:.2f}")
    path.unlink()
    signals = Store(Path(ours["store"])).open()
    size = sum(part.stat().st_size for part in Path(ours["store"]).glob("*.h5"))
    began = time.perf_counter()
    export_npz(signals, folder / "record.npz")
    packed = (folder / "record.npz").stat().st_size
    print(f"store {size / 1e9:.2f} GB; npz {packed / 1e9:.2f} GB in {time.perf_counter() - began:.0f} s")
    rng = np.random.default_rng(1)
    starts = rng.integers(0, signals.rows - WINDOW, windows)
    began = time.perf_counter()
    sums = [int(signals.signal[start : start + WINDOW].sum(dtype=np.int64)) for start in starts]
    from_store = time.perf_counter() - began
    began = time.perf_counter()
    with np.load(folder / "record.npz") as archive:
        held = archive["signal"]
        again = [int(held[start : start + WINDOW].sum(dtype=np.int64)) for start in starts]
    from_memory = time.perf_counter() - began
    assert again == sums
    del held
    began = time.perf_counter()
    for start in starts[:NPZ_OPENED]:
        with np.load(folder / "record.npz") as archive:
            archive["signal"][start : start + WINDOW].sum(dtype=np.int64)
    opened = (time.perf_counter() - began) * windows / NPZ_OPENED
    print(f"{windows:,} random windows from the store: {from_store:.2f} s")
    print(f"the same from the npz, opened for each: {opened:,.0f} s ({opened / from_store:,.0f} times as long)")
    print(f"the same from the npz, whole in memory: {from_memory:.1f} s ({from_memory / from_store:.1f} times as long)")


if __name__ == "__main__":
    main()
