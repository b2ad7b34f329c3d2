"""Count what faults break: `make torture`, or `python tests/torture [--kills N] [--seed N] [--only NAME …]`.

The table says of each fault how often it was tried, and how many tracebacks, wrong exit codes, lost finished results,
half-written files and results unlike those of an undisturbed command there were. All but the first should be 0; the
exit code is 1 where one is not.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from torture import spoilt, stopped  # noqa: E402
from torture.jobs import JOBS  # noqa: E402
from torture.readers import FORMATS  # noqa: E402

COLUMNS = ("tried", "tracebacks", "wrong_codes", "lost", "half_written", "differing")


def faults(options: argparse.Namespace) -> Iterator[tuple[str, Callable[[Path], stopped.Harm | None]]]:
    """Yield each fault with its name."""
    yield "mutated recipes", lambda folder: as_harm(spoilt.tried(spoilt.spoilt_recipe, range(options.recipes)))
    for name in FORMATS:
        make = partial(spoilt.spoilt_file, name)
        yield f"mutated {name}", lambda folder, make=make: as_harm(spoilt.tried(make, range(options.files)))
    for name, job in JOBS.items():
        yield f"{name} killed", lambda folder, job=job: stopped.killed(job, folder, options.kills, options.seed)
    for name, job in JOBS.items():
        yield f"{name}, small files only", lambda folder, job=job: stopped.small_files(job, folder)
        yield f"{name}, disk full", lambda folder, job=job: stopped.full_disk(job, folder)
        yield f"{name}, out/ and data/ read-only", lambda folder, job=job: stopped.read_only(job, folder / "read_only")
        yield f"{name}, memory as promised", lambda folder, job=job: stopped.memory_as_promised(job, folder)
        yield f"{name} twice at once", lambda folder, job=job: stopped.twice_at_once(job, folder)


def as_harm(count: spoilt.Count) -> stopped.Harm:
    """Count trials in one process as commands are counted: whatever was no answer and no message is a traceback."""
    worst = [f"{what} (seeds {', '.join(map(str, seeds[:5]))})" for what, seeds in count.bad.items()]
    tracebacks = sum(len(seeds) for what, seeds in count.bad.items() if not what.startswith("exit code"))
    codes = sum(map(len, count.bad.values())) - tracebacks
    return stopped.Harm(count.trials, tracebacks, codes, said="; ".join(worst[:5]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recipes", type=int, default=10_000, help="mutated recipes")
    parser.add_argument("--files", type=int, default=2_000, help="mutated files of each format")
    parser.add_argument("--kills", type=int, default=200, help="kills of each command")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the moments of the kills: another for each part of a long count"
    )
    parser.add_argument("--only", nargs="*", help="parts of the names of faults")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    harmed = False
    print(f"{'fault':<32}" + "".join(f"{name.replace('_', ' '):>14}" for name in COLUMNS), flush=True)
    for name, fault in faults(options):
        if options.only and not any(part in name for part in options.only):
            continue
        with tempfile.TemporaryDirectory() as folder:
            harm = fault(Path(folder))
        if harm is None:
            print(f"{name:<32}  not tried: this user cannot be put into that position", flush=True)
            continue
        print(f"{name:<32}" + "".join(f"{getattr(harm, column):>14,}" for column in COLUMNS), flush=True)
        if harm.total:
            harmed = True
            print(f"    {harm.said}", flush=True)
    sys.exit(harmed)


if __name__ == "__main__":
    main()
