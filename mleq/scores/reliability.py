"""Whether days come true as often as they are forecast to: calibration, with its bands.

Arguments are as in `mleq.scores.probability`.
"""

from __future__ import annotations

import numpy as np

from mleq.errors import DataError
from mleq.scores.blocks import stationary_indices
from mleq.scores.checks import forecast_days, observed_days
from mleq.scores.intervals import FEWEST_BLOCKS
from mleq.scores.probability import brier_score


def reliability_curve(observed, probability) -> tuple[np.ndarray, np.ndarray]:
    """The CORP reliability curve: what happened, by isotonic regression on what was forecast.

    Returns
    -------
    forecast : numpy.ndarray, shape (k,)
        The distinct probabilities, rising.
    frequency : numpy.ndarray, shape (k,)
        Their recalibrated values, never falling; on the diagonal for a calibrated forecast.

    References
    ----------
    Dimitriadis, T., Gneiting, T. and Jordan, A. I. (2021). PNAS 118, e2016191118. doi:10.1073/pnas.2016191118
    """
    observed = observed_days(observed)
    probability = forecast_days(probability, observed.size)
    distinct, which = np.unique(probability, return_inverse=True)
    return distinct, _isotonic(observed, which)[1]


def reliability_bands(
    observed,
    probability,
    *,
    mean_block_days: float,
    n_resamples: int = 1000,
    seed,
    level: float = 0.95,
    horizon_days: int = 1,
) -> dict[str, np.ndarray | None | str]:
    """The CORP reliability curve with its confidence and consistency bands, from blocks of days.

    The *confidence* band holds the curve itself: days are drawn again in blocks and the regression is made anew. The
    *consistency* band holds the curves that a calibrated forecast would show on such days: the forecasts are drawn
    in blocks and events by their chances. A forecast whose curve leaves the consistency band is not calibrated. Both
    are pointwise. At the ends of the curve the confidence band is too narrow (monotone regression runs off there);
    the consistency band is not, as it is made under its hypothesis.

    Parameters
    ----------
    observed : array_like, shape (n,)
        0/1 or boolean, consecutive days.
    probability : array_like, shape (n,) or ()
    mean_block_days : float
        As for `mleq.scores.block_bootstrap`.
    n_resamples : int, optional
    seed : int or numpy.random.Generator
        The same seed gives the same bands.
    level : float, optional
        Of the bands, between 0 and 1.
    horizon_days : int, optional
        Where forecasts reach over several days, those of neighbouring days share events: what is drawn is then
        correlated over as many days (a Gaussian copula whose correlation falls linearly to zero at the horizon).

    Returns
    -------
    dict
        `forecast` and `frequency`, shape (k,), as of `reliability_curve`; `confidence_low`, `confidence_high`,
        `consistency_low`, `consistency_high`, shape (k,), or all None where there are fewer than 5 blocks, with a
        `reason`.

    Raises
    ------
    mleq.errors.DataError
        If arguments are NaN, out of range or of unequal lengths.

    References
    ----------
    Dimitriadis, T., Gneiting, T. and Jordan, A. I. (2021). PNAS 118, e2016191118. doi:10.1073/pnas.2016191118
    Broecker, J. and Smith, L. A. (2007). Increasing the reliability of reliability diagrams (consistency bars).
    Weather Forecast. 22, 651-661. doi:10.1175/WAF993.1
    """
    observed = observed_days(observed)
    n = observed.size
    probability = forecast_days(probability, n)
    if not (n_resamples >= 2 and 0 < level < 1 and horizon_days >= 1):
        raise DataError(
            f"bands of {n_resamples} resamples at level {level!r} over a horizon of {horizon_days!r} days",
            expected="at least 2 resamples, a level between 0 and 1 and a horizon of at least 1 day",
        )
    distinct, which = np.unique(probability, return_inverse=True)
    curve = {"forecast": distinct, "frequency": _isotonic(observed, which)[1]}
    names = ("confidence_low", "confidence_high", "consistency_low", "consistency_high")
    if n < FEWEST_BLOCKS * mean_block_days:
        reason = f"{n} days are fewer than {FEWEST_BLOCKS} blocks of {mean_block_days:g} days"
        return curve | dict.fromkeys(names) | {"reason": reason}
    rng = np.random.default_rng(seed)
    position = np.arange(distinct.size)
    found = np.empty((2, n_resamples, distinct.size))
    for resample in range(n_resamples):
        days = stationary_indices(n, mean_block_days, 1, rng)[0]
        drawn = _chances(n, horizon_days, rng) < probability[days]
        for kind, outcome in enumerate((observed[days], drawn)):
            present, frequency = _isotonic(outcome, which[days])
            found[kind, resample] = np.interp(position, present, frequency)
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=1)
    return curve | dict(zip(names, (low[0], high[0], low[1], high[1]), strict=True))


def _chances(n: int, horizon_days: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform numbers, those of days less than a horizon apart correlated as their overlap; shape (n,)."""
    if horizon_days == 1:
        return rng.random(n)
    from scipy.special import ndtr

    daily = rng.standard_normal(n + horizon_days - 1)
    return ndtr(np.convolve(daily, np.full(horizon_days, horizon_days**-0.5), mode="valid"))


def _isotonic(observed: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The groups that occur in `which`, rising, and their frequencies by isotonic regression."""
    from scipy.optimize import isotonic_regression

    days = np.bincount(which)
    present = np.flatnonzero(days)
    days = days[present]
    rate = np.bincount(which, weights=observed)[present] / days
    return present, np.clip(isotonic_regression(rate, weights=days).x, 0, 1)


def brier_decomposition(observed, probability) -> dict[str, float]:
    r"""Murphy's decomposition of the Brier score, estimated by isotonic regression (CORP) instead of bins.

    With recalibrated probabilities :math:`\hat p`, base rate :math:`\bar y` and mean score :math:`S`,

    .. math:: S(p) = [S(p) - S(\hat p)] - [S(\bar y) - S(\hat p)] + S(\bar y)

    which is reliability - resolution + uncertainty exactly, none of them negative, and equals Murphy's
    sums over distinct forecasts where their observed frequencies rise with them.

    Returns
    -------
    dict of float
        `brier_score`, `reliability` (0 is calibrated), `resolution` (higher is better), `uncertainty`.

    References
    ----------
    Murphy, A. H. (1973). J. Appl. Meteorol. 12, 595-600.
    doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2
    Dimitriadis, T., Gneiting, T. and Jordan, A. I. (2021). PNAS 118, e2016191118. doi:10.1073/pnas.2016191118
    """
    observed = observed_days(observed)
    probability = forecast_days(probability, observed.size)
    _, which = np.unique(probability, return_inverse=True)
    score = brier_score(observed, probability)
    recalibrated = brier_score(observed, _isotonic(observed, which)[1][which])
    uncertainty = float(observed.mean() * (1 - observed.mean()))
    return {
        "brier_score": score,
        "reliability": max(score - recalibrated, 0.0),
        "resolution": max(uncertainty - recalibrated, 0.0),
        "uncertainty": uncertainty,
    }


def expected_calibration_error(observed, probability, bins: int = 10) -> float:
    """Mean distance of forecast and frequency over bins of equally many days, weighted by days.

    Bins hold equal numbers of days since forecasts of rare events crowd near zero; days with the same
    probability stay in one bin.

    Parameters
    ----------
    bins : int, optional
        How many bins; at least one. Fewer are used where forecasts tie.

    References
    ----------
    Naeini, M. P., Cooper, G. F. and Hauskrecht, M. (2015). Proc. AAAI 29, 2901-2907.
    doi:10.1609/aaai.v29i1.9602
    Nixon, J. et al. (2019). CVPR Workshops, 38-41 (bins of equal mass).
    """
    observed = observed_days(observed)
    probability = forecast_days(probability, observed.size)
    if not bins >= 1:
        raise DataError(f"{bins!r} bins", expected="at least 1")
    edges = np.quantile(probability, np.arange(1, bins) / bins)
    bin_of_day = np.searchsorted(np.unique(edges), probability, side="left")
    excess = np.bincount(bin_of_day, weights=probability - observed)
    return float(np.abs(excess).sum() / observed.size)
