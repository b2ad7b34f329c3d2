"""Work on all processors that this process may use: numpy lets go of the interpreter while it computes.

`MLEQ_THREADS` allows fewer, as where many processes share a machine; the answers are the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

MOST = 8  # more would wait for memory


def in_threads(work: Callable, items: Iterable) -> list:
    """The answers of `work` to each item, in order. What it does with an item must not depend on the others."""
    items = list(items)
    if len(items) < 2 or _workers() < 2:
        return [work(item) for item in items]
    return list(_pool(os.getpid()).map(work, items))


def _workers() -> int:
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST, available, int(os.environ.get("MLEQ_THREADS", MOST)))


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """One pool a process; a forked child, which has none of its parent's threads, makes its own."""
    return ThreadPoolExecutor(_workers(), thread_name_prefix="etas")
