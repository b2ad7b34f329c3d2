"""A pool of circles, and ETAS walked forward through its years: each day's forecast is from fits made before it.

The schedule is stated here and depends on no result: every circle's own factors are fitted again each year, on its last
ten years; the shape every `SHAPE_YEARS` years, and each year from a date that is given (the end of training). A
forecast that enters a model as its offset is therefore out of sample on every day, as it will be when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mleq import progress
from mleq.forecast.days import midnights
from mleq.forecast.features import Past
from mleq.forecast.pool.circles import Circles
from mleq.forecast.pool.days import slow_rates, target_days, within_horizon
from mleq.forecast.pool.etas import Expected, Pairs, fit_shape, own_factors, pairs_near, triggered
from mleq.forecast.pool.shape import Shape

OWN_DAYS = 3652
SHAPE_DAYS = 20 * 365
SHAPE_YEARS = 5
SHAPE_CIRCLES = 100
"""So many circles, drawn by the seed, speak for the shape."""
SPIN_UP_YEARS, SPIN_UP_SHARE = 9, 0.4
"""Years of the pool before the first fit, or that share of what lies before the schedule's middle where it is less."""
BANDS_DAYS = (1.0, 10.0, 100.0)
"""Mean lifetimes that part what is triggered into bands."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Circles and the days on which they are forecast.

    Attributes
    ----------
    past : Past
    circles : Circles
    first_day : datetime64[D]
        Local date of the first day.
    n_days : int
        Each begins at an issue time.
    timezone : str
    magnitude : float
        Of the target.
    horizon : int
        Days.
    smallest : float
        Events of at least this magnitude trigger.
    seed : int
    base : Pool, optional
        The pool that a model has learnt from, where these circles are others.
    """

    past: Past
    circles: Circles
    first_day: np.datetime64
    n_days: int
    timezone: str
    magnitude: float
    horizon: int
    smallest: float
    seed: int
    base: Pool | None = None

    @property
    def learnt_from(self) -> Pool:
        """The pool whose circles speak for the world: itself, but for circles that are asked for later."""
        return self.base or self

    def elsewhere(self, circles: Circles) -> Pool:
        """Other circles on the same days, which draw on this pool for what is common."""
        return replace(self, circles=circles, base=self.learnt_from)

    @cached_property
    def midnights(self) -> np.ndarray:
        """Beginnings of the days and of the one after the last, UTC, shape (n_days + 1,)."""
        return midnights(self.first_day, self.n_days + 1, self.timezone).astype("datetime64[us]")

    @cached_property
    def dates(self) -> np.ndarray:
        """Local dates, datetime64[D], shape (n_days,)."""
        return self.first_day + np.arange(self.n_days)

    @cached_property
    def at(self) -> np.ndarray:
        """Issue times in days since the first, shape (n_days,)."""
        return (self.midnights[:-1] - self.midnights[0]) / np.timedelta64(86_400_000_000, "us")

    @cached_property
    def daily(self) -> np.ndarray:
        """Whether a target event came on the day, bool, shape (n_days, n_circles)."""
        return target_days(self.past, self.circles, self.midnights, self.magnitude)

    @cached_property
    def target(self) -> np.ndarray:
        """Whether one came within the horizon; of the last days only as far as the pool reaches."""
        tail = np.zeros((self.horizon - 1, len(self.circles)), bool)
        return within_horizon(np.concatenate([self.daily, tail]), self.horizon)

    @cached_property
    def slow(self) -> np.ndarray:
        """Slow rates, float32, shape (n_days, n_circles)."""
        return slow_rates(self.daily, self.learnt_from.daily)

    @cached_property
    def pairs(self) -> Pairs:
        """Events near each circle."""
        return pairs_near(self.past, self.circles, self.midnights[:-1], self.smallest)

    def day(self, date) -> int:
        """Number of a date."""
        return int((np.datetime64(date, "D") - self.first_day).astype(int))

    def span(self, start, end) -> slice:
        """Days from a date to before another, as far as the pool reaches."""
        return slice(max(self.day(start), 0), min(max(self.day(end), 0), self.n_days))


@dataclass(frozen=True, eq=False)
class Fit:
    """ETAS as it was fitted on a day: valid from then until the next fit.

    Attributes
    ----------
    made : datetime64[D]
    shape : Shape
    background, productivity : ndarray, shape (n_circles,)
        The circles' own factors.
    """

    made: np.datetime64
    shape: Shape
    background: np.ndarray
    productivity: np.ndarray

    def to_dict(self) -> dict:
        """Return JSON values."""
        own = {name: [round(float(x), 5) for x in getattr(self, name)] for name in ("background", "productivity")}
        return {"made": str(self.made), "shape": self.shape.to_dict(), **own}

    @classmethod
    def from_dict(cls, kept: dict) -> Fit:
        """Make again what `to_dict` gave."""
        own = (np.array(kept[name]) for name in ("background", "productivity"))
        return cls(np.datetime64(kept["made"], "D"), Shape(**kept["shape"]), *own)


def schedule(pool: Pool, yearly_from, last) -> list[tuple[np.datetime64, bool]]:
    """Dates of fits, and whether the shape is fitted anew: yearly steps back and forth from a date.

    Parameters
    ----------
    pool : Pool
    yearly_from : date
        A fit of everything is made on it; before it the shape is fitted every `SHAPE_YEARS`, after it yearly.
    last : date
        The last fit lies before or on it.
    """
    middle = np.datetime64(yearly_from, "D")
    within = middle - middle.astype("datetime64[Y]").astype("datetime64[D]")
    spin_up = min(SPIN_UP_YEARS * 365.25, SPIN_UP_SHARE * (middle - pool.first_day).astype(int))
    earliest = pool.first_day + np.timedelta64(int(spin_up), "D")

    def years_later(years: int) -> np.datetime64:
        return (middle.astype("datetime64[Y]") + years).astype("datetime64[D]") + within

    back = 0
    while years_later(back - 1) >= earliest:
        back -= 1
    found, years = [], back
    while (date := years_later(years)) <= np.datetime64(last, "D"):
        found.append((date, years >= 0 or years == back or years % SHAPE_YEARS == 0))
        years += 1
    return found


def walk_forward(
    pool: Pool,
    dates: Sequence[tuple[np.datetime64, bool]],
    shape: Shape | None = None,
    done: Sequence[Fit] = (),
    keep: Callable[[list[Fit]], None] = lambda fits: None,
) -> list[Fit]:
    """Fit ETAS on each date of a schedule, from what had happened by then.

    Parameters
    ----------
    pool : Pool
    dates : sequence of (datetime64[D], bool)
        See `schedule`; the first fits a shape.
    shape : Shape, optional
        Where the first search begins.
    done : sequence of Fit, optional
        Of the first dates, from a call that was stopped.
    keep : callable, optional
        Given all fits after each one, to go on from.

    Returns
    -------
    list of Fit
    """
    n_circles = len(pool.circles)
    some = np.random.default_rng(pool.seed).permutation(n_circles)[:SHAPE_CIRCLES]
    pairs = pool.pairs.of_circles(some, n_circles)
    fits = _whole(done, dates)
    shape, parts, start = fits[-1].shape if fits else shape or Shape(pool.magnitude), None, None
    with progress.task("fitting ETAS of the pool", total=len(dates), unit="fits") as shown:
        shown.advance(len(fits))
        for number, (date, anew) in list(enumerate(dates))[len(fits) :]:
            until = pool.day(date) - pool.horizon + 1
            if anew:
                days = slice(max(until - SHAPE_DAYS, 365), until)
                shape = fit_shape(
                    shape, pool.slow[:, some], pool.target[:, some], pairs, pool.at,
                    pool.circles.radius_km, pool.horizon, days,
                )  # fmt: skip
                after = [day for day, new in dates[number + 1 :] if new]
                first = max(until - OWN_DAYS, 0)
                parts = expect(pool, shape, slice(first, pool.day(after[0]) if after else pool.day(dates[-1][0])))
                start = first
            own = slice(max(until - OWN_DAYS - start, 0), until - start)
            fits.append(Fit(date, shape, *own_factors(parts[own], pool.target[start:][own])))
            keep(fits)
            shown.advance()
    return fits


def _whole(done: Sequence[Fit], dates: Sequence[tuple[np.datetime64, bool]]) -> list[Fit]:
    """Fits that were made before, back to where a shape is fitted next: what follows takes it from there."""
    n = min(len(done), len(dates))
    while n and n < len(dates) and not dates[n][1]:
        n -= 1
    same = all(fit.made == date for fit, (date, _) in zip(done[:n], dates, strict=False))
    return list(done[:n]) if same else []


def own_fits(pool: Pool, fits: Sequence[Fit]) -> list[Fit]:
    """The same fits for other circles: the shapes as they are, the circles' factors from their own days before each."""
    found = []
    for fit in fits:
        until = pool.day(fit.made) - pool.horizon + 1
        days = slice(max(until - OWN_DAYS, 0), until)
        a, k = own_factors(expect(pool, fit.shape, days), pool.target[days])
        found.append(replace(fit, background=a, productivity=k))
    return found


def expect(pool: Pool, shape: Shape, days: slice) -> Expected:
    """What a shape expects of some days, factors one."""
    found = triggered(
        shape, pool.pairs, pool.at, len(pool.circles), pool.circles.radius_km, pool.horizon, days
    )  # fmt: skip
    return Expected(background_of(pool, shape, days), found[0])


def background_of(pool: Pool, shape: Shape, days: slice) -> np.ndarray:
    """Expected background events, factor one, shape (n_days, n_circles)."""
    return np.float32(shape.phi * pool.horizon) * pool.slow[days]


@dataclass(frozen=True, eq=False)
class Offsets:
    """ETAS's forecasts of some days, and what they are made of; arrays of shape (n_days, n_circles) unless said.

    Attributes
    ----------
    days : slice
        Of the pool.
    probability : ndarray of float32
    background : ndarray of float32
        Expected background events, the circles' own factors included.
    triggered : ndarray of float32, shape (n_bands, n_days, n_circles)
        Expected triggered events by the time scale on which they fade, factors included.
    """

    days: slice
    probability: np.ndarray
    background: np.ndarray
    triggered: np.ndarray

    @property
    def log_odds(self) -> np.ndarray:
        """Log-odds of the probability."""
        return np.log(self.probability / (1 - self.probability))


def offsets(pool: Pool, fits: Sequence[Fit], days: slice) -> Offsets:
    """Forecast some days, each by the newest fit that was made on or before it (days before all take the first)."""
    made = np.array([pool.day(fit.made) for fit in fits])
    shape = (days.stop - days.start, len(pool.circles))
    background = np.empty(shape, np.float32)
    bands = np.empty((len(BANDS_DAYS) + 1, *shape), np.float32)
    which = np.maximum(np.searchsorted(made, np.arange(days.start, days.stop), side="right") - 1, 0)
    groups = {}
    for number in np.unique(which):
        groups.setdefault(fits[number].shape, []).append(number)
    for same, numbers in groups.items():
        inside = np.flatnonzero(np.isin(which, numbers))
        some = slice(days.start + inside[0], days.start + inside[-1] + 1)
        here = slice(inside[0], inside[-1] + 1)
        n, radius = len(pool.circles), pool.circles.radius_km
        bands[:, here] = triggered(same, pool.pairs, pool.at, n, radius, pool.horizon, some, BANDS_DAYS)
        background[here] = background_of(pool, same, some)
        for number in numbers:
            own = np.flatnonzero(which == number)
            own = slice(own[0], own[-1] + 1)
            background[own] *= fits[number].background.astype(np.float32)
            bands[:, own] *= fits[number].productivity.astype(np.float32)
    total = background + bands.sum(axis=0)
    return Offsets(days, np.clip(-np.expm1(-total), 1e-7, 1 - 1e-7), background, bands)
