"""Trains a network epoch by epoch, keeps the best, and goes on where it was stopped."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from mleq import progress
from mleq.errors import DataError, Failure
from mleq.experiment.backend import load_keras
from mleq.experiment.batches import batches_per_epoch, plain_batches, training_batches
from mleq.experiment.checkpoint import Checkpoint, Progress

log = logging.getLogger("mleq")

COLUMNS = ("epoch", "seconds", "train_loss", "validation_log_loss", "validation_log_loss_raw", "best")


class Settings(Protocol):
    """What training reads of a recipe's `model`."""

    learning_rate: float
    epochs: int
    batch_size: int
    patience: int


@dataclass(frozen=True)
class Fitted:
    """A trained network.

    Attributes
    ----------
    model : keras.Model
        As it was after the best epoch.
    history : DataFrame
        One row an epoch, with the columns of `COLUMNS`.
    epochs, best_epoch : int
        Epochs trained, and the one kept, counted from 1.
    seconds : float
        Training and validating, over all epochs and sessions.
    """

    model: Any
    history: pd.DataFrame
    epochs: int
    best_epoch: int
    seconds: float


def fit(
    model,
    samples,
    training,
    validation: np.ndarray,
    settings: Settings,
    *,
    work_folder: str | Path,
    seed: int,
    key: str,
    transform: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Fitted:
    """Train a network by Adam on binary cross-entropy; the epoch with the best validation log loss is kept.

    The validation log loss is that of `transform(p)`, the probabilities after the prior shift. A network trained on
    resampled days forecasts their prior, and on days as they are its raw log loss measures how far it still is from
    that prior (the worse the better it has learnt it), not what it knows about a day.

    After each epoch the whole state is stored in `work_folder`. When training is stopped, by Ctrl-C or a kill, the
    same call goes on after the last complete epoch, with the same result as if it had never been stopped: the order
    of samples and the dropout depend on the seed and the number of the epoch alone.

    Parameters
    ----------
    model : keras.Model
        From `mleq.experiment.network.build`, with the initial weights; probabilities of shape (batch, 1).
    samples : Samples
        Of which `batch(indices)` and `target` are used.
    training : TrainingSet
        What to train on.
    validation : ndarray of int, shape (m,)
        Indices of the validation part.
    settings : Settings
        `learning_rate`, `epochs`, `batch_size`, and `patience`: how many epochs may bring nothing better.
    work_folder : path-like
        For the state and `history.csv`.
    seed : int
        Decides order and dropout.
    key : str
        Hash of all that decides the result: recipe, catalogue, seed. A state with another key is not gone on with.
    transform : callable, optional
        From the network's probabilities to those that are scored, as `PriorShift`.

    Returns
    -------
    Fitted

    Raises
    ------
    DataError
        If the validation part is empty.
    Failure
        If the loss is no longer a number.
    StorageError
        If the state cannot be written.
    """
    target = np.asarray(samples.target)[validation].astype(bool)
    if target.size == 0:
        raise DataError("the validation part holds no samples", expected="some, to choose the best epoch by")
    keras = load_keras()
    model.compile(optimizer=keras.optimizers.Adam(settings.learning_rate), loss="binary_crossentropy")
    checkpoint = Checkpoint(work_folder, key)
    state, history = checkpoint.read()
    if state.epoch:
        log.info("training goes on after epoch %d", state.epoch)
        model = keras.models.load_model(checkpoint.model_path(state.epoch))
    n_batches = batches_per_epoch(training, settings.batch_size)
    with progress.task("training", total=settings.epochs * n_batches, unit="batches") as shown:
        shown.advance(state.epoch * n_batches, note=f"{state.epoch} epochs done before")
        while not _finished(state, settings):
            started, epoch = time.monotonic(), state.epoch + 1
            batches = training_batches(samples, training, batch_size=settings.batch_size, seed=seed, epoch=epoch)
            _seed_dropout(model, seed, epoch)
            train_loss = _train_epoch(model, batches, shown, f"epoch {epoch}, best {state.best_loss:.4f}")
            raw = predict_probabilities(model, samples, validation, settings.batch_size)
            row = _measured(epoch, train_loss, target, raw, transform, settings)
            loss = row["validation_log_loss"]
            state = replace(state, epoch=epoch)
            if loss < state.best_loss:
                state = replace(state, best_epoch=epoch, best_loss=loss)
            row |= {"seconds": time.monotonic() - started, "best": state.best_epoch == epoch}
            history = pd.concat([history, pd.DataFrame([row], columns=COLUMNS)], ignore_index=True)
            checkpoint.write(model, state, history)
            log.info("epoch %d: validation log loss %.4f, best %.4f", epoch, loss, state.best_loss)
    best = model if state.best_epoch == state.epoch else None
    best = best or keras.models.load_model(checkpoint.model_path(state.best_epoch))
    return Fitted(best, history, state.epoch, state.best_epoch, float(history["seconds"].sum()))


def _finished(state: Progress, settings: Settings) -> bool:
    return state.epoch >= settings.epochs or state.epoch - state.best_epoch >= settings.patience


def _train_epoch(model, batches, shown: progress.Task, note: str) -> float:
    """Pass once through the batches; return the mean loss, which is NaN where it became so on the way."""

    class Advance(load_keras().callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            loss = float(logs["loss"])
            shown.advance(1, note=f"{note}, loss {loss:.4f}")
            if not math.isfinite(loss):
                self.model.stop_training = True

    # One call for each epoch: Keras opens the next epoch's batches before it tells a data set that it begins.
    result = model.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[Advance()])
    return result.history["loss"][0]


def _seed_dropout(model, seed: int, epoch: int) -> None:
    """Set the random state of every layer from seed and epoch.

    Keras does not store the states of its seed generators with a model (3.15), so a loaded model would draw other
    dropout masks than the one that was saved.
    """
    generators = [v for v in model.variables if v.path.endswith("seed_generator_state")]
    for position, variable in enumerate(generators):
        first = np.random.SeedSequence([seed, epoch, position]).generate_state(1)[0] & 0x7FFFFFFF
        variable.assign(np.array([first, 0], dtype=variable.dtype))


def _measured(epoch: int, train_loss: float, target, raw, transform, settings: Settings) -> dict[str, float]:
    """The losses of an epoch; a Failure where one is not a number."""
    from sklearn.metrics import log_loss

    if not (math.isfinite(train_loss) and np.isfinite(raw).all()):
        raise Failure(
            f"the training loss became {train_loss:g} in epoch {epoch}",
            expected="a finite number",
            remedy=f"lower model.learning_rate (now {settings.learning_rate:g}), or look for activations without "
            "a bound and inputs without a scale in model.layers",
        )
    probability = raw if transform is None else transform(raw)
    return {
        "epoch": epoch,
        "train_loss": train_loss,
        "validation_log_loss": float(log_loss(target, probability, labels=[False, True])),
        "validation_log_loss_raw": float(log_loss(target, raw, labels=[False, True])),
    }


def predict_probabilities(model, samples, indices: np.ndarray, batch_size: int) -> np.ndarray:
    """The network's probabilities, as they come out of it.

    Parameters
    ----------
    model : keras.Model
        With outputs of shape (batch, 1).
    samples : Samples
        Of which `batch(indices)` is used.
    indices : ndarray of int, shape (k,)
    batch_size : int

    Returns
    -------
    ndarray of float64, shape (k,)
    """
    indices = np.asarray(indices)
    if indices.size == 0:
        return np.empty(0)
    batches = plain_batches(samples, indices, batch_size=batch_size)
    return model.predict(batches, verbose=0).astype(np.float64)[:, 0]
