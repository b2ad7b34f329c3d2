import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.errors import DataError
from mleq.experiment.calibration import Platt
from mleq.experiment.out_of_fold import contiguous_blocks, out_of_fold

DATES = np.datetime64("2001-01-01") + np.arange(400)


@given(st.integers(2, 9), st.integers(0, 40), st.integers(0, 100))
def test_blocks_hold_every_day_once_and_their_rest_keeps_its_distance(n_blocks, gap, hole):
    indices = np.r_[0:200, 200 + hole : 380]
    blocks = contiguous_blocks(DATES, indices, n_blocks, gap_days=gap)
    np.testing.assert_array_equal(np.concatenate([one.held_out for one in blocks]), indices)
    for one in blocks:
        assert np.ptp([len(b.held_out) for b in blocks]) <= 1
        far = np.abs(DATES[one.rest][:, None] - DATES[one.held_out]).astype(int)
        assert far.size == 0 or far.min() > gap
        left = np.setdiff1d(indices, np.r_[one.rest, one.held_out])
        assert all(np.abs(left_day - one.held_out).min() <= gap for left_day in left)


def scored(tmp_path, forecast, target, epochs=3, key="k"):
    blocks = contiguous_blocks(DATES, np.arange(400), 4, gap_days=5)
    return out_of_fold(blocks, forecast, DATES, target, epochs=epochs, work=tmp_path, key=key)


@pytest.fixture
def target():
    return np.random.default_rng(1).random(400) < 0.3


def test_what_was_finished_is_not_done_again_and_another_key_is(tmp_path, target):
    asked = []

    def forecast(block):
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(block.number)
        return np.linspace(0.1, 0.4, block.held_out.size)

    with pytest.raises(KeyboardInterrupt):
        scored(tmp_path, forecast, target)
    asked.append("again")
    found = scored(tmp_path, forecast, target)
    assert asked == [1, 2, "again", 3, 4]
    assert list(found.days["block"].unique()) == [1, 2, 3, 4]
    assert found.about["days"] == 400
    assert found.about["event_days"] == target.sum()
    scored(tmp_path, forecast, target, epochs=4)
    assert asked[5:] == [1, 2, 3, 4]


def test_a_block_that_cannot_be_learnt_is_left_out_and_named(tmp_path, target):
    def forecast(block):
        if block.number == 2:
            raise DataError("one class")
        return np.where(target[block.held_out], 0.6, 0.2)

    found = scored(tmp_path, forecast, target)
    assert len(found.days) == 300
    assert [one["reason"] for one in found.about["blocks"]] == [None, "one class", None, None]
    assert found.platt.slope > 0


def test_without_two_blocks_or_two_kinds_of_days_there_is_no_curve(tmp_path, target):
    def forecast(block):
        if block.number > 1:
            raise DataError("one class")
        return np.full(block.held_out.size, 0.2)

    found = scored(tmp_path / "a", forecast, target)
    assert found.platt is None
    assert "1 of 4 blocks" in found.about["reason"]
    found = scored(tmp_path / "b", lambda block: np.full(block.held_out.size, 0.2), np.zeros(400, bool))
    assert found.platt is None
    assert "one kind" in found.about["reason"]


def test_forecasts_that_fall_where_events_rise_give_one_probability(tmp_path, target):
    found = scored(tmp_path, lambda block: np.where(target[block.held_out], 0.2, 0.6), target)
    assert found.platt.slope == 0
    assert "slope" in found.about["reason"]


def test_the_slope_is_that_within_blocks(tmp_path):
    """Between blocks the rate drifts, and the forecasts with it; within them they say nothing."""
    rng = np.random.default_rng(2)
    said = np.repeat([0.10, 0.11, 0.10, 0.13], 100) + rng.normal(0, 0.003, 400)
    came = rng.random(400) < np.repeat([0.1, 0.2, 0.05, 0.6], 100)
    found = scored(tmp_path, lambda block: said[block.held_out], came)
    within = Platt.fit(came, said, np.repeat([1, 2, 3, 4], 100))
    assert found.platt == within
    assert within.slope < 0.6 * Platt.fit(came, said).slope
