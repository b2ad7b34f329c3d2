"""The named networks of the family `catalog`, as lists of layers, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

HIDDEN_UNITS = 100
KERNEL = (3, 3)


def layers(settings) -> list[dict[str, Any]]:
    """Return the network of a recipe's `model` as a list of layers for `mleq.experiment.network.build`.

    `convlstm` is the network of the original experiment: a convolutional LSTM (Shi et al. 2015, arXiv:1506.04214)
    reads the daily heatmaps one after the other, and two dense layers turn its last state into a probability.

    Parameters
    ----------
    settings : ConvLstm or LayeredModel
        The recipe's `model`.

    Returns
    -------
    list of dict
        Each with `name` and the arguments of that Keras layer.
    """
    if settings.name == "layers":
        return settings.written()["layers"]
    return [
        {
            "name": "ConvLSTM2D",
            "filters": settings.filters,
            "kernel_size": list(KERNEL),
            "padding": "same",
            "dropout": settings.dropout,
        },
        {"name": "BatchNormalization"},
        {"name": "Flatten"},
        {"name": "Dense", "units": HIDDEN_UNITS, "activation": "relu"},
        {"name": "Dropout", "rate": settings.dropout},
        {"name": "Dense", "units": 1, "activation": "sigmoid"},
    ]


def blocks(settings) -> dict[str, Any]:
    """Return the blocks that the recipe's list of layers may use, by name."""
    return settings.written()["blocks"] if settings.name == "layers" else {}


def parameters_by_layer(settings, sample_shape: Sequence[int]) -> dict[str, int] | None:
    """Count the parameters of each layer of a named network, without Keras.

    A ConvLSTM2D layer has four gates, each with one kernel over the input channels, one over its own `filters`
    channels, and one bias a filter; batch normalisation has four numbers a channel, two of them running means.

    Parameters
    ----------
    settings : ConvLstm or LayeredModel
        The recipe's `model`.
    sample_shape : sequence of int
        (window_days, rows, columns, channels).

    Returns
    -------
    dict or None
        By layer; None where the network is a list of layers, whose count only Keras knows.
    """
    if settings.name != "convlstm":
        return None
    _, rows, columns, channels = sample_shape
    filters, area = settings.filters, KERNEL[0] * KERNEL[1]
    return {
        "ConvLSTM2D": 4 * filters * (area * (channels + filters) + 1),
        "BatchNormalization": 4 * filters,
        "Dense hidden": (rows * columns * filters + 1) * HIDDEN_UNITS,
        "Dense output": HIDDEN_UNITS + 1,
    }


def parameters(settings, sample_shape: Sequence[int]) -> int | None:
    """Count all parameters of a named network, without Keras; see `parameters_by_layer`."""
    counts = parameters_by_layer(settings, sample_shape)
    return None if counts is None else sum(counts.values())


def operations_per_sample(settings, sample_shape: Sequence[int]) -> int | None:
    """Floating-point operations of one forward pass of one sample of a named network, without Keras.

    Multiplications and additions of the convolutions and dense layers, two for each weight and each place it is
    applied to; gates, activations and normalisation are left out (below 2 % at 30 filters). The backward pass
    takes about twice as many, so training takes about three times this number for each sample.

    Parameters
    ----------
    settings : ConvLstm or LayeredModel
        The recipe's `model`.
    sample_shape : sequence of int
        (window_days, rows, columns, channels).

    Returns
    -------
    int or None
        None where the network is a list of layers.
    """
    if settings.name != "convlstm":
        return None
    window_days, rows, columns, channels = sample_shape
    cells, filters = rows * columns, settings.filters
    kernels = 4 * filters * KERNEL[0] * KERNEL[1] * (channels + filters)
    return 2 * (window_days * cells * kernels + cells * filters * HIDDEN_UNITS + HIDDEN_UNITS)
