"""A radius and a magnitude that the data can carry, for a new recipe.

Counted and estimated is what `check` counts and estimates: event-days of each part by `mleq.forecast.outcomes`,
completeness from the training part by the recipe's own estimator. That is all that is looked at: how many days there
are to score, nothing of how any forecast does on them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from mleq.catalog import completeness
from mleq.errors import RequestError
from mleq.forecast.outcomes import Calendar, calendar, fit_date
from mleq.forecast.plan import completeness_before
from mleq.forecast.recipe import CatalogRecipe
from mleq.scores.verdict import FEWEST_EVENT_DAYS

RADII_KM = (50, 75, 100, 150, 200, 250, 300, 350, 400, 500)
STEPS = (0.5, 0.1)
"""Magnitudes are proposed as halves; in tenths, the steps of catalogues, where no half gives a verdict."""

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


@dataclass(frozen=True)
class _Tried:
    """A circle, how complete the catalogue is around it, and the event-days of each part."""

    radius_km: float
    magnitude: float
    complete: completeness.Completeness
    event_days: dict[str, int]
    days: dict[str, int]

    @property
    def trainable(self) -> bool:
        """Whether training and validation part hold days of both kinds."""
        return all(0 < self.event_days[part] < self.days[part] for part in ("train", "validation"))

    @property
    def verdict(self) -> bool:
        """Whether there can be one."""
        return self.trainable and FEWEST_EVENT_DAYS <= self.event_days["test"] < self.days["test"]

    @property
    def enough(self) -> bool:
        """Whether the training part has as many event-days too: else a burst in the test part alone would decide."""
        return self.verdict and self.event_days["train"] >= FEWEST_EVENT_DAYS


def propose(
    recipe: CatalogRecipe,
    events: pd.DataFrame | None,
    *,
    radius_km: float | None = None,
    magnitude: float | None = None,
) -> Proposal:
    """Propose what the person left open: the smallest radius that a verdict is possible with, and a complete magnitude.

    Parameters
    ----------
    recipe : CatalogRecipe
        The new recipe, with any radius and magnitude where these are open.
    events : pandas.DataFrame or None
        The catalogue; without one, usual values are proposed.
    radius_km, magnitude : float, optional
        What the person has chosen; kept as it is.

    Returns
    -------
    Proposal

    Raises
    ------
    RequestError
        If nothing that was left open makes a recipe that can be trained.
    """
    chosen = radius_km is not None and magnitude is not None
    if events is None or events.empty:
        reasons = (
            ()
            if chosen
            else (
                f"no catalogue to look at: {DEFAULT_RADIUS_KM:g} km and M {DEFAULT_MAGNITUDE:g}, which nothing has "
                "tried; to have them proposed, fetch first (or give --catalog), take this recipe out and ask anew",
            )
        )
        usual = (DEFAULT_RADIUS_KM, DEFAULT_MAGNITUDE)
        return Proposal(
            *(u if one is None else one for one, u in zip((radius_km, magnitude), usual, strict=True)), reasons
        )
    tried: list[_Tried] = []
    for one in _tries(recipe, events, radius_km, magnitude):
        tried.append(one)
        if one.enough:
            break
    else:
        one = max(tried, key=lambda one: (one.trainable, one.verdict, one.event_days["test"], one.radius_km))
        if not (one.trainable or chosen):
            raise _nothing_to_learn(recipe, one, events)
    reasons = _reasons(one, radius_km, magnitude, recipe.target.horizon_days)
    return Proposal(one.radius_km, one.magnitude, reasons)


def _tries(recipe: CatalogRecipe, events: pd.DataFrame, radius_km, magnitude) -> Iterator[_Tried]:
    """Circles from small to large, first with complete magnitudes in halves, then in tenths."""
    days = calendar(recipe, events)
    complete = {}
    for step in STEPS if magnitude is None else STEPS[:1]:
        for radius in RADII_KM if radius_km is None else (radius_km,):
            circle = _with_target(recipe, radius_km=float(radius))
            if radius not in complete:
                complete[radius] = completeness_before(circle, events, fit_date(circle, days))
            lowest = max(_complete_from(complete[radius], step), recipe.catalog.min_magnitude)
            asked = _with_target(circle, magnitude=float(lowest if magnitude is None else magnitude))
            yield _tried(asked, events, days, complete[radius])


def _tried(recipe: CatalogRecipe, events: pd.DataFrame, days: Calendar, complete) -> _Tried:
    target = recipe.target
    came_true = days.came_true(target.horizon_days, days.days_with_event(target, events))
    return _Tried(
        target.radius_km,
        target.magnitude,
        complete,
        {part: int(came_true[indices].sum()) for part, indices in days.parts.items()},
        {part: len(indices) for part, indices in days.parts.items()},
    )


def _with_target(recipe: CatalogRecipe, **values: float) -> CatalogRecipe:
    return recipe.model_copy(update={"target": recipe.target.model_copy(update=values)})


def _complete_from(complete: completeness.Completeness, step: float) -> float:
    """The smallest multiple of a step that is complete."""
    return round(math.ceil(round(complete.magnitude / step, 6)) * step, 6)


def _reasons(one: _Tried, radius_km: float | None, magnitude: float | None, horizon_days: int) -> tuple[str, ...]:
    complete = one.complete.magnitude
    reasons = []
    if magnitude is None:
        reasons.append(f"magnitude {one.magnitude:g}: the catalogue is complete from M {complete:.1f} there")
    elif magnitude < complete - 1e-9:
        refused = magnitude < complete - completeness.TOLERANCE - 1e-9
        what = "training refuses it" if refused else "every result will carry a caution"
        reasons.append(
            f"magnitude {magnitude:g} is below completeness (M {complete:.1f}), {what}: "
            f"{_complete_from(one.complete, 0.1):g} is safe"
        )
    found, total = one.event_days["test"], one.days["test"]
    ahead = "" if horizon_days == 1 else f" within {horizon_days} days"
    event_days = f"{found:,} of the {total:,} days of the test part have an event of M >= {one.magnitude:g}{ahead}"
    if one.verdict and magnitude is not None and magnitude < complete - completeness.TOLERANCE - 1e-9:
        reasons.append(
            f"radius {one.radius_km:g} km: {event_days}. A later catalog.start may be complete to M {magnitude:g} "
            "(`mleq catalog` draws it through time), or target.allow_incomplete trains all the same"
        )
    elif one.verdict:
        reasons.append(f"radius {one.radius_km:g} km: {event_days}, enough for a verdict")
    elif not one.trainable:
        reasons.append(f"radius {one.radius_km:g} km: training will refuse it, too few days (or all) have an event")
    else:
        tried = "" if radius_km is not None else f" No radius up to {RADII_KM[-1]} km does."
        reasons.append(
            f"radius {one.radius_km:g} km: no verdict will be possible: {event_days}, it takes {FEWEST_EVENT_DAYS}."
            f"{tried} What may help: a longer horizon (--horizon_days 7), or a catalogue that is longer or complete "
            "to smaller magnitudes"
        )
    return tuple(reasons)


def _nothing_to_learn(recipe: CatalogRecipe, one: _Tried, events: pd.DataFrame) -> RequestError:
    counts = ", ".join(f"{one.event_days[part]:,} in the {part} part" for part in one.event_days)
    place = f"within {one.radius_km:g} km of ({recipe.target.latitude:g}, {recipe.target.longitude:g})"
    start, end = events["origin_time"].iloc[[0, -1]]
    return RequestError(
        f"there is nothing to learn from: days with an event of M >= {one.magnitude:g} {place} between "
        f"{start:%Y-%m-%d} and {end:%Y-%m-%d}: {counts}",
        expected="days with and without one in the training and the validation part",
        remedy="choose another place, a smaller --magnitude, another --radius_km, or a catalogue that covers it",
    )
