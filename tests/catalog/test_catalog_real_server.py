"""The whole way, from the stand-in server over real rows to a store; skipped where ../shared is absent."""

import re
import subprocess
import sys

import pandas as pd
import pytest

from mleq.catalog.export import to_csv
from mleq.catalog.fetch import fetch, verify
from mleq.catalog.files import read_files
from mleq.catalog.store import Store
from mleq.catalog.usgs import EventService

START, END = pd.Timestamp("2011-01-01", tz="UTC"), pd.Timestamp("2011-07-01", tz="UTC")


@pytest.fixture(scope="module")
def rows(world_csv):
    raw = read_files([world_csv])
    return raw[(raw["time"] >= START) & (raw["time"] < END) & (raw["mag"] >= 4.5)].reset_index(drop=True)


@pytest.fixture
def url(shared, rows, tmp_path):
    (tmp_path / "slice.csv").write_bytes(to_csv(rows))
    server = shared / "tools" / "usgs_server.py"
    if not server.is_file():
        pytest.skip(f"no {server.name} in ../shared/tools")
    options = ["--data", str(tmp_path / "slice.csv"), "--port", "0", "--limit", "400", "--cut-every", "5"]
    process = subprocess.Popen([sys.executable, str(server), *options], stdout=subprocess.PIPE, text=True)
    yield re.search(r"http://\S+", process.stdout.readline()).group()
    process.terminate()
    process.wait()
    process.stdout.close()


def test_a_half_year_that_holds_tohoku(url, rows, tmp_path):
    store = Store.of(tmp_path)
    with EventService(url, backoff_s=0.01) as client:
        fetch(store, client, START, END, 4.5)
        assert verify(store, client) == []
        again = fetch(store, client, START, END, 4.5)
    assert again.events == again.new == again.revised == again.deleted == 0
    held = store.read().sort_values("id", ignore_index=True)
    pd.testing.assert_frame_equal(held, rows.sort_values("id", ignore_index=True))
