"""Signals from whatever files a person has, and the store of those that were brought."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mleq.azimuth import miniseed, seisbench
from mleq.azimuth.recordings import Recordings, joined
from mleq.errors import DataError, MissingData

HDF5 = (".hdf5", ".h5")


def read(inputs: Sequence[Path]) -> Recordings:
    """Read recordings from files and folders.

    SeisBench datasets (either file of a pair) and MiniSEED; QuakeML and StationXML given beside it tell its events and
    stations. Files whose names begin with a dot are passed over.

    Raises
    ------
    DataError
        If a file is not there, is of no known kind, or cannot be used.
    """
    files = _files(inputs)
    pairs = list(dict.fromkeys(seisbench.pair(path) for path in files if path.suffix in (*HDF5, ".csv")))
    pieces = [seisbench.read(metadata) for _, metadata in pairs]
    kinds: dict[str, list[Path]] = {"waveforms": [], "quakeml": [], "stationxml": []}
    for path in files:
        if path.suffix not in (*HDF5, ".csv"):
            kinds[_kind(path)].append(path)
    if kinds["waveforms"]:
        pieces.append(miniseed.read(**kinds))
    if not pieces:
        raise DataError(
            f"no signals among {', '.join(str(path) for path in inputs)}",
            expected="MiniSEED, or SeisBench's .hdf5 and .csv",
        )
    return joined(pieces)


def _files(inputs: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in inputs:
        if not path.exists():
            raise DataError(f"there is no file {path}", expected="MiniSEED, or SeisBench's .hdf5 and .csv")
        inside = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        found += [p for p in inside if not (path.is_dir() and p.name.startswith("."))]
    return list(dict.fromkeys(found))


def _kind(path: Path) -> str:
    """Tell QuakeML and StationXML by their root element; all else is for obspy to recognise as waveforms."""
    beginning = path.read_bytes()[:2000].lower()
    if b"fdsnstationxml" in beginning:
        return "stationxml"
    if b"quakeml" in beginning:
        return "quakeml"
    if path.suffix == ".xml":
        raise DataError(f"{path} is XML of an unknown kind", expected="QuakeML or StationXML")
    return "waveforms"


def stored_file(data_dir: str | Path | None, recipe_id: str) -> Path:
    """Return where the signals of a recipe are kept: data/azimuth/<recipe>.hdf5, with its metadata beside it."""
    folder = Path(data_dir if data_dir is not None else os.environ.get("MLEQ_DATA") or "data")
    return folder / "azimuth" / f"{recipe_id}.hdf5"


def read_stored(data_dir: str | Path | None, recipe_id: str) -> Recordings:
    """Read the signals that were brought for a recipe.

    Raises
    ------
    MissingData
        If there are none.
    """
    path = stored_file(data_dir, recipe_id)
    if not path.is_file():
        raise MissingData(
            f"there are no signals for recipe '{recipe_id}' in {path.parent}",
            remedy=f"Bring them: python cmd/fetch --recipe_id {recipe_id} --input FILE_OR_FOLDER",
        )
    return seisbench.read(path)
