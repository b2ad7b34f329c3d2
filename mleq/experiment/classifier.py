"""A network that says yes or no: trained after resampling, its probabilities calibrated for the days as they are."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq.errors import DataError
from mleq.experiment.batches import plain_batches, training_batches
from mleq.experiment.calibration import Calibrator, PriorShift, Spread
from mleq.experiment.checkpoint import Checkpoint
from mleq.experiment.out_of_fold import OutOfFold
from mleq.experiment.training import Fitted, Settings, fit_epochs
from mleq.experiment.training_set import TrainingSet

log = logging.getLogger("mleq")


@dataclass(frozen=True)
class Classifier:
    """A trained network with the calibration of its probabilities; see `mleq.experiment.family.Learned`."""

    name: str
    fitted: Fitted
    calibrator: Calibrator
    out_of_fold: OutOfFold | None = None
    level: Any = None
    """How forecasts are held at their level, with `to_dict`; None where they are not."""

    @property
    def history(self) -> pd.DataFrame:
        """The learning curve, one row an epoch."""
        return self.fitted.history

    @property
    def summary(self) -> dict[str, Any]:
        """The `model` part of summary.json."""
        return {"name": self.name, **self.fitted.summary, **({"level_days": self.level.days} if self.level else {})}

    @property
    def calibration(self) -> dict[str, Any]:
        """What calibration.json keeps of it."""
        about = self.out_of_fold.about if self.out_of_fold else None
        level = {"level": self.level.to_dict()} if self.level else {}
        return {**self.calibrator.to_dict(), "out_of_fold": about, **level}

    def save(self, folder: Path) -> None:
        """Write model.keras, and out_of_fold.parquet where Platt's curve was sought."""
        self.fitted.model.save(folder / "model.keras")
        if self.out_of_fold is not None:
            self.out_of_fold.days.to_parquet(folder / "out_of_fold.parquet", index=False)

    def scaled(self, found: OutOfFold) -> Classifier:
        """Return the classifier with Platt's curve after the shift of its prior."""
        return replace(self, calibrator=replace(self.calibrator, platt=found.platt), out_of_fold=found)

    def uncalibrated(self, samples, indices: np.ndarray, batch_size: int) -> np.ndarray:
        """Probabilities as they come out of the network, shape (k,); `calibrator` makes them forecasts."""
        return predict_probabilities(self.fitted.model, samples, indices, batch_size)

    def probabilities(self, samples, indices: np.ndarray, batch_size: int) -> np.ndarray:
        """Calibrated probabilities of some samples, shape (k,)."""
        return self.calibrator(self.uncalibrated(samples, indices, batch_size))


def learn(name: str, model, samples, training: TrainingSet, settings: Settings, *, work: Path, seed: int, key: str):
    """Train a network on a resampled training part, and undo what resampling did to the prior.

    Returns
    -------
    Classifier
    """
    prior = PriorShift(training.prior_after, training.prior_before, training.exact)
    if not prior.exact:
        log.info("the shift of the prior is approximate after this resampling: Platt scaling has to do the rest")
    validation = samples.parts["validation"]
    fitted = fit(model, samples, training, validation, settings, work_folder=work, seed=seed, key=key, transform=prior)
    return Classifier(name, fitted, Calibrator(prior))


def fit(
    model,
    samples,
    training: TrainingSet,
    validation: np.ndarray,
    settings: Settings,
    *,
    work_folder: str | Path,
    seed: int,
    key: str,
    transform: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Fitted:
    """Train a network on binary cross-entropy; the epoch with the best validation log loss is kept.

    The validation log loss is that of `transform(p)`, the probabilities after the prior shift. A network trained on
    resampled days forecasts their prior, and on days as they are its raw log loss measures how far it still is from
    that prior (the worse the better it has learnt it), not what it knows about a day.

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
    settings, work_folder, seed, key
        As for `mleq.experiment.training.fit_epochs`.
    transform : callable, optional
        From the network's probabilities to those that are scored, as `PriorShift`.

    Returns
    -------
    Fitted

    Raises
    ------
    DataError
        If the validation part is empty.
    """
    target = np.asarray(samples.target)[validation].astype(bool)
    if target.size == 0:
        raise DataError("the validation part holds no samples", expected="some, to choose the best epoch by")

    def batches(epoch: int) -> Any:
        return training_batches(samples, training, batch_size=settings.batch_size, seed=seed, epoch=epoch)

    def measure(model) -> dict[str, float]:
        raw = predict_probabilities(model, samples, validation, settings.batch_size)
        return {
            "validation_log_loss": _log_loss(target, raw if transform is None else transform(raw)),
            "validation_log_loss_raw": _log_loss(target, raw),
        }

    return fit_epochs(
        model, batches, measure, settings, work_folder=work_folder, seed=seed, key=key, loss="binary_crossentropy"
    )


def held_out_probabilities(
    model,
    samples,
    training: TrainingSet,
    learnt: np.ndarray,
    held_out: np.ndarray,
    settings: Settings,
    *,
    like: Spread,
    work: Path,
    seed: int,
    key: str,
) -> np.ndarray:
    """Train a network for all its epochs, choosing none, and forecast samples that it has not seen.

    Parameters
    ----------
    model : keras.Model
        With the initial weights.
    training : TrainingSet
    learnt : ndarray of int, shape (m,)
        Days that this network and the run's own have both learnt from, as they are before resampling.
    held_out : ndarray of int, shape (k,)
    like : Spread
        That of the run's own network on those days, after the shift of its prior. The prior of the days that this one
        learnt from goes with it: shifted to the rate of its own days it would be low just where the held-out days have
        many events.
    settings, work, seed, key
        As for `mleq.experiment.training.fit_epochs`; the state is removed at the end.

    Returns
    -------
    ndarray of float64, shape (k,)
        As the run's own network would say them: brought to its spread by those of the days that both learnt from.
    """

    def batches(epoch: int) -> Any:
        return training_batches(samples, training, batch_size=settings.batch_size, seed=seed, epoch=epoch)

    fitted = fit_epochs(
        model, batches, None, settings, work_folder=work, seed=seed, key=key, loss="binary_crossentropy"
    )
    known, raw = (
        predict_probabilities(fitted.model, samples, days, settings.batch_size) for days in (learnt, held_out)
    )
    Checkpoint(work, key).remove()
    return Spread.of(known).brought_to(like)(raw)


def _log_loss(target: np.ndarray, probability: np.ndarray) -> float:
    from sklearn.metrics import log_loss

    if not np.isfinite(probability).all():
        return float("nan")
    return float(log_loss(target, probability, labels=[False, True]))


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
