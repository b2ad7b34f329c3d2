"""Holds a network's forecasts of one place at the level of what came there lately; see `mleq.experiment.level`.

Calibration on the past cannot know how often events come afterwards. What has come since is known as each day begins,
and the references that look back use it too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from mleq.experiment.level import at_level, looked_at, recent_level, recent_sums
from mleq.experiment.out_of_fold import OutOfFold
from mleq.forecast.outcomes import event_days_of_catalog
from mleq.forecast.recipe import CatalogRecipe
from mleq.forecast.target import within_horizon
from mleq.scores.probability import daily_log_score

log = logging.getLogger("mleq")

PRIOR = 5.0
"""Event-days, for each day of the horizon, that are added to those that came and to those forecast: of a few events
little is made. A judgement; what others bring on days before any test part is said in docs/worth.md."""

SPANS, PRIORS = (90, 180, 365, 730, 1500), (2.0, 5.0, 10.0, 20.0, 50.0)
"""Spans in days, and priors as `PRIOR`, among which `"level_days": "auto"` chooses."""


@dataclass(frozen=True)
class Level:
    """How a run's forecasts are held at their level.

    Attributes
    ----------
    days : int
        How many past days are looked at, at most.
    prior : float
        As `PRIOR`, which it was when the run was made.
    since : str
        First date that is looked at: of days that it learnt from the network knows too much.
    gained : float or None
        Nats per day that it gained on the out-of-fold days that chose it; None where a recipe gave the days.
    """

    days: int
    prior: float
    since: str
    gained: float | None = None

    @classmethod
    def of(cls, recipe: CatalogRecipe, samples: Any, out_of_fold: OutOfFold | None = None) -> Level | None:
        """Return the level that a recipe asks for.

        Parameters
        ----------
        recipe : CatalogRecipe
        samples : Samples or outcomes
        out_of_fold : OutOfFold, optional
            Of the run's network, where the recipe lets them choose.

        Returns
        -------
        Level or None
            None where it asks for none, and where no level gains on the out-of-fold days or they carry no curve.
        """
        days, since = recipe.calibration.level_days, str(samples.dates[samples.parts["validation"][0]])
        if days is None:
            return None
        if days != "auto":
            return cls(days, PRIOR, since)
        if out_of_fold is None or out_of_fold.platt is None:
            log.warning("no level: there are no calibrated out-of-fold days that could choose it")
            return None
        gained, days, prior = max(_gains(out_of_fold, recipe.target.horizon_days))
        if gained <= 0:
            log.info("no level: none of %d gains on out-of-fold days", len(SPANS) * len(PRIORS))
            return None
        return cls(days, prior, since, gained)

    def to_dict(self) -> dict[str, Any]:
        """Return what `calibration.json` holds."""
        return asdict(self)

    def of_days(self, came: np.ndarray, stated: np.ndarray, days: np.ndarray, horizon: int) -> np.ndarray:
        """Return the level before some of consecutive days, the first of them `since`.

        Parameters
        ----------
        came, stated : ndarray, shape (n,)
            Whether the target came true, and the calibrated chance, of the first n days: those that are decided.
        days : ndarray of int, shape (k,)
        horizon : int
            Days of the target.

        Returns
        -------
        ndarray, shape (k,)
            From days that were decided as each began.
        """
        return recent_level(came, stated, days, span=self.days, horizon=horizon, prior=self.prior)

    def before(
        self,
        recipe: CatalogRecipe,
        events: pd.DataFrame,
        dates: np.ndarray,
        state: Callable[[np.ndarray], np.ndarray],
    ) -> pd.DataFrame:
        """Return the level before some dates, from events before each date's issue time alone.

        Parameters
        ----------
        recipe : CatalogRecipe
        events : DataFrame
        dates : ndarray of datetime64[D], shape (k,)
            In any order. Where the catalogue ends before a date, the last days that it knows say what the level is.
        state : callable
            (dates) -> the network's calibrated chances; asked for the days that are looked at.

        Returns
        -------
        DataFrame, k rows
            `factor` on the expected number, 1 where no day is looked at; `days` that are looked at, `until` (the last
            of them, NaT where there is none), how many `came` true, and how many the network had `stated`.
        """
        first_day, event_days = event_days_of_catalog(recipe.target, events)
        horizon = recipe.target.horizon_days
        first = max(np.datetime64(self.since), first_day + recipe.grid.window_days)
        came = within_horizon(event_days, horizon)[(first - first_day).astype(int) :]
        days = (np.asarray(dates, "datetime64[D]") - first).astype(int)
        since, until = looked_at(len(came), days, span=self.days, horizon=horizon)
        needed = np.zeros(len(came), bool)
        for begin, end in zip(since, until, strict=True):
            needed[begin:end] = True
        stated = np.zeros(len(came))
        stated[needed] = state(first + np.flatnonzero(needed))
        both = recent_sums(came, stated, days, span=self.days, horizon=horizon)
        return pd.DataFrame(
            {
                "factor": self.of_days(came, stated, days, horizon),
                "days": until - since,
                "until": pd.Series(first + until - 1).where(until > since),
                "came": both[0].astype(int),
                "stated": both[1],
            }
        )


def _gains(out_of_fold: OutOfFold, horizon: int) -> Iterator[tuple[float, int, float]]:
    """Nats per day that each span and prior gains on out-of-fold days, calibrated, with that span and prior.

    Days between blocks are missing: those after them look further back than they need to, never ahead.
    """
    came = out_of_fold.days["observed"].to_numpy(bool)
    stated = out_of_fold.platt(out_of_fold.days["probability"].to_numpy())
    plain = daily_log_score(came, stated)
    for span in SPANS:
        for prior in PRIORS:
            level = recent_level(came, stated, np.arange(came.size), span=span, horizon=horizon, prior=prior)
            yield float((plain - daily_log_score(came, at_level(stated, level))).mean()), span, prior
