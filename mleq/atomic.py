"""Files that are either whole or not there, and folders that one process at a time works in."""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mleq.errors import MleqError, StorageError

_SPACE = "free some space, then give the same command again: what was finished is kept"
_ELSEWHERE = "choose another folder (--out_dir, --data_dir) or allow writing there"
_IN_THE_WAY = "a file stands where a folder is needed; move it away or choose another folder"
_REMEDIES = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: _SPACE,
    errno.EACCES: _ELSEWHERE,
    errno.EPERM: _ELSEWHERE,
    errno.EROFS: _ELSEWHERE,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EEXIST: _IN_THE_WAY,
}


@contextmanager
def storing(what: str | os.PathLike) -> Iterator[None]:
    """Turn an operating system's refusal to write into a clear failure.

    Parameters
    ----------
    what : path-like
        What is being written, for the message.

    Raises
    ------
    StorageError
        Instead of any OSError inside the block.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(f"cannot write {what}: {reason}", remedy=_REMEDIES.get(error.errno, "")) from error


@contextmanager
def beside(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary name in the folder of `path`; when the block ends well it is renamed to `path`.

    Parameters
    ----------
    path : path-like
        The file to be written; its folder is made.

    Yields
    ------
    pathlib.Path
        Where to write.

    Raises
    ------
    StorageError
        If it cannot be written or renamed; what stood at `path` before is untouched.
    """
    path = Path(path)
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
        try:
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike, content: bytes) -> None:
    """Write a file atomically; see `beside`."""
    with beside(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a UTF-8 text file atomically; see `beside`."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Write a JSON file atomically; see `beside`."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def locked(path: str | os.PathLike, *, busy: MleqError | None = None) -> Iterator[None]:
    """Keep out other processes that lock the same file; the lock ends with the process, however it ends.

    Parameters
    ----------
    path : path-like
        The lock's file; its folder is made.
    busy : MleqError, optional
        Raised where another process holds the lock; without it, this one waits.

    Raises
    ------
    StorageError
        If the file cannot be made.
    """
    from filelock import FileLock, Timeout

    with storing(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=-1 if busy is None else 0)
        try:
            lock.acquire()
        except Timeout:
            raise busy from None
    try:
        yield
    finally:
        lock.release()
