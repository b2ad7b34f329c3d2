"""The catalogue store: Parquet partitions and a manifest that says what each holds.

    <data>/<service>/manifest.json           one record per window: bounds, count, sha256, when it was fetched
    <data>/<service>/events/<...>.parquet    the rows of one window, never changed once written
    <data>/<service>/snapshots/<name>.json   a manifest as it was when it was frozen

A partition is written under another name, then renamed; only then does the manifest name it, which is itself
replaced in one step. So a process killed at any instant leaves a store that opens, and readers see a state that was
whole. Partitions are replaced by new ones, not rewritten; what neither the manifest nor a snapshot names is removed
later.
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from mleq import atomic
from mleq.catalog import columns, wishes
from mleq.catalog.events import fingerprint
from mleq.catalog.manifest import Record, neighbours, parse, written
from mleq.catalog.window import Window, iso, milliseconds, missing, timestamp
from mleq.errors import RequestError, StorageError

ORPHAN_S = 3600
"""Files that nothing names are removed when they are older: another process may be about to name a younger one."""
SMALL = 5_000
"""Events that neighbouring partitions may hold to be joined."""


class Store:
    """The events of one service, on disk.

    Parameters
    ----------
    folder : path
        Its folder; made when something is first written.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)

    @classmethod
    def of(cls, data_dir: str | Path, url: str | None = None) -> Store:
        """Return the store of the USGS's events, or of another service that a recipe names by its address."""
        parts = urlsplit(url or "")
        name = re.sub(r"[^a-z0-9]+", "-", f"{parts.netloc}{parts.path}".lower()).strip("-") if url else "usgs"
        return cls(Path(data_dir) / name)

    @property
    def name(self) -> str:
        """Which service's events it holds."""
        return self.folder.name

    # What it holds

    def records(self, snapshot: str | None = None) -> list[Record]:
        """List the partitions, of the newest state or of a snapshot, in order of time."""
        path = self.snapshot_path(snapshot) if snapshot else self.folder / "manifest.json"
        try:
            text = path.read_text()
        except FileNotFoundError:
            if snapshot:
                raise RequestError(
                    f"no snapshot {snapshot!r} in {self.folder}",
                    expected=f"one of: {', '.join(self.snapshots()) or 'there is none yet'}",
                    remedy="Make one with: python cmd/fetch --recipe_id ID --snapshot NAME",
                ) from None
            return []
        return parse(text, path)

    def covered_until(
        self, start: pd.Timestamp, min_magnitude: float, snapshot: str | None = None
    ) -> pd.Timestamp | None:
        """How far from `start` on the store holds everything of `min_magnitude` and above; None: not at all."""
        held = [record.window for record in self.records(snapshot)]
        if not held:
            return None
        last = max(window.end for window in held)
        wanted = Window(milliseconds(start), last, float(min_magnitude))
        gaps = missing(wanted, held)
        until = min((gap.start for gap in gaps), default=last)
        return timestamp(until) if until > wanted.start else None

    def stamp(self, snapshot: str | None = None) -> list[list]:
        """Say which partitions there are and how their files lie on the disk: the same stamp, the same content."""
        stamps = []
        for record in self.records(snapshot):
            try:
                file = (self.folder / "events" / record.file).stat()
            except OSError:
                stamps.append([record.file, None])
            else:
                stamps.append([record.file, record.sha256, file.st_size, file.st_mtime_ns])
        return stamps

    def read(
        self,
        start: pd.Timestamp | None = None,
        end: pd.Timestamp | None = None,
        min_magnitude: float = -math.inf,
        snapshot: str | None = None,
        names: tuple[str, ...] = columns.COLUMNS,
    ) -> pd.DataFrame:
        """Read the rows of [start, end) from `min_magnitude` on, in time order, each id once.

        Every partition is held against its hash while it is read. `names` chooses some of the columns.

        Raises
        ------
        mleq.errors.StorageError
            If a partition is damaged or gone; the message names it and the command that brings it back.
        """
        wanted = Window(
            milliseconds(start) if start is not None else -(2**62),
            milliseconds(end) if end is not None else 2**62,
            min_magnitude,
        )
        for attempt in range(5):
            records = [r for r in self.records(snapshot) if not wanted.overlap(r.window).empty]
            try:
                raw = columns.newest([self.partition(record, names) for record in records])
                break
            except FileNotFoundError as error:
                # Another process may have replaced the partition since the manifest was read.
                if attempt == 4 or self.records(snapshot) == records:
                    raise self._damaged(Path(error.filename), "it is gone") from None
        return raw.loc[wanted.contains(raw)].reset_index(drop=True)

    def partition(self, record: Record, names: tuple[str, ...] = columns.COLUMNS) -> pd.DataFrame:
        """Read one partition, if it is what was written."""
        import pyarrow as pa
        import pyarrow.parquet

        path = self.folder / "events" / record.file
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != record.sha256:
            raise self._damaged(path, "its content is not what was written (sha256 differs)")
        return columns.from_arrow(pa.parquet.read_table(pa.BufferReader(content), columns=list(names)), names)

    def unfinished(self) -> list[Window]:
        """Return what a fetch set out to bring and did not finish."""
        return wishes.unfinished(self.folder, (record.window for record in self.records()))

    def damaged(self, snapshot: str | None = None) -> list[Record]:
        """List the partitions, of the newest state or of a snapshot, that are gone or no longer what was written."""
        found = []
        for record in self.records(snapshot):
            try:
                with (self.folder / "events" / record.file).open("rb") as file:
                    intact = hashlib.file_digest(file, "sha256").hexdigest() == record.sha256
            except OSError:
                intact = False
            if not intact:
                found.append(record)
        return found

    def _damaged(self, path: Path, why: str) -> StorageError:
        return StorageError(
            f"{path}: {why}", remedy="Run python cmd/fetch for the same years: it brings such partitions again"
        )

    # Writing

    def put(
        self,
        parts: Iterable[tuple[Window, pd.DataFrame]],
        *,
        revised: int,
        replacing: Iterable[Record] = (),
    ) -> None:
        """Write the rows of windows, and let the manifest name them in place of the records that they replace.

        The manifest changes in one step, so that what is replaced is there until all of the new is. A window that
        another process has brought meanwhile is not named twice.
        """
        written = [self._write_partition(window, raw, revised) for window, raw in parts]
        gone = {old.file for old in replacing}
        with atomic.locked(self.folder / ".lock"):
            records = [old for old in self.records() if old.file not in gone]
            held = [old.window for old in records]
            self._write_manifest(records + [new for new in written if missing(new.window, held)])

    def drop(self, records: Iterable[Record]) -> None:
        """Take records out of the manifest."""
        gone = {record.file for record in records}
        with atomic.locked(self.folder / ".lock"):
            self._write_manifest([record for record in self.records() if record.file not in gone])

    def mark_revised(self, revised: Mapping[Window, int]) -> None:
        """Note that windows are as new as the service was when it knew of these times of revision."""
        with atomic.locked(self.folder / ".lock"):
            self._write_manifest(
                replace(old, revised=max(old.revised, revised.get(old.window, 0))) for old in self.records()
            )

    def compact(self, limit: int = SMALL) -> None:
        """Join neighbouring partitions of together at most `limit` events.

        Otherwise a store that is brought up to date every night would fall to crumbs.
        """
        with atomic.locked(self.folder / ".lock"):
            groups = neighbours(self.records(), limit)
            if all(len(group) == 1 for group in groups):
                return
            self._write_manifest(self._joined(group) for group in groups)

    def _joined(self, group: list[Record]) -> Record:
        if len(group) == 1:
            return group[0]
        raw = columns.newest([self.partition(record) for record in group])
        window = replace(group[0].window, end=group[-1].window.end)
        return self._write_partition(window, raw, min(record.revised for record in group))

    def _write_partition(self, window: Window, raw: pd.DataFrame, revised: int) -> Record:
        import pyarrow as pa
        import pyarrow.parquet

        buffer = pa.BufferOutputStream()
        pa.parquet.write_table(columns.to_arrow(raw), buffer, compression="zstd")
        content = buffer.getvalue().to_pybytes()
        digest = hashlib.sha256(content).hexdigest()
        name = f"{iso(window.start)[:10]}_m{window.min_magnitude:g}_{digest[:12]}_{secrets.token_hex(3)}.parquet"
        atomic.write_bytes(self.folder / "events" / name, content)
        now = pd.Timestamp.now("UTC").isoformat(timespec="seconds")
        return Record(window, len(raw), digest, name, now, revised)

    def _write_manifest(self, records: Iterable[Record]) -> None:
        atomic.write_bytes(self.folder / "manifest.json", written(records))

    # Snapshots

    def snapshot_path(self, name: str) -> Path:
        """Where a snapshot of this name stands, or would stand.

        Raises
        ------
        mleq.errors.RequestError
            If it cannot name a snapshot.
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
            raise RequestError(
                f"{name!r} cannot name a snapshot", expected="letters, digits, dots, hyphens and underscores"
            )
        return self.folder / "snapshots" / f"{name}.json"

    def snapshots(self) -> list[str]:
        """List the names of the frozen states."""
        return sorted(path.stem for path in (self.folder / "snapshots").glob("*.json"))

    def content_hash(self, snapshot: str | None = None) -> str:
        """Hash the content of the store, whatever its partitions: see `mleq.catalog.events.fingerprint`."""
        raw = self.read(snapshot=snapshot)
        return fingerprint(raw.rename(columns={"time": "origin_time", "depth": "depth_km", "mag": "magnitude"}))

    def freeze(self, name: str) -> str:
        """Freeze the newest state under a name.

        Returns
        -------
        str
            The hash of its content.

        Raises
        ------
        mleq.errors.RequestError
            If the name is taken by another state, or the store is empty.
        """
        path = self.snapshot_path(name)
        with atomic.locked(self.folder / ".lock"):
            records = self.records()
            if not records:
                raise RequestError(f"{self.folder} holds nothing to freeze", remedy="Run python cmd/fetch first")
            digest = self.content_hash()
            if path.exists():
                if self.content_hash(name) == digest:
                    return digest
                raise RequestError(f"the snapshot {name!r} exists and is another state", remedy="Choose another name")
            atomic.write_bytes(path, written(records, sha256=digest))
        return digest

    def remove_orphans(self) -> int:
        """Remove files that neither the manifest nor a snapshot names; returns how many."""
        with atomic.locked(self.folder / ".lock"):
            named = {record.file for record in self.records()}
            for snapshot in self.snapshots():
                named |= {record.file for record in self.records(snapshot)}
            old = time.time() - ORPHAN_S
            orphans = [
                path
                for path in (self.folder / "events").glob("*")
                if path.name not in named and path.stat().st_mtime < old
            ]
            for path in orphans:
                path.unlink(missing_ok=True)
        return len(orphans)
