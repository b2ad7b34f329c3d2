"""Networks written down as a list of layers: `{"name": "Dense", "units": 1, "activation": "sigmoid"}`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mleq.errors import RecipeError
from mleq.experiment.backend import load_keras
from mleq.recipe.mistakes import did_you_mean

Path = tuple[str | int, ...]
LayerSpec = Mapping[str, Any]
"""A layer as a recipe has it: `name`, a class of `keras.layers`, beside that class's arguments."""

_UNFIT = {
    "InputLayer": "the input is added by itself, in the shape of the samples",
    "Lambda": "it holds Python code, which a recipe cannot",
    "Layer": "it is the base of all layers and does nothing",
    "Wrapper": "it is the base of the wrappers and does nothing",
}
_PROBABILITIES = ("sigmoid", "hard_sigmoid")
_MARKS = re.compile(r"\x1b\[[0-9;]*m|\{\{[^}]*\}\}|\[Op:\w+\]| with name 'None'")


class LayerMistake(NamedTuple):
    """What is wrong in a list of layers, and where."""

    path: Path
    message: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.message}"


def build(
    layers: Sequence[LayerSpec],
    sample_shape: Sequence[int],
    *,
    seed: int,
    output_shape: Sequence[int] = (1,),
    probability: bool = True,
    path: Path = ("model", "layers"),
):
    """Build a network from its list of layers; the same seed gives the same initial weights.

    Parameters
    ----------
    layers : sequence of mapping
        Each with `name`, the exact name of a class in `keras.layers`, and that class's arguments. A layer that
        wraps another takes it as such a mapping: `{"name": "Bidirectional", "layer": {"name": "LSTM", …}}`.
    sample_shape : sequence of int
        Shape of one sample, without the batch.
    seed : int
        For the initial weights and the dropout; Python's, NumPy's and TensorFlow's global generators are set too.
    output_shape : sequence of int
        Shape that the last layer must give for each sample.
    probability : bool
        Whether the last layer must end in a sigmoid, so that its values are probabilities.
    path : tuple
        Where the list stands in the recipe, for messages.

    Returns
    -------
    keras.Model
        Not yet compiled; from (batch, *sample_shape) to (batch, *output_shape).

    Raises
    ------
    RecipeError
        With one line for each mistake.
    """
    model, mistakes = _assembled(layers, sample_shape, seed, output_shape, probability, path)
    if mistakes:
        raise RecipeError([str(mistake) for mistake in mistakes])
    return model


def layer_mistakes(
    layers: Sequence[LayerSpec],
    sample_shape: Sequence[int],
    *,
    output_shape: Sequence[int] = (1,),
    probability: bool = True,
    path: Path = ("model", "layers"),
) -> list[LayerMistake]:
    """List what keeps a list of layers from being built; see `build`.

    All wrong names and arguments are found at once; shapes can only be followed when there are none, up to the
    first layer that does not fit.
    """
    return _assembled(layers, sample_shape, 0, output_shape, probability, path)[1]


def _assembled(layers, sample_shape, seed, output_shape, probability, path):
    keras = load_keras()
    keras.utils.set_random_seed(seed)
    made, mistakes = [], []
    for position, spec in enumerate(layers):
        layer, wrong = _constructed(keras, spec, (*path, position))
        made.append(layer)
        mistakes += wrong
    if mistakes:
        return None, mistakes
    inputs = keras.Input(tuple(sample_shape))
    outputs, mistakes = _connected(keras, layers, made, inputs, path)
    mistakes = mistakes or _output_mistakes(made, outputs, tuple(output_shape), probability, path)
    return (None, mistakes) if mistakes else (keras.Model(inputs, outputs), [])


def _constructed(keras, spec: LayerSpec, path: Path) -> tuple[Any, list[LayerMistake]]:
    """Make one layer, and those it wraps, after its arguments' names have been checked."""
    name = spec.get("name")
    kind = getattr(keras.layers, name, None) if isinstance(name, str) else None
    if not (inspect.isclass(kind) and issubclass(kind, keras.layers.Layer)):
        return None, [LayerMistake((*path, "name"), _unknown_layer(keras, name))]
    if name in _UNFIT:
        return None, [LayerMistake((*path, "name"), f"{name} cannot stand in a list of layers: {_UNFIT[name]}")]
    written = {key: value for key, value in spec.items() if key != "name"}
    mistakes = _argument_mistakes(kind, written, path)
    arguments = {}
    for key, value in written.items():
        if isinstance(value, Mapping) and "name" in value:
            arguments[key], wrong = _constructed(keras, value, (*path, key))
            mistakes += wrong
        else:
            arguments[key] = value
    if mistakes:
        return None, mistakes
    try:
        return kind(**arguments), []
    except Exception as error:  # whatever Keras raises here comes from the arguments, and it raises many kinds
        return None, [LayerMistake(path, f"{name}: {_first_line(error)}")]


def _unknown_layer(keras, name: Any) -> str:
    if not isinstance(name, str):
        return f"found {name!r}; expected the name of a layer in keras.layers"
    known = [n for n in dir(keras.layers) if inspect.isclass(getattr(keras.layers, n)) and n not in _UNFIT]
    same = [n for n in known if n.lower() == name.replace("_", "").lower()]
    near = f"; did you mean '{same[0]}'?" if same else did_you_mean(name, known)
    return f"no layer '{name}' in keras.layers{near or '; names are those of https://keras.io/api/layers/'}"


def _argument_mistakes(kind: type, written: Mapping[str, Any], path: Path) -> list[LayerMistake]:
    known = _parameters(kind)
    found = [
        LayerMistake((*path, key), f"unknown argument{_proposal(kind, key, known)}")
        for key in written
        if key not in known
    ]
    meant = {m.message.split("'")[1] for m in found if "did you mean" in m.message}
    missing = [
        key
        for key, parameter in known.items()
        if parameter.default is parameter.empty and key not in written and key not in meant
    ]
    if missing:
        names = " and ".join(f"'{key}'" for key in missing)
        found.append(LayerMistake(path, f"{kind.__name__} needs {names}"))
    return found


def _proposal(kind: type, key: str, known: Mapping[str, Any]) -> str:
    return did_you_mean(key, known) or f"; {kind.__name__} knows {', '.join(known)}"


def _parameters(kind: type) -> dict[str, inspect.Parameter]:
    """The parameters that a layer takes: its own, and its bases' as far as each passes `**kwargs` on."""
    found: dict[str, inspect.Parameter] = {}
    own = True
    for base in kind.__mro__:
        if "__init__" not in vars(base):
            continue
        passes_on = False
        for key, parameter in list(inspect.signature(base.__init__).parameters.items())[1:]:
            if parameter.kind is parameter.VAR_KEYWORD:
                passes_on = True
            elif parameter.kind is not parameter.VAR_POSITIONAL and (own or parameter.default is not parameter.empty):
                # A base's parameter without a default (the rank of a convolution) is set by the class itself.
                found.setdefault(key, parameter)
        own = False
        if not passes_on or base.__name__ == "Layer":
            break
    found.pop("name", None)
    return found


def _connected(keras, layers, made, tensor, path: Path):
    """Pass a symbolic tensor through the layers in their order, up to the first that does not fit."""
    before = "the input"
    for position, (spec, layer) in enumerate(zip(layers, made, strict=True)):
        name, shape = spec["name"], tensor.shape[1:]
        try:
            result = layer(tensor)
        except Exception as error:  # see _constructed
            message = f"{name} cannot follow {before}, which gives {shape}: {_first_line(error)}"
            return None, [LayerMistake((*path, position), message)]
        if not isinstance(result, keras.KerasTensor):
            return None, [
                LayerMistake((*path, position), f"{name} gives several outputs (return_state?); expected a single one")
            ]
        tensor, before = result, name
    return tensor, []


def _output_mistakes(made, outputs, expected: tuple[int, ...], probability: bool, path: Path):
    where = (*path, len(made) - 1)
    activation = getattr(getattr(made[-1], "activation", None), "__name__", None)
    if tuple(outputs.shape[1:]) != expected:
        found = f"the last layer gives {tuple(outputs.shape[1:])} for each sample; expected {expected}"
        advice = ' (a last layer {"name": "Dense", "units": 1, "activation": "sigmoid"} after Flatten does that)'
        return [LayerMistake(where, found + (advice if expected == (1,) else ""))]
    if probability and activation is not None and activation not in _PROBABILITIES:
        message = f"found {activation}; expected 'sigmoid' in the last layer, so that it gives a probability"
        return [LayerMistake((*where, "activation"), message)]
    return []


def _first_line(error: Exception) -> str:
    """The first line of Keras's reason that says something, without its colours and call frames."""
    lines = [line.strip() for line in _MARKS.sub("", str(error)).splitlines()]
    telling = [line for line in lines if line and not line.startswith("Exception encountered when calling")]
    return telling[0].rstrip(".") if telling else type(error).__name__
