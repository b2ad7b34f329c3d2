"""CSEP's tests: against closed forms, scipy, and pycsep itself where it is installed."""

import math

import numpy as np
import pytest
from scipy import stats

from mleq import scores
from mleq.errors import DataError

RATES = np.array([[0.5, 0.2], [1.5, 0.3], [3.0, 1.0]])
COUNTS = np.array([[1, 0], [2, 1], [3, 0]])


def test_number_test_by_hand():
    # Poisson with mean 2: P(N >= 1) = 1 - exp(-2), P(N <= 1) = 3 exp(-2).
    found = scores.number_test(1, 2.0)
    assert found["delta1"] == pytest.approx(1 - math.exp(-2))
    assert found["delta2"] == pytest.approx(3 * math.exp(-2))
    # Geometric (tau = 1) with mean 2 and variance 6: P(N >= n) = (2/3)^n.
    clustered = scores.number_test(4, 2.0, variance=6.0)
    assert clustered["delta1"] == pytest.approx((2 / 3) ** 4)
    assert clustered["delta2"] == pytest.approx(1 - (2 / 3) ** 5)
    assert scores.number_test(0, 2.0)["delta1"] == 1


def test_t_and_w_tests_are_scipys():
    rng = np.random.default_rng(1)
    ours, theirs = rng.gamma(2, 1, 40), rng.gamma(2, 1, 40)
    found = scores.paired_t_test(ours, theirs, 44.0, 40.0)
    shifted = np.log(ours / theirs) - 4 / 40
    same = stats.ttest_1samp(shifted, 0)
    assert found["t_statistic"] == pytest.approx(same.statistic)
    assert found["p_value"] == pytest.approx(same.pvalue)
    interval = same.confidence_interval(0.95)
    np.testing.assert_allclose([found["low"], found["high"]], [interval.low, interval.high])
    by_scipy = stats.wilcoxon(shifted, correction=False, method="asymptotic")
    assert scores.w_test(ours, theirs, 44.0, 40.0)["p_value"] == pytest.approx(by_scipy.pvalue)
    tied = np.exp(np.repeat([0.5, -0.25, 1.0], [9, 5, 3]))
    by_scipy = stats.wilcoxon(np.log(tied), correction=False, method="asymptotic")
    assert scores.w_test(tied, np.ones(17), 1.0, 1.0)["p_value"] == pytest.approx(by_scipy.pvalue)


def test_a_forecast_beside_itself():
    assert scores.w_test([1, 2, 3], [1, 2, 3], 5, 5)["p_value"] == 1
    assert scores.paired_t_test([1, 2, 3], [1, 2, 3], 5, 5)["information_gain"] == 0


def test_log_likelihoods_by_hand():
    joint = stats.poisson.logpmf(COUNTS, RATES).sum()
    assert scores.likelihood_test(RATES, COUNTS, "L", seed=1, n_simulations=9)["log_likelihood"] == pytest.approx(joint)
    space, bins = RATES.sum(axis=1) * 7 / 6.5, RATES.sum(axis=0) * 7 / 6.5
    for test, rates, axis in (("S", space, 1), ("M", bins, 0)):
        found = scores.likelihood_test(RATES, COUNTS, test, seed=1, n_simulations=9)
        assert found["log_likelihood"] == pytest.approx(stats.poisson.logpmf(COUNTS.sum(axis=axis), rates).sum())


@pytest.mark.parametrize("test", ["L", "CL", "S", "M"])
def test_quantiles_of_the_true_forecast_are_uniform(test):
    """Quantiles of catalogues drawn from the forecast: none is rejected more often than stated."""
    rng = np.random.default_rng(5)
    rates = rng.gamma(1, 1, (40, 5))
    quantiles = []
    for _ in range(150):
        counts = rng.poisson(rates)
        quantiles.append(scores.likelihood_test(rates, counts, test, n_simulations=99, seed=rng)["quantile"])
    assert stats.kstest(quantiles, "uniform").pvalue > 0.01


def test_a_wrong_map_is_rejected():
    counts = np.random.default_rng(2).poisson(np.outer(np.arange(1, 21), [3, 1]))
    flat = np.outer(np.full(20, 10.5), [3, 1])
    assert scores.likelihood_test(flat, counts, "S", seed=1)["quantile"] < 0.01
    assert scores.likelihood_test(flat, counts, "M", seed=1)["quantile"] > 0.05


def test_an_event_in_a_cell_of_rate_zero():
    found = scores.likelihood_test([[0.0], [1.0]], [[1], [0]], "CL", seed=1, n_simulations=10)
    assert found["log_likelihood"] == -math.inf
    assert found["quantile"] == 0


def test_no_event_at_all():
    found = scores.likelihood_test([[0.5], [1.0]], [[0], [0]], "L", seed=1)
    assert found["log_likelihood"] == -1.5
    assert scores.likelihood_test([[0.5], [1.0]], [[0], [0]], "S", seed=1)["quantile"] == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: scores.number_test(1.5, 2.0),
        lambda: scores.number_test(1, float("nan")),
        lambda: scores.number_test(1, 0.0),
        lambda: scores.number_test(1, 2.0, variance=1.0),
        lambda: scores.paired_t_test([1.0], [1.0], 1, 1),
        lambda: scores.paired_t_test([1.0, 0.0], [1.0, 1.0], 1, 1),
        lambda: scores.w_test([1.0, float("nan")], [1.0, 1.0], 1, 1),
        lambda: scores.w_test([], [], 1, 1),
        lambda: scores.likelihood_test(RATES, COUNTS, "Z", seed=1),
        lambda: scores.likelihood_test(RATES, COUNTS[:2], "L", seed=1),
        lambda: scores.likelihood_test(-RATES, COUNTS, "L", seed=1),
        lambda: scores.likelihood_test(RATES, COUNTS / 2, "L", seed=1),
        lambda: scores.likelihood_test(RATES, COUNTS, "L"),
        lambda: scores.likelihood_test(RATES, COUNTS, "S", random_numbers=[[0.5]], n_simulations=1),
        lambda: scores.likelihood_test(RATES, COUNTS, "L", random_numbers=np.full((1, 7), 0.5), n_simulations=1),
    ],
)
def test_what_cannot_be_tested_is_refused(call):
    with pytest.raises(DataError):
        call()


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, math.nan])
def test_levels_lie_between_none_and_all(level):
    with pytest.raises(DataError, match="level"):
        scores.paired_t_test([1.0, 2.0], [1.0, 1.0], 1, 1, level=level)


def test_the_interval_follows_its_level():
    ours, theirs = [1.0, 2.0, 4.0, 3.0], [1.0, 1.0, 2.0, 5.0]
    narrow, wide = (scores.paired_t_test(ours, theirs, 3.0, 2.0, level=level) for level in (0.5, 0.99))
    assert narrow["t_critical"] == pytest.approx(stats.t.ppf(0.75, 3))
    assert wide["low"] < narrow["low"] < narrow["information_gain"] < narrow["high"] < wide["high"]
    assert narrow["information_gain"] == pytest.approx(np.log(np.divide(ours, theirs)).mean() - 1 / 4)


def test_the_w_statistic_is_of_the_smaller_ranks_whoever_is_better():
    rng = np.random.default_rng(6)
    theirs = rng.gamma(2, 1, 30)
    for factor in (1.5, 1 / 1.5):
        ours = theirs * factor * np.exp(rng.normal(0, 0.5, 30))
        found = scores.w_test(ours, theirs, 4.0, 4.0)
        by_scipy = stats.wilcoxon(np.log(ours / theirs), correction=False, method="asymptotic")
        assert found["z_statistic"] < 0
        assert found["z_statistic"] == pytest.approx(stats.norm.ppf(by_scipy.pvalue / 2))
    assert math.isnan(scores.w_test([1.0, 1.0], [1.0, 1.0], 4.0, 4.0)["z_statistic"])


def test_the_least_that_can_be_tested():
    assert scores.number_test(0, 1e-9)["delta2"] == pytest.approx(1)
    assert scores.paired_t_test([1.0, 2.0], [1.0, 1.0], 1, 1)["p_value"] < 1
    once = scores.likelihood_test(RATES, COUNTS, "CL", seed=1, n_simulations=1)
    assert once["simulated"].shape == (1,)
    given = scores.likelihood_test(RATES, COUNTS, "CL", random_numbers=np.zeros((1, 7)), n_simulations=1)
    # All seven events in the first cell, each as likely as its rate.
    assert given["simulated"][0] == pytest.approx(7 * math.log(0.5) - math.log(math.factorial(7)) - 6.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scores.number_test(-1, 2.0), "-1 events beside 2.0 expected"),
        (lambda: scores.number_test(1, math.inf), "a count and a number above 0"),
        (lambda: scores.number_test(1, 2.0, variance=2.0), "a variance of 2.0"),
        (lambda: scores.number_test(1, 2.0, variance=math.inf), "more than their mean"),
        (lambda: scores.paired_t_test([1.0, math.inf], [1.0, 1.0], 1, 1), "a rate of inf"),
        (lambda: scores.paired_t_test([1.0, 1.0], [1.0, 0.0], 1, 1), "a rate of 0.0"),
        (lambda: scores.w_test([[1.0, 1.0]], [[1.0, 1.0]], 1, 1), "for two events or more"),
        (lambda: scores.w_test([1.0, 1.0], [1.0, 1.0, 1.0], 1, 1), "for two events or more"),
        (lambda: scores.likelihood_test([0.5], [1], "L", seed=1), "both"),
        (lambda: scores.likelihood_test(RATES * 0, COUNTS, "L", seed=1), "zero everywhere"),
        (lambda: scores.likelihood_test(RATES + math.inf, COUNTS, "L", seed=1), "infinite"),
        (lambda: scores.likelihood_test(RATES, COUNTS - 1, "L", seed=1), "counts that are no counts"),
        (lambda: scores.likelihood_test(RATES, COUNTS, "L", seed=1, n_simulations=0), "0 simulated catalogues"),
        (lambda: scores.likelihood_test(RATES, COUNTS, "L"), "neither a seed nor random numbers"),
        (
            lambda: scores.likelihood_test(RATES, COUNTS, "CL", random_numbers=np.ones((1, 7)), n_simulations=1),
            r"shape \(1, 7\) in \[0, 1\)",
        ),
        (
            lambda: scores.likelihood_test(RATES, COUNTS, "CL", random_numbers=-np.ones((1, 7)), n_simulations=1),
            "for the CL-test",
        ),
    ],
)
def test_what_cannot_be_tested_says_why(call, message):
    with pytest.raises(DataError, match=message):
        call()


def test_an_infinite_count_is_none():
    with pytest.raises(DataError, match="counts that are no counts"):
        scores.likelihood_test([[1.0]], [[math.inf]], "CL", seed=1)
