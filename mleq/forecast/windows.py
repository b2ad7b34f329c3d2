"""The days before each target date, as views of the daily maps."""

from __future__ import annotations

import numpy as np


def window_views(heatmaps: np.ndarray, window_days: int) -> np.ndarray:
    """Every run of `window_days` consecutive days, without a copy.

    Parameters
    ----------
    heatmaps : ndarray, shape (n_days, rows, columns, 3)
    window_days : int

    Returns
    -------
    ndarray, shape (n_days - window_days + 1, window_days, rows, columns, 3)
        A read-only view: element i is `heatmaps[i : i + window_days]`, the window of day `i + window_days`.
    """
    views = np.lib.stride_tricks.sliding_window_view(heatmaps, window_days, axis=0)
    return np.moveaxis(views, -1, 1)


def scaled(windows: np.ndarray, scale) -> np.ndarray:
    """Channels divided by the recipe's constants and clipped to [0, 1].

    The constants stand in the recipe: anything fitted on data would tell the past about the future.

    Parameters
    ----------
    windows : ndarray, shape (..., 3)
    scale : sequence of 3 floats
        What counts as 1 in each channel.

    Returns
    -------
    ndarray of float32, shape (..., 3)
        A copy; `windows` stay as they are.
    """
    result = np.divide(windows, np.asarray(scale, np.float32), dtype=np.float32, order="C")
    return np.clip(result, 0.0, 1.0, out=result)
