"""Where the signals of a recipe come from: the simulator, the store, or files given with --input."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq.errors import DataError, RequestError
from mleq.lab import importing
from mleq.lab.cycles import find_cycles
from mleq.lab.features import prepared
from mleq.lab.recipe import SCORED, LabRecipe
from mleq.lab.signals import FeatureTable, Signals
from mleq.lab.store import Store


def data_folder(data_dir: str | Path | None) -> Path:
    """Folder of the store: as given, else `MLEQ_DATA`, else `data` in the working directory."""
    return Path(data_dir or os.environ.get("MLEQ_DATA") or "data")


def load(
    recipe: LabRecipe,
    files: Sequence[Path] = (),
    data_dir: str | Path | None = None,
    inputs: Sequence[Path] = (),
) -> Signals | FeatureTable:
    """Give the signals of a recipe; see `mleq.experiment.family.Family`.

    Raises
    ------
    RequestError
        If a catalogue is given, or several inputs, or one that is not there.
    DataError
        If a file is not what it must be.
    MissingData
        If the store lacks the record.
    """
    if files:
        raise RequestError(
            f"recipe '{recipe.id}' reads signals, not a catalogue (--catalog {files[0]})",
            remedy="give the signals with --input FILE",
        )
    if not inputs:
        return _own(recipe, data_dir)
    if len(inputs) > 1:
        raise RequestError(f"{len(inputs)} inputs to train on", expected="one record or table, as --input FILE")
    (path,) = inputs
    if not path.exists():
        raise RequestError(f"no such file: {path}", expected="a csv with acoustic_data and time_to_failure")
    if path.is_dir() or path.suffix == ".h5":
        folder = path if path.is_dir() else path.parent
        if not (folder / "record.h5").is_file():
            raise RequestError(
                f"the folder {folder} holds no record", expected="one that `fetch --input train.csv` made"
            )
        return Store(folder).open()
    names = importing.header(path)
    if set(importing.COLUMNS) <= set(names):
        return importing.stored(path, data_folder(data_dir), recipe.signals).open()
    return table_of(recipe, path, names)


def _own(recipe: LabRecipe, data_dir: str | Path | None) -> Signals:
    if recipe.signals.source == "simulated":
        from mleq.lab.simulator import simulate

        return simulate(recipe.signals)
    return Store(data_folder(data_dir) / "lab" / recipe.signals.store).open()


def table_of(recipe: LabRecipe, path: Path, names: Sequence[str]) -> FeatureTable:
    """Read a table of window features by the recipe's `signals.columns`.

    Raises
    ------
    DataError
        If a column is missing, a value is no number, or the time rises within a cycle.
    RequestError
        If the recipe's model is a network, which needs samples.
    """
    columns = recipe.signals.columns
    signal = " and ".join(importing.COLUMNS)
    if not columns:
        raise DataError(
            f"{path}, line 1: columns {', '.join(names)[:120]}",
            expected=f"{signal}, or a table whose columns the recipe names in signals.columns",
        )
    missing = [theirs for theirs in columns.values() if theirs not in names]
    if missing:
        raise DataError(
            f"{path}, line 1: no column '{missing[0]}' among {', '.join(names)[:120]}",
            expected=f"those of signals.columns, or {signal}",
        )
    if not recipe.learns_features:
        raise RequestError(
            f"{path} holds features of windows, and recipe '{recipe.id}' trains a network on samples",
            remedy="train a recipe of features on it: python cmd/train --recipe_id lab_features --input …",
        )
    table = read_columns(path, columns)
    times = table.pop(SCORED).to_numpy()
    cycles = find_cycles(times, failure_below_s=recipe.signals.failure_below_s, max_gap_s=None, name=str(path))
    content = pd.util.hash_pandas_object(table.assign(time=times), index=False).to_numpy().tobytes()
    return FeatureTable(
        features=prepared(table, recipe.windows.remove_offset),
        time_to_failure_s=times,
        cycles=cycles,
        source=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def read_columns(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    """Read the mapped columns of a table, under our names, all numbers.

    Raises
    ------
    DataError
        If it cannot be read, or a value is no number.
    """
    try:
        raw = pd.read_csv(path, usecols=list(columns.values()))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as csv: {error}") from None
    table = pd.DataFrame({ours: pd.to_numeric(raw[theirs], errors="coerce") for ours, theirs in columns.items()})
    bad = ~np.isfinite(table.to_numpy(float))
    if not len(table):
        raise DataError(f"{path} holds no row")
    if bad.any():
        row, column = np.argwhere(bad)[0]
        name = list(columns.values())[column]
        raise DataError(f"{path}, line {row + 2:,}: {raw[name].iloc[row]!r} as {name}", expected="a number")
    return table


def describe(recipe: LabRecipe, material: Signals | FeatureTable, samples: Any) -> dict[str, Any]:
    """Describe the record for summary.json; see `mleq.experiment.family.Family`."""
    cycles = material.cycles[material.cycles["complete"]]
    lengths = cycles["start_time_to_failure_s"]
    sampled = isinstance(material, Signals)
    return {
        "source": material.source,
        "kind": "signal" if sampled else "table of window features",
        "simulated": sampled and material.source.startswith("simulated"),
        "events": int(len(material.cycles) - 1),
        "rows": int(material.rows),
        "complete_cycles": int(len(cycles)),
        "shortest_cycle_s": float(lengths.min()),
        "longest_cycle_s": float(lengths.max()),
        "sampling_rate_hz": float(material.sampling_rate_hz) if sampled else None,
        "sha256": material.sha256,
    }
