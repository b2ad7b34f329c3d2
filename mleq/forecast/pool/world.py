"""A pool on a catalogue, with what ETAS forecast on each of its days: of its own circles, some of them, or others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from mleq.catalog.events import coverage
from mleq.forecast.days import whole_days
from mleq.forecast.pool.circles import Circles
from mleq.forecast.pool.learning import PooledModel
from mleq.forecast.pool.maps import Atlas, Frame, RowMaps
from mleq.forecast.pool.material import pool_of
from mleq.forecast.pool.walk import Fit, Offsets, Pool, offsets, own_fits, walk_forward


@dataclass(frozen=True, eq=False)
class World:
    """A pool on a catalogue, with what ETAS forecast on each of its days.

    Attributes
    ----------
    pool : Pool
    fits : list of Fit
    known : Offsets
        From the first fit to the pool's end.
    decided : int
        Days whose target the catalogue knows: the first so many.
    base : World, optional
        That of the pool which was learnt from, where these are other circles.
    """

    pool: Pool
    fits: list[Fit]
    known: Offsets
    decided: int
    base: World | None = None

    @classmethod
    def of(cls, recipe, model: PooledModel, events: pd.DataFrame, last: np.datetime64 | None = None) -> World:
        """The model's own circles, until the catalogue's end or a later day; ETAS is fitted on where its fits end."""
        decided = whole_days(*coverage(events), recipe.target.timezone)[1] - recipe.target.horizon_days + 1
        if model.material is not None:
            return cls(model.material.pool, model.fits, model.material.known, decided)
        pool = pool_of(recipe, events, model.circles, last)
        fits = _lengthened(pool, model.fits)
        return cls(pool, fits, offsets(pool, fits, slice(pool.day(fits[0].made), pool.n_days)), decided)

    def only(self, chosen: np.ndarray) -> World:
        """Some of the circles, with what is known of them."""
        pool = self.pool.elsewhere(self.pool.circles[chosen])
        fits = [
            replace(fit, background=fit.background[chosen], productivity=fit.productivity[chosen]) for fit in self.fits
        ]
        known = self.known
        some = Offsets(
            known.days, known.probability[:, chosen], known.background[:, chosen], known.triggered[:, :, chosen]
        )
        return World(pool, fits, some, self.decided, self)

    def maps(self, model: PooledModel, circle: np.ndarray, day: np.ndarray) -> RowMaps | None:
        """What a model sees of the regions of some circles on some days of the pool; None where it looks at no maps."""
        if model.frame is None:
            return None
        if model.frame not in self._atlases:
            self._atlases[model.frame] = Atlas.of(self.pool, self.fits, model.frame)
        return self._atlases[model.frame].rows(circle, day)

    @cached_property
    def _atlases(self) -> dict[Frame, Atlas]:
        return {}

    def elsewhere(self, circles: Circles) -> World:
        """Other circles of the same size: with factors of their own, from their own past, under the same shapes."""
        pool = self.pool.elsewhere(circles)
        fits = own_fits(pool, self.fits)
        return World(pool, fits, offsets(pool, fits, self.known.days), self.decided, self)


def _lengthened(pool: Pool, fits: list[Fit]) -> list[Fit]:
    """Fits until the pool's end: those that there are, and a new one each year after the last."""
    newest, dates = fits[-1].made, []
    year = newest.astype("datetime64[Y]")
    within = newest - year.astype("datetime64[D]")
    while (date := (year + len(dates) + 1).astype("datetime64[D]") + within) <= pool.dates[-1]:
        dates.append((date, True))
    return fits + (walk_forward(pool, dates, fits[-1].shape) if dates else [])
