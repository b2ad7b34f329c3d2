"""What is needed to do a run again: versions, device, seeds, times, memory."""

from __future__ import annotations

import datetime as dt
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import mleq

PACKAGES = ("keras", "tensorflow", "numpy", "pandas", "scipy", "scikit-learn", "imbalanced-learn", "pyarrow")


def provenance() -> dict[str, Any]:
    """Return versions, machine and the state of the code, as JSON values."""
    return {
        "mleq": mleq.__version__,
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def peak_memory_mb() -> float | None:
    """Return the largest resident memory of this process so far, in MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def now() -> str:
    """Return the present time, UTC, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _version(package: str) -> str | None:
    for name in (package, f"{package}-cpu"):  # TensorFlow is also built as tensorflow-cpu
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


def _git_commit() -> str | None:
    """Return the commit of the clone that this code runs from, with "+" where it has been changed since."""
    clone = Path(mleq.__file__).resolve().parents[1]
    if not (clone / ".git").exists():
        return None
    try:
        commit = _git(clone, "rev-parse", "HEAD")
        changed = _git(clone, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + ("+" if changed else "")


def _git(clone: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(clone), *words], capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()
