"""SeisBench's layout: waveforms in HDF5, a row of metadata for each in CSV; read and written.

The layout is described at https://seisbench.readthedocs.io (Woollam et al. 2022, doi:10.1785/0220210324).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic, progress
from mleq.azimuth.recordings import COMPONENTS, Recordings, in_order, table_of
from mleq.errors import DataError, MleqError, RequestError

COLUMNS = {
    "source_latitude": ("source_latitude_deg",),
    "source_longitude": ("source_longitude_deg",),
    "source_depth_km": ("source_depth_km",),
    "station_latitude": ("station_latitude_deg",),
    "station_longitude": ("station_longitude_deg",),
    "stored_back_azimuth_deg": ("path_back_azimuth_deg", "back_azimuth_deg", "station_back_azimuth_deg"),
    "north_azimuth_deg": ("station_north_azimuth_deg",),
    "sampling_rate_hz": ("trace_sampling_rate_hz",),
}
"""Where each of our numbers stands in the metadata; the first that is there counts."""
ARRIVALS = ("trace_p_arrival_sample", "trace_P_arrival_sample", "trace_Pg_arrival_sample", "trace_Pn_arrival_sample")
EVENTS = ("source_id", "source_event_id", "event_id")
ORIGINS = ("source_origin_time", "trace_start_time")
_NAME = re.compile(r"^(?P<bucket>[^$]+)\$(?P<row>\d+)(?:,:(?P<components>\d+),:(?P<samples>\d+))?$")


def pair(path: Path) -> tuple[Path, Path]:
    """Return the waveforms (.hdf5, .h5) and the metadata (.csv) that belong together, whichever of the two is named.

    Raises
    ------
    DataError
        If the other of the two is not there.
    """
    stem = path.with_suffix("").name
    if path.suffix == ".csv":
        names = [stem.replace("metadata", "waveforms"), stem]
        candidates = [path.with_name(name + ending) for name in names for ending in (".hdf5", ".h5")]
    else:
        candidates = [path.with_name(name + ".csv") for name in (stem.replace("waveforms", "metadata"), stem)]
    for other in candidates:
        if other.is_file() and other != path:
            return (other, path) if path.suffix == ".csv" else (path, other)
    raise DataError(
        f"{path} stands alone",
        expected=f"beside it {' or '.join(dict.fromkeys(other.name for other in candidates))} (SeisBench's layout)",
    )


def read(path: Path) -> Recordings:
    """Read a dataset.

    Parameters
    ----------
    path : pathlib.Path
        Either of its two files.

    Returns
    -------
    Recordings
        In the order of the metadata.

    Raises
    ------
    DataError
        If a file is damaged, a component is missing, or a trace of the metadata is not in the HDF5 file.
    RequestError
        If h5py is not installed.
    """
    waveform_file, metadata_file = pair(Path(path))
    h5py = _h5py()
    try:
        metadata = pd.read_csv(metadata_file, low_memory=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{metadata_file} cannot be read as CSV: {error}") from None
    if "trace_name" not in metadata or not len(metadata):
        raise DataError(f"{metadata_file} has no column 'trace_name' or no row", expected="SeisBench's metadata")
    try:
        with h5py.File(waveform_file, "r") as file:
            format_ = {key: _plain(value[()]) for key, value in file.get("data_format", {}).items()}
            waveforms = _waveforms(file, metadata["trace_name"].astype(str), format_, waveform_file)
    except MleqError:
        raise
    except Exception as error:  # h5py raises whatever a damaged file makes of it
        raise DataError(f"{waveform_file} cannot be read as HDF5 ({type(error).__name__}: {error})") from None
    order = _component_orders(metadata, format_)
    waveforms = [
        in_order(waveform, order[i], f"{waveform_file}, trace {name!r}")
        for i, (waveform, name) in enumerate(zip(waveforms, metadata["trace_name"], strict=True))
    ]
    return Recordings(waveforms, _table(metadata, format_), waveform_file.name)


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise RequestError("HDF5 needs h5py", remedy='Install it with: pip install "mleq[waveform]"') from None
    return h5py


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _waveforms(file, names: pd.Series, format_: dict[str, Any], path: Path) -> list[np.ndarray]:
    """Waveforms by name, each (components, samples); a bucket is read once."""
    samples_first = format_.get("dimension_order", "CW") == "WC"
    buckets: dict[str, np.ndarray] = {}
    found = []
    with progress.task("reading", total=len(names), unit="traces") as shown:
        for name in names:
            match = _NAME.match(name)
            bucket = match["bucket"] if match else name
            place = f"data/{bucket}"
            if place not in file:
                raise DataError(f"{path} holds no waveform {name!r}", expected="every trace_name of the metadata")
            if bucket not in buckets:
                buckets = {bucket: file[place][()]}  # buckets follow each other: one at a time is enough
            data = buckets[bucket]
            if match:
                if int(match["row"]) >= len(data):
                    raise DataError(f"{path}, {place} has {len(data)} rows, not the one named {name!r}")
                data = data[int(match["row"])]
            if data.ndim != 2:
                raise DataError(f"{path}: {name!r} has the shape {data.shape}", expected="components by samples")
            data = data.T if samples_first else data
            if match and match["samples"]:
                data = data[: int(match["components"]), : int(match["samples"])]
            found.append(np.asarray(data, np.float64 if data.dtype == np.float64 else np.float32))
            shown.advance()
    return found


def _component_orders(metadata: pd.DataFrame, format_: dict[str, Any]) -> list[str]:
    usual = str(format_.get("component_order", COMPONENTS))
    column = metadata.get("trace_component_order")
    return [usual] * len(metadata) if column is None else column.fillna(usual).astype(str).tolist()


def _table(metadata: pd.DataFrame, format_: dict[str, Any]) -> pd.DataFrame:
    def first(names) -> pd.Series | None:
        return next((metadata[name] for name in names if name in metadata), None)

    columns: dict[str, Any] = {name: first(there) for name, there in COLUMNS.items()}
    if columns["sampling_rate_hz"] is None:
        columns["sampling_rate_hz"] = np.full(len(metadata), float(format_.get("sampling_rate", np.nan)))
    arrivals = [pd.to_numeric(metadata[name], errors="coerce") for name in ARRIVALS if name in metadata]
    if arrivals:
        columns["p_index"] = pd.concat(arrivals, axis=1).bfill(axis=1).iloc[:, 0]
    event = first(EVENTS)
    network = (
        metadata.get("station_network_code", pd.Series("", index=metadata.index)).astype(object).fillna("").astype(str)
    )
    station = metadata.get("station_code", pd.Series("", index=metadata.index)).astype(object).fillna("").astype(str)
    columns |= {
        "trace": metadata["trace_name"],
        # Without an id, traces of the same place and time are of one event.
        "event": _events_by_source(metadata) if event is None else event,
        "station": [f"{n}.{s}".strip(".") for n, s in zip(network, station, strict=True)],
        "origin_time": first(ORIGINS),
    }
    return table_of(columns)


def _events_by_source(metadata: pd.DataFrame) -> np.ndarray:
    known = [name for name in ("source_origin_time", "source_latitude_deg", "source_longitude_deg") if name in metadata]
    if not known:
        return metadata["trace_name"].to_numpy()
    keys = metadata[known].astype(str).agg("/".join, axis=1)
    return np.where(metadata[known].isna().any(axis=1), metadata["trace_name"], keys)


def write(recordings: Recordings, path: Path) -> tuple[Path, Path]:
    """Write recordings in the same layout, so that SeisBench and `read` can read them.

    Parameters
    ----------
    recordings : Recordings
    path : pathlib.Path
        The HDF5 file; the metadata go beside it as .csv.

    Returns
    -------
    waveforms, metadata : pathlib.Path
    """
    h5py = _h5py()
    path = Path(path)
    table, metadata = recordings.table, pd.DataFrame()
    lengths = np.array([waveform.shape[-1] for waveform in recordings.waveforms])
    names = np.empty(len(table), object)
    with atomic.beside(path) as temporary, h5py.File(temporary, "w") as file:
        for number, length in enumerate(np.unique(lengths)):
            rows = np.flatnonzero(lengths == length)
            stacked = np.stack([recordings.waveforms[i] for i in rows])
            file.create_dataset(f"data/bucket{number}", data=stacked, compression="gzip", compression_opts=1)
            names[rows] = [f"bucket{number}${place},:3,:{length}" for place in range(len(rows))]
        for key, value in {"component_order": COMPONENTS, "dimension_order": "CW"}.items():
            file.create_dataset(f"data_format/{key}", data=value)
    metadata["trace_name"], metadata["trace_name_original"] = names, table["trace"]
    metadata["source_id"], metadata["source_origin_time"] = table["event"], table["origin_time"]
    parts = table["station"].str.partition(".")
    alone = parts[2] == ""
    metadata["station_network_code"] = parts[0].where(~alone, "")
    metadata["station_code"] = parts[2].where(~alone, parts[0])
    for name, (column, *_) in COLUMNS.items():
        metadata[column] = table[name]
    metadata[ARRIVALS[0]] = table["p_index"]
    with atomic.beside(path.with_suffix(".csv")) as temporary:
        metadata.to_csv(temporary, index=False)
    return path, path.with_suffix(".csv")
