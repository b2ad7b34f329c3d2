"""Circular scores beside closed forms, simulation and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mleq.errors import DataError
from mleq.scores import circular
from mleq.scores.clustered import ClusterBootstrap

ANGLES = st.lists(st.floats(-1000, 1000), min_size=1, max_size=20)


@given(ANGLES, st.floats(-720, 720))
def test_errors_do_not_change_when_everything_is_turned(angles, turn):
    angles = np.array(angles)
    guess = angles[::-1]
    before = circular.circular_error(angles, guess)
    after = circular.circular_error(angles + turn, guess + turn)
    np.testing.assert_allclose(before, after, atol=1e-6)
    assert (before <= 180).all()


def test_neighbours_across_north():
    assert circular.circular_mae([359.0], [1.0]) == pytest.approx(2.0)
    assert circular.circular_median_error([359.0, 10.0, 100.0], [1.0, 10.0, 280.0]) == pytest.approx(2.0)
    assert circular.share_within([359.0, 0.0], [1.0, 30.0]) == 0.5
    assert circular.share_of_flips([0.0, 0.0, 0.0, 0.0], [121.0, 119.0, 180.0, 0.0]) == 0.5


def test_guesses_err_by_ninety_degrees_and_a_third_are_flips():
    guessed = np.arange(0, 360, 0.01)
    assert circular.circular_mae(np.zeros(guessed.size), guessed) == pytest.approx(90, abs=0.01)
    assert circular.share_of_flips(np.zeros(guessed.size), guessed) == pytest.approx(1 / 3, abs=1e-3)


def test_mean_direction_and_resultant():
    assert circular.mean_direction([80.0, 100.0]) == pytest.approx(90.0)
    assert math.isnan(circular.mean_direction([0.0, 180.0]))
    # Two directions 2 d apart have a mean vector of length cos d.
    assert circular.resultant_length([40.0, 80.0]) == pytest.approx(math.cos(math.radians(20)))


@pytest.mark.parametrize("kappa", [0.01, 0.5, 1.0, 2.0, 10.0, 200.0])
def test_concentration_inverts_the_ratio_of_bessel_functions(kappa):
    from scipy.special import i0e, i1e

    assert circular.concentration(i1e(kappa) / i0e(kappa)) == pytest.approx(kappa, rel=1e-6)


def test_log_score_is_that_of_scipy_and_of_the_uniform():
    observed, predicted, kappa = np.array([10.0, 200.0]), np.array([350.0, 190.0]), np.array([3.0, 700.0])
    by_scipy = -stats.vonmises.logpdf(np.radians(observed), kappa, loc=np.radians(predicted))
    np.testing.assert_allclose(circular.von_mises_nats(observed, predicted, kappa), by_scipy)
    assert circular.von_mises_log_score(observed, predicted, 0.0) == pytest.approx(math.log(2 * math.pi))


def test_log_score_of_a_right_forecast_is_its_entropy():
    from scipy.special import i0e, i1e

    kappa = 4.0
    angle = np.linspace(-180, 180, 20_000, endpoint=False)
    density = stats.vonmises.pdf(np.radians(angle), kappa)
    expected = np.average(circular.von_mises_nats(angle, 0.0, kappa), weights=density)
    entropy = math.log(2 * math.pi) + math.log(i0e(kappa)) + kappa - kappa * i1e(kappa) / i0e(kappa)
    assert expected == pytest.approx(entropy, abs=1e-6)


def test_right_concentrations_are_calibrated_and_doubled_ones_are_not():
    rng = np.random.default_rng(3)
    kappa = rng.uniform(0.5, 30, 20_000)
    truth = rng.uniform(0, 360, kappa.size)
    said = truth + np.degrees(rng.vonmises(0, kappa))
    for level, found in circular.coverage(truth, said, kappa).items():
        assert found == pytest.approx(level, abs=0.012)
    assert circular.calibration_error(truth, said, kappa) < 0.015
    assert circular.calibration_error(truth, said, 2 * kappa) > 0.1


def test_half_width_of_a_narrow_distribution_is_the_normal_one():
    assert circular.half_width_deg(1e4, 0.95) == pytest.approx(math.degrees(1.96 / 100), rel=1e-3)
    assert circular.half_width_deg(0.0, 0.5) == pytest.approx(90, abs=1e-3)


@pytest.mark.parametrize(
    ("observed", "predicted"), [([], []), ([1.0, np.nan], [1.0, 2.0]), ([1.0, 2.0], [1.0, 2.0, 3.0]), ([[1.0]], [1.0])]
)
def test_what_is_no_list_of_directions_is_refused(observed, predicted):
    with pytest.raises(DataError):
        circular.circular_mae(observed, predicted)


def test_negative_concentration_is_refused():
    with pytest.raises(DataError):
        circular.von_mises_log_score([1.0], [1.0], -1.0)


class TestClusters:
    def test_the_interval_of_a_mean_is_as_wide_as_clusters_make_it(self):
        rng = np.random.default_rng(0)
        shared = np.repeat(rng.standard_normal(400), 5)
        answer = ClusterBootstrap(np.repeat(np.arange(400), 5), seed=1).mean(shared)
        width = (answer["high"] - answer["low"]) / (2 * 1.96)
        assert width == pytest.approx(shared.std() / 20, rel=0.12)  # 400 clusters, not 2,000 samples

    def test_intervals_of_means_and_medians_cover(self):
        rng = np.random.default_rng(5)
        covered = np.zeros(2)
        for trial in range(100):
            values = rng.standard_normal(60)[np.repeat(np.arange(60), 2)] + rng.standard_normal(120)
            bootstrap = ClusterBootstrap(np.repeat(np.arange(60), 2), seed=trial, n_resamples=300)
            for i, answer in enumerate((bootstrap.mean(values), bootstrap.median(values))):
                covered[i] += answer["low"] <= 0 <= answer["high"]
        assert (covered >= 86).all()

    def test_few_clusters_have_no_interval_but_a_reason(self):
        answer = ClusterBootstrap(np.arange(5)).mean(np.ones(5))
        assert answer["value"] == 1.0
        assert answer["low"] is None
        assert "5 events" in answer["reason"]
        assert ClusterBootstrap(np.arange(30)).median(np.ones(30), np.zeros(30, bool))["value"] is None
