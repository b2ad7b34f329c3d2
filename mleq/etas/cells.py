"""Forecasts for a grid of cells at once: expected numbers and chances of an event in each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mleq.errors import RequestError
from mleq.etas.areas import Outline, shares
from mleq.etas.continuation import batches, worlds
from mleq.etas.decay import omori_survival
from mleq.etas.forecasting import EtasModel
from mleq.etas.history import History
from mleq.etas.sphere import EARTH_RADIUS_KM, Box, distance_km, wrap_longitude

NEAR_DIAGONALS = 4.0  # kernels nearer than this are integrated over a cell, farther ones taken at its centre
LARGEST_GRID = 250_000


@dataclass(frozen=True)
class Grid:
    """Cells of equal steps in latitude and longitude that fill a box.

    Parameters
    ----------
    box : Box
    rows, columns : int
        From south to north and from west to east.
    """

    box: Box
    rows: int
    columns: int

    def __post_init__(self):
        if not (self.rows >= 1 and self.columns >= 1 and self.rows * self.columns <= LARGEST_GRID):
            raise RequestError(
                f"a grid of {self.rows} by {self.columns} cells", expected=f"1 to {LARGEST_GRID:,} cells in all"
            )

    def cell(self, row: int, column: int) -> Box:
        """One cell."""
        south, west = self.box.south + row * self._height, self.box.west + column * self._width
        return Box(south, south + self._height, west, west + self._width)

    def centres(self) -> tuple[np.ndarray, np.ndarray]:
        """Latitude and longitude of the cells' centres, each of shape (rows, columns)."""
        latitude = self.box.south + (np.arange(self.rows) + 0.5) * self._height
        longitude = wrap_longitude(self.box.west + (np.arange(self.columns) + 0.5) * self._width)
        return tuple(np.meshgrid(latitude, longitude, indexing="ij"))

    def areas_km2(self) -> np.ndarray:
        """Areas of the cells of each row, shape (rows,)."""
        edges = np.sin(np.radians(self.box.south + np.arange(self.rows + 1) * self._height))
        return EARTH_RADIUS_KM**2 * math.radians(self._width) * np.diff(edges)

    def cells_of(self, latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
        """In which cell places lie, counted row by row; -1 outside the box; shape (n,)."""
        row = np.floor((latitude - self.box.south) / self._height).astype(np.int64)
        column = np.floor(np.mod(longitude - self.box.west, 360) / self._width).astype(np.int64)
        inside = (row >= 0) & (row < self.rows) & (column < self.columns)
        return np.where(inside, row * self.columns + column, -1)

    @property
    def _height(self) -> float:
        return (self.box.north - self.box.south) / self.rows

    @property
    def _width(self) -> float:
        return (self.box.east - self.box.west) / self.columns


def expected_in_cells(
    model: EtasModel, history: History, grid: Grid, issue_time: float, days: float, magnitude: float
) -> np.ndarray:
    """Expected events in each cell within `days` of the issue time, offspring of coming events left out.

    Parameters
    ----------
    model : EtasModel
    history : History
        Events at or after the issue time are not looked at.
    grid : Grid
    issue_time, days, magnitude : float
        As for `EtasModel.expected_numbers`.

    Returns
    -------
    numpy.ndarray, shape (rows, columns)
    """
    p = model.parameters
    past = history[(history.time_days < issue_time) & (history.magnitude >= p.m0)]
    elapsed, growth = issue_time - past.time_days, past.magnitude - p.m0
    strength = (
        p.productivity * np.exp(p.alpha * growth) * (omori_survival(p, elapsed) - omori_survival(p, elapsed + days))
    )
    scale = p.d_km2 * np.exp(p.gamma * growth)
    latitude, longitude = grid.centres()
    expected = np.empty((grid.rows, grid.columns))
    background, weights = _background_weights(model)
    for row, column in np.ndindex(grid.rows, grid.columns):
        cell = grid.cell(row, column)
        outline, reach = Outline.of_box(cell), NEAR_DIAGONALS * math.hypot(*_sides_km(cell))
        distance = distance_km(latitude[row, column], longitude[row, column], past.latitude, past.longitude)
        near = distance < reach
        kernel = (p.q - 1) / (math.pi * scale) * (1 + distance**2 / scale) ** -p.q * outline.area_km2
        kernel[near] = shares(past.latitude[near], past.longitude[near], outline).of_power_law(scale[near], p.q)
        share = _background_share(background, weights, outline, (latitude[row, column], longitude[row, column]), reach)
        expected[row, column] = p.background_per_day * days * share + np.einsum("n,n->", kernel, strength)
    return model.share_above(magnitude) * expected


def _background_weights(model: EtasModel):
    """The background, and the share of background events in each of its kernels before the cut at the region's edge."""
    ground = model.background
    return ground, (1 - ground.uniform_share) * ground.weight / ground.mass_inside() if ground.weight.size else None


def _background_share(ground, weights, outline: Outline, centre: tuple[float, float], reach_km: float) -> float:
    """`KernelBackground.share_in`, with far kernels taken at the cell's centre."""
    inside = outline.clipped(ground.region)
    if inside is None:
        return 0.0
    share = ground.uniform_share * inside.area_km2 / ground.region.area_km2
    if weights is None:
        return share
    distance = distance_km(*centre, ground.latitude, ground.longitude)
    near = distance < reach_km
    kernel = np.exp(-0.5 * (distance / ground.bandwidth_km) ** 2) / (2 * np.pi * ground.bandwidth_km**2)
    kernel *= inside.area_km2
    kernel[near] = shares(ground.latitude[near], ground.longitude[near], inside).of_gaussian(ground.bandwidth_km[near])
    return share + float(np.einsum("n,n->", kernel, weights))


def forecast_cells(
    model: EtasModel,
    history: History,
    grid: Grid,
    issue_time: float,
    days: float,
    magnitude: float,
    *,
    n_simulations: int = 10_000,
    seed: int | np.random.Generator,
) -> dict[str, np.ndarray]:
    """Expected events, and chances of at least one, in each cell, offspring of coming events included.

    Parameters
    ----------
    model, history, grid, issue_time, days, magnitude
        As for `expected_in_cells`.
    n_simulations : int, optional
        How many continuations; one set of them serves all cells.
    seed : int or numpy.random.Generator

    Returns
    -------
    dict of numpy.ndarray, shape (rows, columns)
        `expected`; `probability`, the share of the continuations that have an event in the cell; `low` and `high`,
        a 95 % interval (Wilson) that holds the noise of simulation.
    """
    rng, share = np.random.default_rng(seed), model.share_above(magnitude)
    past = history[(history.time_days < issue_time) & (history.magnitude >= model.parameters.m0)]
    cells, end = grid.rows * grid.columns, issue_time + days
    number, hits = np.zeros(cells), np.zeros(cells)
    for _, size in batches(model, past, issue_time, end, n_simulations):
        struck = []
        for generation, world in worlds(model, past, issue_time, end, size, rng):
            cell = grid.cells_of(generation["latitude"], generation["longitude"])
            number += np.bincount(cell[cell >= 0], minlength=cells)
            strong = (cell >= 0) & (generation["magnitude"] >= magnitude)
            struck.append(world[strong] * cells + cell[strong])
        hits += np.bincount(np.unique(np.concatenate(struck)) % cells, minlength=cells)
    chance = hits / n_simulations
    z2 = 1.96**2 / n_simulations
    middle = (chance + z2 / 2) / (1 + z2)
    half = np.sqrt(z2 * chance * (1 - chance) + z2**2 / 4) / (1 + z2)
    found = {
        "expected": number * share / n_simulations,
        "probability": chance,
        "low": np.maximum(middle - half, 0),
        "high": np.minimum(middle + half, 1),
    }
    return {name: values.reshape(grid.rows, grid.columns) for name, values in found.items()}


def _sides_km(cell: Box) -> tuple[float, float]:
    middle = (cell.south + cell.north) / 2
    return (
        math.radians(cell.north - cell.south) * EARTH_RADIUS_KM,
        math.radians(cell.east - cell.west) * EARTH_RADIUS_KM * math.cos(math.radians(middle)),
    )
