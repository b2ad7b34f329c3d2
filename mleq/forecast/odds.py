"""One question, answered by ETAS: how likely is an earthquake here, this strong, this soon?

It stands in this room because it is a forecast from a catalogue: `etas` before it knows no catalogue, completeness or
files. Only events before the issue time are used, and parameters are fitted on events before a date that is earlier
still; see `mleq.forecast.regional`.
"""

from __future__ import annotations

import logging
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq.catalog.events import coverage
from mleq.errors import RequestError
from mleq.etas.areas import Circle
from mleq.etas.dated import LARGEST_MAGNITUDE, days_since, history_of, moment
from mleq.etas.decay import omori_survival
from mleq.etas.sphere import distance_km
from mleq.forecast.checks import check_columns
from mleq.forecast.plain_words import sentence
from mleq.forecast.regional import Regional, regional_model

SHORTEST_DAYS, LONGEST_DAYS, LARGEST_RADIUS_KM = 1 / 1440, 366.0, 1000.0
LONGEST_GAP = pd.Timedelta(days=31)
DRIVERS = 3
SEED = 4126
NO_WARNING = "This is a statistical forecast and no warning; for warnings follow the agency responsible."

log = logging.getLogger("mleq")


@dataclass(frozen=True)
class Place:
    """What is asked: an event of a magnitude or more within a radius of a place.

    Parameters
    ----------
    latitude, longitude : float
        Degrees.
    radius_km : float
    magnitude : float
    allow_incomplete : bool, optional
        Answer for a magnitude below completeness too, on what the catalogue records.
    """

    latitude: float
    longitude: float
    radius_km: float
    magnitude: float
    allow_incomplete: bool = False

    def __post_init__(self):
        for name, low, high in (
            ("latitude", -90, 90),
            ("longitude", -180, 360),
            ("radius_km", 1, LARGEST_RADIUS_KM),
            ("magnitude", 0, LARGEST_MAGNITUDE - 0.01),
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise RequestError(f"{name} {value!r}", expected=f"a number from {low:g} to {high:g}")


def answer(
    events: pd.DataFrame,
    place: Place,
    days: float,
    issue_time: Any = None,
    *,
    folder: Path | None = None,
    now: pd.Timestamp | None = None,
) -> dict[str, Any]:
    """Answer a question with all that belongs to the answer.

    Parameters
    ----------
    events : pandas.DataFrame
        See `mleq.catalog.events`.
    place : Place
    days : float
        Horizon, from a minute (1/1440) to a year.
    issue_time : date or str or pandas.Timestamp, optional
        When the forecast is made, UTC where it names no zone. Without it now, or the end of the catalogue where that
        is more than a month ago.
    folder : pathlib.Path, optional
        Where fits are kept; without it nowhere.
    now : pandas.Timestamp, optional
        The present, for tests.

    Returns
    -------
    dict
        JSON values: question, probability {value, low, high}, long_term {…}, ratio, expected_number,
        background_share, drivers, completeness_magnitude, completeness, below_completeness, parameters, catalog,
        cautions, sentence, no_warning.

    Raises
    ------
    mleq.errors.RequestError
        If a number is out of range, the issue time lies beyond tomorrow and the catalogue's end, or the magnitude
        lies below completeness without being allowed.
    mleq.errors.DataError
        If there is too little data around the place.
    """
    if not (math.isfinite(days) and SHORTEST_DAYS * 0.999 <= days <= LONGEST_DAYS):
        raise RequestError(f"days {days!r}", expected="a number from 1/1440 (a minute) to 366 (a year)")
    check_columns(events)
    start, end = coverage(events)
    cautions: list[str] = []
    issue = issue_of(issue_time, start, end, now if now is not None else pd.Timestamp.now("UTC"), cautions)
    known = min(end, issue)
    # Without the attributes of the whole: those of a part of the events would not be true.
    plain = pd.DataFrame(events).copy(deep=False)
    plain.attrs = {}
    fit_date = min(issue.normalize().replace(day=1), known)
    regional = regional_model(plain, place, fit_date, folder)
    past = regional.history(plain, known)
    return _answered(regional, past, place, days, issue, known, events, cautions)


def issue_of(given, start, end, now, cautions: list[str]) -> pd.Timestamp:
    """The moment from which a question is answered; what there is to be cautious about is added to `cautions`."""
    if given is None:
        issue = now if now - end <= LONGEST_GAP else end
        if issue == end:
            cautions.append(f"the catalogue ends on {end:%Y-%m-%d %H:%M} UTC: the answer is for the time from then on")
        return issue
    issue = moment(given)
    tomorrow = now.normalize() + pd.Timedelta(days=2)
    if issue >= tomorrow and issue > end:
        raise RequestError(
            f"the issue time {issue:%Y-%m-%d %H:%M} UTC lies beyond tomorrow",
            expected=f"a moment before {tomorrow:%Y-%m-%d %H:%M} UTC",
        )
    if issue <= start:
        raise RequestError(
            f"the issue time {issue:%Y-%m-%d %H:%M} UTC lies before the catalogue, which begins on {start:%Y-%m-%d}",
            expected="a later one",
        )
    if issue - end > pd.Timedelta(days=1):
        cautions.append(
            f"the catalogue ends on {end:%Y-%m-%d %H:%M} UTC, {(issue - end) / pd.Timedelta(days=1):,.0f} days before "
            "the issue time: what happened since is not known"
        )
    return issue


def _answered(regional: Regional, past, place, days, issue, known, events, cautions) -> dict[str, Any]:
    about, model = regional.about, regional.model
    epoch = pd.Timestamp(about["start"])
    history, at = history_of(past, epoch), days_since(epoch, issue)
    circle = Circle(place.latitude, float((place.longitude + 180) % 360 - 180), place.radius_km)
    # What happened after the catalogue's end is simulated, for a month at most: over longer gaps the past fades.
    simulated_from = max(days_since(epoch, known), at - LONGEST_GAP / pd.Timedelta(days=1))
    probability = model.probability(
        history,
        circle,
        at,
        days,
        place.magnitude,
        n_simulations=20_000 if days <= 60 else 10_000,
        seed=SEED,
        known_until=simulated_from,
        log_covariance=regional.log_covariance,
    )
    parts, background = model.contributions(history, circle, at, days, place.magnitude)
    expected = float(parts.sum() + background)
    long_term = _long_term(regional, history, circle, days, place.magnitude)
    ratio = probability["value"] / long_term["value"] if long_term["value"] > 0 else None
    complete_from = about["completeness"]["completeness_magnitude"]
    if about["below_completeness"]:
        cautions.append(
            f"magnitude {place.magnitude:g} lies below completeness, M {complete_from:g}"
            ": the answer is on events that the catalogue records, not on all that happen"
        )
    if about.get("generic_after_fit_date"):
        cautions.append("the generic parameters were fitted on events after the issue time")
    for caution in cautions:
        log.warning("%s", caution)
    question = asdict(place) | {"days": days, "issue_time": issue.isoformat()}
    return {
        "question": question | {"end_time": (issue + pd.Timedelta(days=days)).isoformat()},
        "sentence": sentence(question, probability, long_term, ratio),
        "probability": probability,
        "long_term": long_term,
        "ratio": ratio,
        "expected_number": expected,
        "background_share": background / expected if expected > 0 else None,
        "drivers": _drivers(past, parts, expected, place, issue),
        "completeness_magnitude": complete_from,
        "completeness": about["completeness"],
        "below_completeness": about["below_completeness"],
        "parameters": _parameters(regional),
        "catalog": {
            "events_before_issue": int((events["origin_time"] < known).sum()),
            "end": coverage(events)[1].isoformat(),
            "source": events.attrs.get("source", "a table"),
            "sha256": events.attrs.get("sha256"),
        },
        "cautions": cautions,
        "no_warning": NO_WARNING,
    }


def _long_term(regional: Regional, history, circle: Circle, days: float, magnitude: float) -> dict[str, float]:
    """Chance from the rate that the model gives the circle on average over the years of the fit.

    It is that of a Poisson process with the mean of the model's own rate, background and aftershocks alike, so that
    the ratio to it shows what is special now, not how the maps were smoothed. The interval is that of a rate
    estimated from as many events as the model expects there (Jeffreys); clustering is left out.
    """
    from scipy.special import gammaincinv

    end = days_since(pd.Timestamp(regional.about["start"]), pd.Timestamp(regional.about["end"]))
    expected = regional.model.expected_between(history, circle, 0.0, end)
    share = regional.model.share_above(magnitude) * days / end
    counts = {"value": expected} | {
        name: float(gammaincinv(expected + 0.5, level)) for name, level in (("low", 0.025), ("high", 0.975))
    }
    inside = (history.time_days >= 0) & (history.time_days < end)
    observed = int(circle.contains(history.latitude[inside], history.longitude[inside]).sum())
    return {name: -math.expm1(-count * share) for name, count in counts.items()} | {
        "expected_in_fit": expected,
        "events_in_fit": observed,
    }


def _drivers(past: pd.DataFrame, parts: np.ndarray, expected: float, place: Place, issue) -> list[dict[str, Any]]:
    """The past events that add most to the expected number of first order."""
    rows = []
    for position in np.argsort(-parts, kind="stable")[:DRIVERS]:
        one = past.iloc[int(position)]
        distance = distance_km(place.latitude, place.longitude, one["latitude"], one["longitude"])
        rows.append(
            {
                "id": str(one["id"]) if "id" in past.columns else None,
                "origin_time": one["origin_time"].isoformat(),
                "latitude": float(one["latitude"]),
                "longitude": float(one["longitude"]),
                "magnitude": float(one["magnitude"]),
                "distance_km": round(float(distance), 1),
                "days_before": round((issue - one["origin_time"]) / pd.Timedelta(days=1), 3),
                "share": float(parts[position] / expected) if expected > 0 else 0.0,
            }
        )
    return rows


def _parameters(regional: Regional) -> dict[str, Any]:
    about, model = regional.about, regional.model
    p = model.parameters
    ratio = p.branching_ratio(model.b_value, model.magnitude_max)
    kept = ("source", "name", "reason", "region", "start", "end", "events", "generic")
    return {name: about[name] for name in kept if name in about} | {
        "values": {name: value for name, value in asdict(p).items() if math.isfinite(value)},
        "b_value": model.b_value,
        "magnitude_max": model.magnitude_max,
        "branching_ratio": ratio,
        "branching_ratio_within_ten_years": ratio * float(1 - omori_survival(p, 3652.5)),
    }
