"""Bands of the reliability curve, on forecasts of known calibration."""

import numpy as np
import pytest

from mleq import scores
from mleq.errors import DataError
from mleq.scores.reliability import _chances

SETTINGS = {"mean_block_days": 10, "n_resamples": 200}


def series(seed, n=600, bend=1.0):
    rng = np.random.default_rng(seed)
    chance = rng.beta(1, 4, n).round(2)
    return rng.random(n) < chance**bend, chance


def share_inside(found, low, high, curve):
    """Where most forecasts lie: the ends of isotonic curves are left out."""
    middle = (found["forecast"] > 0.1) & (found["forecast"] < 0.4)
    return np.mean((found[low] <= curve(found))[middle] & (curve(found) <= found[high])[middle])


def test_bands_cover_about_as_stated():
    consistent, confident = [], []
    for seed in range(40):
        found = scores.reliability_bands(*series(seed), seed=seed, **SETTINGS)
        consistent.append(share_inside(found, "consistency_low", "consistency_high", lambda f: f["frequency"]))
        confident.append(share_inside(found, "confidence_low", "confidence_high", lambda f: f["forecast"]))
    assert 0.9 <= np.mean(consistent) <= 1
    assert 0.85 <= np.mean(confident) <= 1


def test_a_bent_forecast_leaves_the_consistency_band():
    found = scores.reliability_bands(*series(1, n=4000, bend=2.0), seed=1, **SETTINGS)
    assert share_inside(found, "consistency_low", "consistency_high", lambda f: f["frequency"]) < 0.1
    assert share_inside(found, "confidence_low", "confidence_high", lambda f: f["forecast"] ** 2) > 0.8


def test_the_curve_is_the_same_and_bands_rise_with_it():
    observed, chance = series(2)
    found = scores.reliability_bands(observed, chance, seed=3, **SETTINGS)
    forecast, frequency = scores.reliability_curve(observed, chance)
    np.testing.assert_array_equal(found["forecast"], forecast)
    np.testing.assert_array_equal(found["frequency"], frequency)
    for name in ("confidence_low", "confidence_high", "consistency_low", "consistency_high"):
        assert (np.diff(found[name]) >= -1e-12).all()
        assert ((found[name] >= 0) & (found[name] <= 1)).all()
    again = scores.reliability_bands(observed, chance, seed=3, **SETTINGS)
    np.testing.assert_array_equal(found["confidence_low"], again["confidence_low"])


def test_isotonic_regression_is_scikit_learns():
    from sklearn.isotonic import IsotonicRegression

    observed, chance = series(3)
    forecast, frequency = scores.reliability_curve(observed, chance)
    np.testing.assert_allclose(frequency, IsotonicRegression().fit(chance, observed).predict(forecast), atol=1e-6)


def test_longer_horizons_share_events():
    chances = _chances(200_000, 4, np.random.default_rng(1))
    assert np.var(chances) == pytest.approx(1 / 12, rel=0.02)
    # Spearman's correlation of a Gaussian copula is 6/pi asin(rho/2).
    for lag, rho in ((1, 3 / 4), (3, 1 / 4), (4, 0)):
        expected = 6 / np.pi * np.arcsin(rho / 2)
        assert np.corrcoef(chances[:-lag], chances[lag:])[0, 1] == pytest.approx(expected, abs=0.015)
    one = scores.reliability_bands(*series(4), seed=1, **SETTINGS)
    week = scores.reliability_bands(*series(4), seed=1, horizon_days=7, **SETTINGS)
    width = [np.mean(found["consistency_high"] - found["consistency_low"]) for found in (one, week)]
    assert width[1] > 1.05 * width[0]


def test_a_short_series_has_no_bands_but_says_why():
    found = scores.reliability_bands([0, 1, 0], [0.1, 0.5, 0.2], mean_block_days=60, seed=1)
    assert found["confidence_low"] is None
    assert "fewer than 5 blocks" in found["reason"]
    assert found["frequency"].shape == (3,)


@pytest.mark.parametrize("wrong", [{"level": 1.0}, {"n_resamples": 1}, {"horizon_days": 0}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(DataError, match="bands of"):
        scores.reliability_bands(*series(1), seed=1, **(SETTINGS | wrong))


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, float("nan")])
def test_levels_lie_between_none_and_all(level):
    with pytest.raises(DataError, match="bands of"):
        scores.reliability_bands(*series(1), seed=1, **(SETTINGS | {"level": level}))


def test_five_blocks_and_two_resamples_are_enough():
    observed, probability = np.arange(300) % 4 == 0, np.arange(300) % 5 / 10
    enough = scores.reliability_bands(observed, probability, mean_block_days=60, n_resamples=2, seed=1)
    assert enough["confidence_low"].shape == (5,)
    short = scores.reliability_bands(observed[1:], probability[1:], mean_block_days=60, n_resamples=2, seed=1)
    assert short["confidence_low"] is None
    assert short["reason"] == "299 days are fewer than 5 blocks of 60 days"


def test_bands_are_quantiles_of_curves_on_days_drawn_again():
    from mleq.scores.blocks import stationary_indices

    observed, probability = np.arange(200) % 4 == 0, np.arange(200) % 5 / 10
    found = scores.reliability_bands(observed, probability, mean_block_days=10, n_resamples=30, seed=6, level=0.8)
    rng, curves = np.random.default_rng(6), []
    for _ in range(30):
        days = stationary_indices(200, 10, 1, rng)[0]
        drawn = rng.random(200) < probability[days]
        curves.append([scores.reliability_curve(outcome, probability[days])[1] for outcome in (observed[days], drawn)])
    low, high = np.quantile(curves, [0.1, 0.9], axis=0)
    np.testing.assert_allclose([found["confidence_low"], found["consistency_low"]], low)
    np.testing.assert_allclose([found["confidence_high"], found["consistency_high"]], high)


def test_calibration_error_keeps_its_bins_apart():
    told, observed = [0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1]
    by_bins = {4: 0.1 + 0.8 + 0.3 + 0.6, 2: 0.7 + 0.3, 1: 1.0, 9: 0.1 + 0.8 + 0.3 + 0.6}
    for bins, excess in by_bins.items():
        assert scores.expected_calibration_error(observed, told, bins=bins) == pytest.approx(excess / 4)
    with pytest.raises(DataError, match="0 bins; expected at least 1"):
        scores.expected_calibration_error(observed, told, bins=0)
