"""Pairs of an event and those before it, the near ones singly and the rest in groups.

The intensity at an event is a sum over all earlier events. Two earlier events that are about equally long
ago, far away and strong contribute almost in proportion whatever the parameters, so that groups of them can
stand as one pair with a weight. Groups are cells in the three numbers on which a contribution depends: ln(1
+ t/c), ln(1 + r^2/sigma) and the magnitude. A group's place in its cell is the mean of these three,
weighted by contribution, and its weight makes the group's contribution exact at the parameters that the
grouping was made with. There the intensity is exact, and so are its derivatives with respect to A, alpha, p
and q; away from there the error grows with the square of the change. A pair alone in its cell, as almost
all near ones are, is exact everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mleq.etas.history import History, cosines
from mleq.etas.parameters import EtasParameters
from mleq.etas.sphere import EARTH_RADIUS_KM
from mleq.etas.threads import in_threads

MAGNITUDE_STEP = 0.5
FINE_CELLS, FINE_BELOW = 4, 2.0  # cells a unit of ln(1 + t/c) and ln(1 + r^2/sigma) up to here, and one a unit beyond
PAIRS_AT_ONCE = 100_000  # small enough for temporary arrays to stay in the cache


@dataclass(frozen=True)
class Pairs:
    """Earlier events, or groups of them, for each target event.

    Parameters
    ----------
    start : numpy.ndarray, shape (n_targets + 1,), int
        The pairs of target j are those from `start[j]` to `start[j + 1]`.
    elapsed_days, distance2_km2 : numpy.ndarray, shape (n_pairs,)
        Time since the earlier event, and squared distance from it.
    growth : numpy.ndarray, shape (n_pairs,)
        Its magnitude above m0.
    weight : numpy.ndarray, shape (n_pairs,)
        How many such pairs it stands for; 1 for a single pair.
    """

    start: np.ndarray
    elapsed_days: np.ndarray
    distance2_km2: np.ndarray
    growth: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return self.elapsed_days.size


def all_pairs(sources: History, targets: History, m0: float, weight: np.ndarray | None = None) -> Pairs:
    """Every pair singly. Memory grows with the square of the number of events: for a few thousand.

    `weight` says how many events each source stands for, one by default.
    """
    parts, weight = [], np.ones(len(sources)) if weight is None else weight
    blocks, since_and_apart = _blocks(sources, targets)
    for elapsed, distance2 in map(since_and_apart, blocks):
        growth = np.broadcast_to(sources.magnitude[: elapsed.shape[1]] - m0, elapsed.shape)
        earlier, weights = elapsed > 0, np.broadcast_to(weight[: elapsed.shape[1]], elapsed.shape)
        parts.append((earlier.sum(axis=1), *(one[earlier] for one in (elapsed, distance2, growth, weights))))
    if not parts:
        return Pairs(np.zeros(1, dtype=np.int64), *(np.empty(0) for _ in range(4)))
    number, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Pairs(np.r_[0, np.cumsum(number)], *columns)


def grouped_pairs(
    sources: History, targets: History, parameters: EtasParameters, weight: np.ndarray | None = None
) -> Pairs:
    """Pairs in groups that are exact at `parameters`.

    Parameters
    ----------
    sources, targets : History
        Every source earlier than a target makes a pair with it; events of the same instant do not.
    parameters : EtasParameters
        Where the sums are to be exact.
    weight : numpy.ndarray, shape (n_sources,), optional
        How many events each source stands for.

    Returns
    -------
    Pairs
    """
    weight = np.ones(len(sources)) if weight is None else weight

    def group(block):
        elapsed, distance2 = since_and_apart(block)
        earlier = slice(elapsed.shape[1])
        return _grouped(elapsed, distance2, sources.magnitude[earlier] - parameters.m0, weight[earlier], parameters)

    blocks, since_and_apart = _blocks(sources, targets)
    parts = in_threads(group, blocks)
    if not parts:
        return all_pairs(sources, targets, parameters.m0, weight)
    number, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Pairs(np.r_[0, np.cumsum(number)], *columns)


def _blocks(sources: History, targets: History) -> tuple[list[slice], Callable]:
    """Targets a block at a time; and for a block, times since and squared distances from sources before its end."""
    from_sources, from_targets = sources.unit_vectors(), targets.unit_vectors()
    before = np.searchsorted(sources.time_days, targets.time_days)

    def since_and_apart(block: slice) -> tuple[np.ndarray, np.ndarray]:
        earlier = slice(before[block.stop - 1])
        elapsed = targets.time_days[block, None] - sources.time_days[earlier]
        sine2 = (1 - cosines(from_targets[block], from_sources[earlier])) / 2
        distance = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(sine2, 0, 1)))
        return elapsed, distance**2

    blocks, first = [], 0
    while first < len(targets):
        # Blocks are sized for their last target, which has the most sources before it.
        fits = np.arange(1, len(targets) - first + 1) * before[first:] <= PAIRS_AT_ONCE
        last = first + max(1, int(np.argmin(fits)) if not fits.all() else fits.size)
        blocks.append(slice(first, last))
        first = last
    return blocks, since_and_apart


def _cell(coordinate: np.ndarray) -> np.ndarray:
    """Cells of one coordinate: fine where the kernel bends, near c or sigma, and coarse along its power-law tail."""
    fine = np.minimum(coordinate, FINE_BELOW)
    return (FINE_CELLS * fine + (coordinate - fine)).astype(np.int64)


def _grouped(elapsed, distance2, growth, weight, parameters) -> tuple[np.ndarray, ...]:
    """The groups of one block of targets: their number for each target, then the four columns of `Pairs`."""
    p = parameters
    rows, before = elapsed.shape
    earlier = elapsed > 0
    scale = p.d_km2 * np.exp(p.gamma * growth)
    # Not log1p, which takes twice as long: digits of what is far below c or sigma do not count.
    in_time = np.log(1 + np.maximum(elapsed, 0) / p.c_days)
    in_space = np.log(1 + distance2 / scale)
    exponent = (p.alpha * growth - np.log(scale)) - p.p * in_time
    exponent -= p.q * in_space
    if np.isfinite(p.tau_days):
        exponent -= elapsed / p.tau_days
    contribution = np.exp(exponent, out=exponent)
    contribution *= weight
    contribution[~earlier] = 0

    cell = np.broadcast_to(((growth - growth.min(initial=0)) / MAGNITUDE_STEP).astype(np.int64), elapsed.shape)
    cells = int(cell.max(initial=0)) + 1
    for coordinate in (in_space, in_time):
        index = _cell(coordinate)
        cell = cell + cells * index
        cells *= int(index.max(initial=0)) + 1
    cell = (cell + cells * np.arange(rows)[:, None]).ravel()

    total = np.bincount(cell, contribution.ravel(), rows * cells)
    used = np.flatnonzero(total)
    total = total[used]
    columns = (in_time, in_space, np.broadcast_to(growth, elapsed.shape))
    mean_time, mean_space, mean_growth = (
        np.bincount(cell, (contribution * column).ravel(), rows * cells)[used] / total for column in columns
    )
    mean_scale = p.d_km2 * np.exp(p.gamma * mean_growth)
    mean_elapsed = p.c_days * np.expm1(mean_time)
    alone = p.alpha * mean_growth - np.log(mean_scale) - p.p * mean_time - p.q * mean_space - mean_elapsed / p.tau_days
    return (
        np.bincount(used // cells, minlength=rows),
        mean_elapsed,
        mean_scale * np.expm1(mean_space),
        mean_growth,
        total / np.exp(alone),
    )
