"""How long whole commands take, beside the import of TensorFlow and beside each other, in one run.

    python benchmarks/commands.py [--repeats 5] [--demo]

Prints: `mleq --help` and `mleq check --recipe_id tokyo` beside `python -c "import tensorflow"`; `mleq predict` of 365
days beside one day, for a tokyo trained for one epoch on the real catalogue where `../shared` is there, else for the
simulated demo; with --demo, how long `mleq train --recipe_id demo` and its predict take.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fetch import SHARED, serving

CLONE = Path(__file__).resolve().parents[1]
SERVER = SHARED / "tools" / "usgs_server.py"


def seconds(words: list, folder: Path) -> float:
    """Wall time of one command."""
    environment = {**os.environ, "PYTHONPATH": str(CLONE)}
    began = time.perf_counter()
    subprocess.run([sys.executable, *map(str, words)], cwd=folder, check=True, capture_output=True, env=environment)
    return time.perf_counter() - began


def medians(commands: dict[str, list], folder: Path, repeats: int) -> dict[str, float]:
    """Median wall times of commands run in turn, after one run each that is not counted."""
    taken = {name: [] for name in commands}
    for turn in range(repeats + 1):
        for name, words in commands.items():
            once = seconds(words, folder)
            if turn:
                taken[name].append(once)
    for name, values in taken.items():
        print(f"{name:<34} {statistics.median(values):7.3f} s   [{min(values):.3f} to {max(values):.3f}]")
    return {name: statistics.median(values) for name, values in taken.items()}


def store(folder: Path) -> list:
    """Fill the store of the folder from the stand-in over the real catalogue where there is one; return options."""
    if not SERVER.is_file():
        print("no ../shared beside this clone: the demo's simulated events instead of the real catalogue")
        return ["--recipe_id", "demo"]
    with serving(SERVER, folder / "server.log") as url:
        seconds([CLONE / "cmd" / "fetch", "--recipe_id", "tokyo", "--usgs_url", url], folder)
    return ["--recipe_id", "tokyo"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--demo", action="store_true", help="time the demo too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipe = store(folder)
        start = medians(
            {
                "import tensorflow": ["-c", "import tensorflow"],
                "mleq --help": ["-c", "import sys; sys.argv[1:] = ['--help']; from mleq.cli import main; main()"],
                f"mleq check {recipe[1]}": [CLONE / "cmd" / "check", *recipe],
            },
            folder,
            options.repeats,
        )
        reference, *others = start.items()
        for command, value in others:
            print(f"{command}: {reference[1] / value:.1f} times faster than import tensorflow")

        year = ("2014-01-01", "2014-12-31")
        if options.demo:
            print(f"demo: train {seconds([CLONE / 'cmd' / 'train', '--recipe_id', 'demo'], folder):.1f} s", end=", ")
            print(f"predict {seconds([CLONE / 'cmd' / 'predict', '--recipe_id', 'demo'], folder):.1f} s")
        seconds([CLONE / "cmd" / "train", *recipe, "--set", "model.epochs=1"], folder)
        predict = [CLONE / "cmd" / "predict", *recipe]
        days = medians(
            {
                "predict, one day": [*predict, "--target_date", year[1]],
                "predict, 365 days": [*predict, "--from", year[0], "--to", year[1]],
            },
            folder,
            max(2, options.repeats // 2),
        )
        one, many = days.values()
        print(f"365 days take {many / one:.2f} times one day")


if __name__ == "__main__":
    main()
