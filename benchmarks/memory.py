"""Does a training keep to the memory that `check` promises?

    python benchmarks/memory.py [--catalog usgs.csv.gz] [--only demo,azimuth_cnn]

Each recipe is checked, and trained for one epoch in a process of its own that is given no more memory than promised
(the system's bound on data, RLIMIT_DATA): what was promised, the largest resident memory, and how it ended. Recipes of
places need a catalogue. Where the system has no such bound (macOS, Windows) it only measures.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CLONE = Path(__file__).resolve().parents[1]
SIMULATED = {
    "demo": (),
    "demo (larger maps)": ("grid.rows=40", "grid.columns=60", "model.epochs=1"),
    "demo (longer windows)": ("grid.rows=20", "grid.columns=30", "grid.window_days=60", "model.epochs=1"),
    "demo (larger batches)": ("grid.rows=20", "grid.columns=30", "model.batch_size=256", "model.epochs=1"),
    "demo (SMOTE)": ('resample=[{"name": "SMOTE"}]', "model.epochs=1"),
    "azimuth_residual": (),
    "azimuth_cnn": ("model.epochs=1",),
    "azimuth_vae": ("model.epochs=1",),
    "lab_features": (),
    "lab_wave": ("model.epochs=1",),
    "record_detect": (),
    "continuous": (),
}
PLACES = {
    "tokyo": ("model.epochs=1",),
    "tokyo_month": ("model.epochs=1",),
    "chile": ("model.epochs=1",),
    "tokyo_best": (),
    "world_best": (),
}
"""Recipes with what is changed of them, so that each is done in a few minutes."""


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--catalog", type=Path, action="append", default=[], help="events for recipes of places")
    words.add_argument("--only", help="names with commas between them")
    asked = words.parse_args()
    chosen = None if asked.only is None else set(asked.only.split(","))
    cases = SIMULATED | (PLACES if asked.catalog else {})
    broken = 0
    print(f"{'recipe':<24}{'promised, MB':>14}{'peak, MB':>10}{'share':>7}  ended")
    for name, changes in cases.items():
        if chosen is None or name in chosen:
            broken += not kept(name, changes, asked.catalog)
    return int(broken > 0)


def kept(name: str, changes: tuple[str, ...], catalogs: list[Path]) -> bool:
    """Train one recipe within what was promised, and print how it went."""
    settings = [word for change in changes for word in ("--set", change)]
    settings += [word for file in catalogs if name in PLACES for word in ("--catalog", str(file.resolve()))]
    common = ["--recipe_id", name.partition(" ")[0], "--recipe", str(CLONE / "recipe.json"), *settings]
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run(
            command("check", *common, "--build", "--json"), cwd=folder, capture_output=True, text=True
        )
        if said.returncode:
            print(f"{name:<24}{said.stderr.strip()}", flush=True)
            return False
        promised = json.loads(said.stdout)["memory_mb"]
        errors = Path(folder) / "errors"
        with errors.open("w") as kept_errors:
            done = subprocess.Popen(
                command("train", *common, "-q"), cwd=folder, preexec_fn=bound(promised), stdout=subprocess.DEVNULL,
                stderr=kept_errors,
            )  # fmt: skip
            _, status, used = os.wait4(done.pid, 0)
        code = done.returncode = os.waitstatus_to_exitcode(status)
        last = "well" if code == 0 else f"exit code {code}: {errors.read_text().strip()[-300:]}"
    unit = 1 if sys.platform == "darwin" else 1024
    peak = used.ru_maxrss * unit / 1e6
    print(f"{name:<24}{promised:>14,}{peak:>10,.0f}{peak / promised:>7.2f}  {last}", flush=True)
    return code == 0


def command(door: str, *words: str) -> list[str]:
    return [sys.executable, str(CLONE / "cmd" / door), *words]


def bound(megabytes: float):
    """What a new process does first: it bounds its data, where the system can."""
    if sys.platform != "linux":
        return None
    import resource

    return lambda: resource.setrlimit(resource.RLIMIT_DATA, (int(megabytes * 1e6),) * 2)


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = (
        "system"  # Arrow's own reserves a GiB of addresses, which the bound counts
    )
    sys.exit(main())
