"""Which of the pinned packages has a known weakness?

    git clone --depth 1 https://github.com/pypa/advisory-database
    python benchmarks/audit.py --advisories advisory-database

Compares constraints.txt with a clone of the Python packaging authority's advisories, in the open source vulnerability
format (https://ossf.github.io/osv-schema/), and needs no network. `make audit` asks the same online, by pip-audit. Exit
code 1 if a version is affected.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from packaging.utils import canonicalize_name
from packaging.version import Version

PINNED = Path(__file__).resolve().parents[1] / "constraints.txt"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--advisories", type=Path, required=True, help="folder of a clone")
    options.add_argument("--constraints", type=Path, default=PINNED)
    given = options.parse_args()
    versions = pinned(given.constraints)
    files = sorted(given.advisories.rglob("*.yaml"))
    if not files:
        options.error(f"no advisory in {given.advisories}; clone https://github.com/pypa/advisory-database")
    found = [line for path in files for line in weaknesses(yaml.safe_load(path.read_text()), versions)]
    print(f"{len(versions)} pinned packages beside {len(files):,} advisories, the last {state_of(given.advisories)}")
    print("\n".join(found) or "no pinned version is affected by any of them")
    sys.exit(bool(found))


def pinned(path: Path) -> dict[str, Version]:
    """Read the versions of a constraints file, by normalised name."""
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    pairs = [line.split("==") for line in lines if line]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def weaknesses(advisory: dict, versions: dict[str, Version]) -> Iterator[str]:
    """Yield a line for each pinned package that an advisory is about and whose version is affected."""
    if "withdrawn" in advisory:
        return
    for entry in advisory.get("affected", ()):
        version = versions.get(canonicalize_name(entry["package"]["name"]))
        if version is not None and affected(version, entry):
            yield f"{entry['package']['name']} {version}: {advisory['id']} {' '.join(advisory.get('aliases', ()))}"


def affected(version: Version, entry: dict) -> bool:
    """Whether a version is listed, or lies in a range: from `introduced` to before `fixed`, or to `last_affected`."""
    if str(version) in entry.get("versions", ()):
        return True
    inside = False
    for given in entry.get("ranges", ()):
        events = [next(iter(event.items())) for event in given["events"]] if given["type"] == "ECOSYSTEM" else []
        for what, at in sorted(events, key=lambda event: Version(event[1])):
            if what == "introduced" and version >= Version(at):
                inside = True
            elif (what == "fixed" and version >= Version(at)) or (what == "last_affected" and version > Version(at)):
                inside = False
        if inside:
            return True
    return False


def state_of(folder: Path) -> str:
    """The day of a clone's last commit."""
    asked = ["git", "-C", str(folder), "log", "-1", "--format=%cs"]
    return "of " + (
        subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "an unknown day"
    )


if __name__ == "__main__":
    main()
