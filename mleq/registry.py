"""The families by name; each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType

from mleq.recipe.settings import Recipe

_FAMILIES = {
    "catalog": ("mleq.forecast", "CatalogRecipe"),
    "azimuth": ("mleq.azimuth", "AzimuthRecipe"),
    "lab": ("mleq.lab", "LabRecipe"),
    "continuous": ("mleq.continuous", "ContinuousRecipe"),
}


class _RecipeModels(Mapping):
    """Recipe models by family, imported on demand."""

    def __getitem__(self, family: str) -> type[Recipe]:
        module, model = _FAMILIES[family]
        return getattr(import_module(f"{module}.recipe"), model)

    def __iter__(self) -> Iterator[str]:
        return iter(_FAMILIES)

    def __len__(self) -> int:
        return len(_FAMILIES)


recipe_models: Mapping[str, type[Recipe]] = _RecipeModels()


def family(name: str) -> ModuleType:
    """Return the family's module, which keeps the contract of `mleq.experiment.family.Family`.

    Parameters
    ----------
    name : str
        The name that recipes give as `family`.
    """
    return import_module(f"{_FAMILIES[name][0]}.family")
