"""Trees that correct ETAS: boosted on the days of all circles, their sum added to ETAS's log-odds.

Before the first tree the forecast is ETAS's own. Training offsets are those of a walk forward, made before each day, as
they are when the trees are used. The loss is the log score of all days.

What is kept is XGBoost's own JSON: nothing is unpickled.

References
----------
Chen, T. and Guestrin, C. (2016). XGBoost: a scalable tree boosting system. KDD 2016. doi:10.1145/2939672.2939785
Lundberg, S. M. et al. (2020). From local explanations to global understanding with explainable AI for trees. Nature
Machine Intelligence 2, 56-67. doi:10.1038/s42256-019-0138-9
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic
from mleq.errors import Failure
from mleq.forecast.pool.inputs import DETECTION, INPUTS
from mleq.forecast.pool.rows import Rows

MAX_BIN = 64
AT_ONCE = 200_000
"""Rows that are in memory in single precision together."""


@dataclass(frozen=True, eq=False)
class BoostedCorrection:
    """Boosted trees; made by `grown` or `loaded`.

    Attributes
    ----------
    booster : xgboost.Booster
    names : tuple of str
        Of the inputs that the trees see.
    """

    booster: Any
    names: tuple[str, ...]

    @classmethod
    def grown(
        cls, settings, rows: Rows, *, trees: int, seed: int, validation: Rows | None = None
    ) -> tuple[BoostedCorrection, pd.DataFrame]:
        """Grow trees.

        Parameters
        ----------
        settings : ResidualBoosting
            The recipe's `model`.
        rows : Rows
        trees : int
        seed : int
        validation : Rows, optional
            Measured after each tree; the trees up to the best measure are kept.

        Returns
        -------
        BoostedCorrection
        curve : DataFrame
            epoch (trees), train_loss, validation_log_loss, best; empty without `validation`.
        """
        import xgboost

        names = used_names(settings.detection)

        def matrix(some: Rows, like: Any = None) -> Any:
            return xgboost.QuantileDMatrix(
                _piecewise(some, names), max_bin=MAX_BIN, ref=like
            )  # quantised piece by piece: single precision never holds all

        data, measured = matrix(rows), {}
        watched = [(data, "train")] + ([(matrix(validation, data), "validation")] if validation is not None else [])
        booster = xgboost.train(
            _parameters(settings, seed), data, trees, evals=watched, evals_result=measured, verbose_eval=False
        )
        if validation is None:
            return cls(booster, names), pd.DataFrame()
        loss = np.array(measured["validation"]["logloss"])
        best = int(loss.argmin()) + 1
        curve = pd.DataFrame({"epoch": np.arange(1, trees + 1), "train_loss": measured["train"]["logloss"]})
        curve["validation_log_loss"], curve["best"] = loss, curve["epoch"] == best
        return cls(booster[:best], names), curve

    @property
    def size(self) -> int:
        """Leaves of all trees."""
        return sum(tree.count("leaf=") for tree in self.booster.get_dump())

    @cached_property
    def columns(self) -> list[int]:
        """Places of the inputs that the trees see."""
        return places(self.names)

    def corrections(self, inputs: np.ndarray, maps: Any = None) -> np.ndarray:
        """What is added to ETAS's log-odds, shape (n,); trees look at no maps."""
        return np.concatenate([self._predict(some, output_margin=True) for some in pieces(inputs)])

    def contributions(self, inputs: np.ndarray, maps: Any = None) -> np.ndarray:
        """What each input adds to the log-odds by its Shapley value, shape (n, len(INPUTS))."""
        found = np.zeros((len(inputs), len(INPUTS)))
        found[:, self.columns] = self._predict(inputs, pred_contribs=True)[:, :-1]
        return found

    def _predict(self, inputs: np.ndarray, **what: bool) -> np.ndarray:
        import xgboost

        table = np.asarray(inputs[:, self.columns], np.float32)
        return self.booster.predict(xgboost.DMatrix(table, base_margin=np.zeros(len(table), np.float32)), **what)

    def save(self, stem: Path) -> None:
        """Write <stem>.xgboost.json, with the names of the inputs among its attributes."""
        self.booster.set_attr(inputs="\n".join(self.names))
        atomic.write_bytes(_file(stem), bytes(self.booster.save_raw("json")))

    @classmethod
    def loaded(cls, stem: Path) -> BoostedCorrection:
        """Read what `save` wrote.

        Raises
        ------
        Failure
            If it cannot be read.
        """
        import xgboost

        try:
            booster = xgboost.Booster(model_file=_file(stem))
        except (OSError, xgboost.core.XGBoostError) as error:
            reason = str(error).splitlines()[0]
            raise Failure(f"{_file(stem)} cannot be read: {reason}", remedy="train the recipe again") from None
        return cls(booster, tuple(booster.attr("inputs").split("\n")))


def used_names(detection: bool) -> tuple[str, ...]:
    """The inputs that a model sees, with or without those that tell of the network's detection."""
    return tuple(name for name in INPUTS if detection or name not in DETECTION)


def places(names: tuple[str, ...]) -> list[int]:
    """Columns of some of `INPUTS`."""
    place = {name: i for i, name in enumerate(INPUTS)}
    return [place[name] for name in names]


def pieces(inputs: np.ndarray) -> Iterator[np.ndarray]:
    """The rows of a table, some at a time."""
    return iter(np.array_split(inputs, max(1, -(-len(inputs) // AT_ONCE))))


def _parameters(settings, seed: int) -> dict[str, Any]:
    return {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_bin": MAX_BIN,
        "base_score": 0.5,  # log-odds of zero: nothing but trees is added to the offset
        "max_depth": settings.depth,
        "eta": settings.learning_rate,
        "min_child_weight": settings.least_weight,
        "reg_lambda": settings.ridge,
        "subsample": settings.rows,
        "colsample_bytree": settings.columns,
        "seed": seed,
    }


def _file(stem: Path) -> Path:
    return stem.with_name(f"{stem.name}.xgboost.json")


def _piecewise(rows: Rows, names: tuple[str, ...]) -> Any:
    """Rows as XGBoost takes them, some at a time."""
    import xgboost

    class Pieces(xgboost.DataIter):
        def __init__(self):
            super().__init__()
            self.parts, self.number = np.array_split(np.arange(len(rows)), max(1, -(-len(rows) // AT_ONCE))), 0

        def next(self, input_data) -> bool:
            if self.number == len(self.parts):
                return False
            some = slice(self.parts[self.number][0], self.parts[self.number][-1] + 1)
            table = np.asarray(rows.inputs[some][:, places(names)], np.float32)
            weight, log_odds = rows.weight[some], rows.log_odds[some]
            input_data(data=table, label=rows.came[some], weight=weight, base_margin=log_odds)
            self.number += 1
            return True

        def reset(self) -> None:
            self.number = 0

    return Pieces()


@dataclass(frozen=True)
class Recalibrated:
    """ETAS's log-odds, stretched and shifted: the reference that a residual model has to beat to know anything."""

    slope: float
    intercept: float

    @classmethod
    def fit(cls, rows: Rows) -> Recalibrated:
        """Fit both by maximum likelihood."""
        from sklearn.linear_model import LogisticRegression

        found = LogisticRegression(C=1e9).fit(rows.log_odds[:, None], rows.came, sample_weight=rows.weight)
        return cls(float(found.coef_[0, 0]), float(found.intercept_[0]))

    def probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Chances from ETAS's log-odds, of any shape."""
        return 1 / (1 + np.exp(-(self.slope * np.asarray(log_odds, float) + self.intercept)))
