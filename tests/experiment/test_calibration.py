import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.errors import DataError
from mleq.experiment.calibration import PriorShift

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
