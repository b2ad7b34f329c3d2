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
from mleq.errors import Failure
from mleq.experiment.backend import load_keras
from mleq.experiment.checkpoint import Checkpoint, Progress

log = logging.getLogger("mleq")


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
        One row an epoch: epoch, seconds, train_loss, what was measured (the first value chose the epoch), best.
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

    @property
    def summary(self) -> dict[str, Any]:
        """What summary.json says of it, beside its name."""
        return {
            "parameters": int(self.model.count_params()),
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "seconds": round(self.seconds, 1),
        }


Batches = Callable[[int], Any]
"""(epoch) -> the batches of that epoch, a `keras.utils.PyDataset`; the same epoch always gives the same ones."""

Measure = Callable[[Any], dict[str, float]]
"""(model) -> what an epoch came to on the validation part; the first value, the less the better, chooses."""


def fit_epochs(
    model,
    batches: Batches,
    measure: Measure | None,
    settings: Settings,
    *,
    work_folder: str | Path,
    seed: int,
    key: str,
    loss: Any = None,
) -> Fitted:
    """Train a network by Adam, an epoch at a time; the epoch that measured best is kept.

    After each epoch the whole state is stored in `work_folder`. When training is stopped, by Ctrl-C or a kill, the
    same call goes on after the last complete epoch, with the same result as if it had never been stopped: the order
    of samples and the dropout depend on the seed and the number of the epoch alone.

    Parameters
    ----------
    model : keras.Model
        With the initial weights; a class of its own must be registered with Keras, so that it can be read back.
    batches : callable
        See `Batches`.
    measure : callable
        See `Measure`. A value that is not a number is a Failure. None: nothing is chosen, the last epoch is kept.
    settings : Settings
        `learning_rate`, `epochs`, `batch_size`, and `patience`: how many epochs may bring nothing better.
    work_folder : path-like
        For the state and `history.csv`.
    seed : int
        Decides dropout; `batches` should depend on it too.
    key : str
        Hash of all that decides the result: recipe, data, seed. A state with another key is not gone on with.
    loss : str, callable or dict, optional
        As Keras's `compile` takes it; None where the model adds its own.

    Returns
    -------
    Fitted

    Raises
    ------
    Failure
        If the loss is no longer a number.
    StorageError
        If the state cannot be written.
    """
    keras = load_keras()
    model.compile(optimizer=keras.optimizers.Adam(settings.learning_rate), loss=loss)
    checkpoint = Checkpoint(work_folder, key)
    state, history = checkpoint.read()
    if state.epoch:
        log.info("training goes on after epoch %d", state.epoch)
        model = keras.models.load_model(checkpoint.model_path(state.epoch), safe_mode=True)
    n_batches = len(batches(1))
    with progress.task("training", total=settings.epochs * n_batches, unit="batches") as shown:
        shown.advance(state.epoch * n_batches, note=f"{state.epoch} epochs done before")
        while not _finished(state, settings):
            started, epoch = time.monotonic(), state.epoch + 1
            _seed_dropout(model, seed, epoch)
            best = f", best {state.best_loss:.4f}" if math.isfinite(state.best_loss) else ""
            train_loss = _train_epoch(model, batches(epoch), shown, f"epoch {epoch}{best}")
            measured = {"train_loss": train_loss}
            if measure is not None and math.isfinite(train_loss):
                measured |= measure(model)
            _refuse_not_numbers(epoch, measured, settings)
            name, value = list(measured.items())[-1 if measure is None else 1]
            state = replace(state, epoch=epoch)
            if measure is None or value < state.best_loss:
                state = replace(state, best_epoch=epoch, best_loss=value)
            row = {"epoch": epoch, "seconds": time.monotonic() - started, **measured, "best": state.best_epoch == epoch}
            history = pd.concat([history, pd.DataFrame([row])], ignore_index=True)
            checkpoint.write(model, state, history)
            log.info("epoch %d: %s %.4f, best %.4f", epoch, name.replace("_", " "), value, state.best_loss)
    best = model if state.best_epoch == state.epoch else None
    best = best or keras.models.load_model(checkpoint.model_path(state.best_epoch), safe_mode=True)
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


def _refuse_not_numbers(epoch: int, measured: dict[str, float], settings: Settings) -> None:
    for name, value in measured.items():
        if not math.isfinite(value):
            raise Failure(
                f"the {'training' if name == 'train_loss' else 'validation'} loss became {value:g} in epoch {epoch}",
                expected="a finite number",
                remedy=f"lower model.learning_rate (now {settings.learning_rate:g}), or look for activations without "
                "a bound and inputs without a scale in model.layers",
            )
