"""Daily maps of a catalogue: what happened in each cell on each day."""

from __future__ import annotations

import numpy as np

from mleq.forecast.grid import Grid

CHANNELS = ("magnitude", "frequency", "depth_km")


def daily_heatmaps(day, latitude, longitude, depth_km, magnitude, *, grid: Grid, n_days: int) -> np.ndarray:
    """Magnitude, number and mean depth of the earthquakes of each cell-day.

    The magnitude channel is the magnitude of the summed energy: with log10 E = 4.8 + 1.5 M (E in joules;
    Gutenberg and Richter 1956, doi:10.1785/BSSA0460020105) the constant 4.8 cancels, and
    M = log10(sum of 10^(1.5 m)) / 1.5.

    Parameters
    ----------
    day : ndarray of int, shape (n,)
        Day of each event, counted from 0; events on other days than 0 ... n_days - 1 are left out.
    latitude, longitude : ndarray, shape (n,)
        In degrees; events outside the grid are left out.
    depth_km : ndarray, shape (n,)
        NaN where missing: left out of the mean, not out of the other channels.
    magnitude : ndarray, shape (n,)
    grid : Grid
    n_days : int

    Returns
    -------
    ndarray of float32, shape (n_days, rows, columns, 3)
        The channels of `CHANNELS`; 0 where a cell-day is empty, and in depth where no depth is known.
    """
    heatmaps = np.zeros((n_days * grid.n_cells, len(CHANNELS)), np.float32)
    shaped = heatmaps.reshape(n_days, grid.rows, grid.columns, len(CHANNELS))
    day, cell = np.asarray(day), grid.cell(latitude, longitude)
    inside = np.flatnonzero((cell >= 0) & (day >= 0) & (day < n_days))
    if inside.size == 0:
        return shaped
    cell_day = day[inside].astype(np.int64) * grid.n_cells + cell[inside]

    # Sorted by cell-day, each cell-day is one run; sums over runs need no array as large as the tensor.
    order = np.argsort(cell_day, kind="stable")
    cell_day, inside = cell_day[order], inside[order]
    first = np.flatnonzero(np.r_[True, cell_day[1:] != cell_day[:-1]])
    filled = cell_day[first]

    energy = np.power(10.0, 1.5 * np.asarray(magnitude, float)[inside])
    heatmaps[filled, 0] = np.log10(np.add.reduceat(energy, first)) / 1.5
    heatmaps[filled, 1] = np.diff(first, append=len(cell_day))

    depth = np.asarray(depth_km, float)[inside]
    known = ~np.isnan(depth)
    n_known = np.add.reduceat(known.astype(np.int64), first)
    heatmaps[filled, 2] = np.add.reduceat(np.where(known, depth, 0.0), first) / np.maximum(n_known, 1)
    return shaped
