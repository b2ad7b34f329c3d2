"""Blocks: named groups of layers that a recipe uses several times, and the graph that a list of layers comes to.

A list of layers may hold, beside layers,

* a block: `{"block": "conv", "filters": 16, "repeat": 2}` puts the layers of `blocks.conv` here, twice, with its
  parameter `filters` (written `"$filters"` inside) at 16 instead of its default;
* branches: `{"branches": [[…], […]], "merge": "Concatenate"}` passes what came before through several lists side by
  side, an empty one handing it on as it is, and merges them with a merging layer of Keras.

Any of these, and any layer, takes what stands before it, or what `"from"` names: an input of the network, or an entry
that was named with `"as"`; `"from": ["a", "b"]` gives several to a merging layer. Inside a block the word `input`
means what the block was given, and names stay inside.

Everything here is plain Python: no Keras is needed to find a wrong name, or to draw the diagram.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from mleq.recipe.mistakes import did_you_mean

Path = tuple[str | int, ...]
Source = str | int
"""Where a tensor comes from: the name of an input of the network, or the position of a node."""

INPUT = "input"
MERGE = "Concatenate"
_OF_AN_ENTRY = ("block", "from", "as", "repeat")


class LayerMistake(NamedTuple):
    """What is wrong in a list of layers, and where."""

    path: Path
    message: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.message}"


@dataclass(frozen=True)
class Node:
    """A layer of the graph.

    Attributes
    ----------
    layer : mapping
        `name` and the arguments of the Keras layer, parameters of blocks filled in.
    path : tuple
        Where it is written in the recipe: in a block, the block's own definition.
    inputs : tuple of str or int
        What it takes.
    box : int
        Position, in `Graph.boxes`, of the entry of the outermost list that it belongs to.
    used_at : tuple or None
        Where the block that it stands in is used.
    """

    layer: Mapping[str, Any]
    path: Path
    inputs: tuple[Source, ...]
    box: int
    used_at: Path | None = None


@dataclass(frozen=True)
class Box:
    """An entry of the outermost list, as the diagram shows it.

    Attributes
    ----------
    label : str
        "Dense 16", "conv ×3".
    inputs : tuple of str or int
        Names of inputs, and positions of other boxes.
    layers : int
        Layers inside.
    last : int
        Position of the node that gives its output.
    """

    label: str
    inputs: tuple[Source, ...]
    layers: int
    last: int


@dataclass
class Graph:
    """Layers in an order in which each comes after what it takes; the last tensor is `output`."""

    nodes: list[Node] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    output: tuple[Source, ...] = ()

    def boxes(self) -> list[Box]:
        """Return the diagram: the entries of the outermost list, branches side by side."""
        boxes, place = [], {}
        for number in dict.fromkeys(node.box for node in self.nodes):
            place[number] = len(place)
        for number in place:
            own = [position for position, node in enumerate(self.nodes) if node.box == number]
            sources = dict.fromkeys(source for position in own for source in self.nodes[position].inputs)
            outside = [s if isinstance(s, str) else place[self.nodes[s].box] for s in sources if s not in own]
            boxes.append(Box(self.labels[number], tuple(dict.fromkeys(outside)), len(own), own[-1]))
        return boxes


def expand(
    layers: Sequence[Mapping[str, Any]],
    blocks: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    inputs: Sequence[str] = (INPUT,),
    path: Path = ("model", "layers"),
) -> tuple[Graph, list[LayerMistake]]:
    """Turn a list of layers, blocks and branches into a graph of layers.

    Parameters
    ----------
    layers : sequence of mapping
        As the module describes; an ordinary list of layers becomes a chain.
    blocks : mapping, optional
        By name: `layers`, and each parameter with its default.
    inputs : sequence of str
        Names of the network's inputs.
    path : tuple
        Where the list stands in the recipe; blocks stand beside it.

    Returns
    -------
    Graph, list of LayerMistake
        The graph is of use only where there are no mistakes.
    """
    work = _Expansion(dict(blocks or {}), (*path[:-1], "blocks"))
    start = (inputs[0],) if len(inputs) == 1 else ()
    scope = _Scope({name: (name,) for name in inputs}, {}, (), None, None)
    if start:
        scope.names.setdefault(INPUT, start)
    work.graph.output = work.entries(layers, start, scope, path)
    if not work.mistakes:
        work.mistakes = _unused(work.graph)
    return work.graph, list(dict.fromkeys(work.mistakes))


@dataclass(frozen=True)
class _Scope:
    """What can be named at a place: tensors and parameters, the blocks around it, and the box it is drawn in."""

    names: dict[str, tuple[Source, ...]]
    parameters: Mapping[str, Any]
    within: tuple[str, ...]
    box: int | None
    used_at: Path | None


class _Expansion:
    def __init__(self, blocks: dict[str, Mapping[str, Any]], blocks_path: Path):
        self.blocks, self.blocks_path = blocks, blocks_path
        self.graph, self.mistakes = Graph(), []

    def wrong(self, path: Path, message: str) -> None:
        self.mistakes.append(LayerMistake(path, message))

    def entries(self, entries: Sequence[Any], given: tuple[Source, ...], scope: _Scope, path: Path):
        """Follow a list; return what its last entry gives."""
        for position, entry in enumerate(entries):
            given = self.entry(entry, given, scope, (*path, position))
        return given

    def entry(self, entry: Any, given: tuple[Source, ...], scope: _Scope, path: Path) -> tuple[Source, ...]:
        if not isinstance(entry, Mapping):
            self.wrong(path, f"found {entry!r}; expected a layer, a block or branches, an object {{…}}")
            return given
        entry = self._filled(entry, scope, path)
        given = self._taken(entry, given, scope, path)
        if "block" in entry:
            result = self._block(entry, given, scope, path)
        elif "branches" in entry:
            result = self._branches(entry, given, scope, path)
        else:
            layer = {key: value for key, value in entry.items() if key not in ("from", "as")}
            result = self._node(layer, given, self._boxed(scope, _label(layer)), path)
        name = entry.get("as")
        if name is not None:
            if not isinstance(name, str) or name in scope.names:
                found = f"the name '{name}' is already used" if isinstance(name, str) else f"found {name!r}"
                self.wrong((*path, "as"), f"{found}; expected a new name in quotes")
            else:
                scope.names[name] = result
        return result

    def _node(self, layer: Mapping[str, Any], given: tuple[Source, ...], scope: _Scope, path: Path):
        self.graph.nodes.append(Node(layer, path, given, scope.box, scope.used_at))
        return (len(self.graph.nodes) - 1,)

    def _boxed(self, scope: _Scope, label: str) -> _Scope:
        """The scope inside an entry: in the outermost list each entry is a box of the diagram."""
        if scope.box is not None:
            return scope
        self.graph.labels.append(label)
        return replace(scope, box=len(self.graph.labels) - 1)

    def _taken(self, entry: Mapping[str, Any], given: tuple[Source, ...], scope: _Scope, path: Path):
        """What an entry takes: what `from` names, else what stands before it."""
        wanted = entry.get("from")
        if wanted is None:
            if not given and not _starts_elsewhere(entry):
                self.wrong(path, f'the network has several inputs; say which this takes: "from": {_or(scope.names)}')
                return next(iter(scope.names.values()))
            return given
        found: tuple[Source, ...] = ()
        for name in wanted if isinstance(wanted, list | tuple) else [wanted]:
            if isinstance(name, str) and name in scope.names:
                found += scope.names[name]
            else:
                near = did_you_mean(str(name), scope.names) or f"; there are {', '.join(scope.names)}"
                self.wrong((*path, "from"), f"nothing before this is called {name!r}{near}")
        return found or given

    def _filled(self, entry: Mapping[str, Any], scope: _Scope, path: Path) -> dict[str, Any]:
        """The entry with the parameters of the block around it filled in; branches are filled when they are read."""

        def fill(value: Any, place: Path) -> Any:
            if isinstance(value, str) and value.startswith("$"):
                if value[1:] in scope.parameters:
                    return scope.parameters[value[1:]]
                known = [f"${name}" for name in scope.parameters]
                where = f"; this block has {', '.join(known)}" if known else "; there are parameters in blocks only"
                self.wrong(place, f"no parameter {value!r}{did_you_mean(value, known) or where}")
            elif isinstance(value, Mapping):
                return {key: fill(inner, (*place, key)) for key, inner in value.items()}
            elif isinstance(value, list | tuple):
                return [fill(inner, (*place, position)) for position, inner in enumerate(value)]
            return value

        return {key: value if key == "branches" else fill(value, (*path, key)) for key, value in entry.items()}

    def _block(self, entry: Mapping[str, Any], given: tuple[Source, ...], scope: _Scope, path: Path):
        name, repeat = entry["block"], entry.get("repeat", 1)
        block = self.blocks.get(name) if isinstance(name, str) else None
        if block is None:
            near = did_you_mean(str(name), self.blocks) or f"; there are {', '.join(self.blocks) or 'none'}"
            self.wrong((*path, "block"), f"no block {name!r} in model.blocks{near}")
            return given
        if name in scope.within:
            self.wrong((*path, "block"), f"the block '{name}' holds itself ({' > '.join((*scope.within, name))})")
            return given
        if type(repeat) is not int or not 1 <= repeat <= 1000:
            self.wrong((*path, "repeat"), f"found {repeat!r}; expected a whole number from 1 to 1000")
            return given
        defaults = {key: value for key, value in block.items() if key != "layers"}
        parameters = {key: value for key, value in entry.items() if key not in _OF_AN_ENTRY}
        for key in parameters.keys() - defaults.keys():
            near = did_you_mean(key, defaults) or f"; it has {', '.join(defaults) or 'none'}"
            self.wrong((*path, key), f"the block '{name}' has no parameter '{key}'{near}")
        inside = self._boxed(scope, name if repeat == 1 else f"{name} ×{repeat}")
        for _ in range(repeat):
            own = replace(
                inside,
                names={INPUT: given},
                parameters={**defaults, **parameters},
                within=(*scope.within, name),
                used_at=scope.used_at or path,
            )
            given = self.entries(block.get("layers", ()), given, own, (*self.blocks_path, name, "layers"))
        return given

    def _branches(self, entry: Mapping[str, Any], given: tuple[Source, ...], scope: _Scope, path: Path):
        unknown = [key for key in entry if key not in ("branches", "merge", "from", "as")]
        for key in unknown:
            self.wrong((*path, key), f"unknown setting of branches{did_you_mean(key, ('merge', 'from', 'as'))}")
        branches, merge = entry["branches"], entry.get("merge", MERGE)
        if not isinstance(branches, list | tuple) or len(branches) < 2:
            self.wrong((*path, "branches"), "expected a list of two branches or more, each a list of layers")
            return given
        ends: tuple[Source, ...] = ()
        for position, branch in enumerate(branches):
            place = (*path, "branches", position)
            if isinstance(branch, Mapping):
                ends += self.entry(branch, given, scope, place)
            elif isinstance(branch, list | tuple):
                ends += self.entries(branch, given, scope, place)
            else:
                self.wrong(place, f"found {branch!r}; expected a list of layers, or one")
        layer = {"name": merge} if isinstance(merge, str) else merge
        if not isinstance(layer, Mapping):
            self.wrong((*path, "merge"), f"found {merge!r}; expected a merging layer such as '{MERGE}'")
            return given
        return self._node(layer, ends, self._boxed(scope, _label(layer)), (*path, "merge"))


def _unused(graph: Graph) -> list[LayerMistake]:
    """Layers that lead nowhere, which Keras would leave out without a word."""
    used, open_ = set(), [source for source in graph.output if isinstance(source, int)]
    while open_:
        position = open_.pop()
        used.add(position)
        open_ += [s for s in graph.nodes[position].inputs if isinstance(s, int) and s not in used]
    unused = (node for position, node in enumerate(graph.nodes) if position not in used)
    return [LayerMistake(node.path, "nothing takes what this gives") for node in unused]


def _starts_elsewhere(entry: Mapping[str, Any]) -> bool:
    """Whether an entry leaves it to its branches to say what they take."""
    return "branches" in entry


def _label(layer: Mapping[str, Any]) -> str:
    """The name of a layer with its size, where it has one."""
    sizes = [layer[key] for key in ("units", "filters", "rate", "pool_size") if isinstance(layer.get(key), int | float)]
    return " ".join(str(part) for part in [layer.get("name"), *sizes[:1]])


def _or(names: Mapping[str, Any]) -> str:
    return " or ".join(f'"{name}"' for name in names)
