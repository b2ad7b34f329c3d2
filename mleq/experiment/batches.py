"""Training in batches that are gathered when they are needed, in an order that only seed and epoch decide."""

from __future__ import annotations

import math
from functools import cache

import numpy as np


def epoch_order(target: np.ndarray, *, seed: int, epoch: int, balanced: bool = False) -> np.ndarray:
    """Draw the order in which an epoch sees the samples.

    Parameters
    ----------
    target : ndarray of bool, shape (n,)
    seed, epoch : int
        The same two give the same order, whatever was drawn before: that is what lets a stopped run go on unchanged.
    balanced : bool
        Whether to alternate between the classes: all of the rarer one in random order, each followed by one of the
        other drawn anew in each epoch, so that every batch of even size holds half of each.

    Returns
    -------
    ndarray of int, shape (n,) or (2 * size of the rarer class,)
        Positions, 0 to n - 1.
    """
    rng = np.random.default_rng([seed, epoch])
    if not balanced:
        return rng.permutation(target.size)
    positive, negative = rng.permutation(np.flatnonzero(target)), rng.permutation(np.flatnonzero(~target))
    size = min(positive.size, negative.size)
    return np.stack([positive[:size], negative[:size]], axis=1).ravel()


def batches_per_epoch(training, batch_size: int) -> int:
    """Count the batches of an epoch of a TrainingSet."""
    return math.ceil(epoch_order(training.target, seed=0, epoch=0, balanced=training.balanced).size / batch_size)


@cache
def batches_class() -> type:
    """Return the class of batches, a `keras.utils.PyDataset`; a function, so that Keras is imported late."""
    from mleq.experiment.backend import load_keras

    class Batches(load_keras().utils.PyDataset):
        """Batches of scaled windows, gathered one at a time; see `training_batches` and `plain_batches`."""

        def __init__(self, gather, order: np.ndarray, batch_size: int, columns: tuple[np.ndarray, ...] = ()):
            super().__init__()
            self.gather, self.order, self.batch_size, self.columns = gather, order, batch_size, columns

        def __len__(self) -> int:
            return math.ceil(self.order.size / self.batch_size)

        def __getitem__(self, batch: int) -> tuple[np.ndarray, ...]:
            chosen = self.order[batch * self.batch_size : (batch + 1) * self.batch_size]
            return (self.gather(chosen), *(column[chosen] for column in self.columns))

    return Batches


def training_batches(samples, training, *, batch_size: int, seed: int, epoch: int):
    """Batches of one epoch: inputs, targets, and weights where there are any.

    Parameters
    ----------
    samples : Samples
        Of which `batch(indices)` is used, unless the training set holds inputs of its own.
    training : TrainingSet
    batch_size, seed, epoch : int

    Returns
    -------
    keras.utils.PyDataset
        Of (inputs float32 (k, *sample_shape), targets float32 (k, 1)[, weights float32 (k,)]).
    """
    if training.inputs is None:
        indices = np.asarray(training.indices)

        def gather(chosen):
            return samples.batch(indices[chosen])
    else:

        def gather(chosen):
            return training.inputs[chosen]

    columns = [training.target.astype(np.float32)[:, np.newaxis]]
    if training.class_weight is not None:
        columns.append(np.where(training.target, *reversed(training.class_weight)).astype(np.float32))
    order = epoch_order(training.target, seed=seed, epoch=epoch, balanced=training.balanced)
    return batches_class()(gather, order, batch_size, tuple(columns))


def plain_batches(samples, indices: np.ndarray, *, batch_size: int):
    """Batches of inputs alone, in the order given, for prediction.

    Parameters
    ----------
    samples : Samples
        Of which `batch(indices)` is used.
    indices : ndarray of int, shape (n,)
    batch_size : int

    Returns
    -------
    keras.utils.PyDataset
    """
    return batches_class()(samples.batch, np.asarray(indices), batch_size)
