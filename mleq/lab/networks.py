"""The networks of the family: the recipe's layers, and the layer that answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mleq.errors import RecipeError
from mleq.experiment.blocks import LayerMistake
from mleq.lab.inputs import shapes
from mleq.lab.recipe import CpcModel, LabRecipe, LayersModel, ResNetModel

SMALLEST_IMAGE = 32
"""Rows and columns that the networks of keras.applications need."""


def head(objective: str, bins: int) -> list[dict[str, Any]]:
    """Return the layer that answers: a chance for each bin, or one number in units of the mean time."""
    if objective == "bins":
        return [{"name": "Dense", "units": bins, "activation": "softmax"}]
    return [{"name": "Dense", "units": 1}]


def outputs(objective: str, bins: int) -> tuple[int]:
    """Shape of the answer for each window."""
    return (bins if objective == "bins" else 1,)


def network(recipe: LabRecipe, objective: str) -> Any:
    """Build the untrained network of a recipe for an objective; weights are drawn from the recipe's seed.

    Returns
    -------
    keras.Model or None
        From inputs by name; None for a recipe of features. For contrastive coding the encoder with its context and
        head, of which only the head learns from times.
    """
    model = recipe.model
    if isinstance(model, LayersModel):
        from mleq.experiment.network import build

        written = model.written()
        return build(
            [*written["layers"], *head(objective, recipe.codec.bins)],
            shapes(recipe),
            seed=recipe.seed,
            blocks=written["blocks"],
            output_shape=outputs(objective, recipe.codec.bins),
            probability=False,
        )
    if isinstance(model, ResNetModel):
        return _resnet(recipe, objective)
    if isinstance(model, CpcModel):
        from mleq.lab import contrastive

        return contrastive.probed(recipe, contrastive.coder(recipe), contrastive.probe(recipe, objective))
    return None


def _resnet(recipe: LabRecipe, objective: str) -> Any:
    """A residual network (He et al. 2016, doi:10.1109/CVPR.2016.90) that sees the spectrogram as a grey image."""
    from mleq.experiment.backend import seeded_keras

    keras = seeded_keras(recipe.seed)
    ((name, shape),) = shapes(recipe).items()
    image = keras.Input(shape, name=name)
    backbone = getattr(keras.applications, recipe.model.backbone)(
        include_top=False, weights=None, input_shape=(*shape[:2], 3), pooling="avg"
    )
    if recipe.model.weights is not None:
        try:
            backbone.load_weights(recipe.model.weights)
        except (OSError, ValueError) as error:
            line = str(error).strip().splitlines()[0]
            raise RecipeError([f"model.weights: {recipe.model.weights} cannot be read: {line}"]) from None
    units = outputs(objective, recipe.codec.bins)[0]
    answer = keras.layers.Dense(units, activation="softmax" if objective == "bins" else None)
    coloured = keras.layers.Concatenate()([image, image, image])
    return keras.Model({name: image}, answer(backbone(coloured)))


def quick_mistakes(recipe: LabRecipe) -> list[tuple[tuple, str]]:
    """List what is wrong and can be seen without Keras; see `mleq.experiment.family.Family`."""
    from mleq.experiment.blocks import expand

    model = recipe.model
    found: list[tuple[tuple, str]] = []
    if isinstance(model, LayersModel):
        written = model.written()
        mistakes = expand(written["layers"], written["blocks"], inputs=tuple(recipe.inputs))[1]
        found += [(mistake.path, mistake.message) for mistake in mistakes]
    if isinstance(model, ResNetModel):
        for key in ("frames", "bands"):
            size = getattr(model.spectrogram, key)
            if size < SMALLEST_IMAGE:
                found.append((("model", "spectrogram", key), f"found {size}; {model.backbone} needs {SMALLEST_IMAGE}"))
        if model.weights is not None and not Path(model.weights).is_file():
            found.append((("model", "weights"), f"no such file: {model.weights}"))
    return found


def network_mistakes(recipe: LabRecipe) -> list[tuple[tuple, str]]:
    """List what is wrong with the recipe's layers; imports Keras."""
    found = quick_mistakes(recipe)
    if found or recipe.learns_features:
        return found
    from mleq.experiment.network import layer_mistakes

    model, bins = recipe.model, recipe.codec.bins
    mistakes: list[LayerMistake] = []
    if isinstance(model, LayersModel):
        written = model.written()
        options = {"blocks": written["blocks"], "probability": False}
        mistakes = layer_mistakes(written["layers"], shapes(recipe), output_shape=None, **options)
        if not mistakes:
            whole = [*written["layers"], *head("bins", bins)]
            mistakes = layer_mistakes(whole, shapes(recipe), output_shape=(bins,), **options)
            advice = "expected a vector, as GlobalAveragePooling1D or Flatten gives; the layer that answers is added"
            mistakes = [LayerMistake(("model", "layers", len(whole) - 2), advice) for _ in mistakes]
    if isinstance(model, CpcModel):
        from mleq.lab import contrastive

        mistakes = contrastive.encoder_mistakes(recipe)
    return [(mistake.path, mistake.message) for mistake in mistakes]


def boxes(recipe: LabRecipe) -> list[dict[str, Any]]:
    """Describe the network for the picture on the page; see `mleq.experiment.network.diagram`."""
    model, bins = recipe.model, recipe.codec.bins
    units = outputs(getattr(model, "objective", "bins"), bins)
    answer = "time to failure" if units == (1,) else f"{bins} bins"
    if isinstance(model, LayersModel):
        from mleq.experiment.network import diagram

        written = model.written()
        drawn = diagram([*written["layers"], *head(model.objective, bins)], shapes(recipe), blocks=written["blocks"])
        return [*drawn[:-1], {**drawn[-1], "label": answer}]
    if isinstance(model, ResNetModel):
        rest = {"label": answer, "takes": [0], "layers": 1, "shape": [units[0]]}
        return [{"label": model.backbone, "takes": ["spectrogram"], "layers": 1, "shape": [2048]}, rest]
    if isinstance(model, CpcModel):
        from mleq.experiment.network import diagram

        encoder = diagram([entry.model_dump() for entry in model.encoder], shapes(recipe))
        last = len(encoder) - 1
        return [
            *encoder,
            {"label": f"GRU context {model.context}", "takes": [last], "layers": 1, "shape": [model.context]},
            {"label": "probe", "takes": [last + 1], "layers": 2, "shape": [model.probe_units]},
            {"label": answer, "takes": [last + 2], "layers": 1, "shape": [units[0]]},
        ]
    return []
