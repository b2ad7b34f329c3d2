"""Networks written down as a list of layers: `{"name": "Dense", "units": 1, "activation": "sigmoid"}`.

Groups of layers that stand in it more than once, and branches, are those of `mleq.experiment.blocks`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mleq.errors import RecipeError
from mleq.experiment.backend import load_keras, seeded_keras
from mleq.experiment.blocks import INPUT, Graph, LayerMistake, Node, Path, Source, expand
from mleq.recipe.mistakes import did_you_mean

LayerSpec = Mapping[str, Any]
"""A layer as a recipe has it: `name`, a class of `keras.layers`, beside that class's arguments."""

Shape = Sequence[int] | Mapping[str, Sequence[int]]
"""Shape of one sample; by name where the network has several inputs."""

_UNFIT = {
    "InputLayer": "the input is added by itself, in the shape of the samples",
    "FlaxLayer": "it holds Python code, which a recipe cannot",
    "JaxLayer": "it holds Python code, which a recipe cannot",
    "Lambda": "it holds Python code, which a recipe cannot",
    "Layer": "it is the base of all layers and does nothing",
    "TFSMLayer": "it runs what a file says, which may be anything",
    "TorchModuleWrapper": "it holds Python code, which a recipe cannot",
    "Wrapper": "it is the base of the wrappers and does nothing",
}
_PROBABILITIES = ("sigmoid", "hard_sigmoid")
_MARKS = re.compile(r"\x1b\[[0-9;]*m|\{\{[^}]*\}\}|\[Op:\w+\]| with name 'None'")


def build(
    layers: Sequence[LayerSpec],
    sample_shape: Shape,
    *,
    seed: int,
    blocks: Mapping[str, Mapping[str, Any]] | None = None,
    output_shape: Sequence[int] | None = (1,),
    probability: bool = True,
    path: Path = ("model", "layers"),
):
    """Build a network from its list of layers; the same seed gives the same initial weights.

    Parameters
    ----------
    layers : sequence of mapping
        Each with `name`, the exact name of a class in `keras.layers`, and that class's arguments. A layer that
        wraps another takes it as such a mapping: `{"name": "Bidirectional", "layer": {"name": "LSTM", …}}`.
        Blocks and branches may stand among them, see `mleq.experiment.blocks`.
    sample_shape : sequence of int, or mapping of str to sequence of int
        Shape of one sample, without the batch; of each input by name where there are several.
    seed : int
        For the initial weights and the dropout; Python's, NumPy's and TensorFlow's global generators are set too.
    blocks : mapping, optional
        The blocks that may be used, by name.
    output_shape : sequence of int
        Shape that the last layer must give for each sample; None: any.
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
    model, mistakes = _assembled(layers, sample_shape, seed, blocks, output_shape, probability, path)
    if mistakes:
        raise RecipeError([str(mistake) for mistake in mistakes])
    return model


def layer_mistakes(
    layers: Sequence[LayerSpec],
    sample_shape: Shape,
    *,
    blocks: Mapping[str, Mapping[str, Any]] | None = None,
    output_shape: Sequence[int] | None = (1,),
    probability: bool = True,
    path: Path = ("model", "layers"),
) -> list[LayerMistake]:
    """List what keeps a list of layers from being built; see `build`.

    All wrong names and arguments are found at once; shapes can only be followed when there are none, up to the
    first layer that does not fit.
    """
    return _assembled(layers, sample_shape, 0, blocks, output_shape, probability, path)[1]


def diagram(
    layers: Sequence[LayerSpec],
    sample_shape: Mapping[str, Sequence[int]],
    *,
    blocks: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """Describe a network of named inputs for a picture: its entries, as JSON values.

    Returns
    -------
    list of dict
        `label`, `takes` (names of inputs, and positions in this list), `layers` (how many), `shape` of its output.
    """
    keras = load_keras()
    graph, mistakes = expand(layers, blocks, inputs=tuple(sample_shape))
    if mistakes:
        raise RecipeError([str(mistake) for mistake in mistakes])
    made = [_constructed(keras, node.layer, node.path)[0] for node in graph.nodes]
    tensors: dict[Source, Any] = {name: keras.Input(tuple(shape), name=name) for name, shape in sample_shape.items()}
    _connected(keras, graph, made, tensors)
    return [
        {
            "label": box.label,
            "takes": list(box.inputs),
            "layers": box.layers,
            "shape": list(tensors[box.last].shape[1:]),
        }
        for box in graph.boxes()
    ]


def _assembled(layers, sample_shape: Shape, seed, blocks, output_shape, probability, path: Path):
    keras = seeded_keras(seed)
    named = isinstance(sample_shape, Mapping)
    graph, mistakes = expand(layers, blocks, inputs=tuple(sample_shape) if named else (INPUT,), path=path)
    made = []
    for node in graph.nodes:
        layer, wrong = _constructed(keras, node.layer, node.path)
        made.append(layer)
        mistakes += wrong
    if mistakes:
        return None, list(dict.fromkeys(mistakes))
    if named:
        inputs = {name: keras.Input(tuple(shape), name=name) for name, shape in sample_shape.items()}
        tensors: dict[Source, Any] = dict(inputs)
    else:
        inputs = keras.Input(tuple(sample_shape))
        tensors = {INPUT: inputs}
    outputs, mistakes = _connected(keras, graph, made, tensors)
    mistakes = mistakes or _output_mistakes(graph.nodes[-1].path, made, outputs, output_shape, probability)
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


def _connected(keras, graph: Graph, made, tensors: dict[Source, Any]):
    """Pass symbolic tensors through the layers in their order, up to the first that does not fit."""
    for position, (node, layer) in enumerate(zip(graph.nodes, made, strict=True)):
        name, given = node.layer["name"], [tensors[source] for source in node.inputs]
        try:
            result = layer(given[0] if len(given) == 1 else given)
        except Exception as error:  # see _constructed
            message = f"{name} cannot follow {_before(graph, node, tensors)}: {_first_line(error)}{_used(node)}"
            return None, [LayerMistake(node.path, message)]
        if not isinstance(result, keras.KerasTensor):
            message = f"{name} gives several outputs (return_state?); expected a single one"
            return None, [LayerMistake(node.path, message)]
        tensors[position] = result
    return tensors[graph.output[0]], []


def _before(graph: Graph, node: Node, tensors: Mapping[Source, Any]) -> str:
    """Say what a layer was given: "Dense, which gives (3, 4)"."""
    if len(node.inputs) == 1:
        (source,) = node.inputs
        name = graph.nodes[source].layer["name"] if isinstance(source, int) else _input(source)
        return f"{name}, which gives {tensors[source].shape[1:]}"
    names = [graph.nodes[s].layer["name"] if isinstance(s, int) else _input(s) for s in node.inputs]
    shapes = [str(tensors[source].shape[1:]) for source in node.inputs]
    return f"{' and '.join(names)}, which give {' and '.join(shapes)}"


def _input(name: str) -> str:
    return "the input" if name == INPUT else f"the input '{name}'"


def _used(node: Node) -> str:
    return "" if node.used_at is None else f" (the block is used at {'.'.join(map(str, node.used_at))})"


def _output_mistakes(where: Path, made, outputs, expected: Sequence[int] | None, probability: bool):
    activation = getattr(getattr(made[-1], "activation", None), "__name__", None)
    if expected is not None and tuple(outputs.shape[1:]) != (expected := tuple(expected)):
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
