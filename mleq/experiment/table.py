"""Tables of plain text, for what the commands print, and numbers with their intervals in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def columns(rows: list[list[str]]) -> list[str]:
    """Line up cells: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            f"{cell:<{width}}" if i == 0 else f"{cell:>{width}}"
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def with_interval(score: Mapping[str, Any] | None, digits: int = 4, *, signed: bool = False) -> str:
    """Say a score with its interval, where it has one.

    >>> with_interval({"value": 0.12, "low": 0.1, "high": 0.25}, 2)
    '0.12 [0.10, 0.25]'
    >>> with_interval({"value": 0.12, "low": None, "high": None}, 3, signed=True), with_interval({"value": None})
    ('+0.120', '-')
    """
    if score is None or score["value"] is None:
        return "-"
    form = f"{'+' if signed else ''}.{digits}f"
    value = format(score["value"], form)
    return value if score["low"] is None else f"{value} [{score['low']:{form}}, {score['high']:{form}}]"
