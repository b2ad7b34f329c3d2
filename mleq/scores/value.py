"""What a forecast is worth to someone who can act on it, by how dear acting is beside the loss it saves."""

from __future__ import annotations

import numpy as np

from mleq.errors import DataError
from mleq.scores.checks import both_classes, forecast_days, observed_days


def cost_loss_value(
    observed, probability, cost_loss_ratios, *, base_rate: float | None = None
) -> dict[str, np.ndarray]:
    r"""Relative economic value of a forecast for users who may pay a cost C to be spared a loss L.

    A user with ratio :math:`a = C/L` who acts on days with :math:`p \ge a` spends, in units of L,
    :math:`E = (a\,\text{alarms} + \text{misses})/n`. Who knows the base rate s alone acts always or never and spends
    :math:`E_c`; who knows all spends :math:`E_p = a s`. The value is

    .. math:: V(a) = (E_c - E) / (E_c - E_p)

    which is 1 for the perfect forecast, 0 for one no better than the base rate, and below 0 for one that costs more
    than it saves.

    Parameters
    ----------
    observed : array_like, shape (n,)
        0/1 or boolean.
    probability : array_like, shape (n,) or ()
    cost_loss_ratios : array_like, shape (k,)
        Each above 0 and below 1.
    base_rate : float, optional
        What the user without a forecast takes for the chance of an event when deciding, such as that of the train part;
        by default the share of these days, which is best in hindsight.

    Returns
    -------
    dict of numpy.ndarray, shape (k,)
        `cost_loss_ratio`; `value`, of acting where the probability reaches the ratio; and `potential`, of acting at
        whichever threshold is best for that ratio on these days (never below 0 by the default base rate). The two
        differ by what miscalibration costs. At a ratio equal to the share of days with an event the potential value is
        the largest Peirce score.

    Raises
    ------
    mleq.errors.DataError
        If all days are of one kind, or an argument is NaN or out of range.

    References
    ----------
    Richardson, D. S. (2000). Skill and relative economic value of the ECMWF ensemble prediction system. Q. J. R.
    Meteorol. Soc. 126, 649-667. doi:10.1002/qj.49712656313
    """
    observed = observed_days(observed)
    probability = forecast_days(probability, observed.size)
    both_classes(observed, "the cost-loss value")
    ratios = np.atleast_1d(np.asarray(cost_loss_ratios, dtype=float))
    if ratios.ndim != 1 or not ((ratios > 0) & (ratios < 1)).all():
        raise DataError(f"cost-loss ratios {cost_loss_ratios!r}", expected="numbers above 0 and below 1")
    share = observed.mean()
    believed = share if base_rate is None else float(base_rate)
    if not 0 <= believed <= 1:
        raise DataError(f"a base rate of {base_rate!r}", expected="a number between 0 and 1")

    # All thresholds at once: alarms on the days with the highest probabilities, tied days together.
    order = np.argsort(-probability, kind="stable")
    falling = probability[order]
    alarms = np.flatnonzero(np.r_[True, np.diff(falling) != 0, True])  # 0, then after each distinct probability
    hits = np.r_[0, np.cumsum(observed[order])][alarms]
    expense = (ratios[:, None] * alarms + (observed.sum() - hits)) / observed.size  # shape (k, thresholds)
    chosen = np.searchsorted(-falling[alarms[1:] - 1], -ratios, side="right")  # distinct probabilities at or above each
    plain = np.where(believed > ratios, ratios, share)
    perfect = ratios * share
    return {
        "cost_loss_ratio": ratios,
        "value": (plain - expense[np.arange(ratios.size), chosen]) / (plain - perfect),
        "potential": (plain - expense.min(axis=1)) / (plain - perfect),
    }
