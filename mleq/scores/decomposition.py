"""What a gain over the training part's rate is made of."""

from __future__ import annotations

import numpy as np

from mleq.scores.bootstrap import BlockBootstrap
from mleq.scores.probability import EPSILON, daily_log_score


def decompose_gain(
    scored: BlockBootstrap, model: str = "probability", climatology: str = "climatology", clustering: str = "etas"
) -> dict[str, dict]:
    r"""Split the gain over climatology into base-rate drift, clustering that ETAS has, and the model's own part.

    With the mean log scores :math:`S` of the training part's rate :math:`c`, of a constant at the test part's own rate
    :math:`\bar y`, of ETAS and of the model,

    .. math:: S(c) - S(model) = [S(c) - S(\bar y)] + [S(\bar y) - S(etas)] + [S(etas) - S(model)]

    The first bracket is the relative entropy of the two rates: what whoever had known the test part's rate beforehand
    would have gained without telling one day from another. It is hindsight, no forecast could have had it. The second
    is what ETAS gains beyond that by telling days apart (less what its own rate lacks), and may be negative.

    Parameters
    ----------
    scored : BlockBootstrap
        Of the test part.
    model, climatology, clustering : str, optional
        Names of the methods; `climatology` gives the same probability every day.

    Returns
    -------
    dict of dict
        `total`, `base_rate_drift`, `clustering`, `own`: each with `nats_per_day` and `nats_per_event_day` as in
        `BlockBootstrap.gain`. Where there is no ETAS, `clustering` and `own` have null values and the reason, and
        `beyond_base_rate` is what the two come to together.

    References
    ----------
    Kullback, S. and Leibler, R. A. (1951). Ann. Math. Stat. 22, 79-86. doi:10.1214/aoms/1177729694
    """
    constant = _constant(scored)
    of = {name: scored.mean_log_score(name) for name in scored.values}
    parts = {
        "total": scored.gain_of_scores(of[model], of[climatology]),
        "base_rate_drift": scored.gain_of_scores(constant, of[climatology], at_least=0.0),
    }
    if clustering in of:
        parts["clustering"] = scored.gain_of_scores(of[clustering], constant)
        parts["own"] = scored.gain_of_scores(of[model], of[clustering])
    else:
        absent = {"value": None, "low": None, "high": None, "reason": f"no reference '{clustering}' was scored"}
        parts["clustering"] = parts["own"] = {"nats_per_day": absent, "nats_per_event_day": absent}
    parts["beyond_base_rate"] = scored.gain_of_scores(of[model], constant)
    return parts


def _constant(scored: BlockBootstrap) -> tuple[float, np.ndarray, np.ndarray]:
    """Mean log score of a constant at the days' own rate, that of each resample, and that of each day."""
    rate = scored.event_days / scored.days
    p = float(np.clip(rate, EPSILON, 1 - EPSILON))
    shares = np.append(scored.resampled_event_days / scored.days, rate)
    means = -(shares * np.log(p) + (1 - shares) * np.log1p(-p))
    return float(means[-1]), means[:-1], daily_log_score(scored.observed, np.full(scored.days, p))
