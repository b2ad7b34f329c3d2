"""Pieces of signal that are to be answered: `seg_*.csv`, singly, in a folder, or in a zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mleq.errors import DataError, RequestError
from mleq.lab.importing import COLUMNS, opened

SIGNAL = COLUMNS[0]
ENDINGS = (".csv", ".csv.gz")


def segments(paths: Sequence[Path], samples: int) -> Iterator[tuple[str, np.ndarray]]:
    """Read segments one at a time, in the order of their names.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Files (.csv, .csv.gz), folders of such, or zips of csv files.
    samples : int
        What each must hold.

    Yields
    ------
    name, signal
        The file's name without its ending, and its samples, int16, shape (samples,).

    Raises
    ------
    RequestError
        If nothing is there, or two files have one name.
    DataError
        If a file is not a segment of this length.
    """
    seen: dict[str, str] = {}
    for path in paths:
        if not path.exists():
            raise RequestError(f"no such file or folder: {path}", expected="a segment, a folder or a zip of segments")
        for name, where, signal in _inside(path):
            if name in seen:
                raise RequestError(f"two segments are called {name}: {seen[name]} and {where}")
            seen[name] = where
            if len(signal) != samples:
                raise DataError(
                    f"{where} holds {len(signal):,} samples",
                    expected=f"{samples:,}, the length of the windows that the recipe was trained on",
                )
            yield name, signal


def _inside(path: Path) -> Iterator[tuple[str, str, np.ndarray]]:
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if _is_segment(p.name, ENDINGS))
        if not files:
            raise RequestError(f"the folder {path} holds no segment", expected="files such as seg_00030f.csv")
        for file in files:
            yield _name(file.name), str(file), _read(file)
    elif path.suffix == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                names = sorted(name for name in archive.namelist() if _is_segment(name, (".csv",)))
                if not names:
                    raise RequestError(f"{path} holds no segment", expected="files such as seg_00030f.csv")
                for name in names:
                    where = f"{path}, {name}"
                    yield _name(Path(name).name), where, _parsed(archive.read(name), where)
        except zipfile.BadZipFile as error:
            raise DataError(f"{path} cannot be read: {error}") from None
    else:
        yield _name(path.name), str(path), _read(path)


def _is_segment(name: str, endings: tuple[str, ...]) -> bool:
    """Tell a segment from what file systems hide beside it (._seg_1.csv)."""
    return name.endswith(endings) and not Path(name).name.startswith(".")


def _name(file: str) -> str:
    return file.split(".")[0]


def _read(path: Path) -> np.ndarray:
    with opened(path) as file:
        return _parsed(file.read(), str(path))


def _parsed(content: bytes, where: str) -> np.ndarray:
    import pyarrow as pa
    from pyarrow import csv

    names = content[: content.find(b"\n")].decode("utf-8", "replace").strip().split(",")
    if SIGNAL not in names:
        raise DataError(f"{where}, line 1: columns {', '.join(names)[:80]}", expected=SIGNAL)
    try:
        options = csv.ConvertOptions(column_types={SIGNAL: pa.int16()}, include_columns=[SIGNAL])
        table = csv.read_csv(io.BytesIO(content), convert_options=options)
    except pa.ArrowInvalid as error:
        raise DataError(f"{where}: {error}", expected="a whole number between -32768 and 32767 in every row") from None
    if table[SIGNAL].null_count:
        row = int(np.flatnonzero(table[SIGNAL].is_null().to_numpy())[0])
        raise DataError(f"{where}, line {row + 2:,}: no value", expected="a number in every row")
    return table[SIGNAL].to_numpy()
