"""A dense network that corrects ETAS: what it says is added to ETAS's log-odds, and it begins by saying nothing.

Inputs are standardised by the days it learns from and clipped at five standard deviations; all days are learnt from.
How it learns is said in `mleq.forecast.pool.networks`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq.experiment.backend import load_keras, read_network, seeded_keras
from mleq.forecast.pool.inputs import INPUTS
from mleq.forecast.pool.networks import WIDEST, contributions, corrected, learning_curve, taught
from mleq.forecast.pool.residual import pieces, places, used_names
from mleq.forecast.pool.rows import Rows


@dataclass(frozen=True, eq=False)
class DenseCorrection:
    """A trained network; made by `trained` or `loaded`.

    Attributes
    ----------
    model : keras.Model
        From inputs and ETAS's log-odds to the log-odds of the forecast.
    names : tuple of str
        Of the inputs that it sees.
    """

    model: Any
    names: tuple[str, ...]

    @classmethod
    def trained(
        cls, settings, rows: Rows, *, seed: int, work: Path, key: str, validation: Rows | None = None
    ) -> tuple[DenseCorrection, pd.DataFrame]:
        """Train a network for all its epochs.

        Parameters
        ----------
        settings : ResidualNetwork
            The recipe's `model`.
        rows : Rows
        seed : int
        work, key
            As for `mleq.experiment.training.fit_epochs`: training that was stopped goes on.
        validation : Rows, optional
            Measured at the end, for the learning curve.

        Returns
        -------
        DenseCorrection
        curve : DataFrame
            epoch, seconds, train_loss, best, and validation_log_loss of the last epoch.
        """
        names = used_names(settings.detection)
        model, curve = taught(
            _network(settings, rows, names, seed),
            lambda epoch_seed: _batches(rows, names, settings.batch_size, epoch_seed),
            settings,
            seed=seed,
            work=work,
            key=key,
        )
        found, loss = cls(model, names), None
        if validation is not None:
            loss = validation.log_loss(validation.log_odds + found.corrections(validation.inputs))
        return found, learning_curve(curve, loss)

    @cached_property
    def columns(self) -> list[int]:
        """Places of the inputs that the network sees."""
        return places(self.names)

    @property
    def size(self) -> int:
        """Weights."""
        return int(self.model.count_params())

    def corrections(self, inputs: np.ndarray, maps: Any = None) -> np.ndarray:
        """What is added to ETAS's log-odds, shape (n,); this network looks at no maps."""
        found = []
        for some in pieces(inputs):
            table = np.asarray(some[:, self.columns], np.float32)
            nothing = np.zeros((len(table), 1), np.float32)
            found.append(self.model.predict([table, nothing], batch_size=32_768, verbose=0)[:, 0])
        return np.concatenate(found)

    def contributions(self, inputs: np.ndarray, maps: Any = None) -> np.ndarray:
        """What each input adds to the log-odds, shape (n, len(INPUTS)); see `mleq.forecast.pool.networks`."""
        mean = self.model.get_layer("standardised").mean.numpy().ravel()
        found = np.zeros((len(inputs), len(INPUTS)))
        (found[:, self.columns],) = contributions(
            self.model, [np.asarray(inputs[:, self.columns], np.float32)], [mean]
        )  # fmt: skip
        return found

    def save(self, stem: Path) -> None:
        """Write <stem>.keras."""
        self.model.save(_file(stem))

    @classmethod
    def loaded(cls, stem: Path) -> DenseCorrection:
        """Read what `save` wrote.

        Raises
        ------
        Failure
            If it cannot be read.
        """
        model = read_network(_file(stem))
        return cls(model, used_names(model.inputs[0].shape[1] == len(INPUTS)))


def _file(stem: Path) -> Path:
    return stem.with_name(f"{stem.name}.keras")


def _network(settings, rows: Rows, names: tuple[str, ...], seed: int) -> Any:
    keras = seeded_keras(seed)
    columns = places(names)
    mean, square = np.zeros(len(names)), np.zeros(len(names))
    for some in pieces(rows.inputs):
        table = some[:, columns].astype(np.float64)
        mean += table.sum(axis=0) / len(rows)
        square += (table**2).sum(axis=0) / len(rows)
    variance = np.maximum(square - mean**2, 1e-8)
    inputs, offset = keras.Input((len(names),), name="inputs"), keras.Input((1,), name="log_odds")
    standard = keras.layers.Normalization(mean=mean, variance=variance, name="standardised")
    hidden = keras.ops.clip(standard(inputs), -WIDEST, WIDEST)
    return keras.Model([inputs, offset], corrected(hidden, offset, settings))


def _batches(rows: Rows, names: tuple[str, ...], size: int, seed) -> Any:
    """One epoch of batches, in an order that the seed decides."""
    order, columns = np.random.default_rng(seed).permutation(len(rows)), places(names)

    class Batches(load_keras().utils.PyDataset):
        def __len__(self) -> int:
            return -(-len(order) // size)

        def __getitem__(self, number: int):
            some = order[number * size : (number + 1) * size]
            table = rows.inputs[some][:, columns].astype(np.float32)
            came, weight = rows.came[some, None].astype(np.float32), rows.weight[some]
            return (table, rows.log_odds[some, None]), came, weight

    return Batches()
