"""Consistency and comparison tests of forecasts in cells, as the CSEP centres run them.

Numbers only: `rates` are expected numbers of events in cells, of shape (cells, magnitude bins) where a test tells
magnitudes apart, and `counts` the events observed in them, of the same shape. All assume that cells are independent and
Poissonian, but for the negative binomial N-test.
"""

from __future__ import annotations

import numpy as np

from mleq.errors import DataError

LIKELIHOOD_TESTS = ("L", "CL", "S", "M")


def number_test(observed: int, expected: float, *, variance: float | None = None) -> dict[str, float]:
    r"""N-test: whether the number of events is one that the forecast allows.

    Parameters
    ----------
    observed : int
        Events that came.
    expected : float
        Events forecast, above 0.
    variance : float, optional
        Of the number of events, above `expected`: then the number is negative binomial, with
        :math:`\tau = \lambda^2/(\sigma^2-\lambda)` and :math:`\nu = \lambda/\sigma^2`, as clustered events are; without
        it, Poissonian.

    Returns
    -------
    dict of float
        `delta1`, the chance of at least so many events, and `delta2`, of at most so many. Too low a forecast shows in a
        small delta1, too high a one in a small delta2 (below 0.025 each, at 95 %).

    Raises
    ------
    mleq.errors.DataError
        If numbers are out of range.

    References
    ----------
    Zechar, J. D., Gerstenberger, M. C. and Rhoades, D. A. (2010). Likelihood-based tests for evaluating
    space-rate-magnitude earthquake forecasts. Bull. Seismol. Soc. Am. 100, 1184-1195. doi:10.1785/0120090192
    Werner, M. J. et al. (2010). Retrospective evaluation of the five-year and ten-year CSEP-Italy earthquake forecasts
    (negative binomial). Ann. Geophys. 53 (3), 11-30. doi:10.4401/ag-4840
    """
    from scipy.stats import nbinom, poisson

    if not (observed >= 0 and int(observed) == observed and 0 < expected < np.inf):
        raise DataError(f"{observed!r} events beside {expected!r} expected", expected="a count and a number above 0")
    if variance is None:
        law = poisson(expected)
    elif expected < variance < np.inf:
        law = nbinom(expected**2 / (variance - expected), expected / variance)
    else:
        raise DataError(f"a variance of {variance!r} of {expected!r} expected events", expected="more than their mean")
    return {"delta1": float(law.sf(observed - 1)), "delta2": float(law.cdf(observed))}


def paired_t_test(
    rates_at_events, reference_rates_at_events, expected: float, reference_expected: float, *, level: float = 0.95
) -> dict[str, float]:
    r"""T-test: whether the information gain per event over another forecast in cells differs from zero.

    .. math:: I = \frac1N \sum_i (X_i - Y_i) - \frac{\hat N_A - \hat N_B}{N}, \quad t = I \sqrt N / s

    with X, Y the logarithms of the rates of the cells in which the N events came and :math:`s^2` the sample variance of
    their differences.

    Parameters
    ----------
    rates_at_events, reference_rates_at_events : array_like, shape (n,)
        Each forecast's rate in the cell and magnitude bin of each event, above 0; at least two events.
    expected, reference_expected : float
        Each forecast's sum over all cells.
    level : float, optional
        Of the interval.

    Returns
    -------
    dict of float
        `information_gain` (nats per event), its `low` and `high`, `t_statistic`, `t_critical`, `p_value` (two-sided).

    Raises
    ------
    mleq.errors.DataError
        If there are fewer than two events, a rate is not above 0, or shapes differ.

    References
    ----------
    Rhoades, D. A. et al. (2011). Efficient testing of earthquake forecasting models. Acta Geophys. 59, 728-747.
    doi:10.2478/s11600-011-0013-5 (equations 17 and 18)
    """
    from scipy.stats import t

    ratio = _log_ratios(rates_at_events, reference_rates_at_events)
    if not 0 < level < 1:
        raise DataError(f"an interval of level {level!r}", expected="a number between 0 and 1, such as 0.95")
    n = ratio.size
    gain = (ratio.sum() - (expected - reference_expected)) / n
    error = ratio.std(ddof=1) / np.sqrt(n)
    critical = t.ppf((1 + level) / 2, n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = gain / error  # NaN for a forecast beside itself
    return {
        "information_gain": float(gain),
        "low": float(gain - critical * error),
        "high": float(gain + critical * error),
        "t_statistic": float(statistic),
        "t_critical": float(critical),
        "p_value": float(2 * t.sf(abs(statistic), n - 1)),
    }


def w_test(rates_at_events, reference_rates_at_events, expected: float, reference_expected: float) -> dict[str, float]:
    """W-test: Wilcoxon's signed ranks of the log ratios about the difference of expected numbers per event.

    By the normal approximation with correction for ties and without one for continuity; log ratios that equal the
    hypothesis exactly are left out. Does not ask for normal log ratios, but for symmetric ones.

    Parameters
    ----------
    rates_at_events, reference_rates_at_events, expected, reference_expected
        As for `paired_t_test`.

    Returns
    -------
    dict of float
        `z_statistic` (of the smaller rank sum, hence never above 0) and `p_value`, two-sided; NaN and 1 where nothing
        differs. Doubtful below ten events.

    References
    ----------
    Rhoades, D. A. et al. (2011). Acta Geophys. 59, 728-747. doi:10.2478/s11600-011-0013-5
    Siegel, S. (1956). Nonparametric Statistics for the Behavioral Sciences, 75-83 (the correction for ties).
    """
    from scipy.stats import norm, rankdata

    ratio = _log_ratios(rates_at_events, reference_rates_at_events)
    difference = ratio - (expected - reference_expected) / ratio.size
    difference = difference[difference != 0]
    n = difference.size
    if n == 0:
        return {"z_statistic": float("nan"), "p_value": 1.0}
    rank = rankdata(np.abs(difference))
    smaller = min(rank[difference > 0].sum(), rank[difference < 0].sum())
    ties = np.unique(rank, return_counts=True)[1].astype(float)
    variance = (n * (n + 1) * (2 * n + 1) - 0.5 * (ties**3 - ties).sum()) / 24
    z = (smaller - n * (n + 1) / 4) / np.sqrt(variance)
    return {"z_statistic": float(z), "p_value": float(2 * norm.sf(abs(z)))}


def _log_ratios(rates, reference_rates) -> np.ndarray:
    rates, reference_rates = (np.asarray(one, dtype=float) for one in (rates, reference_rates))
    if rates.ndim != 1 or rates.shape != reference_rates.shape or rates.size < 2:
        raise DataError(
            f"rates at events of shapes {rates.shape} and {reference_rates.shape}",
            expected="one each, for two events or more",
        )
    for one in (rates, reference_rates):
        if not ((one > 0) & (one < np.inf)).all():
            raise DataError(
                f"a rate of {one[~((one > 0) & (one < np.inf))][0]} where an event came",
                expected="rates above 0: the gain over or of such a forecast is infinite",
            )
    return np.log(rates) - np.log(reference_rates)


def likelihood_test(
    rates, counts, test: str, *, n_simulations: int = 1000, seed=None, random_numbers=None
) -> dict[str, float | np.ndarray]:
    r"""L-, CL-, S- or M-test: whether the likelihood of what came is one that the forecast allows.

    The joint log-likelihood is :math:`\sum (n \ln\lambda - \lambda - \ln n!)` over cells. It is compared with those of
    catalogues drawn from the forecast itself: with a Poissonian number of events (L), or as many as were observed (CL).
    S sums over magnitudes and M over places first, with rates scaled to the number observed.

    Parameters
    ----------
    rates : array_like, shape (cells, bins)
        Expected events, not negative; their sum above 0.
    counts : array_like, shape (cells, bins)
        Observed events.
    test : str
        "L", "CL", "S" or "M".
    n_simulations : int, optional
    seed : int, numpy.random.Generator or numpy.random.RandomState, optional
        Needed without `random_numbers`. For each catalogue the number is drawn (L), then a number in [0, 1) an event,
        so that `numpy.random.RandomState(s)` repeats what `numpy.random.seed(s)` gives pycsep.
    random_numbers : array_like, shape (n_simulations, events), optional
        In [0, 1): which cell each event of each catalogue falls into. Not for the L-test: its sizes differ.

    Returns
    -------
    dict
        `log_likelihood` of what came (minus infinity where an event came in a cell of rate 0); `quantile`, the share of
        catalogues that are no likelier, small (below 0.05 or 0.025) where the forecast fails; `simulated`, their
        log-likelihoods, shape (n_simulations,).

    Raises
    ------
    mleq.errors.DataError
        If numbers are out of range, shapes differ, or no random numbers can be had.

    References
    ----------
    Zechar, J. D., Gerstenberger, M. C. and Rhoades, D. A. (2010). Bull. Seismol. Soc. Am. 100, 1184-1195.
    doi:10.1785/0120090192 (L, S, M). Werner, M. J. et al. (2011). High-resolution long-term and short-term earthquake
    forecasts for California. Bull. Seismol. Soc. Am. 101, 1630-1648. doi:10.1785/0120090340 (CL).
    """
    rates, counts = _cells(rates, counts)
    if test not in LIKELIHOOD_TESTS:
        raise DataError(f"a test {test!r}", expected=f"one of {', '.join(LIKELIHOOD_TESTS)}")
    if test in "SM":
        rates, counts = (one.sum(axis=1 if test == "S" else 0) for one in (rates, counts))
    rates, counts = rates.ravel(), counts.ravel()
    observed = int(counts.sum())
    position = np.cumsum(rates) / rates.sum()
    scale, expected = (observed / rates.sum(), observed) if test in "SM" else (1.0, rates.sum())
    with np.errstate(divide="ignore"):
        log_rates = np.log(rates * scale)
    draws = _draws(test, observed, expected, n_simulations, seed, random_numbers)
    simulated = np.empty(n_simulations)
    for k, drawn in enumerate(draws):
        cells, events = np.unique(np.searchsorted(position, drawn, side="right"), return_counts=True)
        simulated[k] = _joint_log_likelihood(log_rates[cells], events, expected)
    struck = np.flatnonzero(counts)
    found = _joint_log_likelihood(log_rates[struck], counts[struck], expected)
    return {"log_likelihood": found, "quantile": float(np.mean(simulated <= found)), "simulated": simulated}


def _cells(rates, counts) -> tuple[np.ndarray, np.ndarray]:
    rates, counts = (np.asarray(one, dtype=float) for one in (rates, counts))
    if rates.ndim != 2 or rates.shape != counts.shape:
        raise DataError(
            f"rates of shape {rates.shape} and counts of shape {counts.shape}", expected="(cells, bins), both"
        )
    if not ((rates >= 0) & (rates < np.inf)).all() or not rates.any():
        raise DataError(
            "rates that are NaN, negative, infinite or zero everywhere", expected="numbers of expected events"
        )
    if not ((counts >= 0) & (counts == np.floor(counts)) & (counts < np.inf)).all():
        raise DataError("counts that are no counts", expected="whole numbers of observed events")
    return rates, counts


def _draws(test: str, observed: int, expected: float, n_simulations: int, seed, random_numbers):
    """Random numbers in [0, 1) of each catalogue, one an event."""
    if n_simulations < 1:
        raise DataError(f"{n_simulations!r} simulated catalogues", expected="at least 1")
    if random_numbers is not None:
        random_numbers = np.asarray(random_numbers, dtype=float)
        fits = test != "L" and random_numbers.shape == (n_simulations, observed)
        if not (fits and ((random_numbers >= 0) & (random_numbers < 1)).all()):
            raise DataError(
                f"random numbers of shape {random_numbers.shape} for the {test}-test",
                expected=f"CL, S or M, and shape {(n_simulations, observed)} in [0, 1)",
            )
        yield from random_numbers
        return
    if seed is None:
        raise DataError("neither a seed nor random numbers", expected="one of them, so that quantiles can be repeated")
    rng = seed if isinstance(seed, np.random.RandomState) else np.random.default_rng(seed)
    for _ in range(n_simulations):
        yield rng.random(rng.poisson(expected) if test == "L" else observed)


def _joint_log_likelihood(log_rates: np.ndarray, events: np.ndarray, expected: float) -> float:
    """Of `events` in the cells that have any; all others only add to what was expected."""
    from scipy.special import gammaln

    return float(np.sum(log_rates * events) - np.sum(gammaln(events + 1.0)) - expected)
