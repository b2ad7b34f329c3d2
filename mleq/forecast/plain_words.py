"""A probability in words that need no statistics."""

from __future__ import annotations

from typing import Any

import numpy as np


def sentence(question: dict[str, Any], probability: dict, long_term: dict, ratio: float | None) -> str:
    """Say the answer to someone who knows no statistics."""
    value, usual = probability["value"], long_term["value"]
    east = (question["longitude"] + 180) % 360 - 180
    where = f"{abs(question['latitude']):.2f} {'N' if question['latitude'] >= 0 else 'S'}, "
    where += f"{abs(east):.2f} {'E' if east >= 0 else 'W'}"
    often = ""
    if ratio is not None:
        if 0.8 <= ratio <= 1.25:
            often = ", about as much as usual"
        else:
            often = f", {_digits(ratio)} times the usual" if ratio > 1 else f", {_digits(ratio)} of the usual"
    low, high = percent(probability["low"]), percent(probability["high"])
    within = f"; between {low} and {high}" if low != high else ""
    return (
        f"The chance of at least one earthquake of magnitude {question['magnitude']:g} or more within "
        f"{question['radius_km']:g} km of {where} in the {_span(question['days'])} from "
        f"{question['issue_time'][:16].replace('T', ' ')} UTC is about {percent(value)} ({_one_in(value)}{within})"
        f"{often}: over the long term it is {percent(usual)} for such a time."
    )


def percent(value: float) -> str:
    """Two significant digits, and never a certainty.

    >>> percent(0.0312), percent(0.4567), percent(0.99962), percent(0.0)
    ('3.1 %', '46 %', 'over 99.9 %', 'under 0.0001 %')
    """
    if value > 0.999:
        return "over 99.9 %"
    if value < 1e-6:
        return "under 0.0001 %"
    return f"{_digits(100 * value, 3 if value > 0.99 else 2)} %"


def _digits(value: float, digits: int = 2) -> str:
    return np.format_float_positional(float(f"{value:.{digits}g}"), trim="-")


def _one_in(value: float) -> str:
    tenths = max(1, min(9, round(10 * value)))
    of_one = float(f"{1 / max(value, 1e-9):.2g}") if value < 0.1 else round(1 / value)
    if abs(tenths / 10 - value) < abs(1 / of_one - value):
        return f"{tenths} in 10"
    return f"1 in {of_one:,.0f}"


def _span(days: float) -> str:
    for unit, name in ((1.0, "day"), (1 / 24, "hour"), (1 / 1440, "minute")):
        if days >= unit * 0.999:
            number = _digits(days / unit, 4)
            return name if number == "1" else f"{number} {name}s"
    return f"{days} days"
