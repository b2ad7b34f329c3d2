"""The manifest of a store: one record per window, as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from mleq.catalog.window import Window, iso, milliseconds
from mleq.errors import StorageError

FORMAT = 1


@dataclass(frozen=True)
class Record:
    """What the manifest says of one partition.

    `revised` is the latest `updated` that the service was known to hold when the partition was last brought up to
    date: whatever changed since then carries a later one.
    """

    window: Window
    count: int
    sha256: str
    file: str
    fetched: str
    revised: int


def parse(text: str, path: Path) -> list[Record]:
    """Read a manifest; records in order of time.

    Raises
    ------
    mleq.errors.StorageError
        If it is no manifest, or of another version.
    """
    try:
        manifest = json.loads(text)
        if manifest["format"] != FORMAT:
            raise StorageError(
                f"{path} has format {manifest['format']}", expected=f"{FORMAT}, which this version writes"
            )
        return sorted(map(_record, manifest["windows"]), key=lambda record: record.window)
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"{path} cannot be read ({type(error).__name__}: {error})",
            remedy=f"Move {path} away and fetch again; the partitions stay where they are",
        ) from None


def written(records: Iterable[Record], **more: str) -> bytes:
    """Write a manifest."""
    ordered = sorted(records, key=lambda record: record.window)
    content = {"format": FORMAT, **more, "windows": [_line(record) for record in ordered]}
    return (json.dumps(content, indent=1) + "\n").encode()


def _line(record: Record) -> dict:
    """A record as the manifest writes it."""
    values = asdict(record)
    window = values.pop("window")
    highest = window["max_magnitude"] if window["max_magnitude"] < math.inf else None
    return {
        "start": iso(window["start"]),
        "end": iso(window["end"]),
        "min_magnitude": window["min_magnitude"],
        "max_magnitude": highest,
        **values,
        "revised": iso(values["revised"]),
    }


def _record(line: dict) -> Record:
    line = dict(line)
    highest = line.pop("max_magnitude")
    window = Window(
        milliseconds(pd.Timestamp(line.pop("start"))),
        milliseconds(pd.Timestamp(line.pop("end"))),
        line.pop("min_magnitude"),
        math.inf if highest is None else highest,
    )
    return Record(window=window, revised=milliseconds(pd.Timestamp(line.pop("revised"))), **line)


def neighbours(records: Iterable[Record], limit: int) -> list[list[Record]]:
    """Group records that adjoin in time, have the same band of magnitudes, and hold together at most `limit` events."""
    groups: list[list[Record]] = []
    for record in sorted(records, key=lambda one: (_band(one.window), one.window)):
        last = groups[-1] if groups else []
        adjoins = last and last[-1].window.end == record.window.start and _band(last[-1].window) == _band(record.window)
        if adjoins and sum(one.count for one in last) + record.count <= limit:
            last.append(record)
        else:
            groups.append([record])
    return groups


def _band(window: Window) -> tuple[float, float]:
    return window.min_magnitude, window.max_magnitude
