"""Recipes: JSON in, typed and frozen settings out, every mistake with its line."""

from mleq.recipe.entries import DEFAULT_FILE, find_entries
from mleq.recipe.identity import differences, recipe_hash, resolved
from mleq.recipe.load import load_recipe, locate_recipe, try_recipe
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
