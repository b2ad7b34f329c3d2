"""What ETAS expects of an area in the coming days, given what has happened until now."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mleq.errors import RequestError
from mleq.etas.areas import Circle, Outline, shares
from mleq.etas.background import KernelBackground
from mleq.etas.history import History
from mleq.etas.parameters import EtasParameters, check_magnitudes
from mleq.etas.simulation import draw_magnitudes, offspring, omori_survival
from mleq.etas.sphere import Box, distance_km

EVENTS_AT_ONCE = 1_000_000  # expected events of the simulations that are made together
CELLS_AT_ONCE = 2_000_000


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
        in_time = (p.p - 1) / p.c_days * (1 + (time_days - past.time_days) / p.c_days) ** -p.p
        height = p.productivity * np.exp(p.alpha * growth) * in_time * (p.q - 1) / (math.pi * scale)
        rate = p.background_per_day * self.background.density(latitude, longitude)
        at_once = max(1, CELLS_AT_ONCE // max(1, len(past)))
        for first in range(0, latitude.size, at_once):
            part = slice(first, first + at_once)
            distance = distance_km(latitude[part, None], longitude[part, None], past.latitude, past.longitude)
            rate[part] += ((1 + distance**2 / scale) ** -p.q) @ height
        return rate

    def expected_numbers(
        self, history: History, area: Circle | Box, issue_times, days: float, magnitude: float
    ) -> np.ndarray:
        """Expected events in an area within `days` of each issue time, offspring of coming events left out.

        Each forecast looks only at events before its own issue time. The first order falls short of the
        truth by what events within the horizon trigger, more so the longer it is.

        Parameters
        ----------
        history : History
        area : Circle or Box
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
        outline = _outline(area)
        growth = history.magnitude - p.m0
        inside = shares(history.latitude, history.longitude, outline)
        strength = p.productivity * np.exp(p.alpha * growth)
        strength *= inside.of_power_law(p.d_km2 * np.exp(p.gamma * growth), p.q)

        expected = np.full(issue_times.size, p.background_per_day * days * self.background.share_in(outline))
        at_once = max(1, CELLS_AT_ONCE // max(1, len(history)))
        for first in range(0, issue_times.size, at_once):
            part = slice(first, first + at_once)
            elapsed = issue_times[part, None] - history.time_days
            past = np.maximum(elapsed, 0)
            in_time = omori_survival(p, past) - omori_survival(p, past + days)
            expected[part] += np.where(elapsed > 0, in_time, 0) @ strength
        return self.share_above(magnitude) * expected

    def first_order_probabilities(
        self, history: History, area: Circle | Box, issue_times, days: float, magnitude: float
    ) -> np.ndarray:
        """Chance of at least one event, 1 - exp(-expected number), for each issue time; shape (n,)."""
        return -np.expm1(-self.expected_numbers(history, area, issue_times, days, magnitude))

    def probability(
        self,
        history: History,
        area: Circle | Box,
        issue_time: float,
        days: float,
        magnitude: float,
        *,
        n_simulations: int = 10_000,
        seed: int | np.random.Generator,
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

        Returns
        -------
        dict of float
            `value`, with `low` and `high` of a 95 % interval that holds the noise of simulation alone.
        """
        _check_days(days)
        if n_simulations < 2:
            raise RequestError(f"{n_simulations!r} simulations", expected="at least 2")
        share, rng = self.share_above(magnitude), np.random.default_rng(seed)
        past = self._past(history, issue_time)
        none = np.concatenate(
            [
                (1 - share) ** self._events_in_area(past, area, issue_time, days, magnitude, size, rng)
                for size in self._batches(past, issue_time, days, n_simulations)
            ]
        )
        value, error = 1 - none.mean(), none.std(ddof=1) / math.sqrt(n_simulations)
        return {
            "value": float(value),
            "low": float(max(value - 1.96 * error, 0)),
            "high": float(min(value + 1.96 * error, 1)),
        }

    def _past(self, history: History, issue_time: float) -> History:
        return history[(history.time_days < issue_time) & (history.magnitude >= self.parameters.m0)]

    def _batches(self, past: History, issue_time: float, days: float, n_simulations: int) -> list[int]:
        """Sizes of batches of simulations that fit into memory."""
        p = self.parameters
        ratio = p.branching_ratio(self.b_value, self.magnitude_max)
        if ratio >= 1:
            raise RequestError(
                f"the branching ratio is {ratio:.3g}", expected="one below 1, or simulated sequences never end"
            )
        elapsed = issue_time - past.time_days
        direct = omori_survival(p, elapsed) - omori_survival(p, elapsed + days)
        expected = p.productivity * np.exp(p.alpha * (past.magnitude - p.m0)) @ direct
        expected = (expected + p.background_per_day * days) / (1 - ratio)
        size = max(1, min(n_simulations, int(EVENTS_AT_ONCE / max(expected, 1e-9))))
        full, rest = divmod(n_simulations, size)
        return [size] * full + [rest] * (rest > 0)

    def _events_in_area(self, past, area, issue_time, days, magnitude, worlds, rng) -> np.ndarray:
        """Continue the history in many worlds and count events from m0 up in the area; shape (worlds,)."""
        p, end, m0 = self.parameters, issue_time + days, self.parameters.m0
        below = min(magnitude, self.magnitude_max)

        def complete(generation, world):
            inside = area.contains(generation["latitude"], generation["longitude"])
            largest = np.where(inside, below, self.magnitude_max)
            generation["magnitude"] = draw_magnitudes(rng, inside.size, m0, largest, self.b_value)
            counted = np.bincount(world[inside], minlength=worlds)
            return generation | {"world": world}, counted

        n = rng.poisson(worlds * p.background_per_day * days)
        latitude, longitude, _ = self.background.sample(rng, n)
        parents = {
            "time_days": past.time_days,
            "latitude": past.latitude,
            "longitude": past.longitude,
            "magnitude": past.magnitude,
        }
        direct = offspring(p, parents, issue_time, end, rng, copies=worlds)
        first = {
            "time_days": np.concatenate([rng.uniform(issue_time, end, n), direct["time_days"]]),
            "latitude": np.concatenate([latitude, direct["latitude"]]),
            "longitude": np.concatenate([longitude, direct["longitude"]]),
        }
        # Poisson numbers shared out at random among worlds are independent Poisson numbers in each.
        generation, count = complete(first, rng.integers(worlds, size=first["time_days"].size))
        while generation["time_days"].size:
            children = offspring(p, generation, issue_time, end, rng)
            generation, counted = complete(children, generation["world"][children["parent"]])
            count += counted
        return count


def _check_days(days: float) -> None:
    if not (math.isfinite(days) and days > 0):
        raise RequestError(f"a horizon of {days!r} days", expected="a number above 0")


def _outline(area: Circle | Box) -> Outline:
    return Outline.of_box(area) if isinstance(area, Box) else area.outline()
