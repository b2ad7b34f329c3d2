"""The ratio of short-term to long-term average power, the reference of every detector.

References
----------
Withers, M., Aster, R., Young, C., Beiriger, J., Harris, M., Moore, S. and Trujillo, J. (1998). A comparison of select
trigger algorithms for automated global seismic phase and event detection. Bull. Seismol. Soc. Am. 88, 95-106.
doi:10.1785/BSSA0880010095
"""

from __future__ import annotations

import numpy as np

from mleq.errors import DataError


def sta_lta(signal: np.ndarray, short: int, long: int) -> np.ndarray:
    """Return the recursive STA/LTA of a record, the mean over channels.

    sta(t) = x(t)^2 / short + (1 - 1/short) sta(t - 1), lta likewise; 0 in the first `long` samples, in which the long
    average knows too little.

    Parameters
    ----------
    signal : numpy.ndarray, shape (n_channels, n_samples)
        Without offset.
    short, long : int
        Samples of the averages.

    Returns
    -------
    numpy.ndarray, shape (n_samples,)
    """
    from scipy.signal import lfilter

    if not 1 <= short < long:
        raise DataError(f"averages over {short} and {long} samples", expected="the short one shorter, and at least 1")
    power = np.asarray(signal, dtype=float) ** 2
    averages = [lfilter([1 / n], [1, 1 / n - 1], power, axis=1) for n in (short, long)]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(averages[1] > 0, averages[0] / averages[1], 0.0)
    ratio[:, :long] = 0
    return ratio.mean(0)
