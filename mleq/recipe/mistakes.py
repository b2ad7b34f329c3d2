"""Turns pydantic's errors into lines that a person can act on."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from mleq.recipe.settings import RECIPE_ID

Path = tuple[str | int, ...]

_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text in quotes",
    "bool": "true or false",
    "dict": "an object {…}",
    "model": "an object {…}",
    "tuple": "a list […]",
    "list": "a list […]",
    "date": 'a date such as "2015-06-01"',
}
PATTERNS = {
    RECIPE_ID: "up to 64 small letters a-z, digits, - and _, beginning with a letter or digit",
    r"^https?://": "an address that begins with http:// or https://",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'epochs'?" where a known word is near, else "".

    Parameters
    ----------
    word : str
        What was written.
    known : iterable of str
        What could have been meant.
    """
    known = list(known)
    near = [one for one in known if one.casefold() == str(word).casefold()]
    near = near or difflib.get_close_matches(str(word), known, n=1, cutoff=0.65)
    return f"; did you mean '{near[0]}'?" if near else ""


def explain(error: ValidationError, model: type[BaseModel], data: Any) -> list[tuple[Path, str]]:
    """List each mistake as its path in the data and a sentence.

    Parameters
    ----------
    error : pydantic.ValidationError
        What pydantic found.
    model : type
        The model that was validated against, for proposals.
    data : object
        The JSON value that was validated.

    Returns
    -------
    list of (tuple, str)
        Path from the recipe down, and what is wrong there.
    """
    found: dict[Path, list[str]] = {}
    items = error.errors(include_url=False)
    for item in items:
        depth = len(item["loc"])
        if item["type"] == "too_short" and any(
            one["loc"][:depth] == item["loc"] and len(one["loc"]) > depth for one in items
        ):
            continue  # its items were wrong, which is said of each
        path = _path_in(data, item["loc"], names_a_key=item["type"] in ("missing", "extra_forbidden"))
        if item["type"] == "union_tag_invalid":
            path = (*path, _tag_key(item, data, path))
        sentence = _sentence(item, path, model, data)
        if sentence not in found.setdefault(path, []):
            found[path].append(sentence)
    return _without_echo([(path, _joined(sentences)) for path, sentences in found.items()])


def _joined(sentences: list[str]) -> str:
    """Say the alternatives of a union as one sentence: "found 3; expected 'world' or an object {…}"."""
    stem = sentences[0].partition("; expected ")[0]
    if len(sentences) > 1 and all(s.startswith(f"{stem}; expected ") for s in sentences):
        return f"{stem}; expected {' or '.join(s.partition('; expected ')[2] for s in sentences)}"
    return "; ".join(sentences)


def _tag_key(item: dict, data: Any, path: Path) -> str:
    """Return the key whose value chooses among the kinds of a union."""
    here = _value_at(data, path)
    named = _plain(item["ctx"]["discriminator"])
    return named if isinstance(here, dict) and named in here else "name"


def _value_at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _without_echo(found: list[tuple[Path, str]]) -> list[tuple[Path, str]]:
    """Drop "is missing" beside a misspelt key that was surely meant for it."""
    meant = {(p[:-1], s.split("'")[1]) for p, s in found if "did you mean '" in s and s.startswith("unknown")}
    return [(p, s) for p, s in found if not (s.startswith("is missing") and p and (p[:-1], str(p[-1])) in meant)]


def _path_in(data: Any, loc: Path, *, names_a_key: bool) -> Path:
    """Leave out of pydantic's location what is a union's tag and not a key of the data.

    A tag may be called as a key beside it is (`layers`); of all readings the one that leads deepest is meant.
    """

    def readings(here: Any, loc: Path) -> Iterator[Path]:
        if not loc:
            yield ()
            return
        part, rest = loc[0], loc[1:]
        in_list = isinstance(here, list) and isinstance(part, int) and part < len(here)
        held = in_list or isinstance(here, dict) and part in here
        if held:
            yield from ((part, *below) for below in readings(here[part], rest))
        if not held and not rest and names_a_key:
            yield (part,)
        else:
            yield from readings(here, rest)

    return max(readings(data, loc), key=len)


def _sentence(item: dict, path: Path, model: type[BaseModel], data: Any) -> str:
    kind, context, value = item["type"], item.get("ctx", {}), item.get("input")
    if kind == "extra_forbidden":
        known = fields_at(model, path[:-1], data)
        near = did_you_mean(path[-1], known)
        return "unknown setting" + (near or f"; known here: {', '.join(sorted(known))}")
    if kind == "missing":
        return "is missing"
    if kind == "union_tag_not_found":
        if not isinstance(value, dict):
            return f"found {_shown(value)}; expected an object {{…}}"
        return f"needs `{_plain(context['discriminator'])}` to say which kind it is"
    shown = _shown(value)
    if kind in ("literal_error", "enum"):
        allowed = context["expected"]
        words = [word.strip("'") for word in allowed.replace(" or ", ", ").split(", ")]
        return f"found {shown}; expected {allowed}{did_you_mean(value, words)}"
    if kind == "union_tag_invalid":
        words = [word.strip("'") for word in context["expected_tags"].split(", ")]
        tag = context["tag"]
        return f"found '{tag}'; expected one of {context['expected_tags']}{did_you_mean(tag, words)}"
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"found {shown}; expected {words} {context[key]:g}"
    if kind == "value_error":
        return str(context["error"]) if isinstance(value, dict) else f"{context['error']} (found {shown})"
    if kind == "string_pattern_mismatch":
        expected = PATTERNS.get(context["pattern"], f"a text that matches {context['pattern']}")
        return f"found {shown}; expected {expected}"
    stem = kind.removesuffix("_type").removesuffix("_from_datetime_parsing").removesuffix("_parsing")
    if stem in _WANTED:
        return f"found {shown}; expected {_WANTED[stem]}"
    return f"{item['msg'][0].lower()}{item['msg'][1:]} (found {shown})"


def _plain(discriminator: str) -> str:
    """Name the key that pydantic quotes, or, for a rule of our own, the key that it looks at first."""
    return "name" if discriminator.endswith("()") else discriminator.strip("'")


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    text = {"None": "null", "True": "true", "False": "false"}.get(text, text)
    return text if len(text) <= 60 else f"{text[:57]}…"


def fields_at(model: type[BaseModel], path: Path, data: Any) -> set[str]:
    """Return the names of the settings that may stand at a path.

    Parameters
    ----------
    model : type
        The model of the whole recipe.
    path : tuple
        Path of an object in the recipe.
    data : object
        The recipe as written; its `name` and `source` choose among the kinds of a union.
    """
    models = {model}
    for part in path:
        data = data[part]
        if isinstance(part, int):
            continue
        below: set[type[BaseModel]] = set()
        for here in models:
            if part in here.model_fields:
                below |= set(_models_in(here.model_fields[part].annotation))
        models = {kind for kind in below if _may_be(kind, data)} or below
    return {name for here in models for name in here.model_fields}


def _may_be(kind: type[BaseModel], data: Any) -> bool:
    """Whether the written `name` or `source` is the one that this model stands for."""
    if not isinstance(data, dict):
        return True
    for tag in ("name", "source"):
        allowed = typing.get_args(kind.model_fields[tag].annotation) if tag in kind.model_fields else ()
        if tag in data and allowed and data[tag] not in allowed:
            return False
    return True


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _models_in(inner)
