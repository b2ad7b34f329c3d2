"""The studentised interval, written out block by block, and where it begins to be given."""

import numpy as np
import pytest

from mleq.scores.blocks import Blocks, stationary_indices
from mleq.scores.intervals import FAR, POWER_80, block_interval, pivots, studentised


@pytest.fixture(scope="module")
def made():
    """A daily series, half of whose days count, its blocks, and the ratio in each resample."""
    rng = np.random.default_rng(3)
    daily, marked = rng.normal(1, 2, 400), rng.random(400) < 0.5
    blocks = Blocks.drawn(400, 20, 300, 5)
    counts = blocks.counts().astype(float)
    return daily, marked.astype(float), blocks, (daily @ counts) / (marked @ counts)


def test_each_resample_is_measured_by_its_own_blocks(made):
    daily, marked, blocks, resampled = made
    pivot, error = pivots(blocks, daily, marked)
    for resample in (0, 17, 299):
        mine = np.flatnonzero(blocks.resample == resample)
        days = [(blocks.start[k] + np.arange(blocks.length[k])) % 400 for k in mine]
        above, below = (np.array([series[one].sum() for one in days]) for series in (daily, marked))
        ratio = above.sum() / below.sum()
        by_hand = np.sqrt(((above - ratio * below) ** 2).sum()) / below.sum()
        assert resampled[resample] == pytest.approx(ratio)
        assert error[resample] == pytest.approx(by_hand)
        assert pivot[resample] == pytest.approx((ratio - daily.sum() / marked.sum()) / by_hand)


def test_the_interval_and_what_could_have_been_seen(made):
    daily, marked, blocks, resampled = made
    value = daily.sum() / marked.sum()
    found = studentised(value, resampled, blocks, daily, marked, 0.9)
    low, high = np.quantile(pivots(blocks, daily, marked)[0], [0.05, 0.95])
    spread = resampled.std(ddof=1)
    assert found == pytest.approx(
        {"low": value - high * spread, "high": value - low * spread, "detectable": (high + POWER_80) * spread}
    )
    from scipy.stats import norm

    assert pytest.approx(norm.ppf(0.8), abs=1e-4) == POWER_80


@pytest.mark.parametrize("sign", [1, -1])
def test_a_far_end_leaves_less_beyond_it_and_the_near_one_where_it_is(made, sign):
    """So that how large a score can be is told with more room, and whether it is above zero as before."""
    daily, marked, blocks, resampled = made
    arguments = (sign * daily.sum() / marked.sum(), sign * resampled, blocks, sign * daily, marked, 0.9)
    plain, found = studentised(*arguments), studentised(*arguments, beyond=0.2)
    near, far = ("low", "high") if sign > 0 else ("high", "low")
    assert found[near] == plain[near]
    assert found["detectable"] == plain["detectable"]
    pivot, spread = pivots(blocks, sign * daily, marked)[0], resampled.std(ddof=1)
    quantile = np.quantile(pivot, 0.01 if sign > 0 else 0.99)
    assert found[far] == pytest.approx(arguments[0] - quantile * spread)
    assert abs(found[far]) > abs(plain[far])


def test_a_place_leaves_1_75_percent_beyond_the_far_end_of_its_gain():
    assert pytest.approx(1.75) == 100 * 0.025 * FAR


def test_zero_has_its_far_end_above(made):
    daily, marked, blocks, resampled = made
    centred = daily - marked * daily.sum() / marked.sum()
    arguments = (0.0, resampled - resampled.mean(), blocks, centred, marked, 0.9)
    plain, found = studentised(*arguments), studentised(*arguments, beyond=0.2)
    assert found["low"] == plain["low"]
    assert found["high"] > plain["high"]


def test_what_is_the_same_in_every_resample_has_an_interval_of_no_width(made):
    _, marked, blocks, _ = made
    found = studentised(3.0, np.full(300, 3.0), blocks, 3 * marked, marked, 0.95)
    assert found == {"low": 3.0, "high": 3.0, "detectable": 0.0}


@pytest.mark.parametrize(("days", "given"), [(299, False), (300, True)])
def test_five_blocks_are_enough(days, given):
    daily = np.random.default_rng(1).normal(size=days)
    blocks = Blocks.drawn(days, 60, 200, 1)
    resampled = blocks.by_resample(blocks.sums(daily)) / days
    found = block_interval(daily.mean(), resampled, blocks, daily, np.ones(days), level=0.95)
    assert (found["low"] is not None) == given
    assert ("reason" in found) != given
    if not given:
        assert found["reason"] == "299 days are fewer than 5 blocks of 60 days"
        assert found["value"] == daily.mean()
        assert found["high"] is found["detectable"] is None


@pytest.mark.parametrize(("undefined", "given"), [(10, True), (11, False)])
def test_a_twentieth_of_the_resamples_may_be_undefined(undefined, given):
    daily = np.random.default_rng(1).normal(size=300)
    blocks = Blocks.drawn(300, 10, 200, 1)
    resampled = blocks.by_resample(blocks.sums(daily)) / 300
    resampled[:undefined] = np.nan
    found = block_interval(daily.mean(), resampled, blocks, daily, np.ones(300), level=0.95)
    assert (found["low"] is not None) == given
    if not given:
        assert found["reason"] == "too few event-days: undefined in 11 of 200 resamples"


def test_without_a_value_there_is_no_interval():
    blocks = Blocks.drawn(300, 10, 20, 1)
    found = block_interval(None, np.zeros(20), blocks, np.zeros(300), np.ones(300), level=0.95)
    assert found["value"] is None
    assert found["reason"] == "undefined on days of one kind"


def test_the_smallest_bootstrap_there_is():
    assert stationary_indices(1, 1, 1, seed=1).tolist() == [[0]]
    assert Blocks.drawn(1, 1, 1, 1).counts().tolist() == [[1]]
