"""The ledger: every forecast asked for, in a chain of hashes that shows whether a line was changed, cut or moved.

Each line of out/ledger.jsonl is a JSON object. It carries its number, the hash of the line before it, and, as its last
member, its own: the SHA-256 of all the bytes of the line that stand before `,"sha256":`. So any program can check it
without agreeing on how numbers are written. out/ledger.head holds the number of lines, the last hash and the size of
the file: without it, a cut tail would not show.

A chain of hashes does not keep out who may rewrite the whole of it; who wants to prove more publishes the head.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import logging
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mleq import atomic
from mleq.errors import Failure, StorageError
from mleq.experiment import provenance

log = logging.getLogger("mleq")

BEGINNING = "0" * 64
"""Stands for the hash before the first line."""
STALE_DAYS = 7.0
"""A catalogue that ends so long before the issue time knows too little of what is going on."""

_LINE = re.compile(rb'(\{"number":(\d+),"previous":"([0-9a-f]{64})",.*),"sha256":"([0-9a-f]{64})"\}', re.DOTALL)
_REMEDY = "do not mend it by hand: take ledger.jsonl and ledger.head back from one copy, and see `mleq ledger verify`"


@dataclass(frozen=True)
class Head:
    """What out/ledger.head says.

    Attributes
    ----------
    count : int
        Lines.
    sha256 : str
        Hash of the last one.
    bytes : int
        Size of the ledger.
    """

    count: int = 0
    sha256: str = BEGINNING
    bytes: int = 0

    def text(self) -> str:
        """The file's content, in the one way in which it is written."""
        return json.dumps(asdict(self)) + "\n"


def ledger_file(out_dir: Path) -> Path:
    """Return where the ledger of a folder of results lies."""
    return Path(out_dir) / "ledger.jsonl"


def head_file(out_dir: Path) -> Path:
    """Return where its head lies."""
    return Path(out_dir) / "ledger.head"


def append(out_dir: Path, entries: Iterable[dict[str, Any]]) -> int:
    """Add forecasts to the end of the ledger; several processes may do so at once.

    A forecast counts as prospective only if it is recorded before its period begins. What a killed process left
    half written is removed first; it was never counted. Where it cannot be written to the end nothing is added.

    Parameters
    ----------
    out_dir : pathlib.Path
        Folder of all results.
    entries : iterable of dict
        As in predictions.json.

    Returns
    -------
    int
        Lines that the ledger now has.

    Raises
    ------
    Failure
        If the ledger does not end as its head says.
    StorageError
        If it cannot be written.
    """
    path = ledger_file(out_dir)
    with atomic.locked(path.with_name(".ledger.lock")):
        head = _whole(out_dir)
        lines, last = [], head.sha256
        for number, entry in enumerate(entries, head.count + 1):
            line, last = _line(number, last, entry, recorded_at=provenance.now())
            lines.append(line)
        written = b"".join(lines)
        if not written:
            return head.count
        new = Head(head.count + len(lines), last, head.bytes + len(written))
        try:
            with atomic.storing(path), path.open("ab") as file:
                file.write(written)
                file.flush()
                os.fsync(file.fileno())
            atomic.write_text(head_file(out_dir), new.text())
        except StorageError:
            with contextlib.suppress(OSError):  # a full disk can still be given back what was taken of it
                os.truncate(path, head.bytes)
            raise
    return new.count


def _line(number: int, previous: str, entry: dict[str, Any], *, recorded_at: str) -> tuple[bytes, str]:
    begins = (entry.get("period") or {}).get("start_utc")
    content = {
        "number": number,
        "previous": previous,
        "recorded_at": recorded_at,
        "prospective": begins is not None and _instant(recorded_at) < _instant(begins),
        "entry": entry,
    }
    body = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))[:-1].encode("ascii")
    own = hashlib.sha256(body).hexdigest()
    return body + f',"sha256":"{own}"}}\n'.encode("ascii"), own


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _whole(out_dir: Path) -> Head:
    """Return the head, once the ledger ends where it says; call it under the lock."""
    path, head = ledger_file(out_dir), read_head(out_dir)
    if head == Head():
        atomic.write_text(head_file(out_dir), head.text())  # a first append that is killed then leaves a sound ledger
    size = path.stat().st_size if path.exists() else 0
    if size == head.bytes:
        return head
    if size < head.bytes:
        raise Failure(
            f"the ledger {path} has {size:,} bytes, its head says {head.bytes:,}: its end was cut", remedy=_REMEDY
        )
    with path.open("rb") as file:
        file.seek(head.bytes)
        added = file.read()
    new = head
    for line in added.splitlines(keepends=True):
        found = _LINE.fullmatch(line[:-1]) if line.endswith(b"\n") else None
        if not found or not _follows(found, new):
            break
        new = Head(new.count + 1, found[4].decode(), new.bytes + len(line))
    with atomic.storing(path):
        os.truncate(path, new.bytes)
    atomic.write_text(head_file(out_dir), new.text())
    log.warning("an append to %s was stopped: %d of its lines are kept", path, new.count - head.count)
    return new


def _follows(found: re.Match, head: Head) -> bool:
    """Whether a line is the one after the head, and its hash is its own."""
    numbered = int(found[2]) == head.count + 1 and found[3].decode() == head.sha256
    return numbered and hashlib.sha256(found[1]).hexdigest().encode() == found[4]


def read_head(out_dir: Path) -> Head:
    """Return what the head says; that of an empty ledger where there is neither.

    Raises
    ------
    Failure
        If it is missing or no head.
    """
    path = head_file(out_dir)
    if not path.exists() and not ledger_file(out_dir).exists():
        return Head()
    try:
        text = path.read_text(encoding="ascii")
        head = Head(**json.loads(text))
    except (OSError, ValueError, TypeError) as error:
        raise Failure(f"the ledger's head {path} cannot be read: {error}", remedy=_REMEDY) from None
    if head.text() != text:
        raise Failure(f"the ledger's head {path} was changed: it is not as mleq writes it", remedy=_REMEDY)
    return head


def verify(out_dir: Path) -> list[str]:
    """List what is wrong with the ledger: nothing, where no line was changed, removed, added or moved.

    Returns
    -------
    list of str
        One sentence for each fault.
    """
    path = ledger_file(out_dir)
    with atomic.locked(path.with_name(".ledger.lock")):
        try:
            head = read_head(out_dir)
            content = path.read_bytes() if path.exists() else b""
        except Failure as failure:
            return [failure.found]
        except OSError as error:
            return [f"{path} cannot be read: {error.strerror}"]
    faults, at = [], Head()
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        found = _LINE.fullmatch(line)
        if not found:
            faults.append(f"line {number} is no line of a ledger")
            at = Head(at.count + 1, "", at.bytes)
            continue
        own = found[4].decode()
        if hashlib.sha256(found[1]).hexdigest() != own:
            faults.append(f"line {number} was changed: its hash is not that of its content")
        if int(found[2]) != at.count + 1 or found[3].decode() != at.sha256:
            faults.append(f"line {number} does not follow the one before it: lines were changed, removed or moved")
        at = Head(int(found[2]), own, at.bytes)
    if not content.endswith(b"\n") and content:
        faults.append("the last line is not whole")
    end = Head(content.count(b"\n"), at.sha256, len(content))
    if not faults and end != head:
        faults.append(f"the head says {head.count} lines, {head.bytes} bytes; found {end.count}, {end.bytes}")
    return faults


def read(out_dir: Path) -> Iterator[dict[str, Any]]:
    """Give the ledger's lines in order, each with number, recorded_at, prospective and entry.

    Raises
    ------
    Failure
        If the ledger is not sound.
    """
    faults = verify(out_dir)
    if faults:
        raise Failure(f"the ledger {ledger_file(out_dir)} is not sound: {'; '.join(faults[:3])}", remedy=_REMEDY)
    if ledger_file(out_dir).exists():
        with ledger_file(out_dir).open(encoding="ascii") as file:
            for line in file:
                yield json.loads(line)


def runs_named(out_dir: Path) -> set[tuple[str, str]]:
    """Return (recipe_id, run) of every forecast in the ledger."""
    return {(line["entry"]["recipe_id"], line["entry"]["run"]) for line in read(out_dir)}


def stale(entry: dict[str, Any]) -> str | None:
    """Say how far the catalogue of a forecast lags behind its issue time, where that is more than `STALE_DAYS`."""
    if "issue_time" not in entry or "catalog_end" not in entry:
        return None
    issue, end = (_instant(entry[name]) for name in ("issue_time", "catalog_end"))
    lag = (issue - end) / dt.timedelta(days=1)
    if lag <= STALE_DAYS:
        return None
    return (
        f"the catalogue ends on {end:%Y-%m-%d}, {lag:,.0f} days before the forecast was issued, which therefore knows "
        "nothing of what happened since"
    )


def not_yet_in(out_dir: Path, entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the forecasts that no line holds yet: of the same recipe, run and target date (or input).

    One from a catalogue that had ended long before is no hindrance to one from a newer catalogue.
    """
    lines = [line["entry"] for line in read(out_dir)]
    held, well = {_identity(entry) for entry in lines}, {_identity(entry) for entry in lines if not stale(entry)}
    return [entry for entry in entries if _identity(entry) not in (held if stale(entry) else well)]


def _identity(entry: dict[str, Any]) -> tuple[str, str, str]:
    return entry["recipe_id"], entry["run"], entry.get("target_date") or entry["input"]
