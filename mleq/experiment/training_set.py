"""What a network is trained on, after resampling."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class TrainingSet:
    """Samples to train on: by their indices, or, where a method made new ones, by their inputs.

    Attributes
    ----------
    target : ndarray of bool, shape (n,)
        Whether there is an event.
    indices : ndarray of int, shape (n,), or None
        Into the samples; windows are gathered batch by batch.
    inputs : ndarray of float32, shape (n, *sample_shape), or None
        Scaled windows, where `indices` is None.
    class_weight : tuple of float, or None
        Weights of samples without and with an event.
    balanced : bool
        Whether each batch is drawn half from the one class and half from the other.
    prior_before, prior_after : float
        Share of positives in the training part, and as the network sees it: after resampling, weights counted.
    exact : bool
        Whether only the prior changed, so that the shift back is exact.
    """

    target: np.ndarray
    indices: np.ndarray | None = None
    inputs: np.ndarray | None = None
    class_weight: tuple[float, float] | None = None
    balanced: bool = False
    prior_before: float = 0.5
    prior_after: float = 0.5
    exact: bool = True

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.target.size)

    def selected(self, chosen: np.ndarray) -> TrainingSet:
        """Return the set with only the samples at these positions.

        Parameters
        ----------
        chosen : ndarray of int, shape (k,)
            Positions in this set, 0 to n - 1.
        """
        return replace(
            self,
            target=self.target[chosen],
            indices=None if self.indices is None else self.indices[chosen],
            inputs=None if self.inputs is None else self.inputs[chosen],
        )
