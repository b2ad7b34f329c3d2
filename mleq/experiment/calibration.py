"""Puts a network's probabilities right: the shift of the prior undoes resampling, Platt's curve what else is wrong.

The shift is exact where resampling drew samples at random or weighed them. Methods that choose samples (NearMiss, Tomek
links, edited or condensed neighbours, cluster centroids) or invent some (SMOTE) change p(x | y) as well, and a network
is not calibrated by itself either. Platt's curve is fitted on days that the network forecasting them has not seen
(`mleq.experiment.out_of_fold`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mleq.errors import DataError

# Networks give float32: a sigmoid that reads exactly 0 or 1 has only run out of digits, and stays finite here.
SMALLEST = 1e-7
# Logits that differ by less than this differ by the digits of float32.
NO_SPREAD = 1e-4


@dataclass(frozen=True)
class PriorShift:
    """Moves probabilities from the share of positives that a model was trained on to the one where it is used.

    With p(x | y) unchanged, Bayes' theorem gives logit p' = logit p - logit train + logit deploy (Elkan 2001,
    Proc. 17th IJCAI, theorem 2; Saerens et al. 2002, doi:10.1162/089976602753284446). Where negatives were kept at
    the rate beta this is p' = beta p / (beta p - p + 1) (Dal Pozzolo et al. 2015, doi:10.1109/SSCI.2015.33).

    Parameters
    ----------
    train : float
        Share of positives as the model saw it in training: after resampling, weights counted.
    deploy : float
        Share of positives where the model is used: of the training part before resampling.
    exact : bool
        Whether resampling left p(x | y) as it was, as drawing at random and weighing do. Methods that choose or
        synthesise samples change it, and the shift is then an approximation to be checked on the validation part.

    Raises
    ------
    DataError
        If a share is not between 0 and 1, both excluded.

    Examples
    --------
    >>> shift = PriorShift(train=0.5, deploy=0.1)
    >>> float(shift(0.5).round(6))
    0.1
    """

    train: float
    deploy: float
    exact: bool = True

    def __post_init__(self):
        for name in ("train", "deploy"):
            share = getattr(self, name)
            if not 0 < share < 1:
                raise DataError(
                    f"the share of positive samples ({name}) is {share:g}",
                    expected="samples with and without an event, so a share between 0 and 1",
                    remedy="choose a smaller target.magnitude, a larger radius_km, or a longer catalogue",
                )

    def __call__(self, probability) -> np.ndarray:
        """Return the shifted probabilities.

        Parameters
        ----------
        probability : array_like, any shape
            Between 0 and 1; values nearer than 1e-7 to either are taken to be 1e-7 from it. NaN stays NaN.

        Returns
        -------
        ndarray of float64
            Of the same shape.
        """
        p = np.clip(np.asarray(probability, np.float64), SMALLEST, 1 - SMALLEST)
        # The odds are multiplied, which is the formula without a logarithm.
        with_event = p * (self.deploy / self.train)
        without = (1 - p) * ((1 - self.deploy) / (1 - self.train))
        return with_event / (with_event + without)

    def to_dict(self) -> dict[str, Any]:
        """Return what `calibration.json` holds."""
        return {"method": "prior_shift", **asdict(self)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> PriorShift:
        """Read back what `to_dict` gave.

        Raises
        ------
        DataError
            If it is something else.
        """
        values = {key: value for key, value in stored.items() if key != "method"}
        if stored.get("method") != "prior_shift" or set(values) != {"train", "deploy", "exact"}:
            raise DataError(
                f"found {stored!r} as calibration",
                expected='{"method": "prior_shift", "train": …, "deploy": …, "exact": …}',
                remedy="train the recipe again",
            )
        return cls(**values)


@dataclass(frozen=True)
class Platt:
    """A logistic curve on the logit: logit p' = intercept + slope logit p.

    Platt (1999, Advances in Large Margin Classifiers, 61-74) on the logit of a probability instead of a margin;
    Niculescu-Mizil and Caruana (2005, doi:10.1145/1102351.1102430) compare it with isotonic regression, which needs
    more days with an event than most targets have.

    Examples
    --------
    >>> float(Platt(intercept=0.0, slope=0.5)(0.9).round(6))
    0.75
    """

    intercept: float
    slope: float

    @classmethod
    def fit(cls, observed: np.ndarray, probability: np.ndarray, block: np.ndarray | None = None) -> Platt:
        """Fit the curve by maximum likelihood under slope >= 0.

        With Platt's targets, (k + 1) / (k + 2) for the k days with an event and 1 / (m + 2) for the m without, it
        stays finite where the forecasts separate them. A slope below zero would say that the less likely days are
        the likelier ones; the constrained maximum is then a slope of zero, the same probability on every day.

        Between blocks of years the rate drifts, and what a network says drifts too: of a few blocks that is a
        handful of numbers, which agree or not by chance, and with many days each they would decide the slope. So it
        is fitted with an intercept for each block (as fixed effects are: Chamberlain 1980, doi:10.2307/2297110), and
        with it one intercept for all of them. Where rates drift much, such a slope is somewhat steeper than the
        one curve that would have been best on all these days.

        Parameters
        ----------
        observed : ndarray of bool, shape (n,)
        probability : ndarray, shape (n,)
            Of forecasts that were made without knowing these days.
        block : ndarray, shape (n,), optional
            Number of each day's block; one block where it is left out.

        Raises
        ------
        DataError
            Where all days are with an event, or all without.
        """
        observed = np.asarray(observed, bool)
        with_event, without = int(observed.sum()), int((~observed).sum())
        if not (with_event and without):
            raise DataError(
                f"{observed.size} out-of-fold days of which {with_event} have an event", expected="days of both kinds"
            )
        target = np.where(observed, (with_event + 1) / (with_event + 2), 1 / (without + 2))
        feature = logit(probability)
        slope = _slope(feature, target, np.zeros(feature.size) if block is None else np.asarray(block))
        return cls(_intercept(slope * feature if slope else np.zeros(1), target.mean()), slope)

    def __call__(self, probability) -> np.ndarray:
        """Return the calibrated probabilities, float64, of the same shape; NaN stays NaN."""
        probability = np.asarray(probability, np.float64)
        curve = np.clip(self.intercept + self.slope * logit(probability), -40, 40)
        return np.clip(1 / (1 + np.exp(-curve)), SMALLEST, 1 - SMALLEST)


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation of the logits of a network's probabilities on some days.

    Networks that were trained alike on other days differ in both by what their last steps happened to leave. Where they
    have hardly learnt, that is as much as what tells their days apart, and a curve that was fitted on the
    forecasts of some is far off for another. The days must be the same for the networks that are compared; their
    outcomes do not enter.

    Examples
    --------
    >>> one, other = Spread.of(np.array([0.5, 0.6])), Spread.of(np.array([0.1, 0.3]))
    >>> one.brought_to(other)(np.array([0.5, 0.6])).round(6).tolist()
    [0.1, 0.3]
    """

    mean: float
    deviation: float

    @classmethod
    def of(cls, probability: np.ndarray) -> Spread:
        """Return that of some days' probabilities, shape (n,)."""
        given = logit(probability)
        return cls(float(given.mean()), float(given.std()))

    def brought_to(self, other: Spread) -> Platt:
        """Return the line on logits that gives probabilities of this spread another one."""
        slope = other.deviation / self.deviation if self.deviation > NO_SPREAD else 0.0
        return Platt(other.mean - slope * self.mean, slope)


def _slope(feature: np.ndarray, target: np.ndarray, block: np.ndarray) -> float:
    """Slope of a logistic curve with an intercept for each block; zero where it is negative or cannot be told."""
    from sklearn.linear_model import LogisticRegression

    numbers, which = np.unique(block, return_inverse=True)
    apart = feature - (np.bincount(which, feature) / np.bincount(which))[which]
    if not apart.std() > NO_SPREAD:
        return 0.0
    design = np.column_stack([apart / apart.std(), which[:, None] == np.arange(numbers.size)])
    # Every day stands twice: with an event, weighed by its target, and without, by the rest.
    fitted = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-8, max_iter=1000).fit(
        np.tile(design, (2, 1)), np.repeat([True, False], target.size), np.r_[target, 1 - target]
    )
    return max(float(fitted.coef_[0, 0] / apart.std()), 0.0)


def _intercept(given: np.ndarray, share: float) -> float:
    """What added to logits makes the mean of the probabilities a share: the maximum of the likelihood."""
    from scipy.optimize import brentq
    from scipy.special import expit

    away = float(logit(share)) - given
    return float(brentq(lambda shift: expit(given + shift).mean() - share, away.min() - 1, away.max() + 1))


def logit(probability) -> np.ndarray:
    """Return ln(p / (1 - p)); values nearer than 1e-7 to 0 or 1 are taken to be 1e-7 from it."""
    p = np.clip(np.asarray(probability, np.float64), SMALLEST, 1 - SMALLEST)
    return np.log(p) - np.log1p(-p)


@dataclass(frozen=True)
class Calibrator:
    """What is done to a network's probabilities: the shift of the prior, then Platt's curve where there is one."""

    prior: PriorShift
    platt: Platt | None = None

    def __call__(self, probability) -> np.ndarray:
        """Return the calibrated probabilities, of the same shape."""
        shifted = self.prior(probability)
        return shifted if self.platt is None else self.platt(shifted)

    def to_dict(self) -> dict[str, Any]:
        """Return what `calibration.json` holds: `prior_shift` and `platt` (null where there is none)."""
        return {"prior_shift": self.prior.to_dict(), "platt": None if self.platt is None else asdict(self.platt)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Calibrator:
        """Read back what `to_dict` gave; other keys of calibration.json are passed over.

        Raises
        ------
        DataError
            If there is no such thing.
        """
        curve = stored.get("platt")
        try:
            platt = None if curve is None else Platt(float(curve["intercept"]), float(curve["slope"]))
        except (KeyError, TypeError, ValueError):
            raise DataError(
                f"found {curve!r} as Platt's curve",
                expected='{"intercept": …, "slope": …} or null',
                remedy="train the recipe again",
            ) from None
        return cls(PriorShift.from_dict(stored.get("prior_shift") or {}), platt)
