"""The events table: what is kept, in which form, and its fingerprint."""

import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.catalog import columns, events
from mleq.errors import DataError

START, END = pd.Timestamp("2010-01-01", tz="UTC"), pd.Timestamp("2011-01-01", tz="UTC")


def raw_rows(**values):
    n = len(next(iter(values.values())))
    raw = columns.empty().reindex(range(n))
    defaults = {
        "id": [f"e{i}" for i in range(n)],
        "time": pd.date_range(START, periods=n, freq="D", unit="us"),
        "latitude": np.arange(n) * 1.0,
        "longitude": np.arange(n) * 2.0,
        "depth": np.full(n, 10.0),
        "mag": np.full(n, 5.0),
        "type": ["earthquake"] * n,
    }
    for name, value in (defaults | values).items():
        raw[name] = value
    return raw


def make(raw, **options):
    return events.from_raw(raw, **({"source": "test", "start": START, "end": END} | options))


def test_columns_and_attributes():
    table = make(raw_rows(mag=[4.0, 5.0]))
    assert tuple(table.columns) == events.COLUMNS
    assert table.attrs["start"] == START
    assert table.attrs["end"] == END
    assert table.attrs["sha256"] == events.fingerprint(table)
    assert str(table["origin_time"].dtype) == "datetime64[us, UTC]"


def test_only_what_is_asked_for_is_kept():
    raw = raw_rows(mag=[3.9, 4.0, 5.0, 6.0], type=["earthquake", "earthquake", "quarry blast", "earthquake"])
    assert make(raw, min_magnitude=4.0)["id"].tolist() == ["e1", "e3"]
    assert make(raw, min_magnitude=4.0, event_types=None)["id"].tolist() == ["e1", "e2", "e3"]


def test_the_start_is_inside_and_the_end_is_not():
    raw = raw_rows(time=[START - pd.Timedelta("1us"), START, END - pd.Timedelta("1us"), END])
    assert make(raw)["id"].tolist() == ["e1", "e2"]


def test_rows_without_magnitude_are_left_out_and_counted(caplog):
    with caplog.at_level(logging.WARNING, "mleq"):
        table = make(raw_rows(mag=[np.nan, 5.0, np.nan]))
    assert table["id"].tolist() == ["e1"]
    assert "2 of 3 rows" in caplog.text


def test_empty_depths_stay_unknown():
    assert make(raw_rows(depth=[np.nan, 3.0]))["depth_km"].isna().tolist() == [True, False]


def test_longitudes_beyond_180_are_wrapped():
    table = make(raw_rows(longitude=[180.0, 190.0, -190.0, 179.999]))
    assert table["longitude"].tolist() == [-180.0, -170.0, 170.0, 179.999]


@given(st.floats(-360, 360))
def test_a_wrapped_longitude_is_the_same_meridian(longitude):
    wrapped = events.wrap_longitude(np.array([longitude]))[0]
    assert -180 <= wrapped < 180
    assert np.isclose(np.cos(np.radians(wrapped - longitude)), 1)


def test_rows_out_of_order_are_sorted():
    table = make(raw_rows(time=[START + pd.Timedelta(days=d) for d in (3, 1, 2)]))
    assert table["id"].tolist() == ["e1", "e2", "e0"]


@given(st.permutations(range(6)))
def test_the_fingerprint_knows_no_order(order):
    table = make(raw_rows(depth=[1.0, np.nan, 3.0, 4.0, 5.0, 6.0]))
    assert events.fingerprint(table.iloc[list(order)]) == events.fingerprint(table)


@pytest.mark.parametrize("name", ["latitude", "longitude", "depth_km", "magnitude"])
def test_the_fingerprint_sees_the_smallest_change(name):
    table = make(raw_rows(mag=[5.0, 5.0]))
    changed = table.copy()
    changed.loc[1, name] = np.nextafter(changed.loc[1, name], 1000)
    assert events.fingerprint(changed) != events.fingerprint(table)


def test_the_fingerprint_sees_ids_and_times():
    table = make(raw_rows(mag=[5.0, 5.0]))
    later = table.assign(origin_time=table["origin_time"] + pd.Timedelta("1us"))
    assert events.fingerprint(later) != events.fingerprint(table)
    assert events.fingerprint(table.assign(id=["e0", "e9"])) != events.fingerprint(table)
    assert events.fingerprint(table.iloc[:1]) != events.fingerprint(table)


def test_the_fingerprint_of_known_content_never_changes():
    """Runs made by earlier versions quote it."""
    table = make(raw_rows(mag=[5.0, 4.5]))
    assert events.fingerprint(table) == "bcd010369fc399718d368fb835d11fb0b26821c8da05d134249043fd7a78ecbb"


def test_coverage_falls_back_on_the_events():
    table = make(raw_rows(mag=[5.0, 5.0]))
    assert events.coverage(table) == (START, END)
    table.attrs = {}
    assert events.coverage(table) == (START, START + pd.Timedelta("1D1ms"))
    with pytest.raises(DataError, match="holds no event"):
        events.coverage(pd.DataFrame({"origin_time": pd.to_datetime([], utc=True)}))
