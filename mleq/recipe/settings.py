"""The parts that recipes of all families share, as strict and frozen models.

A family's recipe is a subclass of `Recipe` in the family's own folder. Nothing is coerced: "20" is not 20, and
an unknown key is a mistake.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)


class Settings(BaseModel):
    """Base of every part of a recipe: strict types, unknown keys forbidden, frozen."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


def _beside_recipe(value: str, info: ValidationInfo) -> str:
    folder = (info.context or {}).get("folder")
    return value if folder is None else str(Path(folder) / value)


RecipePath = Annotated[str, AfterValidator(_beside_recipe)]
"""A file, folder or glob; what is relative is relative to the recipe file, and made absolute when that is loaded."""

RECIPE_ID = r"^[a-z0-9][a-z0-9_-]{0,63}$"
"""An id is the name of a folder too, so that it must not lead elsewhere."""

Fraction = Annotated[float, Field(gt=0, lt=1)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=360)]
Magnitude = Annotated[float, Field(ge=-3, le=10)]
Estimator = Literal["goodness_of_fit", "maximum_curvature", "b_stability"]
Column = Literal[
    "time", "latitude", "longitude", "depth", "mag", "magType", "nst", "gap", "dmin", "rms", "net", "id",
    "updated", "place", "type", "horizontalError", "depthError", "magError", "magNst", "status",
    "locationSource", "magSource",
]  # fmt: skip
"""A column of the USGS's catalogue, to which other files' columns are mapped."""


class UsgsCatalog(Settings):
    """Events of the USGS event service (or another that speaks as it does), kept in the catalogue store."""

    source: Literal["usgs"]
    start: dt.date = Field(description="first day (UTC) of the events used")
    end: dt.date | None = Field(None, description="day (UTC) before which the events used end; null: the newest")
    min_magnitude: Magnitude = Field(description="smallest magnitude used")
    snapshot: str | None = Field(None, description="name of a frozen snapshot; null: the newest state of the store")
    url: str | None = Field(None, pattern=r"^https?://", description="address of the event service; null: USGS")
    event_types: tuple[str, ...] = Field(("earthquake",), min_length=1, description="kinds of event that count")
    columns: dict[Column, Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict,
        description='how the files of --catalog call the columns of the USGS: {"mag": "M", "time": "Origin time"}',
    )
    completeness: Estimator = Field("goodness_of_fit", description="estimator of the completeness magnitude")
    magnitude_conversion: Literal["scordilis_2006"] | None = Field(
        None, description="convert mb and Ms to moment magnitude with these relations; null: magnitudes as reported"
    )

    @field_validator("columns")
    @classmethod
    def _one_column_each(cls, columns: dict[str, str]) -> dict[str, str]:
        twice = {theirs for theirs in columns.values() if list(columns.values()).count(theirs) > 1}
        if twice:
            raise ValueError(f"the column {min(twice)!r} cannot be two things at once")
        return columns

    @model_validator(mode="after")
    def _in_order(self):
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"end ({self.end}) must be later than start ({self.start})")
        return self


class SimulatedCatalog(Settings):
    """A seeded space-time ETAS catalogue, in the parametrisation of `mleq.etas`."""

    source: Literal["simulated"]
    start: dt.date = Field(description="first day (UTC)")
    days: int = Field(gt=0, le=100_000, description="length in days")
    min_magnitude: Magnitude = Field(description="smallest magnitude simulated; the reference magnitude m0")
    max_magnitude: Magnitude = Field(8.0, description="upper limit of the Gutenberg-Richter law")
    seed: int = Field(1, ge=0, description="seed of the catalogue")
    region: tuple[Latitude, Latitude, Longitude, Longitude] = Field(
        description="south, north, west, east; west > east crosses the antimeridian"
    )
    b_value: float = Field(1.0, gt=0, le=3, description="slope of the Gutenberg-Richter law")
    mu: float = Field(gt=0, description="background events per day in the whole region")
    A: float = Field(0.2, gt=0, description="offspring of an event of magnitude m0")
    alpha: float = Field(1.5, ge=0, description="growth of productivity with magnitude, per unit (natural log)")
    c_days: float = Field(0.02, gt=0, description="Omori c, days")
    p: float = Field(1.15, gt=1, description="Omori p")
    d_km2: float = Field(40.0, gt=0, description="spatial scale D at m0, square kilometres")
    q: float = Field(1.8, gt=1, description="exponent of the spatial decay")
    gamma: float = Field(1.0, ge=0, description="growth of the spatial scale with magnitude (natural log)")
    completeness: Estimator = Field("goodness_of_fit", description="estimator of the completeness magnitude")

    @model_validator(mode="after")
    def _in_order(self):
        if self.region[0] >= self.region[1]:
            raise ValueError("region must be [south, north, west, east] with south < north")
        if self.max_magnitude <= self.min_magnitude:
            raise ValueError("max_magnitude must be larger than min_magnitude")
        return self


class RecipeCatalog(Settings):
    """Events that another recipe detected in a continuous record; its latest run is read."""

    source: Literal["recipe"]
    id: str = Field(
        pattern=RECIPE_ID, description="id of the recipe that detects them; trained first where it has no run"
    )
    start: dt.date = Field(description="first day (UTC) of its record")
    min_magnitude: Magnitude = Field(description="smallest magnitude used, on that recipe's relative scale")
    completeness: Estimator = Field("goodness_of_fit", description="estimator of the completeness magnitude")


Catalog = Annotated[UsgsCatalog | SimulatedCatalog | RecipeCatalog, Field(discriminator="source")]


class Circle(Settings):
    """What is forecast: at least one event so strong, in this circle, within these days."""

    latitude: Latitude = Field(description="of the centre, degrees north")
    longitude: Longitude = Field(description="of the centre, degrees east")
    radius_km: float = Field(gt=0, le=20_015, description="great-circle radius, kilometres")
    magnitude: Magnitude = Field(description="an event counts from this magnitude on")
    max_depth_km: float | None = Field(None, gt=0, le=800, description="deepest event that counts; null: any depth")
    horizon_days: int = Field(1, ge=1, le=366, description="local days from the target date on")
    timezone: str = Field("UTC", description="IANA name; days are calendar days there")
    allow_incomplete: bool = Field(False, description="allow a target magnitude below completeness, and say so")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("not an IANA time zone such as 'Asia/Tokyo' or 'UTC'") from None
        return name


class SplitFractions(Settings):
    """Shares of the samples, in time order; the rest is the training part."""

    validation: Fraction = Field(description="share of the samples that epoch, threshold and calibration go by")
    test: Fraction = Field(description="share of the samples, the last, that are read once, at the end")

    @model_validator(mode="after")
    def _leaves_training(self):
        if self.validation + self.test >= 0.9:
            raise ValueError("validation + test must leave at least 0.1 for training")
        return self


class SplitDates(Settings):
    """Last target date of each part (inclusive)."""

    train_end: dt.date = Field(description="last target date of the training part")
    validation_end: dt.date = Field(description="last target date of the validation part")
    test_end: dt.date | None = Field(None, description="last target date of the test part; null: the catalogue's end")

    @model_validator(mode="after")
    def _in_order(self):
        last = self.test_end or dt.date.max
        if not self.train_end < self.validation_end < last:
            raise ValueError("train_end < validation_end < test_end must hold")
        return self


class Resample(Settings):
    """One step of resampling, on the training part only."""

    name: Literal[
        "RandomUnderSampler",
        "NearMiss",
        "TomekLinks",
        "EditedNearestNeighbours",
        "AllKNN",
        "CondensedNearestNeighbour",
        "NeighbourhoodCleaningRule",
        "ClusterCentroids",
        "SMOTE",
        "BorderlineSMOTE",
        "ADASYN",
        "balanced_batches",
        "class_weight",
    ] = Field(
        description="a class of imbalanced-learn; balanced_batches: as many samples of each kind in every batch; "
        "class_weight: rare samples count more"
    )
    args: dict[str, Any] = Field(default_factory=dict, description="arguments of the imbalanced-learn class")


class Calibration(Settings):
    """How probabilities are put right after training; see `mleq.experiment.calibration`."""

    method: Literal["platt", "prior_shift"] = Field(
        "platt",
        description="platt: undo what resampling did to the prior, then a logistic curve fitted on out-of-fold days; "
        "prior_shift: the first alone, exact for RandomUnderSampler, balanced_batches and class_weight only",
    )
    folds: int = Field(
        3,
        ge=2,
        le=50,
        description="blocks of train and validation days, each forecast by a network trained on the rest",
    )
    level_days: Annotated[int, Field(ge=10, le=3650)] | Literal["auto"] | None = Field(
        None,
        description="past days of which those with an event are held against those forecast; their ratio multiplies "
        "what is expected; auto: what brings most on out-of-fold days, or none; null: none",
    )

    @model_validator(mode="after")
    def _chosen_on_out_of_fold_days(self):
        if self.level_days == "auto" and self.method != "platt":
            raise ValueError(
                f"level_days 'auto' is chosen on out-of-fold days, which method '{self.method}' does not make; give "
                "a number of days, or method 'platt'"
            )
        return self


class Layer(BaseModel):
    """One Keras layer: its class's name and its arguments."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)
    name: str = Field(description="name of a class in keras.layers")


class Branches(BaseModel):
    """Lists of layers side by side, merged; `from` and `as` as in `mleq.experiment.blocks`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)
    branches: tuple[Any, ...] = Field(min_length=2, description="lists of layers, each beginning with the same tensor")
    merge: str | dict[str, Any] = Field("Concatenate", description="a merging layer of Keras")


class BlockUse(BaseModel):
    """The layers of a block put here; other keys are the block's parameters."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)
    block: str = Field(description="name of one of model.blocks")
    repeat: int = Field(1, ge=1, le=1000, description="how many times, one after the other")


def _kind_of_entry(value: Any) -> str:
    if not isinstance(value, dict):
        return {BlockUse: "block", Branches: "branches"}.get(type(value), "layer")
    return next((key for key in ("block", "branches") if key in value), "layer")


LayerEntry = Annotated[
    Annotated[Layer, Tag("layer")] | Annotated[BlockUse, Tag("block")] | Annotated[Branches, Tag("branches")],
    Discriminator(_kind_of_entry),
]
"""What may stand in a list of layers."""


class Block(BaseModel):
    """Layers under a name; other keys are its parameters with their defaults, `"$filters"` inside."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)
    layers: tuple[LayerEntry, ...] = Field(min_length=1, description="what the block stands for")


class Training(Settings):
    """How a network is trained; the base of every family's `model`."""

    learning_rate: float = Field(1e-4, gt=0, le=10, description="step of the optimiser Adam")
    epochs: int = Field(50, ge=1, le=100_000, description="passes over the training part, at most")
    batch_size: int = Field(32, ge=1, le=65_536, description="samples in a step")
    patience: int = Field(5, ge=1, description="epochs without a better validation log loss before training ends")


class LayeredModel(Training):
    """A network written out as a list of Keras layers."""

    name: Literal["layers"] = "layers"
    blocks: dict[str, Block] = Field(default_factory=dict, description="groups of layers that `layers` uses by name")
    layers: tuple[LayerEntry, ...] = Field(min_length=1, description="layers of Keras, in their order")

    def written(self) -> dict[str, Any]:
        """Return `layers` and `blocks` as plain values, for `mleq.experiment.network.build`."""
        blocks = {name: block.model_dump() for name, block in self.blocks.items()}
        return {"layers": [entry.model_dump() for entry in self.layers], "blocks": blocks}


class Recipe(Settings):
    """What every recipe has; a family adds the rest."""

    id: str = Field(pattern=RECIPE_ID, description="name of the recipe and of its folder in out/")
    family: str
    title: dict[str, str] = Field(default_factory=dict, description="names for people, by language")
    note: str | None = Field(None, description="what a reader should know before believing the result")
    seed: int = Field(0, ge=0, lt=2**32, description="of all that is drawn at random")
    memory_limit_gb: float = Field(4.0, gt=0, description="resampling that needs more is refused")
