"""The events table that every room works on, and what it says about itself.

Columns, in time order: `id`, `origin_time` (UTC), `latitude`, `longitude` (degrees, in [-180, 180)), `depth_km`
(NaN where unknown), `magnitude`, `magnitude_type`, `type`, `status`, `updated` (UTC). `events.attrs` holds `start`
and `end` (UTC, end exclusive: what the catalogue covers, not only where events lie), `sha256` and `source`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection

import numpy as np
import pandas as pd

from mleq.errors import DataError

COLUMNS = (
    "id", "origin_time", "latitude", "longitude", "depth_km", "magnitude", "magnitude_type", "type", "status",
    "updated",
)  # fmt: skip
CONTENT = ("latitude", "longitude", "depth_km", "magnitude")
_FROM_RAW = {"time": "origin_time", "depth": "depth_km", "mag": "magnitude", "magType": "magnitude_type"}

log = logging.getLogger("mleq")


def from_raw(
    raw: pd.DataFrame,
    *,
    source: str,
    start: pd.Timestamp,
    end: pd.Timestamp,
    min_magnitude: float | None = None,
    event_types: Collection[str] | None = ("earthquake",),
) -> pd.DataFrame:
    """Make events of raw catalogue rows (see `mleq.catalog.columns`).

    Rows outside [start, end), below `min_magnitude` or of other types are left out. Rows without a magnitude are
    left out too, since nothing can be said of them in any magnitude band; how many is logged.

    Parameters
    ----------
    raw : pandas.DataFrame
        Rows with the columns of the USGS service, in any order, ids unique.
    source : str
        Where the rows come from, in a few words.
    start, end : pandas.Timestamp
        What the catalogue covers (UTC; end exclusive).
    min_magnitude : float, optional
        Smallest magnitude kept.
    event_types : collection of str, optional
        Kinds of event that are kept; None keeps all.

    Returns
    -------
    pandas.DataFrame
        The events, shape (n_events, 10), with `attrs`.
    """
    magnitude = raw["mag"].to_numpy(dtype=float, na_value=np.nan)
    unmeasured = np.isnan(magnitude)
    if unmeasured.any():
        log.warning("left out %d of %d rows of %s that have no magnitude", unmeasured.sum(), len(raw), source)
    keep = ~unmeasured & (raw["time"] >= start).to_numpy() & (raw["time"] < end).to_numpy()
    if min_magnitude is not None:
        keep &= magnitude >= min_magnitude
    if event_types is not None:
        keep &= raw["type"].isin(list(event_types)).to_numpy()
    events = raw.rename(columns=_FROM_RAW).loc[keep, list(COLUMNS)].reset_index(drop=True)
    times = events["origin_time"].to_numpy("datetime64[us]")
    if (np.diff(times) < np.timedelta64(0)).any():
        events = events.sort_values(["origin_time", "id"], kind="stable", ignore_index=True)
    events["longitude"] = wrap_longitude(events["longitude"].to_numpy(dtype=float))
    events.attrs = {"start": start, "end": end, "source": source, "sha256": fingerprint(events)}
    return events


def wrap_longitude(longitude: np.ndarray) -> np.ndarray:
    """Bring longitudes (degrees) into [-180, 180); those that lie there already keep every bit.

    >>> wrap_longitude(np.array([139.75, 180.0, 190.5, -185.0]))
    array([ 139.75, -180.  , -169.5 ,  175.  ])
    """
    outside = (longitude < -180) | (longitude >= 180)
    wrapped = (longitude + 180) % 360 - 180
    wrapped[wrapped >= 180] = -180.0  # rounding may reach the seam
    return np.where(outside, wrapped, longitude)


def fingerprint(events: pd.DataFrame) -> str:
    """Hash the content of events: id, time, place, depth and magnitude, whatever the order of the rows.

    Returns
    -------
    str
        SHA-256 in hexadecimal. Types, statuses and the times of revision do not enter: two states of a catalogue
        have the same fingerprint when no forecast could tell them apart.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    times = events["origin_time"].to_numpy("datetime64[us]").astype("<i8")
    ids = pa.Array.from_pandas(events["id"], type=pa.large_string())
    order = pc.sort_indices(
        pa.table({"time": times, "id": ids}), sort_keys=[("time", "ascending"), ("id", "ascending")]
    ).to_numpy()
    digest = hashlib.sha256(f"mleq events 1, {len(events)} rows\n".encode())
    digest.update("\n".join(ids.take(pa.array(order)).to_pylist()).encode())
    digest.update(times[order].tobytes())
    for name in CONTENT:
        values = events[name].to_numpy("<f8", na_value=np.nan)[order] + 0.0  # -0.0 and 0.0 are one place
        values[np.isnan(values)] = np.nan  # one pattern of bits for all NaN
        digest.update(values.tobytes())
    return digest.hexdigest()


def identity(events: pd.DataFrame) -> str:
    """Return the SHA-256 of the catalogue's content: as it was hashed when it was loaded, or anew."""
    return events.attrs.get("sha256") or fingerprint(events)


def coverage(events: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Say what time the catalogue covers: [start, end), UTC.

    Events that carry no `attrs`, because a person made the table, cover from their first to just after their last.

    Raises
    ------
    mleq.errors.DataError
        If there is neither an event nor a stated time.
    """
    start, end = events.attrs.get("start"), events.attrs.get("end")
    if (start is None or end is None) and events.empty:
        raise DataError("the catalogue holds no event", expected="at least one")
    if start is None:
        start = events["origin_time"].min()
    if end is None:
        end = events["origin_time"].max() + pd.Timedelta(milliseconds=1)
    return _utc(start), _utc(end)


def _utc(moment) -> pd.Timestamp:
    stamp = pd.Timestamp(moment)
    return stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")


def source_of(events: pd.DataFrame) -> dict:
    """What a run writes down of its catalogue: events, sha256, start, end, source, and a conversion if there was."""
    start, end = coverage(events)
    converted = events.attrs.get("magnitude_conversion")
    return {
        "events": len(events),
        "sha256": identity(events),
        "start": start.isoformat(),
        "end": end.isoformat(),
        "source": events.attrs.get("source", "a table"),
        **({"magnitude_conversion": converted} if converted else {}),
    }
