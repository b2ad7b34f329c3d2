"""Recipes: JSON in, typed and frozen settings out, every mistake with its line."""

from mleq.recipe.load import differences, load_recipe, recipe_hash, resolved
from mleq.recipe.settings import Recipe

__all__ = ["Recipe", "differences", "load_recipe", "recipe_hash", "resolved"]
