"""What any training takes of memory, whatever its family: for the promise that `check` makes.

The constants are bounds from above of what `python benchmarks/memory.py` measures, which trains recipes of every family
in processes that get no more than was promised. What a run took stands in its run.json (`peak_memory_mb`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

PROGRAM_MB = 1200.0
"""Python, TensorFlow and the other libraries, references, scores and the page, 10^6 bytes."""
STATE_BYTES = 96
"""Of a parameter: itself, its gradient, two moments and the best so far, in the network and those of calibration."""
LAYER_COPIES = 4
"""Of what each layer answers for a batch: the answer, its gradient, and what is in hand."""


def layers_mb(table: Sequence[dict[str, Any]], batch_size: int) -> int:
    """Bound the memory of a network's layers and parameters while it learns.

    Parameters
    ----------
    table : sequence of dict
        Of each layer `shape`, of its answer with the batch in front, and `parameters`.
    batch_size : int

    Returns
    -------
    int
        10^6 bytes.
    """
    answers = sum(prod(size or 1 for size in row["shape"][1:]) for row in table)
    parameters = sum(row["parameters"] for row in table)
    return round((4 * LAYER_COPIES * batch_size * answers + STATE_BYTES * parameters) / 1e6)


def in_words(values: dict[str, Any]) -> str:
    """Say what a plan promises: `memory_mb`, and `layers_mb`, None where only `check --build` knows it."""
    more = " and what the layers hold (`--build` counts it)" if values.get("layers_mb", 0) is None else ""
    return f"up to {values['memory_mb'] / 1000:.1f} GB in all{more}"
