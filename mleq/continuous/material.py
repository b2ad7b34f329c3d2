"""The record that a recipe reads: simulated, in files, in the store, or given on the command line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mleq.continuous.formats import find_files, read_traces, write_hdf5
from mleq.continuous.recipe import ContinuousRecipe, FileRecord
from mleq.continuous.records import ContinuousRecord, gather
from mleq.continuous.simulation import simulate_record
from mleq.errors import MissingData, RequestError


def load(
    recipe: ContinuousRecipe,
    files: Sequence[Path] = (),
    data_dir: Path | None = None,
    inputs: Sequence[Path] = (),
) -> ContinuousRecord:
    """Open a recipe's record; no sample is read yet.

    Signals given with --input come first, then what `fetch` brought, then record.paths; a simulated record is simulated
    unless signals are given.

    Raises
    ------
    RequestError
        If a catalogue is given.
    MissingData
        If the recipe reads files and none is at hand.
    DataError
        If the files cannot be used as they are.
    """
    if files:
        raise RequestError(
            f"recipe '{recipe.id}' reads a continuous record, not a catalogue (--catalog {files[0]})",
            remedy="give the record with --input FILE",
        )
    if inputs:
        return open_record(recipe, inputs)
    if recipe.record.source == "simulated":
        return simulate_record(recipe.record)
    kept = stored(recipe, data_dir)
    if kept.is_file():
        return open_record(recipe, [kept])
    if recipe.record.paths:
        return open_record(recipe, recipe.record.paths)
    raise MissingData(
        f"recipe '{recipe.id}' has no record yet: {kept} is not there",
        remedy=f"give it with --input FILE, or bring it once: python cmd/fetch --recipe_id {recipe.id} --input FILE",
    )


def open_record(recipe: ContinuousRecipe, paths: Sequence[str | Path]) -> ContinuousRecord:
    """Open files, folders and globs as one record, as the recipe chooses stations and channels."""
    chosen = recipe.record if isinstance(recipe.record, FileRecord) else FileRecord(source="files")
    traces = read_traces(find_files(paths), stations=chosen.stations, channels=chosen.channels)
    name = ", ".join(Path(str(path)).name for path in paths)
    place = {"latitude": recipe.record.latitude, "longitude": recipe.record.longitude}
    return gather(traces, name, **(place if isinstance(recipe.record, FileRecord) else {}))


def stored(recipe: ContinuousRecipe, data_dir: Path | None) -> Path:
    """Where `fetch` keeps a recipe's record."""
    return Path(data_dir or os.environ.get("MLEQ_DATA") or "data") / "continuous" / f"{recipe.id}.h5"


def fetch(
    recipe: ContinuousRecipe, inputs: Sequence[Path], data_dir: Path | None = None, export_to: Path | None = None
) -> dict[str, Any]:
    """Copy a record into the recipe's store, one HDF5 file, and into another where asked; needs h5py."""
    record = open_record(recipe, inputs)
    target = stored(recipe, data_dir)
    samples = write_hdf5(record, target)
    if export_to is not None:
        write_hdf5(record, Path(export_to))
    begin, end = record.span
    return {
        "recipe_id": recipe.id,
        "store": str(target),
        "stations": [station.name for station in record.stations],
        "channels": list(record.stations[0].channels),
        "sampling_rate_hz": record.rate,
        "segments": sum(len(station.segments) for station in record.stations),
        "samples": samples,
        "start": begin.isoformat(),
        "end": end.isoformat(),
        "exported": None if export_to is None else str(export_to),
    }


def fetch_lines(brought: dict[str, Any]) -> list[str]:
    """Say what `fetch` brought."""
    count, stretches = len(brought["stations"]), brought["segments"]
    lines = [
        f"{brought['store']} holds {brought['samples']:,} samples of {count} station{'s' * (count != 1)} "
        f"({', '.join(brought['channels'])} at {brought['sampling_rate_hz']:g} Hz), {brought['start'][:19]} to "
        f"{brought['end'][:19]}, in {stretches} stretch{'es' * (stretches != 1)} without a gap"
    ]
    return [*lines, *([f"wrote {brought['exported']}"] if brought["exported"] else [])]
