"""The store of a record: an HDF5 file that shows the whole, over parts that were written one at a time.

    data/lab/<name>/part-00000.h5 …    `signal` (int16) and `time_to_failure_s` (float32), ten million rows a part
    data/lab/<name>/record.h5          the same two over all parts (virtual data sets), the table `cycles`, attributes

A part appears under its name when it is complete, so an import that was stopped goes on after the last of them; the
record appears when all are there. Any HDF5 reader opens record.h5.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic, progress
from mleq.errors import MissingData, StorageError
from mleq.lab.cycles import CYCLE_COLUMNS
from mleq.lab.signals import Signals

SIGNAL, TIMES = "signal", "time_to_failure_s"
CHUNK = 65_536
"""Samples of a chunk of the signal: a window of 150,000 touches three or four."""

HASHED_AT_ONCE = 25_000_000


def h5py_module() -> Any:
    """Import h5py late; it comes with the extra [waveform], and with Keras."""
    import h5py

    return h5py


class Store:
    """The folder of one record.

    Parameters
    ----------
    folder : pathlib.Path
        data/lab/<name>.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    @property
    def record(self) -> Path:
        """The file that shows the whole."""
        return self.folder / "record.h5"

    def parts(self) -> list[Path]:
        """Return the complete parts in order."""
        return sorted(self.folder.glob("part-*.h5"))

    def write_part(self, signal: np.ndarray, times: np.ndarray, state: dict[str, Any]) -> None:
        """Write the next part.

        Parameters
        ----------
        signal : numpy.ndarray of int16, shape (n,)
        times : numpy.ndarray of float32, shape (n,)
        state : dict
            JSON values from which the import can go on after this part.
        """
        path = self.folder / f"part-{len(self.parts()):05d}.h5"
        with atomic.beside(path) as temporary, h5py_module().File(temporary, "w") as file:
            chunk = (min(CHUNK, len(signal)),)
            file.create_dataset(SIGNAL, data=signal, chunks=chunk)
            # Times fall evenly: shuffled bytes compress to a third at little cost, the signal's do not.
            file.create_dataset(
                TIMES, data=times, chunks=(min(CHUNK // 4, len(times)),), compression="lzf", shuffle=True
            )
            file.attrs["state"] = json.dumps(state)

    def state(self) -> dict[str, Any] | None:
        """Return the state after the last complete part; None where there is none."""
        parts = self.parts()
        if not parts:
            return None
        with h5py_module().File(parts[-1], "r") as file:
            return json.loads(file.attrs["state"])

    def finish(self, cycles: pd.DataFrame, *, sampling_rate_hz: float, source: str, origin: dict[str, Any]) -> None:
        """Write the record over all parts."""
        h5py = h5py_module()
        lengths = []
        for part in self.parts():
            with h5py.File(part, "r") as file:
                lengths.append(len(file[SIGNAL]))
        ends = np.cumsum(lengths)
        with atomic.beside(self.record) as temporary, h5py.File(temporary, "w", libver="latest") as file:
            for name, kind in ((SIGNAL, "i2"), (TIMES, "f4")):
                layout = h5py.VirtualLayout(shape=(int(ends[-1]),), dtype=kind)
                for part, length, end in zip(self.parts(), lengths, ends, strict=True):
                    layout[end - length : end] = h5py.VirtualSource(part.name, name, shape=(length,))
                file.create_virtual_dataset(name, layout)
            group = file.create_group("cycles")
            for column in cycles:
                group.create_dataset(column, data=cycles[column].to_numpy())
            file.attrs["sampling_rate_hz"] = sampling_rate_hz
            file.attrs["source"] = source
            file.attrs["origin"] = json.dumps(origin)
        digest = self._digest(cycles)
        with h5py.File(self.record, "r+") as file:
            file.attrs["sha256"] = digest

    def _digest(self, cycles: pd.DataFrame) -> str:
        """Hash signal and cycles, a piece at a time."""
        digest = hashlib.sha256(cycles.to_csv(index=False).encode())
        with h5py_module().File(self.record, "r") as file:
            signal = file[SIGNAL]
            with progress.task("hashing", total=len(signal), unit="samples") as shown:
                for first in range(0, len(signal), HASHED_AT_ONCE):
                    piece = signal[first : first + HASHED_AT_ONCE]
                    digest.update(np.ascontiguousarray(piece).astype("<i2", copy=False))
                    shown.advance(len(piece))
        return digest.hexdigest()

    def origin(self) -> dict[str, Any] | None:
        """Return what the complete record was made from; None where there is no complete record."""
        if not self.record.is_file():
            return None
        try:
            with h5py_module().File(self.record, "r") as file:
                return json.loads(file.attrs["origin"]) if "sha256" in file.attrs else None
        except OSError:
            return None

    def open(self) -> Signals:
        """Open the record; slices of its arrays are read when they are asked for.

        Raises
        ------
        MissingData
            If there is no complete record.
        StorageError
            If it is damaged.
        """
        if self.origin() is None:
            raise MissingData(
                f"there is no record in {self.folder}",
                remedy="bring one: python cmd/fetch --recipe_id ID --input train.csv",
            )
        h5py = h5py_module()
        try:
            file = h5py.File(self.record, "r")
            cycles = pd.DataFrame({name: values[:] for name, values in file["cycles"].items()})
            attributes = dict(file.attrs)
        except (OSError, KeyError) as error:
            raise StorageError(
                f"the record {self.record} cannot be read: {error}", remedy="remove its folder and fetch again"
            ) from error
        whole = sum(_length(part) for part in self.parts())
        if whole != len(file[SIGNAL]):
            raise StorageError(
                f"parts of the record in {self.folder} are missing: {whole:,} of {len(file[SIGNAL]):,} rows are there",
                remedy="remove the folder and fetch again",
            )
        return Signals(
            signal=file[SIGNAL],
            time_to_failure_s=file[TIMES],
            cycles=cycles[list(CYCLE_COLUMNS)],
            sampling_rate_hz=float(attributes["sampling_rate_hz"]),
            source=str(attributes["source"]),
            sha256=str(attributes["sha256"]),
        )


def _length(part: Path) -> int:
    with h5py_module().File(part, "r") as file:
        return len(file[SIGNAL])


def export_npz(signals: Signals, path: Path) -> None:
    """Write a record as one compressed .npz: `signal`, `time_to_failure_s`, and a row for each cycle.

    It is written a piece at a time, so that no more than a piece is in memory.
    """
    import io
    import zipfile

    def member(archive: zipfile.ZipFile, name: str, values: Any, kind: str) -> None:
        with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
            header = io.BytesIO()
            np.lib.format.write_array_header_1_0(
                header, {"descr": kind, "fortran_order": False, "shape": (len(values),)}
            )
            file.write(header.getvalue())
            for first in range(0, len(values), HASHED_AT_ONCE):
                piece = np.asarray(values[first : first + HASHED_AT_ONCE]).astype(kind, copy=False)
                file.write(piece.tobytes())
                shown.advance(len(piece))

    class Times:
        """Times of simulated signals have no length of their own."""

        def __len__(self) -> int:
            return signals.rows

        def __getitem__(self, rows: slice) -> np.ndarray:
            return signals.time_to_failure_s[slice(rows.start, min(rows.stop, signals.rows))]

    with (
        progress.task("exporting", total=2 * signals.rows, unit="samples") as shown,
        atomic.beside(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        member(archive, SIGNAL, signals.signal, "<i2")
        member(archive, TIMES, Times(), "<f4")
        for column in signals.cycles:
            values = signals.cycles[column].to_numpy()
            member(archive, f"cycles_{column}", values, values.dtype.str)
