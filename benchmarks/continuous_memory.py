"""Days of three channels at 100 Hz through the whole family, in bounded memory, killed twice and continued.

    python benchmarks/continuous_memory.py [--days 30]

Three runs, each in a process of its own: one as it is, one that is killed twice (SIGKILL) and given again, and one of a
third of the days. Printed: peak memory of each, and whether the interrupted one gave the same as the whole one.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
RECIPE = {
    "id": "long_record",
    "family": "continuous",
    "record": {"source": "simulated", "start": "2020-01-01", "days": 30, "sampling_rate": 100, "channels": 3},
    "windows": {"window_s": 40.96},
    "scattering": {"octaves": 6, "per_octave": 4},
    "model": {"sample": 3000, "components": [4, 8, 12], "seeds": 2},
    "detect": {"band_hz": [1.0, 30.0], "families": 2, "length_s": 10},
    "chunk_hours": 1,
    "workers": 1,
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--days", type=float, default=30)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        part = given.days / 3
        report("a third", finished(scratch / "short", part), part)
        whole = finished(scratch / "whole", given.days)
        report("whole", whole, given.days)
        kills = killed_twice(scratch / "killed", given.days)
        again = finished(scratch / "killed", given.days)
        report("killed twice", again, given.days)
        print(f"killed after {' and '.join(f'{count} files' for count in kills)} of finished chunks")
        print(
            "identical:",
            ", ".join(f"{name} {same(whole, again, name)}" for name in ("forecasts", "events", "clusters")),
        )


def report(name: str, run: Path, days: float) -> None:
    record = json.loads((run / "run.json").read_text())
    samples = days * 86_400 * 100 * 3
    print(
        f"{name:13} {days:5g} days of 3 channels at 100 Hz ({samples / 1e6:,.0f} million samples, "
        f"{4 * samples / 2**20:,.0f} MiB as float32): peak memory {record['peak_memory_mb']:,.0f} MiB, "
        f"{sum(record['seconds'].values()):,.0f} s (the last process alone)",
        flush=True,
    )


def command(out: Path, days: float) -> list[str]:
    out.mkdir(parents=True, exist_ok=True)
    recipe = {**RECIPE, "record": {**RECIPE["record"], "days": days}}
    (out / "recipe.json").write_text(json.dumps({"format": 1, "recipes": [recipe]}))
    door = str(ROOT / "cmd" / "train")
    return [
        sys.executable,
        door,
        "--recipe_id",
        "long_record",
        "--recipe",
        str(out / "recipe.json"),
        "--out_dir",
        str(out),
        "-q",
    ]


def finished(out: Path, days: float) -> Path:
    subprocess.run(command(out, days), check=True, env=environment(), stdout=subprocess.DEVNULL)
    return max((out / "long_record" / "runs").glob("2*"))


def killed_twice(out: Path, days: float) -> list[int]:
    """Kill a run when a third of its chunks are transformed, and again amid the detections."""
    chunks, counts = int(days * 24), []
    for pattern, share in (("features/*.npz", 1 / 3), ("detections/*.npz", 1 / 2)):
        process = subprocess.Popen(command(out, days), env=environment(), stdout=subprocess.DEVNULL)
        while process.poll() is None:
            count = len(list((out / "long_record" / "runs").glob(f".unfinished-*/training/{pattern}")))
            if count >= share * chunks:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                counts.append(count)
                break
            time.sleep(0.2)
    return counts


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def same(one: Path, other: Path, name: str) -> bool:
    tables = [pd.read_parquet(run / f"{name}.parquet").drop(columns=["id"], errors="ignore") for run in (one, other)]
    return tables[0].equals(tables[1])


if __name__ == "__main__":
    main()
