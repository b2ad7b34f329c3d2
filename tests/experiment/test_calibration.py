import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.errors import DataError
from mleq.experiment.calibration import Calibrator, Platt, PriorShift, Spread

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


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=30), st.floats(-4, 4), st.floats(0, 1))
def test_what_is_brought_to_a_spread_has_it(some, mean, deviation):
    before = Spread.of(some)
    found = Spread.of(before.brought_to(Spread(mean, deviation))(some))
    assert found.mean == pytest.approx(mean, abs=1e-3)
    assert found.deviation == pytest.approx(deviation if before.deviation > 1e-4 else 0, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("said", [0.1, 0.25, 0.75, 0.9])
def test_a_network_that_says_one_thing_is_made_nothing_of(said):
    constant = np.full(7, said) + np.array([0, 0, 0, 0, 0, 0, 6e-8])  # the last day's digits of float32
    brought = Spread.of(constant).brought_to(Spread(-2.0, 0.5))
    np.testing.assert_allclose(brought(constant), 1 / (1 + np.exp(2.0)))
    came = np.arange(7) < 3
    curve = Platt.fit(came, constant)
    assert curve.slope == 0
    np.testing.assert_allclose(curve(constant), (3 * 0.8 + 4 / 6) / 7)  # the mean of Platt's targets


@pytest.mark.filterwarnings("error")
@given(st.lists(st.tuples(st.booleans(), st.sampled_from([1e-9, 0.2, 0.5, 0.5001, 1 - 1e-9])), min_size=2, max_size=40))
def test_any_forecasts_of_days_of_both_kinds_have_a_curve(days):
    came, said = np.array([one for one, _ in days]), np.array([one for _, one in days])
    came[:2] = True, False
    curve = Platt.fit(came, said, np.arange(len(days)) % 3)
    assert curve.slope >= 0
    target = np.where(came, (came.sum() + 1) / (came.sum() + 2), 1 / ((~came).sum() + 2))
    assert curve(said).mean() == pytest.approx(target.mean(), abs=1e-5)


@pytest.mark.parametrize(("off", "scale"), [(0.0, 1.0), (-0.07, 1.0), (0.07, 1.0), (0.0, 2.0), (0.05, 0.5)])
@pytest.mark.parametrize("active", [0.0, 0.06])
def test_what_the_last_steps_of_a_network_left_is_not_made_much_of(off, scale, active):
    """Networks that have hardly learnt say nearly the same of all days; only the curve makes something of it.

    Each is off by something of its own, as large as what tells its days apart, and says that more or less loudly. The
    curve is steep, and of networks that are not brought to one spread it would make that many times as much. What
    happened in one block alone, on which one of them has not learnt, must not be taken for such a difference.
    """
    rng = np.random.default_rng(6)
    days, block = np.arange(9000), np.repeat([1, 2, 3], 3000)
    signal = rng.normal(0, 0.03, 9000) + active * (block == 3) + active * (block == 3) * rng.normal(0, 0.6, 9000)
    came = rng.random(9000) < 1 / (1 + np.exp(-(logit(0.05) + 25 * signal)))
    train = days[:7500]  # the last block is mostly, and the validation part wholly, in it

    def network(own, loud):
        return 1 / (1 + np.exp(-(own + loud * signal)))

    run = network(off, scale)
    held_out = []
    for number, own, loud in ((1, 0.05, 0.7), (2, -0.04, 1.4), (3, 0.02, 1.0)):
        said, both = network(own, loud), np.intersect1d(days[block != number], train)
        held_out.append(Spread.of(said[both]).brought_to(Spread.of(run[both]))(said[block == number]))
    curve = Platt.fit(came, np.concatenate(held_out), block)
    assert curve.slope == pytest.approx(25 / scale, rel=0.15)
    for number in (1, 2, 3):
        assert curve(run)[block == number].mean() == pytest.approx(came[block == number].mean(), rel=0.12)


def test_rates_that_drift_between_blocks_do_not_make_the_slope():
    """A network that says a little more in a block in which far more came, and nothing of days within it."""
    rng = np.random.default_rng(8)
    block = np.repeat([1, 2, 3], 2000)
    said = 1 / (1 + np.exp(-(logit(0.1) + np.array([0, -0.02, 0.03])[block - 1] + rng.normal(0, 0.01, 6000))))
    came = rng.random(6000) < np.array([0.05, 0.03, 0.25])[block - 1]
    assert Platt.fit(came, said).slope > 20
    within = Platt.fit(came, said, block)
    assert within.slope < 6
    assert within(said).mean() == pytest.approx(came.mean(), rel=0.01)


def test_within_blocks_the_slope_is_found_whatever_their_rates():
    rng = np.random.default_rng(9)
    block, signal = np.repeat([1, 2, 3], 20_000), rng.normal(0, 1, 60_000)
    came = rng.random(60_000) < 1 / (1 + np.exp(-(np.array([-4, -1, -2])[block - 1] + 0.5 * signal)))
    said = 1 / (1 + np.exp(2 - signal))
    assert Platt.fit(came, said, block).slope == pytest.approx(0.5, abs=0.03)


def test_a_calibrator_goes_through_json_and_reads_runs_without_a_curve():
    both = Calibrator(PriorShift(0.5, 0.1), Platt(-0.2, 0.7))
    assert Calibrator.from_dict(json.loads(json.dumps({**both.to_dict(), "threshold": 0.1}))) == both
    assert both(0.5) == pytest.approx(1 / (1 + np.exp(0.2 - 0.7 * logit(0.1))))
    older = Calibrator.from_dict({"prior_shift": both.prior.to_dict()})
    assert older(0.5) == pytest.approx(0.1)
    with pytest.raises(DataError, match="Platt"):
        Calibrator.from_dict({**both.to_dict(), "platt": {"slope": 1}})
