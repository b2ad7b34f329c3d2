"""Windows of a catalogue: a stretch of time and a band of magnitudes, both half-open.

A window holds the events with start <= time < end and min_magnitude <= magnitude < max_magnitude. Times are whole
milliseconds since 1970, the service's own resolution: neighbouring windows neither overlap nor leave a gap. (Of a
service with finer times, what lies within the last millisecond before an end would be left out.)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd


@dataclass(frozen=True, order=True)
class Window:
    """A stretch of time and a band of magnitudes.

    Parameters
    ----------
    start, end : int
        Milliseconds since 1970-01-01 UTC; the end is exclusive.
    min_magnitude : float
        Smallest magnitude, inclusive.
    max_magnitude : float, optional
        Largest magnitude, exclusive; infinite by default.
    """

    start: int
    end: int
    min_magnitude: float
    max_magnitude: float = math.inf

    @classmethod
    def of(cls, start: pd.Timestamp, end: pd.Timestamp, min_magnitude: float) -> Window:
        """Make the window of all magnitudes from `min_magnitude` on."""
        return cls(milliseconds(start), milliseconds(end), float(min_magnitude))

    @property
    def empty(self) -> bool:
        """Whether no event can lie in it."""
        return self.start >= self.end or self.min_magnitude >= self.max_magnitude

    def halves(self) -> tuple[Window, Window]:
        """Split it in time, at a whole millisecond."""
        middle = (self.start + self.end) // 2
        return replace(self, end=middle), replace(self, start=middle)

    def contains(self, raw: pd.DataFrame):
        """Which rows of a raw table lie in it, shape (n_rows,) bool."""
        times = raw["time"].to_numpy("datetime64[us]").astype("int64") // 1000
        magnitude = raw["mag"].to_numpy()
        inside = (times >= self.start) & (times < self.end)
        return inside & (magnitude >= self.min_magnitude) & (magnitude < self.max_magnitude)

    def overlap(self, other: Window) -> Window:
        """Return what lies in both; it may be empty."""
        return Window(
            max(self.start, other.start),
            min(self.end, other.end),
            max(self.min_magnitude, other.min_magnitude),
            min(self.max_magnitude, other.max_magnitude),
        )

    def __str__(self):
        band = f"M >= {self.min_magnitude:g}"
        if self.max_magnitude < math.inf:
            band += f" and < {self.max_magnitude:g}"
        return f"{iso(self.start)} to {iso(self.end)}, {band}"


def milliseconds(moment: pd.Timestamp) -> int:
    """Milliseconds since 1970 of a moment (UTC where it names no zone)."""
    moment = moment.tz_localize("UTC") if moment.tz is None else moment.tz_convert("UTC")
    return int(moment.as_unit("ms").asm8.view("i8"))  # .value counts nanoseconds, which end in 2262


def timestamp(moment: int) -> pd.Timestamp:
    """Make the UTC timestamp of milliseconds since 1970."""
    return pd.Timestamp(moment, unit="ms", tz="UTC").as_unit("us")


def iso(moment: int) -> str:
    """Write milliseconds since 1970 as the service writes times, to the millisecond.

    >>> iso(1)
    '1970-01-01T00:00:00.001'
    """
    return timestamp(moment).tz_localize(None).isoformat(timespec="milliseconds")


def missing(wanted: Window, held: Iterable[Window]) -> list[Window]:
    """Find what of `wanted` no window of `held` holds, as windows that do not overlap, in time order."""
    overlaps = [both for window in held if not (both := wanted.overlap(window)).empty]
    edges = sorted({wanted.start, wanted.end} | {w.start for w in overlaps} | {w.end for w in overlaps})
    gaps: list[Window] = []
    for start, end in zip(edges, edges[1:], strict=False):
        bands = sorted((w.min_magnitude, w.max_magnitude) for w in overlaps if w.start <= start and end <= w.end)
        reached = wanted.min_magnitude
        for low, high in [*bands, (wanted.max_magnitude, wanted.max_magnitude)]:
            if low > reached:
                _extend(gaps, Window(start, end, reached, low))
            reached = max(reached, high)
    return sorted(gaps)


def _extend(gaps: list[Window], gap: Window) -> None:
    """Add a gap, joined to an earlier one of the same band that it follows."""
    for place, earlier in enumerate(gaps):
        if earlier.end == gap.start and (earlier.min_magnitude, earlier.max_magnitude) == (
            gap.min_magnitude,
            gap.max_magnitude,
        ):
            gaps[place] = replace(earlier, end=gap.end)
            return
    gaps.append(gap)
