"""Scores of probabilities against closed forms, and what they refuse."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq import scores
from mleq.errors import DataError

probabilities = st.floats(0, 1)
series = st.lists(st.tuples(st.booleans(), probabilities), min_size=1, max_size=60)
OF_PROBABILITY = [
    scores.log_score,
    scores.brier_score,
    scores.brier_decomposition,
    scores.expected_calibration_error,
    scores.reliability_curve,
    lambda observed, probability: scores.information_gain(observed, probability, 0.5),
    lambda observed, probability: scores.information_gain(observed, 0.5, probability),
    lambda observed, probability: scores.brier_skill_score(observed, probability, 0.5),
    lambda observed, probability: scores.confusion(observed, probability, 0.5),
    lambda observed, probability: scores.peirce_score(observed, probability, 0.5),
    scores.roc_auc,
    scores.pr_auc,
    scores.best_threshold,
    lambda observed, probability: scores.block_bootstrap(
        observed, {"m": probability}, mean_block_days=1, seed=1, n_resamples=2
    ),
]


@pytest.mark.parametrize("score", OF_PROBABILITY)
@pytest.mark.parametrize(
    ("observed", "probability", "message"),
    [
        ([0, 1], [0.5, math.nan], "the first, on day 1, is nan"),
        ([0, 1], [1.5, 0.5], "the first, on day 0, is 1.5"),
        ([0, 1], [-1e-9, 0.5], "no probabilities"),
        ([0, 1], [0.5], "one for each of the 2 days"),
        ([0, 1], [[0.5, 0.5]], "one for each of the 2 days"),
        ([0, 2], [0.5, 0.5], "each to be 0 or 1"),
        ([0, math.nan], [0.5, 0.5], "each to be 0 or 1"),
        ([[0, 1]], [0.5, 0.5], "one dimension"),
        ([], [], "no day to score"),
    ],
)
def test_every_score_refuses_what_is_no_forecast(score, observed, probability, message):
    with pytest.raises(DataError, match=message):
        score(observed, probability)


def test_importing_scores_is_cheap():
    code = "import sys, mleq.scores; print({'sklearn', 'scipy', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_log_score_closed_form():
    assert scores.log_score([1, 0, 0], [0.2, 0.1, 0.5]) == pytest.approx(-math.log(0.2 * 0.9 * 0.5) / 3)
    assert scores.log_score([True, False], 0.5) == pytest.approx(math.log(2))


def test_certainty_that_fails_is_costly_not_infinite():
    assert scores.log_score([1], [0.0]) == pytest.approx(-math.log(scores.EPSILON))
    assert scores.log_score([1, 0], [1.0, 0.0]) == pytest.approx(scores.EPSILON, rel=1e-6)


def test_brier_score_closed_form():
    assert scores.brier_score([1, 0, 0], [0.2, 0.1, 0.5]) == pytest.approx((0.64 + 0.01 + 0.25) / 3)
    assert scores.brier_score([1, 0], [1, 0]) == 0


@given(probabilities, probabilities)
def test_proper_scores_reward_the_truth(truth, told):
    """The expectation under the true chance, over the two possible days, is best for who tells it."""
    for score in (scores.log_score, scores.brier_score):

        def expected(stated, score=score):
            return truth * score([1], [stated]) + (1 - truth) * score([0], [stated])

        # Clipping lets who tells less than EPSILON gain at most that much.
        assert expected(truth) <= expected(told) + 3 * scores.EPSILON


def test_skill_score():
    assert scores.skill_score(0.2, 0.4) == pytest.approx(0.5)
    assert scores.skill_score(0.9, 0.5, perfect=1.0) == pytest.approx(0.8)
    assert scores.skill_score(0.2, 0.0) is None
    assert scores.brier_skill_score([1, 0], [0.8, 0.2], 0.5) == pytest.approx(1 - 0.04 / 0.25)


def test_decomposition_equals_murphys_sums():
    # Three distinct forecasts whose frequencies rise: Murphy (1973), equation by hand.
    forecast = np.repeat([0.1, 0.4, 0.8], [10, 10, 5])
    observed = np.concatenate([np.arange(10) < 2, np.arange(10) < 3, np.arange(5) < 4])
    days, stated, seen = np.array([10, 10, 5]), np.array([0.1, 0.4, 0.8]), np.array([0.2, 0.3, 0.8])
    base = 9 / 25
    found = scores.brier_decomposition(observed, forecast)
    assert found["reliability"] == pytest.approx((days * (stated - seen) ** 2).sum() / 25)
    assert found["resolution"] == pytest.approx((days * (seen - base) ** 2).sum() / 25)
    assert found["uncertainty"] == pytest.approx(base * (1 - base))


@given(series)
def test_decomposition_adds_up(days):
    observed, probability = (np.array(column) for column in zip(*days, strict=True))
    found = scores.brier_decomposition(observed, probability)
    rebuilt = found["reliability"] - found["resolution"] + found["uncertainty"]
    assert rebuilt == pytest.approx(scores.brier_score(observed, probability), abs=1e-12)
    assert min(found.values()) >= 0


def test_constant_forecast_has_no_resolution():
    found = scores.brier_decomposition([1, 0, 0, 0], 0.25)
    assert found["resolution"] == pytest.approx(0, abs=1e-15)
    assert found["reliability"] == pytest.approx(0, abs=1e-15)


def test_reliability_curve_rises_and_finds_the_bend():
    rng = np.random.default_rng(1)
    chance = rng.random(20_000)
    forecast, frequency = scores.reliability_curve(rng.random(20_000) < chance**2, chance)
    assert (np.diff(frequency) >= 0).all()
    middle = np.searchsorted(forecast, 0.5)
    assert frequency[middle] == pytest.approx(0.25, abs=0.05)


def test_calibration_error_closed_form():
    forecast = np.repeat([0.1, 0.5], 10)
    observed = np.concatenate([np.arange(10) < 3, np.arange(10) < 5])
    assert scores.expected_calibration_error(observed, forecast, bins=2) == pytest.approx(0.5 * 0.2)
    assert scores.expected_calibration_error([1, 0, 0, 0], 0.25) == pytest.approx(0)
    with pytest.raises(DataError, match="bins"):
        scores.expected_calibration_error([1, 0], 0.5, bins=0)


def test_calibration_error_of_a_calibrated_forecast_is_noise():
    rng = np.random.default_rng(2)
    chance = rng.beta(1, 9, 50_000)
    assert scores.expected_calibration_error(rng.random(50_000) < chance, chance) < 0.01
    assert scores.expected_calibration_error(rng.random(50_000) < chance, 0.5 * chance) > 0.04


def test_information_gain_closed_form():
    gain = scores.information_gain([1, 0, 0, 0], [0.4, 0.1, 0.1, 0.2], 0.25)
    total = math.log(0.4 / 0.25) + 2 * math.log(0.9 / 0.75) + math.log(0.8 / 0.75)
    assert gain["nats_per_day"] == pytest.approx(total / 4)
    assert gain["nats_per_event_day"] == pytest.approx(total)


def test_information_gain_is_not_fooled_by_crying_wolf():
    # Over event days alone, 0.9 every day would seem to gain ln 9 a day.
    observed = np.arange(100) < 10
    assert scores.information_gain(observed, 0.9, 0.1)["nats_per_event_day"] < 0


def test_information_gain_without_an_event():
    gain = scores.information_gain([0, 0], 0.1, 0.2)
    assert gain["nats_per_day"] == pytest.approx(math.log(0.9 / 0.8))
    assert gain["nats_per_event_day"] is None


@given(series, probabilities)
def test_information_gain_is_antisymmetric(days, other):
    observed, probability = (np.array(column) for column in zip(*days, strict=True))
    there = scores.information_gain(observed, probability, other)
    back = scores.information_gain(observed, other, probability)
    assert there["nats_per_day"] == -back["nats_per_day"]
    difference = scores.log_score(observed, other) - scores.log_score(observed, probability)
    assert there["nats_per_day"] == pytest.approx(difference, abs=1e-12)
