"""The cells of a map: which place falls into which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Coordinates are decimals: 30.1 - 29.7 must reach a cell's edge at 0.4, which it misses in binary by 1e-15.
_ROUNDING_DEGREES = 1e-9


@dataclass(frozen=True)
class Grid:
    """Cells of equal size in degrees, closed on their south and west sides.

    Latitude 90 belongs to the northernmost row, and longitude 180 is longitude -180.

    Parameters
    ----------
    south, north, west : float
        Edges in degrees; `west` in [-180, 180). The east edge, `west + columns * cell_longitude`, may lie
        beyond 180.
    cell_latitude, cell_longitude : float
        Height and width of a cell in degrees.
    rows, columns : int
        Rows count from the south, columns from the west.
    """

    south: float
    north: float
    west: float
    cell_latitude: float
    cell_longitude: float
    rows: int
    columns: int

    @classmethod
    def world(cls, rows: int, columns: int, longitude: float = 0.0) -> Grid:
        """The whole sphere, rolled by whole columns so that a longitude stands in column `columns // 2`.

        Parameters
        ----------
        rows, columns : int
        longitude : float
            What to keep away from the seam, in degrees.

        Examples
        --------
        >>> Grid.world(20, 30, longitude=139.77).west
        -48.0
        """
        width = 360.0 / columns
        column = int(np.floor((longitude + 180.0 + _ROUNDING_DEGREES) / width)) % columns
        west = -180.0 + (column - columns // 2) % columns * width
        return cls(-90.0, 90.0, west, 180.0 / rows, width, rows, columns)

    @classmethod
    def box(cls, rows: int, columns: int, latitude: float, longitude: float, degrees: float) -> Grid:
        """A box of `degrees` by `degrees` around a place, cut off at the poles.

        Parameters
        ----------
        rows, columns : int
        latitude, longitude : float
            Its centre, in degrees.
        degrees : float
            Its height and width; at most 360 of width and 180 of height come out.

        Examples
        --------
        >>> grid = Grid.box(12, 12, latitude=-18.0, longitude=178.0, degrees=12)
        >>> grid.west, grid.longitude_edges[-1]
        (172.0, np.float64(184.0))
        """
        south, north = max(-90.0, latitude - degrees / 2), min(90.0, latitude + degrees / 2)
        width = min(degrees, 360.0)
        west = (longitude - width / 2 + 180.0) % 360.0 - 180.0
        return cls(south, north, west, (north - south) / rows, width / columns, rows, columns)

    @property
    def n_cells(self) -> int:
        """How many cells there are."""
        return self.rows * self.columns

    @property
    def latitude_edges(self) -> np.ndarray:
        """Edges of the rows in degrees, shape (rows + 1,), increasing."""
        return np.linspace(self.south, self.north, self.rows + 1)

    @property
    def longitude_edges(self) -> np.ndarray:
        """Edges of the columns in degrees, shape (columns + 1,), increasing, also where they pass 180."""
        return self.west + np.arange(self.columns + 1) * self.cell_longitude

    def cell(self, latitude, longitude) -> np.ndarray:
        """Flat index, `row * columns + column`, of the cell that holds each place.

        Parameters
        ----------
        latitude, longitude : array_like, shape (n,)
            In degrees; longitudes in any turn.

        Returns
        -------
        ndarray of int32, shape (n,)
            -1 outside the grid.
        """
        latitude, longitude = np.asarray(latitude, float), np.asarray(longitude, float)
        row = np.floor((latitude - self.south + _ROUNDING_DEGREES) / self.cell_latitude)
        if self.north == 90.0:
            row = np.where(latitude <= 90.0, np.minimum(row, self.rows - 1), row)
        east_of_west = np.mod(longitude - self.west + _ROUNDING_DEGREES, 360.0)
        column = np.floor(east_of_west / self.cell_longitude)
        if self.columns * self.cell_longitude >= 360.0 - _ROUNDING_DEGREES:
            column = np.minimum(column, self.columns - 1)  # a quotient may round up to `columns`
        inside = (row >= 0) & (row < self.rows) & (column < self.columns)
        return np.where(inside, row * self.columns + column, -1).astype(np.int32)


def grid_for(recipe) -> Grid:
    """Return the grid that a recipe of the family `catalog` asks for."""
    settings, target = recipe.grid, recipe.target
    if settings.extent == "world":
        return Grid.world(settings.rows, settings.columns, target.longitude)
    return Grid.box(settings.rows, settings.columns, target.latitude, target.longitude, settings.extent.degrees)
