"""Super-thinned residuals: a catalogue turned into an even scatter, if the model is right everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mleq.errors import DataError
from mleq.etas.background import KernelBackground
from mleq.etas.history import History
from mleq.etas.likelihood import likelihood_of
from mleq.etas.parameters import EtasParameters
from mleq.etas.sphere import Box

SLICES = 5  # cells a side for the test of evenness


@dataclass(frozen=True)
class SuperThinned:
    """Residual points in space and time; made by `super_thinned`.

    Parameters
    ----------
    time_days, latitude, longitude : numpy.ndarray, shape (n,)
        The points, in time order.
    added : numpy.ndarray of bool, shape (n,)
        Which were added; the others are events that were kept.
    rate : float
        Points per day and km2 that there should be everywhere.
    counts : numpy.ndarray, shape (SLICES, SLICES)
        Points in cells of equal area, from south to north and west to east.
    expected_in_cell : float
        What each count should be on average.
    p_value : float
        Chance of counts as uneven as these, or more, if the points are evenly scattered (chi-square test with the
        rate as stated).
    """

    time_days: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray
    added: np.ndarray
    rate: float
    counts: np.ndarray
    expected_in_cell: float
    p_value: float


def super_thinned(
    history: History,
    parameters: EtasParameters,
    background: KernelBackground,
    *,
    start: float,
    end: float,
    seed: int | np.random.Generator,
    rate: float | None = None,
) -> SuperThinned:
    r"""Thin a catalogue where the model expects much, and fill it up where it expects little.

    An event is kept with chance :math:`\min(1, k / \lambda)`, and points of a Poisson process of rate
    :math:`\max(0, k - \lambda)` are added, :math:`\lambda` being the conditional intensity there and then. If the
    model made the catalogue, what results is a Poisson process of the even rate k. Where too many points are left,
    the model expects too little.

    Parameters
    ----------
    history : History
        Events before `start` and outside the region trigger only.
    parameters : EtasParameters
    background : KernelBackground
        Its region is where residuals are made.
    start, end : float
        The period, in the days of the history.
    seed : int or numpy.random.Generator
    rate : float, optional
        k, per day and km2; without it the mean rate of the events.

    Returns
    -------
    SuperThinned

    Raises
    ------
    mleq.errors.DataError
        If there is no event in the region and period.

    References
    ----------
    Clements, R. A., Schoenberg, F. P. and Veen, A. (2012). Environmetrics 23, 606-616. doi:10.1002/env.2168
    """
    rng, box = np.random.default_rng(seed), background.region
    sources = history[(history.magnitude >= parameters.m0) & (history.time_days < end)]
    targets = sources[(sources.time_days >= start) & box.contains(sources.latitude, sources.longitude)]
    if not len(targets):
        raise DataError("no event in the region and period", expected="at least one, to make residuals of")
    volume = (end - start) * box.area_km2
    rate = len(targets) / volume if rate is None else rate
    n = rng.poisson(rate * volume)
    latitude, longitude = box.sample(rng, n)
    filling = History.of(rng.uniform(start, end, n), latitude, longitude, np.full(n, parameters.m0))

    def intensities(points: History) -> np.ndarray:
        density = background.density(points.latitude, points.longitude)
        prepared = likelihood_of(sources, points, density, box, start, end, parameters)
        return prepared.intensities(parameters)

    kept = targets[rng.random(len(targets)) < rate / intensities(targets)]
    added = filling[rng.random(n) < 1 - intensities(filling) / rate]
    time_days = np.concatenate([kept.time_days, added.time_days])
    order = np.argsort(time_days)
    latitude, longitude = (
        np.concatenate([getattr(kept, name), getattr(added, name)])[order] for name in ("latitude", "longitude")
    )
    counts = _counts(latitude, longitude, box)
    expected = rate * volume / counts.size
    return SuperThinned(
        time_days=time_days[order],
        latitude=latitude,
        longitude=longitude,
        added=(np.arange(order.size) >= len(kept))[order],
        rate=float(rate),
        counts=counts,
        expected_in_cell=float(expected),
        p_value=_evenness(counts, expected),
    )


def _counts(latitude: np.ndarray, longitude: np.ndarray, box: Box) -> np.ndarray:
    """Points in cells of equal area: equal steps in the sine of latitude, and in longitude."""
    south, north = np.sin(np.radians([box.south, box.north]))
    upward = (np.sin(np.radians(latitude)) - south) / (north - south)
    eastward = np.mod(longitude - box.west, 360) / (box.east - box.west)
    edges = np.linspace(0, 1, SLICES + 1)
    return np.histogram2d(upward, eastward, bins=(edges, edges))[0]


def _evenness(counts: np.ndarray, expected: float) -> float:
    from scipy.stats import chi2

    return float(chi2.sf(((counts - expected) ** 2 / expected).sum(), counts.size))
