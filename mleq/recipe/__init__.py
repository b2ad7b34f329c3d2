"""Recipes: JSON in, typed and frozen settings out, every mistake with its line."""

from mleq.recipe.load import (
    DEFAULT_FILE,
    differences,
    find_entries,
    load_recipe,
    locate_recipe,
    recipe_hash,
    resolved,
    try_recipe,
)
from mleq.recipe.settings import Recipe
from mleq.recipe.write import add_recipe

__all__ = [
    "DEFAULT_FILE",
    "Recipe",
    "add_recipe",
    "differences",
    "find_entries",
    "load_recipe",
    "locate_recipe",
    "recipe_hash",
    "resolved",
    "try_recipe",
]
