"""Chances of a strong event in many cells at once, from one set of simulated continuations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mleq.etas.continuation import batches, worlds
from mleq.etas.decay import omori_survival
from mleq.etas.forecasting import EtasModel
from mleq.etas.history import History
from mleq.etas.uncertainty import drawn_parameters

CellOf = Callable[[np.ndarray, np.ndarray], np.ndarray]
EVENTS, FEWEST_WORLDS, MOST_WORLDS = 200_000, 4_000, 400_000


def chances(
    model: EtasModel,
    history: History,
    cell_of: CellOf,
    n_cells: int,
    issue_time: float,
    days: float,
    magnitude: float,
    *,
    seed: int | np.random.Generator,
    known_until: float | None = None,
    log_covariance: np.ndarray | None = None,
    parameter_sets: int = 20,
    n_events: int = EVENTS,
) -> dict[str, np.ndarray]:
    r"""Expected events, and chances of at least one, in each cell, offspring of coming events included.

    Every event of a simulated world counts, not only the strong ones: with s the share of events that reach the
    magnitude, an event in a cell where none before it has is the first with chance s, so that

    .. math:: P(\text{some}) = s\, E\,[\text{events in the cell with no strong one before them}].

    This has no bias and, for rare events, less noise by the factor 1/s than the share of worlds that have one.

    Parameters
    ----------
    model : EtasModel
    history : History
        Events at or after the issue time are not looked at.
    cell_of : callable
        (latitude, longitude) -> number of the cell, -1 outside all.
    n_cells : int
    issue_time, days, magnitude : float
        As for `EtasModel.probability`.
    seed : int or numpy.random.Generator
    known_until : float, optional
        Where the catalogue ends, if before the issue time: what came in between is simulated too.
    log_covariance : numpy.ndarray, optional
        Of the logarithms of the parameters; with it, sets of parameters are drawn and their mean is the answer.
    parameter_sets : int, optional
    n_events : int, optional
        About so many events are simulated; a quiet region has more worlds.

    Returns
    -------
    dict of numpy.ndarray, shape (n_cells,)
        `expected`, `probability`, `low` and `high`: a 95 % interval of the chance for the noise of simulation, and
        that of the parameters where a covariance is given.
    """
    rng, share = np.random.default_rng(seed), model.share_above(magnitude)
    begin = issue_time if known_until is None else min(known_until, issue_time)
    end = issue_time + days
    past = history[(history.time_days < begin) & (history.magnitude >= model.parameters.m0)]
    n_worlds = _number(model, past, begin, end, n_events)
    sets = [model]
    if log_covariance is not None:

        def ratio(p):
            return p.branching_ratio(model.b_value, model.magnitude_max) * float(1 - omori_survival(p, end - begin))

        drawn = drawn_parameters(model.parameters, log_covariance, parameter_sets, rng, ratio)
        sets = [replace(model, parameters=one) for one in drawn]
    each = max(n_worlds // len(sets), 2)
    totals = [_of_set(one, past, cell_of, n_cells, (begin, issue_time, end), magnitude, each, rng) for one in sets]
    expected, first, squares = (np.stack(part) for part in zip(*totals, strict=True))
    by_set = share * first / each
    noise = np.maximum(share**2 * squares / each - by_set**2, 0) / (each - 1)
    return {"expected": share * expected.mean(axis=0) / each, **_interval(by_set, noise)}


def _number(model: EtasModel, past: History, begin: float, end: float, n_events: int) -> int:
    """Of worlds, so that about as many events come in all of them together."""
    _, whole = next(batches(model, past, begin, end, 10**9))
    return int(np.clip(whole * n_events / 1e6, FEWEST_WORLDS, MOST_WORLDS))


def _of_set(model, past, cell_of, n_cells, times, magnitude, n_worlds, rng):
    """Events in each cell, those with no strong one before them, and the squares of these summed over worlds."""
    begin, issue_time, end = times
    expected, first, squares = np.zeros(n_cells), np.zeros(n_cells), np.zeros(n_cells)
    for _, size in batches(model, past, begin, end, n_worlds):
        found = []
        for generation, world in worlds(model, past, begin, end, size, rng):
            cell = cell_of(generation["latitude"], generation["longitude"])
            counted = (cell >= 0) & (generation["time_days"] >= issue_time)
            strong = generation["magnitude"][counted] >= magnitude
            found.append((world[counted] * n_cells + cell[counted], generation["time_days"][counted], strong))
        place, time, strong = (np.concatenate(part) for part in zip(*found, strict=True))
        expected += np.bincount(place % n_cells, minlength=n_cells)
        order = np.lexsort((time, place))
        place, strong = place[order], strong[order]
        before = np.cumsum(strong) - strong
        opens = np.flatnonzero(np.diff(place, prepend=-1))  # the first event of each world and cell
        before -= np.repeat(before[opens], np.diff(np.append(opens, place.size)))
        counts = np.bincount(np.searchsorted(place[opens], place[before == 0]), minlength=opens.size)
        first += np.bincount(place[opens] % n_cells, weights=counts, minlength=n_cells)
        squares += np.bincount(place[opens] % n_cells, weights=counts.astype(float) ** 2, minlength=n_cells)
    return expected, first, squares


def _interval(by_set: np.ndarray, noise: np.ndarray) -> dict[str, np.ndarray]:
    """Mean of the sets' chances with simulation noise and the sets' spread; see `EtasModel.probability`."""
    value = by_set.mean(axis=0)
    low = high = 1.96 * np.sqrt(noise.mean(axis=0) / len(by_set))
    if len(by_set) > 1:
        # Few worlds a set scatter the sets' chances more than the parameters do: that part is taken out again.
        total = by_set.var(axis=0, ddof=1)
        spread = np.sqrt(np.clip(1 - noise.mean(axis=0) / np.maximum(total, 1e-300), 0, None))
        ends = (np.quantile(by_set, [0.025, 0.975], axis=0) - value) * spread
        low, high = np.hypot(low, np.minimum(ends[0], 0)), np.hypot(high, np.maximum(ends[1], 0))
    return {"probability": value, "low": np.maximum(value - low, 0), "high": np.minimum(value + high, 1)}
