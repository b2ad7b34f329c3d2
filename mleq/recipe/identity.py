"""What makes two recipes the same: their settings written out, hashed and compared."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from mleq.recipe import text
from mleq.recipe.settings import Recipe


def resolved(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as JSON values, every default written out."""
    return recipe.model_dump(mode="json")


def recipe_hash(recipe: Recipe) -> str:
    """Return the SHA-256 of the resolved recipe, hexadecimal.

    What is null is left out: a setting that is new, and not made, leaves the recipes of finished runs what they were.
    """
    settings = _without_null(resolved(recipe))
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(inner) for key, inner in value.items() if inner is not None}
    return [_without_null(inner) for inner in value] if isinstance(value, list) else value


def differences(old: Recipe, new: Recipe) -> list[str]:
    """Return the settings in which two recipes differ, as "model.epochs: 5 -> 50"."""
    before, after = _flat(resolved(old)), _flat(resolved(new))
    return [
        f"{text.dotted(path)}: {json.dumps(before.get(path))} -> {json.dumps(after.get(path))}"
        for path in sorted(before.keys() | after.keys(), key=str)
        if before.get(path) != after.get(path)
    ]


def _flat(value: Any, path: text.Path = ()) -> dict[text.Path, Any]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        return {path: value}
    return {k: v for key, inner in items for k, v in _flat(inner, (*path, key)).items()}
