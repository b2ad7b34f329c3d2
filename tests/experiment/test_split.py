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


def test_fractions_by_hand():
    parts = split(days(100), SplitFractions(validation=0.2, test=0.3), gap_days=5)
    ends = {name: (int(indices[0]), int(indices[-1])) for name, indices in parts.items()}
    assert ends == {"train": (0, 49), "validation": (55, 69), "test": (75, 99)}
    assert list(parts) == ["train", "validation", "test"]
    touching = split(days(100), SplitFractions(validation=0.2, test=0.3), gap_days=0)
    assert [len(one) for one in touching.values()] == [50, 20, 30]


def test_without_an_end_the_test_part_runs_to_the_last_day():
    settings = SplitDates(train_end=dt.date(2000, 2, 1), validation_end=dt.date(2000, 3, 1))
    parts = split(days(100), settings, gap_days=3)
    described = describe_split(days(100), np.arange(100) % 10 == 0, parts)
    assert described["train"] == {"start": "2000-01-01", "end": "2000-02-01", "days": 32, "positives": 4}
    assert described["validation"] == {"start": "2000-02-05", "end": "2000-03-01", "days": 26, "positives": 3}
    assert described["test"] == {"start": "2000-03-05", "end": "2000-04-09", "days": 36, "positives": 3}


def test_days_that_are_missing_do_not_move_the_gaps():
    """A gap is of the calendar, not of samples."""
    dates = np.delete(days(100), np.r_[50:54, 60])
    parts = split(dates, SplitDates(train_end=dt.date(2000, 2, 19), validation_end=dt.date(2000, 3, 11)), gap_days=5)
    assert dates[parts["train"][-1]] == FIRST + 49
    assert dates[parts["validation"][0]] == FIRST + 55
    assert dates[parts["validation"][-1]] == FIRST + 70
    assert dates[parts["test"][0]] == FIRST + 76


def test_the_refusal_says_what_the_part_would_have_been():
    with pytest.raises(RequestError) as refused:
        split(days(40), SplitFractions(validation=0.2, test=0.2), gap_days=16)
    assert str(refused.value).startswith(
        "the validation part has no days: samples run from 2000-01-01 to 2000-02-09, the part would run from "
        "2000-02-10 to 2000-02-01, after a gap of 16 days (window + horizon)"
    )
    with pytest.raises(RequestError, match="the validation part has no days"):
        split(days(1), SplitFractions(validation=0.2, test=0.2), gap_days=1)
