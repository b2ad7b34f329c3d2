"""The networks of the family `azimuth`, as lists of layers for `mleq.experiment.network`."""

from __future__ import annotations

import math
from typing import Any

from mleq.azimuth.recipe import AzimuthCnn, AzimuthRecipe, AzimuthResidual, AzimuthVae

HALVINGS = 4
KERNELS = (7, 5, 5, 3)
Layers = list[dict[str, Any]]


def _given(layers) -> Layers:
    return [layer.model_dump() for layer in layers]


def _trunk(filters: int, dropout: float) -> Layers:
    """Four convolutions, each of which halves the length, and a dense layer."""
    layers: Layers = []
    for kernel, width in zip(KERNELS, (filters, 2 * filters, 4 * filters, 4 * filters), strict=True):
        layers.append(
            {
                "name": "Conv1D",
                "filters": width,
                "kernel_size": kernel,
                "strides": 2,
                "padding": "same",
                "activation": "gelu",
            }
        )
    return [
        *layers,
        {"name": "LayerNormalization"},
        {"name": "Flatten"},
        {"name": "Dropout", "rate": dropout},
        {"name": "Dense", "units": 128, "activation": "gelu"},
        {"name": "Dropout", "rate": dropout},
    ]


def cnn(model: AzimuthCnn) -> Layers:
    """From (n_samples, 3) to the two natural parameters of the direction, or to one angle in degrees over 180."""
    return _given(model.layers) or [
        *_trunk(model.filters, model.dropout),
        {"name": "Dense", "units": answer_units(model)},
    ]


def answer_units(model: AzimuthCnn) -> int:
    """Numbers that the network answers with."""
    return 1 if model.loss == "degrees" else 2


def encoder(model: AzimuthVae) -> Layers:
    """From (n_samples, 3) to mean and log variance of the embedding, (2 * latent,)."""
    return _given(model.encoder) or [
        *_trunk(model.filters, model.dropout),
        {"name": "Dense", "units": 2 * model.latent},
    ]


def decoder(model: AzimuthVae, n_samples: int) -> Layers:
    """From (latent,) to (n_samples, 3)."""
    if model.decoder:
        return _given(model.decoder)
    shortest = math.ceil(n_samples / 2**HALVINGS)
    widths = (4 * model.filters, 2 * model.filters, model.filters)
    layers: Layers = [
        {"name": "Dense", "units": shortest * 4 * model.filters, "activation": "gelu"},
        {"name": "Reshape", "target_shape": [shortest, 4 * model.filters]},
    ]
    for kernel, width in zip(KERNELS[::-1], widths, strict=False):
        layers.append(
            {
                "name": "Conv1DTranspose",
                "filters": width,
                "kernel_size": kernel,
                "strides": 2,
                "padding": "same",
                "activation": "gelu",
            }
        )
    layers.append({"name": "Conv1DTranspose", "filters": 3, "kernel_size": KERNELS[0], "strides": 2, "padding": "same"})
    over = shortest * 2**HALVINGS - n_samples
    return [*layers, {"name": "Cropping1D", "cropping": [0, over]}] if over else layers


def head(model: AzimuthVae) -> Layers:
    """From (latent,) to the two natural parameters of the direction."""
    return _given(model.head) or [{"name": "Dense", "units": 64, "activation": "gelu"}, {"name": "Dense", "units": 2}]


def residual(model: AzimuthResidual) -> Layers:
    """From the features to the two natural parameters of what the classical estimate misses."""
    if model.layers:
        return _given(model.layers)
    layers: Layers = []
    for units in model.units:
        layers += [{"name": "Dense", "units": units, "activation": "gelu"}, {"name": "Dropout", "rate": model.dropout}]
    # Without anything learnt there is no correction: the answer is the classical estimate.
    return [*layers, {"name": "Dense", "units": 2, "kernel_initializer": "zeros"}]


def mistakes(recipe: AzimuthRecipe, n_features: int) -> list[tuple[tuple, str]]:
    """List what is wrong with the recipe's layers, each with its path; imports Keras."""
    from mleq.experiment.network import layer_mistakes

    model, shape = recipe.model, recipe.sample_shape
    checks: list[tuple[Layers, tuple, tuple, str]]
    if isinstance(model, AzimuthVae):
        checks = [
            (encoder(model), shape, (2 * model.latent,), "encoder"),
            (decoder(model, shape[0]), (model.latent,), shape, "decoder"),
            (head(model), (model.latent,), (2,), "head"),
        ]
    elif isinstance(model, AzimuthCnn):
        checks = [(cnn(model), shape, (answer_units(model),), "layers")]
    else:
        checks = [(residual(model), (n_features,), (2,), "layers")]
    found = []
    for layers, given, wanted, name in checks:
        found += layer_mistakes(layers, given, output_shape=wanted, probability=False, path=("model", name))
    return found
