"""Chances in many cells at once: against the model's own answer for one cell, and against counting."""

import numpy as np
import pytest

from mleq.etas import EtasModel, EtasParameters, Grid, History, KernelBackground, forecast_cells
from mleq.etas.chances import chances
from mleq.etas.sphere import Box

BOX = Box(35.0, 37.0, 138.0, 140.0)
PARAMETERS = EtasParameters(
    background_per_day=0.5, productivity=0.3, alpha=1.2, c_days=0.01, p=1.2, d_km2=9.0, q=1.8, gamma=0.8, m0=4.0
)


@pytest.fixture(scope="module")
def model():
    one = np.array([1.0])
    ground = KernelBackground(BOX, 36 * one, 139 * one, 40 * one, one, 10 * one, 0.3)
    return EtasModel(PARAMETERS, ground, 1.0, 8.0)


@pytest.fixture(scope="module")
def history():
    rng = np.random.default_rng(1)
    n = 30
    times = np.append(np.sort(rng.uniform(0, 99, n)), 99.9)
    return History(
        times, np.append(rng.uniform(35, 37, n), 36.3), np.append(rng.uniform(138, 140, n), 138.4),
        np.append(4 + rng.exponential(0.4, n), 6.5),
    )  # fmt: skip


GRID = Grid(BOX, 2, 2)


def test_they_agree_with_counting_worlds_and_are_less_noisy(model, history):
    counted = forecast_cells(model, history, GRID, 100.0, 10.0, 5.0, n_simulations=40_000, seed=1)
    found = chances(model, history, GRID.cells_of, 4, 100.0, 10.0, 5.0, seed=2, n_events=150_000)
    # Five standard errors of the count of worlds, and of the sum over worlds.
    slack = 5 * np.sqrt(counted["probability"] * (1 - counted["probability"]) / 40_000).ravel()
    slack += 2.5 * (found["high"] - found["probability"])
    assert (abs(found["probability"] - counted["probability"].ravel()) < slack).all()
    np.testing.assert_allclose(found["expected"], counted["expected"].ravel(), rtol=0.05)
    assert (found["probability"] < found["expected"]).all()  # clusters: fewer chances than events


def test_they_agree_with_the_models_own_answer_for_a_cell(model, history):
    found = chances(model, history, GRID.cells_of, 4, 100.0, 10.0, 5.0, seed=3)
    alone = model.probability(history, GRID.cell(1, 0), 100.0, 10.0, 5.0, n_simulations=20_000, seed=4)
    width = (alone["high"] - alone["low"]) + (found["high"][2] - found["low"][2])
    assert abs(found["probability"][2] - alone["value"]) < width


def test_uncertain_parameters_widen_the_interval(model, history):
    plain = chances(model, history, GRID.cells_of, 4, 100.0, 10.0, 5.0, seed=5, n_events=50_000)
    covariance = np.diag([0.3, 0.2, 0.02, 0.1, 0.002, 0.1, 0.01, 0.01])
    wide = chances(
        model, history, GRID.cells_of, 4, 100.0, 10.0, 5.0, seed=5, n_events=50_000, log_covariance=covariance
    )
    assert (wide["high"] - wide["low"] > 2 * (plain["high"] - plain["low"])).all()
    assert ((wide["low"] <= wide["probability"]) & (wide["probability"] <= wide["high"])).all()


def test_the_same_seed_gives_the_same(model, history):
    one, two = (chances(model, history, GRID.cells_of, 4, 100.0, 1.0, 5.0, seed=6, n_events=9_000) for _ in range(2))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
