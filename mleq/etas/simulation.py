"""Whole catalogues by branching simulation, a generation at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from mleq.errors import Mistake
from mleq.etas.areas import region_of
from mleq.etas.background import KernelBackground, fault_like_background
from mleq.etas.decay import omori_quantile, omori_survival
from mleq.etas.parameters import EtasParameters, check_magnitudes
from mleq.etas.sphere import destination

LARGEST_CATALOG = 20_000_000  # events; about 1.5 GB while simulating


def simulate_catalog(
    region: tuple[float, float, float, float],
    start: Any,
    end: Any,
    parameters: EtasParameters,
    *,
    b_value: float,
    magnitude_max: float,
    seed: int | np.random.Generator,
    magnitude_min: float | None = None,
    background: KernelBackground | None = None,
    burn_in_days: float = 3652.5,
    keep_outside: bool = False,
) -> dict[str, np.ndarray]:
    """Simulate a space-time ETAS catalogue by its branching structure (Zhuang, Ogata and Vere-Jones 2004).

    Background events are a Poisson process in time, placed by `background`. Each event of any generation
    has a Poisson number of direct offspring with mean `A exp(alpha (m - m0))`, Omori-Utsu times, isotropic
    power-law distances whose scale grows with its magnitude, and magnitudes that follow the truncated
    Gutenberg-Richter law whatever the parent's. The cascade begins `burn_in_days` before `start`, so that
    aftershocks of earlier events are present from the first day. The share of direct offspring that come
    later than the burn-in, (1 + burn_in/c)^(1-p) without taper, is what a catalogue still lacks at its start.

    Offspring that leave the region stay in the cascade, since their own offspring may return, but are not
    in the catalogue unless `keep_outside`. No events come in from background outside the region.

    Parameters
    ----------
    region : tuple of float
        (south, north, west, east) in degrees; `west > east` crosses the antimeridian.
    start, end : float or date or str or numpy.datetime64 or pandas.Timestamp
        The catalogue covers [start, end): two numbers of days, or two dates (UTC where they name no zone).
    parameters : EtasParameters
        Rates, kernels and m0, from which magnitudes are simulated.
    b_value : float
        Slope of the Gutenberg-Richter law.
    magnitude_max : float
        Largest magnitude; finite.
    seed : int or numpy.random.Generator
        The same seed makes the same catalogue, background included.
    magnitude_min : float, optional
        Events below are simulated, and trigger, but are not in the catalogue; at least m0, which is the
        default.
    background : KernelBackground, optional
        Where background events happen; by default `fault_like_background` drawn from the seed.
    burn_in_days : float, optional
        How long before `start` the cascade begins; ten years by default.
    keep_outside : bool, optional
        Keep the events that fell outside the region.

    Returns
    -------
    dict of numpy.ndarray
        In time order, each of shape (n_events,): `time_days` (since start), `latitude`, `longitude`
        (degrees, the latter in [-180, 180)), `depth_km`, `magnitude`, `generation` (int, 0 for background),
        `parent` (int, position of the parent in these arrays; -1 for background and where the parent is not
        in the catalogue).

    Raises
    ------
    mleq.errors.Mistake
        If the branching ratio is 1 or more, the expected catalogue exceeds 20 million events, or an
        argument is out of range.

    References
    ----------
    Zhuang, J., Ogata, Y. and Vere-Jones, D. (2004). J. Geophys. Res. 109, B05301. doi:10.1029/2003JB002879
    """
    box = region_of(region)
    duration = days_between(start, end)
    magnitude_min = parameters.m0 if magnitude_min is None else magnitude_min
    _check(parameters, duration, burn_in_days, b_value, magnitude_min, magnitude_max)
    rng = np.random.default_rng(seed)
    background = fault_like_background(box, rng) if background is None else background

    families = _cascade(parameters, background, -burn_in_days, duration, b_value, magnitude_max, rng)
    kept = (families["time_days"] >= 0) & (families["magnitude"] >= magnitude_min)
    if not keep_outside:
        kept &= box.contains(families["latitude"], families["longitude"])
    return _in_time_order(families, kept)


def days_between(start: Any, end: Any) -> float:
    """Days from `start` to `end`, both numbers of days or both dates.

    Raises
    ------
    mleq.errors.Mistake
        If they cannot be understood or the second is not later.
    """
    try:
        if isinstance(start, int | float | np.number) and isinstance(end, int | float | np.number):
            days = float(end) - float(start)
        else:
            days = (pd.to_datetime(end, utc=True) - pd.to_datetime(start, utc=True)) / pd.Timedelta(days=1)
    except (TypeError, ValueError) as error:
        raise Mistake(f"a period from {start!r} to {end!r}", expected="two dates or two numbers of days") from error
    if not (math.isfinite(days) and days > 0):
        raise Mistake(f"a period from {start!r} to {end!r}", expected="an end later than the start")
    return days


def draw_magnitudes(
    rng: np.random.Generator, n: int, m0: float, magnitude_max: float | np.ndarray, b_value: float
) -> np.ndarray:
    """Magnitudes of the truncated Gutenberg-Richter law by inverse distribution function, shape (n,)."""
    beta = b_value * math.log(10)
    return m0 - np.log1p(rng.random(n) * np.expm1(-beta * (magnitude_max - m0))) / beta


def _check(parameters, duration, burn_in_days, b_value, magnitude_min, magnitude_max) -> None:
    check_magnitudes(parameters.m0, magnitude_max, b_value)
    if not math.isfinite(magnitude_max):
        raise Mistake("no largest magnitude for the simulation", expected="a finite one, such as 8.5")
    if not parameters.m0 <= magnitude_min < magnitude_max:
        raise Mistake(
            f"a smallest magnitude of {magnitude_min!r}",
            expected=f"one between m0 = {parameters.m0:g} and the largest magnitude, {magnitude_max:g}",
        )
    if not (math.isfinite(burn_in_days) and burn_in_days >= 0):
        raise Mistake(f"a burn-in of {burn_in_days!r} days", expected="0 or more")
    ratio = parameters.branching_ratio(b_value, magnitude_max)
    if ratio >= 1:
        raise Mistake(
            f"the branching ratio is {ratio:.3g} (productivity {parameters.productivity:g},"
            f" alpha {parameters.alpha:g}, b {b_value:g}, magnitudes {parameters.m0:g} to {magnitude_max:g}):"
            " aftershock sequences would never end",
            expected="a ratio below 1",
            remedy="Lower the productivity, alpha or the largest magnitude, or raise b.",
        )
    expected = parameters.background_per_day * (duration + burn_in_days) / (1 - ratio)
    if expected > LARGEST_CATALOG:
        raise Mistake(
            f"about {expected:.2g} events would be simulated, burn-in included",
            expected=f"at most {LARGEST_CATALOG:.0e}",
            remedy="Lower the background rate, the period or the branching ratio.",
        )


def _cascade(parameters, background, begin, end, b_value, magnitude_max, rng) -> dict[str, np.ndarray]:
    """All events of [begin, end), background first, then one generation after the other."""
    n = rng.poisson(parameters.background_per_day * (end - begin))
    latitude, longitude, depth = background.sample(rng, n)
    generation = {
        "time_days": rng.uniform(begin, end, n),
        "latitude": latitude,
        "longitude": longitude,
        "depth_km": depth,
        "magnitude": draw_magnitudes(rng, n, parameters.m0, magnitude_max, b_value),
        "generation": np.zeros(n, dtype=np.int64),
        "parent": np.full(n, -1, dtype=np.int64),
    }
    generations, first = [generation], 0
    while generation["time_days"].size:
        parents, generation = generation, offspring(parameters, generation, begin, end, rng)
        parent, n = generation["parent"], generation["parent"].size
        generation |= {
            # A few kilometres of scatter about the parent's depth, reflected at the surface.
            "depth_km": np.abs(parents["depth_km"][parent] + rng.laplace(0.0, 2.5, n)),
            "magnitude": draw_magnitudes(rng, n, parameters.m0, magnitude_max, b_value),
            "generation": parents["generation"][parent] + 1,
            "parent": parent + first,
        }
        first += parents["time_days"].size
        generations.append(generation)
    return {name: np.concatenate([one[name] for one in generations]) for name in generations[0]}


def offspring(
    parameters: EtasParameters,
    parents: dict[str, np.ndarray],
    begin: float,
    end: float,
    rng: np.random.Generator,
    copies: int = 1,
) -> dict[str, np.ndarray]:
    """Draw the direct offspring of events in [begin, end): when and where, not how strong.

    Parameters
    ----------
    parameters : EtasParameters
    parents : dict of numpy.ndarray, shape (n_parents,)
        `time_days` (before `end`), `latitude`, `longitude`, `magnitude`.
    begin, end : float
        Offspring at other times are never drawn: their number is thinned and times are conditioned.
    rng : numpy.random.Generator
    copies : int, optional
        Draw for this many independent worlds at once.

    Returns
    -------
    dict of numpy.ndarray, shape (n_offspring,)
        `time_days`, `latitude`, `longitude`, and `parent`, the position among `parents`.
    """
    growth = parents["magnitude"] - parameters.m0
    opens = omori_survival(parameters, np.maximum(begin - parents["time_days"], 0))
    closes = omori_survival(parameters, end - parents["time_days"])
    mean = parameters.productivity * np.exp(parameters.alpha * growth) * (opens - closes)
    number = rng.poisson(copies * mean)
    parent = np.repeat(np.arange(number.size), number)
    n = parent.size

    later = opens[parent] - rng.random(n) * (opens - closes)[parent]
    elapsed = omori_quantile(parameters, later)
    scale = parameters.d_km2 * np.exp(parameters.gamma * growth[parent])
    distance = np.sqrt(scale * np.expm1(np.log1p(-rng.random(n)) / (1 - parameters.q)))
    latitude, longitude = destination(
        parents["latitude"][parent], parents["longitude"][parent], rng.uniform(0, 360, n), distance
    )
    # Rounding may carry times to the edges, or just beyond.
    time_days = np.clip(parents["time_days"][parent] + elapsed, begin, np.nextafter(end, -np.inf))
    return {"time_days": time_days, "latitude": latitude, "longitude": longitude, "parent": parent}


def _in_time_order(families: dict[str, np.ndarray], kept: np.ndarray) -> dict[str, np.ndarray]:
    """The kept events sorted by time, with parents renumbered."""
    order = np.flatnonzero(kept)
    order = order[np.argsort(families["time_days"][order], kind="stable")]
    position = np.full(kept.size + 1, -1, dtype=np.int64)  # the last slot answers for parent -1
    position[order] = np.arange(order.size)
    catalog = {name: values[order] for name, values in families.items()}
    catalog["parent"] = position[catalog["parent"]]
    return catalog
