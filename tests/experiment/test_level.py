"""A level is found where it is known, from days that are past, and leaves chances their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.experiment.level import at_level, recent_level

PRIOR = 400.0


def test_a_known_level_is_found():
    """Events come 1.3 times as often as stated: many of them outweigh the prior, few do not."""
    rng = np.random.default_rng(1)
    for stated, expected in ((400.0, 1.3), (0.4, 1.0)):
        came = rng.poisson(1.3 * stated, 3000)
        found = recent_level(came, np.full(3000, stated), np.arange(400, 3000), span=300, horizon=1, prior=PRIOR)
        assert found.mean() == pytest.approx(expected, abs=0.08)


def test_prior_and_events_weigh_alike():
    found = recent_level(np.full(9, 2 * PRIOR), np.full(9, PRIOR), np.array([1]), span=1, horizon=1, prior=PRIOR)
    assert found[0] == pytest.approx(1.5)
    # Windows of seven days count an event up to seven times.
    found = recent_level(np.full(9, 14 * PRIOR), np.full(9, 7 * PRIOR), np.array([7]), span=1, horizon=7, prior=PRIOR)
    assert found[0] == pytest.approx(1.5)


@given(st.integers(1, 9), st.integers(1, 40), st.integers(0, 49), st.integers(0, 2**32 - 1))
def test_no_later_day_and_no_older_one_matters(horizon, span, day, seed):
    rng = np.random.default_rng(seed)
    came, stated = rng.poisson(50, 50).astype(float), rng.uniform(1, 99, 50)
    asked = {"span": span, "horizon": horizon, "prior": PRIOR}
    before = recent_level(came, stated, np.array([day]), **asked)
    known = np.arange(50) <= day - horizon
    looked_at = known & (np.arange(50) > day - horizon - span)
    others = [np.where(looked_at, one, rng.uniform(1, 99, 50)) for one in (came, stated)]
    np.testing.assert_allclose(recent_level(*others, np.array([day]), **asked), before)
    # From the first known days alone: as if the catalogue ended there.
    n = max(0, day - horizon + 1)
    np.testing.assert_allclose(recent_level(came[:n], stated[:n], np.array([day]), **asked), before)


def test_chances_keep_their_order_and_their_bounds():
    chance = np.array([[1e-7, 0.2, 0.9, 1 - 1e-7]])
    for factor in (0.01, 1.0, 50.0):
        found = at_level(chance, np.array([factor]))
        assert (np.diff(found) >= 0).all()
        assert ((found > 0) & (found < 1)).all()
    np.testing.assert_allclose(at_level(chance, np.array([1.0])), chance)
