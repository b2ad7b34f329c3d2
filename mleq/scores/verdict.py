"""One sentence that says what a forecast was worth, made by rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

FEWEST_EVENT_DAYS = 20
TRIVIAL = ("climatology", "trailing", "count", "omori")
"""Beginnings of the names of rules that need no model: what a person could work out from a list of events."""

TITLES = {"etas": "ETAS", "smoothed": "smoothed seismicity", "boosting": "gradient boosting"}


def verdict(gains: Mapping[str, Mapping], *, days: int, event_days: int) -> str:
    """What the gains over the references come to.

    The strongest reference is the one over which the gain per day is lowest. The forecast is better where
    the interval of that gain lies above zero, worse where it lies below, and otherwise no skill is shown.
    Of references that tie, the simplest is named. Where a trivial rule scored better than the forecast it is named too,
    whatever the strongest reference is. With fewer than 20 event-days nothing is concluded.

    Parameters
    ----------
    gains : mapping of str to mapping
        For each reference `{"nats_per_day": {"value", "low", "high", "detectable"?, "reason"?}, …}`, as
        `BlockBootstrap.gain` makes them.
    days, event_days : int
        Of the test part.

    Returns
    -------
    str
        A sentence that begins "Better than", "Worse than", "No skill shown beyond" or "No verdict".

    Examples
    --------
    >>> gain = {"value": -0.0041, "low": -0.0121, "high": 0.0032, "detectable": 0.0108}
    >>> print(verdict({"etas": {"nats_per_day": gain}}, days=51, event_days=20))
    No skill shown beyond ETAS: -0.004 [-0.012, +0.003] nats per day on 51 days; the test could have seen 0.011.
    """
    if event_days < FEWEST_EVENT_DAYS:
        have = f"{event_days} event-day" + ("" if event_days == 1 else "s")
        return f"No verdict: {have} in the test part, fewer than {FEWEST_EVENT_DAYS}."
    if not gains:
        return "No verdict: no reference was scored on the same days."
    strongest = _strongest(gains, gains)
    gain = gains[strongest]["nats_per_day"]
    if gain["low"] is None:
        return f"No verdict: the gain over {reference_title(strongest)} has no interval ({gain['reason']})."

    if gain["low"] > 0:
        opening = "Better than"
    elif gain["high"] < 0:
        opening = "Worse than"
    else:
        opening = "No skill shown beyond"
    trivial = ", a trivial rule" if is_trivial(strongest) and opening != "Better than" else ""
    value, low, high, seen = _numbers(gain)
    could = f"; the test could have seen {seen}" if seen and opening == "No skill shown beyond" else ""
    return (
        f"{opening} {reference_title(strongest)}{trivial}:"
        f" {value} [{low}, {high}] nats per day on {days:,} days{could}{_shown_better(gains, strongest)}"
        f"{_trivial_winner(gains, strongest)}."
    )


def is_trivial(reference: str) -> bool:
    """Whether a reference is a rule that needs no model."""
    return reference.startswith(TRIVIAL)


def _strongest(gains: Mapping[str, Mapping], names: Iterable[str]) -> str:
    """The reference with the lowest gain; of equals a trivial one, and of those the first."""
    return min(names, key=lambda name: (gains[name]["nats_per_day"]["value"], not is_trivial(name)))


def _shown_better(gains: Mapping[str, Mapping], strongest: str) -> str:
    """Say which reference the forecast is shown to be worse than, where the interval over the strongest holds zero."""
    shown = [name for name in gains if (high := gains[name]["nats_per_day"]["high"]) is not None and high < 0]
    if not shown or strongest in shown:
        return ""
    best = _strongest(gains, shown)
    value, low, high, _ = _numbers(gains[best]["nats_per_day"])
    return f"; worse than {reference_title(best)}: {value} [{low}, {high}]"


def _trivial_winner(gains: Mapping[str, Mapping], strongest: str) -> str:
    """Say which trivial rule scored better than the forecast, where the strongest reference is none."""
    trivial = [name for name in gains if is_trivial(name)]
    if is_trivial(strongest) or not trivial:
        return ""
    best = _strongest(gains, trivial)
    gain = gains[best]["nats_per_day"]
    if gain["low"] is None:
        return ""
    value, low, high, _ = _numbers(gain)
    if not value.startswith("-"):  # no better, or by less than is printed
        return ""
    return f"; {reference_title(best)}, a trivial rule, scored better than this forecast too: {value} [{low}, {high}]"


def reference_title(reference: str) -> str:
    """How a reference is named in a sentence.

    Examples
    --------
    >>> reference_title("etas"), reference_title("trailing_30"), reference_title("smoothed")
    ('ETAS', 'trailing 30', 'smoothed seismicity')
    """
    return " ".join(TITLES.get(word, word) for word in reference.split("_"))


def _numbers(gain: Mapping) -> tuple[str, str, str, str]:
    """Value, low, high and detectable gain, with digits enough to tell the interval from zero."""
    width = gain["high"] - gain["low"]
    outside = max(gain["low"], -gain["high"])  # how far zero lies from the interval, where that leaves it out
    needed = [3]
    if width > 0:
        needed.append(1 - math.floor(math.log10(width)))
    if outside > 0:
        needed.append(-math.floor(math.log10(outside)))
    digits = min(max(needed), 9)

    def signed(number: float) -> str:
        return f"{round(number, digits) + 0.0:+.{digits}f}"  # adding zero turns -0.0 into 0.0

    detectable = gain.get("detectable")
    seen = "" if detectable is None else f"{detectable:.{digits}f}"
    return signed(gain["value"]), signed(gain["low"]), signed(gain["high"]), seen


def one_for_all(roc_auc: Mapping[str, Any]) -> bool:
    """Whether every day was given the same chance, told by an area under the curve that no resample moves from a half.

    Parameters
    ----------
    roc_auc : mapping
        value, low, high.
    """
    return all(roc_auc.get(name) == 0.5 for name in ("value", "low", "high"))
