"""What the house weighs: start-up of every command, installed size, each dependency with its reason, lines by room.

    python benchmarks/house.py [--repeats 5] [--only start,size,lines]

Prints the tables of docs/house.md. Times are those of `mleq NAME --help` and of a few commands that answer, whole
processes run in turn, their median and range; beside them the import of TensorFlow, which they do without. Sizes are
those of the files that packages put on the disk (compiled Python not counted), of a package with all that it needs and
that no package above it in the table has brought already.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import time
import tokenize
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mleq.cli import COMMANDS

CLONE = Path(__file__).resolve().parents[1]
DOOR = "import sys; sys.argv[0] = 'mleq'; from mleq.cli import main; main()"

REASONS = {
    "click": "the command line: options, help, completion in shells",
    "filelock": "one process at a time at a store, a run, the ledger; on every system",
    "geographiclib": "azimuths on the ellipsoid, for back-azimuths",
    "imbalanced-learn": "resampling: SMOTE, undersampling, as recipes name them",
    "keras": "the networks",
    "matplotlib": "plots of the page and of the README",
    "numpy": "arrays",
    "pandas": "tables of events and forecasts",
    "pyarrow": "Parquet files, and CSV read quickly",
    "pydantic": "recipes checked, every mistake at once; the schema for editors",
    "requests": "the event service: HTTPS, certificates, redirects",
    "scikit-learn": "areas under curves, mixtures, logistic curves, nearest neighbours",
    "scipy": "optimisers, distributions, special functions, signal filters",
    "tensorflow": "what Keras computes with",
    "tzdata": "time zones where the system has none (Windows)",
    "urllib3": "retries with patience, named by itself since it is called by itself",
    "xgboost-cpu": "boosted trees, for references and pools",
    "xgboost": "the same on macOS",
    "obspy": "MiniSEED, QuakeML, StationXML",
    "h5py": "continuous and laboratory records in HDF5",
    "zarr": "continuous records in zarr",
    "pycsep": "tests and exports beside those of CSEP",
    "dask": "many trainings at a time",
    "distributed": "the same on a cluster",
    "bokeh": "Dask's dashboard",
    "pytest": "tests",
    "hypothesis": "properties tried on many inputs",
    "pytest-xdist": "tests on all processors",
    "pytest-cov": "which branches tests reach",
    "ruff": "formatter and linter",
    "playwright": "pages in a real browser",
    "axe-playwright-python": "pages for those who do not see them",
    "mutmut": "whether tests notice when the code is changed",
    "sphinx": "the docs as a site",
    "myst-parser": "docs in Markdown",
    "furo": "the site's looks",
    "latex2mathml": "formulas without a script from elsewhere",
}
"""Why each package is asked for in setup.py; a package without a reason stops this script."""

EXTRAS = ("", "waveform", "distributed", "test", "docs", "csep", "mutants")
"""In the order in which a person is likely to want them."""


def started() -> dict[str, list[str]]:
    """The commands whose start is timed, by the name they have in the table."""
    timed = {"python -c pass": ["-c", "pass"], "import mleq": ["-c", "import mleq"]}
    timed |= {"mleq --help": ["-c", DOOR, "--help"]}
    timed |= {f"mleq {name} --help": ["-c", DOOR, name, "--help"] for name in COMMANDS}
    timed |= {"mleq recipes": ["-c", DOOR, "recipes"]}
    timed |= {"mleq check --recipe_id tokyo": ["-c", DOOR, "check", "--recipe_id", "tokyo"]}
    return timed | {"import tensorflow": ["-c", "import tensorflow"]}


def print_start(repeats: int) -> None:
    """Median and range of each, after one run of each that is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in started()}
    environment = {**os.environ, "PYTHONPATH": str(CLONE), "TF_CPP_MIN_LOG_LEVEL": "3"}
    for turn in range(repeats + 1):
        for name, words in started().items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *words], cwd=CLONE, env=environment, check=True, capture_output=True)
            if turn:
                taken[name].append(time.perf_counter() - began)
    print(f"| command | seconds, median of {repeats} | least | most |\n|---|---:|---:|---:|")
    for name, values in taken.items():
        print(f"| `{name}` | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} |")


def asked_for() -> Iterator[tuple[str, Requirement]]:
    """The packages that setup.py names and this system needs, each with its extra (or none)."""
    for text in metadata.distribution("mleq").requires or ():
        requirement = Requirement(text)
        extra = text.partition("extra ==")[2].strip(" \"'")
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield extra, requirement


def needed(name: str, extras: Iterable[str] = ()) -> Iterator[str]:
    """A package and all that it needs here, by name; not whatever is not installed."""
    waiting, seen = [(canonicalize_name(name), frozenset(extras))], set()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        try:
            requires = metadata.distribution(one[0]).requires or ()
        except metadata.PackageNotFoundError:
            continue
        yield one[0]
        for requirement in map(Requirement, requires):
            marked = requirement.marker
            if marked is None or any(marked.evaluate({"extra": extra}) for extra in ("", *one[1])):
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))


def megabytes(name: str) -> float:
    """What a package's own files weigh."""
    files = metadata.distribution(name).files or ()
    places = (Path(file.locate()) for file in files if not file.name.endswith(".pyc"))
    return sum(place.stat().st_size for place in places if place.is_file()) / 1e6


def print_size() -> None:
    """Each package of setup.py with its reason, its size, and how many packages and bytes it brings with it."""
    brought: set[str] = set()
    sums = {}
    print("| package | for | reason | MB | brings | MB added in all |\n|---|---|---|---:|---:|---:|")
    # What needs little comes first, so that it is not counted with what needs it.
    asked = sorted(asked_for(), key=lambda one: (EXTRAS.index(one[0]), len(list(needed(one[1].name)))))
    for extra, requirement in asked:
        name = canonicalize_name(requirement.name)
        new = list(dict.fromkeys(one for one in needed(name, requirement.extras) if one not in brought))
        if not new and name not in brought:
            print(f"| {name} | {extra or 'always'} | {REASONS[name]} | not installed here | | |")
            continue
        brought.update(new)
        weight = sum(map(megabytes, new))
        count, total = sums.get(extra or "always", (0, 0.0))
        sums[extra or "always"] = (count + len(new), total + weight)
        others = len(set(new) - {name})
        print(f"| {name} | {extra or 'always'} | {REASONS[name]} | {megabytes(name):.1f} | {others} | {weight:.1f} |")
    print()
    for extra, (count, total) in sums.items():
        print(f"{extra}: {count} packages, {total:,.0f} MB")
    own = sum(path.stat().st_size for path in (CLONE / "mleq").rglob("*") if path.is_file() and path.suffix != ".pyc")
    print(f"mleq itself: {own / 1e6:.1f} MB")


def code_lines(path: Path) -> int:
    """Lines that hold code: neither empty, nor a comment, nor a text that stands alone."""
    silent = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    lines: set[int] = set()
    statement: list[tokenize.TokenInfo] = []
    for token in tokenize.tokenize(io.BytesIO(path.read_bytes()).readline):
        if token.type == tokenize.NEWLINE:
            if [one.type for one in statement] != [tokenize.STRING]:
                lines.update(line for one in statement for line in range(one.start[0], one.end[0] + 1))
            statement = []
        elif token.type not in (*silent, tokenize.ENCODING):
            statement.append(token)
    return len(lines)


def print_lines() -> None:
    """Modules and lines of each room, in the order of the corridor, beside those of its tests."""
    sys.path.insert(0, str(CLONE / "tests"))
    from test_order import ORDER

    rows = [(room, _modules(CLONE / "mleq" / room), _modules(CLONE / "tests" / room)) for room in ORDER]
    told = {path for _, modules, tests in rows for path in (*modules, *tests)}
    every = [set((CLONE / place).rglob("*.py")) for place in ("mleq", "tests")]
    rows.append(("all else", *(sorted(place - told) for place in every)))
    rows += [("in all", *map(sorted, every))]
    print("| room | modules | lines of code | lines with comments | longest module | lines of tests |")
    print("|---|---:|---:|---:|---:|---:|")
    for room, modules, tests in rows:
        whole = [len(path.read_text(encoding="utf-8").splitlines()) for path in modules]
        code, proof = sum(map(code_lines, modules)), sum(map(code_lines, tests))
        print(f"| {room} | {len(modules)} | {code:,} | {sum(whole):,} | {max(whole):,} | {proof:,} |")


def _modules(place: Path) -> list[Path]:
    alone = place.with_suffix(".py")
    tests = alone.with_name(f"test_{alone.name}")
    return sorted({*place.rglob("*.py"), *(one for one in (alone, tests) if one.is_file())})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="start,size,lines", help="which tables, with commas between them")
    options = parser.parse_args()
    tables = {"start": lambda: print_start(options.repeats), "size": print_size, "lines": print_lines}
    for name in options.only.split(","):
        tables[name]()
        print(flush=True)


if __name__ == "__main__":
    main()
