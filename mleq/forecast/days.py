"""Local calendar days, each known by the instant at which it begins.

Cutting time at these instants, rather than asking for each event's local date, keeps three things the same by
construction: the day an event is gridded on, the day it decides, and the issue time before which it must lie.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

_WIDEST_OFFSET = np.timedelta64(16, "h")  # no clock was ever further from UTC


def midnights(first_day, n_days: int, timezone: str) -> np.ndarray:
    """Instants at which consecutive local days begin.

    Where clocks skip midnight (Santiago in spring) the day begins at the first instant that exists; where
    midnight comes twice (Azores in autumn) it begins at the earlier one; a day that a zone skipped altogether
    (Apia, 2011-12-30) begins when the next one does and has no length.

    Parameters
    ----------
    first_day : datetime64[D] or str
        The first local day.
    n_days : int
        How many days.
    timezone : str
        IANA name.

    Returns
    -------
    ndarray of datetime64[us], shape (n_days,)
        In UTC, never decreasing.

    Examples
    --------
    >>> midnights("2020-02-23", 2, "Asia/Tokyo")
    array(['2020-02-22T15:00:00.000000', '2020-02-23T15:00:00.000000'],
          dtype='datetime64[us]')
    """
    return beginnings(np.datetime64(first_day, "D") + np.arange(n_days), timezone)


def beginnings(days: np.ndarray, timezone: str) -> np.ndarray:
    """Instants at which given local days begin; as `midnights`, for days in any order.

    Parameters
    ----------
    days : ndarray of datetime64[D], shape (n,)
    timezone : str

    Returns
    -------
    ndarray of datetime64[us], shape (n,)
        In UTC.
    """
    # Halving finds the second at which the local date reaches each day. Localising midnights would be shorter, but
    # pandas 3.1 shifts some that do not exist an hour too far (Apia, 2010-09-26), and an hour is a leak.
    days = np.asarray(days, "datetime64[D]")
    before = days.astype("datetime64[s]") - _WIDEST_OFFSET
    after = days.astype("datetime64[s]") + _WIDEST_OFFSET
    while (after - before > np.timedelta64(1, "s")).any():
        middle = before + (after - before) // 2
        reached = _local_date(middle, timezone) >= days
        before, after = np.where(reached, before, middle), np.where(reached, middle, after)
    return after.astype("datetime64[us]")


def _local_date(utc: np.ndarray, timezone: str) -> np.ndarray:
    local = pd.DatetimeIndex(utc, tz="UTC").tz_convert(timezone).tz_localize(None)
    return local.to_numpy().astype("datetime64[D]")


def issue_time(date, timezone: str) -> pd.Timestamp:
    """When the forecast for a local date is made: as that date begins. Only events before it may be used.

    Parameters
    ----------
    date : datetime64[D], date or str
        Target date.
    timezone : str
        IANA name.

    Returns
    -------
    Timestamp
        In UTC.

    Examples
    --------
    >>> issue_time("2020-02-23", "Asia/Tokyo")
    Timestamp('2020-02-22 15:00:00+0000', tz='UTC')
    """
    return pd.Timestamp(midnights(date, 1, timezone)[0], tz="UTC")


def whole_days(start: pd.Timestamp, end: pd.Timestamp, timezone: str) -> tuple[np.datetime64, int]:
    """Local days that lie wholly in a span of time.

    Parameters
    ----------
    start, end : Timestamp
        The span, its end exclusive; with a time zone.
    timezone : str
        IANA name of the days' zone.

    Returns
    -------
    first_day : datetime64[D]
    n_days : int
        0 where no whole day fits.

    Examples
    --------
    >>> whole_days(pd.Timestamp("2020-01-01", tz="UTC"), pd.Timestamp("2020-01-04", tz="UTC"), "Asia/Tokyo")
    (np.datetime64('2020-01-02'), 2)
    """
    first_day = _near(start, timezone, lambda begin, instant: np.searchsorted(begin, instant, side="left"))
    day_of_end = _near(end, timezone, lambda begin, instant: np.searchsorted(begin, instant, side="right") - 1)
    return first_day, max(0, int((day_of_end - first_day).astype(int)))


def _near(instant: pd.Timestamp, timezone: str, find) -> np.datetime64:
    """The day that `find` picks among the beginnings of the days around an instant."""
    around = np.datetime64(instant.tz_convert(timezone).tz_localize(None), "D") - 2
    utc = instant.tz_convert("UTC").tz_localize(None).to_datetime64()
    return around + int(find(midnights(around, 5, timezone), utc))


def day_index(origin_time: pd.Series, begin: np.ndarray) -> np.ndarray:
    """Which of consecutive days each event falls on.

    Parameters
    ----------
    origin_time : Series of datetime64 with UTC, shape (n,)
    begin : ndarray of datetime64, shape (n_days + 1,)
        Beginnings of the days, and of the day after the last.

    Returns
    -------
    ndarray of int64, shape (n,)
        -1 before the first day, n_days or more after the last.
    """
    utc = pd.DatetimeIndex(origin_time).tz_convert("UTC").tz_localize(None).to_numpy()
    # Compared in one unit: searchsorted would otherwise convert through a slower path.
    unit = np.result_type(utc.dtype, begin.dtype)
    return np.searchsorted(begin.astype(unit), utc.astype(unit, copy=False), side="right") - 1
