"""How good probabilities of a yes-or-no event are.

Everywhere `observed` has shape (n,) and is 0/1 or boolean, and `probability` has shape (n,) or is one
number that is the forecast of every day. NaN, values outside [0, 1], no days at all or unequal lengths
raise `mleq.errors.DataError`.
"""

from __future__ import annotations

import math

import numpy as np

from mleq.scores.checks import forecast_days, observed_days

EPSILON = 1e-9
"""Logarithms are of probabilities clipped to [EPSILON, 1 - EPSILON]: certainty that fails costs 20.7 nats."""


def daily_log_score(observed: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """-ln of the (clipped) probability given to what happened, each day; checked arrays of shape (n,)."""
    given = np.where(observed, probability, 1 - probability)
    return -np.log(np.clip(given, EPSILON, 1 - EPSILON))


def log_score(observed, probability) -> float:
    """Mean of -ln p(what happened), in nats: the logarithmic score; 0 is perfect, lower is better.

    Probabilities are clipped at `EPSILON`. Strictly proper.

    References
    ----------
    Good, I. J. (1952). J. R. Stat. Soc. B 14, 107-114. doi:10.1111/j.2517-6161.1952.tb00104.x

    Examples
    --------
    >>> round(log_score([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    observed = observed_days(observed)
    return float(daily_log_score(observed, forecast_days(probability, observed.size)).mean())


def brier_score(observed, probability) -> float:
    """Mean of (probability - observed)**2, from 0 (perfect) to 1. Strictly proper.

    References
    ----------
    Brier, G. W. (1950). Mon. Weather Rev. 78, 1-3. doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
    """
    observed = observed_days(observed)
    return float(np.mean((forecast_days(probability, observed.size) - observed) ** 2))


def skill_score(score: float, reference: float, perfect: float = 0.0) -> float | None:
    """Share of the way from the reference's score to the perfect one: 1 is perfect, 0 no better.

    Returns None where the reference is perfect already.

    References
    ----------
    Murphy, A. H. (1973). J. Appl. Meteorol. 12, 215-223.
    doi:10.1175/1520-0450(1973)012<0215:HASSFP>2.0.CO;2
    """
    return None if reference == perfect else (score - reference) / (perfect - reference)


def brier_skill_score(observed, probability, reference) -> float | None:
    """Skill score of the Brier score against another forecast of the same days; None where that one is perfect."""
    return skill_score(brier_score(observed, probability), brier_score(observed, reference))


def log_skill_score(observed, probability, reference) -> float | None:
    """Skill score of the log score against another forecast of the same days: the share of its surprise that is spared.

    Against the days' own share of events it is McFadden's pseudo R-squared. Never None, since clipped probabilities
    are never perfect.

    References
    ----------
    McFadden, D. (1974). Conditional logit analysis of qualitative choice behavior. In: Frontiers in Econometrics,
    105-142. ISBN 978-0-12-776150-3
    """
    return skill_score(log_score(observed, probability), log_score(observed, reference))


def information_gain(observed, probability, reference) -> dict[str, float | None]:
    """Gain in log score over a reference on the same days, in nats.

    The sum over all days, with and without an event, of ln p(what happened) minus the reference's. An average
    over event days alone would reward whoever always says yes: it is improper (DESIGN rule 9).

    Parameters
    ----------
    observed : array_like, shape (n,)
    probability, reference : array_like, shape (n,) or ()
        The forecast and the one to be beaten.

    Returns
    -------
    dict
        `nats_per_day`: the sum divided by the days; `nats_per_event_day`: the same sum divided by the days
        with an event, None where there is none. Above zero where the forecast is better.

    References
    ----------
    Vere-Jones, D. (1998). Probabilities and information gain for earthquake forecasting. Computational
    Seismology 30, 248-263. Harte, D. and Vere-Jones, D. (2005). Pure Appl. Geophys. 162, 1229-1253.
    doi:10.1007/s00024-004-2667-2

    Examples
    --------
    >>> gain = information_gain([1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5], 0.25)
    >>> round(gain["nats_per_day"], 4), round(gain["nats_per_event_day"], 4)
    (-0.1308, -0.5232)
    """
    observed = observed_days(observed)
    ours, theirs = (forecast_days(one, observed.size) for one in (probability, reference))
    gain = math.fsum(daily_log_score(observed, theirs) - daily_log_score(observed, ours))
    events = int(observed.sum())
    return {
        "nats_per_day": gain / observed.size,
        "nats_per_event_day": gain / events if events else None,
    }
