import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.forecast.days import beginnings, day_index, issue_time, midnights, whole_days

ZONES = [
    "UTC", "Asia/Tokyo", "Asia/Kathmandu", "America/New_York", "America/Santiago", "America/Sao_Paulo",
    "Europe/Rome", "Pacific/Auckland", "Pacific/Apia", "Atlantic/Azores", "Asia/Beirut", "Asia/Tehran",
    "America/Havana", "Australia/Lord_Howe", "Africa/Cairo",
]  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_day_of_an_event_is_its_local_date(zone):
    rng = np.random.default_rng(1)
    times = pd.Series(pd.to_datetime(np.sort(rng.integers(1e9, 1.4e9, 50_000)), unit="s", utc=True))
    local = times.dt.tz_convert(zone).dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    first = np.datetime64("2001-09-01")
    day = day_index(times, midnights(first, 5000, zone))
    assert np.array_equal(first + day, local)


@pytest.mark.parametrize("zone", ZONES)
def test_day_begins_at_the_first_instant_of_its_date(zone):
    begin = midnights("2009-12-30", 4000, zone)
    dates = np.datetime64("2009-12-30") + np.arange(4000)
    second = np.timedelta64(1, "s")
    for date, instant, next_instant in zip(dates, begin, begin[1:], strict=False):
        at, before = (_date_there(t, zone) for t in (instant, instant - second))
        assert before < date.astype(object)
        assert at == date.astype(object) or instant == next_instant


def _date_there(instant, zone):
    """The local date by the standard library, which pandas does not use."""
    return instant.astype(dt.datetime).replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).date()


def test_days_of_dst_changes_have_23_and_25_hours():
    begin = midnights("2020-01-01", 367, "America/New_York")
    hours = np.diff(begin) / np.timedelta64(1, "h")
    assert hours[67] == 23  # 8 March
    assert hours[305] == 25  # 1 November
    assert set(np.delete(hours, [67, 305])) == {24.0}


def test_midnight_that_does_not_exist_is_the_first_instant_that_does():
    assert issue_time("2018-11-04", "America/Sao_Paulo") == pd.Timestamp("2018-11-04 03:00", tz="UTC")


def test_midnight_that_comes_twice_is_the_first():
    # On 2020-10-25 clocks in the Azores went from 01:00 back to 00:00, at 01:00 UTC.
    assert issue_time("2020-10-25", "Atlantic/Azores") == pd.Timestamp("2020-10-25 00:00", tz="UTC")


def test_day_that_a_zone_skipped_has_no_length():
    begin = midnights("2011-12-29", 4, "Pacific/Apia")
    assert begin[1] == begin[2]
    times = pd.Series(pd.to_datetime(["2011-12-30T09:59:59", "2011-12-30T10:00:00"], utc=True))
    assert list(day_index(times, begin)) == [0, 2]


def test_beginnings_in_any_order():
    days = np.array(["2020-03-09", "2020-03-08"], "datetime64[D]")
    assert list(beginnings(days, "America/New_York")) == list(midnights("2020-03-08", 2, "America/New_York")[::-1])


def test_event_at_midnight_belongs_to_the_day_that_begins():
    begin = midnights("2020-02-23", 3, "Asia/Tokyo")
    times = pd.Series(
        pd.to_datetime(["2020-02-22T14:59:59.999", "2020-02-22T15:00:00.000", "2020-02-24T15:00:00.000"], utc=True)
    )
    assert list(day_index(times, begin)) == [-1, 0, 2]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_unit_of_times_does_not_matter(unit):
    times = pd.Series(pd.to_datetime(["2020-02-23T01:02:03"], utc=True)).dt.as_unit(unit)
    assert list(day_index(times, midnights("2020-02-23", 2, "Asia/Tokyo"))) == [0]


@given(
    start=st.integers(0, 1_500_000_000),
    hours=st.integers(0, 24 * 40),
    zone=st.sampled_from(ZONES),
)
def test_whole_days_fill_the_span_and_no_more(start, hours, zone):
    start = pd.Timestamp(start, unit="s", tz="UTC")
    end = start + pd.Timedelta(hours=hours)
    first, n = whole_days(start, end, zone)
    around = pd.DatetimeIndex(midnights(first - 2, n + 5, zone), tz="UTC")
    assert around[2] >= start
    assert around[1] < start or around[1] == around[2]
    if n:
        assert around[2 + n] <= end
    assert around[3 + n] > end or around[3 + n] == around[2 + n]


def test_whole_days_of_a_span_that_begins_at_midnight_include_that_day():
    start, end = pd.Timestamp("2019-12-31 15:00", tz="UTC"), pd.Timestamp("2020-01-02 15:00", tz="UTC")
    assert whole_days(start, end, "Asia/Tokyo") == (np.datetime64("2020-01-01"), 2)
