"""Finds a recipe by its id, lays it over the one it extends, applies `--set`, and validates it at once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mleq.errors import RecipeError, RequestError
from mleq.recipe import text
from mleq.recipe.mistakes import did_you_mean, explain
from mleq.recipe.settings import Recipe

DEFAULT_FILE = Path("recipe.json")
LAY_DOWN = "`mleq init FOLDER` lays down a recipe.json"
FORMAT = 1
Models = Mapping[str, type[Recipe]]
"""The recipe model of each family by its name; the registry's `recipe_models`, which imports on demand."""


@dataclass(frozen=True)
class Entry:
    """A recipe as it is written in a file, not yet validated."""

    raw: dict[str, Any]
    source: str
    lines: dict[text.Path, int] = field(repr=False)
    folder: Path | None = None
    """Of its file, to which its paths are relative."""

    def where(self, path: text.Path) -> str:
        """Return "file:line" of the deepest part of `path` that the file holds."""
        if not self.lines:  # not from a file
            return self.source
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.source}:{self.lines.get(path, 1)}"


def shelf_folder(own: Path | None = None) -> Path:
    """Return the folder of the ready-made recipes.

    That is `recipes` beside the person's own recipe file where there is one, as in a clone or after `mleq init`;
    else the shelf that came with the package.
    """
    beside = (own or DEFAULT_FILE).parent / "recipes"
    if own is not None and beside.is_dir():
        return beside
    package = Path(__file__).resolve().parents[1]
    installed = package / "shelf"
    return installed if installed.is_dir() else package.parent / "recipes"


def shelf_files(own: Path | None = None) -> list[Path]:
    """Return the files of the shelf, by name; see `shelf_folder`."""
    return sorted(p for p in shelf_folder(own).glob("*.json") if p.name not in ("schema.json", "recipe.json"))


def template() -> Path:
    """Return the recipe.json that comes with the package, for `mleq init`."""
    inside = shelf_folder() / "recipe.json"
    return inside if inside.is_file() else shelf_folder().parent / "recipe.json"


def read_entries(path: Path) -> list[Entry]:
    """Read the recipes of one file, as they are written.

    Parameters
    ----------
    path : pathlib.Path
        A recipe file.

    Returns
    -------
    list of Entry

    Raises
    ------
    RecipeError
        If the file is not JSON of the form {"format": 1, "recipes": [...]}, or has a duplicate key or id.
    """
    source = _relative(path)
    try:
        document = text.parse(path.read_text(encoding="utf-8-sig"), source)
    except UnicodeDecodeError as error:
        raise RecipeError([f"{source}:1: not UTF-8 text (byte {error.start})"]) from None
    mistakes = [f"{source}:{document.lines[p]}: {_dotted(p)}: this key is given twice" for p in document.duplicates]
    mistakes += _frame_mistakes(document, source)
    if mistakes:
        raise RecipeError(mistakes)
    entries = []
    for index, raw in enumerate(document.value["recipes"]):
        stem = ("recipes", index)
        lines = {p[2:]: line for p, line in document.lines.items() if p[:2] == stem}
        entries.append(Entry(raw, source, lines, path.resolve().parent))
    if mistakes := _duplicate_ids(entries):
        raise RecipeError(mistakes)
    return entries


def _frame_mistakes(document: text.Document, source: str) -> list[str]:
    top = document.value
    if not isinstance(top, dict):
        return [f'{source}:1: found no object; expected {{"format": 1, "recipes": [...]}}']
    known = ("$schema", "format", "recipes")
    found = [
        f"{source}:{document.lines[(key,)]}: {key}: unknown setting{did_you_mean(key, known)}"
        for key in top
        if key not in known
    ]
    if type(top.get("format")) is not int or top["format"] != FORMAT:
        line = document.lines.get(("format",), 1)
        wrong = f"found {top['format']!r}; expected {FORMAT}" if "format" in top else f"is missing; expected {FORMAT}"
        found.append(f"{source}:{line}: format: {wrong}")
    recipes = top.get("recipes")
    if not isinstance(recipes, list):
        found.append(f"{source}:{document.lines.get(('recipes',), 1)}: recipes: expected a list of recipes")
        return found
    for index, raw in enumerate(recipes):
        line = document.lines[("recipes", index)]
        if not isinstance(raw, dict):
            found.append(f"{source}:{line}: recipes.{index}: expected an object {{…}}")
        elif not isinstance(raw.get("id"), str):
            found.append(f"{source}:{line}: recipes.{index}.id: every recipe needs an id, a text in quotes")
    return found


def _duplicate_ids(entries: list[Entry]) -> list[str]:
    first: dict[str, Entry] = {}
    found = []
    for entry in entries:
        name = entry.raw["id"]
        if name in first:
            found.append(f"{entry.where(('id',))}: {name}: this id is already used at {first[name].where(('id',))}")
        first.setdefault(name, entry)
    return found


def find_entries(path: Path | None = None) -> Iterator[tuple[Entry, bool]]:
    """Yield every recipe that can be named, and whether it is on the shelf; a person's own file comes first.

    Parameters
    ----------
    path : pathlib.Path, optional
        The recipe file; without it `recipe.json` of the working directory, where there is one.

    Raises
    ------
    RecipeError
        If a file is not what a recipe file must be.
    RequestError
        If a folder stands where the recipe file should, or `path` is not there.
    """
    own = path or DEFAULT_FILE
    refuse_folder(own)
    if path is not None and not path.is_file():
        raise RequestError(f"no such recipe file: {path}", remedy=f"{LAY_DOWN} to begin with")
    if own.is_file():
        for entry in read_entries(own):
            yield entry, False
    for file in shelf_files(own if own.is_file() else None):
        for entry in read_entries(file):
            yield entry, True


def refuse_folder(path: Path) -> None:
    """Refuse a folder where the recipe file should be.

    Raises
    ------
    RequestError
    """
    if path.is_dir():
        raise RequestError(
            f"found a folder at {path}",
            expected="a recipe file",
            remedy=f"Move it away or name a file with --recipe; {LAY_DOWN}",
        )


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
    base = _base_of(entry, shelf or {})
    data = {k: v for k, v in entry.raw.items() if k != "extends"}
    data = _overlay(base.raw, data) if base else data
    labels: dict[text.Path, str] = {}
    for change in changes:
        data = _apply(data, change, labels)

    def say(path: text.Path, sentence: str) -> str:
        depth = len(path)
        changed = [label for place, label in labels.items() if path[: len(place)] == place or place[:depth] == path]
        if changed:
            where = changed[-1]
        else:
            written_here = base is None or _holds(entry.raw, path) or path not in base.lines
            where = (entry if written_here else base).where(path)
        return f"{where}: {_dotted((entry.raw['id'], *path))}: {sentence}"

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


def _base_of(entry: Entry, shelf: dict[str, Entry]) -> Entry | None:
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


def _overlay(base: dict, top: dict) -> dict:
    """Lay one object over another; an object of another kind, and `split`, replace what was there whole."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        mergeable = isinstance(value, dict) and isinstance(below, dict) and key not in ("split", "title")
        same_kind = mergeable and all(value.get(tag, below.get(tag)) == below.get(tag) for tag in ("name", "source"))
        merged[key] = _overlay(below, value) if same_kind else value
    return merged


def _apply(data: dict, change: str, labels: dict[text.Path, str]) -> dict:
    """Return a copy of the recipe with one `path=value` changed."""
    label = f"--set {change}"
    dotted, equals, written = change.partition("=")
    if not equals or not dotted:
        raise RecipeError([f"{label}: expected path=value, for example model.epochs=5"])
    try:
        value = json.loads(written)
    except json.JSONDecodeError:
        value = written
    parts = tuple(int(part) if part.isdigit() else part for part in dotted.split("."))
    copy = json.loads(json.dumps(data))
    here = copy
    for depth, part in enumerate(parts[:-1]):
        if isinstance(here, dict) and part not in here:
            here[part] = {}
        here = _step(here, part, label, parts[: depth + 1])
    if isinstance(here, list):
        _step(here, parts[-1], label, parts)
    elif not isinstance(here, dict):
        raise RecipeError([f"{label}: {_dotted(parts[:-1])} is a single value, it has nothing inside"])
    here[parts[-1]] = value
    labels[parts] = label
    return copy


def _step(here: Any, part: str | int, label: str, path: text.Path) -> Any:
    try:
        return here[part]
    except (KeyError, IndexError, TypeError):
        raise RecipeError([f"{label}: the recipe has nothing at {_dotted(path)}"]) from None


def resolved(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as JSON values, every default written out."""
    return recipe.model_dump(mode="json")


def recipe_hash(recipe: Recipe) -> str:
    """Return the SHA-256 of the resolved recipe, hexadecimal."""
    canonical = json.dumps(resolved(recipe), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def differences(old: Recipe, new: Recipe) -> list[str]:
    """Return the settings in which two recipes differ, as "model.epochs: 5 -> 50"."""
    before, after = _flat(resolved(old)), _flat(resolved(new))
    return [
        f"{_dotted(path)}: {json.dumps(before.get(path))} -> {json.dumps(after.get(path))}"
        for path in sorted(before.keys() | after.keys(), key=str)
        if before.get(path) != after.get(path)
    ]


def _flat(value: Any, path: text.Path = ()) -> dict[text.Path, Any]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        return {path: value}
    return {k: v for key, inner in items for k, v in _flat(inner, (*path, key)).items()}


def _dotted(path: text.Path) -> str:
    return ".".join(str(part) for part in path)


def _relative(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
