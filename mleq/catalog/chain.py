"""Events that another recipe detected: the catalogue of its latest run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import pandas as pd

from mleq.catalog import columns
from mleq.catalog import events as events_of
from mleq.errors import DataError, Failure, MissingData

FILE = "events.parquet"
"""In the folder of a run that detects events: catalogue rows, as the USGS's columns."""

_results: ContextVar[Path] = ContextVar("mleq_results", default=Path("out"))


@contextmanager
def results_in(out_dir: str | Path) -> Iterator[None]:
    """Look for other recipes' runs in this folder of results while the block runs; `out` without it."""
    token = _results.set(Path(out_dir))
    try:
        yield
    finally:
        _results.reset(token)


def latest_detection(recipe_id: str) -> Path | None:
    """Return the folder of a recipe's latest run that holds a catalogue; None where there is none."""
    runs = _results.get() / recipe_id / "runs"
    found = [one for one in runs.glob("*") if not one.name.startswith(".") and (one / FILE).is_file()]
    return max(found, default=None)


def detected(settings) -> pd.DataFrame:
    """Load the events that another recipe's latest run detected.

    Parameters
    ----------
    settings : RecipeCatalog
        The recipe's `catalog`.

    Returns
    -------
    pandas.DataFrame
        See `mleq.catalog.events`; they cover the record in which they were sought.

    Raises
    ------
    mleq.errors.MissingData
        If that recipe has no run, or one of another family, which detects nothing.
    mleq.errors.DataError
        If no event is left.
    mleq.errors.Failure
        If what that run left cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet

    folder = latest_detection(settings.id)
    if folder is None:
        raise MissingData(
            f"{_results.get() / settings.id} holds no run with detected events ({FILE})",
            remedy=f"run: python cmd/train --recipe_id {settings.id}",
        )
    try:
        about = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["catalog"]
        start, end = (pd.Timestamp(about[key]).tz_convert("UTC").as_unit("us") for key in ("start", "end"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"{folder / 'summary.json'} cannot be read: {error}", remedy="train that recipe again") from None
    try:
        # Not by the reader of files: events of a station whose place is unknown have none either.
        raw = columns.from_arrow(pa.parquet.read_table(folder / FILE))
    except (OSError, pa.ArrowInvalid) as error:
        raise Failure(f"{folder / FILE} cannot be read: {error}", remedy="train that recipe again") from None
    events = events_of.from_raw(
        raw.dropna(subset=["latitude", "longitude"]),
        source=f"detected by {settings.id}, {folder.name}",
        start=start,
        end=end,
        min_magnitude=settings.min_magnitude,
    )
    if events.empty:
        raise DataError(
            f"{folder / FILE}: no event of magnitude {settings.min_magnitude:g} or more with a place",
            expected="at least one",
            remedy="lower catalog.min_magnitude, or give record.latitude and record.longitude in that recipe",
        )
    return events
