"""JSON that remembers on which line each value stands, so that a mistake can be shown where it was made."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from json.decoder import scanstring
from typing import Any

from mleq.errors import RecipeError

Path = tuple[str | int, ...]

_WORD = re.compile(r"[^\s,\]}]{1,10}|.")  # what is shown of what is no value
_BLANK = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None}


@dataclass
class Document:
    """A parsed JSON text.

    Attributes
    ----------
    value : object
        What the text says.
    lines : dict
        The line (from 1) of each value by its path; of a member of an object, the line of its key.
    duplicates : list of tuple
        Paths of the keys that are given twice in one object.
    ends : dict
        The offset of each array's closing bracket by its path.
    """

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    duplicates: list[Path] = field(default_factory=list)
    ends: dict[Path, int] = field(default_factory=dict)


def parse(text: str, source: str) -> Document:
    """Read a JSON text and keep the line of each value.

    Parameters
    ----------
    text : str
        The JSON text.
    source : str
        The name of the file, for messages.

    Returns
    -------
    Document
        The value, with lines and duplicate keys.

    Raises
    ------
    RecipeError
        If the text is not JSON; the message holds line and column.
    """
    try:
        return _Parser(text, source).document()
    except RecursionError:
        raise RecipeError([f"{source}: brackets within brackets, deeper than any recipe goes"]) from None


class _Parser:
    def __init__(self, text: str, source: str):
        self.text, self.source = text, source
        self.result = Document()

    def document(self) -> Document:
        self.result.value, end = self.value(self.skip(0), ())
        if self.skip(end) != len(self.text):
            self.refuse(self.skip(end), "more text after the end of the JSON value")
        return self.result

    def skip(self, at: int) -> int:
        return _BLANK.match(self.text, at).end()

    def line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def refuse(self, at: int, found: str):
        column = at - (self.text.rfind("\n", 0, at) + 1) + 1
        raise RecipeError([f"{self.source}:{self.line(at)}: not valid JSON at column {column}: {found}"])

    def value(self, at: int, path: Path) -> tuple[Any, int]:
        self.result.lines.setdefault(path, self.line(at))
        first = self.text[at : at + 1]
        if first == "{":
            return self.object(at, path)
        if first == "[":
            return self.array(at, path)
        if first == '"':
            return self.string(at)
        for word, meaning in _WORDS.items():
            if self.text.startswith(word, at):
                return meaning, at + len(word)
        if number := _NUMBER.match(self.text, at):
            try:
                return json.loads(number[0]), number.end()
            except ValueError:
                return self.refuse(at, f"a number of {len(number[0]):,} digits")
        found = repr(_WORD.match(self.text, at)[0]) if first else "the end of the file"
        return self.refuse(at, f"found {found} where a value was expected")

    def string(self, at: int) -> tuple[str, int]:
        try:
            return scanstring(self.text, at + 1, True)
        except json.JSONDecodeError as error:
            return self.refuse(error.pos, error.msg)

    def object(self, at: int, path: Path) -> tuple[dict, int]:
        members: dict[str, Any] = {}
        at = self.skip(at + 1)
        if self.text.startswith("}", at):
            return members, at + 1
        while True:
            if not self.text.startswith('"', at):
                self.refuse(at, 'expected a key in double quotes (is there a comma before "}"?)')
            key, end = self.string(at)
            below = (*path, key)
            if key in members:
                self.result.duplicates.append(below)
            self.result.lines[below] = self.line(at)
            end = self.skip(end)
            if not self.text.startswith(":", end):
                self.refuse(end, f'expected ":" after the key "{key}"')
            members[key], end = self.value(self.skip(end + 1), below)
            at, closed = self.next_item(end, "}")
            if closed:
                return members, at

    def array(self, at: int, path: Path) -> tuple[list, int]:
        items: list[Any] = []
        at = self.skip(at + 1)
        if self.text.startswith("]", at):
            self.result.ends[path] = at
            return items, at + 1
        while True:
            item, end = self.value(at, (*path, len(items)))
            items.append(item)
            at, closed = self.next_item(end, "]")
            if closed:
                self.result.ends[path] = at - 1
                return items, at

    def next_item(self, at: int, closing: str) -> tuple[int, bool]:
        at = self.skip(at)
        if self.text.startswith(closing, at):
            return at + 1, True
        if not self.text.startswith(",", at):
            found = repr(self.text[at]) if at < len(self.text) else "the end of the file"
            self.refuse(at, f'expected "," or "{closing}", found {found}')
        return self.skip(at + 1), False


def dotted(path: Path) -> str:
    """Return a path as a person writes it: "model.epochs"."""
    return ".".join(str(part) for part in path)
