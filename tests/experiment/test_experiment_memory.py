"""What a network's layers are bounded by, and how a promise is said."""

from mleq.experiment.memory import LAYER_COPIES, STATE_BYTES, in_words, layers_mb


def test_layers_are_their_answers_for_a_batch_and_their_parameters():
    table = [
        {"shape": [None, 100, 8], "parameters": 500_000},
        {"shape": [None, None, 4], "parameters": 0},  # a length that the layers leave open counts once
    ]
    assert layers_mb(table, 1000) == round(4 * LAYER_COPIES * 0.804 + 0.5 * STATE_BYTES)


def test_what_is_not_known_is_said():
    assert in_words({"memory_mb": 1250}) == "up to 1.2 GB in all"
    assert in_words({"memory_mb": 1250, "layers_mb": 30}) == "up to 1.2 GB in all"
    assert "`--build` counts it" in in_words({"memory_mb": 1250, "layers_mb": None})
