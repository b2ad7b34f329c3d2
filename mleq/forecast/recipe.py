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

    degrees: float = Field(gt=0, le=180, description="length of a side, centred on the target")


class Scale(Settings):
    """What a heatmap value is divided by before it is clipped to 0…1; constants, never fitted on data."""

    magnitude: float = Field(10.0, gt=0, description="divisor of magnitudes")
    frequency: float = Field(100.0, gt=0, description="divisor of counts")
    depth_km: float = Field(500.0, gt=0, description="divisor of depths, kilometres")


class HeatmapGrid(Settings):
    """The daily heatmaps and how many days of them a sample holds."""

    extent: Literal["world"] | Box = Field("world", description="the world, or a box around the target")
    rows: int = Field(20, ge=1, le=720, description="cells from south to north")
    columns: int = Field(30, ge=1, le=1440, description="cells from west to east")
    window_days: int = Field(15, ge=1, le=3650, description="days before the issue time that a sample holds")
    scale: Scale = Scale()


class ConvLstm(Training):
    """The network of the original experiment: one ConvLSTM2D layer, a dense layer of 100, one probability."""

    name: Literal["convlstm"]
    filters: int = Field(30, ge=1, le=1024, description="of the ConvLSTM2D layer")
    dropout: float = Field(0.3, ge=0, lt=1, description="share of units silenced while learning")


class PoolSettings(Settings):
    """Circles around the world that one model learns from together; the target's own is the first of them."""

    circles: int = Field(400, ge=1, le=2000, description="how many at most, drawn by the seed where events were")
    radius_km: float | None = Field(None, gt=0, description="of all circles; null: the target's, which it must equal")
    spacing: float = Field(1.0, ge=0.25, le=2, description="least distance of centres, in radii; 2: side by side")
    refit_years: int = Field(1, ge=1, description="years between models learnt anew, from the test part's first day on")
    fewest_events: int = Field(10, ge=1, description="target events in the training years that make a circle")
    level_days: int | None = Field(
        None,
        ge=10,
        le=3650,
        description="past days on which target days that came in all circles are held against those stated; null: none",
    )
    level_prior: float | None = Field(
        None,
        gt=0,
        description="with level_days: target days, for each day of the horizon, added to those that came and to those "
        "stated, so that few move little; null: 400",
    )


class ResidualBoosting(Settings):
    """Boosted trees added to the log-odds of ETAS."""

    name: Literal["residual_boosting"] = "residual_boosting"
    epochs: int = Field(400, ge=1, le=10_000, description="trees at most; the validation part chooses how many")
    learning_rate: float = Field(0.03, gt=0, le=1, description="weight of each tree")
    depth: int = Field(3, ge=1, le=10, description="splits from root to leaf")
    least_weight: float = Field(100.0, ge=0, description="information that a leaf needs (min_child_weight)")
    ridge: float = Field(100.0, ge=0, description="penalty on the square of leaves (lambda)")
    rows: float = Field(0.5, gt=0, le=1, description="share of days that a tree sees")
    columns: float = Field(0.2, gt=0, le=1, description="share of inputs that a tree sees")
    detection: bool = Field(True, description="whether trees see how many small events are recorded beside large ones")


class ResidualNetwork(Training):
    """A dense network added to the log-odds of ETAS; its last layer begins at zero."""

    name: Literal["residual_network"] = "residual_network"
    hidden: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field(
        (64, 32), min_length=1, description="units of the hidden layers"
    )
    dropout: float = Field(0.3, ge=0, lt=1, description="share of units silenced while learning")
    weight_decay: float = Field(1e-5, ge=0, description="penalty on the square of weights")
    learning_rate: float = Field(2e-3, gt=0, le=10, description="at the beginning; it falls to zero along a cosine")
    epochs: int = Field(15, ge=1, le=1000, description="passes over the training part, at most")
    batch_size: int = Field(2048, ge=1, le=65_536, description="samples in a step")
    detection: bool = Field(True, description="whether it sees how many small events are recorded beside large ones")


class ResidualConvLstm(Training):
    """A ConvLSTM over maps of each circle's region by age, ETAS's among them, added to the log-odds of ETAS."""

    name: Literal["residual_convlstm"]
    reach_radii: float = Field(4.0, ge=1, le=6, description="from a circle's centre to the edge of its maps, in radii")
    cells: int = Field(8, ge=2, le=64, multiple_of=2, description="of a map, along a side")
    ages_days: tuple[Annotated[float, Field(gt=0, le=10_000)], ...] = Field(
        (1.0, 3.0, 10.0, 30.0, 100.0, 365.0), min_length=1, description="ages of events at which a map ends, ascending"
    )
    filters: int = Field(8, ge=1, le=256, description="of the ConvLSTM2D layer")
    kernel: int = Field(3, ge=1, le=9, description="cells along a side of its kernels")
    hidden: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field((32,), description="units of the hidden layers")
    inputs: bool = Field(False, description="whether the hidden layers see the named inputs of docs/pool.md as well")
    dropout: float = Field(0.3, ge=0, lt=1, description="share of units silenced while learning")
    weight_decay: float = Field(1e-5, ge=0, description="penalty on the square of weights")
    learning_rate: float = Field(2e-3, gt=0, le=10, description="at the beginning; it falls to zero along a cosine")
    epochs: int = Field(6, ge=1, le=1000, description="passes over the training part")
    batch_size: int = Field(1024, ge=1, le=65_536, description="samples in a step")
    quiet_share: float = Field(0.3, gt=0, le=1, description="share of the days without an event that an epoch looks at")
    detection: bool = Field(True, description="whether its inputs tell how many small events stand beside large ones")

    @model_validator(mode="after")
    def _ages_ascend(self):
        if list(self.ages_days) != sorted(set(self.ages_days)):
            raise ValueError(f"ages_days have to ascend, but are {list(self.ages_days)}")
        return self


class ResidualStack(Settings):
    """Trees and network together, their corrections weighted as did best on the validation part."""

    name: Literal["residual_stack"]
    epochs: int = Field(400, ge=1, le=10_000, description="trees at most, and epochs of the network at most")
    boosting: ResidualBoosting = ResidualBoosting()
    network: ResidualNetwork = ResidualNetwork()


RESIDUAL = (ResidualBoosting, ResidualNetwork, ResidualConvLstm, ResidualStack)


def _kind_of_model(value: Any) -> str | None:
    """A list of layers needs no name; anything else is known by its name."""
    if not isinstance(value, dict):
        return getattr(value, "name", "convlstm")
    return value.get("name", "layers" if "layers" in value else None)


Network = Annotated[
    Annotated[ConvLstm, Tag("convlstm")]
    | Annotated[LayeredModel, Tag("layers")]
    | Annotated[ResidualBoosting, Tag("residual_boosting")]
    | Annotated[ResidualNetwork, Tag("residual_network")]
    | Annotated[ResidualConvLstm, Tag("residual_convlstm")]
    | Annotated[ResidualStack, Tag("residual_stack")],
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
    pool: PoolSettings | None = Field(None, description="for residual models: circles to learn from; see docs/pool.md")

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
    def _pool_fits(self):
        residual = isinstance(self.model, RESIDUAL)
        if residual and self.pool is None:
            raise ValueError(f"model '{self.model.name}' learns from many circles; say of which: \"pool\": {{}}")
        if self.pool is None:
            return self
        if not residual:
            raise ValueError(f"a pool is for residual models, such as 'residual_boosting', not for '{self.model.name}'")
        radius = self.pool.radius_km
        if radius is not None and radius != self.target.radius_km:
            raise ValueError(
                f"pool.radius_km ({radius:g}) differs from target.radius_km ({self.target.radius_km:g}); all "
                "circles of a pool are as large as the target's"
            )
        if self.target.max_depth_km is not None:
            raise ValueError("target.max_depth_km: the circles of a pool count events of any depth")
        if self.resample:
            raise ValueError("resample: residual models learn from all days as they are")
        if self.calibration.level_days:
            raise ValueError("calibration.level_days is for networks of one place; a pool has pool.level_days")
        return self

    @model_validator(mode="after")
    def _target_is_in_catalog(self):
        smallest = self.catalog.min_magnitude
        if self.target.magnitude < smallest:
            raise ValueError(
                f"target.magnitude ({self.target.magnitude:g}) is below catalog.min_magnitude ({smallest:g}), "
                "so the events to be forecast would not be in the catalogue"
            )
        return self
