"""Corrections of ETAS: that they begin at nothing, learn what is there, and are read back as they were."""

import numpy as np
import pytest

from mleq.forecast.pool.inputs import DETECTION, INPUTS
from mleq.forecast.pool.residual import BoostedCorrection, Recalibrated, used_names
from mleq.forecast.pool.rows import Rows
from mleq.forecast.pool.stack import StackedCorrection, best_weights
from mleq.forecast.recipe import ResidualBoosting, ResidualNetwork

TREES = ResidualBoosting(name="residual_boosting", learning_rate=0.2, least_weight=1, ridge=1, columns=1.0)
NET = ResidualNetwork(name="residual_network", hidden=(8,), epochs=6, dropout=0.0, learning_rate=0.02, batch_size=512)
PLANTED = list(INPUTS).index("residual_globe_120d")


def rows_of(n: int, seed: int, effect: float = 1.0) -> Rows:
    """Days on which one input moves the log-odds of ETAS, and a tenth of the quiet days stand for all."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n, len(INPUTS))).astype(np.float16)
    log_odds = rng.normal(-3, 0.7, n).astype(np.float32)
    came = rng.random(n) < 1 / (1 + np.exp(-(log_odds + effect * inputs[:, PLANTED])))
    kept = came | (rng.random(n) < 0.1)
    weight = np.where(came, 1.0, 10.0).astype(np.float32)
    day = np.arange(n, dtype=np.int32)[kept]
    return Rows(inputs[kept], came[kept], log_odds[kept], weight[kept], day, np.zeros_like(day))


@pytest.fixture(scope="module")
def rows():
    return rows_of(40_000, 1), rows_of(40_000, 2)


@pytest.fixture(scope="module")
def trees(rows):
    return BoostedCorrection.grown(TREES, rows[0], trees=30, seed=1, validation=rows[1])


def test_trees_learn_what_etas_lacks_and_nothing_where_there_is_nothing(rows, trees):
    learnt, held = rows
    found, curve = trees
    gain = held.log_loss(held.log_odds) - held.log_loss(held.log_odds + found.corrections(held.inputs))
    truth = held.inputs[:, PLANTED].astype(float)
    assert gain > 0.6 * (held.log_loss(held.log_odds) - held.log_loss(held.log_odds + truth))
    assert curve["validation_log_loss"].min() == pytest.approx(
        held.log_loss(held.log_odds + found.corrections(held.inputs)), rel=1e-4
    )
    nothing, curve = BoostedCorrection.grown(
        TREES.model_copy(update={"ridge": 50.0, "learning_rate": 0.05}), rows_of(20_000, 3, 0.0), trees=20, seed=1,
        validation=rows_of(40_000, 4, 0.0),
    )  # fmt: skip
    assert np.abs(nothing.corrections(held.inputs)).mean() < 0.1
    one, _ = BoostedCorrection.grown(TREES.model_copy(update={"learning_rate": 1e-9}), learnt, trees=1, seed=1)
    assert np.abs(one.corrections(held.inputs)).max() < 1e-6  # before anything is learnt the forecast is ETAS's


def test_trees_say_what_moved_them_and_are_read_back(rows, trees, tmp_path):
    found, some = trees[0], rows[1].inputs[:50]
    moved = found.contributions(some)
    assert moved.shape == (50, len(INPUTS))
    assert (np.abs(moved).argmax(axis=1) == PLANTED).mean() > 0.8
    rest = found.corrections(some) - moved.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-4)  # Shapley values and one constant make up the whole
    found.save(tmp_path / "correction-2001-01-01")
    again = BoostedCorrection.loaded(tmp_path / "correction-2001-01-01")
    np.testing.assert_array_equal(again.corrections(some), found.corrections(some))
    assert again.names == found.names


def test_inputs_of_detection_can_be_left_out(rows):
    assert 0 < len(DETECTION) < len(INPUTS)
    blind, _ = BoostedCorrection.grown(TREES.model_copy(update={"detection": False}), rows[0], trees=3, seed=1)
    other = rows[1].inputs[:100].copy()
    other[:, [list(INPUTS).index(name) for name in DETECTION]] += 5
    np.testing.assert_array_equal(blind.corrections(other), blind.corrections(rows[1].inputs[:100]))
    assert set(used_names(False)) == set(INPUTS) - set(DETECTION)


@pytest.mark.tensorflow
def test_a_network_begins_at_nothing_learns_and_is_read_back(rows, tmp_path):
    from mleq.forecast.pool import dense

    learnt, held = rows
    model = dense._network(NET, learnt, used_names(True), 1)
    assert (dense.DenseCorrection(model, used_names(True)).corrections(held.inputs[:100]) == 0).all()
    found, curve = dense.DenseCorrection.trained(NET, learnt, seed=1, work=tmp_path / "w", key="k", validation=held)
    gain = held.log_loss(held.log_odds) - held.log_loss(held.log_odds + found.corrections(held.inputs))
    assert gain > 0.02
    assert curve["validation_log_loss"].iloc[-1] < held.log_loss(held.log_odds)
    some = held.inputs[:40]
    moved = found.contributions(some)
    mean = np.zeros((1, len(INPUTS)), np.float16)
    mean[0] = found.model.get_layer("standardised").mean.numpy().ravel()
    np.testing.assert_allclose(
        moved.sum(axis=1), found.corrections(some) - found.corrections(mean), atol=0.1
    )  # integrated gradients are complete
    found.save(tmp_path / "c")
    again = dense.DenseCorrection.loaded(tmp_path / "c")
    np.testing.assert_allclose(again.corrections(some), found.corrections(some), atol=1e-6)


def test_weights_of_a_stack_are_those_that_made_the_days(rows, trees, tmp_path):
    held = rows[1]
    truth = held.inputs[:, PLANTED].astype(float)
    noise = np.random.default_rng(0).normal(size=len(held))
    weights = best_weights([2 * truth, noise], held)
    assert weights == pytest.approx([0.5, 0.0], abs=0.05)
    stack = StackedCorrection({"boosting": trees[0]}, {"boosting": 0.5})
    stack.save(tmp_path / "s")
    again = StackedCorrection.loaded(tmp_path / "s")
    np.testing.assert_allclose(again.corrections(held.inputs[:9]), 0.5 * trees[0].corrections(held.inputs[:9]))


def test_recalibration_finds_slope_and_intercept():
    rng = np.random.default_rng(2)
    log_odds = rng.normal(-2, 1, 60_000).astype(np.float32)
    came = rng.random(60_000) < 1 / (1 + np.exp(-(0.8 * log_odds + 0.3)))
    ones = np.ones(60_000, np.float32)
    nothing = np.empty((60_000, 0))
    found = Recalibrated.fit(Rows(nothing, came, log_odds, ones, *2 * [ones.astype(np.int32)]))
    assert (found.slope, found.intercept) == pytest.approx((0.8, 0.3), abs=0.06)
    assert found.probabilities(np.array([1.0]))[0] == pytest.approx(1 / (1 + np.exp(-found.slope - found.intercept)))
