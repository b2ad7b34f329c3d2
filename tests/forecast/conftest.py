"""Catalogues, recipes and a small pool made to measure for the tests of the family `catalog`."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mleq import api
from mleq.forecast.outcomes import outcomes
from mleq.forecast.pool import running
from mleq.forecast.recipe import CatalogRecipe

SMALL_POOL = """{"format": 1, "recipes": [{"id": "small_pool", "family": "catalog",
  "catalog": {"source": "simulated", "start": "1995-01-01", "days": 2600, "min_magnitude": 4.0, "seed": 3,
              "region": [30, 40, 135, 145], "mu": 0.8, "A": 0.3, "alpha": 1.6},
  "target": {"latitude": 35, "longitude": 140, "radius_km": 100, "magnitude": 4.5},
  "grid": {"extent": {"degrees": 10}, "rows": 2, "columns": 2, "window_days": 5},
  "split": {"validation": 0.15, "test": 0.2}, "pool": {"circles": 6, "refit_years": 2},
  "model": {"name": "residual_boosting", "epochs": 12, "least_weight": 5, "ridge": 5, "learning_rate": 0.1},
  "seed": 4}]}"""
TOKYO = {"latitude": 35.680934, "longitude": 139.767551}


@pytest.fixture(scope="session")
def make_events():
    """A factory of event tables: lists of columns, or `n` random events of the world."""

    def make(n=None, *, start="2001-01-01", end="2001-12-31", seed=0, near=None, attrs=True, **columns) -> pd.DataFrame:
        start, end = pd.Timestamp(start, tz="UTC"), pd.Timestamp(end, tz="UTC")
        rng = np.random.default_rng(seed)
        n = len(next(iter(columns.values()))) if n is None else n
        milliseconds = (end - start) // pd.Timedelta("1ms")
        random = {
            "origin_time": start + pd.to_timedelta(np.sort(rng.integers(0, milliseconds, n)), unit="ms"),
            "latitude": np.round(rng.uniform(-90, 90, n), 3),
            "longitude": np.round(rng.uniform(-180, 180, n), 3),
            "depth_km": np.where(rng.random(n) < 0.1, np.nan, np.round(rng.uniform(0, 700, n), 1)),
            "magnitude": np.round(4 + rng.exponential(0.45, n), 1),
        }
        if near is not None:
            spread = rng.normal(0, 1, (2, n))
            random["latitude"] = np.round(near[0] + spread[0], 3)
            random["longitude"] = np.round(near[1] + spread[1], 3)
        events = pd.DataFrame({name: columns.get(name, random[name]) for name in random})
        events["origin_time"] = pd.to_datetime(events["origin_time"], utc=True).dt.as_unit("ms")
        events.insert(0, "id", [f"e{i}" for i in range(n)])
        events = events.assign(magnitude_type="mb", type="earthquake", status="reviewed", updated=end)
        events = events.sort_values("origin_time", kind="stable", ignore_index=True)
        if attrs:
            events.attrs.update(start=start, end=end, source="a test", sha256="")
        return events

    return make


@pytest.fixture(scope="session")
def make_recipe():
    """A factory of recipes: `target={…}`, `grid={…}` and so on overlay those of a small Tokyo."""

    def make(**changes) -> CatalogRecipe:
        recipe = {
            "id": "small",
            "family": "catalog",
            "catalog": {"source": "usgs", "start": "2001-01-01", "min_magnitude": 4.0},
            "target": {**TOKYO, "radius_km": 150.0, "magnitude": 4.5, "timezone": "Asia/Tokyo"},
            "grid": {"rows": 10, "columns": 12, "window_days": 5},
            "split": {"validation": 0.2, "test": 0.25},
            "model": {"name": "convlstm"},
        }
        for part, change in changes.items():
            recipe[part] = {**recipe.get(part, {}), **change} if isinstance(change, dict) else change
        return CatalogRecipe.model_validate_json(json.dumps(recipe))

    return make


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A pool that was learnt and kept, and what it was learnt from."""
    folder = tmp_path_factory.mktemp("pool")
    (folder / "recipe.json").write_text(SMALL_POOL)
    recipe = api.load_recipe("small_pool", folder / "recipe.json")
    events = api.load_events(recipe, data_dir=folder)
    found = outcomes(recipe, events)
    learned = running.learner(recipe)(found, events, work=folder / "work", key="k")
    table = running.forecasts(recipe, events, found, learned, {})
    run_folder = folder / "run"
    run_folder.mkdir()
    learned.save(run_folder)
    split = {
        name: {"start": str(found.dates[days[0]]), "end": str(found.dates[days[-1]])}
        for name, days in found.parts.items()
    }
    run = SimpleNamespace(
        folder=run_folder,
        summary={"split": split, "catalog": {"start": str(events.attrs["start"])}, "verdict": "-"},
        calibration={"references": {"climatology": {"days": 9, "positives": 1}}},
    )
    return SimpleNamespace(
        recipe=recipe, events=events, found=found, learned=learned, table=table, run=run, folder=folder
    )
