"""Catalogue files that a person has: USGS CSV, Parquet and QuakeML into the raw table.

A file is taken whole or refused: rows that cannot be read are counted and named, never skipped in silence.
"""

from __future__ import annotations

import csv
import gzip
import io
import logging
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from mleq.catalog import columns
from mleq.errors import DataError

SHOWN_LINES = 5

log = logging.getLogger("mleq")


def read_files(paths: Iterable[str | Path], names: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read catalogue files into one raw table.

    Parameters
    ----------
    paths : iterable of path
        Files that end in .csv, .csv.gz, .parquet or .xml (QuakeML, which needs obspy).
        Of events that stand in several the latest revision stays.
    names : mapping, optional
        How the files call the columns of the USGS: {"mag": "Magnitude", "depth": "Depth/km"}.

    Returns
    -------
    pandas.DataFrame
        Rows in time order, shape (n_rows, 22); times without a zone are taken as UTC, others converted.

    Raises
    ------
    mleq.errors.DataError
        If a file is absent, empty, cut short, lacks a needed column, or has rows that cannot be read.
    """
    tables = [read_file(Path(path), names) for path in paths]
    raw = columns.newest(tables)
    repeated = sum(map(len, tables)) - len(raw)
    if repeated:
        log.warning("%d rows repeat an id that stands in a later revision; the latest of each is used", repeated)
    return raw


def read_file(path: Path, names: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read one catalogue file; see `read_files`."""
    try:
        if path.name.endswith(".parquet"):
            return _read_parquet(path, names or {})
        if path.name.endswith((".xml", ".qml", ".quakeml")):
            from mleq.catalog.quakeml import read_quakeml

            return read_quakeml(path)
        return parse_csv(_content(path), str(path), names)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder", expected="a file (.csv, .csv.gz, .parquet or QuakeML .xml)") from None
    except PermissionError:
        raise DataError(f"{path}: no permission to read it") from None


def _content(path: Path) -> bytes:
    """The bytes of a CSV file, decompressed."""
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: the gzip data is cut short or damaged ({error})",
            remedy="Copy or download the file again",
        ) from None


def parse_csv(content: bytes, where: str, names: Mapping[str, str] | None = None, delimiter: str = ",") -> pd.DataFrame:
    """Make the raw table of the bytes of a CSV.

    Parameters
    ----------
    content : bytes
        The whole CSV, header line first, UTF-8.
    where : str
        The file or the address, for messages.
    names : mapping, optional
        How the CSV calls the columns of the USGS.
    delimiter : str, optional
        What parts values; only between commas may values stand in quotes.

    Raises
    ------
    mleq.errors.DataError
        As `read_files`.
    """
    import pyarrow as pa
    import pyarrow.csv

    content = content.removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise DataError(f"{where} is empty", expected="a CSV with a header line")
    renamed = _rename(_header(content, where, delimiter), where, names or {})
    if delimiter == ",":  # the FDSN's text knows no kinds before version 1.2, which is no news
        _warn_of_kinds(renamed, where)
    types = columns.arrow_types()
    read = pa.csv.ReadOptions(column_names=renamed, skip_rows=1)
    convert = pa.csv.ConvertOptions(
        column_types=types,
        include_columns=[name for name in renamed if name in types],
        null_values=["", "null", "NaN", "nan", "None"],
        strings_can_be_null=False,
    )
    quoted = delimiter == ","
    parse = pa.csv.ParseOptions(delimiter=delimiter, quote_char='"' if quoted else False, newlines_in_values=quoted)
    try:
        table = pa.csv.read_csv(pa.BufferReader(content), read, parse, convert)
        raw = columns.from_arrow(table)
        if not _bad_rows(raw).any():
            return raw
    except pa.ArrowInvalid:
        pass  # times without a zone, or rows that cannot be read: the careful way tells which
    return _parse_carefully(content, where, renamed, delimiter)


def _header(content: bytes, where: str, delimiter: str) -> list[str]:
    line = content.split(b"\n", 1)[0]
    try:
        return [name.strip() for name in next(csv.reader([line.decode().rstrip("\r")], delimiter=delimiter))]
    except (UnicodeDecodeError, csv.Error, StopIteration):
        raise DataError(
            f"{where}: the first line is not text", expected="a CSV (.csv, .csv.gz), or Parquet named .parquet"
        ) from None


def _rename(found: list[str], where: str, names: Mapping[str, str]) -> list[str]:
    """Give the columns found the names of the USGS; what is not needed keeps its name.

    A mapping that names a column wins over the column that has the name of the USGS. Where the file has only the
    latter, as when files of two kinds are read together, that one is taken.
    """
    listed = ", ".join(found) if len(", ".join(found)) < 400 else ", ".join(found)[:400] + " ..."
    known = [columns.ALIASES.get(name, name) for name in found]
    for ours, theirs in names.items():
        if theirs not in found and ours not in known:
            raise DataError(
                f"{where}: no column {theirs!r}, which catalog.columns gives for {ours}; there are: {listed}"
            )
    wanted = {theirs: ours for ours, theirs in names.items() if theirs in found}
    kept = [name if name not in wanted.values() else f"{name} (unused)" for name in known]
    renamed = [wanted.get(name, other) for name, other in zip(found, kept, strict=True)]
    missing = [name for name in columns.NEEDED if name not in renamed]
    if missing:
        raise DataError(
            f"{where}: the column{'s' * (len(missing) > 1)} {', '.join(missing)} "
            f"{'are' if len(missing) > 1 else 'is'} missing; there are: {listed}",
            expected="the columns of a USGS catalogue CSV",
            remedy='Where the file calls them otherwise, say so in the recipe: "columns": {"mag": "M"} in catalog',
        )
    twice = {name for name in renamed if renamed.count(name) > 1}
    if twice:
        raise DataError(f"{where}: the column {', '.join(sorted(twice))} stands there more than once")
    return renamed


def _warn_of_kinds(renamed: list[str], where: str) -> None:
    if "type" not in renamed:
        log.warning("%s has no column 'type'; every row is taken for an earthquake", where)


def _bad_rows(raw: pd.DataFrame) -> np.ndarray:
    """Which rows lack an id, a time or a place that can be."""
    return (
        raw["time"].isna().to_numpy()
        | ~(raw["latitude"].abs() <= 90).to_numpy()
        | ~(raw["longitude"].abs() <= 360).to_numpy()
        | (raw["id"] == "").to_numpy()
        | raw["mag"].abs().gt(12).to_numpy()
        | np.isinf(raw["depth"]).to_numpy()
    )


def _parse_carefully(content: bytes, where: str, names: list[str], delimiter: str) -> pd.DataFrame:
    """Read row by row, remembering line numbers, so that what is wrong can be named."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{where}:{line}: a byte that is not UTF-8", expected="UTF-8 text") from None
    quoting = csv.QUOTE_MINIMAL if delimiter == "," else csv.QUOTE_NONE
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    next(reader)
    rows, lines, bad = [], [], []
    for row in reader:
        if len(row) == len(names):
            rows.append(row)
            lines.append(reader.line_num)
        elif row:
            bad.append(reader.line_num)
    texts = pd.DataFrame(rows, columns=names, dtype=str)
    raw = pd.DataFrame(index=texts.index)
    unreadable = np.zeros(len(texts), bool)
    for name in columns.COLUMNS:
        raw[name], failed = _convert(name, texts)
        unreadable |= failed
    unreadable |= _bad_rows(raw)
    bad = sorted(bad + list(np.array(lines, int)[unreadable]))
    if bad:
        shown = ", ".join(map(str, bad[:SHOWN_LINES])) + (", ..." if len(bad) > SHOWN_LINES else "")
        raise DataError(
            f"{where}: {len(bad)} of {len(rows) + len(bad) - int(unreadable.sum())} rows cannot be read "
            f"(line{'s' * (len(bad) > 1)} {shown})",
            expected=f"{len(names)} values a row, with an id, a time, a latitude and a longitude",
            remedy="Correct or remove these lines",
        )
    return raw


def _convert(name: str, texts: pd.DataFrame) -> tuple[pd.Series, np.ndarray]:
    """One column in its type, and where that failed."""
    if name not in texts:
        filler = np.nan if name in columns.NUMBERS else "earthquake" if name == "type" else ""
        value = pd.NaT if name in columns.TIMES else filler
        kind = "datetime64[us, UTC]" if name in columns.TIMES else "float64" if name in columns.NUMBERS else "str"
        return pd.Series(value, index=texts.index, dtype=kind), np.zeros(len(texts), bool)
    text = texts[name].str.strip()
    if name not in columns.TIMES and name not in columns.NUMBERS:
        return text, np.zeros(len(text), bool)
    given = (~text.isin(["", "null", "NaN", "nan", "None"])).to_numpy()
    if name in columns.TIMES:
        moments = pd.to_datetime(text.where(given), errors="coerce", utc=True, format="ISO8601")
        values = moments.dt.as_unit("us")
    else:
        values = pd.to_numeric(text.where(given), errors="coerce").astype(float)
        values = values.where(np.isfinite(values))
    return values, given & values.isna().to_numpy()


def _read_parquet(path: Path, names: Mapping[str, str]) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet

    with path.open("rb") as file:
        if not file.read(1):
            raise DataError(f"{path} is empty", expected="a Parquet file")
    try:
        table = pa.parquet.ParquetFile(path).read()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"{path} cannot be read as Parquet ({error})", remedy="Copy or download the file again"
        ) from None
    renamed = _rename(table.column_names, str(path), names)
    _warn_of_kinds(renamed, str(path))
    table = table.rename_columns(renamed)
    try:
        for name in columns.TIMES:
            if name in table.column_names and not pa.types.is_timestamp(table.column(name).type):
                moments = pd.to_datetime(table.column(name).to_pandas(), errors="coerce", utc=True, format="ISO8601")
                place = table.column_names.index(name)
                table = table.set_column(place, name, pa.Array.from_pandas(moments.dt.as_unit("us")))
        raw = columns.from_arrow(table)
    except pa.ArrowException as error:  # texts that are no UTF-8 among them
        raise DataError(f"{path}: a column has values of another type ({error})") from None
    bad = np.flatnonzero(_bad_rows(raw))
    if len(bad):
        shown = ", ".join(map(str, bad[:SHOWN_LINES] + 1))
        raise DataError(
            f"{path}: {len(bad)} of {len(raw)} rows cannot be read (rows {shown})",
            expected="an id, a time, a latitude and a longitude in each row",
        )
    return raw
