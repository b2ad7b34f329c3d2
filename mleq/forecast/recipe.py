"""How a recipe of the family `catalog` looks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from mleq.recipe.settings import (
    Calibration,
    Catalog,
    Circle,
    LayeredModel,
    Recipe,
    Resample,
    Settings,
    SplitDates,
    SplitFractions,
    Training,
)


class Box(Settings):
    """A square of `degrees` around the target."""

    degrees: float = Field(gt=0, le=180)


class Scale(Settings):
    """What a heatmap value is divided by before it is clipped to 0…1; constants, never fitted on data."""

    magnitude: float = Field(10.0, gt=0)
    frequency: float = Field(100.0, gt=0)
    depth_km: float = Field(500.0, gt=0)


class HeatmapGrid(Settings):
    """The daily heatmaps and how many days of them a sample holds."""

    extent: Literal["world"] | Box = "world"
    rows: int = Field(20, ge=1, le=720)
    columns: int = Field(30, ge=1, le=1440)
    window_days: int = Field(15, ge=1, le=3650)
    scale: Scale = Scale()


class ConvLstm(Training):
    """The network of the original experiment: one ConvLSTM2D layer, a dense layer of 100, one probability."""

    name: Literal["convlstm"]
    filters: int = Field(30, ge=1, le=1024)
    dropout: float = Field(0.3, ge=0, lt=1)


def _kind_of_model(value: Any) -> str | None:
    """A list of layers needs no name; anything else is known by its name."""
    if not isinstance(value, dict):
        return getattr(value, "name", "convlstm")
    return value.get("name", "layers" if "layers" in value else None)


Network = Annotated[
    Annotated[ConvLstm, Tag("convlstm")] | Annotated[LayeredModel, Tag("layers")],
    Discriminator(_kind_of_model),
]


def _split_kind(value: Any) -> str:
    if not isinstance(value, dict):
        return "dates" if isinstance(value, SplitDates) else "fractions"
    return "dates" if any(key.endswith("_end") for key in value) else "fractions"


Split = Annotated[
    Annotated[SplitFractions, Tag("fractions")] | Annotated[SplitDates, Tag("dates")],
    Discriminator(_split_kind),
]


class CatalogRecipe(Recipe):
    """An experiment on an earthquake catalogue: will a strong event occur in a circle in the coming days?"""

    family: Literal["catalog"]
    catalog: Catalog
    target: Circle
    grid: HeatmapGrid = HeatmapGrid()
    split: Split
    resample: tuple[Resample, ...] = ()
    model: Network
    calibration: Calibration = Calibration()

    @property
    def sample_shape(self) -> tuple[int, int, int, int]:
        """Shape of one sample: (window_days, rows, columns, 3)."""
        return (self.grid.window_days, self.grid.rows, self.grid.columns, 3)

    @property
    def one_line(self) -> str:
        """What is forecast, in one line."""
        target = self.target
        days = "a day" if target.horizon_days == 1 else f"{target.horizon_days} days"
        flag = ", below completeness" if target.allow_incomplete else ""
        place = f"({target.latitude:.2f}, {target.longitude:.2f})"
        return f"M >= {target.magnitude:g} within {target.radius_km:g} km of {place} in {days}{flag}"

    @model_validator(mode="after")
    def _target_is_in_catalog(self):
        smallest = self.catalog.min_magnitude
        if self.target.magnitude < smallest:
            raise ValueError(
                f"target.magnitude ({self.target.magnitude:g}) is below catalog.min_magnitude ({smallest:g}), "
                "so the events to be forecast would not be in the catalogue"
            )
        return self
