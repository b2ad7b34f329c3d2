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


def test_the_ends_of_the_circle():
    np.testing.assert_array_equal(circular.full_circle(np.array([-1e-15, -90.0, 360.0, 719.0])), [0, 270, 0, 359])
    assert circular.circular_difference([180.0, -180.0, 540.0], [0.0, 0.0, 0.0]).tolist() == [-180, -180, -180]
    assert circular.circular_difference([179.0], [0.0]).tolist() == [179]
    assert circular.share_within([0.0, 0.0], [20.0, 20.5]) == 0.5
    assert circular.share_of_flips([0.0, 0.0], [120.0, 120.5]) == 0.5


def test_concentration_at_the_ends_and_beyond():
    assert circular.concentration(0.0) == 0
    assert circular.concentration(1.0) > 1e9
    for wrong in (-1e-9, 1 + 1e-9, math.nan):
        with pytest.raises(DataError, match="from 0 to 1"):
            circular.concentration(wrong)


@pytest.mark.parametrize("resultant", [0.52, 0.53, 0.54, 0.84, 0.85, 0.86, 0.999, 0.999999])
def test_concentration_inverts_wherever_its_start_changes(resultant):
    from scipy.special import i0e, i1e

    kappa = circular.concentration(resultant)
    assert i1e(kappa) / i0e(kappa) == pytest.approx(resultant, abs=1e-9)


def test_calibration_error_is_the_distance_of_kolmogorov_and_smirnov():
    rng = np.random.default_rng(4)
    truth, kappa = rng.uniform(0, 360, 50), rng.uniform(0, 9, 50)
    said = truth + np.degrees(rng.vonmises(0, kappa))
    stated = circular.stated_probability(truth, said, 2 * kappa)
    assert circular.calibration_error(truth, said, 2 * kappa) == pytest.approx(
        stats.kstest(stated, "uniform").statistic
    )
    assert circular.coverage(truth, said, kappa, levels=(0.0, 1.0)) == {0.0: 0.0, 1.0: 1.0}


def test_no_idea_at_all_states_the_share_of_the_half_circle():
    np.testing.assert_allclose(
        circular.stated_probability([0.0, 0.0, 0.0], [90.0, -45.0, 180.0], 0.0), [0.5, 0.25, 1], rtol=1e-5
    )


def test_mistakes_say_how_many_and_where():
    with pytest.raises(DataError, match="2 of 4 observed directions are no numbers, the first at 1"):
        circular.circular_mae([1.0, np.nan, 2.0, np.inf], 1.0)
    with pytest.raises(DataError, match="1 of 2 predicted directions are no numbers, the first at 0"):
        circular.circular_mae([1.0, 2.0], [np.nan, 1.0])
    with pytest.raises(DataError, match="3 predicted directions; expected one for each of 2 observed"):
        circular.circular_mae([1.0, 2.0], [1.0, 2.0, 3.0])
    for wrong in ([1.0, -1.0], [np.nan, 1.0], [1.0, np.inf], [1.0, 1.0, 1.0], [[1.0, 1.0]]):
        with pytest.raises(DataError, match="one finite number of at least 0 for each of 2"):
            circular.von_mises_nats([1.0, 2.0], [1.0, 2.0], wrong)


class TestClustersByHand:
    def test_means_and_medians_of_resamples(self):
        rng = np.random.default_rng(8)
        clusters, values = np.repeat(np.arange(25), 3), rng.normal(size=75)
        chosen = rng.random(75) < 0.7
        made = ClusterBootstrap(clusters, n_resamples=60, seed=5, level=0.8)
        counts = np.random.default_rng(5).multinomial(25, np.full(25, 1 / 25), size=60)
        means, medians = [], []
        for times in counts:
            drawn = np.sort(np.repeat(values[chosen], times[clusters[chosen]]))
            means.append(drawn.mean())
            medians.append(drawn[(drawn.size - 1) // 2])
        for found, resampled, value in (
            (made.mean(values, chosen), means, values[chosen].mean()),
            (made.median(values, chosen), medians, np.median(values[chosen])),
        ):
            low, high = np.quantile(resampled, [0.1, 0.9])
            assert found == pytest.approx({"value": value, "low": low, "high": high})

    @pytest.mark.parametrize(("n", "given"), [(20, True), (19, False)])
    def test_twenty_clusters_are_enough(self, n, given):
        for answer in (
            ClusterBootstrap(np.arange(n)).mean(np.arange(n)),
            ClusterBootstrap(np.arange(n)).median(np.arange(n)),
        ):
            assert (answer["low"] is not None) == given
            assert answer["value"] == (n - 1) / 2
        # Those of the chosen samples count, not all.
        assert ClusterBootstrap(np.arange(30)).mean(np.arange(30), np.arange(30) < n)["low"] is None or given

    @pytest.mark.parametrize("clusters", [[], [[1, 2]], 3])
    def test_what_are_no_clusters_is_refused(self, clusters):
        with pytest.raises(DataError, match="one dimension, a cluster a sample"):
            ClusterBootstrap(clusters)

    @pytest.mark.parametrize("wrong", [{"level": 0.0}, {"level": 1.0}, {"n_resamples": 1}])
    def test_wrong_settings_are_refused(self, wrong):
        with pytest.raises(DataError, match="at least 2, and a level between 0 and 1"):
            ClusterBootstrap([1, 2], **wrong)
        assert ClusterBootstrap([1, 2], n_resamples=2).n_clusters == 2

    def test_values_are_one_for_each_sample_and_numbers_where_they_are_chosen(self):
        made = ClusterBootstrap(np.arange(30))
        values = np.r_[np.nan, np.ones(29)]
        assert made.mean(values, np.arange(30) > 0)["value"] == 1
        for wrong, message in ((values, "no numbers"), (np.ones(29), r"shape \(29,\); expected one for each of 30")):
            with pytest.raises(DataError, match=message):
                made.mean(wrong)
        with pytest.raises(DataError, match="expected one for each of 30"):
            made.median(np.ones(30), np.ones(31, bool))

    def test_the_same_seed_gives_the_same_and_there_is_one_by_default(self):
        values = np.random.default_rng(1).normal(size=40)
        one, same, other = (
            ClusterBootstrap(np.arange(40), **seed).mean(values) for seed in ({}, {"seed": 0}, {"seed": 1})
        )
        assert one == same
        assert one["low"] != other["low"]

    def test_nothing_chosen_says_so(self):
        made = ClusterBootstrap(np.arange(30))
        for answer in (made.mean(np.ones(30), np.zeros(30, bool)), made.median(np.ones(30), np.zeros(30, bool))):
            assert answer == {"value": None, "low": None, "high": None, "reason": "no sample"}
