"""How much memory a training is promised to take."""

import pytest

from mleq import api
from mleq.experiment.memory import PROGRAM_MB, STATE_BYTES
from mleq.forecast import memory
from mleq.forecast.pool.inputs import INPUTS


def bound(*changes, recipe_id="demo", days=2000, events=0, parameters=0, resampling_gb=0.0):
    recipe = api.load_recipe(recipe_id, changes=changes)
    return memory.memory_mb(recipe, days=days, events=events, parameters=parameters, resampling_gb=resampling_gb)


def test_the_program_alone_is_the_least():
    assert bound("grid.rows=1", "grid.columns=1", "grid.window_days=1", days=1) == round(PROGRAM_MB)


def test_maps_batches_parameters_events_and_resampling_are_added():
    plain = ("grid.rows=10", "grid.columns=20", "grid.window_days=5", "model.filters=8", "model.batch_size=64")
    heatmaps = memory.HEATMAP_COPIES * 4 * 2000 * 10 * 20 * 3 / 1e6
    batch = memory.ACTIVATION_COPIES * 4 * 64 * 5 * 10 * 20 * 8 / 1e6
    assert bound(*plain) == pytest.approx(PROGRAM_MB + heatmaps + batch, abs=1)
    more = bound(*plain, events=10**6, parameters=10**6, resampling_gb=0.5)
    assert more - bound(*plain) == pytest.approx(memory.EVENT_BYTES + STATE_BYTES + 500, abs=1)


def test_of_a_pool_it_is_the_inputs_of_all_circles():
    few, many = (bound(f"pool.circles={n}", recipe_id="world_best", days=10_000) for n in (100, 300))
    assert many - few == pytest.approx(memory.INPUT_COPIES * 2 * 200 * 10_000 * len(INPUTS) / 1e6, abs=1)


def test_layers_of_ones_own_are_not_known():
    layers = '{"name": "layers", "layers": [{"name": "Flatten"}, {"name": "Dense", "args": {"units": 1}}]}'
    assert memory.batch_bytes(api.load_recipe("demo", changes=[f"model={layers}"])) == 0
