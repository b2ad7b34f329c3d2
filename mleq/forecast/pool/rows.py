"""Days of circles that residual models learn from, and the model's score on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mleq.forecast.pool.inputs import inputs_by_circle
from mleq.forecast.pool.walk import Offsets, Pool

QUIET_SHARE = 0.12
"""Share of the days without an event that training looks at, each weighted by its reciprocal."""
WARM_UP_DAYS, WARM_UP_SHARE = 730, 0.2
"""Days after ETAS's first forecast from which on its errors are known well enough to learn from; or that share."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Days of circles.

    Attributes
    ----------
    inputs : ndarray of float16, shape (n, len(INPUTS))
    came : ndarray of bool, shape (n,)
    log_odds : ndarray of float32, shape (n,)
        ETAS's, out of sample.
    weight : ndarray of float32, shape (n,)
        How many days each row stands for.
    day, circle : ndarray of int32, shape (n,)
        Of the pool.
    """

    inputs: np.ndarray
    came: np.ndarray
    log_odds: np.ndarray
    weight: np.ndarray
    day: np.ndarray
    circle: np.ndarray

    def __len__(self) -> int:
        return self.came.size

    def __getitem__(self, chosen) -> Rows:
        return Rows(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def before(self, day: int, horizon: int) -> Rows:
        """The rows whose target is decided as a day begins."""
        return self[self.day + horizon <= day]

    def log_loss(self, log_odds: np.ndarray) -> float:
        """Mean log score of a forecast of the rows, nats a day."""
        loss = np.logaddexp(0.0, log_odds, dtype=float) - np.where(self.came, log_odds, 0.0)
        return float(np.average(loss, weights=self.weight))


def gather(pool: Pool, known: Offsets, validation: slice, seed: int, share: float = QUIET_SHARE) -> tuple[Rows, Rows]:
    """Take the days to learn from: all with an event and a share of the others; and all days of the validation part.

    To look at a share of the quiet days, weighted by its reciprocal, leaves the expected loss as it is and saves most
    of the time and memory; no forecast has to be corrected for it.

    Parameters
    ----------
    pool : Pool
    known : Offsets
        ETAS's forecasts, from the first fit to the pool's end.
    validation : slice
        Days of the pool.
    seed : int
    share : float, optional

    Returns
    -------
    rows, validation : Rows
    """
    end = pool.n_days - pool.horizon + 1
    warm = int(min(WARM_UP_DAYS, WARM_UP_SHARE * (validation.start - known.days.start)))
    days = slice(known.days.start + warm, end)
    came, rng = pool.target[days], np.random.default_rng(seed)
    log_odds = known.log_odds[warm : end - known.days.start]
    number = np.arange(days.start, days.stop, dtype=np.int32)
    checked = slice(validation.start - days.start, validation.stop - days.start)
    learnt, held = [], []
    for i, inputs in enumerate(inputs_by_circle(pool, known, days)):
        here, drawn = came[:, i], rng.random(len(came), np.float32)
        kept = here | (drawn < share)
        weight = np.where(here[kept], 1.0, 1.0 / share).astype(np.float32)
        circle = np.full(len(came), i, np.int32)
        learnt.append(Rows(inputs[kept], here[kept], log_odds[kept, i], weight, number[kept], circle[kept]))
        one = np.ones(validation.stop - validation.start, np.float32)
        held.append(Rows(inputs[checked], here[checked], log_odds[checked, i], one, number[checked], circle[checked]))
    return _joined(learnt), _joined(held)


def _joined(some: list[Rows]) -> Rows:
    return Rows(*(np.concatenate([getattr(one, name) for one in some]) for name in Rows.__dataclass_fields__))
