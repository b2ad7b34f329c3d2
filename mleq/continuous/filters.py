"""Banks of analytic Morlet wavelets with zero mean, by their Fourier transforms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mleq.errors import DataError

REACH = 3.0
"""Standard deviations of a Gaussian that count as its support: beyond, it is below 1.1 % of its peak."""


@dataclass(frozen=True)
class Bank:
    """Wavelets by falling centre frequency.

    Attributes
    ----------
    centres, widths : tuple of float
        Centre frequency and standard deviation of each wavelet's Gaussian, in cycles per sample.
    """

    centres: tuple[float, ...]
    widths: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.centres)

    def response(self, index: int, frequencies: np.ndarray) -> np.ndarray:
        """Return the Fourier transform of a wavelet, real, at frequencies in cycles per sample.

        2 [exp(-(f - c)^2 / 2 w^2) - k exp(-f^2 / 2 w^2)] for f > 0, nothing below, with k = exp(-c^2 / 2 w^2), which
        makes the mean zero. The factor 2 gives the envelope of a sine its own amplitude.
        """
        centre, width = self.centres[index], self.widths[index]
        correction = math.exp(-((centre / width) ** 2) / 2)
        gauss = np.exp(-(((frequencies - centre) / width) ** 2) / 2)
        gauss -= correction * np.exp(-((frequencies / width) ** 2) / 2)
        return np.where(frequencies > 0, 2 * gauss, 0.0)

    def highest(self, index: int) -> float:
        """Return where the support of a wavelet ends, in cycles per sample."""
        return self.centres[index] + REACH * self.widths[index]

    @property
    def longest(self) -> float:
        """The standard deviation in time of the longest wavelet, in samples."""
        return 1 / (2 * math.pi * min(self.widths))


def morlet_bank(octaves: int, per_octave: int) -> Bank:
    """Lay out wavelets from just below the Nyquist frequency downwards.

    Centres are (1/2) 2^(-(i + 1/2)/Q) cycles per sample for i < J Q. Widths are proportional to centres, such that
    neighbours cross where each has half of its power.

    Parameters
    ----------
    octaves : int
        J.
    per_octave : int
        Q, wavelets in an octave.

    Returns
    -------
    Bank

    References
    ----------
    Anden, J. and Mallat, S. (2014). Deep scattering spectrum. IEEE Trans. Signal Process. 62, 4114-4128.
    doi:10.1109/TSP.2014.2326991
    """
    if octaves < 1 or per_octave < 1:
        raise DataError(f"a bank of {octaves} octaves with {per_octave} wavelets in each", expected="at least one")
    centres = 0.5 * 2.0 ** (-(np.arange(octaves * per_octave) + 0.5) / per_octave)
    step = 2.0 ** (-1 / per_octave)
    widths = centres * (1 - step) / (1 + step) / math.sqrt(math.log(2))
    return Bank(tuple(centres.tolist()), tuple(widths.tolist()))
