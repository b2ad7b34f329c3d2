"""Units of work on Dask: a cluster of this machine's processors, or a scheduler that runs elsewhere."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import mleq
from mleq.errors import Failure
from mleq.performing import BOUNDED, Shared, Unit, perform

AT_LEAST_IN_FLIGHT, PER_THREAD = 64, 4
"""Units handed to Dask at once: enough that no worker waits, few enough that the driver's memory does not grow."""
MESSAGES_KEPT = 100
"""Of each kind that Dask, whose scheduler may live in this process, keeps for its developers; 1,000 by default."""
MOST_LOSSES = 3
"""So often a unit is handed over again that was lost together with the data it needs."""
PATIENCE_S = 60
GROWN = 0.6
"""Share of its memory at which a worker is started afresh. TensorFlow keeps the graphs of every network that a process
has trained (its issue 62854), and from a share of 0.8 on Dask would give the worker nothing more, for ever."""
MEMORY_KEPT = {"MALLOC_TRIM_THRESHOLD_": 128 * 2**20, "MALLOC_MMAP_THRESHOLD_": 32 * 2**20}
"""Bytes that glibc keeps for the next array. Dask's own setting gives every array back at once, and half the time of
ETAS fits goes into pages that the kernel hands out again."""

log = logging.getLogger("mleq")


@contextmanager
def connected(workers: int, scheduler: str | None, threads: int) -> Iterator[OnDask]:
    """Connect to a scheduler, or start a cluster of processes on this machine; see `mleq.scaling.engine`."""
    import dask
    from distributed import Client

    with ExitStack() as opened:
        opened.enter_context(dask.config.set({"distributed.admin.low-level-log-length": MESSAGES_KEPT}))
        address = scheduler if scheduler else opened.enter_context(_processes(workers, threads))
        try:
            client = opened.enter_context(Client(address, timeout=PATIENCE_S, set_as_default=False))
            client.wait_for_workers(1, timeout=PATIENCE_S)
        except (OSError, TimeoutError, ValueError) as error:
            raise Failure(
                f"the scheduler {scheduler or 'of this machine'} is not at work: {error}",
                expected=f"an answer and a worker within {PATIENCE_S} s",
                remedy="docs/scaling.md says how to start one: dask scheduler, then dask worker ADDRESS",
            ) from None
        found = OnDask(client, threads)
        log.info("%d workers; dashboard at %s", found.workers, client.dashboard_link)
        yield found


@contextmanager
def _processes(workers: int, threads: int) -> Iterator[Any]:
    """A scheduler in this process and workers of one thread each in others, seen from this machine alone.

    A worker that dies is started again; what that means for a unit is told by its answer.
    """
    import dask
    from distributed import LocalCluster

    kept = {f"distributed.nanny.pre-spawn-environ.{name}": size for name, size in MEMORY_KEPT.items()}
    with (
        dask.config.set(kept),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            env=dict.fromkeys(BOUNDED, str(threads)),
        ) as cluster,
    ):
        yield cluster


class OnDask:
    """Does units on the workers of a Dask client.

    Parameters
    ----------
    client : distributed.Client
    threads : int
        Of each unit.
    """

    def __init__(self, client: Any, threads: int):
        self.client, self.threads = client, threads
        self._handles: dict[int, tuple[Shared, Any]] = {}

    @property
    def workers(self) -> int:
        """How many processes there are now."""
        return len(self.client.nthreads())

    def answers(self, units: Iterable[Unit], folder: Path | None) -> Iterator[tuple[Unit, dict[str, Any]]]:
        """Do units and give their answers as they come; at most some are in flight at once.

        A worker's death is Dask's matter: its units run elsewhere, and one that has seen several workers die is
        reported as failed. Only where the data that units share died too, they are brought again from here.
        """
        from distributed import as_completed

        waiting, flying, losses = iter(units), {}, {}
        in_flight = max(AT_LEAST_IN_FLIGHT, PER_THREAD * sum(self.client.nthreads().values()))
        done = as_completed(loop=self.client.loop, with_results=True, raise_errors=False)

        def send(some: Sequence[Unit]) -> None:
            for unit, future in self._submitted(some, folder):
                flying[future.key] = unit
                done.add(future)

        try:
            send([*islice(waiting, in_flight)])
            for future, answer in done:
                unit, status = flying.pop(future.key), future.status
                future.release()
                if status not in ("finished", "error") and losses.get(unit.key, 0) < MOST_LOSSES:
                    self._check_alive()
                    losses[unit.key] = losses.get(unit.key, 0) + 1
                    send([unit])
                    continue
                yield unit, answer if status == "finished" else {"error": _said(answer)}
                if len(flying) <= in_flight // 2:
                    send([*islice(waiting, in_flight - len(flying))])
        finally:  # futures that are forgotten here are taken back from the workers
            done.clear()

    def _submitted(self, units: Sequence[Unit], folder: Path | None) -> Iterator[tuple[Unit, Any]]:
        """Hand units over, as many as possible at once: Dask's scheduler remembers every call for good, but no unit."""
        from dask.utils import key_split

        for _, alike in groupby(units, key=lambda unit: len(unit.arguments)):
            some = [*alike]
            rows = [
                (unit.function, unit.key, mleq.__version__, self.threads, folder, *map(self._sendable, unit.arguments))
                for unit in some
            ]
            names = [f"{unit.function.partition(':')[2]}-{unit.key}-{secrets.token_hex(4)}" for unit in some]
            columns = ([*column] for column in zip(*rows, strict=True))
            yield from zip(some, self.client.map(perform_on_worker, *columns, key=names, pure=False), strict=True)
        key_split.cache_clear()  # else it keeps the names of the last 100,000

    def _sendable(self, argument: Any) -> Any:
        """An argument as it is given to Dask: what is shared goes as its handle."""
        return self._handle(argument) if isinstance(argument, Shared) else argument

    def _handle(self, shared: Shared) -> Any:
        """The future of a shared value: brought to the cluster once, and again if it was lost there."""
        held = self._handles.get(id(shared))
        if held is None or held[1].status != "finished":
            (future,) = self.client.scatter([shared.value], hash=False)  # a bare dict would be taken apart
            held = self._handles[id(shared)] = (shared, future)
        return held[1]

    def _check_alive(self) -> None:
        if self.client.status != "running":
            raise Failure(
                f"the scheduler {self.client.scheduler.address} is gone",
                remedy="What was finished is kept: start it again and give the same command",
            )


def perform_on_worker(*arguments: Any) -> dict[str, Any]:
    """Do a unit where Dask has sent it, as `mleq.performing.perform` does; a worker that has grown is then renewed."""
    try:
        return perform(*arguments)
    finally:
        _renew_if_grown()


def _renew_if_grown() -> None:
    """Have this worker started afresh by its nanny, once it has handed over what it holds."""
    from distributed import get_worker

    worker = get_worker()
    limit = worker.memory_manager.memory_limit
    if limit and worker.nanny and worker.monitor.proc.memory_info().rss > GROWN * limit:
        logging.getLogger("tornado.application").setLevel(logging.CRITICAL)  # connections that end before it does
        worker.loop.add_callback(worker.close_gracefully, restart=True, reason="mleq: memory has grown")


def _said(answer: Any) -> str:
    """Why Dask itself gave a unit up."""
    error = answer[1] if isinstance(answer, tuple) else answer
    if type(error).__name__ == "KilledWorker":
        return "its workers died one after the other while they ran it: it may need more memory than a worker has"
    return f"{type(error).__name__}: {error}"
