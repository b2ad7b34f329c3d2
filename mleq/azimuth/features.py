"""What `azimuth_residual` looks at: covariances in the frame of the classical estimate, and the station."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mleq.azimuth.polarization import back_azimuth, turned
from mleq.azimuth.references import noise_covariances, signal_covariances
from mleq.azimuth.windows import Traces

HARMONICS = 5
"""1, cos, sin, cos 2, sin 2 of the classical estimate: what a station's rotation and bias are made of."""
_UPPER = np.triu_indices(3)
CLIP = 6.0


@dataclass(frozen=True)
class Features:
    """Makes features from traces; fixed on the training part.

    Attributes
    ----------
    windows_s : tuple of float
        Lengths of the signal windows.
    base_s : float
        Window of the classical estimate that is corrected.
    stations : tuple of str
        Those of the training part, empty where the network is not told the station.
    mean, deviation : tuple of float
        Of the covariance features, on the training part; they are scaled by them.
    """

    windows_s: tuple[float, ...]
    base_s: float
    stations: tuple[str, ...]
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    @classmethod
    def fitted(cls, traces: Traces, windows_s: Sequence[float], base_s: float, stations: bool) -> Features:
        """Fix names and scales on the training part."""
        names = tuple(sorted(traces.table["station"].unique())) if stations else ()
        plain = cls(tuple(windows_s), base_s, names)
        raw = plain.raw(traces)[1]
        return cls(
            plain.windows_s,
            base_s,
            names,
            tuple(map(float, raw.mean(axis=0))),
            tuple(map(float, np.maximum(raw.std(axis=0), 1e-6))),
        )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Features:
        """Make them again from calibration.json."""
        return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})

    def to_dict(self) -> dict[str, Any]:
        """What calibration.json keeps."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()}

    @staticmethod
    def count(windows: int, stations: int) -> int:
        """How many features there are."""
        return windows * 16 + 6 + HARMONICS * stations

    def raw(self, traces: Traces) -> tuple[np.ndarray, np.ndarray]:
        """Classical estimate, shape (n,), and unscaled covariance features, shape (n, 16 windows + 6).

        For each window: the covariance as it is and less the noise's, each over its trace, the direction that this
        window alone would give, rectilinearity, and the signal's power over the noise's in decades. Then the noise's
        covariance over its trace. All are turned so that the classical estimate points north: a network of them learns
        at once for all directions what it learns for one.
        """
        noise = noise_covariances(traces)
        base, _ = back_azimuth(signal_covariances(traces, self.base_s) - noise)
        noise_power = _trace(noise)
        columns = []
        for window in self.windows_s:
            signal = signal_covariances(traces, window)
            less = signal - noise
            direction, rectilinearity = back_azimuth(less)
            apart = np.radians(direction - base)
            power = _trace(signal)
            decades = np.log10(np.maximum(power, 1e-30) / np.maximum(noise_power, 1e-30))
            columns += [
                _entries(turned(signal, base), power),
                _entries(turned(less, base), power),
                np.column_stack([np.cos(apart), np.sin(apart), rectilinearity, np.clip(decades, -2, 5)]),
            ]
        columns.append(_entries(turned(noise, base), noise_power))
        return base, np.concatenate(columns, axis=1)

    def make(self, traces: Traces) -> tuple[np.ndarray, np.ndarray]:
        """Classical estimate in degrees, shape (n,), and scaled features, float32, shape (n, count).

        Stations that were not in the training part look like withheld ones.
        """
        base, raw = self.raw(traces)
        scaled = np.clip((raw - np.array(self.mean)) / np.array(self.deviation), -CLIP, CLIP)
        angle = np.radians(base)
        harmonics = np.column_stack(
            [np.ones(len(base)), np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)]
        )
        here = traces.table["station"].to_numpy()[:, None] == np.array(self.stations, object)[None, :]
        at_station = (here[:, :, None] * harmonics[:, None, :]).reshape(len(base), -1)
        return base, np.concatenate([scaled, at_station], axis=1).astype(np.float32)

    @property
    def n_station_features(self) -> int:
        """The last so many features are of the station."""
        return HARMONICS * len(self.stations)


def _trace(covariance: np.ndarray) -> np.ndarray:
    return np.einsum("nii->n", covariance)


def _entries(covariance: np.ndarray, power: np.ndarray) -> np.ndarray:
    """The six different entries of each covariance over a power, shape (n, 6)."""
    return covariance[:, _UPPER[0], _UPPER[1]] / np.maximum(power, 1e-30)[:, None]
