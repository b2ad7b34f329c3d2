"""Undoes what resampling did to probabilities: the shift of the prior."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mleq.errors import DataError

# Networks give float32: a sigmoid that reads exactly 0 or 1 has only run out of digits, and stays finite here.
SMALLEST = 1e-7


@dataclass(frozen=True)
class PriorShift:
    """Moves probabilities from the share of positives that a model was trained on to the one where it is used.

    With p(x | y) unchanged, Bayes' theorem gives logit p' = logit p - logit train + logit deploy (Elkan 2001,
    Proc. 17th IJCAI, theorem 2; Saerens et al. 2002, doi:10.1162/089976602753284446). Where negatives were kept at
    the rate beta this is p' = beta p / (beta p - p + 1) (Dal Pozzolo et al. 2015, doi:10.1109/SSCI.2015.33).

    Parameters
    ----------
    train : float
        Share of positives as the model saw it in training: after resampling, weights counted.
    deploy : float
        Share of positives where the model is used: of the training part before resampling.
    exact : bool
        Whether resampling left p(x | y) as it was, as drawing at random and weighing do. Methods that choose or
        synthesise samples change it, and the shift is then an approximation to be checked on the validation part.

    Raises
    ------
    DataError
        If a share is not between 0 and 1, both excluded.

    Examples
    --------
    >>> shift = PriorShift(train=0.5, deploy=0.1)
    >>> float(shift(0.5).round(6))
    0.1
    """

    train: float
    deploy: float
    exact: bool = True

    def __post_init__(self):
        for name in ("train", "deploy"):
            share = getattr(self, name)
            if not 0 < share < 1:
                raise DataError(
                    f"the share of positive samples ({name}) is {share:g}",
                    expected="samples with and without an event, so a share between 0 and 1",
                    remedy="choose a smaller target.magnitude, a larger radius_km, or a longer catalogue",
                )

    def __call__(self, probability) -> np.ndarray:
        """Return the shifted probabilities.

        Parameters
        ----------
        probability : array_like, any shape
            Between 0 and 1; values nearer than 1e-7 to either are taken to be 1e-7 from it. NaN stays NaN.

        Returns
        -------
        ndarray of float64
            Of the same shape.
        """
        p = np.clip(np.asarray(probability, np.float64), SMALLEST, 1 - SMALLEST)
        # The odds are multiplied, which is the formula without a logarithm.
        with_event = p * (self.deploy / self.train)
        without = (1 - p) * ((1 - self.deploy) / (1 - self.train))
        return with_event / (with_event + without)

    def to_dict(self) -> dict[str, Any]:
        """Return what `calibration.json` holds."""
        return {"method": "prior_shift", **asdict(self)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> PriorShift:
        """Read back what `to_dict` gave.

        Raises
        ------
        DataError
            If it is something else.
        """
        values = {key: value for key, value in stored.items() if key != "method"}
        if stored.get("method") != "prior_shift" or set(values) != {"train", "deploy", "exact"}:
            raise DataError(
                f"found {stored!r} as calibration",
                expected='{"method": "prior_shift", "train": …, "deploy": …, "exact": …}',
                remedy="train the recipe again",
            )
        return cls(**values)
