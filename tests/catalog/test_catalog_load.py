"""Events as a recipe asks for them."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from mleq.catalog import events as events_of
from mleq.catalog.fetch import fetch
from mleq.catalog.load import data_folder, everything, load_events, utc, wanted_period
from mleq.catalog.store import Store
from mleq.catalog.usgs import EventService
from mleq.errors import DataError, MissingData, RecipeError, RequestError
from mleq.recipe.settings import SimulatedCatalog, UsgsCatalog

CSV = """time,latitude,longitude,depth,mag,id,type
2010-01-01T12:00:00Z,35,139,10,4.0,a,earthquake
2010-02-01T12:00:00Z,35,139,,5.0,b,earthquake
2010-03-01T12:00:00Z,35,139,10,6.0,c,nuclear explosion
2010-04-01T12:00:00Z,35,139,10,3.0,d,earthquake
"""


def usgs(**values):
    return UsgsCatalog(**({"source": "usgs", "start": dt.date(2010, 1, 1), "min_magnitude": 4.0} | values))


def simulated(**values):
    settings = {"source": "simulated", "start": dt.date(2000, 1, 1), "days": 500, "min_magnitude": 3.0}
    settings |= {"region": (33.0, 38.0, 137.0, 142.0), "mu": 1.0, "seed": 3}
    return SimulatedCatalog(**(settings | values))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(CSV)
    return path


def test_files_are_filtered_as_the_recipe_says(file):
    assert load_events(usgs(), files=[file])["id"].tolist() == ["a", "b"]
    assert load_events(usgs(min_magnitude=5.0), files=[file])["id"].tolist() == ["b"]
    assert load_events(usgs(start=dt.date(2010, 1, 2)), files=[file])["id"].tolist() == ["b"]
    kinds = ("earthquake", "nuclear explosion")
    assert load_events(usgs(event_types=kinds), files=[file])["id"].tolist() == ["a", "b", "c"]


def test_a_recipe_says_how_files_call_their_columns(tmp_path):
    path = tmp_path / "regional.csv"
    path.write_text(CSV.replace("mag,", "ML,").replace("time,", "Origin time,", 1))
    settings = usgs(columns={"mag": "ML", "time": "Origin time"})
    assert load_events(settings, files=[path])["id"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"magnitud": "M"}, "catalog.columns.magnitud: .*expected.*'mag'"),
        ({"mag": ""}, "catalog.columns.mag: "),
        ({"mag": 3}, "catalog.columns.mag: found 3; expected a text"),
        ({"mag": "M", "depth": "M"}, "catalog.columns: the column 'M' cannot be two things at once"),
        (["M"], "catalog.columns: .*expected an object"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_a_mistake_in_the_recipe(tmp_path, columns, said):
    from mleq.api import load_recipe

    (tmp_path / "recipe.json").write_text(
        json.dumps(
            {
                "format": 1,
                "recipes": [
                    {
                        "id": "here",
                        "family": "catalog",
                        "catalog": {"source": "usgs", "start": "2000-01-01", "min_magnitude": 4.0, "columns": columns},
                        "target": {"latitude": 35.0, "longitude": 139.0, "radius_km": 150, "magnitude": 5.0},
                        "split": {"validation": 0.2, "test": 0.2},
                        "model": {"name": "convlstm"},
                    }
                ],
            }
        )
    )
    with pytest.raises(RecipeError, match=said):
        load_recipe("here", tmp_path / "recipe.json")


def test_a_file_covers_its_own_rows_within_what_is_asked(file):
    start, end = events_of.coverage(load_events(usgs(), files=[file]))
    assert start == pd.Timestamp("2010-01-01T12:00:00Z")
    assert end == pd.Timestamp("2010-04-01T12:00:00.001Z")  # the last row counts although it is too small
    start, end = events_of.coverage(
        load_events(usgs(start=dt.date(2010, 1, 15), end=dt.date(2010, 2, 15)), files=[file])
    )
    assert (start, end) == (pd.Timestamp("2010-01-15", tz="UTC"), pd.Timestamp("2010-02-15", tz="UTC"))


def test_a_file_of_other_years_is_refused(file):
    with pytest.raises(DataError, match="events.csv covers 2010-01-01 to 2010-04-01; expected events from 2015"):
        load_events(usgs(start=dt.date(2015, 1, 1)), files=[file])


def test_a_file_with_no_event_of_the_kind(file):
    with pytest.raises(DataError, match="no event of magnitude 8 or more"):
        load_events(usgs(min_magnitude=8.0), files=[file])


def test_a_file_without_rows(tmp_path):
    (tmp_path / "a.csv").write_text(CSV.splitlines()[0] + "\n")
    with pytest.raises(DataError, match="no row under the header"):
        load_events(usgs(), files=[tmp_path / "a.csv"])


def test_the_data_folder(monkeypatch):
    monkeypatch.delenv("MLEQ_DATA", raising=False)
    assert str(data_folder()) == "data"
    monkeypatch.setenv("MLEQ_DATA", "/elsewhere")
    assert str(data_folder()) == "/elsewhere"
    assert str(data_folder("here")) == "here"


def test_a_simulated_catalogue_has_the_form_of_events_and_repeats():
    table, again = load_events(simulated()), load_events(simulated())
    assert tuple(table.columns) == events_of.COLUMNS
    assert table.attrs == again.attrs
    pd.testing.assert_frame_equal(table, again)
    assert events_of.coverage(table) == (
        pd.Timestamp("2000-01-01", tz="UTC"),
        pd.Timestamp("2001-05-15", tz="UTC"),
    )
    assert table["origin_time"].is_monotonic_increasing
    assert table["id"].is_unique
    assert (table["magnitude"] >= 3).all()
    assert np.all(table["origin_time"].diff().dropna() >= pd.Timedelta(0))
    assert set(load_events(simulated(seed=4))["id"]).isdisjoint(table["id"])


@pytest.fixture
def filled(tmp_path, service, make):
    """A store of two years, fetched from the stand-in; one event is an explosion."""
    service.rows = make.yearly(200, 2000) + make.yearly(200, 2001, 4.5, type="quarry blast")[:10]
    service.limit = 1000
    with EventService(service.url) as client:
        fetch(Store.of(tmp_path), client, utc(dt.date(2000, 1, 1)), utc(dt.date(2002, 1, 1)), 4.0)
    return tmp_path


def test_an_empty_store_says_how_to_fill_it(tmp_path):
    with pytest.raises(RequestError, match="does not hold its start.*run: python cmd/fetch --recipe_id tokyo"):
        load_events(usgs(), data_dir=tmp_path, recipe_id="tokyo")


def test_events_of_the_store(filled):
    table = load_events(usgs(start=dt.date(2000, 1, 1), end=dt.date(2001, 1, 1)), data_dir=filled)
    assert len(table) == 200
    assert events_of.coverage(table) == (utc(dt.date(2000, 1, 1)), utc(dt.date(2001, 1, 1)))
    assert table.attrs["source"] == "usgs"


def test_a_store_that_lacks_a_part_says_how_far_it_goes(filled):
    with pytest.raises(RequestError, match="it ends at 2002-01-01 00:00 UTC"):
        load_events(usgs(start=dt.date(2000, 1, 1), end=dt.date(2003, 1, 1)), data_dir=filled)
    with pytest.raises(RequestError, match="magnitude 3 or more"):
        load_events(usgs(start=dt.date(2000, 1, 1), min_magnitude=3.0), data_dir=filled)


def test_without_an_end_the_store_is_used_as_far_as_it_goes(filled, caplog):
    table = load_events(usgs(start=dt.date(2000, 1, 1)), data_dir=filled)
    # The last row, a blast of January 2001, is followed by a year of silence: that is no silence of the Earth.
    assert events_of.coverage(table)[1] == pd.Timestamp("2001-01-17T10:12:00.001Z")
    assert "taken to end there" in caplog.text
    assert set(table["type"]) == {"earthquake"}


def test_a_snapshot_is_loaded_by_its_name(filled, service):
    before = load_events(usgs(start=dt.date(2000, 1, 1)), data_dir=filled)
    Store.of(filled).freeze("paper")
    service.rows[0] |= {"mag": 8.0, "updated": "2020-01-01T00:00:00Z"}
    with EventService(service.url) as client:
        fetch(Store.of(filled), client, utc(dt.date(2000, 1, 1)), utc(dt.date(2002, 1, 1)), 4.0)
    frozen = load_events(usgs(start=dt.date(2000, 1, 1), snapshot="paper"), data_dir=filled)
    assert frozen.attrs["sha256"] == before.attrs["sha256"]
    assert frozen.attrs["snapshot"] == "paper"
    assert load_events(usgs(start=dt.date(2000, 1, 1)), data_dir=filled)["magnitude"].max() == 8.0
    with pytest.raises(RequestError, match="no snapshot 'other'.*one of: paper"):
        load_events(usgs(snapshot="other"), data_dir=filled)


def test_everything_of_a_store_or_of_files(filled, file, tmp_path):
    assert len(everything(data_dir=filled)) == 200, "blasts are none"
    found = everything(files=[file])
    assert found["id"].tolist() == ["a", "b", "d"]
    assert found.attrs["source"] == "events.csv"
    with pytest.raises(MissingData, match="holds nothing yet.*cmd/fetch --recipe_id tokyo"):
        everything(data_dir=tmp_path / "empty")
    (tmp_path / "none.csv").write_text(CSV.splitlines()[0] + "\n")
    with pytest.raises(DataError, match=r"none\.csv holds no event"):
        everything(files=[tmp_path / "none.csv"])


def test_periods_that_recipes_ask_for():
    assert wanted_period(simulated(days=366)) == (utc(dt.date(2000, 1, 1)), utc(dt.date(2001, 1, 1)))
    assert wanted_period(usgs()) == (utc(dt.date(2010, 1, 1)), None)
    assert wanted_period(usgs(end=dt.date(2010, 2, 1)))[1] == utc(dt.date(2010, 2, 1))


def test_files_that_begin_late_or_stop_above_the_magnitude_are_warned_of(file, caplog):
    load_events(usgs(start=dt.date(2009, 1, 1), min_magnitude=2.0), files=[file])
    assert "events.csv begins on 2010-01-01, the recipe's catalog on 2009-01-01" in caplog.text
    assert "has no event below magnitude 3; the recipe asks for 2 and more" in caplog.text
    caplog.clear()
    load_events(usgs(start=dt.date(2009, 12, 2), min_magnitude=2.8), files=[file])
    assert "begins on" not in caplog.text
    assert "no event below" not in caplog.text
