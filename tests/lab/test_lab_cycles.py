"""Cycles are found where they are, whatever the pieces, and what cannot be is refused with its line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.errors import DataError
from mleq.lab.cycles import CycleFinder, find_cycles


def record(lengths, step=0.01):
    """Times to failure of cycles of so many rows; each ends at zero but the last, which is cut."""
    return np.concatenate(
        [step * np.arange(length - 1, -1, -1.0) for length in lengths[:-1]]
        + [step * np.arange(99, 99 - lengths[-1], -1.0)]
    )


def cycles_of(times, max_gap_s=0.05):
    return find_cycles(times, failure_below_s=0.05, max_gap_s=max_gap_s, name="record")


@given(st.lists(st.integers(7, 60), min_size=2, max_size=8), st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_cycles_do_not_depend_on_how_the_record_is_cut_into_pieces(lengths, sizes):
    times = record(lengths)
    whole = cycles_of(times)
    assert list(whole["end_row"] - whole["first_row"]) == lengths
    assert list(whole["complete"]) == [0 < number < len(lengths) - 1 for number in range(len(lengths))]
    finder, first = CycleFinder(0.05, 0.05, "record"), 0
    while first < len(times):
        size = sizes[first % len(sizes)]
        finder.feed(times[first : first + size])
        first += size
    assert finder.table().equals(whole)


def test_ties_and_the_noise_of_32_bits_are_no_rise():
    times = np.repeat(np.float32(12.0) - np.arange(1000, dtype=np.float32) * 1e-3, 3).astype(float)
    times[1::3] = np.nextafter(times[::3].astype(np.float32), np.float32(20))
    assert len(cycles_of(times)) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ((50, 0.9), "line 52: the time to failure rises from 0.5 to 0.9 s within a cycle"),
        ((50, 0.3), "line 52: the time falls from 0.5 to 0.3 s: a gap of 0.2 s"),
        ((50, np.nan), "line 52: a time to failure of nan"),
        ((50, -0.1), "line 52: a time to failure of -0.1"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(change, sentence):
    times = record([100, 100, 50])
    row, value = change
    times[row] = value
    times[row - 1] = 0.5
    with pytest.raises(DataError, match="record, ") as error:
        cycles_of(times)
    assert sentence in str(error.value)
