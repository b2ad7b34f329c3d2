"""Tables of plain text: cells in line, numbers with their intervals."""

import pytest

from mleq.experiment.table import columns, with_interval


def test_the_first_column_stands_left_and_the_others_right():
    assert columns([["", "chance"], ["tokyo", "1 %"]]) == ["       chance", "tokyo     1 %"]


@pytest.mark.parametrize(
    ("score", "how", "said"),
    [
        (None, {}, "-"),
        ({"value": None, "low": None, "high": None}, {}, "-"),
        ({"value": 0.5, "low": None, "high": None}, {"digits": 2}, "0.50"),
        ({"value": -0.5, "low": -1.0, "high": 0.25}, {"signed": True}, "-0.5000 [-1.0000, +0.2500]"),
    ],
)
def test_a_number_stands_with_its_interval_where_it_has_one(score, how, said):
    assert with_interval(score, **how) == said
