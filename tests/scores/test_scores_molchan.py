"""The Molchan diagram and its area, against closed forms and the published null distribution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq import scores
from mleq.errors import DataError
from mleq.scores.blocks import resample_counts
from mleq.scores.molchan import resampled_area_skill

DAYS = st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(1, 5)), min_size=2, max_size=60).filter(
    lambda rows: any(observed for observed, _, _ in rows)
)


def columns(rows):
    observed, level, reference = (np.array(column) for column in zip(*rows, strict=True))
    return observed, level / 5, reference / 10


def test_trajectory_by_hand():
    # Falling: 0.8 (no event, reference 0.1), 0.5 twice (one event, 0.2 + 0.3), 0.1 (an event, 0.4).
    tau, nu = scores.molchan_trajectory([0, 1, 0, 1], [0.8, 0.5, 0.5, 0.1], [0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(tau, [0, 0.1, 0.6, 1])
    np.testing.assert_allclose(nu, [1, 1, 0.5, 0])
    # Events are reached at tau 0.35, in the middle of the tie, and 0.8.
    assert scores.area_skill_score([0, 1, 0, 1], [0.8, 0.5, 0.5, 0.1], [0.1, 0.2, 0.3, 0.4]) == pytest.approx(
        1 - (0.35 + 0.8) / 2
    )


@given(DAYS)
def test_area_is_that_above_the_trajectory(rows):
    observed, probability, reference = columns(rows)
    tau, nu = scores.molchan_trajectory(observed, probability, reference)
    assert (np.diff(tau) > 0).all()
    assert (np.diff(nu) <= 0).all()
    area = 1 - np.trapezoid(nu, tau)
    assert scores.area_skill_score(observed, probability, reference) == pytest.approx(area)
    assert scores.area_skill_score(observed, 1 - probability, reference) == pytest.approx(1 - area)


@given(DAYS)
def test_by_plain_time_it_is_the_roc(rows):
    observed, probability, _ = columns(rows)
    if observed.all():
        return
    share = observed.mean()
    expected = (1 - share) * scores.roc_auc(observed, probability) + share / 2
    assert scores.area_skill_score(observed, probability, 0.3) == pytest.approx(expected)


def test_luck_gives_one_half_with_the_published_variance():
    """Zechar and Jordan (2008): where the reference is the truth, mean 1/2 and variance 1/(12 n)."""
    rng = np.random.default_rng(3)
    areas = []
    for _ in range(400):
        truth = rng.beta(0.5, 20, 4000)
        observed = rng.random(4000) < truth
        areas.append((scores.area_skill_score(observed, rng.random(4000), truth) - 0.5) * np.sqrt(12 * observed.sum()))
    assert np.mean(areas) == pytest.approx(0, abs=0.15)
    assert np.std(areas) == pytest.approx(1, rel=0.1)


def test_knowing_only_what_the_reference_knows_is_no_skill():
    rng = np.random.default_rng(4)
    truth = rng.beta(0.5, 5, 20_000)
    observed = rng.random(20_000) < truth
    assert scores.area_skill_score(observed, truth, truth) == pytest.approx(0.5, abs=0.02)
    assert scores.area_skill_score(observed, truth, 0.1) > 0.75


def test_no_floor():
    observed = np.arange(100) >= 90
    assert scores.area_skill_score(observed, 1 - np.arange(100) / 100, 0.1) == pytest.approx(0.05)


def test_resamples_are_those_of_repeated_days():
    rng = np.random.default_rng(5)
    observed, level, reference = rng.random(60) < 0.2, rng.integers(6, size=60) / 6, rng.random(60)
    found = resampled_area_skill(observed, level, reference, resample_counts(60, 4, 30, 1))
    for area, days in zip(found, scores.stationary_indices(60, 4, 30, 1), strict=True):
        if observed[days].any():
            assert area == pytest.approx(scores.area_skill_score(observed[days], level[days], reference[days]))
        else:
            assert np.isnan(area)


@pytest.mark.parametrize(
    ("observed", "probability", "reference", "message"),
    [
        ([0, 0], [0.1, 0.2], 0.1, "without an event"),
        ([0, 1], [0.1, 0.2], 0.0, "zero on all days"),
        ([0, 1], [0.1, np.nan], 0.1, "is nan"),
        ([0, 1], [0.1, 0.2], [0.1, 1.2], "of the reference"),
        ([], [], [], "no day"),
    ],
)
def test_what_has_no_diagram_is_refused(observed, probability, reference, message):
    for score in (scores.molchan_trajectory, scores.area_skill_score):
        with pytest.raises(DataError, match=message):
            score(observed, probability, reference)


def test_a_reference_may_be_zero_on_some_days():
    tau, nu = scores.molchan_trajectory([0, 1, 0], [0.3, 0.2, 0.1], [0.0, 0.5, 0.0])
    assert tau.tolist() == [0, 0, 1, 1]
    assert nu.tolist() == [1, 1, 0, 0]
    assert scores.area_skill_score([0, 1, 0], [0.3, 0.2, 0.1], [0.0, 0.5, 0.0]) == 0.5


def test_the_interval_is_that_of_the_blocks_and_stays_where_the_score_can_be():
    from mleq.scores.blocks import Blocks
    from mleq.scores.intervals import block_interval
    from mleq.scores.molchan import area_skill_influences

    rng = np.random.default_rng(3)
    reference = rng.uniform(0.05, 0.3, 600)
    observed = rng.random(600) < reference
    found = scores.area_skill_interval(observed, reference, 0.1, mean_block_days=20, n_resamples=100, seed=4, level=0.8)
    blocks = Blocks.drawn(600, 20, 100, 4)
    flat = np.full(600, 0.1)
    value = scores.area_skill_score(observed, reference, 0.1)
    by_hand = block_interval(
        value,
        resampled_area_skill(observed, reference, flat, blocks.counts()),
        blocks,
        area_skill_influences(observed, reference, flat),
        np.ones(600),
        level=0.8,
    )
    assert found == pytest.approx({key: by_hand[key] for key in ("value", "low", "high")})
    sure = scores.area_skill_interval(observed, observed, 0.1, mean_block_days=20, n_resamples=100, seed=4)
    assert 0 <= sure["low"] <= sure["value"] <= sure["high"] <= 1
    short = scores.area_skill_interval([0, 1, 0], [0.1, 0.2, 0.3], 0.1, mean_block_days=20, n_resamples=10, seed=4)
    assert short["low"] is None
    assert "fewer than 5 blocks" in short["reason"]
    assert "detectable" not in short
