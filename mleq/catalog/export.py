"""Raw catalogue rows into a file: CSV as the USGS writes it, Parquet, GeoJSON, QuakeML."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from mleq import atomic
from mleq.catalog import columns
from mleq.catalog.quakeml import to_quakeml
from mleq.errors import RequestError

WHOLE = ("nst", "magNst")
"""Numbers that are counts, written without a decimal point."""


def export(raw: pd.DataFrame, path: Path) -> None:
    """Write rows to a file of the kind that its name says; it appears only when it is whole.

    Parameters
    ----------
    raw : pandas.DataFrame
        The raw table, every event type and all 22 columns.
    path : pathlib.Path
        Ends in .csv, .csv.gz, .parquet, .geojson or .xml (QuakeML, which needs obspy).

    Raises
    ------
    mleq.errors.RequestError
        If the name ends otherwise.
    """
    atomic.write_bytes(path, writer_for(path)(raw))


def writer_for(path: Path) -> Callable[[pd.DataFrame], bytes]:
    """Find what writes a file of this name, before any work is done."""
    for ending, writer in WRITERS.items():
        if path.name.lower().endswith(ending):
            return writer
    raise RequestError(f"cannot export to {path.name!r}", expected=f"a name that ends in {', '.join(WRITERS)}")


def to_csv(raw: pd.DataFrame) -> bytes:
    """Write CSV as the service does: its columns, times with milliseconds and a Z, empty where unknown."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv

    table = columns.to_arrow(raw)
    for place, name in enumerate(table.column_names):
        if name in columns.TIMES:
            unit = "ms" if (raw[name].dropna().dt.microsecond % 1000 == 0).all() else "us"
            text = pc.strftime(table[name].cast(pa.timestamp(unit, "UTC")), "%Y-%m-%dT%H:%M:%SZ")
            table = table.set_column(place, name, text)
        elif name in WHOLE and pc.all(pc.equal(pc.round(table[name]), table[name])).as_py() is not False:
            table = table.set_column(place, name, table[name].cast(pa.int64()))
        elif name not in columns.NUMBERS:
            filled = pc.if_else(pc.equal(table[name], ""), None, table[name])
            table = table.set_column(place, name, filled)
    out = io.BytesIO()
    pa.csv.write_csv(table, out, pa.csv.WriteOptions(quoting_style="needed", quoting_header="none"))
    return out.getvalue()


def to_csv_gz(raw: pd.DataFrame) -> bytes:
    """Compress `to_csv`; the same rows make the same bytes."""
    import gzip

    return gzip.compress(to_csv(raw), mtime=0)


def to_parquet(raw: pd.DataFrame) -> bytes:
    """Write Parquet with the 22 columns, typed."""
    import pyarrow as pa
    import pyarrow.parquet

    out = pa.BufferOutputStream()
    pa.parquet.write_table(columns.to_arrow(raw), out)
    return out.getvalue().to_pybytes()


def to_geojson(raw: pd.DataFrame) -> bytes:
    """Write a FeatureCollection as the service's: coordinates are longitude, latitude, depth in km; times ms."""
    properties = [name for name in columns.COLUMNS if name not in ("id", "latitude", "longitude", "depth")]
    plain = raw.copy()
    for name in columns.TIMES:
        moments = plain[name].to_numpy("datetime64[ms]")
        values = moments.astype("int64").astype(object)
        values[np.isnat(moments)] = None
        plain[name] = pd.Series(values, index=plain.index, dtype=object)
    for name in columns.NUMBERS:
        plain[name] = plain[name].astype(object).where(plain[name].notna(), None)
    features = [
        json.dumps(
            {
                "type": "Feature",
                "id": row["id"],
                "properties": {name: row[name] for name in properties},
                "geometry": {
                    "type": "Point",
                    "coordinates": [row["longitude"], row["latitude"], row["depth"]],
                },
            },
            ensure_ascii=False,
            allow_nan=False,
        )
        for row in plain.to_dict("records")
    ]
    head = f'{{"type": "FeatureCollection", "metadata": {{"count": {len(features)}}}, "features": [\n'
    return (head + ",\n".join(features) + "\n]}\n").encode()


WRITERS = {
    ".csv": to_csv,
    ".csv.gz": to_csv_gz,
    ".parquet": to_parquet,
    ".geojson": to_geojson,
    ".xml": to_quakeml,
}
