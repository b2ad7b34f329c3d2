import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.errors import DataError
from mleq.experiment.calibration import Calibrator, Platt, PriorShift

shares = st.floats(1e-4, 1 - 1e-4)
probabilities = st.floats(1e-6, 1 - 1e-6)


def logit(p):
    return np.log(p) - np.log1p(-p)


@given(probabilities, shares, shares)
def test_is_the_shift_of_log_odds(p, train, deploy):
    expected = logit(p) - logit(train) + logit(deploy)
    shifted = float(PriorShift(train, deploy)(p))
    assert shifted == pytest.approx(1 / (1 + np.exp(-expected)), rel=1e-9)


@given(probabilities, shares, st.floats(1e-3, 1))
def test_equals_the_keep_rate_form_of_dal_pozzolo(p, deploy, kept):
    train = deploy / (deploy + kept * (1 - deploy))
    assert float(PriorShift(train, deploy)(p)) == pytest.approx(kept * p / (kept * p - p + 1), rel=1e-9)


@given(probabilities, shares, shares)
def test_there_and_back_is_where_it_began(p, train, deploy):
    there = PriorShift(train, deploy)(p)
    if 1e-6 < there < 1 - 1e-6:
        assert float(PriorShift(deploy, train)(there)) == pytest.approx(p, rel=1e-6)


def test_recovers_bayes_posterior_after_undersampling():
    # Two unit normals half a unit apart: the posterior is known in closed form for every prior.
    x = np.linspace(-3, 3, 25)
    likelihood_ratio = np.exp(0.5 * x)

    def posterior(prior):
        return prior * likelihood_ratio / (prior * likelihood_ratio + 1 - prior)

    np.testing.assert_allclose(PriorShift(0.5, 0.07)(posterior(0.5)), posterior(0.07), rtol=1e-12)


def test_zero_one_and_extreme_priors_stay_finite_and_nan_stays_nan():
    shifted = PriorShift(0.5, 1e-6)(np.float32([0.0, 1.0, 0.5]))
    assert np.all((shifted > 0) & (shifted < 1))
    assert np.all(np.diff(np.sort(shifted)) > 0)
    assert np.isnan(PriorShift(0.5, 0.1)(np.nan))


def test_goes_through_json():
    shift = PriorShift(0.5, 1 / 3, exact=False)
    assert PriorShift.from_dict(json.loads(json.dumps(shift.to_dict()))) == shift
    with pytest.raises(DataError, match="prior_shift"):
        PriorShift.from_dict({"method": "isotonic"})


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_single_class_is_refused(share):
    with pytest.raises(DataError, match="share of positive"):
        PriorShift(train=share, deploy=0.5)


def test_platt_finds_the_curve_that_made_the_days():
    rng = np.random.default_rng(1)
    p = rng.beta(1, 8, 60_000)
    observed = rng.random(p.size) < 1 / (1 + np.exp(-(-0.7 + 0.6 * logit(p))))
    found = Platt.fit(observed, p)
    assert found.intercept == pytest.approx(-0.7, abs=0.06)
    assert found.slope == pytest.approx(0.6, abs=0.03)
    # A maximum of the likelihood gives every day's chance its mean: sum of forecasts = days with an event.
    assert found(p).mean() == pytest.approx(observed.mean(), rel=1e-3)


def test_a_slope_that_would_be_negative_is_zero_and_the_days_rate_stands():
    rng = np.random.default_rng(2)
    p = rng.random(500)
    observed = rng.random(500) < 0.8 * (1 - p)
    found = Platt.fit(observed, p)
    assert found.slope == 0
    np.testing.assert_allclose(found([0.01, 0.99]), observed.mean(), atol=0.005)
    assert Platt.fit([True, False], [0.5, 0.5])(0.9) == pytest.approx(0.5)


def test_platt_stays_finite_where_forecasts_separate_and_refuses_one_class():
    found = Platt.fit([False] * 5 + [True] * 5, np.r_[np.full(5, 0.1), np.full(5, 0.9)])
    assert found([0.1, 0.9]) == pytest.approx([1 / 7, 6 / 7])  # Platt's targets for five days of each kind
    with pytest.raises(DataError, match="0 have an event"):
        Platt.fit([False] * 5, np.full(5, 0.1))


def test_a_calibrator_goes_through_json_and_reads_runs_without_a_curve():
    both = Calibrator(PriorShift(0.5, 0.1), Platt(-0.2, 0.7))
    assert Calibrator.from_dict(json.loads(json.dumps({**both.to_dict(), "threshold": 0.1}))) == both
    assert both(0.5) == pytest.approx(1 / (1 + np.exp(0.2 - 0.7 * logit(0.1))))
    older = Calibrator.from_dict({"prior_shift": both.prior.to_dict()})
    assert older(0.5) == pytest.approx(0.1)
    with pytest.raises(DataError, match="Platt"):
        Calibrator.from_dict({**both.to_dict(), "platt": {"slope": 1}})
