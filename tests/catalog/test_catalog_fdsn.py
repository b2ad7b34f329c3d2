"""Services that neither count nor write CSV: text or QuakeML, windows split where they refuse, the same store."""

import datetime as dt
import json
import sys

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mleq.catalog.fdsn import FdsnService, connect
from mleq.catalog.fetch import fetch, repair, verify
from mleq.catalog.load import load_events
from mleq.catalog.store import Store
from mleq.catalog.usgs import EventService
from mleq.catalog.window import Window
from mleq.errors import RequestError, ServiceError
from mleq.recipe.settings import UsgsCatalog

START, END = pd.Timestamp("2000-01-01", tz="UTC"), pd.Timestamp("2003-01-01", tz="UTC")
YEAR = Window.of(pd.Timestamp("2000-01-01"), pd.Timestamp("2001-01-01"), 4.0)
REFUSALS = [
    (413, "Request Entity Too Large"),
    (400, "Error 400: number of events exceeds the limit of {limit}"),
    (403, "Too many results, please refine"),
]


@pytest.fixture
def listing(service):
    """The stand-in as a service that neither counts nor writes CSV."""
    service.counts, service.forms, service.limit = False, ("text", "xml"), 10_000
    return service


@pytest.fixture
def client(listing):
    with FdsnService(listing.url, backoff_s=0.01, tries=3) as made:
        yield made


@pytest.fixture
def store(tmp_path):
    return Store.of(tmp_path)


def ids(store):
    found = store.read()["id"]
    assert found.is_unique
    return set(found)


def rows_of(parts):
    return pd.concat([raw for _, raw in parts], ignore_index=True)


def test_a_recipe_s_service_is_asked_whether_it_counts(service):
    with connect(None, service.url) as counting:
        assert isinstance(counting, EventService)
    service.counts = False
    with connect(None, service.url) as listing:
        assert isinstance(listing, FdsnService)
    with connect(service.url, "http://elsewhere.invalid/fdsnws/event/1/") as mirror:
        assert isinstance(mirror, EventService)
        assert mirror.url == service.url


def test_a_service_that_is_down_is_not_taken_for_one_that_cannot_count(service):
    service.fault = lambda *_: (503, "text/plain", "down", {"Retry-After": "0"})
    with pytest.raises(ServiceError, match="status 503"):
        connect(None, service.url, tries=2, backoff_s=0.01)


@pytest.mark.parametrize("form", ["text", "xml"])
def test_every_value_comes_through(listing, client, make, form):
    if form == "xml":
        pytest.importorskip("obspy")
    listing.forms = (form,)
    odd = {"latitude": -17.53, "longitude": 190.25, "depth": "", "type": "quarry blast", "magType": "mb"}
    listing.rows = [make.event("a1", "2000-06-01T12:34:56.789Z", 4.56, **odd), make.event("b", "2000-07-01T00:00:00Z")]
    raw = rows_of(client.bring(YEAR))
    assert raw["id"].tolist() == ["a1", "b"]
    assert raw.loc[0, ["latitude", "longitude", "mag", "magType"]].tolist() == [-17.53, 190.25, 4.56, "mb"]
    assert raw.loc[0, "time"] == pd.Timestamp("2000-06-01T12:34:56.789Z")
    assert raw["depth"].isna().tolist() == [True, False]
    assert raw["place"].tolist() == ['near "here", Japan'] * 2
    assert raw["type"].tolist() == ["quarry blast", "earthquake"]


def test_windows_are_half_open_however_fine_the_times(listing, client, make):
    times = {
        "before": "1999-12-31T23:59:59.999999",
        "first": "2000-01-01T00:00:00.000000",
        "last": "2000-12-31T23:59:59.999999",
        "next": "2001-01-01T00:00:00.000000",
    }
    listing.rows = [make.event(name, f"{time}Z") for name, time in times.items()]
    assert rows_of(client.bring(YEAR))["id"].tolist() == ["first", "last"]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_windows_are_split_where_the_service_refuses(listing, client, store, make, refusal):
    listing.rows = make.yearly(100) + make.yearly(70, 2001)
    listing.limit, listing.refusal = 30, refusal
    done = fetch(store, client, START, END, 4.0)
    assert ids(store) == {row["id"] for row in listing.rows}
    assert done.events == 170
    assert store.covered_until(START, 4.0) == END


def test_a_full_page_is_not_taken_for_all(listing, client, make):
    """A service that gives the first 500 of 1,234 and says nothing of the others."""
    listing.rows = make.yearly(1234)
    listing.limit, listing.refusal = 500, (200, "")
    assert set(rows_of(client.bring(YEAR))["id"]) == {row["id"] for row in listing.rows}


def test_too_many_in_a_second_cannot_be_had(listing, client, make):
    listing.rows = [make.event(f"e{i}", "2000-05-05T05:05:05.005Z") for i in range(31)]
    listing.limit, listing.refusal = 30, REFUSALS[0]
    with pytest.raises(ServiceError, match="too many events for one answer at 2000-05-05T05:05:0"):
        client.bring(YEAR)


def test_no_event_at_all(listing, client, store):
    fetch(store, client, START, END, 4.0)
    assert store.covered_until(START, 4.0) == END
    assert store.read().empty


def test_a_second_fetch_asks_for_nothing_old(listing, client, store, make):
    listing.rows = make.yearly(20)
    fetch(store, client, START, END, 4.0)
    listing.asked.clear()
    done = fetch(store, client, START, END, 4.0)
    assert (done.windows, done.new, done.revised, done.deleted) == (0, 0, 0, 0)
    assert listing.asked == []


def test_what_was_listed_long_ago_or_ends_lately_is_listed_again(listing, client, store, make, monkeypatch):
    from mleq.catalog import revision

    listing.rows = make.yearly(60) + make.yearly(60, 2001)
    fetch(store, client, START, END, 4.0)
    changed = {row["id"]: row for row in listing.rows}
    changed["y2000n00005"]["mag"] = 6.1
    changed["y2000n00006"]["time"] = "2001-02-02T02:02:02.002Z"  # into another window, if there are two
    listing.rows.remove(changed["y2001n00007"])
    listing.rows.append(make.event("late", "2001-05-05T00:00:00.000Z"))
    before = fetch(store, client, START, END, 4.0)
    assert before.revised == 0
    monkeypatch.setattr(revision, "SELDOM", pd.Timedelta(0))
    done = fetch(store, client, START, END, 4.0)
    assert (done.revised, done.new, done.deleted) == (2, 1, 1)
    assert ids(store) == {row["id"] for row in listing.rows}
    assert store.read().set_index("id").loc["y2000n00005", "mag"] == 6.1
    again = fetch(store, client, START, END, 4.0)
    assert (again.new, again.revised, again.deleted) == (0, 0, 0)


def test_verify_and_repair(listing, client, store, make):
    listing.rows = make.yearly(40)
    fetch(store, client, START, END, 4.0)
    del listing.rows[3]
    differences = verify(store, client)
    assert [(one.record.count, one.counted) for one in differences] == [(40, 39)]
    repair(store, client, differences)
    assert verify(store, client) == []


def test_a_failed_fetch_loses_nothing(listing, client, store, make):
    listing.rows = make.yearly(40)
    fetch(store, client, START, END, 4.0)
    before = store.read()
    listing.fault = lambda *_: (200, "text/html", "<html>the hotel's network</html>")
    with pytest.raises(ServiceError, match=r"FDSN text was due, but the answer is a web page \(HTML\).*hotel"):
        fetch(store, client, START, END, 3.0)
    pd.testing.assert_frame_equal(store.read(), before)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ('{"type": "FeatureCollection"}', "FDSN text was due"),
        ("time,latitude,longitude\n", "FDSN text was due"),
        ("", "FDSN text was due, but the answer is empty"),
        ("#EventID|Time\n", "latitude, longitude, depth, mag are missing"),
        ("#EventID|Time|Latitude|Longitude|Depth/km|Magnitude\na|2000-02-02T00:00:00|north|1|1|5\n", "1 of 1 rows"),
        ("#EventID|Time|Latitude|Longitude|Depth/km|Magnitude\na|1990-02-02T00:00:00|1|1|1|5\n", "not of the window"),
        ("#EventID|Time|Latitude|Longitude|Depth/km|Magnitude\n" + "a|2000-02-02T00:00:00|1|1|1|5\n" * 2, "come twice"),
    ],
)
def test_another_kind_of_answer_is_never_taken_for_events(listing, client, text, seen):
    listing.fault = lambda *_: (200, "text/plain", text)
    with pytest.raises(ServiceError, match=f"in 3 tries .*{seen}"):
        client.bring(YEAR)


@pytest.mark.parametrize("form", ["text", "xml"])
def test_a_cut_answer_is_asked_for_again(listing, client, make, form):
    if form == "xml":
        pytest.importorskip("obspy")
    listing.rows, listing.forms = make.yearly(20), (form,)
    bodies = {"cut": "1", "Content-Length": None}
    listing.fault = lambda _, n, q: (*listing.answer("query", q), bodies) if n < 3 and q["format"] == form else None
    assert len(rows_of(client.bring(YEAR))) == 20


def test_text_with_spaces_and_without_kinds(listing, client):
    listing.fault = lambda *_: (
        200,
        "text/plain",
        "# EventID | Time | Latitude | Longitude | Depth/km | MagType | Magnitude | EventLocationName\n"
        "b | 2000-03-02T09:00:00+09:00 | 1.5 | -170 | | mb | 5.0 | off the \"coast\n"
        "a | 2000-02-02T00:00:00.5 | 2.5 | 190 | 10 | mb | 4.5 | here\n"
        "c | 2000-04-02T00:00:00 | 2.5 | 190 | 10 | | | unmeasured\n",
    )  # fmt: skip
    raw = rows_of(client.bring(YEAR))
    assert raw["id"].tolist() == ["a", "b"]  # in order of time; what has no magnitude lies in no window
    assert raw["time"].tolist() == [pd.Timestamp("2000-02-02T00:00:00.5Z"), pd.Timestamp("2000-03-02T00:00:00Z")]
    assert raw["type"].tolist() == ["earthquake"] * 2
    assert np.isnan(raw.loc[1, "depth"])
    assert raw.loc[1, "place"] == 'off the "coast'


def test_a_window_before_1970(listing, client, make):
    listing.rows = [make.event("sf", "1906-04-18T13:12:26.000Z", 7.9, updated="2017-01-01T00:00:00Z")]
    assert rows_of(client.bring(Window.of(pd.Timestamp("1900-01-01"), pd.Timestamp("1970-01-01"), 7.0)))["id"].tolist()


def test_quakeml_without_obspy_says_what_to_install(listing, client, make, monkeypatch):
    listing.rows, listing.forms = make.yearly(3), ("xml",)
    monkeypatch.setitem(sys.modules, "obspy", None)
    with pytest.raises(RequestError, match=r'needs obspy.*pip install "mleq\[waveform\]"'):
        client.bring(YEAR)


def test_the_doors_with_a_regional_service_in_the_recipe(listing, make, tmp_path, monkeypatch):
    from mleq.cli.fetch import command

    listing.rows = make.yearly(120)
    listing.limit, listing.refusal = 50, REFUSALS[0]
    catalog = {"source": "usgs", "url": listing.url, "start": "2000-01-01", "end": "2001-01-01", "min_magnitude": 4.0}
    recipe = {
        "id": "here",
        "family": "catalog",
        "catalog": catalog,
        "target": {"latitude": 35.0, "longitude": 139.0, "radius_km": 150, "magnitude": 5.0},
        "split": {"validation": 0.2, "test": 0.2},
        "model": {"name": "convlstm"},
    }
    (tmp_path / "recipe.json").write_text(json.dumps({"format": 1, "recipes": [recipe]}))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, ["--recipe_id", "here", "--verify", "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["events"], answer["differences"]) == (120, [])
    settings = UsgsCatalog(**catalog | {"start": dt.date(2000, 1, 1), "end": dt.date(2001, 1, 1)})
    assert len(load_events(settings, data_dir=tmp_path / "data")) == 120


def test_a_refusal_of_another_kind_is_passed_on(listing, client):
    listing.fault = lambda *_: (403, "text/plain", "not for you")
    with pytest.raises(ServiceError, match="status 403.*not for you"):
        client.bring(YEAR)


def test_quakeml_that_is_none_is_asked_for_again_and_then_doubted(listing, client):
    listing.forms = ("xml",)
    listing.fault = lambda _, n, q: (200, "application/xml", "<html/>") if q["format"] == "xml" else None
    with pytest.raises(ServiceError, match=r"tries \(QuakeML was due, but the answer is"):
        client.bring(YEAR)
