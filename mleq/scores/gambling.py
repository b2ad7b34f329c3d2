"""What a gambler who bets on a forecast would win from a house that pays by the reference."""

from __future__ import annotations

import numpy as np

from mleq.errors import DataError
from mleq.scores.checks import forecast_days, observed_days


def daily_gambling_return(observed, probability, reference) -> np.ndarray:
    r"""What one point of reputation, staked each day on the forecast, brings back above the stake.

    With :math:`p` of it staked on an event and :math:`1-p` on none, and a house that is fair by the reference
    :math:`p_0`: a won bet returns :math:`1/p_0` (or :math:`1/(1-p_0)`) times its stake. The day brings

    .. math:: p/p_0 - 1 \text{ with an event, and } (1-p)/(1-p_0) - 1 \text{ without.}

    Parameters
    ----------
    observed : array_like, shape (n,)
        0/1 or boolean.
    probability : array_like, shape (n,) or ()
        The forecast; alarms are forecasts of 0 and 1.
    reference : array_like, shape (n,) or ()
        The house's chances, each above 0 and below 1.

    Returns
    -------
    numpy.ndarray, shape (n,)
        At least -1. Its expectation is zero, whatever the forecast, where the reference is the truth.

    Raises
    ------
    mleq.errors.DataError
        If arguments are NaN, out of range or of unequal lengths, or the reference is certain on some day.

    References
    ----------
    Zhuang, J. (2010). Gambling scores for earthquake predictions and forecasts. Geophys. J. Int. 181, 382-390.
    doi:10.1111/j.1365-246X.2010.04496.x
    """
    observed = observed_days(observed)
    ours, house = (forecast_days(one, observed.size) for one in (probability, reference))
    certain = (house == 0) | (house == 1)
    if certain.any():
        raise DataError(
            f"a reference that is certain on {certain.sum()} of {observed.size} days, the first day {certain.argmax()}",
            expected="chances above 0 and below 1, since the house pays by their inverse",
        )
    return np.where(observed, ours / house, (1 - ours) / (1 - house)) - 1


def gambling_score(observed, probability, reference) -> dict[str, float]:
    """Reputation won against a reference: positive where the forecast knows more than the house.

    Linear in the forecast, hence not proper: it pays to exaggerate. Read it beside a proper score.

    Parameters
    ----------
    observed, probability, reference : array_like
        As for `daily_gambling_return`.

    Returns
    -------
    dict of float
        `total`, won over all days, and `per_day`.

    References
    ----------
    Zhuang, J. (2010). Geophys. J. Int. 181, 382-390. doi:10.1111/j.1365-246X.2010.04496.x. That it is not proper:
    Serafini, F. et al. (2022). Geophys. J. Int. 230, 1419-1440. doi:10.1093/gji/ggac124

    Examples
    --------
    >>> round(gambling_score([1, 0, 0], [1, 0, 0], 0.25)["total"], 12)  # 3 for the hit, 1/3 for each quiet day
    3.666666666667
    """
    won = daily_gambling_return(observed, probability, reference)
    return {"total": float(won.sum()), "per_day": float(won.mean())}
