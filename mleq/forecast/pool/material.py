"""A recipe's pool: circles, ETAS walked forward through their years, and the days to learn from; kept once made."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import mleq
from mleq import atomic
from mleq.catalog.events import coverage, identity
from mleq.errors import RequestError, StorageError
from mleq.forecast.days import whole_days
from mleq.forecast.features import Past
from mleq.forecast.outcomes import fit_date
from mleq.forecast.pool.circles import Circles, draw_circles
from mleq.forecast.pool.rows import Rows, gather
from mleq.forecast.pool.walk import Fit, Offsets, Pool, offsets, schedule, walk_forward

FORM = 2
"""Of the kept files; another number makes old ones unread."""
MOST_KEPT = 4
"""Files of a hundred or two megabytes; the oldest make room."""

log = logging.getLogger("mleq")


@dataclass(frozen=True, eq=False)
class Material:
    """All that the residual models of a recipe learn from.

    Attributes
    ----------
    pool : Pool
    fits : list of Fit
    known : Offsets
        ETAS's forecasts from its first fit to the pool's end.
    rows, validation : Rows
        See `mleq.forecast.pool.rows.gather`.
    parts : dict of str to slice
        Days of the pool in each part.
    """

    pool: Pool
    fits: list[Fit]
    known: Offsets
    rows: Rows
    validation: Rows
    parts: dict[str, slice]

    @property
    def fitted(self) -> int:
        """The day before which training ends: ETAS is fitted on it, and trees first grown."""
        return self.parts["train"].stop + self.pool.horizon - 1


def pool_of(recipe, events: pd.DataFrame, circles: Circles, last: np.datetime64 | None = None) -> Pool:
    """Circles on the days of a catalogue, or until a later date.

    Parameters
    ----------
    recipe : CatalogRecipe
    events : DataFrame
    circles : Circles
    last : datetime64[D], optional
        A day that has to be among the pool's, though the catalogue end before it.
    """
    start, end = coverage(events)
    target, first, n_days = recipe.target, *whole_days(start, end, recipe.target.timezone)
    if last is not None:
        n_days = max(n_days, int((last - first).astype(int)) + 1)
    return Pool(
        Past.of(events, start, end), circles, first, n_days, target.timezone, target.magnitude, target.horizon_days,
        recipe.catalog.min_magnitude, recipe.seed,
    )  # fmt: skip


def circles_of(recipe, events: pd.DataFrame, before: pd.Timestamp) -> Circles:
    """Draw the recipe's circles from events before an instant; the target's own is the first."""
    target, settings = recipe.target, recipe.pool
    return draw_circles(
        Past.of(events, *coverage(events)),
        before.tz_convert("UTC").tz_localize(None).to_datetime64(),
        n=settings.circles,
        radius_km=target.radius_km,
        magnitude=target.magnitude,
        seed=recipe.seed,
        first=(target.latitude, (target.longitude + 180) % 360 - 180),
        spacing=settings.spacing,
        fewest=settings.fewest_events,
    )


def prepare(recipe, events: pd.DataFrame, samples: Any) -> Material:
    """Draw the circles, walk ETAS forward, gather the days to learn from; or read what was kept of the same before.

    Parameters
    ----------
    recipe : CatalogRecipe
        With a pool.
    events : DataFrame
    samples : Samples or Outcomes
        For dates and parts.

    Returns
    -------
    Material

    Raises
    ------
    RequestError
        If the years before the end of training are too few for ETAS to be walked forward through.
    """
    pool = pool_of(recipe, events, circles_of(recipe, events, fit_date(recipe, samples)))
    parts = {name: _days(pool, samples.dates[some]) for name, some in samples.parts.items()}
    middle = pool.dates[parts["train"].stop + pool.horizon - 1]
    path = _path(recipe, events, parts)
    fits, rows = _read(path)
    if fits is None:
        dates = schedule(pool, middle, pool.dates[-1])
        if len(dates) < 2 or dates[0][0] >= middle:
            raise RequestError(
                f"{recipe.id}: the catalogue has {parts['train'].stop} days before the end of training",
                expected="three years or more: residual models learn from the errors of an ETAS that is fitted yearly",
                remedy="let the catalogue start earlier, or training end later",
            )
        beside = path.with_suffix(".fits.json") if path else None
        fits = walk_forward(pool, dates, done=_stopped(beside), keep=lambda so_far: _keep_fits(beside, so_far))
    known = offsets(pool, fits, slice(pool.day(fits[0].made), pool.n_days))
    if rows is None:
        rows = gather(pool, known, parts["validation"], recipe.seed)
        _keep(path, fits, rows)
    return Material(pool, fits, known, *rows, parts)


def _stopped(path: Path | None) -> list[Fit]:
    """Fits of a walk that was stopped."""
    try:
        return [Fit.from_dict(one) for one in json.loads(path.read_text())] if path else []
    except (OSError, ValueError, KeyError):
        return []


def _keep_fits(path: Path | None, fits: list[Fit]) -> None:
    if path is None:
        return
    try:
        atomic.write_text(path, json.dumps([fit.to_dict() for fit in fits]))
    except StorageError as error:
        log.debug("%s", error)  # only costs time when stopped


def _days(pool: Pool, dates: np.ndarray) -> slice:
    return slice(pool.day(dates[0]), pool.day(dates[-1]) + 1)


def _path(recipe, events: pd.DataFrame, parts: dict[str, slice]) -> Path | None:
    """Where the material of a recipe on a catalogue is kept; None where the events came from no folder."""
    folder = events.attrs.get("kept_in")
    if folder is None:
        return None
    words = {
        "form": FORM,
        "version": mleq.__version__,
        "events": identity(events),
        "target": recipe.target.model_dump(mode="json"),
        "smallest": recipe.catalog.min_magnitude,
        # No input and no fit depends on the level.
        "pool": recipe.pool.model_dump(mode="json", exclude={"level_days", "level_prior"}),
        "seed": recipe.seed,
        "parts": {name: [days.start, days.stop] for name, days in parts.items()},
    }
    key = hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:32]
    return Path(folder) / "pool" / f"{key}.npz"


def _read(path: Path | None) -> tuple[list[Fit] | None, tuple[Rows, Rows] | None]:
    if path is None or not path.is_file():
        return None, None
    try:
        with np.load(path) as kept:
            fits = [Fit.from_dict(one) for one in json.loads(str(kept["fits"]))]
            names = Rows.__dataclass_fields__
            both = tuple(Rows(*(kept[f"{part}_{name}"] for name in names)) for part in ("rows", "validation"))
    except (OSError, ValueError, KeyError, EOFError) as error:
        log.warning("%s cannot be read (%s): it is made again", path, error)
        return None, None
    log.info("fits of ETAS and features of the pool are read from %s", path)
    return fits, both


def _keep(path: Path | None, fits: list[Fit], both: tuple[Rows, Rows]) -> None:
    if path is None:
        return
    arrays = {
        f"{part}_{name}": getattr(rows, name)
        for part, rows in zip(("rows", "validation"), both, strict=True)
        for name in Rows.__dataclass_fields__
    }
    try:
        with atomic.storing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            old = sorted(path.parent.glob("*.npz"), key=lambda one: one.stat().st_mtime)
            for one in old[: max(0, len(old) + 1 - MOST_KEPT)]:
                one.unlink(missing_ok=True)
            with atomic.beside(path) as beside, beside.open("wb") as file:
                np.savez(file, fits=np.array(json.dumps([fit.to_dict() for fit in fits])), **arrays)
            path.with_suffix(".fits.json").unlink(missing_ok=True)
    except StorageError as error:
        log.warning("the features of the pool are not kept for the next time: %s", error)
