"""Ways to spoil what a person may hand over: JSON values, lines of text, bytes."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import numpy as np

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3.5, -0.5, 1e308, -1e308, 10**30, 1e-300, float("nan"), float("inf"), "", " ", "x",
    "tokyo", "../../etc/passwd", "<script>alert(1)</script>", "2015-02-30", "9999-12-31", "0000", "\x00", "𝔐",
    "a" * 5000, [], {}, [[]], [None], [1, 2, 3], [1e9] * 4, {"name": "x"}, {"": ""}, [{"name": "Dense", "units": -1}],
)  # fmt: skip
WORDS = (
    b"",
    b"nan",
    b"inf",
    b"1e999",
    b"-1",
    b"0",
    b"-",
    b",",
    b'"',
    b"\n",
    b"\x00",
    b"\xff\xfe",
    b"99999999999999999999",
)


def spoil_json(document: Any, draw: np.random.Generator) -> str:
    """Change one to three places of a JSON document, or the text itself."""
    changed = json.loads(json.dumps(document))
    for _ in range(int(draw.integers(1, 4))):
        places = list(_places(changed))
        if not places:  # nothing is left of it
            break
        holder, key = places[int(draw.integers(len(places)))]
        _change(holder, key, draw)
    text = json.dumps(changed, indent=1, ensure_ascii=False)
    if draw.random() < 0.15:
        text = spoil_bytes(text.encode("utf-8", "surrogatepass"), draw).decode("utf-8", "replace")
    return text


def _places(value: Any):
    """Yield every (holder, key or index) within a JSON value."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def _change(holder: Any, key: Any, draw: np.random.Generator) -> None:
    """Replace, scale, remove, rename, double or add at one place."""
    action = draw.choice(["replace", "scale", "remove", "rename", "double", "add"], p=[0.45, 0.2, 0.1, 0.1, 0.05, 0.1])
    # Copies: a list that is put into itself is no JSON, and one that is changed would be for all later ones.
    old, new = holder[key], deepcopy(VALUES[int(draw.integers(len(VALUES)))])
    if action == "scale" and isinstance(old, (int, float)) and not isinstance(old, bool):
        holder[key] = old * float(draw.choice([-1, 0, 0.001, 0.5, 1.5, 10, 1000]))
    elif action == "remove":
        del holder[key]
    elif action == "rename" and isinstance(holder, dict):
        holder[f"{key}{draw.choice(['x', ' ', '_km', ''])}"] = holder.pop(key)
    elif action == "double" and isinstance(holder, list):
        holder.append(deepcopy(old))
    elif action == "add" and isinstance(holder, dict):
        holder[str(draw.choice(["epoch", "radius", "layers", "seed", "id", "note"]))] = new
    else:
        holder[key] = new


def spoil_bytes(content: bytes, draw: np.random.Generator) -> bytes:
    """Cut, flip, blank, double or move some bytes, or put a word among them."""
    content = bytearray(content)
    for _ in range(int(draw.integers(1, 4))):
        if not content:
            break
        here = int(draw.integers(len(content)))
        many = min(int(draw.geometric(0.02)), len(content) - here)
        match draw.choice(["cut", "flip", "blank", "double", "move", "word", "remove"]):
            case "cut":
                del content[here:]
            case "flip":
                content[here] ^= 1 << int(draw.integers(8))
            case "blank":
                content[here : here + many] = bytes(many)
            case "double":
                content[here:here] = content[here : here + many]
            case "move":
                piece = content[here : here + many]
                del content[here : here + many]
                there = int(draw.integers(len(content) + 1))
                content[there:there] = piece
            case "word":
                content[here : here + int(draw.integers(8))] = WORDS[int(draw.integers(len(WORDS)))]
            case "remove":
                del content[here : here + many]
    return bytes(content)


def spoil_table(content: bytes, draw: np.random.Generator, delimiter: bytes = b",") -> bytes:
    """Change fields, columns or lines of a table in text, or its bytes."""
    if draw.random() < 0.4:
        return spoil_bytes(content, draw)
    rows = [line.split(delimiter) for line in content.split(b"\n")]
    for _ in range(int(draw.integers(1, 5))):
        here = int(draw.integers(len(rows)))
        column = int(draw.integers(len(rows[here])))
        match draw.choice(["field", "head", "line", "double", "swap", "column"]):
            case "field":
                rows[here][column] = WORDS[int(draw.integers(len(WORDS)))]
            case "head":
                rows[0][int(draw.integers(len(rows[0])))] = WORDS[int(draw.integers(len(WORDS)))]
            case "line" if len(rows) > 1:
                del rows[here]
            case "double":
                rows.insert(here, list(rows[here]))
            case "swap":
                there = int(draw.integers(len(rows)))
                rows[here], rows[there] = rows[there], rows[here]
            case "column":
                rows = [row[:column] + row[column + 1 :] or [b""] for row in rows]
    return b"\n".join(delimiter.join(row) for row in rows)
