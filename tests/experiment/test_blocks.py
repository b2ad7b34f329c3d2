"""Blocks and branches in a list of layers: what they come to, and what is said of mistakes in them."""

import numpy as np
import pytest

from mleq.experiment.blocks import expand

CONV = {
    "filters": 4,
    "layers": [
        {"name": "Conv1D", "filters": "$filters", "kernel_size": 3, "padding": "same"},
        {"name": "Activation", "activation": "relu"},
    ],
}
RESIDUAL = {
    "filters": 4,
    "layers": [
        {"branches": [[], [{"block": "conv", "filters": "$filters", "repeat": 2}]], "merge": "Add"},
    ],
}
BLOCKS = {"conv": CONV, "residual": RESIDUAL}


def graph_of(*layers, blocks=BLOCKS, inputs=("input",)):
    graph, mistakes = expand(layers, blocks, inputs=inputs)
    assert not mistakes
    return graph


def said(*layers, blocks=BLOCKS, inputs=("input",)):
    return [str(mistake) for mistake in expand(layers, blocks, inputs=inputs)[1]]


def test_an_ordinary_list_is_a_chain():
    graph = graph_of({"name": "Flatten"}, {"name": "Dense", "units": 2}, blocks=None)
    assert [node.inputs for node in graph.nodes] == [("input",), (0,)]
    assert [node.path for node in graph.nodes] == [("model", "layers", 0), ("model", "layers", 1)]
    assert graph.output == (1,)


def test_blocks_nest_repeat_and_fill_in_their_parameters():
    graph = graph_of({"block": "residual", "filters": 8}, {"name": "Flatten"})
    names = [node.layer["name"] for node in graph.nodes]
    assert names == ["Conv1D", "Activation", "Conv1D", "Activation", "Add", "Flatten"]
    assert [node.layer.get("filters") for node in graph.nodes if node.layer["name"] == "Conv1D"] == [8, 8]
    assert graph.nodes[4].inputs == ("input", 3), "the empty branch hands on what came before"
    assert graph.nodes[0].path == ("model", "blocks", "conv", "layers", 0)
    assert [box.label for box in graph.boxes()] == ["residual", "Flatten"]
    assert graph.boxes()[0].layers == 5
    assert graph.boxes()[1].inputs == (0,)


def test_entries_take_what_from_names():
    graph = graph_of(
        {"block": "conv", "from": "wave", "as": "a"},
        {"block": "conv", "from": "difference"},
        {"name": "Flatten", "as": "b"},
        {"branches": [[{"name": "Flatten", "from": "a"}], {"name": "Dense", "units": 1, "from": "b"}]},
        inputs=("wave", "difference"),
    )
    assert [node.inputs for node in graph.nodes] == [("wave",), (0,), ("difference",), (2,), (3,), (1,), (4,), (5, 6)]


def test_what_leads_nowhere_is_a_mistake():
    found = said(
        {"block": "conv", "from": "wave", "as": "a"},
        {"block": "conv", "from": "difference"},
        {"name": "Concatenate", "from": ["a", "wave"]},
        inputs=("wave", "difference"),
    )
    assert found == [
        "model.blocks.conv.layers.0: nothing takes what this gives",
        "model.blocks.conv.layers.1: nothing takes what this gives",
    ]


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ([{"block": "cnov"}], "model.layers.0.block: no block 'cnov' in model.blocks; did you mean 'conv'?"),
        (
            [{"block": "conv", "filtres": 3}],
            "model.layers.0.filtres: the block 'conv' has no parameter 'filtres'; did you mean 'filters'?",
        ),
        ([{"block": "conv", "repeat": 0}], "model.layers.0.repeat: found 0; expected a whole number from 1 to 1000"),
        ([{"block": "ring"}], "model.blocks.ring.layers.0.block: the block 'ring' holds itself (ring > ring)"),
        (
            [{"block": "dollar"}],
            "model.blocks.dollar.layers.0.units: no parameter '$unit'; did you mean '$units'?",
        ),
        (
            [{"name": "Flatten", "from": "inptu"}],
            "model.layers.0.from: nothing before this is called 'inptu'; did you mean 'input'?",
        ),
        (
            [{"branches": [[{"name": "Flatten", "as": "input"}], []], "merge": "Add"}],
            "model.layers.0.branches.0.0.as: the name 'input' is already used; expected a new name in quotes",
        ),
        (
            [{"branches": [[]]}],
            "model.layers.0.branches: expected a list of two branches or more, each a list of layers",
        ),
        (
            [{"branches": [[], []], "merg": "Add"}],
            "model.layers.0.merg: unknown setting of branches; did you mean 'merge'?",
        ),
        ([7], "model.layers.0: found 7; expected a layer, a block or branches, an object {…}"),
    ],
)
def test_mistakes_name_their_place(layers, sentence):
    blocks = {
        **BLOCKS,
        "ring": {"layers": [{"block": "ring"}]},
        "dollar": {"units": 3, "layers": [{"name": "Dense", "units": "$unit"}]},
    }
    assert said(*layers, blocks=blocks) == [sentence]


def test_several_inputs_ask_which():
    found = said({"name": "Flatten"}, inputs=("wave", "rolling"))
    assert found == [
        'model.layers.0: the network has several inputs; say which this takes: "from": "wave" or "rolling"'
    ]


@pytest.mark.tensorflow
def test_a_network_of_many_branches_is_built_and_computes():
    from mleq.experiment.network import build

    layers = [
        {
            "branches": [
                [{"block": "residual", "from": "wave", "filters": 1}, {"name": "GlobalAveragePooling1D"}],
                [{"block": "conv", "from": "rolling"}, {"name": "GlobalMaxPooling1D"}],
            ]
        },
        {"name": "Dense", "units": 3, "activation": "softmax"},
    ]
    shapes = {"wave": (32, 1), "rolling": (8, 2)}
    model = build(layers, shapes, seed=1, blocks=BLOCKS, output_shape=(3,), probability=False)
    answer = model({"wave": np.ones((2, 32, 1), np.float32), "rolling": np.ones((2, 8, 2), np.float32)})
    assert answer.shape == (2, 3)
    np.testing.assert_allclose(np.sum(answer, axis=1), 1, rtol=1e-5)
    again = build(layers, shapes, seed=1, blocks=BLOCKS, output_shape=(3,), probability=False)
    for ours, theirs in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.tensorflow
def test_wrong_layers_inside_a_block_say_where_they_stand_and_where_it_is_used():
    from mleq.experiment.network import layer_mistakes

    wrong = {"conv": {"layers": [{"name": "Conv1D", "filtres": 3, "kernel_size": 3}]}}
    found = [str(m) for m in layer_mistakes([{"block": "conv", "repeat": 3}], (8, 1), blocks=wrong)]
    assert found[0].startswith("model.blocks.conv.layers.0.filtres: unknown argument; did you mean 'filters'?")
    assert len(found) == 1, "the same mistake of three repetitions is said once"
    (found,) = layer_mistakes([{"name": "Flatten"}, {"block": "conv"}], (8, 1), blocks=BLOCKS, probability=False)
    assert str(found).startswith("model.blocks.conv.layers.0: Conv1D cannot follow Flatten, which gives (8,): ")
    assert str(found).endswith("(the block is used at model.layers.1)")


def test_a_branch_may_be_a_single_entry_and_nothing_else_but_a_list():
    graph = graph_of({"branches": [{"name": "Flatten"}, [{"name": "Flatten"}]], "merge": "Add"})
    assert [node.layer["name"] for node in graph.nodes] == ["Flatten", "Flatten", "Add"]
    (mistake,) = said({"branches": [3, []]})
    assert mistake == "model.layers.0.branches.0: found 3; expected a list of layers, or one"
    (mistake,) = said({"branches": [[], []], "merge": 3})
    assert mistake.startswith("model.layers.0.merge: found 3; expected a merging layer")
