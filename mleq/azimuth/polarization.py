"""The direction of a P wave from the polarisation of its first seconds, for many traces at once.

All functions take covariances of the components Z, N, E, shape (n, 3, 3), and give directions in degrees [0, 360).
"""

from __future__ import annotations

import numpy as np

from mleq.scores.circular import full_circle


def covariances(signals: np.ndarray) -> np.ndarray:
    """Covariance of the three components about their means, shape (n, 3, 3), from signals of shape (n, 3, n_samples).

    In float64, whatever the signals are, so that counts of any size keep their digits.
    """
    centred = signals.astype(np.float64, copy=False)
    centred = centred - centred.mean(axis=-1, keepdims=True)
    return centred @ centred.transpose(0, 2, 1) / signals.shape[-1]


def principal(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Principal direction and rectilinearity of each covariance.

    Returns
    -------
    vectors : ndarray, shape (n, 3)
        Of length 1, Z N E, sign arbitrary.
    rectilinearity : ndarray, shape (n,)
        1 - (l2 + l3) / (2 l1), from 0 to 1 (eigenvalues below zero, which a subtracted noise leaves, count as zero).

    References
    ----------
    Jurkevics, A. (1988). Bull. Seismol. Soc. Am. 78, 1725-1743. doi:10.1785/BSSA0780051725
    """
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 0)
    largest = np.maximum(values[:, 2], np.finfo(float).tiny)
    return vectors[:, :, 2], 1 - (values[:, 0] + values[:, 1]) / (2 * largest)


def back_azimuth(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Back-azimuth by principal components, the end of the axis by the correlation of Z with the radial component.

    In a P wave the ground moves up and away from the source together. So of the two ends of the principal horizontal
    axis, the one along which horizontal and vertical motion correlate positively points away from the source, and the
    back-azimuth is the other. (obspy's `flinn` leaves the angle within 0 to 180 degrees.)

    Parameters
    ----------
    covariance : ndarray, shape (n, 3, 3)
        Of the signal; less that of the noise, for the noise-corrected estimate.

    Returns
    -------
    back_azimuth_deg : ndarray, shape (n,)
    rectilinearity : ndarray, shape (n,)

    References
    ----------
    Vidale, J. E. (1986). Bull. Seismol. Soc. Am. 76, 1393-1405. doi:10.1785/BSSA0760051393
    """
    vector, rectilinearity = principal(covariance)
    # Covariance of Z with the motion along the axis; its sign says which end moves with "up".
    together = covariance[:, 0, 1] * vector[:, 1] + covariance[:, 0, 2] * vector[:, 2]
    away = np.where(together[:, None] < 0, -vector, vector)
    return full_circle(np.degrees(np.arctan2(-away[:, 2], -away[:, 1]))), rectilinearity


def turned(covariance: np.ndarray, angle_deg: np.ndarray) -> np.ndarray:
    """Covariances in a frame whose first horizontal axis points to `angle_deg` (clockwise from north), shape (n, 3, 3).

    With the back-azimuth as angle, the axes are vertical, towards the source, and 90 degrees clockwise from it.
    """
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    rotation = np.zeros((len(covariance), 3, 3))
    rotation[:, 0, 0] = 1
    rotation[:, 1, 1], rotation[:, 1, 2] = c, s
    rotation[:, 2, 1], rotation[:, 2, 2] = -s, c
    return rotation @ covariance @ rotation.transpose(0, 2, 1)
