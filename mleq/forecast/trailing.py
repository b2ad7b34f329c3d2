"""References that look back: the rate of days with an event over the last weeks to years."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from mleq.forecast.outcomes import event_days_of_catalog
from mleq.forecast.samples import Samples
from mleq.recipe.settings import Circle
from mleq.scores import log_score

SPANS_DAYS = (30, 90, 365, 1500)
SHRINKAGES_DAYS = (5, 15, 50, 150, 500, 1500)


@dataclass(frozen=True)
class Trailing:
    """The share of event-days among the last `span_days`, drawn towards the training part's.

    With k event-days among n days the daily rate is (k + s c) / (n + s): the mean of a beta posterior whose prior has
    the training part's rate c and weighs as much as s days. A horizon of H days comes true with 1 - (1 - rate)^H.

    Attributes
    ----------
    target : Circle
        The recipe's target.
    span_days : int
        How far back days are counted; fewer where the catalogue begins later.
    shrinkage_days : float
        s, chosen on the validation part by the log score.
    daily_rate : float
        c.
    """

    target: Circle
    span_days: int
    shrinkage_days: float
    daily_rate: float

    @classmethod
    def fit(cls, recipe, events: pd.DataFrame, samples: Samples, *, span_days: int) -> Trailing:
        """Take the rate from the training part and the shrinkage from the validation part."""
        rate = daily_rate(recipe.target, samples)
        validation = samples.parts["validation"]
        candidates = [cls(recipe.target, span_days, days, rate) for days in SHRINKAGES_DAYS]
        observed, dates = samples.target[validation], samples.dates[validation]
        return min(candidates, key=lambda one: log_score(observed, one.probabilities(events, dates)))

    @property
    def parameters(self) -> dict[str, float]:
        """What was fitted or chosen."""
        return {key: value for key, value in asdict(self).items() if key != "target"}

    def rates(self, events: pd.DataFrame, dates: np.ndarray) -> np.ndarray:
        """Daily rates before some target dates, shape (k,)."""
        days, positive = event_days_before(self.target, events, dates, self.span_days)
        return (positive + self.shrinkage_days * self.daily_rate) / (days + self.shrinkage_days)

    def probabilities(self, events: pd.DataFrame, dates: np.ndarray) -> np.ndarray:
        """Forecast some target dates, shape (k,)."""
        return over_horizon(self.rates(events, dates), self.target)


@dataclass(frozen=True)
class TrailingMix:
    """The plain mean of the rates of the last 30, 90, 365 and 1,500 days, with nothing tuned.

    Validation years with a great earthquake tune a mix badly; equal weights do not listen to them. Each rate is drawn
    towards the training part's by one day's weight, so that none is zero.
    """

    target: Circle
    daily_rate: float

    @classmethod
    def fit(cls, recipe, events: pd.DataFrame, samples: Samples) -> TrailingMix:
        """Take the rate from the training part."""
        return cls(recipe.target, daily_rate(recipe.target, samples))

    @property
    def parameters(self) -> dict[str, float]:
        """What was fitted."""
        return {"daily_rate": self.daily_rate}

    def probabilities(self, events: pd.DataFrame, dates: np.ndarray) -> np.ndarray:
        """Forecast some target dates, shape (k,)."""
        rates = [Trailing(self.target, span, 1.0, self.daily_rate).rates(events, dates) for span in SPANS_DAYS]
        return over_horizon(np.mean(rates, axis=0), self.target)


def daily_rate(target: Circle, samples: Samples) -> float:
    """Return the training part's rate of event-days; never 0 or 1, as `Climatology`."""
    train = samples.target[samples.parts["train"]]
    share = (train.sum() + 0.5) / (len(train) + 1)
    return float(1 - (1 - share) ** (1 / target.horizon_days))


def over_horizon(rate: np.ndarray, target: Circle) -> np.ndarray:
    """Return the probability of at least one event-day among the horizon's, were days independent."""
    return 1 - (1 - rate) ** target.horizon_days


def event_days_before(
    target: Circle, events: pd.DataFrame, dates: np.ndarray, span_days: int
) -> tuple[np.ndarray, np.ndarray]:
    """Count the days before target dates, and those of them with an event that decides.

    Parameters
    ----------
    target : Circle
    events : pandas.DataFrame
    dates : ndarray of datetime64[D], shape (k,)
    span_days : int
        How far back.

    Returns
    -------
    days, positive : ndarray of int, shape (k,)
        Whole local days of the catalogue among the `span_days` before each date; those with an event. Days after the
        catalogue's end are days without data, not days without an event: the span then ends with the catalogue.
    """
    first, came = event_days_of_catalog(target, events)
    so_far = np.concatenate([[0], np.cumsum(came)])
    until = (np.asarray(dates, "datetime64[D]") - first).astype(int).clip(0, len(came))
    since = (until - span_days).clip(0)
    return until - since, so_far[until] - so_far[since]
