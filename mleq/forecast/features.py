"""What the past of a circle looks like at an issue time: named numbers for models that learn from tables.

Every feature is a function of events strictly before the issue time, and of nothing else: not of other issue times, nor
of a fit. Rates are exponentially decayed counts in three rings of radii and three kinds of weight, in one pass over the
events for all issue times. `FEATURES` names and describes all of them, in the order of the columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from mleq.etas.sphere import EARTH_RADIUS_KM
from mleq.forecast.target import at_least

RADII = (1, 2, 4)
"""How far around the centre events are looked at, in radii of the circle."""
DECAY_DAYS = (1, 7, 30, 120, 500, 2000)
WEIGHTS = {
    "all": "all events of the catalogue",
    "target": "events of the target's magnitude and above",
    "energy": "all events, each counted 10^(0.75 (m - M)) times, M the target magnitude: about as much as it triggers",
}
ENERGY_EXPONENT = 0.75
"""Productivity's growth with magnitude, in decades a magnitude: alpha = 1.7 of ETAS."""
FLOOR_PER_DAY = 1e-4
"""Added to rates before their logarithm: one event in 27 years."""
LARGE_STEP = 1.5
"""A large event is this much above the target's magnitude."""
LONGEST_DAYS = 10_000.0
"""What stands for "never" in the days since an event."""
FADED = 400.0
"""Mean lifetimes that a running sum spans before it is written in a new unit: e^400 is within double precision."""

FEATURES: dict[str, str] = {
    **{
        f"rate_{kind}_{radius}r_{days}d": f"log of {words}, a day, within {radius} radii, decayed over {days} days"
        for radius in RADII
        for kind, words in WEIGHTS.items()
        for days in DECAY_DAYS
    },
    "since_target_1r": "log of days since the last event of the target's magnitude and above in the circle",
    "since_large_4r": f"log of days since the last event {LARGE_STEP:g} above the target's magnitude within 4 radii",
    "largest_1r_30d": "largest magnitude in the circle in 30 days, less the target's; -2 without any, or below",
    "largest_4r_365d": "largest magnitude within 4 radii in 365 days, less the target's; -2 without any, or below",
    "small_to_large_4r": "log of the rate of all events over that of the target's and above, 4 radii and 500 days",
    "depth_1r": "mean depth of the circle's events in hundreds of kilometres, decayed over 500 days",
}
"""What each feature is, by name, in the order of the columns; logarithms are natural ones."""


@dataclass(frozen=True, eq=False)
class Past:
    """A catalogue as arrays in time order, made once for many circles.

    Attributes
    ----------
    times : ndarray of datetime64[us], shape (n,)
    vectors : ndarray, shape (n, 3)
        Places on the unit sphere.
    magnitude, depth_km : ndarray, shape (n,)
        Depths that are unknown are NaN.
    start, end : datetime64[us]
        What time the catalogue covers.
    """

    times: np.ndarray
    vectors: np.ndarray
    magnitude: np.ndarray
    depth_km: np.ndarray
    start: np.datetime64
    end: np.datetime64

    @classmethod
    def of(cls, events: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> Past:
        """Take events, in any order; see `mleq.catalog.events.coverage` for the time that they cover."""
        times = events["origin_time"].dt.tz_convert(None).to_numpy("datetime64[us]")
        order = np.argsort(times, kind="stable")
        latitude, longitude = (np.radians(events[name].to_numpy(float)[order]) for name in ("latitude", "longitude"))
        across = np.cos(latitude)
        vectors = np.column_stack([across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)])
        magnitude, depth = (events[name].to_numpy(float)[order] for name in ("magnitude", "depth_km"))
        covered = (stamp.tz_convert("UTC").tz_localize(None).to_datetime64() for stamp in (start, end))
        return cls(times[order], vectors, magnitude, depth, *(one.astype("datetime64[us]") for one in covered))

    @cached_property
    def days(self) -> np.ndarray:
        """Origin times in days since the catalogue's start."""
        return self.in_days(self.times)

    def in_days(self, times: np.ndarray) -> np.ndarray:
        """Instants in days since the catalogue's start; the order of instants is kept."""
        return (np.asarray(times, "datetime64[us]") - self.start) / np.timedelta64(86_400_000_000, "us")


def circle_features(
    past: Past,
    issue_times: np.ndarray,
    *,
    latitude: float,
    longitude: float,
    radius_km: float,
    magnitude: float,
    max_depth_km: float | None = None,
) -> np.ndarray:
    """All features of a circle at many issue times.

    Parameters
    ----------
    past : Past
    issue_times : ndarray of datetime64, shape (k,)
        In any order. After the catalogue's end features stay as they are at its end: what came later is not known.
    latitude, longitude, radius_km : float
        The circle.
    magnitude : float
        The target's.
    max_depth_km : float, optional
        Events known to be deeper are not looked at.

    Returns
    -------
    ndarray of float32, shape (k, len(FEATURES))
    """
    reach = max(RADII) * radius_km
    near, distance = _near(past, latitude, longitude, reach)
    if max_depth_km is not None:
        shallow = ~(past.depth_km[near] > max_depth_km)
        near, distance = near[shallow], distance[shallow]
    days, size, depth = past.days[near], past.magnitude[near], past.depth_km[near]
    at = np.minimum(past.in_days(issue_times), past.in_days(past.end))
    strong, large = at_least(size, magnitude), at_least(size, magnitude + LARGE_STEP)
    weights = _weights(distance, radius_km, size, strong, magnitude)
    columns = {}
    rates = {tau: decayed_rates(days, weights, at, float(tau)) for tau in DECAY_DAYS}
    names = [f"{kind}_{radius}r" for radius in RADII for kind in WEIGHTS]
    for tau, values in rates.items():
        logs = np.log(values.astype(np.float32) + np.float32(FLOOR_PER_DAY))
        columns |= {f"rate_{name}_{tau}d": logs[:, place] for place, name in enumerate(names)}
    inside = distance <= radius_km
    columns["since_target_1r"] = np.log(days_since_last(days[inside & strong], at))
    columns["since_large_4r"] = np.log(days_since_last(days[large], at))
    columns["largest_1r_30d"] = largest_within(days[inside], size[inside] - magnitude, at, 30.0)
    columns["largest_4r_365d"] = largest_within(days, size - magnitude, at, 365.0)
    columns["small_to_large_4r"] = columns["rate_all_4r_500d"] - columns["rate_target_4r_500d"]
    columns["depth_1r"] = mean_depth(days[inside], depth[inside], at)
    return np.column_stack([columns[name] for name in FEATURES]).astype(np.float32)


def _near(past: Past, latitude: float, longitude: float, reach_km: float) -> tuple[np.ndarray, np.ndarray]:
    """Which events lie within a distance of a place, in time order, and how far, in kilometres."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    centre = np.array([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])
    cosine = np.einsum("ij,j->i", past.vectors, centre)
    # A little more than asked for by the cosine, which loses digits near 1; then by the chord, which does not.
    near = np.flatnonzero(cosine >= np.cos(min(reach_km / EARTH_RADIUS_KM, np.pi)) - 1e-9)
    chord = np.sqrt(np.sum((past.vectors[near] - centre) ** 2, axis=1))
    distance = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1))
    inside = distance <= reach_km
    return near[inside], distance[inside]


def _weights(distance, radius_km: float, size, strong, magnitude: float) -> np.ndarray:
    """What each event counts in each ring and kind, shape (n_events, rings x kinds)."""
    kinds = np.column_stack([np.ones(size.size), strong, 10 ** (ENERGY_EXPONENT * (size - magnitude))])
    return np.concatenate([kinds * (distance <= radius * radius_km)[:, None] for radius in RADII], axis=1)


def decayed_rates(days: np.ndarray, weights: np.ndarray, at: np.ndarray, decay_days: float) -> np.ndarray:
    r"""Exponentially decayed rates :math:`\sum_{t_i < t} w_i e^{-(t - t_i)/\tau} / (\tau (1 - e^{-t/\tau}))`.

    The denominator is what a rate of one a day since time 0 would have left, so that a short past does not look quiet.
    Sums run on in units that grow with time, rewritten every `FADED` mean lifetimes: one pass for all times.

    Parameters
    ----------
    days : ndarray, shape (n,)
        Times of events, ascending, from 0 on.
    weights : ndarray, shape (n, c)
    at : ndarray, shape (k,)
        Times, in any order. Events at or after each are not looked at.
    decay_days : float

    Returns
    -------
    ndarray, shape (k, c)

    Examples
    --------
    >>> decayed_rates(np.array([9.0]), np.ones((1, 1)), np.array([10.0]), 1.0).round(3)
    array([[0.368]])
    """
    span = FADED * decay_days
    found, carried, carried_from = np.zeros((at.size, weights.shape[1])), np.zeros(weights.shape[1]), 0.0
    order = np.argsort(at, kind="stable")
    latest = at[order]
    if not at.size:
        return found
    # Of what came more than a span before the first time, nothing is left.
    since, until = max(latest[0] // span - 1, 0), max(latest[-1] // span, 0) + 2
    edges = span * np.arange(since, until)
    of_events, of_times = np.searchsorted(days, edges), np.searchsorted(latest, edges)
    of_times[0] = 0
    for begin, first, last, first_at, last_at in zip(
        edges, of_events, of_events[1:], of_times, of_times[1:], strict=False
    ):
        carried, carried_from = carried * np.exp(-(begin - carried_from) / decay_days), begin
        grown = np.exp((days[first:last] - begin) / decay_days)[:, None] * weights[first:last]
        sums = np.concatenate([np.zeros((1, weights.shape[1])), np.cumsum(grown, axis=0)]) + carried
        here = latest[first_at:last_at]
        known = np.searchsorted(days[first:last], here, side="left")
        found[order[first_at:last_at]] = sums[known] * np.exp(-(here - begin) / decay_days)[:, None]
        carried = sums[-1]
    return found / (decay_days * np.maximum(-np.expm1(-at / decay_days), 1e-9))[:, None]


def days_since_last(days: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Days since the last event before each time, from a thousandth to 10,000 (also where there is none); shape (k,).

    Examples
    --------
    >>> days_since_last(np.array([1.0, 4.0]), np.array([0.5, 4.0, 6.0]))
    array([1.e+04, 3.e+00, 2.e+00])
    """
    known = np.searchsorted(days, at, side="left")
    last = np.concatenate([[-np.inf], days])[known]
    return np.clip(at - last, 1e-3, LONGEST_DAYS)


def largest_within(days: np.ndarray, size: np.ndarray, at: np.ndarray, span_days: float) -> np.ndarray:
    """Largest value among events of the last days before each time; -2 where none is larger; shape (k,).

    Any range is covered by two ranges of a power-of-two length, whose largest values are tabled once.

    Examples
    --------
    >>> largest_within(np.array([1.0, 2.0, 3.0]), np.array([0.5, 2.0, 1.0]), np.array([1.0, 3.0, 9.0]), 5.0)
    array([-2.,  2., -2.])
    """
    until = np.searchsorted(days, at, side="left")
    since = np.minimum(np.searchsorted(days, at - span_days, side="left"), until)
    found, length = np.full(at.size, -2.0), until - since
    table, level = size, 1
    while level <= length.max(initial=0):
        some = np.flatnonzero((length >= level) & (length < 2 * level))
        found[some] = np.maximum(table[since[some]], table[until[some] - level])
        table, level = np.maximum(table[: max(table.size - level, 0)], table[level:]), 2 * level
    return np.maximum(found, -2.0)


def mean_depth(days: np.ndarray, depth_km: np.ndarray, at: np.ndarray, decay_days: float = 500.0) -> np.ndarray:
    """Decayed mean depth in hundreds of kilometres; 0.3 where nothing is known, and drawn to it by one event's weight.

    Examples
    --------
    >>> mean_depth(np.array([0.0]), np.array([90.0]), np.array([0.0, 1e-9])).round(3)
    array([0.3, 0.6])
    """
    known = np.isfinite(depth_km)
    weights = np.column_stack([np.ones(known.sum()), depth_km[known] / 100])
    sums = decayed_rates(days[known], weights, at, decay_days)
    sums *= (decay_days * np.maximum(-np.expm1(-at / decay_days), 1e-9))[:, None]
    return (sums[:, 1] + 0.3) / (sums[:, 0] + 1.0)
