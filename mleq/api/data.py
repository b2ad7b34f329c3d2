"""What a notebook may ask of data: the events or signals of a recipe, and its samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mleq import recipe as recipe_room
from mleq.errors import RequestError
from mleq.registry import family as family_of
from mleq.registry import recipe_models


def load_events(recipe: Any, files: Sequence[str | Path] = (), *, data_dir: str | Path | None = None) -> pd.DataFrame:
    """Load the events of a recipe: from files where some are given, else from the store or the simulation.

    Parameters
    ----------
    recipe : Recipe
    files : sequence of path, optional
        USGS CSV (.csv, .csv.gz) or Parquet.
    data_dir : path, optional
        Folder of the store; `MLEQ_DATA` or `data` without it.

    Returns
    -------
    pandas.DataFrame
        In time order: id, origin_time (UTC), latitude, longitude, depth_km, magnitude, magnitude_type, type,
        status, updated.
    """
    return family_of(recipe.family).load(recipe, files=files, data_dir=data_dir)


def samples(recipe: Any, events: pd.DataFrame) -> Any:
    """Make the samples of a recipe; see `mleq.forecast.samples.Samples`."""
    return family_of(recipe.family).make_samples(recipe, events)


def fetch_signals(
    recipe_id: str | None,
    path: str | Path | None = None,
    *,
    inputs: Sequence[str | Path],
    data_dir: str | Path | None = None,
    export_to: str | Path | None = None,
) -> dict[str, Any]:
    """Bring the signals of a waveform recipe into its store, and export them where asked.

    Returns
    -------
    dict
        JSON values: `family`, and what the family says of what it brought.

    Raises
    ------
    RequestError
        If no recipe is named, or its family reads no signals.
    """
    if not recipe_id:
        raise RequestError("--input needs a recipe, which says what the signals are", remedy="add --recipe_id ID")
    recipe = recipe_room.load_recipe(recipe_id, path, models=recipe_models)
    family = family_of(recipe.family)
    if not hasattr(family, "fetch"):
        raise RequestError(
            f"recipe '{recipe_id}' is of the family '{recipe.family}', which reads no signals",
            remedy="leave --input out: events come from the service or from --catalog",
        )
    export = None if export_to is None else Path(export_to)
    brought = family.fetch(recipe, [Path(file) for file in inputs], data_dir=data_dir, export_to=export)
    return {"family": recipe.family, **brought}


def fetch_lines(brought: dict[str, Any]) -> list[str]:
    """Say in words what `fetch_signals` brought."""
    return family_of(brought["family"]).fetch_lines(brought)
