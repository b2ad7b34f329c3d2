"""The best of many: what is said of it when many were tried."""

import numpy as np
import pytest

from mleq import scores
from mleq.errors import DataError

TRIED, DAYS, WORLDS = 20, 500, 200


def clustered(rng, k, days=DAYS, memory=0.7):
    """Gains without a mean: autoregressive in time, half of it shared by all configurations."""
    noise = rng.normal(size=(k + 1, days + 50))
    for day in range(1, noise.shape[1]):
        noise[:, day] += memory * noise[:, day - 1]
    return (noise[1:] + noise[0])[:, 50:]


def named(gains):
    return {str(number): one for number, one in enumerate(gains)}


@pytest.fixture(scope="module")
def null_worlds():
    """Of each world: whether the best one's own interval, its corrected one, and the tests claim a gain."""
    rng = np.random.default_rng(1)
    found = []
    for world in range(WORLDS):
        one = scores.selection(named(clustered(rng, TRIED)), mean_block_days=40, n_resamples=300, seed=world)
        alone, together = one.alone[one.best]["low"] > 0, one.together[one.best]["low"] > 0
        found.append((alone, together, one.p_white < 0.05, one.p_hansen < 0.05))
    return np.mean(found, axis=0)


def test_without_skill_the_best_ones_own_interval_often_lies_and_the_corrected_one_does_not(null_worlds):
    alone, together, _, _ = null_worlds
    assert alone > 0.15
    assert together <= 0.06  # of 200 worlds more than 12 by chance 0.002, where 2.5 % is true (binomial)


def test_the_tests_claim_a_gain_that_is_not_there_about_as_often_as_they_say(null_worlds):
    _, _, white, hansen = null_worlds
    # White's test is not studentised: on a dozen blocks it claims more than its 5 %.
    assert white <= 0.2
    assert hansen <= 0.1  # of 200 worlds more than 20 by chance 0.002, where 5 % is true


def test_a_gain_that_is_there_is_found_and_its_configuration_named():
    rng = np.random.default_rng(2)
    gains = clustered(rng, TRIED, days=1500)
    gains[7] += 0.9
    one = scores.selection(named(gains), mean_block_days=40, n_resamples=500, seed=1)
    assert one.names[one.best] == "7"
    assert one.together[7]["low"] > 0
    assert one.p_hansen < 0.01
    for alone, together in zip(one.alone, one.together, strict=True):
        assert together["low"] < alone["low"] < alone["value"] < alone["high"] < together["high"]


def test_poor_configurations_do_not_blunt_hansens_test():
    rng = np.random.default_rng(3)
    good = clustered(rng, 1, days=1500)[0] + 0.45
    poor = 6 * clustered(rng, 60, days=1500) - 8
    crowd = scores.selection(named([good, *poor]), mean_block_days=40, n_resamples=500, seed=1)
    assert crowd.best == 0
    assert crowd.p_hansen < 0.1 < 0.4 < crowd.p_white


def test_the_unit_of_the_gains_does_not_matter():
    rng = np.random.default_rng(3)
    good = clustered(rng, 1, days=1500)[0] + 0.45
    gains = np.array([good, *(6 * clustered(rng, 20, days=1500) - 8)])
    asked = {"mean_block_days": 40, "n_resamples": 300, "seed": 1}
    nats, milli = (scores.selection(named(unit * gains), **asked) for unit in (1.0, 1e-3))
    assert milli.p_hansen == pytest.approx(nats.p_hansen)
    assert milli.p_white == pytest.approx(nats.p_white)


def test_one_configuration_is_corrected_for_nothing():
    gains = clustered(np.random.default_rng(4), 1)
    one = scores.selection(named(gains), mean_block_days=40, n_resamples=400, seed=1)
    assert one.together[0] == pytest.approx({key: one.alone[0][key] for key in ("low", "high")})


def test_configurations_of_other_days_are_resampled_on_one_calendar():
    rng = np.random.default_rng(5)
    early, late = clustered(rng, 2, days=1000)
    early[600:], late[:400] = np.nan, np.nan
    one = scores.selection({"early": early, "late": late}, mean_block_days=40, n_resamples=200, seed=1)
    assert one.alone[0]["value"] == pytest.approx(np.nanmean(early))
    assert one.alone[1]["low"] < np.nanmean(late) < one.alone[1]["high"]


def test_too_few_days_have_no_interval_but_a_reason():
    one = scores.selection({"a": np.ones(50), "b": np.zeros(50)}, mean_block_days=40, n_resamples=50, seed=1)
    assert one.together[0]["low"] is None
    assert "fewer than" in one.together[0]["reason"]
    assert one.p_hansen is None
    assert one.best == 0


@pytest.mark.parametrize("gains", [{}, {"a": [1.0], "b": [1.0, 2.0]}, {"a": [np.nan, np.nan]}])
def test_wrong_gains_are_refused(gains):
    with pytest.raises(DataError):
        scores.selection(gains, mean_block_days=2, n_resamples=10, seed=1)


def test_without_skill_the_tests_give_chances_all_over():
    found = []
    for world in range(40):
        gains = clustered(np.random.default_rng(100 + world), 5, memory=0.0)
        one = scores.selection(named(gains), mean_block_days=10, n_resamples=200, seed=world)
        found.append((one.p_white, one.p_hansen))
    assert np.mean(found, axis=0) == pytest.approx([0.5, 0.5], abs=0.15)  # of a uniform: 0.046 is one deviation
    assert np.max(found, axis=0).min() > 0.8
    assert np.min(found, axis=0).max() < 0.3


def test_a_gain_that_never_changes_is_left_out_of_what_is_corrected():
    noise = clustered(np.random.default_rng(7), 1, days=600)[0]
    one = scores.selection({"same": np.full(600, 0.5), "noise": noise}, mean_block_days=20, n_resamples=100, seed=1)
    assert one.alone[0] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert one.together[0] == {"low": None, "high": None}
    assert one.together[1]["low"] is not None
    alone = scores.selection({"noise": noise}, mean_block_days=20, n_resamples=100, seed=1)
    assert one.together[1] == alone.together[0]
    assert (one.p_white, one.p_hansen) == (alone.p_white, alone.p_hansen)
    assert one.best == 0


def test_intervals_that_hold_together_are_written_out_by_hand():
    from mleq.scores.blocks import Blocks
    from mleq.scores.intervals import pivots

    gains = clustered(np.random.default_rng(8), 3, days=600)
    one = scores.selection(named(gains), mean_block_days=20, n_resamples=150, seed=3, level=0.9)
    blocks = Blocks.drawn(600, 20, 150, 3)
    pivot = np.array([pivots(blocks, row, np.ones(600))[0] for row in gains])
    resampled = np.array([blocks.by_resample(blocks.sums(row)) / 600 for row in gains])
    spread, value = resampled.std(axis=1, ddof=1), gains.mean(axis=1)
    high, low = np.quantile(pivot.max(axis=0), 0.95), np.quantile(pivot.min(axis=0), 0.05)
    for k in range(3):
        expected = {"low": value[k] - high * spread[k], "high": value[k] - low * spread[k]}
        assert one.together[k] == pytest.approx(expected)
    assert one.p_white == np.mean((resampled - value[:, None]).max(axis=0) >= value.max())
    assert one.p_hansen == np.mean(np.maximum(pivot.max(axis=0), 0) >= max((value / spread).max(), 0))
    assert (one.days, one.mean_block_days, one.n_resamples, one.level) == (600, 20, 150, 0.9)


@pytest.mark.parametrize(
    ("gains", "message"),
    [
        ({}, r"gains of shapes \[\]"),
        ({"a": [1.0], "b": [1.0, 2.0]}, r"gains of shapes \[\(1,\), \(2,\)\]"),
        ({"a": [[1.0]]}, r"\[\(1, 1\)\]; expected one gain a day of one calendar"),
        ({"a": [1.0, 2.0], "b": [np.nan, np.inf]}, "'b' has no day with a gain"),
    ],
)
def test_wrong_gains_are_refused_by_name(gains, message):
    with pytest.raises(DataError, match=message):
        scores.selection(gains, mean_block_days=2, n_resamples=10, seed=1)
