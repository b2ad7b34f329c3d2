"""For each format that a person may hand over: how a sound file is made, and which of our functions reads it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from torture.mutation import spoil_bytes, spoil_table


@dataclass(frozen=True)
class Format:
    """How files of one format are made, spoilt and read.

    Attributes
    ----------
    make : callable
        Writes sound files into a folder; returns the path to be read.
    read : callable
        Reads that path to its last sample, by the function that the commands use.
    spoil : callable
        (content, draw) -> content.
    """

    make: Callable[[Path], Path]
    read: Callable[[Path], object]
    spoil: Callable[[bytes, np.random.Generator], bytes] = spoil_bytes


def _events(n: int = 60) -> pd.DataFrame:
    """Rows as the service writes them."""
    draw = np.random.default_rng(1)
    time = pd.date_range("2010-01-01", periods=n, freq="7h").strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return pd.DataFrame(
        {
            "time": time,
            "latitude": draw.uniform(30, 40, n).round(3),
            "longitude": draw.uniform(135, 145, n).round(3),
            "depth": draw.uniform(0, 100, n).round(1),
            "mag": draw.uniform(4, 7, n).round(1),
            "magType": "mb",
            "id": [f"us{i}" for i in range(n)],
            "updated": time,
            "place": "somewhere, Japan",
            "type": "earthquake",
            "status": "reviewed",
        }
    )


def make_csv(folder: Path) -> Path:
    _events().to_csv(folder / "events.csv", index=False)
    return folder / "events.csv"


def make_gzip(folder: Path) -> Path:
    (folder / "events.csv.gz").write_bytes(gzip.compress(_events().to_csv(index=False).encode()))
    return folder / "events.csv.gz"


def spoil_gzip(content: bytes, draw: np.random.Generator) -> bytes:
    """Spoil the table within, or its wrapping."""
    if draw.random() < 0.5:
        return gzip.compress(spoil_table(gzip.decompress(content), draw))
    return spoil_bytes(content, draw)


def make_parquet(folder: Path) -> Path:
    _events().to_parquet(folder / "events.parquet", index=False)
    return folder / "events.parquet"


def make_quakeml(folder: Path) -> Path:
    from mleq.catalog.export import export
    from mleq.catalog.files import read_file

    export(read_file(make_csv(folder)), folder / "events.xml")
    return folder / "events.xml"


def read_catalog(path: Path) -> pd.DataFrame:
    from mleq.catalog.load import everything

    return everything(files=[path])


def _trace(seconds: float = 60.0) -> np.ndarray:
    return np.random.default_rng(2).standard_normal((3, int(seconds * 20))).astype("float32")


def make_miniseed(folder: Path) -> Path:
    import obspy

    header = {"network": "XX", "station": "AAA", "sampling_rate": 20.0, "starttime": obspy.UTCDateTime(2020, 1, 1)}
    traces = [obspy.Trace(data, {**header, "channel": f"HH{code}"}) for code, data in zip("ZNE", _trace(), strict=True)]
    obspy.Stream(traces).write(str(folder / "a.mseed"), "MSEED")
    return folder / "a.mseed"


def _record(path: Path):
    from mleq.continuous.formats import find_files, read_traces
    from mleq.continuous.records import gather

    return gather(read_traces(find_files([path])), str(path))


def read_record(path: Path) -> list[np.ndarray]:
    return [station.read(*segment) for station in _record(path).stations for segment in station.segments]


def make_hdf5(folder: Path) -> Path:
    from mleq.continuous.formats import write_hdf5

    write_hdf5(_record(make_miniseed(folder)), folder / "a.h5")
    return folder / "a.h5"


def make_zarr(folder: Path) -> Path:
    import zarr

    group = zarr.open_group(str(folder / "a.zarr"), mode="w").require_group("XX.AAA")
    for code, data in zip("ZNE", _trace(), strict=True):
        made = group.create_array(f"HH{code}.0", data=data, chunks=(200,))
        made.attrs.update({"start_time": "2020-01-01T00:00:00Z", "sampling_rate": 20.0})
    return folder / "a.zarr"


def make_seisbench(folder: Path) -> Path:
    from mleq.azimuth import seisbench, simulator
    from mleq.azimuth.recipe import SimulatedSignals
    from mleq.azimuth.recordings import Recordings

    whole = simulator.simulate(SimulatedSignals(source="simulated", events=50, stations=2))
    few = Recordings(whole.waveforms[:12], whole.table.iloc[:12], "a test")
    (folder / "signals").mkdir()
    seisbench.write(few, folder / "signals" / "signals.hdf5")
    return folder / "signals"


def read_signals(path: Path):
    from mleq.azimuth import reading, windows
    from mleq.azimuth.recipe import Window

    return windows.cut(reading.read([path]), Window(before_s=3.2, after_s=3.2))


def make_laboratory(folder: Path) -> Path:
    cycles = [np.linspace(length, 0.0003, 400) for length in (0.9, 1.2, 1.0, 1.1)]
    signal = np.random.default_rng(3).integers(-30, 30, 1600)
    rows = (f"{value},{time:.10f}" for value, time in zip(signal, np.concatenate(cycles), strict=True))
    (folder / "train.csv").write_text("acoustic_data,time_to_failure\n" + "\n".join(rows) + "\n")
    return folder / "train.csv"


def read_laboratory(path: Path):
    from mleq.lab.fetching import fetch
    from mleq.lab.recipe import LabRecipe

    recipe = LabRecipe.model_validate(
        {
            "id": "a",
            "family": "lab",
            "signals": {"source": "recorded", "store": "store"},
            "model": {"name": "boosting"},
        },
        strict=False,
    )
    return fetch(recipe, [path], data_dir=path.parent / "store")


FORMATS = {
    "CSV": Format(make_csv, read_catalog, spoil_table),
    "gzip": Format(make_gzip, read_catalog, spoil_gzip),
    "Parquet": Format(make_parquet, read_catalog),
    "QuakeML": Format(make_quakeml, read_catalog, partial(spoil_table, delimiter=b">")),
    "MiniSEED": Format(make_miniseed, read_record),
    "HDF5": Format(make_hdf5, read_record),
    "HDF5 (SeisBench)": Format(make_seisbench, read_signals),
    "zarr": Format(make_zarr, read_record),
    "laboratory csv": Format(make_laboratory, read_laboratory, spoil_table),
}
