"""Recipes as they are written in files: a person's own and those of the shelf, each with the lines it stands on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mleq.errors import RecipeError, RequestError
from mleq.recipe import text
from mleq.recipe.mistakes import did_you_mean

DEFAULT_FILE = Path("recipe.json")
LAY_DOWN = "`mleq init FOLDER` lays down a recipe.json"
FORMAT = 1


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
    mistakes = [f"{source}:{document.lines[p]}: {text.dotted(p)}: this key is given twice" for p in document.duplicates]
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


def _relative(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
