"""Detections as rows of an earthquake catalogue, and the files they are written to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from mleq import atomic
from mleq.catalog import columns
from mleq.continuous.records import ContinuousRecord

EXTRAS = ("family_id", "score")
"""Columns after the 22 of the catalogue: the template's name, and how far a detection stands out, in deviations."""

PLACE = "events.parquet"
"""The file in a run's folder by which a recipe of the family `catalog` finds what was detected."""


def to_rows(events: pd.DataFrame, record: ContinuousRecord, run: str) -> pd.DataFrame:
    """Make catalogue rows of detections.

    A detection of one station has no place of its own: it is put at the station, without a depth. Its magnitude is
    relative (`magType` "rel"): log10 of the amplitude in the usual amplitudes of the record, plus the recipe's offset.
    The same event at several stations is as many rows.

    Parameters
    ----------
    events : pandas.DataFrame
        Of `Detector.events`.
    record : ContinuousRecord
    run : str
        Letters that tell this detection's ids from another's.

    Returns
    -------
    pandas.DataFrame
        The 22 columns of `mleq.catalog.columns`, and EXTRAS.
    """
    raw = columns.empty().reindex(range(len(events)))
    places = {one.name: one for one in record.stations}
    texts = [name for name in columns.COLUMNS if name not in (*columns.NUMBERS, *columns.TIMES)]
    raw[texts] = ""
    times = pd.to_datetime(events["time"]).dt.tz_localize("UTC").dt.as_unit("us")
    for name in columns.TIMES:
        raw[name] = times
    raw["latitude"] = [_or_nan(places[name].latitude) for name in events["station"]]
    raw["longitude"] = [_or_nan(places[name].longitude) for name in events["station"]]
    raw["mag"] = events["magnitude"].round(3).to_numpy()
    raw["magType"] = "rel"
    raw["net"] = [name.split(".")[0].lower() for name in events["station"]]
    raw["id"] = [f"{run}{number:06d}" for number in range(len(events))]
    raw["place"] = [f"at {s}, {f}" for s, f in zip(events["station"], events["family"], strict=True)]
    raw["type"] = "earthquake"
    raw["status"] = "automatic"
    raw["locationSource"] = raw["magSource"] = "mleq"
    raw["family_id"], raw["score"] = events["family"].to_numpy(), events["score"].round(3).to_numpy()
    return raw


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def write(rows: pd.DataFrame, path: Path) -> Path:
    """Write detections: .parquet and .csv with all columns, .xml as QuakeML (which needs obspy)."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    if path.suffix == ".xml":
        from mleq.catalog.export import export

        placed = rows.dropna(subset=["latitude", "longitude"])
        export(placed, path)
        return path
    table = columns.to_arrow(rows)
    for name in EXTRAS:
        table = table.append_column(name, pa.array(rows[name].to_numpy(), from_pandas=True))
    with atomic.beside(path) as temporary:
        if path.suffix == ".parquet":
            pa.parquet.write_table(table, temporary)
        else:
            pa.csv.write_csv(_iso(table), temporary)
    return path


def _iso(table):
    """Times as text with a Z, which catalogue readers expect."""
    import pyarrow.compute as pc

    for name in columns.TIMES:
        text = pc.strftime(table[name], "%Y-%m-%dT%H:%M:%SZ")
        table = table.set_column(table.column_names.index(name), name, text)
    return table


def write_all(rows: pd.DataFrame, folder: Path) -> list[Path]:
    """Write events.parquet, events.csv and, where the station's place is known and obspy is installed, events.xml."""
    from importlib.util import find_spec

    written = [write(rows, folder / PLACE), write(rows, folder / "events.csv")]
    if find_spec("obspy") and rows["latitude"].notna().any():
        written.append(write(rows, folder / "events.xml"))
    return written
