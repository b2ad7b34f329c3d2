"""Finds a recipe by its id, lays it over the one it extends, applies `--set`, and validates it at once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mleq.errors import RecipeError, RequestError
from mleq.recipe import text
from mleq.recipe.entries import DEFAULT_FILE, LAY_DOWN, Entry, find_entries, refuse_folder
from mleq.recipe.layers import apply, base_of, overlay
from mleq.recipe.mistakes import did_you_mean, explain
from mleq.recipe.settings import Recipe

Models = Mapping[str, type[Recipe]]
"""The recipe model of each family by its name; the registry's `recipe_models`, which imports on demand."""


@dataclass(frozen=True)
class Located:
    """A validated recipe that still knows where each setting was written."""

    recipe: Recipe
    say: Callable[[text.Path, str], str] = field(repr=False)
    """(path, sentence) -> "recipe.json:12: tokyo.model.epochs: sentence"."""


def load_recipe(
    recipe_id: str, path: str | os.PathLike | None = None, *, models: Models, changes: Iterable[str] = ()
) -> Recipe:
    """Load one recipe: found, extended, changed and validated.

    Parameters
    ----------
    recipe_id : str
        Sought in the recipe file first, then on the shelf.
    path : path-like, optional
        The recipe file; without it `recipe.json` of the working directory, where there is one.
    models : mapping
        Each family's recipe model by name.
    changes : iterable of str
        Changes as on the command line: "model.epochs=5".

    Returns
    -------
    Recipe
        The family's recipe, frozen, with every default filled in.

    Raises
    ------
    RecipeError
        With one line for every mistake.
    RequestError
        If there is no such recipe or file.
    """
    return locate_recipe(recipe_id, path, models=models, changes=changes).recipe


def locate_recipe(
    recipe_id: str, path: str | os.PathLike | None = None, *, models: Models, changes: Iterable[str] = ()
) -> Located:
    """Load one recipe and keep where its settings were written; see `load_recipe`."""
    found = list(find_entries(Path(path) if path is not None else None))
    entry = next((e for e, _ in found if e.raw["id"] == recipe_id), None)
    if entry is None:
        raise _unknown(recipe_id, [e.raw["id"] for e, _ in found], own_file=path is not None or DEFAULT_FILE.is_file())
    shelf = {e.raw["id"]: e for e, on_shelf in found if on_shelf}
    return validate(entry, shelf=shelf, models=models, changes=changes)


def _unknown(recipe_id: str, names: list[str], *, own_file: bool) -> RequestError:
    """Say that there is no such recipe, and, where that is why, that there is no recipe file to look in."""
    new = "`mleq recipes` lists what there is; `mleq new --id …` writes a new one"
    proposal = did_you_mean(recipe_id, names)
    if own_file:
        return RequestError(f"no recipe '{recipe_id}'{proposal}", remedy=new)
    return RequestError(
        f"no recipe '{recipe_id}' on the shelf, and no {DEFAULT_FILE} in this folder{proposal}",
        remedy=f"Go to the folder that has it, or name the file with --recipe; {LAY_DOWN}; {new}",
    )


def validate(
    entry: Entry, *, models: Models, shelf: dict[str, Entry] | None = None, changes: Iterable[str] = ()
) -> Located:
    """Resolve and validate one entry; see `load_recipe`."""
    base = base_of(entry, shelf or {})
    data = {k: v for k, v in entry.raw.items() if k != "extends"}
    data = overlay(base.raw, data) if base else data
    labels: dict[text.Path, str] = {}
    for change in changes:
        data = apply(data, change, labels)

    def say(path: text.Path, sentence: str) -> str:
        depth = len(path)
        changed = [label for place, label in labels.items() if path[: len(place)] == place or place[:depth] == path]
        if changed:
            where = changed[-1]
        else:
            written_here = base is None or _holds(entry.raw, path) or path not in base.lines
            where = (entry if written_here else base).where(path)
        return f"{where}: {text.dotted((entry.raw['id'], *path))}: {sentence}"

    name = data.get("family")
    if not isinstance(name, str) or name not in models:
        sentence = f"found {name!r}; expected one of {', '.join(models)}{did_you_mean(str(name), models)}"
        raise RecipeError([say(("family",), sentence)])
    try:
        recipe = models[name].model_validate_json(json.dumps(data), context={"folder": entry.folder})
    except ValidationError as error:
        raise RecipeError([say(p, s) for p, s in explain(error, models[name], data)]) from None
    return Located(recipe, say)


def _holds(raw: Any, path: text.Path) -> bool:
    """Whether a recipe, as written, has something at a path."""
    for part in path:
        if not (isinstance(raw, dict) and part in raw or isinstance(raw, list) and part in range(len(raw))):
            return False
        raw = raw[part]
    return True


def try_recipe(raw: dict[str, Any], path: Path, *, models: Models) -> Recipe:
    """Validate a recipe that is about to be written to a file.

    Raises
    ------
    RequestError
        If its id is already used in the file, or a folder stands in the file's place.
    RecipeError
        With every mistake.
    """
    refuse_folder(path)
    found = list(find_entries(path if path.is_file() else None))
    for entry, _ in found:
        if entry.raw["id"] == raw["id"]:
            raise RequestError(
                f"the id '{raw['id']}' is already used at {entry.where(('id',))}", remedy="choose another --id"
            )
    shelf = {e.raw["id"]: e for e, on_shelf in found if on_shelf}
    return validate(Entry(raw, f"--id {raw['id']}", {}, path.resolve().parent), shelf=shelf, models=models).recipe
