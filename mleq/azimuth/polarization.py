"""The direction of a P wave from the polarisation of its first seconds, for many traces at once.

All functions take covariances of the components Z, N, E, shape (n, 3, 3), and give directions in degrees [0, 360).
"""

from __future__ import annotations

import numpy as np

from mleq.scores.circular import full_circle

_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def covariances(signals: np.ndarray) -> np.ndarray:
    """Covariance of the three components about their means, float64, shape (n, 3, 3).

    Parameters
    ----------
    signals : ndarray, shape (n, 3, n_samples)
        Sums are taken in their own precision, after the first sample of each component is subtracted, so that a large
        offset costs no digits.
    """
    n_samples = signals.shape[-1]
    signals = signals - signals[:, :, :1]
    mean = np.einsum("nct->nc", signals).astype(float) / n_samples
    found = np.empty((len(signals), 3, 3))
    for i, j in _PAIRS:
        product = np.einsum("nt,nt->n", signals[:, i], signals[:, j]).astype(float) / n_samples
        found[:, i, j] = found[:, j, i] = product - mean[:, i] * mean[:, j]
    return found


def principal(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Principal direction and rectilinearity of each covariance.

    Eigenvalues in closed form (Smith 1961), the vector from the cross product of two rows of C - l1 I; where the two
    largest eigenvalues are so close that this has no digits left, LAPACK answers instead.

    Returns
    -------
    vectors : ndarray, shape (n, 3)
        Of length 1, Z N E, sign arbitrary.
    rectilinearity : ndarray, shape (n,)
        1 - (l2 + l3) / (2 l1), from 0 to 1 (eigenvalues below zero, which a subtracted noise leaves, count as zero).

    References
    ----------
    Jurkevics, A. (1988). Bull. Seismol. Soc. Am. 78, 1725-1743. doi:10.1785/BSSA0780051725
    Smith, O. K. (1961). Commun. ACM 4, 168. doi:10.1145/355578.366316
    """
    values = _eigenvalues(covariance)
    rows = covariance - values[:, :1, None] * np.eye(3)
    crossed = np.stack([np.cross(rows[:, i], rows[:, j]) for i, j in ((0, 1), (0, 2), (1, 2))], axis=1)
    size = np.einsum("nkc,nkc->nk", crossed, crossed)
    best = size.argmax(axis=1)
    place = np.arange(len(covariance))
    length = np.sqrt(size[place, best])
    vectors = crossed[place, best] / np.maximum(length, np.finfo(float).tiny)[:, None]
    spread = values[:, 0] - values[:, 2]
    unclear = ~(length > 1e-6 * spread**2) | (spread == 0)
    if unclear.any():
        vectors[unclear] = np.linalg.eigh(covariance[unclear])[1][:, :, 2]
    values = np.maximum(values, 0)
    largest = np.maximum(values[:, 0], np.finfo(float).tiny)
    return vectors, 1 - (values[:, 1] + values[:, 2]) / (2 * largest)


def _eigenvalues(matrix: np.ndarray) -> np.ndarray:
    """Eigenvalues of symmetric 3 x 3 matrices, falling, shape (n, 3)."""
    mean = np.einsum("nii->n", matrix) / 3
    centred = matrix - mean[:, None, None] * np.eye(3)
    size = np.sqrt(np.einsum("nij,nij->n", centred, centred) / 6)
    scaled = centred / np.maximum(size, np.finfo(float).tiny)[:, None, None]
    half = np.einsum("ni,ni->n", scaled[:, 0], np.cross(scaled[:, 1], scaled[:, 2])) / 2
    angle = np.arccos(np.clip(half, -1, 1)) / 3
    first, last = 2 * np.cos(angle), 2 * np.cos(angle + 2 * np.pi / 3)
    return mean[:, None] + size[:, None] * np.stack([first, -first - last, last], axis=1)


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
