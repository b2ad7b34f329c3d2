"""A dense network that corrects ETAS: what it says is added to ETAS's log-odds, and it begins by saying nothing.

Inputs are standardised by the days it learns from and clipped at five standard deviations. The last layer starts at
zero, the loss is the log score of all days, and the learning rate falls to zero along a cosine (Loshchilov and Hutter
2017, arXiv:1608.03983), so that the last epoch is the one to keep: the validation part chooses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from mleq.experiment.training import fit_epochs
from mleq.forecast.pool.inputs import INPUTS
from mleq.forecast.pool.residual import pieces, places, used_names
from mleq.forecast.pool.rows import Rows

WIDEST = 5.0
"""Standard deviations at which inputs are clipped."""
STEPS = 12
"""Of the path along which contributions are integrated."""


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
        keras = _keras()
        names = used_names(settings.detection)
        model = _network(settings, rows, names, seed)
        steps = settings.epochs * -(-len(rows) // settings.batch_size)
        falling = SimpleNamespace(
            learning_rate=keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps),
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            patience=settings.epochs,
        )
        fitted = fit_epochs(
            model,
            lambda epoch: _batches(rows, names, settings.batch_size, np.random.SeedSequence([seed, epoch])),
            None,
            falling,
            work_folder=work,
            seed=seed,
            key=key,
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
        )
        found, curve = cls(fitted.model, names), fitted.history.copy()
        curve["best"] = curve["epoch"] == settings.epochs
        if validation is not None:
            loss = validation.log_loss(validation.log_odds + found.corrections(validation.inputs))
            curve["validation_log_loss"] = np.where(curve["best"], loss, np.nan)
        return found, curve

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
        """What each input adds to the log-odds, shape (n, len(INPUTS)).

        Integrated gradients from the mean of the days that were learnt from (Sundararajan, Taly and Yan 2017,
        arXiv:1703.01365): they sum to the correction less that of the mean.
        """
        import tensorflow as tf

        mean = self.model.get_layer("standardised").mean.numpy().ravel()
        table = np.asarray(inputs[:, self.columns], np.float32)
        nothing, slopes = tf.zeros((len(table), 1)), np.zeros_like(table)
        for part in (np.arange(STEPS) + 0.5) / STEPS:
            at = tf.constant(mean + part * (table - mean), tf.float32)
            with tf.GradientTape() as tape:
                tape.watch(at)
                said = self.model([at, nothing], training=False)
            slopes += tape.gradient(said, at).numpy() / STEPS
        found = np.zeros((len(inputs), len(INPUTS)))
        found[:, self.columns] = slopes * (table - mean)
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
        from mleq.experiment.backend import read_network

        model = read_network(_file(stem))
        return cls(model, used_names(model.inputs[0].shape[1] == len(INPUTS)))


def _keras() -> Any:
    from mleq.experiment.backend import load_keras

    return load_keras()


def _file(stem: Path) -> Path:
    return stem.with_name(f"{stem.name}.keras")


def _network(settings, rows: Rows, names: tuple[str, ...], seed: int) -> Any:
    from mleq.experiment.backend import seeded_keras

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
    for units in settings.hidden:
        decay = keras.regularizers.L2(settings.weight_decay)
        hidden = keras.layers.Dense(units, activation="swish", kernel_regularizer=decay)(hidden)
        hidden = keras.layers.Dropout(settings.dropout)(hidden)
    said = keras.layers.Dense(1, kernel_initializer="zeros", name="correction")(hidden)
    return keras.Model([inputs, offset], keras.layers.Add()([said, offset]))


def _batches(rows: Rows, names: tuple[str, ...], size: int, seed) -> Any:
    """One epoch of batches, in an order that the seed decides."""
    order, columns = np.random.default_rng(seed).permutation(len(rows)), places(names)

    class Batches(_keras().utils.PyDataset):
        def __len__(self) -> int:
            return -(-len(order) // size)

        def __getitem__(self, number: int):
            some = order[number * size : (number + 1) * size]
            table = rows.inputs[some][:, columns].astype(np.float32)
            came, weight = rows.came[some, None].astype(np.float32), rows.weight[some]
            return (table, rows.log_odds[some, None]), came, weight

    return Batches()
