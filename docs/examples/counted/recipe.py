"""How a recipe of the family `counted` looks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mleq.recipe.settings import Recipe, RecipePath, Settings, SplitFractions


class LastDays(Settings):
    """Logistic regression on how much happened lately."""

    name: Literal["last_days"] = "last_days"
    windows_days: tuple[int, ...] = Field((1, 7, 30), min_length=1, description="days over which counts are summed")
    epochs: int = Field(100, ge=1, le=10_000, description="steps of the fit, at most")


class CountedRecipe(Recipe):
    """An experiment on a table of daily counts: will there be an event on the next day?"""

    family: Literal["counted"]
    file: RecipePath = Field(description="CSV with the columns date (one row a day, no day missing) and count")
    split: SplitFractions
    model: LastDays = LastDays()

    @property
    def one_line(self) -> str:
        """What is forecast, in one line."""
        return f"whether a day of {self.file} has an event"
