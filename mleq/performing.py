"""A unit of work, and how one is done: what runs on a worker, wherever that is."""

from __future__ import annotations

import importlib
import json
import os
import re
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mleq
from mleq import atomic
from mleq.errors import Failure, MleqError, RequestError

BOUNDED = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
    "MLEQ_THREADS",
)  # fmt: skip
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+-]{0,199}")


@dataclass(frozen=True)
class Unit:
    """A piece of work that can be sent to another process.

    Attributes
    ----------
    key : str
        Its name, unique among the units of a sweep, and that of the file with its answer. It stands for all that
        decides the answer: a unit whose key is there is not done again.
    function : str
        Import path, "mleq.experiment.tasks:do".
    arguments : tuple
        Small values that can be pickled; what is large goes by path, or as a handle from `share`.
    recipe : object, optional
        What to say of the unit if it fails, so that a person can do it again.
    """

    key: str
    function: str
    arguments: tuple = ()
    recipe: Any = None

    def __post_init__(self):
        if not _KEY.fullmatch(self.key):
            raise RequestError(f"the key {self.key!r}", expected="letters, digits and ._=+-, which can name a file")


@dataclass(frozen=True)
class Outcome:
    """How a unit went.

    Attributes
    ----------
    unit : Unit
    value : object
        Its answer; None where it failed.
    error : str or None
        Why it failed.
    seconds : float
        How long it took on its worker.
    details : str
        The traceback of a failure that is no `MleqError`.
    """

    unit: Unit
    value: Any = None
    error: str | None = None
    seconds: float = 0.0
    details: str = ""


@dataclass(frozen=True, eq=False)
class Shared:
    """A handle of something large that many units need; it reaches each worker once, when it is first needed there."""

    value: Any = field(repr=False)


def call(function: Callable, item: Any) -> Any:
    """Call a function that came as a shared handle, such as a partial with data."""
    return function(item)


_ALONE = threading.Lock()


def perform(
    function: str, key: str, version: str, threads: int, folder: Path | None, *arguments: Any
) -> dict[str, Any]:
    """Do one unit where it is called, and keep its answer.

    TensorFlow's seeds and thread pools belong to the whole process: a worker with several threads does one unit after
    the other.

    Returns
    -------
    dict
        value, seconds; or error, seconds, details.
    """
    began = time.monotonic()
    try:
        if version != mleq.__version__:
            raise Failure(f"the driver runs mleq {version}, this worker {mleq.__version__}", expected="the same")
        with _ALONE, bounded_threads(threads):
            held = None if folder is None else kept_answer(folder, key)
            if held is not None:  # a worker wrote it and was lost before it could say so
                return {"value": held["value"], "seconds": held["seconds"]}
            value = _import(function)(*arguments)
            seconds = time.monotonic() - began
            if folder is not None:
                atomic.write_json(path_of(folder, key), {"key": key, "seconds": seconds, "value": value})
        return {"value": value, "seconds": seconds}
    except MleqError as error:
        return {"error": str(error), "seconds": time.monotonic() - began}
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        return {"error": said, "seconds": time.monotonic() - began, "details": traceback.format_exc()}


@contextmanager
def bounded_threads(threads: int) -> Iterator[None]:
    """Let TensorFlow, BLAS and OpenMP use so many threads in this block; TensorFlow takes it on its first operation."""
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in BOUNDED}
    os.environ.update(dict.fromkeys(BOUNDED, str(threads)))
    try:
        with threadpool_limits(threads):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _import(path: str) -> Callable:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def path_of(folder: Path, key: str) -> Path:
    """Return the file that holds a unit's answer."""
    return Path(folder) / f"{key}.json"


def forget(folder: Path, key: str) -> None:
    """Remove a unit's answer, so that it is done again."""
    path_of(folder, key).unlink(missing_ok=True)


def kept_answer(folder: Path, key: str) -> dict[str, Any] | None:
    """What an earlier call left of a unit; None where there is nothing that can be read."""
    try:
        found = json.loads(path_of(folder, key).read_text(encoding="utf-8"))
        return found if found["key"] == key and {"value", "seconds"} <= found.keys() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
