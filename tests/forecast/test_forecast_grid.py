from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.forecast.grid import Grid, grid_for

SIZES = st.sampled_from([(1, 1), (20, 30), (18, 36), (45, 90), (180, 360), (720, 1440)])
LATITUDES = st.decimals(-90, 90, places=4)
LONGITUDES = st.decimals(-180, 180, places=4)


@given(size=SIZES, latitude=LATITUDES, longitude=LONGITUDES, centre=st.decimals(-180, 359, places=3))
def test_world_cell_is_exact_in_decimals(size, latitude, longitude, centre):
    rows, columns = size
    grid = Grid.world(rows, columns, float(centre))
    height, width = Decimal(180) / rows, Decimal(360) / columns
    row = min(int((latitude + 90) // height), rows - 1)
    column = int(((longitude - Decimal(grid.west)) % 360 + 360) % 360 // width)
    assert grid.cell([float(latitude)], [float(longitude)]).tolist() == [row * columns + column]


@given(
    latitude=LATITUDES,
    longitude=LONGITUDES,
    centre=st.tuples(st.decimals(-90, 90, places=3), LONGITUDES),
    degrees=st.sampled_from([1, 12, 40, 180]),
)
def test_box_cell_is_exact_in_decimals(latitude, longitude, centre, degrees):
    grid = Grid.box(10, 20, float(centre[0]), float(centre[1]), degrees)
    half = Decimal(degrees) / 2
    south, north = max(Decimal(-90), centre[0] - half), min(Decimal(90), centre[0] + half)
    row = (latitude - south) * 10 // (north - south)
    if latitude == north == 90:
        row = 9
    # A Decimal remainder keeps the sign of the dividend.
    column = ((longitude - centre[1] + half) % 360 + 360) % 360 * 20 // degrees
    expected = int(row * 20 + column) if latitude >= south and row < 10 and column < 20 else -1
    assert grid.cell([float(latitude)], [float(longitude)]).tolist() == [expected]


@given(
    rows=st.integers(1, 50),
    columns=st.integers(1, 50),
    centre=st.floats(-180, 180),
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
)
def test_every_place_of_the_world_has_one_cell(rows, columns, centre, latitude, longitude):
    grid = Grid.world(rows, columns, centre)
    cell = int(grid.cell([latitude], [longitude])[0])
    assert 0 <= cell < grid.n_cells
    row, column = divmod(cell, columns)
    assert grid.latitude_edges[row] - 1e-6 <= latitude <= grid.latitude_edges[row + 1] + 1e-6
    east = (longitude - grid.longitude_edges[column] + 1e-6) % 360
    assert east <= grid.cell_longitude + 2e-6


def test_cells_are_closed_on_south_and_west():
    grid = Grid.world(20, 30)
    assert grid.cell([0.0], [0.0]) == 10 * 30 + 15
    assert grid.cell([np.nextafter(0, -1) - 1e-6], [0.0]) == 9 * 30 + 15
    assert grid.cell([0.0], [-1e-6]) == 10 * 30 + 14


def test_poles_and_seam():
    grid = Grid.world(20, 30)
    assert grid.cell([90.0, -90.0], [0.0, 0.0]).tolist() == [19 * 30 + 15, 15]
    assert grid.cell([0.0], [180.0]) == grid.cell([0.0], [-180.0]) == 10 * 30


@pytest.mark.parametrize("longitude", [139.767551, -70.66, 0.0, 179.99, -180.0, 180.0, 285.0])
@pytest.mark.parametrize("columns", [30, 7, 1])
def test_target_stands_in_the_middle_column(longitude, columns):
    grid = Grid.world(20, columns, longitude)
    assert int(grid.cell([10.0], [longitude])[0]) % columns == columns // 2
    assert -180 <= grid.west < 180


def test_box_crosses_the_antimeridian():
    grid = Grid.box(12, 12, -18.0, 178.0, 12)
    cells = grid.cell([-18.0] * 6, [172.0, 179.5, 180.0, -180.0, -176.1, -176.0])
    assert cells.tolist() == [72, 79, 80, 80, 83, -1]
    assert grid.longitude_edges[0] == 172
    assert grid.longitude_edges[-1] == 184


def test_box_is_cut_at_the_pole():
    grid = Grid.box(8, 4, 88.0, 0.0, 12)
    assert (grid.south, grid.north, grid.cell_latitude) == (82.0, 90.0, 1.0)
    assert grid.cell([90.0, 82.0, 81.9], [0.0, 0.0, 0.0]).tolist() == [7 * 4 + 2, 2, -1]


def test_tiny_box_does_not_overflow():
    assert Grid.box(720, 1440, 0.0, 0.0, 1e-6).cell([89.0], [179.0]) == -1


def test_grid_of_recipes(make_recipe):
    assert grid_for(make_recipe()) == Grid.world(10, 12, 139.767551)
    grid = grid_for(make_recipe(grid={"extent": {"degrees": 12.0}}))
    assert grid == Grid.box(10, 12, 35.680934, 139.767551, 12.0)
    assert grid.latitude_edges == pytest.approx(29.680934 + 1.2 * np.arange(11))
