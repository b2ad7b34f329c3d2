"""What a run keeps for the panels of its page: daily heatmaps, events around the target, frequencies of magnitudes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from mleq import atomic
from mleq.catalog.magnitudes import Distribution
from mleq.catalog.neighbourhood import distances_km
from mleq.forecast.outcomes import fit_date
from mleq.forecast.plan import completeness_before
from mleq.forecast.recipe import CatalogRecipe
from mleq.forecast.samples import Samples

STRONGEST, NEWEST = 300, 300
"""Events around the target that the map can show before they hide each other."""

REACH = 2.5
"""Radii that the map reaches from the target, north, south, east and west."""

DEEPEST_KM, FINEST_MAGNITUDE = 1000, 0.05
PARTS = ("train", "validation", "test")


def keep_for_page(recipe: CatalogRecipe, events: pd.DataFrame, samples: Samples, folder: Path) -> None:
    """Write heatmaps.npz, events.parquet and magnitudes.csv; see `mleq.report`.

    Raises
    ------
    StorageError
        If they cannot be written.
    """
    kept = around(events, recipe.target)
    frequencies = magnitudes(recipe, events, samples)
    with atomic.storing(folder):
        np.savez_compressed(folder / "heatmaps.npz", **sparse_heatmaps(samples))
        kept.to_parquet(folder / "events.parquet", index=False)
        frequencies.to_csv(folder / "magnitudes.csv", index=False)


def sparse_heatmaps(samples: Samples) -> dict[str, np.ndarray]:
    """All heatmaps of a run as the cells in which something happened: a twentieth of their size, or less.

    Returns
    -------
    dict of ndarray
        `first_day`; `cells_per_day` (n_days,); for each filled cell, day by day, `cell` (row * columns + column from
        the south-west), `magnitude` (in twentieths), `frequency`, `depth_km`, all whole numbers; `grid` (south, west,
        cell_latitude, cell_longitude, rows, columns); `window_days`; for each sample `date`, `observed`, `part` (0
        train, 1 validation, 2 test; samples of the gaps between parts are left out).
    """
    heatmaps = samples.heatmaps.reshape(len(samples.heatmaps), -1, 3)
    day, cell = np.nonzero(heatmaps[..., 1])
    filled = heatmaps[day, cell]
    order = np.concatenate([samples.parts[part] for part in PARTS])
    part = np.repeat(np.arange(3), [len(samples.parts[name]) for name in PARTS])
    grid = samples.grid
    return {
        "first_day": np.array(str(samples.first_day)),
        "cells_per_day": np.bincount(day, minlength=len(heatmaps)).astype(np.uint32),
        "cell": cell.astype(np.uint32),
        "magnitude": np.clip(np.rint(filled[:, 0] / FINEST_MAGNITUDE), 0, 255).astype(np.uint8),
        "frequency": np.clip(filled[:, 1], 0, 65535).astype(np.uint16),
        "depth_km": np.clip(np.rint(filled[:, 2]), 0, DEEPEST_KM).astype(np.uint16),
        "grid": np.array(
            [grid.south, grid.west, grid.cell_latitude, grid.cell_longitude, grid.rows, grid.columns], float
        ),
        "window_days": np.array(samples.window_days),
        "date": samples.dates[order].astype("datetime64[D]").astype(str),
        "observed": samples.target[order],
        "part": part.astype(np.uint8),
    }


def around(events: pd.DataFrame, target) -> pd.DataFrame:
    """The strongest and the newest events around a target, in time order, marked as such and by their distance."""
    near = events.assign(distance_km=distances_km(events, target))
    near = near[near["distance_km"] <= 1.5 * REACH * target.radius_km]
    strongest = near.nlargest(STRONGEST, "magnitude", keep="first").index
    newest = near.nlargest(NEWEST, "origin_time", keep="first").index
    near = near.assign(strongest=near.index.isin(strongest), newest=near.index.isin(newest))
    near = near[near["strongest"] | near["newest"]].sort_values("origin_time")
    near.attrs = {}  # what Parquet would have to write as JSON
    return near


def magnitudes(recipe: CatalogRecipe, events: pd.DataFrame, samples: Samples) -> pd.DataFrame:
    """How many events of each tenth of a magnitude there are where completeness was estimated: magnitude, events."""
    complete = completeness_before(recipe, events, fit_date(recipe, samples))
    time = events["origin_time"]
    inside = (time >= complete.start) & (time < complete.end)
    inside &= distances_km(events, recipe.target) <= complete.radius_km
    found = Distribution.of(events.loc[inside, "magnitude"].to_numpy())
    return pd.DataFrame({"magnitude": found.magnitudes.round(1), "events": found.counts})
