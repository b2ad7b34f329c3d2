"""ETAS around the recipe's circle: fitted on a schedule, and told each day what has happened by then.

The schedule is stated here and depends on no result: a first fit on what is past as the training part ends, another
each year from then on, as long as forecasts are scored; each uses only events before its own date, of the 20 years
before it (`mleq.forecast.regional` has the rule for region, magnitudes and what is done with few events). A forecast
takes the newest fit before its issue time, and all events before its issue time.

m0 is the completeness magnitude around the target. Where the target lies below it (within the tolerance of the gate,
or allowed by the recipe) m0 is the target's magnitude: what comes true is decided by events that the catalogue records,
and so is the model's rate then one of recorded events. Above m0 the Gutenberg-Richter law extrapolates, with b of the
same fit. Events known to be deeper than `max_depth_km` neither count nor trigger.

The circle has a background and a productivity of its own: those of the region, each times a factor that is fitted to
the circle's event-days of the last ten years before the fit date, by maximum a posteriori. The logarithms of the
factors have normal priors around zero with a standard deviation of 0.7, a factor of two. Shape (Omori-Utsu law, kernel
in space, growth with magnitude) is the region's, in which far more events speak for it.

Only numbers are kept of a fit: parameters, b, background, factors, and which events condition it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from mleq import progress
from mleq.errors import MleqError
from mleq.etas.areas import Circle as Area
from mleq.etas.areas import shares
from mleq.etas.cascade import ClusterChance, Hazard, hazard
from mleq.etas.dated import LARGEST_MAGNITUDE
from mleq.etas.decay import omori_survival
from mleq.etas.likelihood import from_log
from mleq.etas.parameters import EtasParameters
from mleq.etas.sphere import Box, distance_km
from mleq.etas.uncertainty import rescaled
from mleq.forecast.days import beginnings, day_index, midnights, whole_days
from mleq.forecast.outcomes import fit_date
from mleq.forecast.regional import BEFORE_YEARS, generic_sets, regional_model
from mleq.forecast.samples import Samples
from mleq.forecast.target import at_least, decides
from mleq.recipe.settings import Circle

REFIT_YEARS = 1
OWN_YEARS = 10
PRIOR_SD = 0.7
"""Of the logarithms of the circle's own factors: circles differ from their region by about a factor of two."""
WIDEST_KM = 1000.0
"""Circles beyond this are no region for a fit; they get generic kernels, and events inside count whole."""
NEGLIGIBLE = 1e-6
"""Events with fewer expected offspring in the circle, over all time, are left out of the sums."""
DAY = np.timedelta64(86_400_000_000, "us")

log = logging.getLogger("mleq")


@dataclass(frozen=True)
class Place:
    """The target as `regional_model` asks; the gate of completeness has been passed by the recipe before."""

    latitude: float
    longitude: float
    radius_km: float
    magnitude: float
    allow_incomplete: bool = True

    @classmethod
    def of(cls, target: Circle) -> Place:
        """The place of a target."""
        return cls(target.latitude, target.longitude, target.radius_km, target.magnitude)


@dataclass(frozen=True)
class EtasReference:
    """The chance that ETAS gives the target, by the newest of its fits that was made before the issue time.

    Attributes
    ----------
    target : Circle
        The recipe's target.
    fits : list of dict
        Oldest first, as JSON values: `fit_date`; `source`, `name` and `reason` of the parameters; `parameters`,
        `b_value`, `magnitude_max`; `background_per_day`, events of m0 and above inside the circle, as the region has
        it; the circle's own `background_factor` and `productivity_factor`; `margin` (south, north, west, east) and
        `since`, the place and time of the events that condition forecasts; `events` that the fit is on.
    """

    target: Circle
    fits: list[dict[str, Any]]

    @classmethod
    def fit(cls, recipe, events: pd.DataFrame, samples: Samples) -> EtasReference:
        """Fit on all dates of the schedule, each from events before it alone."""
        known, fits = that_count(events, recipe.target), []
        dates = schedule_of(recipe, samples)
        with _quietly(), progress.task("fitting ETAS on its schedule", total=len(dates), unit="fits") as shown:
            for date in dates:
                fits.append(fit_circle(known, recipe.target, date))
                shown.advance()
        return cls(recipe.target, fits)

    @property
    def parameters(self) -> dict[str, Any]:
        """All fits."""
        return {"fits": self.fits}

    def probabilities(self, events: pd.DataFrame, dates: np.ndarray) -> np.ndarray:
        """Forecast some target dates, shape (k,); dates before the first fit take the first, and are in sample."""
        return np.clip(self.hazard(events, dates).probabilities(), 1e-9, 1 - 1e-9)

    def hazard(self, events: pd.DataFrame, dates: np.ndarray) -> Hazard:
        """Expected clusters that decide the target, by background and by past events, each of shape (k,)."""
        dates = np.asarray(dates, "datetime64[D]")
        begin = beginnings(dates, self.target.timezone)
        days = (beginnings(dates + self.target.horizon_days, self.target.timezone) - begin) / DAY
        known = that_count(events, self.target)
        made = np.array([_instant(one["fit_date"]) for one in self.fits])
        which = np.maximum(np.searchsorted(made, begin, side="right") - 1, 0)
        self._say_what_is_old(begin, made)
        background, triggered = np.empty(len(dates)), np.empty(len(dates))
        for number in np.unique(which):
            some = which == number
            fit = self.fits[number]
            expected = circle_hazard(fit, self.target, known, begin[some], days[some])
            background[some] = fit["background_factor"] * expected.background
            triggered[some] = fit["productivity_factor"] * expected.triggered
        return Hazard(background, triggered)

    def _say_what_is_old(self, begin: np.ndarray, made: np.ndarray) -> None:
        late = begin.max(initial=made[-1]) - made[-1]
        if late > np.timedelta64(366 * REFIT_YEARS, "D"):
            log.warning(
                "the newest fit of ETAS that this run kept is of %s, %.1f years before the last date asked for; "
                "train again for a newer one",
                str(made[-1])[:10],
                late / DAY / 365.25,
            )


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep to one's own what `mleq.etas.fitting` warns of: after a great earthquake each fit would warn again."""

    def other(record: logging.LogRecord) -> bool:
        return record.module != "fitting"

    log.addFilter(other)
    try:
        yield
    finally:
        log.removeFilter(other)


def schedule(first: pd.Timestamp, last: pd.Timestamp) -> list[pd.Timestamp]:
    """Dates of fits: the first, and every `REFIT_YEARS` from then on that lie before the last issue time.

    Examples
    --------
    >>> [str(date.date()) for date in schedule(pd.Timestamp("2001-08-13"), pd.Timestamp("2003-01-01"))]
    ['2001-08-13', '2002-08-13']
    """
    dates = [first]
    while (date := first + pd.DateOffset(years=REFIT_YEARS * len(dates))) < last:
        dates.append(date)
    return dates


def schedule_of(recipe, found) -> list[pd.Timestamp]:
    """Dates of fits of a recipe; `found` has its `dates` and `parts`."""
    last = pd.Timestamp(beginnings(found.dates[-1:], recipe.target.timezone)[0], tz="UTC")
    return schedule(fit_date(recipe, found), last)


def fit_circle(events: pd.DataFrame, target: Circle, date: pd.Timestamp) -> dict[str, Any]:
    """Fit ETAS around a circle on events before a date; see `EtasReference.fits` for what is given.

    Where no regional model can be made (less than a year of events, fewer than 20 of them within 2,500 km, a circle
    beyond 1,000 km), kernels are generic and the background is what the circle's own rate leaves for it.
    """
    past = events.loc[(events["origin_time"] < date).to_numpy()]
    fit = _from_the_region(past, target, date)
    begin, came_true = event_days(past, target, max(_start(past, date), date - pd.DateOffset(years=OWN_YEARS)), date)
    if not len(begin):
        return fit | {"background_factor": 1.0, "productivity_factor": 1.0}
    expected = circle_hazard(fit, target, past, begin[:-1], np.diff(begin) / DAY)
    background, productivity = own_factors(expected, came_true)
    return fit | {"background_factor": background, "productivity_factor": productivity}


def event_days(
    events: pd.DataFrame, target: Circle, start: pd.Timestamp, end: pd.Timestamp
) -> tuple[np.ndarray, np.ndarray]:
    """Beginnings of the whole local days of a span, the end of the last among them, and which have a deciding event.

    Returns
    -------
    begin : ndarray of datetime64[us], shape (n + 1,), or (0,) where no whole day fits
    came_true : ndarray of bool, shape (n,)
    """
    first, n = whole_days(start, end, target.timezone)
    if n == 0:
        return np.empty(0, "datetime64[us]"), np.empty(0, bool)
    begin = midnights(first, n + 1, target.timezone)
    day = day_index(events["origin_time"], begin)[decides(events, target)]
    return begin, np.bincount(day[(day >= 0) & (day < n)], minlength=n) > 0


def own_factors(expected: Hazard, came_true: np.ndarray) -> tuple[float, float]:
    """Factors on background and productivity by maximum a posteriori, from days and what they brought.

    The likelihood of a day is 1 - exp(-a background - k triggered) where it came true and exp(-...) where not.

    Parameters
    ----------
    expected : Hazard
        Of each day, with both factors one; arrays of shape (n,).
    came_true : ndarray of bool, shape (n,)

    Returns
    -------
    float, float
    """
    from scipy.optimize import minimize

    parts = np.stack([expected.background, expected.triggered])

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        scaled = parts * np.exp(logs)[:, None]
        total = np.maximum(scaled.sum(axis=0), 1e-12)
        chance = -np.expm1(-total)
        value = -np.where(came_true, np.log(chance), -total).sum() + 0.5 * np.sum((logs / PRIOR_SD) ** 2)
        slope = np.where(came_true, -(1 - chance) / chance, 1.0)
        return value, scaled @ slope + logs / PRIOR_SD**2

    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(-5, 5)] * 2)
    background, productivity = np.exp(found.x)
    return float(background), float(productivity)


def _from_the_region(past: pd.DataFrame, target: Circle, date: pd.Timestamp) -> dict[str, Any]:
    """The regional model's numbers, or generic ones where there is none."""
    if target.radius_km > WIDEST_KM:
        return _from_the_circle_alone(past, target, date, f"a radius beyond {WIDEST_KM:g} km")
    place = Place.of(target)
    plain = past.copy(deep=False)
    plain.attrs = {}  # those of the whole catalogue would not be true of its past
    try:
        regional = regional_model(plain, place, date, None)
    except MleqError as error:
        return _from_the_circle_alone(past, target, date, str(error))
    model, about = regional.model, regional.about
    share = model.background.share_in(_area(target).outline())
    return {
        "fit_date": date.isoformat(),
        **{key: about[key] for key in ("source", "name", "reason", "events")},
        "parameters": _finite(model.parameters),
        "b_value": model.b_value,
        "magnitude_max": model.magnitude_max,
        "background_per_day": model.parameters.background_per_day * share,
        "margin": about["margin"],
        "since": (pd.Timestamp(about["start"]) - pd.DateOffset(years=BEFORE_YEARS)).isoformat(),
    }


def _from_the_circle_alone(past: pd.DataFrame, target: Circle, date: pd.Timestamp, why: str) -> dict[str, Any]:
    """Generic kernels, and the background that the circle's rate and their branching ratio within ten years leave."""
    table = generic_sets()
    chosen = table["vintages"][0]["sets"]["world"]
    kernels = from_log(np.array([0.0, *chosen["log_parameters"][1:]]), table["m0"])
    parameters = rescaled(kernels, target.magnitude, chosen["b_value"])
    start = _start(past, date)
    days = max((date - start) / pd.Timedelta(days=1), 1.0)
    strong = at_least(past["magnitude"], target.magnitude)
    near = distance_km(past["latitude"], past["longitude"], target.latitude, target.longitude) <= target.radius_km
    rate = (np.count_nonzero(strong & near) + 0.5) / days
    largest = max(LARGEST_MAGNITUDE, target.magnitude + 0.5)
    ratio = parameters.branching_ratio(chosen["b_value"], largest) * float(1 - omori_survival(parameters, 3652.5))
    return {
        "fit_date": date.isoformat(),
        "source": "generic",
        "name": f"world, before {table['vintages'][0]['end'][:4]}",
        "reason": why,
        "events": int(np.count_nonzero(strong & near)),
        "parameters": _finite(parameters),
        "b_value": chosen["b_value"],
        "magnitude_max": largest,
        "background_per_day": rate * max(1 - ratio, 0.1),
        "margin": [-90.0, 90.0, -180.0, 180.0],
        "since": start.isoformat(),
    }


def circle_hazard(
    fit: dict[str, Any], target: Circle, events: pd.DataFrame, issue_times: np.ndarray, days: np.ndarray
) -> Hazard:
    """Ask one fit about a circle at many issue times, each from the events before it; the circle's factors left out.

    Parameters
    ----------
    fit : dict
        One of `EtasReference.fits`.
    target : Circle
    events : DataFrame
        Those that may count, whatever their time.
    issue_times : ndarray of datetime64[us], shape (k,)
    days : ndarray, shape (k,)
        Each horizon.
    """
    p = EtasParameters(**fit["parameters"])
    times = events["origin_time"].dt.tz_convert(None).to_numpy("datetime64[us]")
    magnitude, latitude, longitude = (events[name].to_numpy(float) for name in ("magnitude", "latitude", "longitude"))
    used = (times < issue_times.max()) & (times >= _instant(fit["since"])) & at_least(magnitude, p.m0)
    used &= Box(*fit["margin"]).contains(latitude, longitude)
    strength = _offspring_inside(p, target, latitude[used], longitude[used], magnitude[used])
    strong = strength > NEGLIGIBLE
    epoch = _instant(fit["fit_date"])
    longest = round(float(days.max())) + 0.125  # the same for days of 23 and of 25 hours
    order = np.argsort(times[used][strong], kind="stable")
    return hazard(
        p,
        ClusterChance(p, fit["b_value"], fit["magnitude_max"], target.magnitude, longest),
        times=((times[used][strong] - epoch) / DAY)[order],
        strength=strength[strong][order],
        background_per_day=fit["background_per_day"],
        issue_times=(issue_times - epoch) / DAY,
        days=days,
    )


def _offspring_inside(p: EtasParameters, target: Circle, latitude, longitude, magnitude) -> np.ndarray:
    """Expected direct offspring of each event in the circle, at any time, shape (n,)."""
    growth = magnitude - p.m0
    offspring = p.productivity * np.exp(p.alpha * growth)
    if target.radius_km > WIDEST_KM:
        return offspring * (distance_km(latitude, longitude, target.latitude, target.longitude) <= target.radius_km)
    inside = shares(latitude, longitude, _area(target).outline())
    return offspring * inside.of_power_law(p.d_km2 * np.exp(p.gamma * growth), p.q)


def _start(past: pd.DataFrame, date: pd.Timestamp) -> pd.Timestamp:
    """When the catalogue begins."""
    start = past.attrs.get("start") or (past["origin_time"].min() if len(past) else date)
    return pd.Timestamp(start).tz_convert("UTC")


def _area(target: Circle) -> Area:
    return Area(target.latitude, float((target.longitude + 180) % 360 - 180), target.radius_km)


def that_count(events: pd.DataFrame, target: Circle) -> pd.DataFrame:
    """Events not known to be deeper than the target allows, with no claim to be the whole catalogue but its start."""
    known = pd.DataFrame(events).copy(deep=False)
    known.attrs = {key: value for key, value in events.attrs.items() if key == "start"}
    if target.max_depth_km is None:
        return known
    return known.loc[~(known["depth_km"].to_numpy() > target.max_depth_km)]


def _finite(parameters: EtasParameters) -> dict[str, float]:
    return {name: float(value) for name, value in asdict(parameters).items() if math.isfinite(value)}


def _instant(text: str) -> np.datetime64:
    return pd.Timestamp(text).tz_convert("UTC").tz_localize(None).to_datetime64().astype("datetime64[us]")
