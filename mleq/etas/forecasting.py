"""What ETAS expects of an area in the coming days, given what has happened until now."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from mleq.errors import RequestError
from mleq.etas.areas import Circle, Outline, shares
from mleq.etas.background import KernelBackground
from mleq.etas.continuation import Question, counts
from mleq.etas.decay import omori_density, omori_survival
from mleq.etas.history import History
from mleq.etas.parameters import EtasParameters, check_magnitudes
from mleq.etas.polygon import Polygon
from mleq.etas.sphere import Box, distance_km
from mleq.etas.uncertainty import drawn_parameters

CELLS_AT_ONCE = 2_000_000
PARAMETER_SETS = 100


@dataclass(frozen=True)
class EtasModel:
    """ETAS with all it needs to look ahead.

    Parameters
    ----------
    parameters : EtasParameters
    background : KernelBackground
    b_value, magnitude_max : float
        The truncated Gutenberg-Richter law of magnitudes from m0 up.
    """

    parameters: EtasParameters
    background: KernelBackground
    b_value: float
    magnitude_max: float

    def __post_init__(self):
        check_magnitudes(self.parameters.m0, self.magnitude_max, self.b_value)

    def share_above(self, magnitude: float) -> float:
        """Share of events from m0 up that reach a magnitude.

        Raises
        ------
        mleq.errors.RequestError
            If the magnitude lies below m0, of which the model knows nothing.
        """
        m0 = self.parameters.m0
        if not magnitude >= m0:
            raise RequestError(f"magnitude {magnitude!r}", expected=f"one from m0 = {m0:g} up, which the model counts")
        if magnitude >= self.magnitude_max:
            return 0.0
        beta, width = self.b_value * math.log(10), self.magnitude_max - m0
        beyond = math.exp(-beta * width)
        return (math.exp(-beta * (magnitude - m0)) - beyond) / (1 - beyond)

    def intensity(self, history: History, time_days: float, latitude, longitude) -> np.ndarray:
        """Conditional intensity of events from m0 up at places and a time, per day and km2, shape (n,).

        Events of the history at or after the time are not looked at.
        """
        p, past = self.parameters, self._past(history, time_days)
        latitude, longitude = np.atleast_1d(latitude), np.atleast_1d(longitude)
        growth = past.magnitude - p.m0
        scale = p.d_km2 * np.exp(p.gamma * growth)
        in_time = omori_density(p, time_days - past.time_days)
        height = p.productivity * np.exp(p.alpha * growth) * in_time * (p.q - 1) / (math.pi * scale)
        rate = p.background_per_day * self.background.density(latitude, longitude)
        at_once = max(1, CELLS_AT_ONCE // max(1, len(past)))
        for first in range(0, latitude.size, at_once):
            part = slice(first, first + at_once)
            distance = distance_km(latitude[part, None], longitude[part, None], past.latitude, past.longitude)
            rate[part] += ((1 + distance**2 / scale) ** -p.q) @ height
        return rate

    def expected_numbers(
        self, history: History, area: Circle | Box | Polygon, issue_times, days: float, magnitude: float
    ) -> np.ndarray:
        """Expected events in an area within `days` of each issue time, offspring of coming events left out.

        Each forecast looks only at events before its own issue time. The first order falls short of the
        truth by what events within the horizon trigger, more so the longer it is.

        Parameters
        ----------
        history : History
        area : Circle or Box or Polygon
        issue_times : array_like, shape (n,)
            In the days of the history.
        days : float
            Horizon.
        magnitude : float
            Smallest magnitude that counts; at least m0.

        Returns
        -------
        numpy.ndarray, shape (n,)
        """
        _check_days(days)
        p, issue_times = self.parameters, np.atleast_1d(np.asarray(issue_times, dtype=float))
        history = self._past(history, issue_times.max(initial=-np.inf))
        outline = outline_of(area)
        strength = self._strength(history, outline)
        expected = np.full(issue_times.size, p.background_per_day * days * self.background.share_in(outline))
        at_once = max(1, CELLS_AT_ONCE // max(1, len(history)))
        for first in range(0, issue_times.size, at_once):
            part = slice(first, first + at_once)
            elapsed = issue_times[part, None] - history.time_days
            past = np.maximum(elapsed, 0)
            in_time = omori_survival(p, past) - omori_survival(p, past + days)
            expected[part] += np.where(elapsed > 0, in_time, 0) @ strength
        return self.share_above(magnitude) * expected

    def contributions(
        self, history: History, area: Circle | Box | Polygon, issue_time: float, days: float, magnitude: float
    ) -> tuple[np.ndarray, float]:
        """What each event, and the background, adds to the expected number of first order.

        Parameters
        ----------
        history, area, days, magnitude
            As in `expected_numbers`.
        issue_time : float

        Returns
        -------
        numpy.ndarray, shape (n_events,)
            In the order of the history; 0 for events that are not looked at.
        float
            The background's part. All parts together are `expected_numbers`.
        """
        _check_days(days)
        p, outline = self.parameters, outline_of(area)
        used = np.flatnonzero((history.time_days < issue_time) & (history.magnitude >= p.m0))
        past, parts = history[used], np.zeros(len(history))
        elapsed, strength = issue_time - past.time_days, self._strength(past, outline)
        parts[used] = strength * (omori_survival(p, elapsed) - omori_survival(p, elapsed + days))
        share = self.share_above(magnitude)
        return share * parts, share * p.background_per_day * days * self.background.share_in(outline)

    def expected_between(self, history: History, area: Circle | Box | Polygon, start: float, end: float) -> float:
        """Expected events of m0 and above in an area from `start` to `end`, each past event known as it happens.

        It is the integral of the conditional intensity: what `mleq.etas.expected_until` gives, for an area inside the
        region.
        """
        p, outline = self.parameters, outline_of(area)
        past = self._past(history, end)
        opens, closes = (omori_survival(p, np.maximum(at - past.time_days, 0)) for at in (start, end))
        background = p.background_per_day * (end - start) * self.background.share_in(outline)
        return float(background + np.einsum("n,n->", self._strength(past, outline), opens - closes))

    def _strength(self, events: History, outline: Outline) -> np.ndarray:
        """Expected direct offspring of each event inside an outline, at any time, shape (n,)."""
        p, growth = self.parameters, events.magnitude - self.parameters.m0
        inside = shares(events.latitude, events.longitude, outline)
        return p.productivity * np.exp(p.alpha * growth) * inside.of_power_law(p.d_km2 * np.exp(p.gamma * growth), p.q)

    def first_order_probabilities(
        self, history: History, area: Circle | Box | Polygon, issue_times, days: float, magnitude: float
    ) -> np.ndarray:
        """Chance of at least one event, 1 - exp(-expected number), for each issue time; shape (n,)."""
        return -np.expm1(-self.expected_numbers(history, area, issue_times, days, magnitude))

    def probability(
        self,
        history: History,
        area: Circle | Box | Polygon,
        issue_time: float,
        days: float,
        magnitude: float,
        *,
        n_simulations: int = 10_000,
        seed: int | np.random.Generator,
        known_until: float | None = None,
        log_covariance: np.ndarray | None = None,
        parameter_sets: int = PARAMETER_SETS,
    ) -> dict[str, float]:
        r"""Chance of at least one event in an area, offspring of coming events included, by simulation.

        The history is continued many times. An event that falls into the area is given a magnitude below
        the one asked for, and the world a factor of 1 - s, where s is the share of events that reach it.
        The mean of

        .. math:: (1 - s)^{\text{events in the area}}

        over these worlds is the chance of no such event, without bias and with far less noise than counting
        the worlds that have one.

        Parameters
        ----------
        history, area, days, magnitude
            As in `expected_numbers`.
        issue_time : float
            Events at or after it are not looked at.
        n_simulations : int, optional
            How many continuations.
        seed : int or numpy.random.Generator
        known_until : float, optional
            Where the catalogue ends, if before the issue time: what came in between is simulated too.
        log_covariance : numpy.ndarray, shape (8, 8) or (9, 9), optional
            Of the logarithms of the parameters, as of `EtasFit`. With it, sets of parameters are drawn, each for a
            part of the continuations, and their mean is the chance.
        parameter_sets : int, optional
            How many.

        Returns
        -------
        dict of float
            `value`, with `low` and `high` of a 95 % interval. It holds the noise of simulation, and the uncertainty
            of the parameters if a covariance is given.
        """
        _check_days(days)
        if n_simulations < 2:
            raise RequestError(f"{n_simulations!r} simulations", expected="at least 2")
        share, rng = self.share_above(magnitude), np.random.default_rng(seed)
        begin = issue_time if known_until is None else min(known_until, issue_time)
        question = Question(area, issue_time, issue_time + days, magnitude)
        past = self._past(history, begin)
        sets = [self.parameters]
        if log_covariance is not None:
            number = min(parameter_sets, n_simulations // 2)
            sets = drawn_parameters(
                self.parameters, log_covariance, number, rng, self._ratio_within(question.end - begin)
            )
        worlds = np.diff(np.linspace(0, n_simulations, len(sets) + 1).astype(int))
        none = [
            (1 - share) ** counts(replace(self, parameters=one), past, question, begin, number, rng)
            for one, number in zip(sets, worlds, strict=True)
        ]
        return _summary(none)

    def _past(self, history: History, issue_time: float) -> History:
        return history[(history.time_days < issue_time) & (history.magnitude >= self.parameters.m0)]

    def _ratio_within(self, days: float):
        """A function of parameters: mean number of direct offspring that come within some days."""
        return lambda p: p.branching_ratio(self.b_value, self.magnitude_max) * float(1 - omori_survival(p, days))


def _summary(none: list[np.ndarray]) -> dict[str, float]:
    """Chance and 95 % interval from the chances of no event in each world, an array for each set of parameters."""
    every = np.concatenate(none)
    value, noise = 1 - every.mean(), every.var(ddof=1) / every.size
    low = high = 1.96 * math.sqrt(noise)
    if len(none) > 1:
        by_set = 1 - np.array([one.mean() for one in none])
        within = np.mean([one.var(ddof=1) / one.size for one in none])
        # Few worlds a set scatter the sets' chances more than the parameters do: that part is taken out again.
        spread = math.sqrt(max(1 - within / max(by_set.var(ddof=1), 1e-300), 0))
        ends = (np.quantile(by_set, [0.025, 0.975]) - by_set.mean()) * spread
        low, high = math.hypot(low, min(ends[0], 0)), math.hypot(high, max(ends[1], 0))
    return {"value": float(value), "low": float(max(value - low, 0)), "high": float(min(value + high, 1))}


def _check_days(days: float) -> None:
    if not (math.isfinite(days) and days > 0):
        raise RequestError(f"a horizon of {days!r} days", expected="a number above 0")


def outline_of(area: Circle | Box | Polygon) -> Outline:
    """The outline of any area."""
    return Outline.of_box(area) if isinstance(area, Box) else area.outline()
