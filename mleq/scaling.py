"""The same functions, many at a time: units of work in this process, on its processors, or on a cluster, by Dask.

A unit is a function named by its import path, with arguments. It is pure: what it answers depends on these alone, and
it is given as many threads wherever it runs, so that its answer is the same bit for bit in one process and on a
cluster. Dask does all the scheduling: which worker takes a unit, and that a lost worker's units are run again.

Where a folder is given, each unit writes its answer there under its own key before it reports, by a rename; a sweep
that was killed goes on from these files. A unit that fails is reported with its recipe, and the rest goes on.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import mleq
from mleq import progress, spread
from mleq.errors import Failure, RequestError
from mleq.performing import Outcome, Shared, Unit, call, kept_answer, perform

__all__ = ["Engine", "Outcome", "Shared", "Unit", "at_once", "engine", "mapping", "processors", "run"]

CALL = f"{call.__module__}:{call.__qualname__}"
MEMORY_EACH = 2 * 2**30
"""Bytes that a worker is given at least; TensorFlow with a small network takes one of them."""
EXTRA = "pip install 'mleq[distributed]'"

log = logging.getLogger("mleq")


class Engine(Protocol):
    """What does units."""

    workers: int

    def answers(self, units: Iterable[Unit], folder: Path | None) -> Iterator[tuple[Unit, dict[str, Any]]]:
        """Do units, in any order, and give of each the answer of `perform`."""


@contextmanager
def engine(
    workers: int | None = None, scheduler: str | None = None, *, threads: int = 1, at_most: int | None = None
) -> Iterator[Engine]:
    """Open what does units of work, and close it again.

    Parameters
    ----------
    workers : int, optional
        Processes on this machine; without it as many as `processors` says, and one where Dask is not installed. One
        worker is this process itself.
    scheduler : str, optional
        Address of a Dask scheduler that runs already, "tcp://host:8786"; its workers are used, whatever `workers` says.
    threads : int, optional
        Threads of TensorFlow, BLAS and OpenMP for each unit, wherever it runs.
    at_most : int, optional
        How many units there will be: no more processes are started.

    Yields
    ------
    Engine

    Raises
    ------
    RequestError
        If a number is out of range, or an address is given and Dask is not installed.
    Failure
        If the scheduler does not answer, or has no worker within a minute.
    """
    if threads < 1 or (workers is not None and workers < 1):
        raise RequestError(f"{workers} workers with {threads} threads each", expected="at least one of each")
    installed = importlib.util.find_spec("distributed") is not None
    workers = workers or (processors() if installed else 1)
    if at_most is not None:
        workers = min(workers, max(at_most, 1))
    if scheduler is None and (workers == 1 or not installed):
        if workers > 1:
            log.warning("Dask is not installed: units run one after the other in this process (%s)", EXTRA)
        yield InProcess(threads)
        return
    if not installed:
        raise RequestError(f"--scheduler {scheduler} needs Dask, which is not installed", remedy=EXTRA)
    from mleq.cluster import connected

    with connected(workers, scheduler, threads) as found:
        yield found


def processors() -> int:
    """How many workers this machine carries: one for each processor, and for each 2 GiB of memory."""
    number = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return number
    return max(1, min(number, memory // MEMORY_EACH))


@contextmanager
def at_once(workers: int | None = 1, scheduler: str | None = None, *, at_most: int | None = None) -> Iterator[None]:
    """Have what `mleq.spread` makes many of in this block made by an engine; see `engine`."""
    with engine(workers, scheduler, at_most=at_most) as found, spread.by(mapping(found)):
        yield


class InProcess:
    """Does units one after the other in this process."""

    workers = 1

    def __init__(self, threads: int = 1):
        self.threads = threads

    def answers(self, units: Iterable[Unit], folder: Path | None) -> Iterator[tuple[Unit, dict[str, Any]]]:
        """See `Engine`."""
        for unit in units:
            given = (one.value if isinstance(one, Shared) else one for one in unit.arguments)
            yield unit, perform(unit.function, unit.key, mleq.__version__, self.threads, folder, *given)


def run(
    units: Sequence[Unit], by: Engine, *, folder: Path | None = None, label: str = "working", noun: str = "units"
) -> Iterator[Outcome]:
    """Do units, with progress, and give how each went as soon as it is known.

    Parameters
    ----------
    units : sequence of Unit
        With a key each.
    by : Engine
        From `engine`.
    folder : pathlib.Path, optional
        Where answers are kept, each under its unit's key, and from where those of an earlier call are taken; on a
        cluster one that all machines see. Answers are then JSON values.
    label, noun : str, optional
        What is being done, and to what.

    Yields
    ------
    Outcome
        Of those that were done before first. Failures are among them; they are not kept, and run again next time.
    """
    keys = [unit.key for unit in units]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise RequestError(f"two units with the key {twice!r}", expected="another for each")
    kept = {unit.key for unit in units if folder is not None and kept_answer(folder, unit.key) is not None}
    if kept:
        log.info("%d of %d %s were done before and are not done again", len(kept), len(units), noun)
        for unit in units:
            if unit.key in kept:
                found = kept_answer(folder, unit.key)
                yield Outcome(unit, found["value"], seconds=found["seconds"])
    missing = [unit for unit in units if unit.key not in kept]
    failed = 0
    with progress.task(label, total=len(missing), unit=noun) as shown:
        for unit, answer in by.answers(missing, folder):
            outcome = Outcome(unit, **answer)
            if outcome.error is not None:
                failed += 1
                log.warning("%s failed: %s%s", unit.key, outcome.error, _recipe(unit))
                log.debug("%s", outcome.details)
            shown.advance(1, note=f"{failed} failed" if failed else "")
            yield outcome


def mapping(by: Engine) -> Callable[[Callable, Iterable], Iterator]:
    """Return a `map` that does its calls by an engine, many at a time, and gives answers in the order of the items.

    It is one for `mleq.spread`. Where a call fails the others are finished first.

    Raises
    ------
    Failure
        When all is done, if a call failed; with every failure and its recipe.
    """

    def spread_over(function: Callable, items: Iterable) -> Iterator:
        named = getattr(function, "__qualname__", "<").isidentifier()
        path, first = (f"{function.__module__}:{function.__qualname__}", ()) if named else (CALL, (Shared(function),))
        units = [
            Unit(f"{number:06d}", path, (*first, item), getattr(item, "said", None))
            for number, item in enumerate(items)
        ]
        early, failures, due = {}, [], 0
        for unit, answer in by.answers(units, None):
            outcome = Outcome(unit, **answer)
            if outcome.error is not None:
                failures.append(outcome)
                log.debug("%s", outcome.details)
            early[int(unit.key)] = outcome
            while due in early and not failures:
                yield early.pop(due).value
                due += 1
        if failures:
            said = "; ".join(f"{one.error}{_recipe(one.unit)}" for one in failures)
            raise Failure(
                f"{len(failures)} of {len(units)} failed: {said}",
                remedy="The others are finished and kept; the same command does these again",
            )

    return spread_over


def _recipe(unit: Unit) -> str:
    if unit.recipe is None:
        return ""
    return f" (recipe: {unit.recipe if isinstance(unit.recipe, str) else json.dumps(unit.recipe, ensure_ascii=False)})"
