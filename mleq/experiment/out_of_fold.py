"""Forecasts of days by networks that have not seen them: contiguous blocks, each forecast from the rest."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic
from mleq.errors import Mistake
from mleq.experiment.calibration import Platt

log = logging.getLogger("mleq")

FEWEST_BLOCKS = 2


@dataclass(frozen=True, eq=False)
class Block:
    """A block of days that is held out, and the days that are far enough from it to learn from.

    Attributes
    ----------
    number : int
        Counted from 1.
    held_out, rest : ndarray of int
        Indices into the samples.
    """

    number: int
    held_out: np.ndarray
    rest: np.ndarray


def contiguous_blocks(dates: np.ndarray, indices: np.ndarray, n_blocks: int, *, gap_days: int) -> list[Block]:
    """Divide days into blocks of equal length, in time order.

    Blocks are contiguous since days depend on their neighbours: a day drawn at random would be forecast by a network
    that has seen the same aftershocks the day before. The rest of a block has no day within `gap_days` of it, on either
    side; with `gap_days = window_days + horizon_days` no event that decides a held-out target decides another, or lies
    in a window that was learnt from, and the other way round.

    Parameters
    ----------
    dates : ndarray of datetime64[D], shape (n,)
        Of all samples.
    indices : ndarray of int, shape (m,)
        Those to be divided, in time order.
    n_blocks : int
    gap_days : int

    Returns
    -------
    list of Block

    Examples
    --------
    >>> days = np.datetime64("2001-01-01") + np.arange(8)
    >>> [(list(map(int, one.held_out)), list(map(int, one.rest))) for one in
    ...  contiguous_blocks(days, np.arange(8), 2, gap_days=1)]
    [([0, 1, 2, 3], [5, 6, 7]), ([4, 5, 6, 7], [0, 1, 2])]
    """
    blocks = []
    for number, held_out in enumerate(np.array_split(np.asarray(indices), n_blocks), start=1):
        if held_out.size:
            day, gap = dates[indices], np.timedelta64(gap_days, "D")
            far = (day < dates[held_out[0]] - gap) | (day > dates[held_out[-1]] + gap)
            blocks.append(Block(number, held_out, np.asarray(indices)[far]))
    return blocks


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Platt's curve, and the days that it was fitted on.

    Attributes
    ----------
    platt : Platt or None
        None where it cannot be fitted.
    days : DataFrame
        `block`, `target_date`, `observed`, `probability` (as the run's own network would say it, after the shift of
        its prior) of every held-out day.
    about : dict
        What calibration.json says, as JSON values: `epochs` that each block's network was trained for, `days`,
        `event_days`, `blocks` (start, end, days, event_days, and a `reason` where a block could not be forecast),
        and `reason` where there is no curve.
    """

    platt: Platt | None
    days: pd.DataFrame
    about: dict[str, Any]


def out_of_fold(
    blocks: Sequence[Block],
    forecast: Callable[[Block], np.ndarray],
    dates: np.ndarray,
    target: np.ndarray,
    *,
    epochs: int,
    work: Path,
    key: str,
) -> OutOfFold:
    """Forecast each block from the rest and fit Platt's curve on all of them.

    A block whose rest cannot be learnt from (days of one kind only, too few for the resampling) is left out and said
    so. With fewer than two blocks left, or days of one kind only, there is no curve.

    Parameters
    ----------
    blocks : sequence of Block
    forecast : callable
        (block) -> probabilities of its held-out days, shape (k,), by a model that has learnt its rest.
    dates, target : ndarray, shape (n,)
        Of all samples.
    epochs : int
        What the models are trained for; kept, not used.
    work : pathlib.Path
        Finished blocks are kept here, so that a stopped calibration goes on after them.
    key : str
        Hash of all that decides the result.
    """
    rows, said = [], []
    for block in blocks:
        observed = np.asarray(target)[block.held_out].astype(bool)
        span = {"start": str(dates[block.held_out[0]]), "end": str(dates[block.held_out[-1]])}
        counts = {"days": int(observed.size), "event_days": int(observed.sum())}
        log.info("calibration: block %d of %d, %s to %s", block.number, len(blocks), span["start"], span["end"])
        try:
            probability = _kept(work / f"block-{block.number}.json", f"{key}/{block.number}/{epochs}", block, forecast)
        except Mistake as mistake:
            log.warning("calibration: the block from %s to %s is left out: %s", *span.values(), mistake)
            said.append({**span, **counts, "reason": str(mistake)})
            continue
        said.append({**span, **counts, "reason": None})
        when = dates[block.held_out].astype("datetime64[s]")
        rows.append(
            pd.DataFrame({"block": block.number, "target_date": when, "observed": observed, "probability": probability})
        )
    return _fitted(rows, {"epochs": epochs, "blocks": said})


def _fitted(rows: list[pd.DataFrame], about: dict[str, Any]) -> OutOfFold:
    """Fit the curve where the forecasts of the blocks can carry it."""
    days = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    observed = days["observed"].to_numpy(bool) if rows else np.empty(0, bool)
    about = {"days": int(observed.size), "event_days": int(observed.sum()), **about, "reason": None}
    if len(rows) < FEWEST_BLOCKS:
        about["reason"] = f"{len(rows)} of {len(about['blocks'])} blocks could be forecast, fewer than {FEWEST_BLOCKS}"
    elif observed.all() or not observed.any():
        about["reason"] = f"{observed.size} out-of-fold days of one kind: {int(observed.sum())} with an event"
    if about["reason"]:
        log.warning("no Platt scaling: %s; the shift of the prior stands alone", about["reason"])
        return OutOfFold(None, days, about)
    platt = Platt.fit(observed, days["probability"].to_numpy(), days["block"].to_numpy())
    if platt.slope == 0:
        about["reason"] = (
            "the slope is not positive: within blocks, what is forecast likelier does not happen more often"
        )
        log.warning("calibration: %s; every day gets the same probability", about["reason"])
    return OutOfFold(platt, days, about)


def _kept(path: Path, key: str, block: Block, forecast: Callable[[Block], np.ndarray]) -> np.ndarray:
    """Return a block's forecast from its file, or make it and write the file."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["key"] == digest:
            return np.array(held["probability"], float)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # nothing usable is left of it, so it is made
    probability = np.asarray(forecast(block), float)
    atomic.write_json(path, {"key": digest, "probability": probability.tolist()})
    return probability
