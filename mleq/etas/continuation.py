"""How a history may go on: simulated worlds, a generation at a time, and what they bring to an area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mleq.errors import RequestError
from mleq.etas.decay import omori_survival
from mleq.etas.history import History
from mleq.etas.simulation import draw_magnitudes, offspring

if TYPE_CHECKING:
    from mleq.etas.forecasting import EtasModel

EVENTS_AT_ONCE = 1_000_000  # expected events of the worlds that are made together


@dataclass(frozen=True)
class Question:
    """What is counted: events of a magnitude in an area and a stretch of time.

    Parameters
    ----------
    area : Circle or Box or Polygon
    begin, end : float
        In the days of the history.
    magnitude : float
    """

    area: Any
    begin: float
    end: float
    magnitude: float

    def concerns(self, generation: dict[str, np.ndarray]) -> np.ndarray:
        """Which events lie in the area and the time, shape (n,)."""
        when = generation["time_days"] >= self.begin
        return when & self.area.contains(generation["latitude"], generation["longitude"])


def counts(
    model: EtasModel, past: History, question: Question, begin: float, n_worlds: int, rng: np.random.Generator
) -> np.ndarray:
    """Events from m0 up that fall under a question, in worlds where none of them reaches its magnitude.

    Parameters
    ----------
    model : EtasModel
    past : History
        The events before `begin`, all of m0 and above.
    question : Question
    begin : float
        From when on is simulated; not after the question's begin.
    n_worlds : int
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape (n_worlds,)
    """
    below, top = min(question.magnitude, model.magnitude_max), model.magnitude_max
    count = np.zeros(n_worlds, dtype=np.int64)
    for first, size in batches(model, past, begin, question.end, n_worlds):

        def limit(generation):
            return np.where(question.concerns(generation), below, top)

        for generation, world in worlds(model, past, begin, question.end, size, rng, limit):
            count[first : first + size] += np.bincount(world[question.concerns(generation)], minlength=size)
    return count


def worlds(model: EtasModel, past: History, begin: float, end: float, n_worlds: int, rng, limit=None):
    """Continue a history over [begin, end) in many independent worlds, a generation of all of them at a time.

    Parameters
    ----------
    model, past, begin, n_worlds, rng
        As in `counts`.
    end : float
    limit : callable, optional
        Takes a generation and gives the largest magnitude for each of its events.

    Yields
    ------
    generation : dict of numpy.ndarray, shape (n_events,)
        `time_days`, `latitude`, `longitude`, `magnitude`.
    world : numpy.ndarray of int, shape (n_events,)
        In which world each event is.
    """
    p = model.parameters
    n = rng.poisson(n_worlds * p.background_per_day * (end - begin))
    latitude, longitude, _ = model.background.sample(rng, n)
    names = ("time_days", "latitude", "longitude", "magnitude")
    direct = offspring(p, {name: getattr(past, name) for name in names}, begin, end, rng, copies=n_worlds)
    generation = {
        "time_days": np.concatenate([rng.uniform(begin, end, n), direct["time_days"]]),
        "latitude": np.concatenate([latitude, direct["latitude"]]),
        "longitude": np.concatenate([longitude, direct["longitude"]]),
    }
    # Poisson numbers shared out at random among worlds are independent Poisson numbers in each.
    world = rng.integers(n_worlds, size=generation["time_days"].size)
    while world.size:
        largest = model.magnitude_max if limit is None else limit(generation)
        generation["magnitude"] = draw_magnitudes(rng, world.size, p.m0, largest, model.b_value)
        yield generation, world
        generation = offspring(p, generation, begin, end, rng)
        world = world[generation.pop("parent")]


def batches(model: EtasModel, past: History, begin: float, end: float, n_worlds: int):
    """First world and number of worlds of batches that fit into memory."""
    p, days = model.parameters, end - begin
    # Only offspring within the horizon are made: with p near 1, most of all that ever come lie far beyond.
    within = float(1 - omori_survival(p, days))
    ratio = p.branching_ratio(model.b_value, model.magnitude_max) * within
    if ratio >= 1:
        raise RequestError(
            f"the branching ratio within {days:g} days is {ratio:.3g}",
            expected="one below 1, or simulated sequences never end",
        )
    elapsed = begin - past.time_days
    direct = omori_survival(p, elapsed) - omori_survival(p, elapsed + days)
    expected = p.productivity * np.exp(p.alpha * (past.magnitude - p.m0)) @ direct
    expected = (expected + p.background_per_day * days) / (1 - ratio)
    size = max(1, min(n_worlds, int(EVENTS_AT_ONCE / max(expected, 1e-9))))
    for first in range(0, n_worlds, size):
        yield first, min(size, n_worlds - first)
