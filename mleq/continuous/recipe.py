"""How a recipe of the family `continuous` looks."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mleq.recipe.settings import Latitude, Longitude, Magnitude, Recipe, RecipePath, Settings

Rate = Annotated[float, Field(gt=0, le=100_000, description="samples a second")]


class FileRecord(Settings):
    """A record in files: MiniSEED (or what else obspy reads), HDF5, zarr."""

    source: Literal["files"]
    paths: tuple[RecipePath, ...] = Field((), description="files, folders and globs; --input gives others")
    stations: str = Field("*", description="which stations, a glob of network.station.location")
    channels: str = Field("*", description="which channels, a glob such as 'HH?'")
    latitude: Latitude | None = Field(None, description="of the station, degrees: where detections are put")
    longitude: Longitude | None = Field(None, description="of the station, degrees east")


class Seismicity(Settings):
    """Earthquakes of a few repeating sources, in times and magnitudes of an ETAS process."""

    per_day: float = Field(gt=0, description="background events a day of min_magnitude and more")
    min_magnitude: Magnitude = Field(1.0, description="smallest magnitude simulated; the reference magnitude m0")
    max_magnitude: Magnitude = Field(4.5, description="upper limit of the Gutenberg-Richter law")
    b_value: float = Field(1.0, gt=0, le=3, description="slope of the Gutenberg-Richter law")
    A: float = Field(0.25, gt=0, description="offspring of an event of min_magnitude")
    alpha: float = Field(1.5, ge=0, description="growth of productivity with magnitude, per unit (natural log)")
    c_days: float = Field(0.01, gt=0, description="Omori c, days")
    p: float = Field(1.15, gt=1, description="Omori p")
    sources: int = Field(6, ge=1, le=100, description="places, each with a waveform of its own")


class SimulatedRecord(Settings):
    """A seeded record with known truth."""

    source: Literal["simulated"]
    start: dt.date = Field(description="first day (UTC)")
    days: float = Field(gt=0, le=3660, description="length in days")
    sampling_rate: float = Field(50.0, ge=8, le=100_000, description="samples a second; its noises need 8 at least")
    channels: int = Field(1, ge=1, le=12, description="components of the station")
    seed: int = Field(1, ge=0, description="of the record")
    latitude: Latitude = Field(71.6, description="of the station, degrees north")
    longitude: Longitude = Field(-53.2, description="of the station, degrees east")
    repeaters: int = Field(150, ge=0, description="events of one source whose rate grows until the record's end")
    local_per_day: float = Field(15.0, ge=0, description="local earthquakes, no two alike")
    teleseisms_per_day: float = Field(3.0, ge=0, description="distant earthquakes")
    impulses_per_day: float = Field(20.0, ge=0, description="short knocks, by day")
    tremor: bool = Field(True, description="hours of tremor in the last two fifths of the record")
    seismicity: Seismicity | None = Field(None, description="earthquakes of repeating sources beside the rest")


Record = Annotated[FileRecord | SimulatedRecord, Field(discriminator="source")]


class Windows(Settings):
    """The windows that are told apart."""

    window_s: float = Field(40.96, gt=0, description="length, seconds")
    hops: int = Field(1, ge=1, le=64, description="a window begins every window_s / hops seconds")


class ScatteringSettings(Settings):
    """The transform; see docs/continuous.md."""

    octaves: int = Field(6, ge=1, le=16, description="of the first layer, from the Nyquist frequency down")
    per_octave: int = Field(4, ge=1, le=32, description="filters of the first layer in an octave")
    second_octaves: int = Field(8, ge=1, le=20, description="of the second layer, one filter each")
    pool: Literal["mean", "max"] = Field("max", description="what is kept of a window in the first look")


class Mixture(Settings):
    """A Gaussian mixture on reduced features, and a second look at what is not the bulk."""

    name: Literal["mixture"] = "mixture"
    reduction: Literal["pca", "ica"] = Field("pca", description="principal or independent components")
    dimensions: int = Field(10, ge=1, le=200, description="components that are kept")
    components: tuple[int, ...] = Field((4, 6, 8, 10, 12, 16, 20), min_length=1, description="numbers tried, by BIC")
    covariance: Literal["full", "tied", "diag", "spherical"] = Field(
        "full", description="shape of the clusters, as scikit-learn names it"
    )
    sample: int = Field(10_000, ge=100, le=1_000_000, description="windows fitted, drawn evenly from the whole record")
    seeds: int = Field(3, ge=2, le=20, description="fits whose agreement is stated as stability")
    second_stage: bool = Field(True, description="set the bulk apart and look again, with maxima")
    epochs: int = Field(200, ge=1, le=10_000, description="steps of expectation and maximisation, at most")

    @model_validator(mode="after")
    def _numbers(self):
        if min(self.components) < 1 or max(self.components) > 200:
            raise ValueError("each number of components must lie between 1 and 200")
        return self


class Pick(Settings):
    """A template that a person picked."""

    start: dt.datetime = Field(description="first moment of the template, UTC")
    duration_s: float = Field(gt=0, le=600, description="length of the template, seconds")
    station: str | None = Field(None, description="network.station.location; null: the only one")
    name: str | None = Field(None, description="what its detections are called; null: numbered")


class Detection(Settings):
    """How events are found and written as a catalogue."""

    method: Literal["templates", "sta_lta"] = Field(
        "templates", description="waveforms like a template, or a sudden rise of the amplitude"
    )
    templates: tuple[Pick, ...] = Field((), description="picks; without any, the medoids of impulsive clusters")
    families: int = Field(8, ge=1, le=200, description="templates taken from clusters, at most")
    length_s: float = Field(12.0, gt=0, le=600, description="length of a template")
    band_hz: tuple[float, float] | None = Field(None, description="band in which templates are compared")
    network: bool = Field(False, description="templates over all stations together, with moveout")
    largest_moveout_s: float = Field(20.0, gt=0, le=600, description="between any two stations, with network")
    false_alarms_per_day: float = Field(5.0, gt=0, description="budget, of all templates together")
    sta_s: float = Field(1.0, gt=0, description="short window of STA/LTA, seconds")
    lta_s: float = Field(30.0, gt=0, description="long window of STA/LTA, seconds")
    trigger: float = Field(4.0, gt=1, description="STA/LTA from which there is an event, with method sta_lta")
    min_magnitude: Magnitude = Field(-3.0, description="weaker detections are left out of the catalogue")
    magnitude_offset: Magnitude = Field(0.0, description="magnitude of an amplitude of one unit of the record's noise")


class ContinuousRecipe(Recipe):
    """An experiment on a continuous record: which kinds of signal are in it, when, and a catalogue of its events."""

    family: Literal["continuous"]
    record: Record
    windows: Windows = Windows()
    scattering: ScatteringSettings = ScatteringSettings()
    model: Mixture = Mixture()
    detect: Detection = Detection()
    chunk_hours: float = Field(2.0, gt=0, le=48, description="record worked on at once, and redone after a stop")
    workers: int = Field(2, ge=1, le=64, description="threads of the transform")

    @property
    def one_line(self) -> str:
        """What is found, in one line."""
        record = self.record
        where = (
            f"{record.days:g} simulated days at {record.sampling_rate:g} Hz"
            if record.source == "simulated"
            else "a record in files"
        )
        return f"kinds of signal in windows of {self.windows.window_s:g} s and a catalogue of events, {where}"
