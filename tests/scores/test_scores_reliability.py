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
