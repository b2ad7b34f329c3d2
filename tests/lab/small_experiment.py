"""A small experiment: ten failures, two seconds apart, 20,000 samples a second."""

import numpy as np

from mleq.lab.recipe import LabRecipe

SAMPLES = 2048
SIGNALS = {"source": "simulated", "failures": 10, "sampling_rate_hz": 20_000.0, "recurrence_s": 2.0, "seed": 3}
NETWORK = {
    "name": "layers",
    "inputs": {"rolling": {"kind": "rolling", "every": 64, "widths": [128, 512], "statistics": ["std", "max"]}},
    "layers": [
        {"name": "Conv1D", "filters": 4, "kernel_size": 3, "activation": "relu"},
        {"name": "GlobalAveragePooling1D"},
    ],
    "learning_rate": 0.01,
    "epochs": 3,
}


def small_recipe(**changes):
    values = {
        "id": "small_lab",
        "family": "lab",
        "signals": SIGNALS,
        "windows": {"samples": SAMPLES, "stride": 1024},
        "model": {"name": "boosting", "epochs": 30},
        "seed": 5,
    }
    return LabRecipe.model_validate({**values, **changes}, strict=False)


def competition_csv(path, signal, times):
    """Write a record as the competition does."""
    lines = [f"{value},{time:.10f}" for value, time in zip(signal, np.asarray(times, np.float32), strict=True)]
    path.write_text("acoustic_data,time_to_failure\n" + "\n".join(lines) + "\n")
    return path
