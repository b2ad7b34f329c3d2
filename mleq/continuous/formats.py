"""Files that hold continuous records, each as traces whose samples are read when they are asked for.

HDF5 and zarr: every one-dimensional dataset with the attributes `sampling_rate` (Hz) and `start_time` (ISO 8601, UTC)
is a trace; its station and channel are the attributes `station` and `channel`, or its group's name and its own (up to
a first dot, so that ANMO/BHZ.0 and ANMO/BHZ.1 are one channel with a gap).
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic, progress
from mleq.continuous.records import ContinuousRecord, Trace
from mleq.errors import DataError, MleqError, RequestError
from mleq.experiment.waveforms import read_stream

HDF5 = (".h5", ".hdf5", ".hdf")
SEED = (".mseed", ".ms", ".msd", ".miniseed", ".seed", ".sac", ".gse2", ".segy")
COPIED = 4_000_000
"""Samples copied at once."""


def find_files(paths: Iterable[str | Path]) -> list[Path]:
    """Return the files that paths, folders and globs name, in order, each once.

    Raises
    ------
    DataError
        If one names nothing.
    """
    found: list[Path] = []
    for path in map(str, paths):
        names = sorted(glob.glob(path, recursive=True)) or ([path] if Path(path).exists() else [])
        files = [file for name in names for file in _files_in(Path(name))]
        if not files:
            raise DataError(
                f"{path}: no such file or folder of records",
                expected=f"files that end in {', '.join((*SEED, *HDF5))}, .zarr",
            )
        found += files
    return list(dict.fromkeys(found))


def _files_in(path: Path) -> list[Path]:
    if not path.is_dir() or path.suffix == ".zarr":
        return [path]
    inside = sorted(path.rglob("*"))
    stores = [one for one in inside if one.suffix == ".zarr"]
    files = [one for one in inside if one.is_file() and one.suffix.lower() in (*SEED, *HDF5)]
    return sorted(stores + [one for one in files if not any(store in one.parents for store in stores)])


def read_traces(files: Iterable[Path], *, stations: str = "*", channels: str = "*") -> list[Trace]:
    """List the traces of files; no sample is kept.

    Parameters
    ----------
    files : iterable of pathlib.Path
    stations, channels : str
        Globs.

    Raises
    ------
    DataError
        If a file cannot be read.
    RequestError
        If a package that reads it is not installed.
    """
    files = list(files)
    found = []
    with progress.task("reading headers", total=len(files), unit="files") as task:
        for file in files:
            kind = file.suffix.lower()
            traces = _hdf5(file) if kind in HDF5 else _zarr(file) if kind == ".zarr" else _seed(file)
            found += [one for one in traces if fnmatch(one.station, stations) and fnmatch(one.channel, channels)]
            task.advance()
    return found


def _seed(path: Path) -> list[Trace]:
    changed_ns = _changed_ns(path)
    stream = _stream(path, changed_ns, True)
    traces = []
    for number, one in enumerate(stream):
        stats = one.stats
        name = ".".join(part for part in (stats.network, stats.station, stats.location) if part) or "station"
        read = partial(_read_seed, path, changed_ns, number)
        start = stats.starttime._ns
        traces.append(Trace(name, stats.channel or "Z", start, float(stats.sampling_rate), stats.npts, read, path.name))
    return traces


def _read_seed(path: Path, changed_ns: int, number: int, first: int, last: int) -> np.ndarray:
    stream = _stream(path, changed_ns, False)
    if number >= len(stream) or len(stream[number].data) < last:
        raise DataError(f"{path}: a trace holds fewer samples than its header says", expected="a whole file")
    return stream[number].data[first:last]


@lru_cache(maxsize=4)
def _stream(path: Path, changed_ns: int, headers_only: bool) -> Any:
    """Read a file by obspy; the last few stay at hand while they do not change, since a file serves many windows."""
    try:
        import obspy  # noqa: F401
    except ModuleNotFoundError:
        raise RequestError(
            f"{path.name} needs obspy to be read", remedy='Install it with: pip install "mleq[waveform]"'
        ) from None
    with _whatever_is_raised(path, "a seismic record"):
        return read_stream(path, headers_only=headers_only)


def _changed_ns(path: Path) -> int:
    """When a file changed last."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None


@contextmanager
def _whatever_is_raised(path: Path, kind: str) -> Iterator[None]:
    """Say of a damaged file that it cannot be read; obspy, h5py and zarr raise whatever their readers raise."""
    try:
        yield
    except MleqError:
        raise
    except Exception as error:
        raise DataError(f"{path} cannot be read as {kind} ({type(error).__name__}: {error})") from None


def _hdf5(path: Path) -> list[Trace]:
    try:
        import h5py
    except ModuleNotFoundError:
        raise RequestError(
            f"{path.name} needs h5py to be read", remedy='Install it with: pip install "mleq[waveform]"'
        ) from None
    with _whatever_is_raised(path, "HDF5"):
        return list(_datasets(h5py.File(path, "r"), path, ()))


def _zarr(path: Path) -> list[Trace]:
    try:
        import zarr
    except ModuleNotFoundError:
        raise RequestError(f"{path.name} needs zarr to be read", remedy="Install it with: pip install zarr") from None
    with _whatever_is_raised(path, "a zarr group"):
        return list(_datasets(zarr.open_group(str(path), mode="r"), path, ()))


def _datasets(group: Any, path: Path, above: tuple[str, ...]) -> Iterator[Trace]:
    for name in sorted(group):
        one = group[name]
        if not hasattr(one, "shape"):
            yield from _datasets(one, path, (*above, name))
        elif {"sampling_rate", "start_time"} <= set(one.attrs):
            yield _dataset(one, path, (*above, name))


def _dataset(one: Any, path: Path, names: tuple[str, ...]) -> Trace:
    where = f"{path}: {'/'.join(names)}"
    if len(one.shape) != 1:
        raise DataError(f"{where} has the shape {one.shape}", expected="one dimension, a dataset for each channel")
    if np.dtype(one.dtype).kind not in "iuf":
        raise DataError(f"{where} holds {one.dtype}", expected="numbers")
    try:
        start = pd.Timestamp(_text(one.attrs["start_time"]))
        rate = float(one.attrs["sampling_rate"])
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: {error}", expected="sampling_rate a number and start_time an ISO time") from None
    start = (start.tz_localize("UTC") if start.tz is None else start).as_unit("ns").value
    group = names[-2] if len(names) > 1 else path.stem
    station = _text(one.attrs.get("station", group))
    channel = _text(one.attrs.get("channel", names[-1].split(".")[0]))
    read = partial(_read_dataset, path, _changed_ns(path), names)
    return Trace(station, channel, start, rate, one.shape[0], read, path.name)


def _read_dataset(path: Path, changed_ns: int, names: tuple[str, ...], first: int, last: int) -> np.ndarray:
    """Samples of a dataset, wherever this is called: what is sent to another process is the path, not the open file."""
    with _whatever_is_raised(path, "a record"):
        return _dataset_of(path, changed_ns, names)[first:last]


@lru_cache(maxsize=1024)
def _dataset_of(path: Path, changed_ns: int, names: tuple[str, ...]) -> Any:
    return _opened(path, changed_ns)["/".join(names)]


@lru_cache(maxsize=16)
def _opened(path: Path, changed_ns: int) -> Any:
    """A file, opened again where it has changed since."""
    if path.suffix.lower() in HDF5:
        import h5py

        return h5py.File(path, "r")
    import zarr

    return zarr.open_group(str(path), mode="r")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def write_hdf5(record: ContinuousRecord, path: Path) -> int:
    """Copy a record into one HDF5 file, piece by piece; gaps part datasets. Return the samples of each channel.

    Raises
    ------
    RequestError
        If h5py is not installed, or the name ends otherwise.
    """
    if path.suffix.lower() not in HDF5:
        raise RequestError(
            f"cannot export a record to {path.name!r}", expected=f"a name that ends in {', '.join(HDF5)}"
        )
    import h5py

    total = sum(station.samples for station in record.stations)
    with (
        atomic.beside(path) as temporary,
        progress.task("copying", total=total, unit="samples") as task,
        h5py.File(temporary, "w") as store,
    ):
        for station in record.stations:
            for number, (first, last) in enumerate(station.segments):
                _copy(store, station, number, first, last, task)
    return total


def _copy(store: Any, station: Any, number: int, first: int, last: int, task: Any) -> None:
    group = store.require_group(station.name)
    sets = []
    for channel in station.channels:
        made = group.create_dataset(
            f"{channel}.{number}",
            (last - first,),
            "f4",
            chunks=(min(65_536, last - first),),
            compression="gzip",
            shuffle=True,
        )
        made.attrs["sampling_rate"] = station.rate
        made.attrs["start_time"] = f"{np.datetime_as_string(station.time(first))}Z"
        sets.append(made)
    for begin in range(first, last, COPIED):
        end = min(begin + COPIED, last)
        for made, values in zip(sets, station.read(begin, end), strict=True):
            made[begin - first : end - first] = values
        task.advance(end - begin)
