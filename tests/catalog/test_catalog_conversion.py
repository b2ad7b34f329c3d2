"""Magnitudes are converted only where a recipe says so, by relations with a source, and it is stated."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from mleq.catalog.conversion import CONVERSIONS, to_moment_magnitude
from mleq.catalog.events import source_of
from mleq.catalog.load import load_events
from mleq.recipe.settings import UsgsCatalog

CSV = """time,latitude,longitude,depth,mag,magType,id,type
2010-01-01T12:00:00Z,35,139,10,4.0,mb,a,earthquake
2010-02-01T12:00:00Z,35,139,10,4.0,mww,b,earthquake
2010-03-01T12:00:00Z,35,139,10,3.9,mb,c,earthquake
"""


def table(magnitude, kind):
    events = pd.DataFrame({"magnitude": magnitude, "magnitude_type": kind})
    events.attrs["sha256"] = "of the measured magnitudes"
    return events


def test_moment_magnitudes_of_scordilis():
    """Scordilis (2006), equations 1, 2 and 4."""
    events = table([5.0, 4.0, 7.0, 6.5, 5.0, 8.5], ["mb", "Ms", "ms_20", "mb", "mww", "ms"])
    found = to_moment_magnitude(events)
    np.testing.assert_allclose(found["magnitude"], [5.28, 4.75, 7.01, 6.5, 5.0, 8.5])
    assert found["magnitude_type"].tolist() == ["mw(mb)", "mw(ms)", "mw(ms)", "mb", "mww", "ms"]
    assert "sha256" not in found.attrs
    assert events["magnitude"].tolist()[0] == 5.0


def load(tmp_path, **values):
    (tmp_path / "events.csv").write_text(CSV)
    settings = UsgsCatalog(source="usgs", start=dt.date(2010, 1, 1), min_magnitude=4.0, **values)
    return load_events(settings, files=[tmp_path / "events.csv"])


def test_without_a_word_magnitudes_stay_as_reported(tmp_path):
    events = load(tmp_path)
    assert events["magnitude"].tolist() == [4.0, 4.0]
    assert "magnitude_conversion" not in source_of(events)


def test_a_recipe_asks_for_a_conversion_and_it_is_stated(tmp_path):
    plain, events = load(tmp_path), load(tmp_path, magnitude_conversion="scordilis_2006")
    assert events["id"].tolist() == ["a", "b"]  # selected by the magnitude as reported
    np.testing.assert_allclose(events["magnitude"], [4.43, 4.0])
    assert source_of(events)["magnitude_conversion"] == (
        "to moment magnitude by Scordilis (2006), doi:10.1007/s10950-006-9012-4: 1 of 2 events"
    )
    assert events.attrs["sha256"] != plain.attrs["sha256"]
    assert events.attrs["start"] == plain.attrs["start"]


def test_a_conversion_that_nobody_published_is_a_mistake():
    with pytest.raises(ValueError, match="scordilis_2006"):
        UsgsCatalog(source="usgs", start=dt.date(2010, 1, 1), min_magnitude=4.0, magnitude_conversion="mine")


def test_every_conversion_of_recipes_exists():
    names = UsgsCatalog.model_json_schema()["properties"]["magnitude_conversion"]["anyOf"][0]
    assert names["const"] in CONVERSIONS
    assert all("doi:" in source for _, source in CONVERSIONS.values())
