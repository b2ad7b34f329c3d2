"""Whether a catalogue looks like the model: residual analysis in transformed time."""

from __future__ import annotations

import numpy as np

from mleq.errors import DataError
from mleq.etas.areas import outline_of, region_of, shares
from mleq.etas.decay import omori_survival
from mleq.etas.history import History
from mleq.etas.parameters import EtasParameters

CELLS_AT_ONCE = 2_000_000


def expected_until(
    moments: np.ndarray,
    history: History,
    parameters: EtasParameters,
    *,
    region: tuple[float, float, float, float],
    start: float,
) -> np.ndarray:
    r"""Expected number of events in a region from `start` to each moment, each event known as it happens.

    .. math:: \Lambda(t) = \int_{t_0}^{t}\!\int_S \lambda(s, x)\,dx\,ds

    Parameters
    ----------
    moments : array_like, shape (n,)
        Not before `start`.
    history : History
        As for `mleq.etas.fit_etas`: events before `start` and outside the region trigger only.
    parameters : EtasParameters
    region : tuple of float
        (south, north, west, east), degrees.
    start : float
        In the days of the history, as the moments.

    Returns
    -------
    numpy.ndarray, shape (n,)

    References
    ----------
    Ogata, Y. (1988). JASA 83, 9-27. doi:10.1080/01621459.1988.10478560
    """
    p, moments = parameters, np.asarray(moments, dtype=float)
    sources = history[(history.magnitude >= p.m0) & (history.time_days < moments.max(initial=-np.inf))]
    growth = sources.magnitude - p.m0
    strength = p.productivity * np.exp(p.alpha * growth)
    in_region = shares(sources.latitude, sources.longitude, outline_of(region_of(region)))
    strength *= in_region.of_power_law(p.d_km2 * np.exp(p.gamma * growth), p.q)
    opens = omori_survival(p, np.maximum(start - sources.time_days, 0))

    expected = p.background_per_day * (moments - start)
    at_once = max(1, CELLS_AT_ONCE // max(1, len(sources)))
    for first in range(0, moments.size, at_once):
        part = slice(first, first + at_once)
        elapsed = np.maximum(moments[part, None] - sources.time_days, 0)
        expected[part] += np.where(elapsed > 0, opens - omori_survival(p, elapsed), 0) @ strength
    return expected


def transformed_times(
    history: History,
    parameters: EtasParameters,
    *,
    region: tuple[float, float, float, float],
    start: float,
    end: float,
) -> tuple[np.ndarray, float]:
    """`expected_until` each event of the region and period, and until its end.

    If the model made the catalogue, these are the times of a Poisson process of rate one (Ogata 1988).

    Parameters
    ----------
    history, parameters, region, start
        As for `expected_until`.
    end : float
        End of the period.

    Returns
    -------
    times : numpy.ndarray, shape (n_targets,)
        Rising.
    total : float
        The expected number in the whole period.
    """
    counted = (history.magnitude >= parameters.m0) & (history.time_days >= start) & (history.time_days < end)
    counted &= region_of(region).contains(history.latitude, history.longitude)
    moments = np.append(history.time_days[counted], end)
    expected = expected_until(moments, history, parameters, region=region, start=start)
    return expected[:-1], float(expected[-1])


def residual_tests(times: np.ndarray, total: float) -> dict[str, float]:
    """Kolmogorov-Smirnov tests of transformed times against a Poisson process of rate one.

    Parameters
    ----------
    times : array_like, shape (n,)
        Transformed times, rising.
    total : float
        The transformed end of the period.

    Returns
    -------
    dict of float
        `events` and `expected`, their numbers; `uniform_statistic` and `uniform_p_value`, of the times
        being uniform given their number, which sees slow misfit; `gaps_statistic` and `gaps_p_value`, of
        the gaps being exponential with mean one, which sees misfit from event to event. Parameters fitted
        to the same events make these p-values too large.

    Raises
    ------
    mleq.errors.DataError
        If there are fewer than two events.

    References
    ----------
    Ogata, Y. (1988). JASA 83, 9-27. doi:10.1080/01621459.1988.10478560
    """
    from scipy.stats import kstest

    times = np.asarray(times, dtype=float)
    if times.size < 2:
        raise DataError(f"{times.size} transformed times", expected="at least two")
    uniform = kstest(times / total, "uniform")
    gaps = kstest(np.diff(times, prepend=0.0), "expon")
    return {
        "events": float(times.size),
        "expected": float(total),
        "uniform_statistic": float(uniform.statistic),
        "uniform_p_value": float(uniform.pvalue),
        "gaps_statistic": float(gaps.statistic),
        "gaps_p_value": float(gaps.pvalue),
    }
