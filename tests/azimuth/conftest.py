import json

import numpy as np
import pytest

from mleq.azimuth import simulator, windows
from mleq.azimuth.recipe import AzimuthRecipe

RECIPE = {
    "id": "small_azimuth",
    "family": "azimuth",
    "signals": {"source": "simulated", "events": 400, "stations": 4, "seed": 5},
    "window": {"before_s": 3.2, "after_s": 3.2},
    "split": {"validation": 0.2, "test": 0.3, "held_out_stations": ["S04"]},
    "model": {"name": "azimuth_residual", "windows_s": [0.5, 1.0], "learning_rate": 0.003, "epochs": 2},
    "seed": 3,
}


@pytest.fixture
def raw_recipe():
    """A recipe that trains in seconds, as JSON values."""
    return json.loads(json.dumps(RECIPE))


@pytest.fixture
def make_recipe(raw_recipe):
    """Make the small recipe with other parts."""
    return lambda **parts: AzimuthRecipe.model_validate_json(json.dumps({**raw_recipe, **parts}))


@pytest.fixture(scope="session")
def simulated():
    """400 recordings at 4 stations."""
    recipe = AzimuthRecipe.model_validate_json(json.dumps(RECIPE))
    return simulator.simulate(recipe.signals)


@pytest.fixture(scope="session")
def traces(simulated):
    """Their windows."""
    return windows.cut(simulated, AzimuthRecipe.model_validate_json(json.dumps(RECIPE)).window)


@pytest.fixture
def plane_waves():
    """Noise-free P waves from given directions: (directions, incidence) -> signals of shape (n, 3, 64), Z N E."""

    def make(back_azimuth_deg, incidence_deg=35.0, polarity=1.0):
        away = np.radians(np.asarray(back_azimuth_deg, float) + 180)
        steep = np.radians(incidence_deg)
        ray = np.stack([np.full(away.shape, np.cos(steep)), np.sin(steep) * np.cos(away), np.sin(steep) * np.sin(away)])
        time = np.arange(64) / 20
        return polarity * ray.T[:, :, None] * (np.sin(2 * np.pi * 3 * time) * np.exp(-time))

    return make
