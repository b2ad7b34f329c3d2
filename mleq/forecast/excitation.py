"""References that add up the recent earthquakes in the circle and read a probability from a logistic curve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np
import pandas as pd

from mleq.etas.sphere import distance_km
from mleq.forecast.days import beginnings
from mleq.forecast.samples import Samples
from mleq.recipe.settings import Circle
from mleq.scores import log_score

LOOK_BACK_DAYS = 1500
C_DAYS = 0.01
FLOOR = 1e-3
"""Added to the Omori sum before its logarithm: what one small event leaves after years."""
EXPONENTS = (0.8, 1.0, 1.2)
MAGNITUDE_WEIGHTS = (0.0, 0.5, 1.0)
AT_ONCE = 500
"""Target dates whose distances in time to all events are in memory together."""


@dataclass(frozen=True)
class Count:
    """How many earthquakes the circle had in the last `window_days`, through a logistic curve of log(1 + count).

    It knows no more than the heatmaps' frequency channel at one place.
    """

    target: Circle
    window_days: int
    intercept: float
    slope: float

    @classmethod
    def fit(cls, recipe, events: pd.DataFrame, samples: Samples) -> Count:
        """Fit the curve on the training part."""
        blank = cls(recipe.target, recipe.grid.window_days, 0.0, 0.0)
        train = samples.parts["train"]
        feature = blank.feature(events, samples.dates[train])
        return cls(recipe.target, recipe.grid.window_days, *logistic_curve(feature, samples.target[train]))

    @property
    def parameters(self) -> dict[str, float]:
        """What was fitted."""
        return {key: value for key, value in asdict(self).items() if key != "target"}

    def feature(self, events: pd.DataFrame, dates: np.ndarray) -> np.ndarray:
        """Return log(1 + count) before some target dates, shape (k,)."""
        times, _ = in_circle(self.target, events)
        issue = beginnings(dates, self.target.timezone)
        since = beginnings(dates - self.window_days, self.target.timezone)
        return np.log1p(np.searchsorted(times, issue, side="left") - np.searchsorted(times, since, side="left"))

    def probabilities(self, events: pd.DataFrame, dates: np.ndarray) -> np.ndarray:
        """Forecast some target dates, shape (k,)."""
        return sigmoid(self.intercept + self.slope * self.feature(events, np.asarray(dates, "datetime64[D]")))


@dataclass(frozen=True)
class Omori:
    """The circle's past earthquakes, each weighed by magnitude and by the Omori-Utsu law, through a logistic curve.

    The sum is S = sum 10^(a (m - 4)) (t + c)^-p over the last 1,500 days, t the days since each event (Utsu 1961,
    Geophysical Magazine 30, 521-605), and the curve is one of log(S + 0.001). p and a are chosen on the validation
    part by the log score, among nine pairs.
    """

    target: Circle
    p: float
    magnitude_weight: float
    intercept: float
    slope: float

    @classmethod
    def fit(cls, recipe, events: pd.DataFrame, samples: Samples) -> Omori:
        """Fit each curve on the training part, and choose among them on the validation part."""
        train, validation = samples.parts["train"], samples.parts["validation"]
        candidates = []
        for p, weight in product(EXPONENTS, MAGNITUDE_WEIGHTS):
            blank = cls(recipe.target, p, weight, 0.0, 0.0)
            feature = blank.feature(events, samples.dates[np.concatenate([train, validation])])
            one = cls(recipe.target, p, weight, *logistic_curve(feature[: len(train)], samples.target[train]))
            loss = log_score(samples.target[validation], sigmoid(one.intercept + one.slope * feature[len(train) :]))
            candidates.append((loss, one))
        return min(candidates, key=lambda pair: pair[0])[1]

    @property
    def parameters(self) -> dict[str, float]:
        """What was fitted or chosen."""
        return {key: value for key, value in asdict(self).items() if key != "target"}

    def feature(self, events: pd.DataFrame, dates: np.ndarray) -> np.ndarray:
        """Return log(S + 0.001) before some target dates, shape (k,)."""
        times, magnitudes = in_circle(self.target, events)
        weight = 10 ** (self.magnitude_weight * (magnitudes - 4.0))
        issue = beginnings(dates, self.target.timezone)
        sums = [_omori_sum(some, times, weight, self.p) for some in _chunks(issue)]
        return np.log(np.concatenate(sums) + FLOOR) if sums else np.empty(0)

    def probabilities(self, events: pd.DataFrame, dates: np.ndarray) -> np.ndarray:
        """Forecast some target dates, shape (k,)."""
        return sigmoid(self.intercept + self.slope * self.feature(events, np.asarray(dates, "datetime64[D]")))


def _chunks(instants: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(instants), AT_ONCE):
        yield instants[first : first + AT_ONCE]


def _omori_sum(issue: np.ndarray, times: np.ndarray, weight: np.ndarray, p: float) -> np.ndarray:
    """Sum of the weighted Omori-Utsu decays of the events before each issue time, shape (k,)."""
    oldest = issue.min() - np.timedelta64(LOOK_BACK_DAYS, "D")
    recent = slice(np.searchsorted(times, oldest), np.searchsorted(times, issue.max(), side="left"))
    days = (issue[:, None] - times[recent]) / np.timedelta64(1, "us") / 86_400e6
    past = (days > 0) & (days <= LOOK_BACK_DAYS)
    decay = np.where(past, (np.where(past, days, 1.0) + C_DAYS) ** -p, 0.0)
    return decay @ weight[recent]


def in_circle(target: Circle, events: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return times (datetime64[us], ascending) and magnitudes of the events in the circle, of any magnitude."""
    distance = distance_km(events["latitude"], events["longitude"], target.latitude, target.longitude)
    inside = np.asarray(distance) <= target.radius_km
    if target.max_depth_km is not None:
        inside &= ~(events["depth_km"].to_numpy() > target.max_depth_km)
    times = events["origin_time"].dt.tz_convert(None).to_numpy("datetime64[us]")[inside]
    order = np.argsort(times, kind="stable")
    return times[order], events["magnitude"].to_numpy(float)[inside][order]


def logistic_curve(feature: np.ndarray, came_true: np.ndarray) -> tuple[float, float]:
    """Fit a logistic regression on one feature by maximum likelihood; return intercept and slope."""
    from sklearn.linear_model import LogisticRegression

    if np.ptp(feature) == 0:
        share = (came_true.sum() + 0.5) / (len(came_true) + 1)
        return float(np.log(share / (1 - share))), 0.0
    # A penalty of one part in a million keeps the curve finite where the feature separates the classes.
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(feature[:, None], came_true)
    return float(fitted.intercept_[0]), float(fitted.coef_[0, 0])


def sigmoid(logit: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + e^-x), strictly between 0 and 1."""
    return np.clip(1 / (1 + np.exp(-np.clip(logit, -40, 40))), 1e-9, 1 - 1e-9)
