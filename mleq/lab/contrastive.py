"""Contrastive predictive coding: a network learns, without times, what tells the future of a window from another's.

An encoder turns a window into a row of latent vectors z_t, a GRU sums up those to t as the context c_t, and matrices
W_k predict z_{t+k}. The loss is the cross-entropy of picking the true z_{t+k} among those of the N windows of a batch,

    L = −mean log ( exp(z_{t+k}ᵀ W_k c_t) / Σ_j exp(z^j_{t+k}ᵀ W_k c_t) ),

which is ln N where nothing is learnt. The negatives are of other windows: within one they are so alike that the loss
stays at chance. Then encoder and context are frozen, and a small head learns the time to failure from the context.

van den Oord, A., Li, Y. and Vinyals, O. (2018). arXiv:1807.03748
"""

from __future__ import annotations

import logging
import math
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from mleq.experiment.backend import load_keras
from mleq.experiment.blocks import LayerMistake
from mleq.lab.inputs import shapes

log = logging.getLogger("mleq")

LEARNED_BELOW = 0.95
"""Share of ln N above which the loss counts as chance."""

INPUT = "raw"


@cache
def info_nce_class() -> type:
    """Return the layer of the loss; a function, so that Keras is imported late."""
    keras = load_keras()
    ops = keras.ops

    @keras.saving.register_keras_serializable("mleq")
    class InfoNCE(keras.layers.Layer):
        """Predicts latent vectors 1 to `steps` ahead and adds the contrastive loss; gives each window's loss."""

        def __init__(self, steps: int, **options: Any):
            super().__init__(**options)
            self.steps = steps

        def build(self, latent_shape, context_shape):
            self.matrices = [
                self.add_weight(
                    shape=(context_shape[-1], latent_shape[-1]),
                    initializer=keras.initializers.GlorotUniform(seed=step),
                    name=f"ahead_{step + 1}",
                )
                for step in range(self.steps)
            ]

        def call(self, latent, context):
            losses = []
            for ahead, matrix in enumerate(self.matrices, 1):
                predicted = ops.transpose(ops.matmul(context[:, :-ahead], matrix), (1, 0, 2))
                truth = ops.transpose(latent[:, ahead:], (1, 2, 0))
                likeness = ops.log_softmax(ops.matmul(predicted, truth), axis=-1)
                losses.append(-ops.mean(ops.diagonal(likeness, axis1=1, axis2=2), axis=0))
            each = sum(losses) / len(losses)
            self.add_loss(ops.mean(each))
            return ops.expand_dims(each, -1)

        def compute_output_shape(self, latent_shape, context_shape):
            return (latent_shape[0], 1)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "steps": self.steps}

    return InfoNCE


def encoder_mistakes(recipe) -> list[LayerMistake]:
    """List what is wrong with the encoder's layers."""
    from mleq.experiment.network import build, layer_mistakes

    layers, path = [entry.model_dump() for entry in recipe.model.encoder], ("model", "encoder")
    found = layer_mistakes(layers, shapes(recipe), output_shape=None, probability=False, path=path)
    if found:
        return found
    given = build(layers, shapes(recipe), seed=0, output_shape=None, probability=False).output_shape[1:]
    if len(given) != 2 or given[0] <= recipe.model.steps:
        wanted = f"expected (steps, channels) with more than model.steps = {recipe.model.steps} steps"
        return [LayerMistake((*path, len(layers) - 1), f"the encoder gives {given} for each window; {wanted}")]
    return []


def coder(recipe) -> Any:
    """Build encoder and context: from a window to latent vectors and contexts, one of each a step."""
    from mleq.experiment.network import build

    keras = load_keras()
    encoder = build(
        [entry.model_dump() for entry in recipe.model.encoder],
        shapes(recipe),
        seed=recipe.seed,
        output_shape=None,
        probability=False,
        path=("model", "encoder"),
    )
    wave = keras.Input(shapes(recipe)[INPUT], name=INPUT)
    latent = encoder({INPUT: wave})
    # Latent vectors of unit variance, or the loss falls by growing them.
    latent = keras.layers.LayerNormalization()(latent)
    context = keras.layers.GRU(recipe.model.context, return_sequences=True)(latent)
    return keras.Model({INPUT: wave}, [latent, context], name="coder")


def contrastive_model(recipe, coded) -> Any:
    """Put the loss on a coder."""
    keras = load_keras()
    wave = keras.Input(shapes(recipe)[INPUT], name=INPUT)
    latent, context = coded({INPUT: wave})
    return keras.Model({INPUT: wave}, info_nce_class()(recipe.model.steps)(latent, context))


def summary_of(context) -> Any:
    """Sum up the contexts of a window for the head: their mean, and the last."""
    keras = load_keras()
    mean = keras.layers.GlobalAveragePooling1D()(context)
    return keras.layers.Concatenate()([mean, context[:, -1]])


def probe(recipe, objective: str) -> Any:
    """Build the head that learns from frozen contexts."""
    from mleq.experiment.network import build
    from mleq.lab.networks import head, outputs

    bins, settings = recipe.codec.bins, recipe.model
    # What tells cycles apart is in the contexts too, and would be learnt by heart from a handful of cycles.
    decay = {"kernel_regularizer": {"class_name": "L2", "config": {"l2": settings.probe_weight_decay}}}
    layers = [
        {"name": "BatchNormalization"},
        {"name": "Dense", "units": settings.probe_units, "activation": "relu", **decay},
        {"name": "Dropout", "rate": settings.probe_dropout},
        *({**layer, **decay} for layer in head(objective, bins)),
    ]
    return build(
        layers,
        {"context": (2 * recipe.model.context,)},
        seed=recipe.seed,
        output_shape=outputs(objective, bins),
        probability=False,
    )


def probed(recipe, coded, small) -> Any:
    """Join a frozen coder and a head: from a window to the answer."""
    keras = load_keras()
    coded.trainable = False
    wave = keras.Input(shapes(recipe)[INPUT], name=INPUT)
    return keras.Model({INPUT: wave}, small({"context": summary_of(coded({INPUT: wave})[1])}))


def pretrain(recipe, samples, inputs, *, work, key: str) -> tuple[Any, Any, dict[str, Any]]:
    """Train a coder by its own loss on the training part; the epoch with the lowest validation loss is kept.

    Returns
    -------
    coder : keras.Model
    fitted : mleq.experiment.training.Fitted
    said : dict
        `loss`, `chance` (ln N), `negatives`, `learned_nothing`, for summary.json.
    """
    from mleq.experiment.batches import batches_class
    from mleq.experiment.training import fit_epochs

    train, validation = samples.parts["train"], samples.parts["validation"]
    size = min(recipe.model.batch_size, len(train), len(validation))
    gather, gather_validation = inputs.gatherer(samples, train), inputs.gatherer(samples, validation)

    def whole(count: int, *seeds: int) -> np.ndarray:
        """A random order cut to whole batches: chance is ln N for batches of N only."""
        return np.random.default_rng([recipe.seed, *seeds]).permutation(count)[: count // size * size]

    def batches(epoch: int) -> Any:
        return batches_class()(gather, whole(len(train), epoch), size)

    def measure(model) -> dict[str, float]:
        order = whole(len(validation), 0)
        losses = model.predict(batches_class()(gather_validation, order, size), verbose=0)
        return {"validation_info_nce": float(losses.mean(dtype=np.float64))}

    model = contrastive_model(recipe, coder(recipe))
    fitted = fit_epochs(model, batches, measure, recipe.model, work_folder=work, seed=recipe.seed, key=key, loss=None)
    loss, chance = float(fitted.history["validation_info_nce"].min()), math.log(size)
    nothing = loss > LEARNED_BELOW * chance
    said = {"loss": loss, "chance": chance, "negatives": size - 1, "learned_nothing": nothing}
    if nothing:
        log.warning(
            "contrastive coding learned nothing: its loss of %.3f is at chance, ln %d = %.3f", loss, size, chance
        )
    return fitted.model.get_layer("coder"), fitted, said


def contexts(coded, gather, count: int) -> np.ndarray:
    """Compute what the head sees of windows, shape (count, 2 * context)."""
    keras = load_keras()
    wave = keras.Input(coded.inputs[0].shape[1:], name=INPUT)
    model = keras.Model({INPUT: wave}, summary_of(coded({INPUT: wave})[1]))
    from mleq.experiment.batches import batches_class

    return model.predict(batches_class()(gather, np.arange(count), 32), verbose=0)


def probe_settings(model) -> SimpleNamespace:
    """How the head is trained, in the names of `fit_epochs`."""
    return SimpleNamespace(
        learning_rate=model.probe_learning_rate,
        epochs=model.probe_epochs,
        batch_size=model.batch_size,
        patience=max(10, model.patience),
    )
