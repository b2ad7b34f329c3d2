import numpy as np
import pytest

from mleq.errors import RecipeError

pytestmark = pytest.mark.tensorflow

SHAPE = (3, 4, 5, 3)
OUTPUT = {"name": "Dense", "units": 1, "activation": "sigmoid"}


def mistakes(*layers, shape=SHAPE, **options):
    from mleq.experiment.network import layer_mistakes

    return [str(mistake) for mistake in layer_mistakes(layers, shape, **options)]


def built(*layers, seed=1, shape=SHAPE, **options):
    from mleq.experiment.network import build

    return build(layers, shape, seed=seed, **options)


def test_builds_what_is_written():
    model = built(
        {"name": "ConvLSTM2D", "filters": 2, "kernel_size": [3, 3], "padding": "same"},
        {"name": "BatchNormalization"},
        {"name": "Flatten"},
        OUTPUT,
    )
    assert [type(layer).__name__ for layer in model.layers[1:]] == [
        "ConvLSTM2D",
        "BatchNormalization",
        "Flatten",
        "Dense",
    ]
    assert model.input_shape == (None, *SHAPE)
    assert model.output_shape == (None, 1)


@pytest.mark.parametrize(
    "layers",
    [
        [{"name": "Conv3D", "filters": 2, "kernel_size": 2, "activation": "relu"}, {"name": "GlobalMaxPooling3D"}],
        [{"name": "Reshape", "target_shape": [3, 60]}, {"name": "GRU", "units": 3, "dropout": 0.1}],
        [
            {"name": "TimeDistributed", "layer": {"name": "Flatten"}},
            {"name": "Bidirectional", "layer": {"name": "LSTM", "units": 2}},
        ],
        [{"name": "Reshape", "target_shape": [3, 60]}, {"name": "RNN", "cell": {"name": "LSTMCell", "units": 2}}],
        [{"name": "Rescaling", "scale": 0.1}, {"name": "Flatten"}, {"name": "SpatialDropout1D", "rate": 0.1}][:2],
    ],
)
def test_any_keras_layer_may_stand_in_the_list_also_inside_another(layers):
    model = built(*layers, OUTPUT)
    assert model(np.zeros((2, *SHAPE), np.float32)).shape == (2, 1)


def test_the_same_seed_gives_the_same_weights():
    def kernel(seed):
        return np.asarray(built({"name": "Flatten"}, OUTPUT, seed=seed).weights[0])

    np.testing.assert_array_equal(kernel(5), kernel(5))
    assert not np.array_equal(kernel(5), kernel(6))


def test_all_wrong_names_and_arguments_at_once_with_their_place():
    found = mistakes(
        {"name": "ConvLSTM2D", "filtres": 3, "kernel_size": 3},
        {"name": "Dens", "units": 3},
        {"name": "batch_normalization"},
        {"name": "Dense", "units": -4},
        {"name": "Dense", "units": 4, "activation": "rel"},
        {"name": "Bidirectional", "layer": {"name": "LSTM", "unit": 8}},
        {"name": "Conv3D", "filters": 3},
        {"name": 7},
        {"name": "InputLayer"},
        path=("branch",),
    )
    assert found[:3] == [
        "branch.0.filtres: unknown argument; did you mean 'filters'?",
        "branch.1.name: no layer 'Dens' in keras.layers; did you mean 'Dense'?",
        "branch.2.name: no layer 'batch_normalization' in keras.layers; did you mean 'BatchNormalization'?",
    ]
    assert found[3].startswith("branch.3: Dense: ")
    assert "units=-4" in found[3]
    assert found[4].startswith("branch.4: Dense: ")
    assert "rel" in found[4]
    assert found[5:8] == [
        "branch.5.layer.unit: unknown argument; did you mean 'units'?",
        "branch.6: Conv3D needs 'kernel_size'",
        "branch.7.name: found 7; expected the name of a layer in keras.layers",
    ]
    assert found[8].startswith("branch.8.name: InputLayer cannot stand")
    assert len(found) == 9


def test_arguments_of_the_base_layer_are_known_but_not_those_a_class_sets_itself():
    assert mistakes({"name": "Flatten"}, {**OUTPUT, "dtype": "float32", "trainable": False}) == []
    (found,) = mistakes({"name": "Conv3D", "filters": 1, "kernel_size": 1, "rank": 3}, {"name": "Flatten"}, OUTPUT)
    assert found.startswith("model.layers.0.rank: unknown argument; ")


def test_a_layer_that_does_not_fit_is_named_with_what_comes_before():
    (found,) = mistakes({"name": "Flatten"}, {"name": "ConvLSTM2D", "filters": 2, "kernel_size": 3}, OUTPUT)
    assert found.startswith("model.layers.1: ConvLSTM2D cannot follow Flatten, which gives (180,): Input 0")
    assert "expected ndim=5" in found
    (found,) = mistakes({"name": "Reshape", "target_shape": [7, 7]}, OUTPUT)
    assert found.startswith("model.layers.0: Reshape cannot follow the input, which gives (3, 4, 5, 3): The total")
    assert "\n" not in found
    assert "\x1b" not in found


def test_several_outputs_are_refused():
    (found,) = mistakes(
        {"name": "ConvLSTM2D", "filters": 2, "kernel_size": 3, "return_state": True}, {"name": "Flatten"}, OUTPUT
    )
    assert found.startswith("model.layers.0: ConvLSTM2D gives several outputs")


def test_the_last_layer_must_give_one_probability():
    (found,) = mistakes(OUTPUT)
    assert found.startswith("model.layers.0: the last layer gives (3, 4, 5, 1) for each sample; expected (1,)")
    (found,) = mistakes({"name": "Flatten"}, {"name": "Dense", "units": 1})
    assert found.startswith("model.layers.1.activation: found linear; expected 'sigmoid'")
    assert mistakes({"name": "Flatten"}, {"name": "Dense", "units": 16}, output_shape=(16,), probability=False) == []


def test_a_network_too_large_for_the_memory_is_a_mistake_too():
    (found,) = mistakes({"name": "Flatten"}, {"name": "Dense", "units": 10**12}, OUTPUT)
    assert found.startswith("model.layers.1: Dense cannot follow Flatten")


def test_build_raises_with_one_line_for_each_mistake():
    with pytest.raises(RecipeError) as caught:
        built({"name": "Dens"}, {"name": "Flaten"})
    assert len(caught.value.mistakes) == 2
    assert "did you mean 'Flatten'" in caught.value.mistakes[1]


def test_the_diagram_shows_what_takes_what():
    from mleq.experiment.network import diagram

    layers = [
        {"name": "Dense", "units": 4, "from": "waves", "as": "a"},
        {"name": "Dense", "units": 4, "from": "events", "as": "b"},
        {"name": "Concatenate", "from": ["a", "b"]},
        {"name": "Dense", "units": 1, "activation": "sigmoid"},
    ]
    shapes = {"waves": (7,), "events": (2,)}
    boxes = diagram(layers, shapes)
    assert [box["takes"] for box in boxes] == [["waves"], ["events"], [0, 1], [2]]
    assert [box["shape"] for box in boxes] == [[4], [4], [8], [1]]
    assert [box["layers"] for box in boxes] == [1, 1, 1, 1]
    with pytest.raises(RecipeError, match="knows no input|nothing is called|thunder"):
        diagram([{"name": "Flatten", "from": "thunder"}], shapes)


def test_a_merge_that_does_not_fit_names_both_sides():
    layers = [
        {"name": "Dense", "units": 4, "from": "waves", "as": "a"},
        {"name": "Add", "from": ["a", "events"]},
        {"name": "Dense", "units": 1, "activation": "sigmoid"},
    ]
    (mistake,) = mistakes(*layers, shape={"waves": (7,), "events": (2,)})
    assert "Add cannot follow Dense and the input 'events', which give (4,) and (2,)" in mistake
