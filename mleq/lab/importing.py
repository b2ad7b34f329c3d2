"""The competition's csv, `acoustic_data,time_to_failure`, streamed into a store in bounded memory."""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np

from mleq import atomic, progress
from mleq.errors import DataError, MleqError
from mleq.lab.cycles import CycleFinder
from mleq.lab.store import Store

COLUMNS = ("acoustic_data", "time_to_failure")
BLOCK = 8 << 20
"""Bytes parsed at once."""

PART_ROWS = 10_000_000


def stored(path: Path, data_dir: Path, settings) -> Store:
    """Return the store of a csv, and bring it there first where it is not yet, or not whole.

    Parameters
    ----------
    path : pathlib.Path
        .csv, .csv.gz, or a .zip with one csv inside.
    data_dir : pathlib.Path
        The store is data_dir/lab/<name of the file>-<hash>.
    settings : SignalSource
        `failure_below_s` and `max_gap_s`.

    Returns
    -------
    Store
        Complete.

    Raises
    ------
    DataError
        If the file is not what it must be; the message names the line.
    """
    origin = _origin(path, settings)
    store = Store(data_dir / "lab" / store_name(path, origin))
    busy = MleqError(f"another process is importing into {store.folder}", remedy="wait for it")
    with atomic.locked(store.folder / ".lock", busy=busy):
        if store.origin() == origin:
            return store
        _stream(path, store, settings, origin, store.state())
    return store


def store_name(path: Path, origin: dict[str, Any]) -> str:
    """Name of the store of a file: its name without endings, and what tells it from others of that name.

    >>> store_name(Path("data/train.csv.gz"), {"bytes": 7})
    'train-479aa516'
    """
    content = json.dumps(origin, sort_keys=True)
    return f"{path.name.split('.')[0]}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def _origin(path: Path, settings) -> dict[str, Any]:
    """What tells whether a file is the one that was imported, read quickly."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(1 << 20)
            file.seek(max(0, size - (1 << 20)))
            tail = file.read()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", expected="a csv of the competition") from None
    return {
        "file": path.name,
        "bytes": size,
        "sha256_of_ends": hashlib.sha256(head + tail).hexdigest(),
        "failure_below_s": settings.failure_below_s,
        "max_gap_s": settings.max_gap_s,
    }


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a csv, plain, gzipped, or alone in a zip."""
    try:
        if path.suffix == ".gz":
            with gzip.open(path, "rb") as file:
                yield file
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                inside = [name for name in archive.namelist() if name.endswith(".csv")]
                if len(inside) != 1:
                    raise DataError(f"{path} holds {len(inside)} csv files", expected="one")
                with archive.open(inside[0]) as file:
                    yield file
        else:
            with path.open("rb") as file:
                yield file
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None


def header(path: Path) -> list[str]:
    """Return the names of a csv's columns."""
    with opened(path) as file:
        line = file.readline(1 << 16)
    try:
        return [name.strip().strip('"') for name in line.decode("utf-8-sig").strip().split(",")]
    except UnicodeDecodeError:
        raise DataError(f"{path}, line 1: not text", expected="the names of the columns") from None


def _stream(path: Path, store: Store, settings, origin: dict[str, Any], state: dict[str, Any] | None) -> None:
    """Read blocks of whole lines, check them, and write a part whenever there are rows enough."""
    names = header(path)
    if sorted(names) != sorted(COLUMNS):
        raise DataError(f"{path}, line 1: columns {', '.join(names)}", expected=" and ".join(COLUMNS))
    finder = CycleFinder(settings.failure_below_s, settings.max_gap_s, str(path))
    if state is not None:
        finder = CycleFinder(**{**state["finder"], "failures": [tuple(one) for one in state["finder"]["failures"]]})
    pieces: list[tuple[np.ndarray, np.ndarray]] = []
    held = 0
    total = path.stat().st_size if path.suffix not in (".gz", ".zip") else None

    def write(offset: int) -> None:
        nonlocal pieces, held
        signal, times = (np.concatenate(column) for column in zip(*pieces, strict=True))
        store.write_part(signal, times, {"origin": origin, "offset": offset, "finder": asdict(finder)})
        pieces, held = [], 0

    with opened(path) as file, progress.task("importing", total=total, unit="bytes") as shown:
        if state is None:
            offset = len(file.readline())
        else:
            offset = state["offset"]
            file.seek(offset)
        shown.advance(offset, note=f"{finder.rows:,} rows")
        rest = b""
        while block := file.read(BLOCK):
            shown.advance(len(block))
            cut = block.rfind(b"\n") + 1
            if not cut:
                rest += block
                continue
            whole, rest = rest + block[:cut], block[cut:]
            offset += len(whole)
            pieces.append(_parsed(whole, names, finder))
            held += len(pieces[-1][0])
            if held >= PART_ROWS:
                write(offset)
                shown.advance(0, note=f"{finder.rows:,} rows")
        if rest.strip():
            pieces.append(_parsed(rest, names, finder))
            held += len(pieces[-1][0])
        if not finder.rows:
            raise DataError(f"{path} holds no row")
        if held:
            write(offset + len(rest))
    cycles = finder.table()
    store.finish(cycles, sampling_rate_hz=_sampling_rate(cycles, path), source=path.name, origin=origin)


def _parsed(block: bytes, names: list[str], finder: CycleFinder) -> tuple[np.ndarray, np.ndarray]:
    """Parse whole lines and check them; signal int16 and times float32."""
    import pyarrow as pa
    from pyarrow import csv

    kinds = {COLUMNS[0]: pa.int16(), COLUMNS[1]: pa.float64()}
    try:
        table = csv.read_csv(
            pa.BufferReader(block),
            read_options=csv.ReadOptions(column_names=names, use_threads=True, block_size=1 << 20),
            convert_options=csv.ConvertOptions(column_types=kinds, null_values=["", "nan", "NaN", "NA"]),
        )
    except pa.ArrowInvalid as error:
        _explain(block, names, finder, str(error))
    for name in COLUMNS:
        if table[name].null_count:
            row = int(np.flatnonzero(table[name].is_null().to_numpy())[0])
            line = finder.rows + row + 1 + finder.header_lines
            raise DataError(f"{finder.name}, line {line:,}: no value for {name}", expected="a number in every row")
    times = table[COLUMNS[1]].to_numpy()
    finder.feed(times)
    return table[COLUMNS[0]].to_numpy(), times.astype(np.float32)


def _explain(block: bytes, names: list[str], finder: CycleFinder, reason: str) -> None:
    """Find the line that Arrow could not read, for the message."""
    for row, line in enumerate(block.splitlines()):
        values = line.split(b",")
        number = finder.rows + row + 1 + finder.header_lines
        where = f"{finder.name}, line {number:,}: {line[:60].decode(errors='replace')!r}"
        if len(values) != len(names):
            raise DataError(where, expected=f"{len(names)} values, {' and '.join(names)}")
        for name, value in zip(names, values, strict=True):
            try:
                good = -32768 <= int(value) <= 32767 if name == COLUMNS[0] else np.isfinite(float(value or "nan"))
            except ValueError:
                good = False
            if not good and value.strip().lower() not in (b"", b"nan", b"na"):
                wanted = "a whole number between -32768 and 32767" if name == COLUMNS[0] else "a number of seconds"
                raise DataError(where, expected=f"{name} to be {wanted}")
    raise DataError(f"{finder.name}, about line {finder.rows + 2:,}: {reason}")


def _sampling_rate(cycles, path: Path) -> float:
    """Samples a second, from the rows and seconds of all cycles.

    Raises
    ------
    DataError
        If the time to failure does not fall at all.
    """
    rows = (cycles["end_row"] - cycles["first_row"] - 1).sum()
    seconds = (cycles["start_time_to_failure_s"] - cycles["end_time_to_failure_s"]).sum()
    if not seconds > 0:
        raise DataError(f"{path}: the time to failure never falls", expected="seconds that count down to a failure")
    return float(rows / seconds)
