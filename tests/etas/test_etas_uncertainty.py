"""Drawn parameters keep the fit's uncertainty, and stay where the model means something."""

from dataclasses import replace

import numpy as np
import pytest

from mleq.errors import RequestError
from mleq.etas import EtasParameters, rescaled
from mleq.etas.decay import omori_survival
from mleq.etas.likelihood import LOG_NAMES, to_log
from mleq.etas.uncertainty import drawn_parameters

TRUTH = EtasParameters(0.4, 0.25, 1.3, 0.02, 1.2, 6.0, 1.7, 1.0, m0=4.0)


def test_mean_and_covariance_are_those_asked_for():
    rng = np.random.default_rng(1)
    root = 0.05 * rng.standard_normal((8, 8))
    for centre in (TRUTH, replace(TRUTH, p=0.9, tau_days=900.0)):
        whole = np.zeros((to_log(centre).size,) * 2)
        whole[:8, :8] = root @ root.T
        drawn = np.array([to_log(one) for one in drawn_parameters(centre, whole, 20_000, rng)])
        np.testing.assert_allclose(np.median(drawn, axis=0), to_log(centre), atol=0.01)
        np.testing.assert_allclose(np.cov(drawn, rowvar=False), whole, atol=4e-3)


def test_a_shape_that_is_not_known_stays_within_the_bounds_of_the_search():
    covariance = np.zeros((8, 8))
    covariance[LOG_NAMES.index("gamma"), LOG_NAMES.index("gamma")] = 100.0
    drawn = drawn_parameters(TRUTH, covariance, 500, np.random.default_rng(1))
    assert max(one.gamma for one in drawn) == pytest.approx(4.0)
    assert min(one.gamma for one in drawn) == pytest.approx(0.01)


def test_what_comes_within_a_month_is_kept_where_p_is_near_one():
    """There, A and p - 1 may each be off by a factor of seven while little is unsure about the month."""
    near_one = replace(TRUTH, productivity=20.0, p=1.003)
    covariance = np.zeros((8, 8))
    a, p = LOG_NAMES.index("productivity"), LOG_NAMES.index("p - 1")
    covariance[np.ix_([a, p], [a, p])] = [[4, -4], [-4, 4]]

    def in_a_month(one):
        return one.productivity * float(1 - omori_survival(one, 30.0))

    drawn = drawn_parameters(near_one, covariance, 500, np.random.default_rng(1))
    assert all(one.productivity * (one.p - 1) == pytest.approx(0.06, rel=1e-6) for one in drawn)
    assert {one.p > 1.009 for one in drawn} == {True, False}
    month = np.array([in_a_month(one) for one in drawn])
    assert month == pytest.approx(in_a_month(near_one), rel=0.1)


def test_endless_sets_are_drawn_again_and_a_fit_without_uncertainty_is_refused():
    covariance = np.diag(np.full(8, 0.5))

    def ratio(one):
        return one.branching_ratio(1.0, 8.0)

    assert all(ratio(one) < 1 for one in drawn_parameters(TRUTH, covariance, 100, np.random.default_rng(1), ratio))
    with pytest.raises(RequestError, match="nearly all sets"):
        drawn_parameters(replace(TRUTH, productivity=50.0), covariance, 100, np.random.default_rng(1), ratio)
    with pytest.raises(RequestError, match="no uncertainty"):
        drawn_parameters(TRUTH, np.full((8, 8), np.nan), 10, np.random.default_rng(1))


def test_rescaling_there_and_back_and_the_rate_of_large_events():
    there = rescaled(TRUTH, 5.0, 1.1)
    back = rescaled(there, 4.0, 1.1)
    np.testing.assert_allclose(to_log(back), to_log(TRUTH))
    # Offspring of M >= 5 of an M 6.5, and how they are spread, are the same in both.
    for p, share in ((TRUTH, 10**-1.1), (there, 1.0)):
        offspring = share * p.productivity * np.exp(p.alpha * (6.5 - p.m0))
        assert offspring == pytest.approx(10**-1.1 * 0.25 * np.exp(1.3 * 2.5))
        assert p.d_km2 * np.exp(p.gamma * (6.5 - p.m0)) == pytest.approx(6.0 * np.exp(2.5))
