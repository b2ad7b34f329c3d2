"""Units of work for the tests of mleq.scaling; workers import them by name."""

import os
import signal
from pathlib import Path


def double(number):
    return 2 * number


def weighted(table, number):
    """Use a table that is shared."""
    return float(table["column"] @ table["column"]) * number


def fails_on(wrong, number):
    if number == wrong:
        raise ValueError(f"{number} is wrong")
    return number


def traced(folder, number):
    """Leaves a file for each call, so that calls can be counted."""
    (Path(folder) / f"{number}-{os.getpid()}-{os.urandom(3).hex()}").touch()
    return number**2


def kills_its_worker_once(folder, number):
    """The first time it is called in a folder, its process dies as by the system's want of memory."""
    mark = Path(folder) / f"died-{number}"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


KEPT = []


def grows(megabytes, number):
    """Leave its process larger for good, as a training does; answers which process it was."""
    KEPT.append(os.urandom(1_000_000) * megabytes)
    return [number, os.getpid()]


def threads():
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    bounds = {one["num_threads"] for one in threadpool_info()}
    return {"libraries": sorted(bounds), "tensorflow": os.environ["TF_NUM_INTRAOP_THREADS"]}
