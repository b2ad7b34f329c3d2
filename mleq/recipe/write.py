"""Adds a recipe to a recipe file without touching what a person wrote there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mleq import atomic
from mleq.recipe import text

MARK = "\ufeff"
"""A byte order mark, which some editors put first; it stays."""
EMPTY = '{\n  "format": 1,\n  "recipes": []\n}\n'


def add_recipe(path: Path, raw: dict[str, Any]) -> None:
    """Write a recipe at the end of a recipe file; the file is made where there is none.

    Parameters
    ----------
    path : pathlib.Path
        The recipe file.
    raw : dict
        The recipe, as JSON values.

    Raises
    ------
    RecipeError
        If the file is not JSON.
    StorageError
        If it cannot be written; it is then as it was.
    """
    written = path.read_text(encoding="utf-8") if path.exists() else EMPTY
    before = written.removeprefix(MARK)
    document = text.parse(before, str(path))
    end = document.ends[("recipes",)]
    comma = "," if document.value["recipes"] else ""
    added = f"{before[:end].rstrip()}{comma}\n{_block(raw)}\n  {before[end:]}"
    atomic.write_text(path, written[: len(written) - len(before)] + added)


def _block(raw: dict[str, Any]) -> str:
    """Show a recipe as the shelf does: one line for each part."""
    lines = [f"      {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in raw.items()]
    return "    {\n" + ",\n".join(lines) + "\n    }"
