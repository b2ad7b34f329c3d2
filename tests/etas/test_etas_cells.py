"""Grids of cells: their sums, and their forecasts against single areas and Monte Carlo."""

import numpy as np
import pytest

from mleq.errors import RequestError
from mleq.etas import (
    EtasModel,
    EtasParameters,
    Grid,
    History,
    expected_in_cells,
    fault_like_background,
    forecast_cells,
    simulate_catalog,
)
from mleq.etas.background import KernelBackground
from mleq.etas.sphere import Box

REGION = (34.0, 38.0, 136.0, 141.0)
BOX = Box.checked(REGION)
TRUTH = EtasParameters(0.4, 0.25, 1.3, 0.02, 1.4, 6.0, 1.7, 1.0, m0=4.0)
BACKGROUND = fault_like_background(REGION, np.random.default_rng(2))
MODEL = EtasModel(TRUTH, BACKGROUND, b_value=1.0, magnitude_max=7.5)
GRID = Grid(BOX, 8, 10)
PAST = History.of([9.5, 9.7, 3.0], [36.1, 36.2, 35.0], [138.6, 138.7, 140.0], [6.5, 4.2, 5.0])


def test_cells_partition_the_box():
    rng = np.random.default_rng(1)
    latitude, longitude = rng.uniform(33, 39, 3000), rng.uniform(135, 142, 3000)
    cell = GRID.cells_of(latitude, longitude)
    np.testing.assert_array_equal(cell >= 0, BOX.contains(latitude, longitude))
    for k in rng.integers(0, 3000, 50):
        if cell[k] >= 0:
            assert GRID.cell(*divmod(int(cell[k]), 10)).contains(latitude[k], longitude[k])
    assert GRID.areas_km2().sum() * 10 == pytest.approx(BOX.area_km2)


def test_first_order_in_cells_adds_up_and_equals_single_boxes():
    found = expected_in_cells(MODEL, PAST, GRID, 10.0, 7.0, 4.5)
    whole = MODEL.expected_numbers(PAST, BOX, [10.0], 7.0, 4.5)[0]
    assert found.sum() == pytest.approx(whole, rel=0.01)
    for row, column in ((4, 5), (2, 8), (0, 0), (7, 3)):
        single = MODEL.expected_numbers(PAST, GRID.cell(row, column), [10.0], 7.0, 4.5)[0]
        assert found[row, column] == pytest.approx(single, rel=0.01)


def test_simulated_cells_equal_single_areas():
    found = forecast_cells(MODEL, PAST, GRID, 10.0, 7.0, 4.5, n_simulations=10_000, seed=1)
    for row, column in ((4, 5), (5, 5), (2, 8)):
        single = MODEL.probability(PAST, GRID.cell(row, column), 10.0, 7.0, 4.5, n_simulations=10_000, seed=2)
        error = np.sqrt(single["value"] / 10_000) * 4 + single["high"] - single["value"]
        assert found["probability"][row, column] == pytest.approx(single["value"], abs=error)
    assert (found["low"] <= found["probability"]).all()
    assert (found["probability"] <= found["high"]).all()
    assert (found["probability"] <= found["expected"] + 0.01).all()


def test_simulated_cells_equal_counting_whole_catalogs():
    days, trials = 20.0, 1200
    grid, rng = Grid(BOX, 2, 2), np.random.default_rng(3)
    hits, number = np.zeros(4), np.zeros(4)
    for _ in range(trials):
        one = simulate_catalog(
            REGION, 0, days, TRUTH, b_value=1.0, magnitude_max=7.5, seed=rng, background=BACKGROUND, burn_in_days=0
        )
        strong = one["magnitude"] >= 4.5
        cell = grid.cells_of(one["latitude"][strong], one["longitude"][strong])
        number += np.bincount(cell, minlength=4)
        hits[np.unique(cell)] += 1
    found = forecast_cells(MODEL, PAST[:0], grid, 0.0, days, 4.5, n_simulations=10_000, seed=4)
    counted = hits / trials
    error = np.sqrt(counted * (1 - counted) / trials) + 0.002
    assert (np.abs(found["probability"].ravel() - counted) < 4 * error).all()
    assert found["expected"].sum() == pytest.approx(number.sum() / trials, rel=0.12)


def test_grids_that_are_none():
    for rows, columns in ((0, 3), (3, 0), (1000, 1000)):
        with pytest.raises(RequestError, match="a grid of"):
            Grid(BOX, rows, columns)


def test_cells_beyond_the_region_and_a_uniform_background():
    ground = KernelBackground(BOX, *(np.empty(0) for _ in range(5)), uniform_share=1.0)
    model = EtasModel(TRUTH, ground, b_value=1.0, magnitude_max=7.5)
    grid = Grid(Box.checked((36.0, 40.0, 136.0, 141.0)), 4, 5)  # its northern half lies outside
    found = expected_in_cells(model, History.of([], [], [], []), grid, 10.0, 7.0, 4.0)
    assert (found[2:] == 0).all()
    np.testing.assert_allclose(found[:2], 0.4 * 7 * grid.areas_km2()[:2, None] / BOX.area_km2 * np.ones(5), rtol=1e-9)
