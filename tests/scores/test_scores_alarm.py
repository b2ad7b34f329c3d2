"""Alarms and discrimination, against published tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq import scores
from mleq.errors import DataError

days = st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=2, max_size=80).filter(
    lambda pairs: len({observed for observed, _ in pairs}) == 2
)


def test_roc_auc_of_hanley_and_mcneil():
    # 58 normal and 51 abnormal CT images by five ratings; their table I, area 0.893.
    normal, abnormal = np.array([33, 6, 6, 11, 2]), np.array([3, 2, 2, 11, 33])
    rating = np.concatenate([np.repeat(np.arange(1, 6), normal), np.repeat(np.arange(1, 6), abnormal)])
    observed = np.repeat([0, 1], [58, 51])
    assert scores.roc_auc(observed, rating / 5) == pytest.approx(0.893, abs=5e-4)


def test_areas_by_hand():
    observed, probability = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    assert scores.roc_auc(observed, probability) == 0.75
    assert scores.pr_auc(observed, probability) == pytest.approx((1 + 2 / 3) / 2)


def test_areas_without_skill():
    observed = np.arange(100) < 7
    assert scores.roc_auc(observed, 0.3) == 0.5
    assert scores.pr_auc(observed, 0.3) == pytest.approx(0.07)


def test_confusion_of_finleys_tornadoes():
    # Finley (1884): 28 hits, 72 false alarms, 23 misses, 2,680 correct rejections; Peirce (1884) gives 0.523.
    observed = np.repeat([1, 0, 1, 0], [28, 72, 23, 2680])
    probability = np.repeat([0.9, 0.9, 0.1, 0.1], [28, 72, 23, 2680])
    table = scores.confusion(observed, probability, 0.5)
    assert [table[cell] for cell in ("tp", "fp", "fn", "tn")] == [28, 72, 23, 2680]
    assert table["accuracy"] == pytest.approx(0.966, abs=5e-4)
    assert table["precision"] == pytest.approx(0.28)
    assert table["recall"] == pytest.approx(28 / 51)
    assert table["f1"] == pytest.approx(2 * 0.28 * (28 / 51) / (0.28 + 28 / 51))
    assert scores.peirce_score(observed, probability, 0.5) == pytest.approx(0.523, abs=5e-4)


def test_an_alarm_stands_at_the_threshold_itself():
    assert scores.confusion([1, 0], [0.5, 0.4], 0.5)["tp"] == 1


def test_rates_of_nothing_are_none():
    assert scores.confusion([1, 0], [0.1, 0.1], 0.5)["precision"] is None
    assert scores.confusion([0, 0], [0.9, 0.1], 0.5)["recall"] is None
    table = scores.confusion([0, 0], [0.1, 0.1], 0.5)
    assert table["f1"] is None
    assert table["accuracy"] == 1


@pytest.mark.parametrize("observed", [[0, 0, 0], [1, 1, 1]])
def test_one_class_is_refused_with_its_name(observed):
    for score in (
        scores.roc_auc,
        scores.pr_auc,
        scores.best_threshold,
        lambda o, p: scores.peirce_score(o, p, 0.5),
    ):
        with pytest.raises(DataError, match="with(out)? an event is undefined"):
            score(observed, [0.1, 0.2, 0.3])


@given(days)
def test_best_threshold_is_the_best(pairs):
    observed, level = zip(*pairs, strict=True)
    probability = np.array(level) / 10
    chosen = scores.best_threshold(observed, probability)
    assert chosen in probability
    found = scores.peirce_score(observed, probability, chosen)
    for threshold in np.unique(probability):
        other = scores.peirce_score(observed, probability, threshold)
        assert other < found + 1e-12
        if threshold > chosen:
            assert other < found - 1e-12


def test_best_threshold_of_a_constant_forecast():
    assert scores.best_threshold([0, 1], 0.2) == 0.2


def test_observations_and_forecasts_that_are_none_are_refused_with_what_was_found():
    for observed, message in (
        ([[0, 1]], r"observations of shape \(1, 2\)"),
        ([], "no day to score"),
        ([0, 1, 3, -1], "an observation of .*3"),
        ([0.0, np.nan], "an observation of .*nan"),
    ):
        with pytest.raises(DataError, match=message):
            scores.confusion(observed, 0.5, 0.5)
    for probability, message in (
        ([0.1, 1.1, -0.1], "2 of 3 probabilities are no probabilities; the first, on day 1, is 1.1"),
        ([0.1, 0.2], r"probabilities of shape \(2,\); expected one for each of the 3 days"),
        ([[0.1, 0.2, 0.3]], r"shape \(1, 3\)"),
    ):
        with pytest.raises(DataError, match=message):
            scores.confusion([0, 1, 0], probability, 0.5)
    assert scores.confusion([0, 1, 1], [0.0, 1.0, 0.0], 0.0)["tp"] == 2
    with pytest.raises(DataError, match="all with an event"):
        scores.roc_auc([1, 1], [0.1, 0.2])
    with pytest.raises(DataError, match="all without an event"):
        scores.roc_auc([0, 0], [0.1, 0.2])
