"""Files that are either whole or not there: written beside their place, then renamed."""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mleq.errors import StorageError


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
        remedies = {
            errno.ENOSPC: "free some space, then give the same command again: what was finished is kept",
            errno.EDQUOT: "free some space, then give the same command again: what was finished is kept",
            errno.EACCES: "choose another folder (--out_dir, --data_dir) or allow writing there",
            errno.EROFS: "choose another folder (--out_dir, --data_dir) or allow writing there",
            errno.EPERM: "choose another folder (--out_dir, --data_dir) or allow writing there",
            errno.ENOTDIR: "a file stands where a folder is needed; move it away or choose another folder",
            errno.EEXIST: "a file stands where a folder is needed; move it away or choose another folder",
        }
        reason = error.strerror or str(error)
        raise StorageError(f"cannot write {what}: {reason}", remedy=remedies.get(error.errno, "")) from error


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
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a UTF-8 text file atomically; see `beside`."""
    with beside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Write a JSON file atomically; see `beside`."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
