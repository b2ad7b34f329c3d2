"""From which magnitude a catalogue is complete around a target, and whether the target may be forecast.

The gate: time before the fit date is cut into eras of ten years; for each, the target's circle is widened until it
holds enough events; the completeness magnitude of the worst era counts. A target is refused when it lies below that
magnitude by more than one step of reported magnitudes, 0.1, and flagged when it lies below at all.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from mleq.catalog.events import coverage
from mleq.catalog.magnitudes import ESTIMATORS, WIDTH, Distribution, b_positive, b_values
from mleq.catalog.neighbourhood import Place, distances_km, widened_km
from mleq.errors import DataError, RequestError

ERA_YEARS = 10
ENOUGH = 100
"""Events that an era must hold within the circle."""
TOLERANCE = 0.1
"""Magnitudes are reported to a tenth, and no estimator tells neighbouring tenths apart. It is a constant, not the
estimate's own uncertainty: with that, the gate would be the wider open the less is known."""
RESAMPLES = 1000
WORDS = {
    "goodness_of_fit": "90 % goodness of fit",
    "maximum_curvature": "maximum curvature + 0.2",
    "b_stability": "b-value stability",
}

BIAS = {
    "goodness_of_fit": "90 % goodness of fit is right where detection ends sharply and too low where it fades (by 0.1 "
    "over 0.4 magnitudes, by 0.2 over 0.6, in simulations); maximum curvature + 0.2 errs upwards: the larger is safer",
    "maximum_curvature": "maximum curvature + 0.2 is right where detection fades over 0.6 magnitudes, too high where "
    "it fades faster (by 0.1 over 0.4, by 0.2 where it ends sharply, in simulations)",
    "b_stability": "b-value stability is right where detection ends sharply and too low where it fades (by 0.1 over "
    "0.4 to 0.6 magnitudes, in simulations); where b changes with magnitude it is too high",
}
"""Which way each estimator errs; `benchmarks/completeness.py` prints the figures (see Woessner and Wiemer 2005)."""

log = logging.getLogger("mleq")


@dataclass(frozen=True)
class Completeness:
    """How complete an era is around a place.

    Parameters
    ----------
    magnitude : float
        Completeness magnitude by `estimator`; where that finds none, by maximum curvature.
    uncertainty : float
        The standard deviation of `magnitude` over bootstrap resamples of the events, and the largest distance to
        another estimator's magnitude, added in quadrature: estimators err in ways that resampling cannot see.
    estimator : str
        Which estimator counts.
    estimates : dict
        The magnitude by every estimator; None where one finds none.
    b_value, b_uncertainty : float
        Aki-Utsu from `b_magnitude` on, and its Shi and Bolt (1982) uncertainty.
    b_magnitude : float
        The largest of the estimates: counting events that are incomplete pulls b down, so the safest cut counts.
    b_positive, b_positive_uncertainty : float
        Van der Elst (2021), from the lowest of the estimates on.
    events : int
        How many there are within `radius_km`.
    radius_km : float
        How far the circle was widened.
    start, end : pandas.Timestamp
        The era.
    eras : tuple of Completeness
        All eras, of which this is the worst; empty in the eras themselves.
    """

    magnitude: float
    uncertainty: float
    estimator: str
    estimates: dict[str, float | None]
    b_value: float
    b_uncertainty: float
    b_magnitude: float
    b_positive: float
    b_positive_uncertainty: float
    events: int
    radius_km: float
    start: pd.Timestamp
    end: pd.Timestamp
    eras: tuple[Completeness, ...] = ()

    @property
    def decided_by(self) -> str:
        """The estimator that `magnitude` comes from."""
        return self.estimator if self.estimates[self.estimator] is not None else "maximum_curvature"

    def summary(self) -> dict[str, Any]:
        """Say it in JSON values, for summary.json and `check`; null where there is no number."""
        return {
            "completeness_magnitude": _number(self.magnitude, 2),
            "completeness_uncertainty": _number(self.uncertainty, 3),
            "completeness_estimator": self.decided_by,
            "completeness_estimates": self.estimates,
            "completeness_bias": BIAS[self.decided_by],
            "b_value": _number(self.b_value),
            "b_value_uncertainty": _number(self.b_uncertainty),
            "b_value_from_magnitude": _number(self.b_magnitude, 2),
            "b_positive": _number(self.b_positive),
            "b_positive_uncertainty": _number(self.b_positive_uncertainty),
            "completeness_events": self.events,
            "completeness_radius_km": _number(self.radius_km, 0),
            "completeness_era": [self.start.isoformat(), self.end.isoformat()],
        }


def _number(value: float, digits: int = 4) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None


def gate(events: pd.DataFrame, target: Place, estimator: str = "goodness_of_fit") -> Completeness:
    """Estimate the completeness of the worst era around a target.

    Parameters
    ----------
    events : pandas.DataFrame
        The events before the fit date, in time order, of the kinds that count.
    target : Place
        The recipe's target.
    estimator : str, optional
        "goodness_of_fit", "maximum_curvature" or "b_stability".

    Returns
    -------
    Completeness
        Of the era with the highest completeness magnitude, with all eras.

    Raises
    ------
    mleq.errors.DataError
        If there is no event.
    """
    if events.empty:
        raise DataError("there is no event from which completeness could be estimated", expected="at least one")
    distance = distances_km(events, target)
    times = events["origin_time"].to_numpy("datetime64[us]")
    magnitudes = events["magnitude"].to_numpy()
    eras = []
    for start, end in eras_of(events):
        inside = (times >= _plain(start)) & (times < _plain(end))
        radius = widened_km(distance[inside], target.radius_km, ENOUGH)
        near = magnitudes[inside & (distance <= radius)]
        if len(near):
            eras.append(estimate(near, start, end, radius, estimator))
    worst = max(eras, key=lambda era: (era.magnitude, -era.uncertainty))
    return replace(worst, eras=tuple(eras))


def _plain(moment: pd.Timestamp) -> np.datetime64:
    return moment.tz_convert(None).to_datetime64()


def eras_of(events: pd.DataFrame, years: int = ERA_YEARS) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Cut the time of events into eras of so many years; a remainder of less than half joins the last.

    Times run from where the catalogue begins to its last event, which a fit date may have cut off.
    """
    start = min(coverage(events)[0], events["origin_time"].iloc[0])
    end = events["origin_time"].iloc[-1] + pd.Timedelta(milliseconds=1)
    number = max(1, round((end - start) / pd.Timedelta(days=365.25 * years)))
    cuts = [start + pd.DateOffset(years=k * years) for k in range(number)] + [end]
    return list(zip(cuts, cuts[1:], strict=False))


def estimate(
    magnitudes: np.ndarray,
    start: pd.Timestamp,
    end: pd.Timestamp,
    radius_km: float,
    estimator: str = "goodness_of_fit",
) -> Completeness:
    """Estimate completeness by all estimators, and the b-value.

    Parameters
    ----------
    magnitudes : numpy.ndarray
        In order of time, shape (n_events,).
    start, end, radius_km
        Where the events come from; kept in the answer.
    estimator : str, optional
        Which estimator counts.
    """
    distribution = Distribution.of(magnitudes)
    estimates = {name: _number(float(method(distribution)), 2) for name, method in ESTIMATORS.items()}
    magnitude = float(_decided(distribution, estimator))
    resamples = distribution.resampled(np.random.default_rng(0), RESAMPLES)
    b, sigma = b_values(distribution)
    b_magnitude = max([magnitude, *(value for value in estimates.values() if value is not None)])
    first = distribution.at(b_magnitude)
    positive, positive_sigma = b_positive(_from_lowest(magnitudes, estimates))
    return Completeness(
        magnitude=magnitude,
        uncertainty=math.hypot(np.std(_decided(resamples, estimator)), _disagreement(magnitude, estimates)),
        estimator=estimator,
        estimates=estimates,
        b_value=float(b[first]),
        b_uncertainty=float(sigma[first]),
        b_magnitude=b_magnitude,
        b_positive=positive,
        b_positive_uncertainty=positive_sigma,
        events=len(magnitudes),
        radius_km=radius_km,
        start=start,
        end=end,
    )


def _from_lowest(magnitudes: np.ndarray, estimates: dict[str, float | None]) -> np.ndarray:
    """The events from the lowest estimate on: b-positive forgives sudden gaps, not detection that fades by design."""
    lowest = min((value for value in estimates.values() if value is not None), default=-math.inf)
    return magnitudes[magnitudes >= lowest - WIDTH / 2]


def _disagreement(magnitude: float, estimates: dict[str, float | None]) -> float:
    """How far another estimator's magnitude lies from the one that counts, at most."""
    return max((abs(other - magnitude) for other in estimates.values() if other is not None), default=0.0)


def _decided(distribution: Distribution, estimator: str) -> np.ndarray:
    """The estimator's magnitude, or maximum curvature's where it finds none (as Wiemer and Wyss 2000)."""
    found = ESTIMATORS[estimator](distribution)
    return np.where(np.isnan(found), ESTIMATORS["maximum_curvature"](distribution), found)


def refusal(complete: Completeness, target) -> str | None:
    """Say why a target may not be forecast; None where it may, or where its recipe allows it all the same."""
    if target.allow_incomplete or target.magnitude >= complete.magnitude - TOLERANCE - 1e-9:
        return None
    others = ", ".join(
        f"{WORDS[name]} {'finds none' if value is None else format(value, '.1f')}"
        for name, value in complete.estimates.items()
    )
    return (
        f"the target magnitude {target.magnitude:g} is below the completeness magnitude: {others}; "
        f"{complete.magnitude:.1f} +- {complete.uncertainty:.2f} counts, of {complete.start:%Y-%m-%d} to "
        f"{complete.end:%Y-%m-%d} ({complete.events} events within {complete.radius_km:.0f} km)"
    )


def require(complete: Completeness, target) -> None:
    """Refuse a target below completeness, with the numbers and the way out.

    Raises
    ------
    mleq.errors.RequestError
        Unless the target is complete, or its recipe says `allow_incomplete`.
    """
    reason = refusal(complete, target)
    if reason is None:
        if target.magnitude < complete.magnitude - 1e-9:
            log.warning(
                "the target magnitude %g is below the completeness magnitude %.1f +- %.2f of %s to %s",
                target.magnitude,
                complete.magnitude,
                complete.uncertainty,
                f"{complete.start:%Y}",
                f"{complete.end:%Y}",
            )
        return
    lowest = math.ceil(round(complete.magnitude * 10, 6)) / 10
    later = _complete_since(complete, target.magnitude)
    options = [f"set target.magnitude to {lowest:.1f} or more"]
    if later is not None:
        options.append(f"set catalog.start to {later:%Y-%m-%d}, from when it is complete")
    options.append('say "allow_incomplete": true in target, and every result will say so')
    raise RequestError(reason, remedy="Do one of these: " + "; ".join(options))


def _complete_since(complete: Completeness, magnitude: float) -> pd.Timestamp | None:
    """Start of the earliest era from which on the magnitude is complete."""
    since = None
    for era in reversed(complete.eras):
        if magnitude < era.magnitude - TOLERANCE - 1e-9:
            break
        since = era.start
    return since


def sentence(summary: dict[str, Any]) -> str:
    """Say `Completeness.summary` in one line."""
    b, sigma = summary["b_value"], summary["b_value_uncertainty"]
    slope = "" if b is None else f", b = {b:.2f}" + ("" if sigma is None else f" +- {sigma:.2f}")
    others = ", ".join(
        f"{WORDS[name]} {'none' if value is None else format(value, '.1f')}"
        for name, value in summary["completeness_estimates"].items()
    )
    start, end = (moment[:10] for moment in summary["completeness_era"])
    radius = summary["completeness_radius_km"]
    where = "" if radius is None else f" within {radius:,.0f} km"
    return (
        f"from M {summary['completeness_magnitude']:.1f} +- {summary['completeness_uncertainty']:.2f}{slope} "
        f"({others}; worst era {start} to {end}, {summary['completeness_events']:,} events{where})"
    )
