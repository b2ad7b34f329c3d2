"""Scores of numbers, and intervals over whole groups, beside what is written out by hand."""

import numpy as np
import pytest

from mleq.errors import DataError
from mleq.scores.regression import FEWEST_GROUPS, GroupBootstrap, group_bootstrap, mean_absolute_error, r_squared


def grouped(n_groups=30, each=6, seed=1):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), each)
    observed = rng.normal(5, 2, groups.size)
    return observed, observed + rng.normal(0, 1, groups.size) + rng.normal(0, 1, n_groups)[groups], groups


def test_scores_by_hand():
    assert mean_absolute_error([1.0, 5.0, 3.0], [2.0, 2.0, 3.0]) == pytest.approx(4 / 3)
    # Mean 3: squares about it 4 + 4 + 0, errors 1 + 9 + 0.
    assert r_squared([1.0, 5.0, 3.0], [2.0, 2.0, 3.0]) == pytest.approx(1 - 10 / 8)
    assert r_squared([2.0, 2.0], [1.0, 3.0]) is None


def test_resamples_are_those_of_whole_groups_drawn_again():
    observed, predicted, groups = grouped(n_groups=6, each=3)
    found = group_bootstrap(observed, {"ours": predicted}, groups, seed=9, n_resamples=40)
    counts = np.random.default_rng(9).multinomial(6, np.full(6, 1 / 6), size=40)
    for resample, times in enumerate(counts):
        rows = np.concatenate([np.tile(np.flatnonzero(groups == k), times[k]) for k in range(6)])
        values = found.resampled["ours"]
        assert values["mean_absolute_error"][resample] == pytest.approx(
            mean_absolute_error(observed[rows], predicted[rows])
        )
        assert values["r_squared"][resample] == pytest.approx(r_squared(observed[rows], predicted[rows]))


def test_intervals_are_quantiles_of_the_resamples_and_gains_are_paired():
    observed, predicted, groups = grouped()
    both = {"ours": predicted, "mean": np.full(observed.size, 5.0)}
    found = group_bootstrap(observed, both, groups, seed=2, n_resamples=500, level=0.8)
    assert found.groups == 30
    score = found.score("ours")["mean_absolute_error"]
    resampled = found.resampled["ours"]["mean_absolute_error"]
    assert (score["low"], score["high"]) == pytest.approx(tuple(np.quantile(resampled, [0.1, 0.9])))
    assert score["value"] == pytest.approx(mean_absolute_error(observed, predicted))
    gain = found.gain("ours", "mean")["mae_seconds"]
    back = found.gain("mean", "ours")["mae_seconds"]
    assert gain["value"] == pytest.approx(np.abs(observed - 5).mean() - score["value"])
    assert (back["value"], back["low"], back["high"]) == pytest.approx((-gain["value"], -gain["high"], -gain["low"]))
    paired = found.resampled["mean"]["mean_absolute_error"] - resampled
    assert gain["low"] == pytest.approx(np.quantile(paired, 0.1))


def test_groups_make_intervals_wider_than_as_many_single_observations():
    rng = np.random.default_rng(3)
    shared = np.repeat(rng.standard_normal(60), 10)
    alone = group_bootstrap(shared, {"zero": np.zeros(600)}, np.arange(600), seed=1).score("zero")
    together = group_bootstrap(shared, {"zero": np.zeros(600)}, np.repeat(np.arange(60), 10), seed=1).score("zero")
    width = {name: one["mean_absolute_error"]["high"] - one["mean_absolute_error"]["low"]
             for name, one in (("alone", alone), ("together", together))}  # fmt: skip
    assert width["together"] / width["alone"] == pytest.approx(np.sqrt(10), rel=0.2)


def test_five_groups_are_enough_and_four_are_not():
    for n_groups in (FEWEST_GROUPS, FEWEST_GROUPS - 1):
        observed, predicted, groups = grouped(n_groups)
        score = group_bootstrap(observed, {"ours": predicted}, groups, seed=1, n_resamples=50).score("ours")
        assert (score["mean_absolute_error"]["low"] is None) == (n_groups < FEWEST_GROUPS)
    assert score["mean_absolute_error"]["reason"] == "4 cycles are fewer than 5"
    assert score["mean_absolute_error"]["value"] > 0


@pytest.mark.parametrize(("undefined", "reason"), [(5, None), (6, "undefined in more than 5 % of the resamples")])
def test_a_twentieth_of_the_resamples_may_be_undefined(undefined, reason):
    resampled = np.r_[np.full(undefined, np.nan), np.linspace(0, 1, 100 - undefined)]
    made = GroupBootstrap(9, 0.9, {"ours": {"r_squared": 0.5}}, {"ours": {"r_squared": resampled}})
    found = made.score("ours")["r_squared"]
    assert found.get("reason") == reason
    if reason is None:
        assert (found["low"], found["high"]) == pytest.approx((0.05, 0.95))


def test_equal_observations_have_an_error_but_no_share_of_variance():
    score = group_bootstrap(np.ones(20), {"ours": np.arange(20.0)}, np.arange(20), seed=1).score("ours")
    assert score["r_squared"] == {
        "value": None, "low": None, "high": None, "reason": "undefined: all observations are equal"
    }  # fmt: skip
    assert score["mean_absolute_error"]["low"] < 8.6 < score["mean_absolute_error"]["high"]


@pytest.mark.parametrize(
    ("observed", "predicted", "message"),
    [
        ([], [], r"observations of shape \(0,\)"),
        ([[1.0]], [[1.0]], r"observations of shape \(1, 1\)"),
        ([1.0, 2.0], [1.0], r"predictions of shape \(1,\); expected one for each of the 2"),
        ([1.0, np.nan], [1.0, 2.0], "no number"),
        ([1.0, 2.0], [1.0, np.inf], "no number"),
    ],
)
def test_what_cannot_be_scored_is_refused(observed, predicted, message):
    for score in (mean_absolute_error, r_squared):
        with pytest.raises(DataError, match=message):
            score(observed, predicted)


def test_a_mistake_in_one_of_many_names_it():
    with pytest.raises(DataError, match=r"predictions of theirs of shape \(1,\)"):
        group_bootstrap([1.0, 2.0], {"ours": [1.0, 2.0], "theirs": [1.0]}, [0, 1], seed=1, n_resamples=3)
    with pytest.raises(DataError, match="3 groups of 2 observations"):
        group_bootstrap([1.0, 2.0], {}, [0, 1, 1], seed=1)
