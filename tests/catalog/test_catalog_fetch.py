"""Fetching: only what is missing, nothing twice, nothing lost, and what was revised."""

import logging
import multiprocessing
import os
import random
import signal
import threading
import time

import pandas as pd
import pytest

from mleq import atomic
from mleq.catalog.fetch import fetch, repair, verify
from mleq.catalog.store import Store
from mleq.catalog.usgs import EventService
from mleq.errors import ServiceError

START, END = pd.Timestamp("2000-01-01", tz="UTC"), pd.Timestamp("2003-01-01", tz="UTC")


@pytest.fixture
def store(tmp_path):
    return Store.of(tmp_path)


@pytest.fixture
def client(service):
    with EventService(service.url, backoff_s=0.01, tries=4) as made:
        yield made


def test_a_second_fetch_says_that_it_waits_and_goes_on(store, client, service, make, caplog):
    service.rows = make.yearly(20)
    caplog.set_level("INFO", logger="mleq")
    found = []
    second = threading.Thread(target=lambda: found.append(fetch(store, client, START, END, 4.0).events))
    with atomic.locked(store.folder / ".fetching.lock"):
        second.start()
        while "another process is fetching into" not in caplog.text and second.is_alive():
            time.sleep(0.01)
        assert found == []
    second.join()
    assert found == [20]


@pytest.fixture
def filled(store, client, service, make):
    """A store of three years in several windows."""
    service.rows = make.yearly(60) + make.yearly(60, 2001) + make.yearly(60, 2002)
    fetch(store, client, START, END, 4.0)
    service.asked.clear()
    return store


def ids(store):
    found = store.read()["id"]
    assert found.is_unique
    return set(found)


def brought(service):
    """Ids that queries asked for, revisions left aside."""
    return [row["id"] for q in service.of("query") if "updatedafter" not in q for row in service.select(q)]


def test_everything_is_brought_once(filled, service):
    assert ids(filled) == {row["id"] for row in service.rows}
    assert len(filled.records()) > 3
    assert sum(record.count for record in filled.records()) == 180


def test_a_second_fetch_brings_nothing(filled, client, service):
    done = fetch(filled, client, START, END, 4.0)
    assert (done.windows, done.events, done.new, done.revised, done.deleted) == (0, 0, 0, 0, 0)
    assert brought(service) == []


def test_a_wider_request_brings_only_the_difference(filled, client, service, make):
    earlier, smaller = make.yearly(30, 1999), make.yearly(30, 2001, 3.5)
    service.rows += earlier + [row | {"id": row["id"] + "s"} for row in smaller]
    fetch(filled, client, pd.Timestamp("1999-01-01"), END, 3.0)
    assert sorted(brought(service)) == sorted(row["id"] for row in service.rows[180:])
    assert ids(filled) == {row["id"] for row in service.rows}


def test_a_narrower_request_asks_for_nothing(filled, client, service):
    fetch(filled, client, START + pd.Timedelta("9D"), END - pd.Timedelta("9D"), 4.5)
    assert brought(service) == []


def test_an_end_that_lies_ahead_means_now(store, client, service):
    before = pd.Timestamp.now("UTC").floor("ms")
    fetch(store, client, START, pd.Timestamp("2999-01-01", tz="UTC"), 4.0)
    assert before <= store.covered_until(START, 4.0) <= pd.Timestamp.now("UTC")


def test_what_was_brought_before_a_failure_stays_and_the_rest_follows(store, client, service, make):
    service.rows = make.yearly(200)
    service.fault = lambda method, *_: (
        (500, "text/plain", "broken") if method == "query" and len(service.of("query")) > 3 else None
    )
    with pytest.raises(ServiceError, match="status 500"):
        fetch(store, client, START, END, 4.0)
    kept = ids(store)
    assert 0 < len(kept) < 200
    service.fault = None
    service.asked.clear()
    fetch(store, client, START, END, 4.0)
    assert ids(store) == {row["id"] for row in service.rows}
    assert not kept & set(brought(service))


def test_a_failed_fetch_loses_nothing(filled, client, service):
    before = filled.read()
    service.fault = lambda *_: (200, "text/html", "<html>")
    with pytest.raises(ServiceError):
        fetch(filled, client, pd.Timestamp("1990-01-01"), END, 2.0)
    pd.testing.assert_frame_equal(filled.read(), before)


def test_with_all_faults_at_once(store, client, service, make):
    service.rows = make.yearly(150)

    def faults(method, n, q):
        if n % 4 == 0:
            return 503, "text/plain", "later", {"Retry-After": "0"}
        if n % 7 == 0:
            return 429, "text/plain", "slower", {"Retry-After": "0"}
        if n % 5 == 0 and method == "query":
            return (*service.answer(method, q), {"cut": "1"})
        return None

    service.fault = faults
    fetch(store, client, START, END, 4.0)
    assert ids(store) == {row["id"] for row in service.rows}


def test_a_damaged_partition_is_named_and_fetched_again(filled, client, service, caplog):
    before, record = filled.read(), filled.records()[1]
    (filled.folder / "events" / record.file).write_bytes(b"PAR1 no more")
    with caplog.at_level(logging.WARNING, "mleq"):
        done = fetch(filled, client, START, END, 4.0)
    assert record.file in caplog.text
    assert done.damaged == [record.file]
    assert len(brought(service)) == record.count
    pd.testing.assert_frame_equal(filled.read(), before)
    assert filled.damaged() == []


def test_a_damaged_partition_outside_the_request_is_fetched_again_too(filled, client):
    before, record = filled.read(), filled.records()[-1]
    (filled.folder / "events" / record.file).unlink()
    fetch(filled, client, START, START + pd.Timedelta("1D"), 4.0)
    pd.testing.assert_frame_equal(filled.read(), before)


def test_revisions_are_brought_by_id(filled, client, service, make):
    now = pd.Timestamp.now("UTC").isoformat()
    rows = {row["id"]: row for row in service.rows}
    rows["y2000n00005"] |= {"mag": 6.1, "updated": now}  # stronger
    rows["y2000n00006"] |= {"mag": 3.7, "updated": now}  # fell below the store's magnitudes
    rows["y2001n00007"] |= {"time": "2002-02-02T02:02:02.002Z", "updated": now}  # moved to another window
    rows["y2002n00008"] |= {"status": "deleted", "updated": now}
    service.rows.append(make.event("late", "2001-05-05T00:00:00.000Z", updated=now))
    done = fetch(filled, client, START, END, 4.0)
    assert (done.windows, done.new, done.revised, done.deleted) == (0, 1, 3, 1)
    held = filled.read().set_index("id")
    assert held.loc["y2000n00005", "mag"] == 6.1
    assert held.loc["y2001n00007", "time"] == pd.Timestamp("2002-02-02T02:02:02.002Z")
    assert "late" in held.index
    assert "y2000n00006" not in held.index
    assert "y2002n00008" not in held.index
    assert len(held) == 179
    assert verify(filled, client) == []
    again = fetch(filled, client, START, END, 4.0)
    assert (again.new, again.revised, again.deleted) == (0, 0, 0)


def test_revisions_need_no_agreement_of_clocks(filled, client, service):
    """What counts is the service's own order of revisions, here all of them years before today."""
    service.rows[50] |= {"mag": 7.0, "updated": "2016-02-01T00:00:00.000Z"}
    assert fetch(filled, client, START, END, 4.0).revised == 1
    service.rows[51] |= {"mag": 7.1, "updated": "2016-02-01T00:00:00.001Z"}
    assert fetch(filled, client, START, END, 4.0).revised == 1


def test_many_revisions_are_narrowed_down_to_their_windows(filled, client, service):
    """More changes than one query may return: 60 in a year, where the limit is 40."""
    for row in service.rows[:60]:
        row |= {"mag": 5.5, "updated": "2017-01-01T00:00:00.000Z"}
    done = fetch(filled, client, START, END, 4.0)
    assert (done.new, done.revised, done.deleted) == (0, 60, 0)
    assert (filled.read()["mag"] == 5.5).sum() == 60


def test_a_window_that_changed_altogether_is_brought_as_a_whole(store, client, service, make):
    service.rows = make.yearly(30)
    fetch(store, client, START, END, 4.0)
    lost = service.rows.pop()["id"]
    service.rows = [row | {"mag": 5.5, "updated": "2017-01-01T00:00:00.000Z"} for row in service.rows]
    service.rows += [row | {"id": row["id"] + "b", "updated": "2017-01-01T00:00:00Z"} for row in service.rows]
    done = fetch(store, client, START, END, 4.0)
    assert (done.new, done.revised, done.deleted) == (29, 29, 1)
    assert lost not in ids(store)
    assert ids(store) == {row["id"] for row in service.rows}


def test_an_id_that_comes_in_two_windows_is_held_once_in_its_latest_form(store, client, service, make):
    """Between two queries of one fetch its origin time is revised, out of a window that was brought already."""
    service.rows = make.yearly(60) + make.yearly(60, 2001)

    def move(method, *_):
        if method == "query" and len(service.of("query")) == 2:
            service.rows[0] |= {"time": "2001-12-12T00:00:00.000Z", "updated": "2018-01-01T00:00:00Z"}

    service.fault = move
    done = fetch(store, client, START, END, 4.0)
    assert done.events == 121  # the last window was counted again when it held one more
    held = store.read().set_index("id")
    assert len(held) == held.index.nunique() == 120
    assert held.loc["y2000n00000", "time"] == pd.Timestamp("2001-12-12", tz="UTC")
    assert sum(one.counted - one.record.count for one in verify(store, client)) <= 0


def test_a_snapshot_is_unmoved_by_revisions(filled, client, service):
    before = filled.read()
    filled.freeze("before")
    service.rows[0] |= {"mag": 9.0, "updated": "2020-01-01T00:00:00Z"}
    fetch(filled, client, START, END, 4.0)
    pd.testing.assert_frame_equal(filled.read(snapshot="before"), before)
    assert filled.read()["mag"].max() == 9.0


def test_verify_lists_what_differs_and_repair_brings_it(filled, client, service, make):
    """An event that came with an old time of revision, and one that vanished without a word."""
    service.rows.append(make.event("hidden", "2000-05-05T00:00:00Z", updated="2001-01-01T00:00:00Z"))
    del service.rows[170]
    differences = verify(filled, client)
    assert sorted(one.counted - one.record.count for one in differences) == [-1, 1]
    repair(filled, client, differences)
    assert verify(filled, client) == []
    assert ids(filled) == {row["id"] for row in service.rows}


def test_verify_warns_of_a_snapshot_that_lost_a_partition(filled, client, service, caplog):
    lost = filled.records()[0]
    filled.freeze("paper")
    service.rows[0] |= {"mag": 6.0, "updated": "2020-01-01T00:00:00Z"}
    fetch(filled, client, START, END, 4.0)
    (filled.folder / "events" / lost.file).unlink()
    with caplog.at_level(logging.WARNING, "mleq"):
        assert verify(filled, client) == []
    assert f"the snapshot paper has lost {lost.file}" in caplog.text


def test_empty_windows_count_as_held(store, client, service):
    fetch(store, client, START, END, 4.0)
    assert store.covered_until(START, 4.0) == END
    service.asked.clear()
    fetch(store, client, START, END, 4.0)
    assert brought(service) == []


def _fetch_in_process(folder, url):
    with EventService(url, backoff_s=0.01) as client:
        fetch(Store(folder), client, START, END, 4.0)


def _start(store, service):
    process = multiprocessing.get_context("fork").Process(target=_fetch_in_process, args=(store.folder, service.url))
    process.start()
    return process


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_killed_at_any_moment_leaves_a_store_that_opens(store, client, service, make):
    service.rows = make.yearly(300)
    service.limit = 15
    expected = {row["id"] for row in service.rows}
    rng = random.Random(4)
    held = set()
    for _ in range(10):  # benchmarks/fetch.py does it to the real catalogue, twenty times
        process = _start(store, service)
        time.sleep(rng.uniform(0.02, 0.25))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        now = ids(store)
        assert held <= now <= expected
        held = now
    fetch(store, client, START, END, 4.0)
    assert ids(store) == expected
    assert store.damaged() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_two_processes_may_fetch_while_a_third_reads(store, service, make):
    service.rows = make.yearly(150)
    service.limit = 15
    processes = [_start(store, service), _start(store, service)]
    seen = 0
    while any(process.is_alive() for process in processes):
        now = len(ids(store))
        assert now >= seen
        seen = now
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert ids(store) == {row["id"] for row in service.rows}


def test_a_store_brought_up_to_date_every_night_does_not_fall_to_crumbs(store, client, service, make):
    service.rows = make.yearly(30)
    service.limit = 1000
    for day in range(12):
        fetch(store, client, START, START + pd.Timedelta(days=30 * (day + 1)), 4.0)
    assert len(store.records()) == 1
    assert ids(store) == {row["id"] for row in service.rows if pd.Timestamp(row["time"]) < START + pd.Timedelta("360D")}


def test_many_changes_are_written_in_batches(filled, client, service, monkeypatch):
    monkeypatch.setattr("mleq.catalog.revision.MANY", 0)
    changed = [row["id"] for row in service.rows[::20]]
    for row in service.rows[::20]:
        row |= {"mag": 5.5, "updated": "2017-01-01T00:00:00.000Z"}
    done = fetch(filled, client, START, END, 4.0)
    assert (done.new, done.revised, done.deleted) == (0, len(changed), 0)
    held = filled.read()
    assert set(held.loc[held["mag"] == 5.5, "id"]) == set(changed)
