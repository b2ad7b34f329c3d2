"""The level of a whole pool: how many target days came lately for each that was stated.

What came in all circles together says within weeks where a model that is learnt once a year is late; see
`mleq.experiment.level`, which a pool's forecasts are held at.
"""

from __future__ import annotations

import numpy as np

from mleq.forecast.pool.days import decayed

ETAS_DAYS, ETAS_PRIOR = 500.0, 20.0
"""Of the reference "ETAS at the pool's level": days, and event-days that are added to both sides of the ratio."""
PRIOR = 400.0
"""Circle-days with an event, for each day of the horizon, that are added to those that came and to those stated: of a
small pool, whose few events say little about its level, little is moved by chance alone. It holds where a recipe has no
`pool.level_prior`; how both were chosen is said in docs/candidate.md."""
LEVEL = {"level": "events that came in all circles lately for each that the model stated, drawn to 1"}
"""What is said of it where it has moved a forecast."""


def decayed_level(came: np.ndarray, stated: np.ndarray, horizon: int) -> np.ndarray:
    """The level of ETAS before each day: sums that decay over `ETAS_DAYS`.

    Parameters
    ----------
    came, stated : ndarray, shape (n_days,)
        Target days of the whole pool on consecutive days, and how many were stated.
    horizon : int
        Days after its beginning at which a day's target is known.

    Returns
    -------
    ndarray, shape (n_days,)
    """
    return np.divide(*(decayed(one, ETAS_DAYS, horizon) + ETAS_PRIOR for one in (came, stated)))
