"""Half a fetch is never taken for a whole one, and a hole in a catalogue does not pass unseen."""

import datetime as dt
import logging
import threading

import numpy as np
import pandas as pd
import pytest

from mleq.catalog.fetch import fetch
from mleq.catalog.load import load_events
from mleq.catalog.store import Store
from mleq.catalog.usgs import EventService
from mleq.catalog.window import Window
from mleq.errors import MissingData, ServiceError
from mleq.recipe.settings import UsgsCatalog

START, END = pd.Timestamp("2000-01-01", tz="UTC"), pd.Timestamp("2003-01-01", tz="UTC")
SETTINGS = UsgsCatalog(source="usgs", start=dt.date(2000, 1, 1), min_magnitude=4.0)


@pytest.fixture
def client(service):
    with EventService(service.url, backoff_s=0.01, tries=2) as made:
        yield made


@pytest.fixture
def half(tmp_path, service, client, make):
    """A store in which a fetch of three years failed after the first windows."""
    service.rows = make.yearly(60) + make.yearly(60, 2001) + make.yearly(60, 2002)
    store = Store.of(tmp_path)
    queries = iter(range(100))
    service.fault = lambda method, *_: (500, "text/plain", "down") if method == "query" and next(queries) > 1 else None
    with pytest.raises(ServiceError):
        fetch(store, client, START, END, 4.0)
    service.fault = None
    return store


def test_an_unfinished_fetch_is_refused_until_it_is_finished(half, client, tmp_path):
    assert half.records()
    assert half.unfinished() == [Window.of(START, END, 4.0)]
    with pytest.raises(MissingData, match="was not finished: the store in .* ends at 200[01].* it goes on where"):
        load_events(SETTINGS, data_dir=tmp_path)
    fetch(half, client, START, END, 4.0)
    assert half.unfinished() == []
    assert len(load_events(SETTINGS, data_dir=tmp_path)) == 180


def test_a_recipe_that_ends_before_the_failure_is_served(half, tmp_path):
    reached = half.covered_until(START, 4.0)
    early = SETTINGS.model_copy(update={"end": reached.date()})
    assert len(load_events(early, data_dir=tmp_path)) > 10


def test_another_fetch_does_not_hide_the_unfinished_one(half, client, tmp_path):
    fetch(half, client, START, START + pd.Timedelta(days=30), 4.0)
    with pytest.raises(MissingData, match="was not finished"):
        load_events(SETTINGS, data_dir=tmp_path)


def test_two_fetches_take_turns_and_count_once(tmp_path, service, make):
    service.rows = make.yearly(60) + make.yearly(60, 2001)
    errors = []

    def bring(end):
        try:
            with EventService(service.url, backoff_s=0.01) as client:
                fetch(Store.of(tmp_path), client, START, pd.Timestamp(end, tz="UTC"), 4.0)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=bring, args=(end,)) for end in ("2001-11-07", "2001-12-31", "2001-10-03")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    store = Store.of(tmp_path)
    assert sum(record.count for record in store.records()) == len(store.read())


def test_a_hole_in_a_file_is_warned_of(tmp_path, make, caplog):
    times = pd.date_range("2000-01-01", "2004-01-01", periods=800, tz="UTC")
    kept = times[(times < "2001-03-01") | (times > "2001-12-01")]
    rows = [make.event(f"e{i}", time.isoformat(timespec="milliseconds")) for i, time in enumerate(kept)]
    path = tmp_path / "hole.csv"
    path.write_text(make.csv(rows))
    with caplog.at_level(logging.WARNING, "mleq"):
        load_events(SETTINGS, files=[path])
    assert "no event between 2001-02-28" in caplog.text
    assert "is a part of it missing?" in caplog.text


def test_the_quiet_spells_of_a_poisson_process_are_no_holes(tmp_path, make, caplog):
    rng = np.random.default_rng(0)
    times = START + pd.to_timedelta(np.sort(rng.uniform(0, 1400, 500)), unit="D")
    rows = [make.event(f"e{i}", time.isoformat(timespec="milliseconds")) for i, time in enumerate(times)]
    path = tmp_path / "whole.csv"
    path.write_text(make.csv(rows))
    with caplog.at_level(logging.WARNING, "mleq"):
        load_events(SETTINGS, files=[path])
    assert "is a part of it missing?" not in caplog.text
