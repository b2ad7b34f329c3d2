"""What fetches set out to bring, noted until all of it is there: half a fetch is never taken for a whole one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from mleq import atomic
from mleq.catalog.window import Window, missing

FILE = "wanted.json"


def note(folder: Path, wanted: Window) -> None:
    """Note what a fetch sets out to bring; one fetch at a time works in a store.

    Parameters
    ----------
    folder : pathlib.Path
        Of the store.
    wanted : Window
    """
    _write(folder, {*_read(folder), wanted})


def forget(folder: Path, held: Iterable[Window]) -> None:
    """Forget what is there now."""
    held = list(held)
    _write(folder, {wish for wish in _read(folder) if missing(wish, held)})


def unfinished(folder: Path, held: Iterable[Window]) -> list[Window]:
    """Return what was set out for and is not all there, in order of time."""
    held = list(held)
    return sorted(wish for wish in _read(folder) if missing(wish, held))


def _read(folder: Path) -> set[Window]:
    try:
        lines = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {Window(line["start"], line["end"], line["min_magnitude"]) for line in lines}
    except FileNotFoundError:
        return set()


def _write(folder: Path, wishes: set[Window]) -> None:
    lines = [{key: value for key, value in asdict(wish).items() if key != "max_magnitude"} for wish in sorted(wishes)]
    if lines:
        atomic.write_json(folder / FILE, lines)
    else:
        (folder / FILE).unlink(missing_ok=True)
