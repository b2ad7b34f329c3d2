"""The table of raw catalogue rows: the 22 columns of the USGS event service, typed.

Everything that is fetched, stored, read from files or exported has this form; only `mleq.catalog.events` turns it
into events. Numbers that a row lacks are NaN, texts that it lacks are empty, times are UTC in microseconds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

TIMES = ("time", "updated")
NUMBERS = (
    "latitude", "longitude", "depth", "mag", "nst", "gap", "dmin", "rms",
    "horizontalError", "depthError", "magError", "magNst",
)  # fmt: skip
COLUMNS = (
    "time", "latitude", "longitude", "depth", "mag", "magType", "nst", "gap", "dmin", "rms", "net", "id",
    "updated", "place", "type", "horizontalError", "depthError", "magError", "magNst", "status",
    "locationSource", "magSource",
)  # fmt: skip
NEEDED = ("time", "latitude", "longitude", "depth", "mag", "id")
"""Columns without which a table cannot be a catalogue; the others are filled where they are missing."""

EVENT_COLUMNS = ("time", "latitude", "longitude", "depth", "mag", "magType", "id", "updated", "type", "status")
"""What the events table is made of; reading these alone takes half the time of reading all."""

ALIASES = {
    "origin_time": "time",
    "depth_km": "depth",
    "magnitude": "mag",
    "magnitude_type": "magType",
}
"""Names of the events table, understood in files too."""


def arrow_types() -> dict:
    """The pyarrow type of each column."""
    import pyarrow as pa

    types = dict.fromkeys(COLUMNS, pa.string())
    types |= dict.fromkeys(NUMBERS, pa.float64())
    types |= dict.fromkeys(TIMES, pa.timestamp("us", "UTC"))
    return types


def arrow_schema():
    """The pyarrow schema of the raw table, columns in the order of the service."""
    import pyarrow as pa

    types = arrow_types()
    return pa.schema([(name, types[name]) for name in COLUMNS])


def from_arrow(table, names: tuple[str, ...] = COLUMNS) -> pd.DataFrame:
    """Make the raw table from a pyarrow table that has at least the needed columns, with any compatible types.

    Columns that it lacks are filled: numbers with NaN, texts with "", `updated` with NaT, `type` with
    "earthquake". `names` chooses some of the columns.
    """
    import pyarrow as pa

    types = arrow_types()
    columns = []
    for name in names:
        if name in table.column_names:
            column = table.column(name)
            columns.append(column if column.type == types[name] else column.cast(types[name]))
        elif name in NUMBERS or name in TIMES:
            columns.append(pa.nulls(table.num_rows, types[name]))
        else:
            columns.append(pa.array(["earthquake" if name == "type" else ""] * table.num_rows, pa.string()))
    raw = pa.table(columns, names=list(names)).to_pandas()
    texts = [name for name in names if name not in NUMBERS and name not in TIMES]
    gaps = [name for name in texts if raw[name].isna().any()]
    raw[gaps] = raw[gaps].fillna("")
    return raw


def to_arrow(raw: pd.DataFrame):
    """Make a pyarrow table of the raw table, without the index and the attributes of pandas."""
    import pyarrow as pa

    arrays = [pa.Array.from_pandas(raw[name], type=kind) for name, kind in arrow_types().items()]
    return pa.table(arrays, names=list(COLUMNS)).select(list(COLUMNS))


def empty() -> pd.DataFrame:
    """A raw table without rows."""
    return from_arrow(arrow_schema().empty_table())


def newest(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Join raw tables; of rows with the same id the one with the latest `updated` stays, the last one if equal.

    Returns
    -------
    pandas.DataFrame
        Rows in order of time, then id.
    """
    filled = [table for table in tables if len(table)]
    if not filled:
        return empty()
    raw = filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)
    if not raw["id"].is_unique:
        raw = raw.sort_values("updated", kind="stable", na_position="first").drop_duplicates("id", keep="last")
    return in_order(raw)


def in_order(raw: pd.DataFrame) -> pd.DataFrame:
    """Sort a raw table by time, then id; a table that is in order comes back as it is."""
    steps = np.diff(raw["time"].to_numpy("datetime64[us]")).astype(np.int64)
    ties = np.flatnonzero(steps == 0)
    names = raw["id"]
    if (steps >= 0).all() and (names.iloc[ties].to_numpy() <= names.iloc[ties + 1].to_numpy()).all():
        return raw.reset_index(drop=True)
    return raw.sort_values(["time", "id"], kind="stable", ignore_index=True)
