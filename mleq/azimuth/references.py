"""What a network must beat: polarisation with and without the noise's covariance, and the mean direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mleq.azimuth.concentration import concentrations, fit
from mleq.azimuth.polarization import back_azimuth, covariances
from mleq.azimuth.windows import GUARD_S, Traces
from mleq.scores.circular import circular_mae, concentration, mean_direction, resultant_length

WINDOWS_S = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Lengths of signal tried on the training part; the one of the least circular error is kept."""


class Reference(Protocol):
    """Answers with a direction and a concentration for each trace."""

    parameters: dict[str, Any]

    def answers(self, traces: Traces) -> tuple[np.ndarray, np.ndarray]:
        """Directions in degrees and concentrations, each of shape (n,)."""


def noise_covariances(traces: Traces) -> np.ndarray:
    """Covariances of what precedes the P arrivals, shape (n, 3, 3)."""
    guard = max(round(GUARD_S * traces.sampling_rate_hz), 1)
    return covariances(traces.waveforms[:, :, : traces.p_index - guard])


def signal_covariances(traces: Traces, window_s: float) -> np.ndarray:
    """Covariances of so many seconds from the P arrivals on, shape (n, 3, 3)."""
    samples = max(round(window_s * traces.sampling_rate_hz), 4)
    return covariances(traces.waveforms[:, :, traces.p_index : traces.p_index + samples])


@dataclass(frozen=True)
class Polarization:
    """Principal components of the first seconds of P; see `mleq.azimuth.polarization.back_azimuth`."""

    window_s: float
    noise_corrected: bool
    coefficients: Sequence[float]

    @property
    def parameters(self) -> dict[str, Any]:
        """What calibration.json keeps."""
        return {
            "kind": "polarization",
            "window_s": self.window_s,
            "noise_corrected": self.noise_corrected,
            "coefficients": list(self.coefficients),
        }

    def answers(self, traces: Traces) -> tuple[np.ndarray, np.ndarray]:
        """Directions and concentrations."""
        direction, rectilinearity = classical(traces, self.window_s, self.noise_corrected)
        return direction, concentrations(_predictors(traces, rectilinearity), self.coefficients)


@dataclass(frozen=True)
class MeanDirection:
    """The mean direction of the training part: what is known without any signal."""

    direction_deg: float
    kappa: float

    @property
    def parameters(self) -> dict[str, Any]:
        """What calibration.json keeps."""
        return {"kind": "mean_direction", "direction_deg": self.direction_deg, "kappa": self.kappa}

    def answers(self, traces: Traces) -> tuple[np.ndarray, np.ndarray]:
        """The same for every trace."""
        return np.full(len(traces), self.direction_deg), np.full(len(traces), self.kappa)


def classical(traces: Traces, window_s: float, noise_corrected: bool) -> tuple[np.ndarray, np.ndarray]:
    """Back-azimuth by polarisation and its rectilinearity, each of shape (n,)."""
    covariance = signal_covariances(traces, window_s)
    if noise_corrected:
        covariance = covariance - noise_covariances(traces)
    return back_azimuth(covariance)


def _predictors(traces: Traces, rectilinearity: np.ndarray) -> np.ndarray:
    return np.column_stack([np.clip(traces.table["snr_db"], -10, 30) / 10, rectilinearity])


def fit_polarization(traces: Traces, noise_corrected: bool) -> Polarization:
    """Choose the window, then fit the concentration, on traces with known directions."""
    truth = traces.table["back_azimuth_deg"].to_numpy()
    reach = (traces.waveforms.shape[-1] - traces.p_index) / traces.sampling_rate_hz
    tried = {w: classical(traces, w, noise_corrected) for w in WINDOWS_S if w <= reach}
    window = min(tried, key=lambda w: circular_mae(truth, tried[w][0]))
    direction, rectilinearity = tried[window]
    return Polarization(window, noise_corrected, fit(_predictors(traces, rectilinearity), truth, direction))


def fit_references(traces: Traces) -> dict[str, Reference]:
    """Fit all references on the training part.

    Parameters
    ----------
    traces : Traces
        The training part's.
    """
    truth = traces.table["back_azimuth_deg"].to_numpy()
    mean = mean_direction(truth)
    return {
        "polarization": fit_polarization(traces, False),
        "polarization_noise_corrected": fit_polarization(traces, True),
        "mean_direction": MeanDirection(0.0 if np.isnan(mean) else mean, concentration(resultant_length(truth))),
    }


def restore(parameters: dict[str, dict[str, Any]]) -> dict[str, Reference]:
    """Make references again from calibration.json."""
    kinds = {"polarization": Polarization, "mean_direction": MeanDirection}
    return {
        name: kinds[values["kind"]](**{key: value for key, value in values.items() if key != "kind"})
        for name, values in parameters.items()
    }
