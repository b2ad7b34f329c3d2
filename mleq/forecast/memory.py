"""How much memory a training on a catalogue takes at most, said before it is begun; see `mleq.experiment.memory`."""

from __future__ import annotations

from math import prod

from mleq.experiment.memory import PROGRAM_MB, STATE_BYTES
from mleq.forecast.pool.inputs import INPUTS

EVENT_BYTES = 400
"""Of an event of the catalogue, as it is read and sorted."""
HEATMAP_COPIES = 2
"""Of the daily heatmaps: themselves, and what is in hand while they are scaled."""
ACTIVATION_COPIES = 14
"""Of what a batch leaves in a ConvLSTM layer: gates, state and output of each day, and the gradients of these."""
INPUT_COPIES = 2.5
"""Of the inputs of a pool, of two bytes each: of all days, and of those that are learnt from, in single precision."""


def memory_mb(recipe, *, days: int, events: int, parameters: int | None, resampling_gb: float) -> int:
    """Bound the memory of a training from above.

    Parameters
    ----------
    recipe : CatalogRecipe
    days, events : int
        Of the catalogue.
    parameters : int or None
        Of the network; None for a list of layers, whose activations are not counted either.
    resampling_gb : float
        What resampling needs, 10^9 bytes.

    Returns
    -------
    int
        10^6 bytes.
    """
    least = PROGRAM_MB + EVENT_BYTES * events / 1e6
    if recipe.pool:
        return round(least + INPUT_COPIES * 2 * recipe.pool.circles * days * len(INPUTS) / 1e6)
    _, *map_shape = recipe.sample_shape
    heatmaps = HEATMAP_COPIES * 4 * days * prod(map_shape) / 1e6
    network = (STATE_BYTES * (parameters or 0) + ACTIVATION_COPIES * batch_bytes(recipe)) / 1e6
    return round(least + heatmaps + network + 1000 * resampling_gb)


def batch_bytes(recipe) -> int:
    """Bytes of the states of a ConvLSTM layer over the days, of a whole batch; nothing for another network."""
    if recipe.model.name != "convlstm":
        return 0
    window_days, rows, columns, _ = recipe.sample_shape
    return 4 * recipe.model.batch_size * window_days * rows * columns * recipe.model.filters
