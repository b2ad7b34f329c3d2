"""How good directions are: errors on the circle, where 359 and 1 degree are neighbours, and stated concentrations.

Everywhere `observed` and `predicted` are directions in degrees, any number of turns, shape (n,). `kappa` is the
concentration of a von Mises distribution around the prediction, shape (n,) or one number; 0 is no idea at all. NaN,
no direction at all or unequal lengths raise `mleq.errors.DataError`.
"""

from __future__ import annotations

import math

import numpy as np

from mleq.errors import DataError

FLIP_DEG = 120.0
"""An error beyond this is a flip: the axis may be right, the end of it is wrong."""
NEAR_DEG = 20.0
LEVELS = (0.5, 0.8, 0.95)
"""Nominal shares at which the stated concentration is checked."""


def full_circle(direction):
    """Directions in [0, 360), degrees; what rounding leaves at 360 is 0.

    Examples
    --------
    >>> full_circle(-1e-15), full_circle(-90.0)
    (0.0, 270.0)
    """
    turned = np.mod(direction, 360.0)
    return np.where(turned >= 360.0, 0.0, turned) if np.ndim(turned) else float(0.0 if turned >= 360.0 else turned)


def circular_difference(predicted, observed) -> np.ndarray:
    """Signed shortest way from the observed to the predicted direction, degrees in [-180, 180), shape (n,).

    Examples
    --------
    >>> circular_difference([1.0, 359.0], [359.0, 1.0]).tolist()
    [2.0, -2.0]
    """
    observed, predicted = _directions(observed, predicted)
    return np.mod(predicted - observed + 180.0, 360.0) - 180.0


def circular_error(observed, predicted) -> np.ndarray:
    """Size of the shortest way between two directions, degrees from 0 to 180, shape (n,)."""
    return np.abs(circular_difference(predicted, observed))


def circular_mae(observed, predicted) -> float:
    """Mean of the circular errors, degrees; 90 where directions are guessed.

    References
    ----------
    Mardia, K. V. and Jupp, P. E. (2000). Directional Statistics, section 2.3. doi:10.1002/9780470316979
    """
    return float(circular_error(observed, predicted).mean())


def circular_median_error(observed, predicted) -> float:
    """Median of the circular errors, degrees; it does not see flips while they are few."""
    return float(np.median(circular_error(observed, predicted)))


def share_within(observed, predicted, degrees: float = NEAR_DEG) -> float:
    """Share of directions whose error is at most `degrees`, from 0 to 1."""
    return float(np.mean(circular_error(observed, predicted) <= degrees))


def share_of_flips(observed, predicted, degrees: float = FLIP_DEG) -> float:
    """Share of directions whose error is beyond `degrees`; a third where directions are guessed."""
    return float(np.mean(circular_error(observed, predicted) > degrees))


def mean_direction(directions) -> float:
    """Direction of the sum of unit vectors, degrees in [0, 360); NaN where they cancel.

    References
    ----------
    Mardia and Jupp (2000), equation 2.2.3.

    Examples
    --------
    >>> round(mean_direction([350.0, 20.0]), 6)
    5.0
    """
    c, s = _mean_vector(directions)
    return full_circle(float(np.degrees(np.arctan2(s, c)))) if math.hypot(c, s) > 1e-9 else math.nan


def resultant_length(directions) -> float:
    """Length of the mean unit vector: 1 where all directions agree, 0 where they cancel (Mardia and Jupp 2.2.2)."""
    return math.hypot(*_mean_vector(directions))


def concentration(resultant: float) -> float:
    """Concentration of the von Mises distribution with this mean resultant length: A1(kappa) = R, to 1e-9 in R.

    `A1` is the ratio of Bessel functions I1/I0; the approximation of Best and Fisher is the start of Newton's method.

    References
    ----------
    Best, D. J. and Fisher, N. I. (1981). Commun. Stat. B 10, 493-502. doi:10.1080/03610918108812225
    """
    from scipy.special import i0e, i1e

    if not 0 <= resultant <= 1:
        raise DataError(f"a mean resultant length of {resultant}", expected="a number from 0 to 1")
    if resultant < 0.53:
        kappa = 2 * resultant + resultant**3 + 5 * resultant**5 / 6
    elif resultant < 0.85:
        kappa = -0.4 + 1.39 * resultant + 0.43 / (1 - resultant)
    else:
        kappa = 1 / max(resultant**3 - 4 * resultant**2 + 3 * resultant, 1e-12)
    for _ in range(20):
        if not 1e-9 < kappa < 1e9:
            break
        ratio = i1e(kappa) / i0e(kappa)
        step = (ratio - resultant) / max(1 - ratio**2 - ratio / kappa, 1e-15)
        kappa = kappa - step if step < kappa else kappa / 2
        if abs(ratio - resultant) < 1e-12:
            break
    return float(kappa)


def von_mises_nats(observed, predicted, kappa) -> np.ndarray:
    """-ln of the von Mises density (per radian) given to each observed direction, shape (n,).

    References
    ----------
    Mardia and Jupp (2000), equation 3.5.17: f = exp(kappa cos(theta - mu)) / (2 pi I0(kappa)).
    """
    from scipy.special import i0e

    difference = np.radians(circular_difference(predicted, observed))
    kappa = _concentrations(kappa, difference.size)
    # I0(k) = i0e(k) e^k, so that nothing overflows where the concentration is large.
    return math.log(2 * math.pi) + np.log(i0e(kappa)) + kappa * (1 - np.cos(difference))


def von_mises_log_score(observed, predicted, kappa) -> float:
    """Mean of -ln of the von Mises density given to what was observed, nats; ln 2 pi = 1.838 knows nothing.

    Strictly proper among von Mises forecasts (Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x, of a density).
    """
    return float(von_mises_nats(observed, predicted, kappa).mean())


def stated_probability(observed, predicted, kappa) -> np.ndarray:
    """Probability that the stated distribution gives to an error no larger than the one made, shape (n,).

    Uniform on 0 to 1 where the concentrations are right: the probability integral transform, folded.

    References
    ----------
    Dawid, A. P. (1984). J. R. Stat. Soc. A 147, 278-292. doi:10.2307/2981683
    """
    from scipy.stats import vonmises

    error = np.radians(circular_error(observed, predicted))
    kappa = np.maximum(_concentrations(kappa, error.size), 1e-6)  # scipy knows no concentration of zero
    return np.clip(2 * vonmises.cdf(error, kappa) - 1, 0, 1)


def half_width_deg(kappa, level: float = 0.68) -> np.ndarray:
    """Half-width of the central interval of a von Mises distribution that holds `level`, degrees, shape of `kappa`."""
    from scipy.stats import vonmises

    return np.degrees(vonmises.ppf((1 + level) / 2, np.maximum(np.asarray(kappa, float), 1e-6)))


def coverage(observed, predicted, kappa, levels=LEVELS) -> dict[float, float]:
    """Share of directions inside the central interval that is stated to hold each of `levels`."""
    stated = stated_probability(observed, predicted, kappa)
    return {level: float(np.mean(stated <= level)) for level in levels}


def calibration_error(observed, predicted, kappa) -> float:
    """Largest distance between stated and found coverage over all levels: the Kolmogorov-Smirnov distance, 0 to 1."""
    stated = np.sort(stated_probability(observed, predicted, kappa))
    found = np.arange(stated.size + 1) / stated.size
    return float(max(np.max(found[1:] - stated), np.max(stated - found[:-1])))


def _mean_vector(directions) -> tuple[float, float]:
    radians = np.radians(_checked(directions, "directions"))
    return float(np.cos(radians).mean()), float(np.sin(radians).mean())


def _checked(values, name: str) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or values.size == 0:
        raise DataError(f"{name} of shape {values.shape}", expected="one dimension and at least one direction")
    if not np.isfinite(values).all():
        bad = np.flatnonzero(~np.isfinite(values))
        raise DataError(f"{bad.size} of {values.size} {name} are no numbers, the first at {bad[0]}", expected="degrees")
    return values


def _directions(observed, predicted) -> tuple[np.ndarray, np.ndarray]:
    observed = _checked(observed, "observed directions")
    predicted = np.asarray(predicted, dtype=float)
    if predicted.ndim == 0:
        predicted = np.full(observed.size, float(predicted))
    predicted = _checked(predicted, "predicted directions")
    if predicted.size != observed.size:
        raise DataError(f"{predicted.size} predicted directions", expected=f"one for each of {observed.size} observed")
    return observed, predicted


def _concentrations(kappa, size: int) -> np.ndarray:
    kappa = np.asarray(kappa, dtype=float)
    if kappa.ndim == 0:
        kappa = np.full(size, float(kappa))
    if kappa.shape != (size,) or not (np.isfinite(kappa).all() and (kappa >= 0).all()):
        raise DataError(
            f"concentrations of shape {kappa.shape}", expected=f"one finite number of at least 0 for each of {size}"
        )
    return kappa
