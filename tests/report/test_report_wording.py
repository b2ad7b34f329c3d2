import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.report.wording import digits_for, gain_title, moment, number, percent, place, score_title


@pytest.mark.parametrize(
    ("score", "digits"),
    [
        ({"value": 0.4, "low": 0.3, "high": 0.5}, 3),
        ({"value": -0.0012, "low": -0.0023, "high": -0.0005}, 4),
        ({"value": 7e-6, "low": -3.5e-5, "high": 5.1e-5}, 6),
        ({"value": 0.5, "low": 0.5, "high": 0.5}, 3),
        ({"value": None, "low": None, "high": None}, 3),
        ({"value": 0.0042, "low": None, "high": None}, 4),
    ],
)
def test_digits_tell_the_value_from_its_interval(score, digits):
    assert digits_for(score) == digits


@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_a_number_reads_back_and_zero_has_no_sign(value, digits):
    written = number(value, digits)
    assert float(written.replace("−", "-").replace(",", "")) == pytest.approx(value, abs=0.5001 * 10**-digits)
    if round(value, digits) == 0:
        assert "−" not in written


@given(st.floats(1e-6, 1))
def test_percent_keeps_two_digits(share):
    assert float(percent(share).removesuffix("\xa0%")) / 100 == pytest.approx(share, rel=0.06)


def test_places_and_moments():
    assert place(-33.45, -71.7) == "33.45°\xa0S, 71.70°\xa0W"
    assert moment("2015-06-01T00:00:00+09:00") == "2015-05-31 15:00 UTC"
    assert moment("<when>") == "<when>"
    assert moment(None) == "–"


def test_a_score_of_another_family_is_shown_by_its_name():
    assert score_title("mean_absolute_error") == ("Mean absolute error", "s; lower is better")
    assert score_title("a_new_score") == ("a new score", "")


def test_a_gain_with_the_name_of_a_score_says_that_it_is_one():
    assert gain_title("adjusted_rand", shared=True)[0] == "Gain: Adjusted Rand index"
    assert gain_title("nats_per_day", shared=False)[0] == "Gain per day"
