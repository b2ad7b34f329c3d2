"""Trees and a network together: their corrections of ETAS, each times a weight that the validation part chose.

References
----------
Wolpert, D. H. (1992). Stacked generalization. Neural Networks 5, 241-259. doi:10.1016/S0893-6080(05)80023-1
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mleq import atomic
from mleq.experiment.folder import read_json
from mleq.forecast.pool.dense import DenseCorrection
from mleq.forecast.pool.residual import BoostedCorrection
from mleq.forecast.pool.rows import Rows

MOST = 1.5
"""Of a weight. Models that err alike sum to about one."""
KINDS = {"boosting": BoostedCorrection, "network": DenseCorrection}


@dataclass(frozen=True, eq=False)
class StackedCorrection:
    """Corrections of several models, weighted.

    Attributes
    ----------
    members : dict of str to correction
        By the names of `KINDS`.
    weights : dict of str to float
    """

    members: dict[str, Any]
    weights: dict[str, float]

    @property
    def size(self) -> int:
        """Leaves and weights of all members."""
        return sum(one.size for one in self.members.values())

    def corrections(self, inputs: np.ndarray, maps: Any = None) -> np.ndarray:
        """What is added to ETAS's log-odds, shape (n,)."""
        return sum(self.weights[name] * one.corrections(inputs, maps) for name, one in self.members.items())

    def contributions(self, inputs: np.ndarray, maps: Any = None) -> np.ndarray:
        """What each input adds to the log-odds, shape (n, len(INPUTS))."""
        return sum(self.weights[name] * one.contributions(inputs, maps) for name, one in self.members.items())

    def save(self, stem: Path) -> None:
        """Write the members' files and <stem>.weights.json."""
        for one in self.members.values():
            one.save(stem)
        atomic.write_text(_file(stem), json.dumps(self.weights))

    @classmethod
    def loaded(cls, stem: Path) -> StackedCorrection:
        """Read what `save` wrote."""
        weights = read_json(_file(stem))
        return cls({name: KINDS[name].loaded(stem) for name in weights}, weights)


def best_weights(corrections: Sequence[np.ndarray], rows: Rows) -> np.ndarray:
    """Weights from 0 to `MOST` with which corrections do best together on some days, by the log score.

    Parameters
    ----------
    corrections : sequence of ndarray, shape (n,)
        Of each model.
    rows : Rows
        n of them.

    Returns
    -------
    ndarray, shape (number of models,)
    """
    from scipy.optimize import minimize

    table = np.stack(corrections).astype(float)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        log_odds = rows.log_odds + weights @ table
        wrong = 1 / (1 + np.exp(-log_odds)) - rows.came
        slope = table @ (rows.weight * wrong) / rows.weight.sum(dtype=float)
        return rows.log_loss(log_odds), slope

    start = np.full(len(table), 1 / len(table))
    scale = 1e4  # a log loss of a few hundredths is flat to the search's tolerance
    found = minimize(
        lambda weights: tuple(scale * one for one in loss(weights)),
        start, jac=True, method="L-BFGS-B", bounds=[(0, MOST)] * len(table),
    )  # fmt: skip
    return found.x


def _file(stem: Path) -> Path:
    return stem.with_name(f"{stem.name}.weights.json")
