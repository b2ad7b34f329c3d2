"""Windows: nothing twice, nothing left out."""

import math

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from mleq.catalog.window import Window, iso, milliseconds, missing, timestamp

windows = st.builds(
    lambda start, length, low, height: Window(start, start + length, low, low + height if height else math.inf),
    st.integers(-10, 30),
    st.integers(1, 20),
    st.integers(0, 5).map(float),
    st.integers(0, 4),
)


def holds(window, time, magnitude):
    return window.start <= time < window.end and window.min_magnitude <= magnitude < window.max_magnitude


@given(windows, st.lists(windows, max_size=6), st.integers(-12, 52), st.integers(0, 12))
def test_what_is_missing_is_exactly_what_is_not_held(wanted, held, time, magnitude):
    gaps = missing(wanted, held)
    inside = [gap for gap in gaps if holds(gap, time, magnitude)]
    due = holds(wanted, time, magnitude) and not any(holds(window, time, magnitude) for window in held)
    assert len(inside) == due
    assert not any(gap.empty for gap in gaps)


@given(windows, st.lists(windows, max_size=6))
def test_nothing_is_missing_once_the_gaps_are_held(wanted, held):
    assert missing(wanted, [*held, *missing(wanted, held)]) == []


def test_a_widened_request_misses_only_the_difference():
    held = [Window(10, 20, 4.0), Window(20, 30, 4.0)]
    assert missing(Window(0, 30, 3.0), held) == [Window(0, 10, 3.0), Window(10, 30, 3.0, 4.0)]


@given(st.integers(0, 10**12), st.integers(2, 10**11))
def test_halves_meet_and_make_the_whole(start, length):
    first, second = Window(start, start + length, 4.0).halves()
    assert (first.start, first.end, second.end) == (start, second.start, start + length)
    assert not first.empty
    assert not second.empty


@given(st.integers(-(10**13), 10**13))
def test_times_keep_their_millisecond(moment):
    assert milliseconds(timestamp(moment)) == moment
    assert milliseconds(pd.Timestamp(iso(moment))) == moment


def test_a_window_says_what_it_is():
    text = str(Window(0, milliseconds(pd.Timestamp("2000-01-01")), 3.5, 4.0))
    assert text == "1970-01-01T00:00:00.000 to 2000-01-01T00:00:00.000, M >= 3.5 and < 4"
