"""How many events an alarm misses for how much of the reference's probability it takes up."""

from __future__ import annotations

import numpy as np

from mleq.errors import DataError
from mleq.scores.areas import DAYS_AT_ONCE, sums_between
from mleq.scores.blocks import Blocks
from mleq.scores.checks import forecast_days, observed_days
from mleq.scores.intervals import block_interval


def molchan_trajectory(observed, probability, reference) -> tuple[np.ndarray, np.ndarray]:
    r"""Molchan's error diagram, its alarms measured by the probability of a reference forecast.

    An alarm on the days whose probability is at least a threshold takes up
    :math:`\tau = \sum_{alarm} p_0 / \sum p_0` of the reference's expectation and misses the share :math:`\nu` of the
    event days. By plain time (a constant reference) a forecast looks skilful for knowing what the reference knows
    as well; measured by the reference, its chance line is what luck gives whoever knows that much.

    Parameters
    ----------
    observed : array_like, shape (n,)
        0/1 or boolean.
    probability : array_like, shape (n,) or ()
        The alarm function: only its order counts.
    reference : array_like, shape (n,) or ()
        The reference forecast p0; not zero on all days.

    Returns
    -------
    tau, nu : numpy.ndarray, shape (k + 1,)
        From (0, 1), no alarm, to (1, 0), always; a point after each of the k distinct probabilities, falling. Between
        them lie alarms on a random part of the tied days.

    Raises
    ------
    mleq.errors.DataError
        If there is no event, the reference is zero, or arguments are NaN, out of range or of unequal lengths.

    References
    ----------
    Molchan, G. M. (1991). Structure of optimal strategies in earthquake prediction. Tectonophysics 193, 267-276.
    doi:10.1016/0040-1951(91)90336-Q
    Zechar, J. D. and Jordan, T. H. (2008). Testing alarm-based earthquake predictions. Geophys. J. Int. 172, 715-724.
    doi:10.1111/j.1365-246X.2007.03676.x
    """
    observed, probability, reference = _checked(observed, probability, reference)
    order = np.argsort(-probability, kind="stable")
    last = _ends(probability[order])
    tau = np.cumsum(reference[order])[last] / reference.sum()
    nu = 1 - np.cumsum(observed[order])[last] / observed.sum()
    tau[-1], nu[-1] = 1.0, 0.0  # but for rounding
    return np.r_[0.0, tau], np.r_[1.0, nu]


def area_skill_score(observed, probability, reference) -> float:
    r"""Area above the Molchan trajectory, :math:`1 - \int \nu\,d\tau`: 1 is perfect, the reference's luck gives 1/2.

    It is the mean over event days of :math:`1 - \tau` of the alarm that just reaches them, tied days counting half. Its
    expectation is 1/2 for any alarm function where the reference is the truth; what is worse than that lies below 1/2,
    and is not raised to it. For n independent events its variance is then 1/(12 n); earthquakes are not independent:
    take the interval of `mleq.scores.area_skill_interval`. With a constant reference it is (1 - s) ROC-AUC + s/2, s
    the share of days with an event.

    Parameters
    ----------
    observed, probability, reference : array_like
        As for `molchan_trajectory`.

    References
    ----------
    Zechar, J. D. and Jordan, T. H. (2008). Geophys. J. Int. 172, 715-724. doi:10.1111/j.1365-246X.2007.03676.x
    Zechar, J. D. and Jordan, T. H. (2010). The area skill score statistic for evaluating earthquake predictability
    experiments. Pure Appl. Geophys. 167, 893-906. doi:10.1007/s00024-010-0086-0
    """
    observed, probability, reference = _checked(observed, probability, reference)
    everyday = np.ones((observed.size, 1), dtype=np.uint16)
    return float(resampled_area_skill(observed, probability, reference, everyday)[0])


def resampled_area_skill(
    observed: np.ndarray, probability: np.ndarray, reference: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """Area skill scores of resamples in which days stand `counts` times; NaN where undefined.

    Parameters
    ----------
    observed : numpy.ndarray of bool, shape (n,)
    probability, reference : numpy.ndarray, shape (n,)
    counts : numpy.ndarray, shape (n, n_resamples)
        As `mleq.scores.bootstrap.resample_counts` makes them.

    Returns
    -------
    numpy.ndarray, shape (n_resamples,)
    """
    order = np.argsort(-probability, kind="stable")
    observed, reference = observed[order], reference[order]
    end = _ends(probability[order]) + 1
    start = np.r_[0, end[:-1]]
    has_event = np.add.reduceat(observed, start, dtype=np.int64) > 0
    start, end = start[has_event], end[has_event]
    event_days = np.flatnonzero(observed)
    first_event = np.searchsorted(event_days, start)
    areas = np.empty(counts.shape[1])
    at_once = max(1, DAYS_AT_ONCE // observed.size)
    for first in range(0, counts.shape[1], at_once):
        chunk = slice(first, first + at_once)
        weights = counts[order, chunk]
        mass = weights * reference[:, None]
        within, up_to = sums_between(mass, start, end)
        events = np.add.reduceat(weights[event_days], first_event, axis=0, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            tau = (events * (up_to - within / 2)).sum(axis=0) / (events.sum(axis=0) * mass.sum(axis=0))
        areas[chunk] = 1 - tau
    return areas


def area_skill_interval(
    observed,
    probability,
    reference,
    *,
    mean_block_days: float,
    n_resamples: int = 2000,
    seed,
    level: float = 0.95,
) -> dict:
    """The area skill score with its interval by the studentised block bootstrap.

    Parameters
    ----------
    observed, probability, reference : array_like
        As for `molchan_trajectory`; consecutive days.
    mean_block_days, n_resamples, seed, level
        As for `mleq.scores.block_bootstrap`, whose resamples are the same for the same numbers.

    Returns
    -------
    dict
        `value`, `low`, `high`; the ends None, and a `reason`, where no interval can be given.
    """
    observed, probability, reference = _checked(observed, probability, reference)
    blocks = Blocks.drawn(observed.size, mean_block_days, n_resamples, seed)
    daily = area_skill_influences(observed, probability, reference)
    resampled = resampled_area_skill(observed, probability, reference, blocks.counts())
    value = area_skill_score(observed, probability, reference)
    found = block_interval(value, resampled, blocks, daily, np.ones(observed.size), level=level)
    if found["low"] is not None:
        found |= {end: float(np.clip(found[end], 0, 1)) for end in ("low", "high")}
    del found["detectable"]
    return found


def area_skill_influences(observed: np.ndarray, probability: np.ndarray, reference: np.ndarray) -> np.ndarray:
    r"""What each day adds to the area skill score, to first order, as of `mleq.scores.areas.area_influences`.

    An event at :math:`\tau_t` adds :math:`1 - \tau_t`; a day's reference probability moves all events that are reached
    after it. Shape (n,).
    """
    distinct, which = np.unique(probability, return_inverse=True)
    events = np.bincount(which, weights=observed, minlength=distinct.size)
    mass = np.bincount(which, weights=reference, minlength=distinct.size)
    all_events, all_mass = events.sum(), mass.sum()
    tau = (all_mass - np.cumsum(mass) + mass / 2) / all_mass
    mean_tau = float((events * tau).sum() / all_events)
    reached_after = (np.cumsum(events) - events / 2) / all_events
    moved = observed * (mean_tau - tau[which]) / all_events
    moved -= reference * (reached_after[which] - mean_tau) / all_mass
    return 1 - mean_tau + observed.size * moved


def _checked(observed, probability, reference) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    observed = observed_days(observed)
    probability = forecast_days(probability, observed.size)
    reference = forecast_days(reference, observed.size, "the reference")
    if not observed.any():
        raise DataError(
            f"a Molchan diagram of {observed.size} days without an event", expected="at least one event day"
        )
    if not reference.any():
        raise DataError(
            "a reference that is zero on all days", expected="some chance on some day, to measure alarms by"
        )
    return observed, probability, reference


def _ends(falling: np.ndarray) -> np.ndarray:
    """Position of the last day of each group of equal values."""
    return np.flatnonzero(np.r_[np.diff(falling) != 0, True])
