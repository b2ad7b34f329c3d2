"""How a recipe of the family `azimuth` looks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mleq.recipe.settings import Layer, Recipe, Settings, SplitFractions, Training


class Target(Settings):
    """What is answered: the direction from the station to the source, clockwise from north, at a P arrival."""

    quantity: Literal["back_azimuth_deg"] = Field("back_azimuth_deg", description="what is answered")
    phase: Literal["P"] = Field("P", description="the arrival that is looked at")


class SimulatedSignals(Settings):
    """Plane P arrivals with coda and noise at a few stations, from a seed; the truth is known."""

    source: Literal["simulated"]
    events: int = Field(4000, ge=50, le=1_000_000, description="earthquakes")
    stations: int = Field(10, ge=1, le=1000, description="stations S01, S02, …")
    stations_per_event: int = Field(1, ge=1, description="how many stations, drawn at random, record each event")
    sampling_rate_hz: float = Field(20.0, gt=0, le=1000, description="of the simulated traces")
    snr_db: tuple[float, float] = Field((-5.0, 25.0), description="range of signal over noise, even in dB")
    misorientation_deg: float = Field(4.0, ge=0, description="standard deviation of the stations' unknown rotation")
    bias_deg: float = Field(5.0, ge=0, description="typical size of the azimuth-dependent bias beneath a station")
    onset_error_s: float = Field(0.05, ge=0, description="standard deviation of the errors of the P arrival indices")
    seed: int = Field(1, ge=0, lt=2**32, description="of the signals")

    @model_validator(mode="after")
    def _sound(self):
        if self.snr_db[0] > self.snr_db[1]:
            raise ValueError("snr_db must be [lowest, highest]")
        if self.stations_per_event > self.stations:
            raise ValueError(f"stations_per_event ({self.stations_per_event}) is more than stations ({self.stations})")
        return self


class StoredSignals(Settings):
    """Signals that `mleq fetch --recipe_id ID --input …` brought, or that `--input` gives."""

    source: Literal["files"]


Signals = Annotated[SimulatedSignals | StoredSignals, Field(discriminator="source")]


class Window(Settings):
    """The piece of signal around a P arrival that is looked at."""

    sampling_rate_hz: float = Field(20.0, gt=0, le=1000, description="traces of a higher rate are brought down to it")
    before_s: float = Field(6.4, gt=0, le=600, description="noise before the P arrival, seconds")
    after_s: float = Field(6.4, gt=0, le=600, description="signal from the P arrival on, seconds")
    band_hz: tuple[float, float] | None = Field((1.0, 8.0), description="causal band-pass; null: none")
    pick_onsets: bool = Field(True, description="pick the P arrival where no index is given; false: that is an error")

    @model_validator(mode="after")
    def _sound(self):
        nyquist = self.sampling_rate_hz / 2
        if self.band_hz and not 0 < self.band_hz[0] < self.band_hz[1] < nyquist:
            raise ValueError(
                f"band_hz {list(self.band_hz)} must rise within 0 and the Nyquist frequency, {nyquist:g} Hz"
            )
        if min(self.samples_before, self.samples_after) < 16:
            raise ValueError("before_s and after_s must each hold at least 16 samples")
        return self

    @property
    def samples_before(self) -> int:
        """Samples before the P arrival."""
        return round(self.before_s * self.sampling_rate_hz)

    @property
    def samples_after(self) -> int:
        """Samples from the P arrival on."""
        return round(self.after_s * self.sampling_rate_hz)


class EventSplit(SplitFractions):
    """Shares of the events, in time order; all traces of an event go the same way.

    Traces at held-out stations serve no part but `new_stations`, and only where their event serves no training and no
    validation trace.
    """

    held_out_stations: tuple[str, ...] = Field((), description="stations that train nothing: the part new_stations")


class VaeLosses(Settings):
    """Weight of each term of the loss of `azimuth_vae`; 0 switches it off."""

    angle: float = Field(1.0, ge=0, description="von Mises -log density of the angle")
    reconstruction: float = Field(1.0, ge=0, description="mean squared error of the decoded signal")
    kl: float = Field(0.01, ge=0, description="Kullback-Leibler divergence from the standard normal, a dimension")
    triplet: float = Field(0.2, ge=0, description="circular semi-hard triplets")
    contrastive: float = Field(0.2, ge=0, description="circular contrastive term")


class Augmentation(Settings):
    """What is done to training signals anew in each epoch; the label follows."""

    rotate: bool = Field(False, description="turn the horizontal components by a random angle")
    flip_polarity: bool = Field(True, description="reverse all three components at random")


class AzimuthVae(Training):
    """A variational autoencoder whose latent space is ordered by angle, and a head that reads the angle from it."""

    name: Literal["azimuth_vae"]
    latent: int = Field(16, ge=8, le=1024, description="dimensions of the latent space")
    filters: int = Field(24, ge=1, le=1024, description="of the first convolution; doubled twice")
    dropout: float = Field(0.1, ge=0, lt=1, description="share of units silenced while learning")
    losses: VaeLosses = VaeLosses()
    positive_deg: float = Field(15.0, gt=0, lt=180, description="triplets: at most so far apart is alike")
    negative_deg: float = Field(45.0, gt=0, le=180, description="triplets: at least so far apart is unlike")
    margin: float = Field(0.2, gt=0, description="triplets: by how much unlike pairs must lie farther apart")
    augment: Augmentation = Augmentation()
    encoder: tuple[Layer, ...] = Field((), description="Keras layers to (2 * latent); empty: the default")
    decoder: tuple[Layer, ...] = Field((), description="Keras layers from (latent) to (samples, 3); empty: default")
    head: tuple[Layer, ...] = Field((), description="Keras layers from (latent) to (2); empty: the default")

    @model_validator(mode="after")
    def _in_order(self):
        if self.negative_deg < self.positive_deg:
            raise ValueError("negative_deg must not be smaller than positive_deg")
        return self


class AzimuthResidual(Training):
    """A small network on covariances and station that says how far the classical estimate is off, and how surely."""

    name: Literal["azimuth_residual"]
    windows_s: tuple[float, ...] = Field(
        (0.25, 0.5, 1.0, 2.0, 4.0),
        min_length=1,
        description="lengths of the signal windows, seconds from the P arrival on",
    )
    units: tuple[int, ...] = Field((256, 256), description="of the dense layers")
    dropout: float = Field(0.3, ge=0, lt=1, description="share of units silenced while learning")
    stations: bool = Field(True, description="whether the network is told the station")
    station_dropout: float = Field(
        0.3, ge=0, lt=1, description="share of training samples whose station is withheld, as at a new station"
    )
    layers: tuple[Layer, ...] = Field((), description="Keras layers from the features to (2); empty: the default")


class AzimuthCnn(Training):
    """A convolutional network from signal to angle."""

    name: Literal["azimuth_cnn"]
    filters: int = Field(24, ge=1, le=1024, description="of the first convolution; doubled twice")
    dropout: float = Field(0.1, ge=0, lt=1, description="share of units silenced while learning")
    loss: Literal["von_mises", "cosine", "degrees"] = Field(
        "von_mises", description="degrees: squared error of the angle in degrees, which knows no circle; to compare"
    )
    augment: Augmentation = Augmentation()
    layers: tuple[Layer, ...] = Field((), description="Keras layers from (samples, 3) to the answer; empty: default")


Network = Annotated[AzimuthVae | AzimuthResidual | AzimuthCnn, Field(discriminator="name")]


class AzimuthRecipe(Recipe):
    """An experiment on three-component signals: from which direction did the wave come?"""

    family: Literal["azimuth"]
    signals: Signals
    target: Target = Target()
    window: Window = Window()
    split: EventSplit
    model: Network

    @property
    def sample_shape(self) -> tuple[int, int]:
        """Shape of one signal as the networks see it: (samples, 3), components Z, N, E."""
        return (self.window.samples_before + self.window.samples_after, 3)

    @property
    def one_line(self) -> str:
        """What is answered, in one line."""
        signals = self.signals
        where = (
            f"{signals.events:,} simulated events at {signals.stations} stations"
            if signals.source == "simulated"
            else "signals from files"
        )
        return f"back-azimuth of P arrivals by {self.model.name}, {where}"

    @model_validator(mode="after")
    def _windows_fit(self):
        if self.model.name == "azimuth_residual" and max(self.model.windows_s) > self.window.after_s:
            raise ValueError(
                f"model.windows_s reaches to {max(self.model.windows_s):g} s, window.after_s only to "
                f"{self.window.after_s:g} s"
            )
        if self.signals.source == "simulated" and self.signals.sampling_rate_hz < self.window.sampling_rate_hz:
            raise ValueError("signals.sampling_rate_hz must not be lower than window.sampling_rate_hz")
        return self
