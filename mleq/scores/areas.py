"""Areas under curves over days weighted by how often they stand in a resample, and what each day adds to them."""

from __future__ import annotations

import numpy as np

DAYS_AT_ONCE = 2_000_000  # entries of a chunk of resamples; bounds the memory to some tens of MB


def ranked_areas(observed: np.ndarray, probability: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """ROC-AUC and average precision of every resample, with ties; shape (2, n_resamples), NaN where undefined.

    Days are sorted once, by falling probability; a resample is a set of weights. Only the tied groups that
    hold an event contribute, so days are summed group by group and the rest is small.
    """
    order = np.argsort(-probability, kind="stable")
    observed, probability = observed[order], probability[order]
    group_start = np.flatnonzero(np.r_[True, np.diff(probability) != 0])
    group_end = np.r_[group_start[1:], observed.size]
    has_event = np.add.reduceat(observed, group_start, dtype=np.int64) > 0
    start, end = group_start[has_event], group_end[has_event]
    event_days = np.flatnonzero(observed)
    first_event = np.searchsorted(event_days, start)

    areas = np.full((2, counts.shape[1]), np.nan)
    at_once = max(1, DAYS_AT_ONCE // observed.size)
    for first in range(0, counts.shape[1], at_once):
        chunk = slice(first, first + at_once)
        weights = counts[order, chunk]
        days = sums_between(weights, start, end)
        events = np.add.reduceat(weights[event_days], first_event, axis=0, dtype=np.int64)
        areas[:, chunk] = _areas(days, events, weights.sum(axis=0, dtype=np.int64))
    return areas


def sums_between(weights: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of rows within each group [start, end), and up to each group's end; each of shape (groups, resamples)."""
    dtype = np.float64 if weights.dtype.kind == "f" else np.int64
    # Cuts alternate between a group's start and its end. Where two coincide, reduceat answers with one row
    # instead of nothing, which has to be set to zero.
    cuts = np.column_stack([start, end]).ravel()
    pieces = np.add.reduceat(weights, cuts[cuts < weights.shape[0]], axis=0, dtype=dtype)
    within, after = pieces[0::2], pieces[1::2][: start.size - 1]
    after[start[1:] == end[:-1]] = 0
    before = np.zeros_like(within)
    before[0] = weights[: start[0]].sum(axis=0, dtype=dtype)
    before[1:] = after
    return within, np.cumsum(before + within, axis=0)


def _areas(days: tuple[np.ndarray, np.ndarray], events: np.ndarray, total: np.ndarray) -> np.ndarray:
    """ROC-AUC and average precision from the weights of all days and of event days, group by group."""
    within, up_to = days
    events_up_to = np.cumsum(events, axis=0)
    all_events = events_up_to[-1]
    quiet = total - all_events
    quiet_within = within - events
    quiet_below = quiet - (up_to - events_up_to)
    with np.errstate(divide="ignore", invalid="ignore"):
        roc = (events * (quiet_below + 0.5 * quiet_within)).sum(axis=0) / (all_events * quiet)
        precision = np.where(events > 0, events_up_to / up_to, 0.0)
        average_precision = (events * precision).sum(axis=0) / all_events
    return np.where((all_events > 0) & (quiet > 0), [roc, average_precision], np.nan)


def area_influences(observed: np.ndarray, probability: np.ndarray) -> np.ndarray:
    r"""What each day adds to ROC-AUC and average precision, to first order; shape (2, n).

    The value plus the derivative by the day's weight, times n: their mean over days is the area, and their mean over
    the days of a resample is the resample's area to first order. For ROC-AUC these are DeLong's placements. With
    :math:`P_i` the precision at event i and :math:`N_i` the days at or above it, average precision
    :math:`\sum_i P_i / E` has the derivative :math:`[e_t (P_t - AP) + \sum_{i \le t} (e_t - P_i)/N_i] / E` by day t.

    Parameters
    ----------
    observed : numpy.ndarray of bool, shape (n,)
        With days of both kinds.
    probability : numpy.ndarray, shape (n,)

    References
    ----------
    DeLong, E. R., DeLong, D. M. and Clarke-Pearson, D. L. (1988). Biometrics 44, 837-845. doi:10.2307/2531595
    Efron, B. (1981). Nonparametric estimates of standard error: the jackknife, the bootstrap and other methods (the
    infinitesimal jackknife). Biometrika 68, 589-599. doi:10.1093/biomet/68.3.589
    """
    distinct, which = np.unique(probability, return_inverse=True)
    events = np.bincount(which, weights=observed, minlength=distinct.size)
    days = np.bincount(which, minlength=distinct.size).astype(float)
    quiet = days - events
    n, all_events, all_quiet = observed.size, events.sum(), quiet.sum()
    quiet_below = (np.cumsum(quiet) - quiet / 2) / all_quiet
    events_above = (all_events - np.cumsum(events) + events / 2) / all_events
    roc = float((events * quiet_below).sum() / all_events)
    placed = np.where(observed, (quiet_below[which] - roc) / all_events, (events_above[which] - roc) / all_quiet)

    at_or_above = np.cumsum(days[::-1])[::-1]
    precision = np.cumsum(events[::-1])[::-1] / at_or_above
    average = float((events * precision).sum() / all_events)
    inverse = np.cumsum(events / at_or_above)  # over events at or below a day
    weighted = np.cumsum(events * precision / at_or_above)
    own = np.where(observed, precision[which] - average + inverse[which], 0.0)
    return np.stack([roc + n * placed, average + n * (own - weighted[which]) / all_events])
