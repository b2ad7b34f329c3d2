import datetime as dt

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mleq.errors import RequestError
from mleq.experiment.split import describe_split, split
from mleq.recipe.settings import SplitDates, SplitFractions

FIRST = np.datetime64("2000-01-01")


def days(n):
    return FIRST + np.arange(n)


fractions = st.builds(
    lambda validation, test: SplitFractions(validation=validation, test=test),
    st.floats(0.05, 0.4),
    st.floats(0.05, 0.4),
)


@given(st.integers(200, 3000), fractions, st.integers(1, 40), st.integers(1, 30))
def test_no_event_reaches_from_one_part_into_another(n, settings, window, horizon):
    dates = days(n)
    try:
        parts = split(dates, settings, gap_days=window + horizon)
    except RequestError:
        assume(False)
    earlier_targets_end = None
    for name in ("train", "validation", "test"):
        indices = parts[name]
        assert np.all(np.diff(indices) == 1)
        first_window_day = dates[indices[0]] - window
        if earlier_targets_end is not None:
            # The last day that decides an earlier part lies before the first day that any window here holds.
            assert first_window_day > earlier_targets_end
        earlier_targets_end = dates[indices[-1]] + horizon - 1


@given(st.integers(400, 3000), fractions)
def test_parts_have_about_the_shares_asked_for(n, settings):
    parts = split(days(n), settings, gap_days=5)
    assert abs(len(parts["test"]) + 5 - settings.test * n) <= 1
    assert abs(len(parts["validation"]) + 5 - settings.validation * n) <= 1
    assert sum(map(len, parts.values())) == n - 10


def test_dates_are_the_last_days_of_the_parts():
    dates = np.arange("1990-01-01", "2016-01-01", dtype="datetime64[D]")
    settings = SplitDates(
        train_end=dt.date(2009, 12, 31), validation_end=dt.date(2012, 12, 31), test_end=dt.date(2015, 6, 30)
    )
    parts = split(dates, settings, gap_days=16)
    described = describe_split(dates, np.ones(len(dates), bool), parts)
    assert described["train"] == {"start": "1990-01-01", "end": "2009-12-31", "days": 7305, "positives": 7305}
    assert (described["validation"]["start"], described["validation"]["end"]) == ("2010-01-17", "2012-12-31")
    assert (described["test"]["start"], described["test"]["end"]) == ("2013-01-17", "2015-06-30")


@pytest.mark.parametrize(
    ("n", "settings", "part"),
    [
        (30, SplitFractions(validation=0.2, test=0.2), "validation"),
        (500, SplitDates(train_end=dt.date(1990, 1, 1), validation_end=dt.date(2000, 5, 1)), "train"),
        (500, SplitDates(train_end=dt.date(2000, 9, 1), validation_end=dt.date(2001, 5, 14)), "test"),
    ],
)
def test_a_part_without_days_is_refused_by_name(n, settings, part):
    with pytest.raises(RequestError, match=f"the {part} part has no days"):
        split(days(n), settings, gap_days=16)


def test_no_dates_at_all_are_refused():
    with pytest.raises(RequestError, match="no day to learn from"):
        split(days(0), SplitFractions(validation=0.2, test=0.2), gap_days=16)
