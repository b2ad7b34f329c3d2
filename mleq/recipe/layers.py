"""Recipes in layers: one laid over the recipe of the shelf that it extends, and `--set` over both."""

from __future__ import annotations

import json
from typing import Any

from mleq.errors import RecipeError
from mleq.recipe import text
from mleq.recipe.entries import Entry
from mleq.recipe.mistakes import did_you_mean


def base_of(entry: Entry, shelf: dict[str, Entry]) -> Entry | None:
    """Return the recipe of the shelf that a recipe extends; None where it stands alone.

    Raises
    ------
    RecipeError
        If there is no such recipe, or it extends one itself.
    """
    name = entry.raw.get("extends")
    if name is None:
        return None
    stem = f"{entry.where(('extends',))}: {entry.raw['id']}.extends:"
    if not isinstance(name, str):
        raise RecipeError([f"{stem} found {name!r}; expected one id of the shelf, in quotes"])
    base = shelf.get(name)
    if base is None or base is entry:
        raise RecipeError([f"{stem} no recipe '{name}' on the shelf{did_you_mean(name, shelf)}"])
    if "extends" in base.raw:
        raise RecipeError(
            [f"{stem} '{name}' itself extends '{base.raw['extends']}'; extend a recipe that stands alone"]
        )
    return base


def overlay(base: dict, top: dict) -> dict:
    """Lay one object over another; what is of another kind, `split` and `title` replace what was there whole."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        mergeable = isinstance(value, dict) and isinstance(below, dict) and key not in ("split", "title")
        same_kind = mergeable and all(value.get(tag, below.get(tag)) == below.get(tag) for tag in ("name", "source"))
        merged[key] = overlay(below, value) if same_kind else value
    return merged


def apply(data: dict, change: str, labels: dict[text.Path, str]) -> dict:
    """Return a copy of a recipe with one `path=value` changed.

    Parameters
    ----------
    data : dict
        The recipe, as JSON values.
    change : str
        As on the command line: "model.epochs=5".
    labels : dict
        Takes up what was changed, by its path, as messages name it.

    Raises
    ------
    RecipeError
        If the change has no value, or its path leads nowhere.
    """
    label = f"--set {change}"
    place, equals, written = change.partition("=")
    if not equals or not place:
        raise RecipeError([f"{label}: expected path=value, for example model.epochs=5"])
    try:
        value = json.loads(written)
    except (ValueError, RecursionError):
        value = written
    parts = tuple(int(part) if part.isdecimal() and len(part) < 10 else part for part in place.split("."))
    copy = json.loads(json.dumps(data))
    here = copy
    for depth, part in enumerate(parts[:-1]):
        if isinstance(here, dict) and part not in here:
            here[part] = {}
        here = _step(here, part, label, parts[: depth + 1])
    if isinstance(here, list):
        _step(here, parts[-1], label, parts)
    elif not isinstance(here, dict):
        raise RecipeError([f"{label}: {text.dotted(parts[:-1])} is a single value, it has nothing inside"])
    here[parts[-1]] = value
    labels[parts] = label
    return copy


def _step(here: Any, part: str | int, label: str, path: text.Path) -> Any:
    try:
        return here[part]
    except (KeyError, IndexError, TypeError):
        raise RecipeError([f"{label}: the recipe has nothing at {text.dotted(path)}"]) from None
