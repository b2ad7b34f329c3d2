"""How long work tells of itself, without knowing who listens.

Only the command line prints. A room that works for long opens a `task` and advances it; whoever wants to show it
installs a sink with `show_with`. Without a sink, as in a notebook or a test, nothing happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Task(Protocol):
    """One piece of long work being shown."""

    def advance(self, amount: float = 1, note: str = "") -> None:
        """Say that `amount` more units are done; `note` is shown beside the rate."""

    def close(self) -> None:
        """Say that no more will come."""


class Sink(Protocol):
    """Shows tasks to a person."""

    def open(self, label: str, total: float | None, unit: str) -> Task:
        """Begin to show a task of `total` units (None where it is not known)."""


class _Silent:
    def open(self, label: str, total: float | None, unit: str) -> _Silent:
        return self

    def advance(self, amount: float = 1, note: str = "") -> None:
        pass

    def close(self) -> None:
        pass


SILENT = _Silent()
"""A sink that shows nothing."""

_sink: ContextVar[Sink] = ContextVar("mleq_progress_sink", default=SILENT)


@contextmanager
def task(label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
    """Open a piece of long work that is shown while the block runs.

    Parameters
    ----------
    label : str
        What is being done, in the present participle: "fetching", "training".
    total : float, optional
        How many units there will be; without it no time left can be estimated.
    unit : str, optional
        What is counted, in the plural: "events", "epochs".

    Yields
    ------
    Task
        Call `advance` on it.
    """
    shown = _sink.get().open(label, total, unit)
    try:
        yield shown
    finally:
        shown.close()


@contextmanager
def show_with(sink: Sink) -> Iterator[None]:
    """Send all tasks opened in this block to `sink`."""
    token = _sink.set(sink)
    try:
        yield
    finally:
        _sink.reset(token)
