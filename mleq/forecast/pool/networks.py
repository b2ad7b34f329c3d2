"""What the networks of a pool share: how they end, how they learn, and how they are explained.

Each ends in layers whose last starts at zero and is added to ETAS's log-odds. It learns by the log score, for all its
epochs, while the learning rate falls to zero along a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983), so that the
last epoch is the one to keep: the validation part chooses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from mleq.experiment.backend import load_keras
from mleq.experiment.training import fit_epochs

WIDEST = 5.0
"""Standard deviations at which what a network sees is clipped."""
STEPS = 12
"""Of the path along which contributions are integrated."""


def corrected(hidden: Any, offset: Any, settings) -> Any:
    """Add a network's last layers: what they say of `hidden`, zero at first, is added to ETAS's log-odds."""
    layers, regularizers = load_keras().layers, load_keras().regularizers
    for units in settings.hidden:
        decay = regularizers.L2(settings.weight_decay)
        hidden = layers.Dense(units, activation="swish", kernel_regularizer=decay)(hidden)
        hidden = layers.Dropout(settings.dropout)(hidden)
    said = layers.Dense(1, kernel_initializer="zeros", name="correction")(hidden)
    return layers.Add()([said, offset])


def taught(
    model: Any, batches: Callable[[Any], Any], settings, *, seed: int, work: Path, key: str
) -> tuple[Any, pd.DataFrame]:
    """Train a network for all its epochs; training that was stopped goes on.

    Parameters
    ----------
    model : keras.Model
        From what it sees and ETAS's log-odds to the log-odds of the forecast.
    batches : callable
        (numpy.random.SeedSequence) -> the batches of an epoch.
    settings : ResidualNetwork or ResidualConvLstm
        The recipe's `model`.
    seed : int
    work, key
        As for `mleq.experiment.training.fit_epochs`.

    Returns
    -------
    model : keras.Model
    curve : DataFrame
        epoch, seconds, train_loss, and best: the last.
    """
    keras = load_keras()
    steps = settings.epochs * len(batches(np.random.SeedSequence([seed, 1])))
    falling = SimpleNamespace(
        learning_rate=keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps),
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        patience=settings.epochs,
    )
    fitted = fit_epochs(
        model,
        lambda epoch: batches(np.random.SeedSequence([seed, epoch])),
        None,
        falling,
        work_folder=work,
        seed=seed,
        key=key,
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    return fitted.model, fitted.history.assign(best=fitted.history["epoch"] == settings.epochs)


def contributions(model: Any, seen: Sequence[np.ndarray], means: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What each number that a network sees adds to the log-odds, in arrays like `seen`.

    Integrated gradients from the means of the days that were learnt from (Sundararajan, Taly and Yan 2017,
    arXiv:1703.01365): they sum to the correction less that of the means.

    Parameters
    ----------
    model : keras.Model
        From `seen` and ETAS's log-odds to the log-odds of the forecast.
    seen : sequence of array, shape (n, …)
    means : sequence of array
        Of the same shapes, or such as broadcast to them.

    Returns
    -------
    list of array
    """
    import tensorflow as tf

    nothing, slopes = tf.zeros((len(seen[0]), 1)), [np.zeros_like(one) for one in seen]
    for part in (np.arange(STEPS) + 0.5) / STEPS:
        on_path = [
            tf.constant(mean + part * (one - mean), tf.float32) for one, mean in zip(seen, means, strict=True)
        ]  # fmt: skip
        with tf.GradientTape() as tape:
            tape.watch(on_path)
            said = model([*on_path, nothing], training=False)
        for slope, one in zip(slopes, tape.gradient(said, on_path), strict=True):
            slope += one.numpy() / STEPS
    return [slope * (one - mean) for slope, one, mean in zip(slopes, seen, means, strict=True)]


def learning_curve(curve: pd.DataFrame, loss: float | None) -> pd.DataFrame:
    """Write a validation loss, where there is one, beside the last epoch."""
    return curve if loss is None else curve.assign(validation_log_loss=np.where(curve["best"], loss, np.nan))
