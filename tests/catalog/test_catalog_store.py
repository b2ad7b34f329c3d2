"""The store: what was written is there, or is named as damaged; no state in between is ever seen."""

import json
import math
import os
import time

import pandas as pd
import pytest

from mleq.catalog import columns
from mleq.catalog.files import parse_csv
from mleq.catalog.store import Store
from mleq.catalog.window import Window
from mleq.errors import RequestError, StorageError

START, MIDDLE, END = (pd.Timestamp(f"{year}-01-01", tz="UTC") for year in (2000, 2001, 2002))


@pytest.fixture
def store(tmp_path):
    return Store.of(tmp_path)


@pytest.fixture
def rows(make):
    def made(**values):
        return parse_csv(make.csv(make.yearly(**values)).encode(), "test")

    return made


@pytest.fixture
def filled(store, rows):
    store.put([(Window.of(START, MIDDLE, 4.0), rows(n=10, year=2000))], revised=1)
    store.put([(Window.of(MIDDLE, END, 4.0), rows(n=20, year=2001))], revised=2)
    return store


def test_an_empty_store(store):
    assert store.records() == []
    assert store.read().empty
    assert store.covered_until(START, 4.0) is None
    assert store.damaged() == []


def test_what_was_written_is_read(filled, rows):
    expected = columns.newest([rows(n=10, year=2000), rows(n=20, year=2001)])
    pd.testing.assert_frame_equal(filled.read(), expected)
    assert len(filled.read(START, MIDDLE)) == 10
    assert len(filled.read(MIDDLE, END, 6.0)) == 0


def test_the_manifest_says_what_each_window_holds(filled):
    manifest = json.loads((filled.folder / "manifest.json").read_text())
    first = manifest["windows"][0]
    assert first["start"] == "2000-01-01T00:00:00.000"
    assert first["end"] == "2001-01-01T00:00:00.000"
    assert (first["min_magnitude"], first["max_magnitude"], first["count"]) == (4.0, None, 10)
    assert len(first["sha256"]) == 64
    assert pd.Timestamp(first["fetched"]) <= pd.Timestamp.now("UTC")


def test_how_far_it_covers(filled, rows):
    assert filled.covered_until(START, 4.0) == END
    assert filled.covered_until(START, 5.0) == END
    assert filled.covered_until(START, 3.9) is None
    assert filled.covered_until(START - pd.Timedelta("1ms"), 4.0) is None
    filled.put([(Window.of(END + pd.Timedelta("1D"), END + pd.Timedelta("9D"), 4.0), rows(n=1, year=2002))], revised=0)
    assert filled.covered_until(START, 4.0) == END
    filled.put([(Window(*_times(START, MIDDLE), 3.0, 4.0), columns.empty())], revised=0)
    assert filled.covered_until(START, 3.0) == MIDDLE


def _times(start, end):
    window = Window.of(start, end, 0.0)
    return window.start, window.end


def test_an_id_in_two_windows_counts_once_in_its_latest_form(store, make):
    for year, mag, updated in ((2000, 5.0, "2010-01-01T00:00:00Z"), (2001, 5.5, "2009-01-01T00:00:00Z")):
        raw = parse_csv(make.csv([make.event("moved", f"{year}-06-01T00:00:00Z", mag, updated)]).encode(), "test")
        store.put([(Window.of(*[pd.Timestamp(f"{y}-01-01") for y in (year, year + 1)], 4.0), raw)], revised=0)
    assert store.read()["mag"].tolist() == [5.0]


def test_a_window_that_is_held_is_not_named_twice(filled, rows):
    filled.put([(Window.of(START, MIDDLE, 4.0), rows(n=10, year=2000))], revised=3)
    assert len(filled.records()) == 2


def test_a_replaced_partition_is_gone_from_the_manifest_in_one_step(filled, rows):
    old = filled.records()[0]
    filled.put([(old.window, rows(n=3, year=2000))], revised=5, replacing=[old])
    assert [record.count for record in filled.records()] == [3, 20]


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_damaged_partition_is_named(filled, harm):
    record = filled.records()[1]
    path = filled.folder / "events" / record.file
    content = bytearray(path.read_bytes())
    if harm == "remove":
        path.unlink()
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content if harm == "flip" else content[:-7])
    assert filled.damaged() == [record]
    with pytest.raises(StorageError, match=rf"{record.file}: .*cmd/fetch"):
        filled.read()
    assert len(filled.read(START, MIDDLE)) == 10


def test_a_reader_follows_a_writer_that_replaced_a_partition(filled, rows, monkeypatch):
    stale, fresh = filled.records(), filled.records
    old = stale[0]
    filled.put([(old.window, rows(n=3, year=2000))], revised=5, replacing=[old])
    (filled.folder / "events" / old.file).unlink()
    answers = iter([stale])
    monkeypatch.setattr(filled, "records", lambda *_: next(answers, None) or fresh())
    assert len(filled.read()) == 23


def test_a_manifest_that_is_no_manifest(filled):
    (filled.folder / "manifest.json").write_text('{"format": 1, "windows": [{}]}')
    with pytest.raises(StorageError, match="manifest.json cannot be read"):
        filled.read()
    (filled.folder / "manifest.json").write_text('{"format": 99}')
    with pytest.raises(StorageError, match="has format 99"):
        filled.read()


def test_a_disk_that_is_full_loses_nothing(filled, rows, monkeypatch):
    before = filled.read()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageError, match="No space left on device.*kept"):
        filled.put([(Window.of(END, END + pd.Timedelta("9D"), 4.0), rows(n=1))], revised=0)
    monkeypatch.undo()
    pd.testing.assert_frame_equal(filled.read(), before)
    assert not list(filled.folder.rglob("*.new"))


def test_a_folder_that_cannot_be_written(tmp_path, rows):
    (tmp_path / "usgs").write_text("a file where the store should be")
    with pytest.raises(StorageError, match="cannot write"):
        Store.of(tmp_path).put([(Window.of(START, END, 4.0), rows(n=1))], revised=0)


def test_a_snapshot_stays_as_the_store_moves_on(filled, rows):
    digest = filled.freeze("paper-1")
    before = filled.read()
    old = filled.records()[0]
    filled.put([(old.window, rows(n=3, year=2000))], revised=5, replacing=[old])
    for path in (filled.folder / "events").iterdir():
        os.utime(path, (time.time() - 9999,) * 2)
    filled.remove_orphans()
    pd.testing.assert_frame_equal(filled.read(snapshot="paper-1"), before)
    assert filled.content_hash("paper-1") == digest != filled.content_hash()
    assert filled.covered_until(START, 4.0, snapshot="paper-1") == END
    with pytest.raises(RequestError, match="'paper-1' exists and is another state"):
        filled.freeze("paper-1")


def test_freezing_the_same_state_again_is_no_mistake(filled):
    assert filled.freeze("a") == filled.freeze("a") == filled.freeze("b")
    assert filled.snapshots() == ["a", "b"]


def test_names_of_snapshots(filled, store):
    with pytest.raises(RequestError, match="no snapshot 'c'.*there is none yet"):
        filled.read(snapshot="c")
    with pytest.raises(RequestError, match="cannot name a snapshot"):
        filled.freeze("../evil")


def test_an_empty_store_cannot_be_frozen(store):
    with pytest.raises(RequestError, match="holds nothing to freeze"):
        store.freeze("a")


def test_only_old_files_that_nothing_names_are_removed(filled):
    events = filled.folder / "events"
    (events / "left_by_a_crash.parquet").write_bytes(b"x")
    assert filled.remove_orphans() == 0
    for path in events.iterdir():
        os.utime(path, (time.time() - 9999,) * 2)
    assert filled.remove_orphans() == 1
    assert len(filled.read()) == 30


def test_each_service_has_its_store(tmp_path):
    assert Store.of(tmp_path).folder.name == "usgs"
    assert (
        Store.of(tmp_path, "https://api.geonet.org.nz/fdsnws/event/1/").folder.name
        == "api-geonet-org-nz-fdsnws-event-1"
    )


def test_bands_of_magnitude_survive_the_manifest(store, rows):
    store.put([(Window(*_times(START, MIDDLE), 3.0, 4.0), rows(n=0 + 1, mag=3.5))], revised=0)
    assert store.records()[0].window == Window(*_times(START, MIDDLE), 3.0, 4.0)
    store.put([(Window(*_times(START, MIDDLE), 4.0), rows(n=1))], revised=0)
    assert store.records()[1].window.max_magnitude == math.inf


def test_small_neighbours_are_joined_and_nothing_else_changes(filled, rows):
    """A third window joins nothing, since it does not adjoin; a band of its own stays by itself."""
    smaller = rows(n=5, mag=3.5)
    smaller["id"] = "small" + smaller["id"]
    filled.put([(Window(*_times(START, END), 3.0, 4.0), smaller)], revised=4)
    far = END + pd.Timedelta("9D")
    filled.put([(Window.of(far, far + pd.Timedelta("9D"), 4.0), columns.empty())], revised=5)
    before = filled.read()
    filled.freeze("before")
    filled.compact()
    pd.testing.assert_frame_equal(filled.read(), before)
    assert sorted((r.window.min_magnitude, r.count, r.revised) for r in filled.records()) == [
        (3.0, 5, 4),
        (4.0, 0, 5),
        (4.0, 30, 1),
    ]
    assert filled.covered_until(START, 3.0) == END
    assert len(filled.records("before")) == 4
    same = filled.records()
    filled.compact()
    assert filled.records() == same


def test_large_partitions_are_left_alone(filled):
    filled.compact(29)
    assert len(filled.records()) == 2


def test_the_stamp_changes_with_the_files_and_says_which_is_gone(filled):
    before = filled.stamp()
    assert before == filled.stamp()
    assert [len(one) for one in before] == [4, 4]
    (filled.folder / "events" / before[0][0]).unlink()
    after = filled.stamp()
    assert after[0] == [before[0][0], None]
    assert after[1] == before[1]
