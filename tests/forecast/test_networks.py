from types import SimpleNamespace

import pytest

from mleq.forecast import networks

SHAPE = (15, 20, 30, 3)


def convlstm(filters=30, dropout=0.3):
    return SimpleNamespace(name="convlstm", filters=filters, dropout=dropout)


def test_the_original_has_1836081_parameters():
    assert networks.parameters_by_layer(convlstm(), SHAPE) == {
        "ConvLSTM2D": 35_760,
        "BatchNormalization": 120,
        "Dense hidden": 1_800_100,
        "Dense output": 101,
    }
    assert networks.parameters(convlstm(), SHAPE) == 1_836_081


@pytest.mark.tensorflow
@pytest.mark.parametrize(("filters", "shape"), [(30, SHAPE), (7, (4, 6, 9, 3)), (1, (1, 2, 2, 5))])
def test_the_formula_equals_keras_layer_by_layer(filters, shape):
    from mleq.experiment.network import build

    model = build(networks.layers(convlstm(filters)), shape, seed=1)
    counted = [layer.count_params() for layer in model.layers if layer.count_params()]
    assert counted == list(networks.parameters_by_layer(convlstm(filters), shape).values())
    assert model.count_params() == networks.parameters(convlstm(filters), shape)


@pytest.mark.tensorflow
def test_the_preset_is_the_network_of_the_original():
    from mleq.experiment.network import build

    model = build(networks.layers(convlstm(30, 0.25)), SHAPE, seed=1)
    recurrent, normal, flat, dense, dropout, output = model.layers[1:]
    assert (recurrent.filters, recurrent.kernel_size, recurrent.padding) == (30, (3, 3), "same")
    assert (recurrent.dropout, recurrent.return_sequences) == (0.25, False)
    assert (recurrent.activation.__name__, recurrent.recurrent_activation.__name__) == ("tanh", "sigmoid")
    assert [type(layer).__name__ for layer in (normal, flat, dropout)] == [
        "BatchNormalization",
        "Flatten",
        "Dropout",
    ]
    assert (dense.units, dense.activation.__name__, dropout.rate) == (100, "relu", 0.25)
    assert (output.units, output.activation.__name__) == (1, "sigmoid")


@pytest.mark.tensorflow
def test_operations_are_those_tensorflow_counts():
    import tensorflow as tf
    from tensorflow.python.profiler import model_analyzer, option_builder

    from mleq.experiment.network import build

    shape = (1, 12, 10, 3)  # one day: the profiler counts the body of a loop once
    model = build(networks.layers(convlstm(30)), shape, seed=1)
    call = tf.function(lambda x: model(x, training=False))
    graph = call.get_concrete_function(tf.TensorSpec((1, *shape), tf.float32)).graph
    options = option_builder.ProfileOptionBuilder(
        option_builder.ProfileOptionBuilder.float_operation()
    ).with_empty_output()
    counted = model_analyzer.profile(graph, options=options.build()).total_float_ops
    assert networks.operations_per_sample(convlstm(30), shape) == pytest.approx(counted, rel=0.05)


def test_a_list_of_layers_passes_through_and_has_no_formula():
    from mleq.recipe.settings import LayeredModel

    layers = ({"name": "Flatten"}, {"name": "Dense", "units": 1, "activation": "sigmoid"})
    written = LayeredModel.model_validate({"name": "layers", "layers": layers})
    assert networks.layers(written) == list(layers)
    assert networks.parameters(written, SHAPE) is None
    assert networks.operations_per_sample(written, SHAPE) is None
