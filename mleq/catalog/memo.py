"""What was read from the store, kept ready to be opened again: the same question is asked by every command.

    <data>/<service>/memo/<key>.arrow     the events and their attributes in Arrow's file format
    <data>/<service>/memo/<key>.sha256    the hash of the file beside

A memo is only a copy. Its key is the hash of all that decides what it holds, the partitions' files included, so that
it is never out of date; one that is damaged or cannot be written is as good as none.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from mleq import atomic
from mleq.errors import StorageError

log = logging.getLogger("mleq")

KEPT = 4
"""Memos that are kept: those that were made last."""
WORTH = 20_000
"""Events from which on a memo is quicker than the store."""


def remembered(folder: Path, key: str, read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Return what `read` gives, from the memo with this key where there is one.

    Parameters
    ----------
    folder : pathlib.Path
        Of the memos.
    key : str
        Hash of all that decides what `read` gives.
    read : callable
        Gives a table of events with `attrs` of `start` and `end` (times) and JSON values.
    """
    path = folder / f"{key[:32]}.arrow"
    events = _recall(path)
    if events is None:
        events = read()
        if len(events) >= WORTH:
            _keep(path, events)
    return events


def _recall(path: Path) -> pd.DataFrame | None:
    import pyarrow as pa

    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != path.with_suffix(".sha256").read_text(encoding="utf-8"):
            return None
    except (OSError, ValueError):
        return None
    table = pa.ipc.open_file(pa.BufferReader(content)).read_all()
    attributes = json.loads(table.schema.metadata[b"attributes"])
    events = table.to_pandas()
    events.attrs = attributes | {name: pd.Timestamp(attributes[name]) for name in ("start", "end")}
    return events


def _keep(path: Path, events: pd.DataFrame) -> None:
    import pyarrow as pa

    attributes: dict[str, Any] = {
        name: value.isoformat() if isinstance(value, pd.Timestamp) else value for name, value in events.attrs.items()
    }
    bare = events.copy(deep=False)
    bare.attrs = {}  # pandas would write them down too, and fail at the times
    table = pa.Table.from_pandas(bare, preserve_index=False)
    table = table.replace_schema_metadata({**table.schema.metadata, b"attributes": json.dumps(attributes)})
    try:
        with (
            atomic.beside(path) as temporary,
            pa.OSFile(str(temporary), "wb") as file,
            pa.ipc.new_file(file, table.schema) as writer,
        ):
            writer.write_table(table)
        atomic.write_text(path.with_suffix(".sha256"), hashlib.sha256(path.read_bytes()).hexdigest())
        for old in sorted(path.parent.glob("*.arrow"), key=lambda p: p.stat().st_mtime)[:-KEPT]:
            old.with_suffix(".sha256").unlink(missing_ok=True)
            old.unlink(missing_ok=True)
    except (OSError, StorageError) as error:
        log.debug("what was read from the store could not be kept ready: %s", error)
