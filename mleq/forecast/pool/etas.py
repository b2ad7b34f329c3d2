r"""ETAS in many circles at once: one shape for all, and for each circle its own background and productivity.

The expected number of target events in circle c over the horizon H that begins at t is

.. math:: \Lambda_c(t) = a_c\,\varphi\,\nu_c(t)\,H + k_c \sum_{t_i < t} A e^{\alpha (m_i - M)}\,
    S(r_i, m_i)\,[G(t + H - t_i) - G(t - t_i)],

with the Omori-Utsu law in G, S the share of an isotropic power law about the event that falls into the circle, and a
slowly varying background: :math:`\nu_c(t)` is the circle's rate of target days in its past, decayed over 3,000 days
and drawn to the pool's. The chance of a target day is :math:`1 - e^{-\Lambda}`. The shape (phi, A, alpha, c, p, D,
gamma, q) maximises the likelihood of the days of the circles; the circle's own factors a, k are maximum a posteriori
with log-normal priors. Later generations within the horizon enter by A, which is fitted on days.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mleq.etas.sphere import EARTH_RADIUS_KM
from mleq.forecast.features import Past
from mleq.forecast.pool.circles import Circles
from mleq.forecast.pool.shape import REACH_RADII, Shape, ShareTable, exponentials
from mleq.forecast.target import at_least

PRIOR_SD = 0.5
"""Of the logarithms of a circle's own factors."""
SHAPE_SD = 1.0
"""Of the logarithms of the shape's parameters, around the defaults of `Shape`."""
FARTHEST = 4.0
"""How far from the defaults the search goes, in logarithms."""
NEGLIGIBLE = 1e-6
FADED = 20.0
"""Lifetimes after which nothing is left of an exponential."""
STEP = 0.03
"""Of the logarithms, for the derivatives of the expected numbers."""
EVENTS_AT_ONCE = 100_000


@dataclass(frozen=True, eq=False)
class Pairs:
    """Events near circles, a row for each pair, ordered by the day on which they first count and by circle.

    Attributes
    ----------
    seen : ndarray of int32, shape (n_pairs,)
        Number of the first issue time after the event.
    circle : ndarray of int32, shape (n_pairs,)
    age : ndarray of float32, shape (n_pairs,)
        Days from the event to that issue time.
    place : ndarray of int16, shape (n_pairs,)
    beyond : ndarray of float32, shape (n_pairs,)
        Which distance of `ShareTable` lies below the event's from the centre, and how far on to the next it is.
    magnitude : ndarray of float32, shape (n_pairs,)
    """

    seen: np.ndarray
    circle: np.ndarray
    age: np.ndarray
    place: np.ndarray
    beyond: np.ndarray
    magnitude: np.ndarray

    @cached_property
    def levels(self) -> tuple[np.ndarray, np.ndarray]:
        """The magnitudes that there are, which are few, and of each pair the number of its own among them."""
        return np.unique(self.magnitude, return_inverse=True)

    def __getitem__(self, chosen) -> Pairs:
        return Pairs(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def of_circles(self, chosen: np.ndarray, n_circles: int) -> Pairs:
        """The pairs of some circles, which are numbered anew in the order given."""
        place = np.full(n_circles, -1, np.int32)
        place[chosen] = np.arange(len(chosen))
        kept = self[place[self.circle] >= 0]
        number = place[kept.circle]
        return replace(kept, circle=number)[np.lexsort((number, kept.seen))]


def pairs_near(past: Past, circles: Circles, issue_times: np.ndarray, smallest: float) -> Pairs:
    """Find the events of at least a magnitude near each circle.

    Parameters
    ----------
    past : Past
    circles : Circles
    issue_times : ndarray of datetime64, shape (n_days,), ascending
        Events at or after the last one are left out.
    smallest : float
        Magnitude.

    Returns
    -------
    Pairs
    """
    at = issue_times.astype("datetime64[us]")
    used = np.flatnonzero(at_least(past.magnitude, smallest) & (past.times < at[-1]))
    vectors, times = past.vectors[used], past.times[used]
    seen = np.searchsorted(at, times, side="right").astype(np.int32)
    age = ((at[seen] - times) / np.timedelta64(86_400_000_000, "us")).astype(np.float32)
    edge = 2 * math.sin(min(REACH_RADII * circles.radius_km / EARTH_RADIUS_KM, 3.1) / 2)
    rows, distances = [], []
    for centre in circles.vectors:
        chord = np.sqrt(np.maximum(2 - 2 * (vectors @ centre), 0))
        near = np.flatnonzero(chord <= edge)
        rows.append(near)
        exact = np.sqrt(np.sum((vectors[near] - centre) ** 2, axis=1))
        distances.append((2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(exact / 2, 1))).astype(np.float32))
    place, beyond = ShareTable.places(np.concatenate(distances) / circles.radius_km)
    circle = np.repeat(np.arange(len(circles), dtype=np.int32), [len(near) for near in rows])
    row = np.concatenate(rows)
    order = np.argsort(seen[row].astype(np.int64) * len(circles) + circle, kind="stable")
    row = row[order]
    magnitude = past.magnitude[used].astype(np.float32)
    place, beyond = place[order].astype(np.int16), beyond[order].astype(np.float32)
    return Pairs(seen[row], circle[order], age[row], place, beyond, magnitude[row])


def strengths(shape: Shape, pairs: Pairs, radius_km: float) -> np.ndarray:
    """Expected direct offspring of each pair's event in its circle, at any time, float32, shape (n_pairs,).

    Of each magnitude that there is, they are tabled by distance: there are thousands of pairs to each.
    """
    magnitudes, level = pairs.levels
    growth = magnitudes.astype(float) - shape.magnitude
    sigma = shape.d_km2 * np.exp(shape.gamma * growth)
    table = ShareTable(shape.q).of_sigmas(sigma / radius_km**2) * shape.A * np.exp(shape.alpha * growth)
    table = np.ascontiguousarray(table.T, np.float32)
    cell = level * table.shape[1] + pairs.place
    step = np.diff(table, axis=1, append=0)
    return table.ravel()[cell] + pairs.beyond * step.ravel()[cell]


def triggered(
    shape: Shape,
    pairs: Pairs,
    at: np.ndarray,
    n_circles: int,
    radius_km: float,
    horizon: float,
    days: slice,
    slowest: tuple[float, ...] = (),
) -> np.ndarray:
    """Expected direct offspring in each circle over the horizon that begins with each issue time.

    Parameters
    ----------
    shape : Shape
    pairs : Pairs
    at : ndarray, shape (n_days,)
        Issue times in days, ascending; `Pairs.seen` counts in them.
    n_circles : int
    radius_km, horizon : float
        Kilometres, days.
    days : slice
        Which issue times are asked for.
    slowest : tuple of float, optional
        Mean lifetimes in days that part the exponentials into bands, from fast to slow.

    Returns
    -------
    ndarray of float32, shape (len(slowest) + 1, n days asked for, n_circles)
        Of each band, for productivity factors of one; their sum is the whole.
    """
    first, last = days.start, days.stop
    strength = strengths(shape, pairs, radius_km)
    kept = np.flatnonzero(strength[: np.searchsorted(pairs.seen, last)] > NEGLIGIBLE)
    strength, seen, circle = strength[kept], pairs.seen[kept], pairs.circle[kept]
    # What happened before the first day asked for counts on it, at its age by then.
    start = np.maximum(seen, first)
    age = pairs.age[kept] + (at[start] - at[seen]).astype(np.float32)
    weight, rate = exponentials(shape)
    share = weight * -np.expm1(-rate * horizon)
    band = np.searchsorted(np.asarray(slowest, float), 1 / rate)
    shares = np.where(band == np.arange(len(slowest) + 1)[:, None], share, 0.0).astype(np.float32)
    state = np.zeros((rate.size, n_circles), np.float32)
    found = np.empty((len(slowest) + 1, last - first, n_circles), np.float32)
    paces = rate.astype(np.float32)
    early = np.searchsorted(seen, first, side="right")
    for number, pace in enumerate(paces):
        # By now the older ones have faded from it.
        since = np.searchsorted(seen, np.searchsorted(at, at[first] - FADED / pace - 1))
        some = slice(min(since, early), early)
        state[number] = np.bincount(circle[some], strength[some] * np.exp(-pace * age[some]), n_circles)
    found[:, 0] = shares @ state
    steps = np.diff(at[first:last])
    decay = {step: np.exp(-rate * step).astype(np.float32)[:, None] for step in np.unique(steps)}
    for day, new in enumerate(_arrivals(strength, age, start, circle, paces, days), start=1):
        state *= decay[steps[day - 1]]
        if new is not None:
            cells, sums = new
            state[:, cells] += sums
        found[:, day] = shares @ state
    return found


def _arrivals(
    strength: np.ndarray, age: np.ndarray, start: np.ndarray, circle: np.ndarray, paces: np.ndarray, days: slice
) -> Iterator[tuple[np.ndarray, np.ndarray] | None]:
    """What each day after the first adds to the exponentials: circles, and sums of shape (n paces, n circles).

    Many days' events are taken at once, up to EVENTS_AT_ONCE of them: most days have few.
    """
    edges = np.searchsorted(start, np.arange(days.start + 1, days.stop + 1))
    block_until = 0
    for day in range(1, days.stop - days.start):
        a, b = edges[day - 1], edges[day]
        if b == a:
            yield None
            continue
        if b > block_until:
            block_until = int(edges[np.searchsorted(edges, max(a + EVENTS_AT_ONCE, b), "right") - 1])
            chunk = slice(a, block_until)
            grown = strength[chunk] * np.exp(-paces[:, None] * age[chunk])
            begin = np.flatnonzero(np.diff((start[chunk].astype(np.int64) << 32) + circle[chunk], prepend=-1))
            sums, cells, sum_day = np.add.reduceat(grown, begin, axis=1), circle[chunk][begin], start[chunk][begin]
            sum_edges = np.searchsorted(sum_day, np.arange(days.start, days.stop + 1))
        here = slice(sum_edges[day], sum_edges[day + 1])
        yield cells[here], sums[:, here]


@dataclass(frozen=True, eq=False)
class Expected:
    """What a shape expects of each day and circle, with factors of one; arrays of shape (n_days, n_circles)."""

    background: np.ndarray
    triggered: np.ndarray

    def __getitem__(self, days: slice) -> Expected:
        return Expected(self.background[days], self.triggered[days])

    def probabilities(self, a: np.ndarray | float = 1.0, k: np.ndarray | float = 1.0) -> np.ndarray:
        """Chance of a target day, with the circles' factors on background and productivity."""
        return np.clip(-np.expm1(-a * self.background - k * self.triggered), 1e-7, 1 - 1e-7)


def log_likelihood(total: np.ndarray, came: np.ndarray) -> float:
    """Log-likelihood of days, of which `total` events are expected."""
    return float(np.log(-np.expm1(-total[came].astype(float))).sum() - total[~came].sum(dtype=float))


def fit_shape(
    first: Shape,
    slow: np.ndarray,
    came: np.ndarray,
    pairs: Pairs,
    at: np.ndarray,
    radius_km: float,
    horizon: int,
    days: slice,
    rounds: int = 10,
) -> Shape:
    """Fit the shape to some days of all circles given, by maximum a posteriori.

    Fisher scoring with derivatives of the expected numbers by finite differences of 3 %: the likelihood itself is only
    piecewise smooth in the parameters (the tabled share), on which a search by its own differences stays where it was.

    Parameters
    ----------
    first : Shape
        Where the search begins.
    slow, came : ndarray, shape (n_days, n_circles)
        The slow rates, and whether the target came true.
    pairs : Pairs
    at : ndarray, shape (n_days,)
    radius_km : float
    horizon : int
    days : slice
        Days that enter the likelihood.
    rounds : int, optional

    Returns
    -------
    Shape
    """
    centre, target, n_circles = Shape(first.magnitude).to_log(), came[days], came.shape[1]
    background = np.maximum(slow[days], 1e-9) * np.float32(horizon)

    def parts(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shape = Shape.from_log(first.magnitude, logs)
        return np.float32(shape.phi) * background, triggered(shape, pairs, at, n_circles, radius_km, horizon, days)[0]

    def score(total: np.ndarray, logs: np.ndarray) -> float:
        return log_likelihood(total, target) - 0.5 * np.sum((logs - centre) ** 2) / SHAPE_SD**2

    logs = np.clip(first.to_log(), centre - FARTHEST, centre + FARTHEST)
    b, t = parts(logs)
    now = score(b + t, logs)
    for _ in range(rounds):
        total = b + t
        slopes = np.empty((logs.size, total.size), np.float32)
        slopes[0], slopes[1] = b.ravel(), t.ravel()
        for i in range(2, logs.size):
            moved = logs.copy()
            moved[i] += STEP
            slopes[i] = ((parts(moved)[1] - t) / STEP).ravel()
        flat, true = total.ravel(), target.ravel()
        odds = 1 / np.expm1(flat)  # (1 - chance) / chance
        gradient = slopes @ np.where(true, odds, -1.0) - (logs - centre) / SHAPE_SD**2
        information = (slopes * odds) @ slopes.T + np.eye(logs.size) / SHAPE_SD**2
        # A parameter at its bound that is pushed outwards would spoil the step of the others: it stays.
        free = ~((np.abs(logs - centre) >= FARTHEST - 1e-9) & (gradient * (logs - centre) > 0))
        # Marquardt's damping, more of it until the step is uphill (1963, doi:10.1137/0111030).
        for damping in (0.0, 0.1, 1.0, 10.0, 100.0):
            curved = information + damping * np.diag(np.diag(information))
            step = np.zeros(logs.size)
            step[free] = np.linalg.solve(curved[np.ix_(free, free)], gradient[free])
            tried = np.clip(logs + np.clip(step, -0.7, 0.7), centre - FARTHEST, centre + FARTHEST)
            b1, t1 = parts(tried)
            value = score(b1 + t1, tried)
            if value > now:
                break
        else:
            break
        gained, logs, b, t, now = value - now, tried, b1, t1, value
        if gained < 0.1:
            break
    return Shape.from_log(first.magnitude, logs)


def own_factors(
    parts: Expected, came: np.ndarray, rounds: int = 12, start: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Each circle's factors on background and productivity by maximum a posteriori, from some days.

    Fisher scoring on both logarithms of all circles at once; priors are normal around zero.

    Parameters
    ----------
    parts : Expected
    came : ndarray of bool, shape (n_days, n_circles)
    rounds : int, optional
    start : ndarray, shape (2, n_circles), optional
        Logarithms to begin with.

    Returns
    -------
    a, k : ndarray, shape (n_circles,)
    """
    logs = np.zeros((2, came.shape[1])) if start is None else start.copy()
    day, circle = np.nonzero(came)
    n = came.shape[1]
    sums = np.stack([parts.background.sum(0, dtype=float), parts.triggered.sum(0, dtype=float)])
    at_events = np.stack([parts.background[day, circle], parts.triggered[day, circle]]).astype(float)

    def of_circles(values: np.ndarray) -> np.ndarray:
        return np.bincount(circle, values, n)

    # With x expected, log(1 - e^-x) of event-days is (log(1 - e^-x) + x) - x: all days enter by their sum, event-days
    # by a term of their own.
    for _ in range(rounds):
        b, t = at_events * np.exp(logs)[:, circle]
        odds = 1 / np.expm1(np.maximum(b + t, 1e-9))
        whole = sums * np.exp(logs)
        drawn = np.stack([of_circles((1 + odds) * b), of_circles((1 + odds) * t)])
        gradient = drawn - whole - logs / PRIOR_SD**2
        weight = odds * (1 + odds)
        # Curvature, made positive: at the solution `whole` and `drawn` differ by the prior's pull alone.
        h00, h11 = (
            np.stack([of_circles(weight * x * x) for x in (b, t)]) + np.maximum(whole - drawn, 0) + 1 / PRIOR_SD**2
        )
        h01 = of_circles(weight * b * t)
        determinant = h00 * h11 - h01**2
        step = np.stack([h11 * gradient[0] - h01 * gradient[1], h00 * gradient[1] - h01 * gradient[0]]) / determinant
        logs = np.clip(logs + np.clip(step, -0.7, 0.7), -3, 3)
        if np.abs(step).max() < 1e-4:
            break
    return np.exp(logs[0]), np.exp(logs[1])
