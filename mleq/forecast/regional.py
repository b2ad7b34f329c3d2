"""Which ETAS model speaks for a place: one fitted around it where there are events enough, else a generic one.

The rule. Events of the 20 years before the fit date are looked at, in a square around the place. It begins with a
half-side of 300 km or 1.5 radii and is widened by quarters up to 700 km until it holds 300 events from m0 on; m0 is
the completeness magnitude, or the magnitude asked for where that is smaller. With 300 events ETAS is fitted there.
With fewer, or where the fit has no proper maximum, the kernels are those of the generic set of the kind of place
(subduction where a tenth of the events lie deeper than 50 km, else crust; both together where depths say nothing), and
only the background is estimated from the region, and the b-value where there are events enough. A generic set that is
taken to small magnitudes counts what they trigger once more (Sornette and Werner 2005, doi:10.1029/2004JB003535), and a
low b-value of few events gives it too many large ones: so that sequences come to an end, the set keeps its own b-value
and m0 rises, as far as the magnitude asked for, until an event has fewer than 0.9 direct aftershocks within a year.
With fewer than 20 events within 2,500 km there is no answer.

The Omori-Utsu law is tapered with a lifetime of ten years, about as long as triggered earthquakes are seen to go on
worldwide (Parsons 2002, doi:10.1029/2001JB000646: 7 to 11 years). Without, its tail stands in for the background in
twenty years of data: p comes out at 1, where productivity and branching ratio have no meaning of their own.

The fit date is the first of the issue time's month: parameters are fitted once a month, the past is renewed with
every question. Fits are kept by the hash of the events they used and of the question's settings.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mleq import atomic
from mleq.catalog.completeness import ERA_YEARS, Completeness, gate, refusal
from mleq.catalog.events import fingerprint
from mleq.errors import DataError, RequestError, StorageError
from mleq.etas.background import KernelBackground, adaptive_kernels
from mleq.etas.dated import LARGEST_MAGNITUDE, b_value_of, days_since, history_of
from mleq.etas.decay import omori_survival
from mleq.etas.fitting import fit_etas
from mleq.etas.forecasting import EtasModel
from mleq.etas.likelihood import from_log, likelihood_of
from mleq.etas.parameters import EtasParameters
from mleq.etas.sphere import Box, distance_km
from mleq.etas.uncertainty import rescaled

FIT_YEARS, BEFORE_YEARS = 2 * ERA_YEARS, 10  # of targets, and of earlier events that only trigger
ENOUGH, FEWEST, MOST = 300, 20, 4000
NARROWEST_KM, WIDEST_KM, FARTHEST_KM = 300.0, 700.0, 2500.0
WIDENING, MARGIN_KM, KM_PER_DEG = 1.25, 200.0, 111.195
DEEP_KM, DEEP_SHARE = 50.0, 0.1
TAPER_DAYS = 3652.5
ENDING_DAYS, ENDING_RATIO = 366.0, 0.9  # direct aftershocks of an event within so many days
FORM = 4  # of the kept files; another number makes old ones unread

log = logging.getLogger("mleq")


@dataclass(frozen=True)
class Regional:
    """A model for a place, and where it comes from.

    Parameters
    ----------
    model : EtasModel
    log_covariance : numpy.ndarray, shape (8, 8), or (9, 9) with a taper
        Of the logarithms of the parameters: of the fit, or between the regions of a generic set.
    about : dict
        JSON values: source ("regional" or "generic"), name, reason, region, margin, start, end, events,
        completeness and more.
    """

    model: EtasModel
    log_covariance: np.ndarray
    about: dict[str, Any]

    def history(self, events: pd.DataFrame, before: pd.Timestamp) -> pd.DataFrame:
        """The events that condition a forecast: of the region and its margin, from m0 on, before a moment."""
        since = pd.Timestamp(self.about["start"]) - pd.DateOffset(years=BEFORE_YEARS)
        when = (events["origin_time"] >= since) & (events["origin_time"] < before)
        strong = events["magnitude"] >= self.model.parameters.m0 - 1e-9
        near = Box(*self.about["margin"]).contains(events["latitude"].to_numpy(), events["longitude"].to_numpy())
        return events.loc[when & strong & near]


def regional_model(
    events: pd.DataFrame, place: Any, fit_date: pd.Timestamp, folder: Path | None, *, most: int = MOST
) -> Regional:
    """Find, fit or fetch the model for a place.

    Parameters
    ----------
    events : pandas.DataFrame
        See `mleq.catalog.events`; those at or after the fit date are not looked at.
    place : object
        latitude, longitude, radius_km, magnitude, allow_incomplete.
    fit_date : pandas.Timestamp
    folder : pathlib.Path or None
        Where models are kept; None keeps none.
    most : int, optional
        Events of a fit at most; where there are more, m0 is raised as far as the magnitude asked for allows.

    Returns
    -------
    Regional

    Raises
    ------
    mleq.errors.DataError
        If there are too few events around the place or too short a catalogue.
    mleq.errors.RequestError
        If the magnitude lies below completeness and this is not allowed.
    """
    past = _past_of(events, place, fit_date)
    settings = {"form": FORM, "place": asdict(place), "fit_date": fit_date.isoformat()}
    settings |= {"most": most} if most != MOST else {}
    key = hashlib.sha256((json.dumps(settings, sort_keys=True) + fingerprint(past)).encode()).hexdigest()[:32]
    path = folder / f"{key}.json" if folder else None
    kept = _read(path)
    if kept is not None:
        return kept
    found = _made(past, place, fit_date, most)
    if path is not None:
        try:
            atomic.write_text(path, json.dumps(_as_json(found)))
        except StorageError as error:
            log.warning("the fit is not kept for the next time: %s", error)
    return found


def _past_of(events: pd.DataFrame, place: Any, fit_date: pd.Timestamp) -> pd.DataFrame:
    """All events that may have a part in a fit around a place."""
    since = fit_date - pd.DateOffset(years=FIT_YEARS + BEFORE_YEARS)
    past = events.loc[(events["origin_time"] >= since) & (events["origin_time"] < fit_date)]
    distance = distance_km(place.latitude, place.longitude, past["latitude"].to_numpy(), past["longitude"].to_numpy())
    past = past.loc[distance <= FARTHEST_KM * math.sqrt(2) + MARGIN_KM]
    if len(past) < FEWEST:
        raise _no_data(place, len(past), fit_date)
    return past


class Material(NamedTuple):
    """What a fit around a place is made of.

    `near` are the events of box and margin that trigger, whatever their magnitude; `targets` those of the box from m0
    on and from `start` on, `n` of them.
    """

    complete: Completeness
    m0: float
    n: int
    start: pd.Timestamp
    box: Box
    margin: Box
    near: pd.DataFrame
    targets: pd.DataFrame


def material_of(events: pd.DataFrame, place: Any, fit_date: pd.Timestamp, *, most: int = MOST) -> Material:
    """Say what the fit of `regional_model` would be made of, without making it; arguments and errors as there."""
    return _material(_past_of(events, place, fit_date), place, fit_date, most)


def _material(past: pd.DataFrame, place: Any, fit_date: pd.Timestamp, most: int) -> Material:
    start = max(fit_date - pd.DateOffset(years=FIT_YEARS), past["origin_time"].min())
    recent = past.loc[past["origin_time"] >= start]
    if recent.empty or fit_date - start < pd.Timedelta(days=365):
        raise DataError(
            f"the catalogue has {max((fit_date - start).days, 0)} days before the fit date {fit_date:%Y-%m-%d}",
            expected="a year or more",
        )
    recent.attrs["start"] = start
    complete = gate(recent, place)
    lowest = math.ceil(round(complete.magnitude * 10, 6)) / 10
    reason = refusal(complete, place)
    if reason is not None:
        raise RequestError(
            reason,
            remedy=f"Ask for magnitude {lowest:.1f} or more, or say "
            "--allow_incomplete: the answer is then on what the catalogue records, and says so",
        )
    if recent["magnitude"].min() > place.magnitude + 0.1:
        raise RequestError(
            f"the catalogue has no event below M {recent['magnitude'].min():g} around the place",
            expected="a magnitude that it records",
        )
    m0 = min(lowest, place.magnitude)
    half_km, m0, n = _region(recent, place, m0, most)
    box, margin = _square(place, half_km), _square(place, half_km + MARGIN_KM)
    near = past.loc[margin.contains(past["latitude"].to_numpy(), past["longitude"].to_numpy())]
    targets = recent.loc[box.contains(recent["latitude"].to_numpy(), recent["longitude"].to_numpy())]
    targets = targets.loc[targets["magnitude"] >= m0 - 1e-9]
    return Material(complete, m0, n, start, box, margin, near, targets)


def _made(past: pd.DataFrame, place: Any, fit_date: pd.Timestamp, most: int) -> Regional:
    complete, m0, n, start, box, margin, near, targets = _material(past, place, fit_date, most)
    about = {
        "region": list(box),
        "margin": list(margin),
        "start": start.isoformat(),
        "end": fit_date.isoformat(),
        "m0": m0,
        "events": n,
        "completeness": complete.summary(),
        "below_completeness": bool(place.magnitude < complete.magnitude - 1e-9),
    }
    material = history_of(near, start), box, days_since(start, fit_date), m0
    b_value = b_value_of(targets["magnitude"].to_numpy(), m0) if n >= ENOUGH else math.nan
    if n >= ENOUGH:
        fit = fit_etas(material[0], region=box, start=0.0, end=material[2], m0=m0, tapered=TAPER_DAYS)
        if fit.converged and not fit.at_bounds and np.isfinite(fit.log_covariance).all():
            about |= {"source": "regional", "name": "fitted here", "reason": f"{n:,} events, {ENOUGH} are enough"}
            model = fit.model(b_value, LARGEST_MAGNITUDE)
            return Regional(model, fit.log_covariance, about)
        why = f"the fit to {n:,} events around the place has no proper maximum"
    else:
        why = f"{n:,} events from M {m0:.1f} on around the place, {ENOUGH} are needed to fit"
    return _generic(
        material, targets, fit_date, about, why, b_value, highest=min(place.magnitude, targets["magnitude"].max())
    )


def _region(recent: pd.DataFrame, place: Any, m0: float, most: int) -> tuple[float, float, int]:
    """Half the side of the square around a place with events enough, m0 (higher where very many), and their number."""
    latitude, longitude = recent["latitude"].to_numpy(), recent["longitude"].to_numpy()
    magnitude = recent["magnitude"].to_numpy()
    half = max(NARROWEST_KM, 1.5 * place.radius_km)
    while True:
        box = _square(place, half)
        inside = magnitude[box.contains(latitude, longitude)]
        n = int(np.count_nonzero(inside >= m0 - 1e-9))
        if n >= ENOUGH or (half >= WIDEST_KM and n >= FEWEST):
            break
        if half >= FARTHEST_KM:
            raise _no_data(place, n, recent["origin_time"].max(), m0)
        half = min(half * WIDENING, WIDEST_KM if half < WIDEST_KM else FARTHEST_KM)
    while n > most and m0 + 0.1 <= place.magnitude + 1e-9:
        m0 = round(m0 + 0.1, 6)
        n = int(np.count_nonzero(inside >= m0 - 1e-9))
    return half, m0, n


def _square(place: Any, half_km: float) -> Box:
    height = half_km / KM_PER_DEG
    south, north = max(place.latitude - height, -89.9), min(place.latitude + height, 89.9)
    narrowest = math.cos(math.radians(max(abs(south), abs(north))))
    width = min(height / max(narrowest, 1e-3), 179.9)
    return Box.checked((south, north, place.longitude - width, place.longitude + width))


def _no_data(place: Any, n: int, when: pd.Timestamp, m0: float | None = None) -> DataError:
    size = "" if m0 is None else f" of M {m0:.1f} or more"
    return DataError(
        f"the catalogue has {n} events{size} within {FARTHEST_KM:,.0f} km of ({place.latitude:g}, "
        f"{place.longitude:g}) in the {FIT_YEARS} years before {when:%Y-%m-%d}",
        expected=f"{FEWEST} or more, to say anything about the place",
        remedy="Bring in a catalogue that covers it: python cmd/fetch, or --catalog FILE",
    )


def _generic(
    material, targets: pd.DataFrame, fit_date: pd.Timestamp, about: dict, why: str, b_value, highest
) -> Regional:
    """Kernels of a generic set, with the background that the region's events have under them."""
    history, box, days, m0 = material
    depth = targets["depth_km"].to_numpy(dtype=float)
    known = depth[np.isfinite(depth)]
    kind = "world" if known.size < FEWEST else "subduction" if np.mean(known > DEEP_KM) > DEEP_SHARE else "crust"
    table = generic_sets()
    end = pd.Timestamp(fit_date).tz_localize(None)
    vintages = [one for one in table["vintages"] if pd.Timestamp(one["end"]) <= end]
    vintage = (vintages or table["vintages"][:1])[-1]
    chosen = vintage["sets"][kind]
    parameters = from_log(np.array([0.0, *chosen["log_parameters"][1:]]), table["m0"])
    parameters = rescaled(parameters, m0, chosen["b_value"])
    if math.isnan(b_value) or _branching_ratio(parameters, b_value) >= ENDING_RATIO:
        b_value = chosen["b_value"]
    while _branching_ratio(parameters, b_value) >= ENDING_RATIO and parameters.m0 + 0.1 <= highest + 1e-9:
        parameters = rescaled(parameters, round(parameters.m0 + 0.1, 6), chosen["b_value"])
    targets = targets.loc[targets["magnitude"] >= parameters.m0 - 1e-9]
    parameters, background, share = _background(parameters, history, box, days)
    covariance = np.array(chosen["log_covariance"])
    covariance[0, 0] = 1 / max(share * len(targets), 1.0)  # of a Poisson number
    about |= {
        "source": "generic",
        "m0": parameters.m0,
        "events": len(targets),
        "name": f"{kind}, before {vintage['end'][:4]}",
        "reason": why,
        "generic": {"source": table["source"], "end": vintage["end"], "regions": chosen["regions"]},
        "generic_after_fit_date": not vintages,
    }
    return Regional(EtasModel(parameters, background, b_value, LARGEST_MAGNITUDE), covariance, about)


def _branching_ratio(parameters: EtasParameters, b_value: float) -> float:
    """Direct aftershocks of an event within `ENDING_DAYS`."""
    within = float(1 - omori_survival(parameters, ENDING_DAYS))
    return parameters.branching_ratio(b_value, LARGEST_MAGNITUDE) * within


def _background(parameters: EtasParameters, history, box: Box, days: float):
    """Background rate and map by declustering with known kernels; also the share of background events."""
    from dataclasses import replace

    sources = history[(history.magnitude >= parameters.m0 - 1e-9) & (history.time_days < days)]
    targets = sources[(sources.time_days >= 0) & box.contains(sources.latitude, sources.longitude)]
    kernels, chance = adaptive_kernels(targets, box), np.full(len(targets), 0.5)
    density = kernels.density(chance)
    prepared = likelihood_of(sources, targets, density, box, 0.0, days, parameters)
    for _ in range(20):
        parameters = replace(parameters, background_per_day=float(max(chance.sum(), 0.5) / days))
        chance = prepared.with_background(kernels.density(chance)).background_probability(parameters)
    return parameters, kernels.background(chance), float(chance.mean())


@cache
def generic_sets() -> dict[str, Any]:
    """The generic sets of parameters and the fits that they are means of; made by benchmarks/etas_generic.py."""
    return json.loads((Path(__file__).parent / "generic_etas.json").read_text(encoding="utf-8"))


def _as_json(found: Regional) -> dict[str, Any]:
    ground = found.model.background
    arrays = ("latitude", "longitude", "bandwidth_km", "weight", "depth_km")
    return {
        "about": found.about,
        "parameters": asdict(found.model.parameters),
        "b_value": found.model.b_value,
        "log_covariance": found.log_covariance.tolist(),
        "background": {name: np.asarray(getattr(ground, name)).tolist() for name in arrays}
        | {"region": list(ground.region), "uniform_share": ground.uniform_share},
    }


def _read(path: Path | None) -> Regional | None:
    """A kept model; None where there is none, or none that can be read."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8")) if path else None
        if kept is None:
            return None
        ground = kept["background"]
        region, share = Box(*ground.pop("region")), ground.pop("uniform_share")
        background = KernelBackground(region, **{k: np.array(v) for k, v in ground.items()}, uniform_share=share)
        parameters = EtasParameters(**kept["parameters"])
        model = EtasModel(parameters, background, kept["b_value"], LARGEST_MAGNITUDE)
        return Regional(model, np.array(kept["log_covariance"]), kept["about"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
