"""A radius and a magnitude that the data can carry, for a new recipe."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mleq.catalog import completeness
from mleq.catalog.events import coverage
from mleq.errors import RequestError
from mleq.etas.sphere import distance_km
from mleq.forecast.target import at_least
from mleq.recipe.settings import Circle

RADII_KM = (50, 75, 100, 150, 200, 250, 300, 350, 400, 500)
FEWEST_EVENT_DAYS = 100
"""Over the whole catalogue: about 25 in a test part of a quarter, enough for a verdict."""
LEARNING_SHARE = 0.6
"""Completeness is estimated from the part of the catalogue that a default split trains on."""

DEFAULT_RADIUS_KM, DEFAULT_MAGNITUDE = 150.0, 5.0


@dataclass(frozen=True)
class Proposal:
    """What a new recipe should ask for, and why.

    Attributes
    ----------
    radius_km, magnitude : float
    reasons : tuple of str
        Sentences for the person.
    """

    radius_km: float
    magnitude: float
    reasons: tuple[str, ...]


def propose(
    events: pd.DataFrame | None,
    latitude: float,
    longitude: float,
    *,
    radius_km: float | None = None,
    magnitude: float | None = None,
) -> Proposal:
    """Propose what the person left open: the smallest radius with days enough, the smallest complete half magnitude.

    Parameters
    ----------
    events : pandas.DataFrame or None
        The catalogue; without one, usual values are proposed.
    latitude, longitude : float
        Degrees.
    radius_km, magnitude : float, optional
        What the person has chosen; kept as it is.

    Returns
    -------
    Proposal
    """
    if events is None or events.empty:
        reasons = () if radius_km and magnitude else ("no catalogue to look at: the usual radius and magnitude",)
        return Proposal(radius_km or DEFAULT_RADIUS_KM, magnitude or DEFAULT_MAGNITUDE, reasons)
    reasons = []
    start, end = coverage(events)
    past = events[events["origin_time"] < start + LEARNING_SHARE * (end - start)]
    place = Circle(
        latitude=latitude, longitude=longitude, radius_km=radius_km or DEFAULT_RADIUS_KM, magnitude=magnitude or 0.0
    )
    complete = completeness.gate(past, place).magnitude
    lowest = math.ceil(round(2 * complete, 6)) / 2
    if magnitude is None:
        magnitude = lowest
        reasons.append(f"magnitude {magnitude:g}: the catalogue is complete from M {complete:.1f} there")
    elif magnitude < complete:
        reasons.append(
            f"magnitude {magnitude:g} is below completeness (M {complete:.1f}), training refuses it: {lowest:g} is safe"
        )
    if radius_km is None:
        radius_km, days = _smallest_radius(events, latitude, longitude, magnitude)
        if days == 0:
            raise RequestError(
                f"no event of M >= {magnitude:g} within {radius_km:g} km of ({latitude:g}, {longitude:g}) between "
                f"{start:%Y-%m-%d} and {end:%Y-%m-%d}: there is nothing to learn from",
                remedy="choose another place, a smaller --magnitude, or a catalogue that covers it",
            )
        total = (end - start) / pd.Timedelta(days=1)
        enough = (
            ""
            if days >= FEWEST_EVENT_DAYS
            else ", too few for a verdict: choose a smaller magnitude or a longer horizon"
        )
        reasons.append(
            f"radius {radius_km:g} km: {days:,} of {total:,.0f} days have an event of M >= {magnitude:g}{enough}"
        )
    return Proposal(float(radius_km), float(magnitude), tuple(reasons))


def _smallest_radius(events: pd.DataFrame, latitude: float, longitude: float, magnitude: float) -> tuple[float, int]:
    """Return the smallest radius that holds days enough (the largest where none does), and its days."""
    strong = events[at_least(events["magnitude"], magnitude)]
    distance = distance_km(strong["latitude"].to_numpy(), strong["longitude"].to_numpy(), latitude, longitude)
    day = strong["origin_time"].dt.floor("D").to_numpy()
    for radius in RADII_KM:
        days = len(np.unique(day[distance <= radius]))
        if days >= FEWEST_EVENT_DAYS:
            break
    return radius, days
