"""Maps of the region around each circle, by the age of its events: what a convolutional correction looks at.

A square of cells lies around each centre, in kilometres (azimuthal equidistant, north up), and there is one such map
for each span of ages before the issue time, so that near and far, fresh and old are told apart. `CHANNELS` names what
stands in a cell. Maps are made when they are asked for, from the events themselves; all maps of a pool would not fit
into memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mleq.etas.sphere import EARTH_RADIUS_KM
from mleq.forecast.pool.inputs import INPUTS
from mleq.forecast.pool.shape import Shape, ShareTable
from mleq.forecast.pool.walk import Fit, Pool
from mleq.forecast.target import at_least

SMALLEST_EXPECTED = 1e-4
"""Expected events that are told from none: the scale on which their logarithm begins."""
EVENTS_AT_ONCE = 500_000

CHANNELS: dict[str, str] = {
    "map_events": "maps of the region: log of 1 + events of each cell and age",
    "map_largest": "maps of the region: largest magnitude of each cell and age, above the smallest that counts",
    "map_depth": "maps of the region: mean depth in hundreds of kilometres of each cell and age",
    "map_etas": f"maps of the region: log of 1 + target events that ETAS expects of those of each cell and age, "
    f"anywhere, in units of {SMALLEST_EXPECTED:g}",
    "map_etas_circle": f"maps of the region: log of 1 + target events that ETAS expects of those of each cell and age "
    f"in the circle, in units of {SMALLEST_EXPECTED:g}",
}
"""What stands in each cell of a map, by name, in the order of the channels; logarithms are natural ones."""
REASONS: dict[str, str] = {**INPUTS, **CHANNELS}
"""All that may move a forecast away from ETAS, in the order of `contributions`."""


@dataclass(frozen=True)
class Frame:
    """How maps are cut.

    Attributes
    ----------
    reach_radii : float
        From the centre to an edge, in radii of the circle.
    cells : int
        Along a side.
    ages_days : tuple of float
        Where one map ends and the next, older one begins; ascending.
    """

    reach_radii: float
    cells: int
    ages_days: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of a day's maps: (ages, rows, columns, channels)."""
        return len(self.ages_days), self.cells, self.cells, len(CHANNELS)


@dataclass(frozen=True, eq=False)
class Atlas:
    """The events around each circle of a pool, ready to be drawn as of any day; made by `of`.

    Attributes
    ----------
    pool : Pool
    fits : list of Fit
        What ETAS expects of a day is by the newest that was made on or before it.
    frame : Frame
    key : ndarray of int64, shape (n_pairs,), ascending
        circle * pool.n_days + number of the first issue time after the event.
    age : ndarray of float32, shape (n_pairs,)
        Days from the event to that issue time.
    cell : ndarray of int16, shape (n_pairs,)
        row * cells + column, from the south-west.
    distance_km, magnitude, depth_km : ndarray of float32, shape (n_pairs,)
    """

    pool: Pool
    fits: Sequence[Fit]
    frame: Frame
    key: np.ndarray
    age: np.ndarray
    cell: np.ndarray
    distance_km: np.ndarray
    magnitude: np.ndarray
    depth_km: np.ndarray
    _shares: dict[Shape, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, pool: Pool, fits: Sequence[Fit], frame: Frame) -> Atlas:
        """Find the events of each circle's box.

        Parameters
        ----------
        pool : Pool
        fits : sequence of Fit
        frame : Frame
        """
        past, at = pool.past, pool.midnights[:-1].astype("datetime64[us]")
        used = np.flatnonzero(at_least(past.magnitude, pool.smallest) & (past.times < at[-1]))
        vectors, times = past.vectors[used], past.times[used]
        seen = np.searchsorted(at, times, side="right")
        age = ((at[seen] - times) / np.timedelta64(86_400_000_000, "us")).astype(np.float32)
        parts = []
        for number, centre in enumerate(pool.circles.vectors):
            near, cell, distance = _in_box(vectors, centre, frame, pool.circles.radius_km)
            near_key = number * pool.n_days + seen[near]
            parts.append((near_key, age[near], cell, distance, past.magnitude[used[near]], past.depth_km[used[near]]))
        columns = [np.concatenate(one) for one in zip(*parts, strict=True)]
        kinds = (np.int64, np.float32, np.int16, np.float32, np.float32, np.float32)
        return cls(pool, fits, frame, *(one.astype(kind) for one, kind in zip(columns, kinds, strict=True)))

    def rows(self, circle: np.ndarray, day: np.ndarray) -> RowMaps:
        """Maps of some days of circles, to be made later; both of shape (n,)."""
        return RowMaps(self, np.asarray(circle, np.int64), np.asarray(day, np.int64))

    def maps(self, circle: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Draw the maps of some days of circles from events before each day's issue time.

        Parameters
        ----------
        circle, day : ndarray of int64, shape (n,)

        Returns
        -------
        ndarray of float32, shape (n, *frame.shape)
            The oldest first.
        """
        oldest = int(self.frame.ages_days[-1]) + 2
        first = np.searchsorted(self.key, circle * self.pool.n_days + np.maximum(day - oldest, 0))
        last = np.searchsorted(self.key, circle * self.pool.n_days + day, side="right")
        found = np.empty((len(circle), *self.frame.shape), np.float32)
        ends = np.cumsum(last - first)
        piece = (ends - 1) // EVENTS_AT_ONCE
        for some in np.split(np.arange(len(circle)), np.flatnonzero(np.diff(piece)) + 1):
            if some.size:
                found[some] = self._drawn(circle[some], day[some], first[some], last[some])
        return found

    def _drawn(self, circle: np.ndarray, day: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        number = last - first
        row = np.repeat(np.arange(len(circle)), number)
        pair = np.arange(number.sum()) + np.repeat(first - np.cumsum(number) + number, number)
        seen = self.key[pair] - circle[row] * self.pool.n_days
        age = self.age[pair] + (self.pool.at[day[row]] - self.pool.at[seen]).astype(np.float32)
        place = np.searchsorted(np.asarray(self.frame.ages_days, np.float32), age)
        young = place < len(self.frame.ages_days)
        row, pair, age, place = row[young], pair[young], age[young], place[young]
        ages, rows, columns, channels = self.frame.shape
        n_cells = rows * columns
        cell = (row * ages + (ages - 1 - place)) * n_cells + self.cell[pair]
        size = len(circle) * ages * n_cells

        def summed(values: np.ndarray) -> np.ndarray:
            return np.bincount(cell, values, size).astype(np.float32)

        count = np.bincount(cell, minlength=size).astype(np.float32)
        largest = np.zeros(size, np.float32)
        np.maximum.at(largest, cell, self.magnitude[pair] - np.float32(self.pool.smallest))
        depth, known = self.depth_km[pair], np.isfinite(self.depth_km[pair])
        mean = summed(np.where(known, depth, 0.0)) / np.maximum(summed(known), 1) / 100
        offspring, share = self._expected(circle[row], day[row], pair, age)
        found = np.empty((size, channels), np.float32)
        found[:, 0], found[:, 1], found[:, 2] = np.log1p(count), largest, mean
        found[:, 3] = np.log1p(summed(offspring) / SMALLEST_EXPECTED)
        found[:, 4] = np.log1p(summed(offspring * share) / SMALLEST_EXPECTED)
        return found.reshape(len(circle), *self.frame.shape)

    def _expected(self, circle: np.ndarray, day: np.ndarray, pair: np.ndarray, age: np.ndarray) -> tuple:
        """Target events that ETAS expects of each event over the horizon, and what share of them in the circle."""
        made = np.array([self.pool.day(fit.made) for fit in self.fits])
        which = np.maximum(np.searchsorted(made, day, side="right") - 1, 0)
        offspring, share = np.empty(pair.size, np.float32), np.empty(pair.size, np.float32)
        for number in np.unique(which):
            some, fit = np.flatnonzero(which == number), self.fits[number]
            shape, since = fit.shape, age[some]
            fading = (1 + since / shape.c_days) ** (1 - shape.p)
            fading -= (1 + (since + self.pool.horizon) / shape.c_days) ** (1 - shape.p)
            growth = np.exp(shape.alpha * (self.magnitude[pair[some]] - shape.magnitude))
            offspring[some] = shape.A * fit.productivity[circle[some]] * growth * fading
            share[some] = self._share(shape)[pair[some]]
        return offspring, share

    def _share(self, shape: Shape) -> np.ndarray:
        """What share of each event's effect falls into the circle, float16, shape (n_pairs,)."""
        if shape not in self._shares:
            radius, table, found = self.pool.circles.radius_km, ShareTable(shape.q), np.empty(self.key.size, np.float16)
            for first in range(0, self.key.size, EVENTS_AT_ONCE):
                some = slice(first, first + EVENTS_AT_ONCE)
                sigma = shape.d_km2 * np.exp(shape.gamma * (self.magnitude[some] - shape.magnitude))
                found[some] = table(self.distance_km[some] / radius, sigma / radius**2)
            self._shares[shape] = found
        return self._shares[shape]


@dataclass(frozen=True, eq=False)
class RowMaps:
    """Maps of days of circles that are made when they are asked for; `circle` and `day` are of shape (n,)."""

    atlas: Atlas
    circle: np.ndarray
    day: np.ndarray

    def __len__(self) -> int:
        return self.circle.size

    def __getitem__(self, chosen: Any) -> RowMaps:
        return RowMaps(self.atlas, self.circle[chosen], self.day[chosen])

    def made(self) -> np.ndarray:
        """All of them, float32, shape (n, *frame.shape)."""
        return self.atlas.maps(self.circle, self.day)

    def largest(self) -> np.ndarray:
        """The largest value of each channel in all cells and ages, shape (n, len(CHANNELS))."""
        return self.made().max(axis=(1, 2, 3))


def _in_box(vectors: np.ndarray, centre: np.ndarray, frame: Frame, radius_km: float) -> tuple:
    """Which places lie in the square around a centre, their cells, and how far away they are, in kilometres."""
    reach = frame.reach_radii * radius_km
    farthest = 2 * np.sin(min(np.sqrt(2) * reach / EARTH_RADIUS_KM, np.pi) / 2)
    near = np.flatnonzero(vectors @ centre >= 1 - farthest**2 / 2 - 1e-9)
    chord = np.sqrt(np.sum((vectors[near] - centre) ** 2, axis=1))
    distance = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1))
    east = np.array([-centre[1], centre[0], 0.0])
    east = east / np.linalg.norm(east) if east.any() else np.array([0.0, 1.0, 0.0])  # at a pole any way is as good
    right, up = vectors[near] @ east, vectors[near] @ np.cross(centre, east)
    scale = distance / np.maximum(np.hypot(right, up), 1e-12)
    column, row = (np.floor((way * scale / reach + 1) / 2 * frame.cells).astype(int) for way in (right, up))
    inside = (row >= 0) & (row < frame.cells) & (column >= 0) & (column < frame.cells)
    return near[inside], (row * frame.cells + column)[inside], distance[inside]
