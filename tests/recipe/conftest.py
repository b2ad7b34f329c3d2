import json

import pytest

from mleq.recipe import load_recipe
from mleq.registry import recipe_models


@pytest.fixture
def minimal():
    """A recipe with nothing but what is needed."""
    return {
        "id": "here",
        "family": "catalog",
        "catalog": {"source": "usgs", "start": "1990-01-01", "min_magnitude": 4.0},
        "target": {"latitude": 10.0, "longitude": 20.0, "radius_km": 100, "magnitude": 5},
        "split": {"validation": 0.2, "test": 0.2},
        "model": {"name": "convlstm"},
    }


@pytest.fixture
def write(tmp_path):
    """Write recipes to a file and return its path."""

    def writer(*recipes, name="recipe.json"):
        path = tmp_path / name
        path.write_text(json.dumps({"format": 1, "recipes": list(recipes)}, indent=1))
        return path

    return writer


@pytest.fixture
def load():
    """Load a recipe with the families that there are."""

    def loader(recipe_id, path=None, *changes):
        return load_recipe(recipe_id, path, models=recipe_models, changes=changes)

    return loader
