"""Adds a recipe to a recipe file without touching what a person wrote there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mleq import atomic
from mleq.recipe import text

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
    before = path.read_text(encoding="utf-8") if path.exists() else EMPTY
    document = text.parse(before, str(path))
    end = document.ends[("recipes",)]
    comma = "," if document.value["recipes"] else ""
    atomic.write_text(path, f"{before[:end].rstrip()}{comma}\n{_block(raw)}\n  {before[end:]}")


def _block(raw: dict[str, Any]) -> str:
    """Show a recipe as the shelf does: one line for each part."""
    lines = [f"      {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in raw.items()]
    return "    {\n" + ",\n".join(lines) + "\n    }"
