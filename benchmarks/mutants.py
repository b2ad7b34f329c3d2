"""Do the tests notice when scores or split are changed in one place?

    python benchmarks/mutants.py [--draw 400] [--seed 1] [--only 'mleq.scores.bootstrap*']

Mutants are mutmut's, of what pyproject.toml names; messages are left as they are. With --draw that many of them, drawn
by the seed, are tried; without it all (hours). Prints how many each module has, how many were tried and noticed, and
what was changed in those that no test noticed. Mutants and verdicts are kept in mutants/: tried ones are not tried
again while code and tests stay.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MUTMUT = Path(sys.executable).with_name("mutmut")
SURVIVED, NO_TEST, INTERRUPTED = 0, (5, 33), (None, 2, 34)
"""Exit codes by which mutmut says that a mutant was not noticed, that no test goes there, and that it was not tried to
the end; all others (a failure, a time limit, a crash) say that it was noticed."""
FIRST = "mleq.experiment.split.*_1"
"""A few to begin with: all mutants are made, and verdicts on code or tests that have changed since forgotten."""
AT_ONCE = 200


def verdicts() -> dict[str, int | None]:
    """Every mutant that there is, with the exit code of its tests, None where it was not tried."""
    found = {}
    for file in sorted((ROOT / "mutants").rglob("*.py.meta")):
        found |= json.loads(file.read_text())["exit_code_by_key"]
    return found


def run(names: list[str]) -> None:
    """Try some mutants; the first call makes them all."""
    line = [MUTMUT, "run", "--max-children", str(os.cpu_count() or 1), *names]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"mutmut stopped:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def change(name: str) -> str:
    """The lines that a mutant takes away and puts in."""
    shown = subprocess.run([MUTMUT, "show", name], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    changed = [line for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return "\n".join(f"    {line}" for line in changed)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--draw", type=int, help="how many; all without it")
    words.add_argument("--seed", type=int, default=1, help="of the draw")
    words.add_argument("--only", default="*", help="pattern of names")
    asked = words.parse_args()
    run([FIRST])
    names = [name for name in sorted(verdicts()) if fnmatch(name, asked.only)]
    drawn = names if asked.draw is None else random.Random(asked.seed).sample(names, min(asked.draw, len(names)))
    found = verdicts()
    left = [name for name in drawn if found[name] is None]
    for first in range(0, len(left), AT_ONCE):
        run(left[first : first + AT_ONCE])
        print(f"{min(first + AT_ONCE, len(left)):,} of {len(left):,} tried", file=sys.stderr, flush=True)
    found = verdicts()
    tell(names, [name for name in drawn if found[name] not in INTERRUPTED], found)


def tell(names: list[str], drawn: list[str], found: dict[str, int | None]) -> None:
    """Print the table and the survivors."""
    unnoticed = [name for name in drawn if found[name] in (SURVIVED, *NO_TEST)]
    table = defaultdict(lambda: [0, 0, 0])
    for column, some in enumerate((names, drawn, [name for name in drawn if name not in set(unnoticed)])):
        for name in some:
            for row in (name.rsplit(".", 1)[0], "all"):
                table[row][column] += 1
    print("| module | mutants | tried | noticed | |\n|---|---:|---:|---:|---:|")
    for module, (there, tried, noticed) in sorted(table.items(), key=lambda row: (row[0] == "all", row[0])):
        print(f"| {module} | {there:,} | {tried:,} | {noticed:,} | {noticed / tried:.1%} |" if tried else
              f"| {module} | {there:,} | 0 | 0 | |")  # fmt: skip
    for name in sorted(unnoticed):
        print(f"\n{name}: {'no test goes there' if found[name] in NO_TEST else 'no test noticed'}\n{change(name)}")


if __name__ == "__main__":
    main()
