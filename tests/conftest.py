"""What all tests share."""

import locale
import os
import random
from pathlib import Path

import pytest
from hypothesis import settings

# Test processes run beside each other: threads that wait for a processor in a circle would take it from the others.
for limit in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(limit, "1")

# Machines are shared and slow at times; what is fast is shown by benchmarks, not by tests.
settings.register_profile("mleq", deadline=None)
settings.load_profile("mleq")

SLOWEST = ("test_readme.py", "test_killed.py", "test_train_and_predict.py", "test_commands.py")
"""Begun first, so that no process waits at the end for one that has begun them last."""


def pytest_addoption(parser):
    """Add --shuffle, for `make shuffled`."""
    what = "run files, and tests within them, in an order that this number decides, in the language of the environment"
    parser.addoption("--shuffle", type=int, metavar="SEED", help=what)


def pytest_configure(config):
    """Make messages, decimal points and sorting those of the environment where the order is shuffled."""
    if config.getoption("--shuffle") is not None:
        try:
            locale.setlocale(locale.LC_ALL, "")
        except locale.Error:
            language = os.environ.get("LC_ALL")
            pytest.exit(f"the language {language} is not installed here; install it, or name another: SPOKEN=…", 4)


def pytest_collection_modifyitems(config, items):
    """Order tests by file, the slowest first; or as --shuffle says."""
    seed = config.getoption("--shuffle")
    if seed is not None:
        drawn = random.Random(seed)
        files = {path: drawn.random() for path in sorted({item.path for item in items})}
        items.sort(key=lambda item: (files[item.path], drawn.random()))
        return
    items.sort(key=lambda item: SLOWEST.index(item.path.name) if item.path.name in SLOWEST else len(SLOWEST))


SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared():
    """The folder of real data and tools that lies beside the checkout; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared folder with real data beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def world_csv(shared):
    """The USGS catalogue of the world, M >= 4, 1973-2015."""
    path = shared / "data" / "usgs_world_m4_1973_2015.csv.gz"
    if not path.is_file():
        pytest.skip(f"no {path.name} in ../shared/data")
    return path
