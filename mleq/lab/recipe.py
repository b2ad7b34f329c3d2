"""How a recipe of the family `lab` looks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from mleq.recipe.settings import Fraction, LayeredModel, LayerEntry, Recipe, RecipePath, Settings, Training

SCORED = "time_to_failure_s"


class SignalSource(Settings):
    """What holds for signals wherever they come from."""

    failure_below_s: float = Field(0.05, gt=0, description="a time to failure may rise only from below this: a failure")
    max_gap_s: float = Field(0.05, gt=0, description="a fall of the time to failure by more, row to row, is a gap")
    columns: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict,
        description="for a table of window features given with --input: our name of each column, and the table's",
    )

    @field_validator("columns")
    @classmethod
    def _with_the_target(cls, columns: dict[str, str]) -> dict[str, str]:
        if columns and SCORED not in columns:
            raise ValueError(f"the columns of a table must say which holds {SCORED}")
        if columns and len(columns) < 2:
            raise ValueError("the columns of a table must name at least one feature")
        return columns


class SimulatedSignals(SignalSource):
    """A stick-slip experiment with known truth; see `mleq.lab.simulator`."""

    source: Literal["simulated"]
    seed: int = Field(1, ge=0, description="seed of the experiment")
    failures: int = Field(20, ge=3, le=10_000, description="failures in the record; the cycles at its ends are cut")
    sampling_rate_hz: float = Field(500_000.0, gt=0, le=1e8, description="of the record")
    recurrence_s: float = Field(9.5, gt=0, le=1e5, description="median time between failures, seconds")
    recurrence_sigma: float = Field(0.3, ge=0, le=2, description="standard deviation of its natural logarithm")
    coupling: float = Field(1.0, ge=0, le=3, description="how much the signal knows of the failure; 0: nothing")
    wandering: float = Field(0.25, ge=0, le=3, description="wandering of the log amplitude that means nothing")
    drift: float = Field(1.0, ge=0, le=10, description="drift of the instrument and of each cycle: bait")


class RecordedSignals(SignalSource):
    """Signals that `fetch --input` brought into the store."""

    source: Literal["recorded"]
    store: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="name of the store in data/lab")


class TimeToFailure(Settings):
    """What is forecast: the time from the end of a window to the next failure, in seconds."""

    quantity: Literal["time_to_failure_s"] = Field(SCORED, description="what is forecast")
    at: Literal["window_end"] = Field("window_end", description="the moment that it is counted from")


class Windows(Settings):
    """Pieces of the signal, none of which crosses a failure."""

    samples: int = Field(150_000, ge=64, le=10_000_000, description="length of a window")
    stride: int = Field(75_000, ge=1, description="samples between the beginnings of windows to train on")
    scoring_stride: int | None = Field(None, ge=1, description="the same for windows that are scored; null: samples")
    remove_offset: bool = Field(True, description="subtract each window's mean, which drifts with the instrument")

    @property
    def scored_every(self) -> int:
        """Samples between scored windows."""
        return self.scoring_stride or self.samples

    @model_validator(mode="after")
    def _do_not_overlap(self):
        if self.scored_every < self.samples:
            raise ValueError(
                f"scoring_stride ({self.scored_every}) is smaller than samples ({self.samples}): windows that overlap "
                "are not scored, since they are one observation counted twice"
            )
        return self


class CycleSplit(Settings):
    """Parts made of whole cycles: nothing of a failure's cycle serves two parts."""

    scheme: Literal["forward_chained", "leave_one_cycle_out", "random_folds"] = Field(
        "forward_chained",
        description="the last cycles are tested; or one cycle, all others but the validation's train; or windows at "
        "random, which leaks and only shows by how much",
    )
    validation: Fraction = Field(0.2, description="share of the complete cycles (of windows, for random_folds)")
    test: Fraction = Field(0.3, description="the same; leave_one_cycle_out tests one cycle")
    cycle: int | None = Field(None, ge=0, description="the cycle that leave_one_cycle_out tests; null: the last")
    folds: int = Field(5, ge=2, le=100, description="random folds that the references are compared with; see below")
    cross_validate: bool = Field(
        False, description="score the references by leave-one-cycle-out, forward chaining and random folds too"
    )

    @model_validator(mode="after")
    def _leaves_training(self):
        if self.validation + self.test >= 0.9:
            raise ValueError("validation + test must leave at least 0.1 for training")
        return self


class Codec(Settings):
    """The time to failure as bins."""

    bins: int = Field(16, ge=2, le=1000, description="number of bins")
    edges: Literal["quantile", "uniform"] = Field("quantile", description="bins of equal weight or of equal width")


class WaveInput(Settings):
    """The samples themselves, their differences, or their cumulative sum within the window."""

    kind: Literal["raw", "difference", "cumulative_sum"] = Field(
        description="the samples, their differences, or their sum so far"
    )
    compress: bool = Field(
        True, description="arsinh(x / scale) instead of x / scale: bursts are a thousand times quiet"
    )


class RollingInput(Settings):
    """Rolling statistics of the samples at several widths."""

    kind: Literal["rolling"]
    every: int = Field(250, ge=1, description="samples from one value to the next")
    widths: tuple[Annotated[int, Field(ge=1)], ...] = Field((250, 1000, 5000), min_length=1, description="in samples")
    statistics: tuple[Literal["mean", "std", "max"], ...] = Field(
        ("std", "max"), min_length=1, description="what is taken of the samples within each width"
    )

    @model_validator(mode="after")
    def _whole_steps(self):
        odd = [width for width in self.widths if width % self.every]
        if odd:
            raise ValueError(f"each of widths must be a multiple of every ({self.every}); {odd[0]} is not")
        return self


class SpectrogramInput(Settings):
    """Logarithms of the power by time and frequency."""

    kind: Literal["spectrogram"]
    segment: int = Field(512, ge=16, description="samples of each Fourier transform")
    max_frequency_hz: float = Field(600_000.0, gt=0, description="what lies above is left out")
    frames: int = Field(64, ge=1, description="steps in time")
    bands: int = Field(64, ge=1, description="bands in frequency")


def _input_kind(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return "wave" if kind in ("raw", "difference", "cumulative_sum") else kind


Input = Annotated[
    Annotated[WaveInput, Tag("wave")]
    | Annotated[RollingInput, Tag("rolling")]
    | Annotated[SpectrogramInput, Tag("spectrogram")],
    Discriminator(_input_kind),
]
RAW = {"raw": WaveInput(kind="raw")}
Objective = Literal["bins", "mse", "mae"]


class Learning(Training):
    """How a network of this family learns: the layer that answers is added by itself."""

    objective: Objective = Field("bins", description="bins with cross-entropy; or one number, by squares or absolutely")
    compare: bool = Field(True, description="train the other objectives too and show all three")


class LayersModel(Learning, LayeredModel):
    """A network as a list of layers, from inputs by name to a vector."""

    inputs: dict[str, Input] = Field(
        default_factory=lambda: dict(RAW),
        min_length=1,
        description="what the network reads, by the names that its layers use",
    )


class ResNetModel(Learning):
    """A residual network of keras.applications on a spectrogram."""

    name: Literal["resnet"]
    backbone: Literal["ResNet50", "ResNet50V2", "ResNet101", "ResNet101V2", "ResNet152", "ResNet152V2"] = Field(
        "ResNet50V2", description="class in keras.applications"
    )
    weights: RecipePath | None = Field(None, description="file of weights without the top; null: trained from scratch")
    spectrogram: SpectrogramInput = SpectrogramInput(kind="spectrogram")


class CpcModel(Learning):
    """Contrastive predictive coding, then a small head on the frozen context."""

    name: Literal["cpc"]
    encoder: tuple[LayerEntry, ...] = Field(min_length=1, description="layers from (samples, 1) to (steps, channels)")
    context: int = Field(48, ge=1, description="units of the GRU")
    steps: int = Field(4, ge=1, le=64, description="how many steps ahead are predicted")
    probe_units: int = Field(32, ge=1, description="units of the head's hidden layer")
    probe_weight_decay: float = Field(0.1, ge=0, le=100, description="L2 penalty on the head's weights")
    probe_dropout: float = Field(
        0.5, ge=0, lt=1, description="share of the head's hidden units dropped while it learns"
    )
    probe_epochs: int = Field(60, ge=1, le=100_000, description="passes over the training part by the head, at most")
    probe_learning_rate: float = Field(3e-3, gt=0, le=10, description="step of the head's optimiser")


class FeatureModel(Settings):
    """A method on the features of each window; nothing is learnt in epochs."""

    name: Literal["boosting", "random_forest"] = Field(description="boosted trees or a random forest")
    features: Literal["four", "all"] = Field("all", description="the four of the literature, or all")
    epochs: int = Field(200, ge=1, le=100_000, description="trees")


def _kind_of_model(value: Any) -> str | None:
    if isinstance(value, dict):
        kind = value.get("name", "layers" if "layers" in value else None)
    else:
        kind = getattr(value, "name", None)
    return "features" if kind in ("boosting", "random_forest") else kind


Model = Annotated[
    Annotated[LayersModel, Tag("layers")]
    | Annotated[ResNetModel, Tag("resnet")]
    | Annotated[CpcModel, Tag("cpc")]
    | Annotated[FeatureModel, Tag("features")],
    Discriminator(_kind_of_model),
]


class LabRecipe(Recipe):
    """An experiment on laboratory earthquakes: how long until the next failure?"""

    family: Literal["lab"]
    signals: Annotated[SimulatedSignals | RecordedSignals, Field(discriminator="source")]
    target: TimeToFailure = TimeToFailure()
    windows: Windows = Windows()
    split: CycleSplit = CycleSplit()
    codec: Codec = Codec()
    model: Model

    @property
    def learns_features(self) -> bool:
        """Whether the model is one of features, not a network."""
        return isinstance(self.model, FeatureModel)

    @property
    def inputs(self) -> dict[str, Any]:
        """The network's inputs by name."""
        if isinstance(self.model, LayersModel):
            return self.model.inputs
        return {"spectrogram": self.model.spectrogram} if isinstance(self.model, ResNetModel) else dict(RAW)

    @property
    def one_line(self) -> str:
        """What is forecast, in one line."""
        return f"the time to the next failure at the end of windows of {self.windows.samples:,} samples, in seconds"

    @model_validator(mode="after")
    def _inputs_fit(self):
        for name, one in self.inputs.items() if not self.learns_features else ():
            steps = {"rolling": "every", "spectrogram": "segment"}.get(one.kind)
            if steps and getattr(one, steps) * getattr(one, "frames", 1) > self.windows.samples:
                raise ValueError(
                    f"the input '{name}' needs {getattr(one, steps) * getattr(one, 'frames', 1):,} samples; "
                    f"windows.samples is {self.windows.samples:,}"
                )
        return self
