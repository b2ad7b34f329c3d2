"""Forecasts to be beaten: each is fitted on the training part and then asked for any date.

A new reference is a class that keeps `Reference`, and a line in `REFERENCES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import pandas as pd

from mleq.forecast.boosting import Boosting
from mleq.forecast.etas_reference import EtasReference
from mleq.forecast.excitation import Count, Omori
from mleq.forecast.samples import Samples
from mleq.forecast.smoothed import Smoothed
from mleq.forecast.trailing import SPANS_DAYS, Trailing, TrailingMix
from mleq.recipe.settings import Circle


class Reference(Protocol):
    """A fitted reference; its class, given the recipe's target and `parameters` as keywords, makes it again."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What was fitted, as JSON values for a run to keep: numbers, words, lists and dicts of them."""

    def probabilities(self, events: pd.DataFrame, dates: np.ndarray) -> np.ndarray:
        """Forecast some target dates from the events before each one's issue time.

        Parameters
        ----------
        events : DataFrame
        dates : ndarray of datetime64[D], shape (k,)

        Returns
        -------
        ndarray of float64, shape (k,)
            Each strictly between 0 and 1.
        """


@dataclass(frozen=True)
class Climatology:
    """The same probability on every date: how often the target came true in the training part.

    With k positives among n dates it is (k + 1/2) / (n + 1), the estimate of Krichevsky and Trofimov (1981,
    doi:10.1109/TIT.1981.1056331): never 0 or 1, so that its log score stays finite whatever happens, and
    within 1 / (2 n + 2) of the plain share.
    """

    target: Circle
    days: int
    positives: int

    @classmethod
    def fit(cls, recipe, events: pd.DataFrame, samples: Samples) -> Climatology:
        """Count the positive dates of the training part."""
        train = samples.target[samples.parts["train"]]
        return cls(recipe.target, days=len(train), positives=int(train.sum()))

    @property
    def parameters(self) -> dict[str, float]:
        """`days` and `positives` of the training part."""
        return {"days": self.days, "positives": self.positives}

    @property
    def probability(self) -> float:
        """The probability of every date."""
        return (self.positives + 0.5) / (self.days + 1)

    def probabilities(self, events: pd.DataFrame | None, dates: np.ndarray) -> np.ndarray:
        """The same probability for each date, shape (k,)."""
        return np.full(len(dates), self.probability)


Fit = Callable[[object, pd.DataFrame, Samples], Reference]

REFERENCES: dict[str, tuple[type[Reference], Fit]] = {
    "climatology": (Climatology, Climatology.fit),
    **{f"trailing_{span}": (Trailing, partial(Trailing.fit, span_days=span)) for span in SPANS_DAYS},
    "trailing_mix": (TrailingMix, TrailingMix.fit),
    "count": (Count, Count.fit),
    "omori": (Omori, Omori.fit),
    "smoothed": (Smoothed, Smoothed.fit),
    "etas": (EtasReference, EtasReference.fit),
    "boosting": (Boosting, Boosting.fit),
}
"""Each reference's class and how it is fitted, by name."""


def fit_references(
    recipe, events: pd.DataFrame, samples: Samples, names: Iterable[str] | None = None
) -> dict[str, Reference]:
    """Fit references on the training part.

    Parameters
    ----------
    recipe : CatalogRecipe
    events : DataFrame
        What `samples` were made from.
    samples : Samples
    names : iterable of str, optional
        Which of `REFERENCES`; without it all, in their order.

    Returns
    -------
    dict of str to Reference
        Each answers `.probabilities(events, dates)`; for all samples, `dates` is `samples.dates`.
    """
    return {name: REFERENCES[name][1](recipe, events, samples) for name in names or REFERENCES}


def restore_references(recipe, kept: Mapping[str, Mapping[str, Any]]) -> dict[str, Reference]:
    """Make fitted references again from what a run kept of them.

    Parameters
    ----------
    recipe : CatalogRecipe
        The run's.
    kept : mapping of str to mapping
        Each reference's `parameters` by its name.
    """
    return {name: REFERENCES[name][0](recipe.target, **parameters) for name, parameters in kept.items()}
