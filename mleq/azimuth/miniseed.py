"""MiniSEED with the events of QuakeML and the stations of StationXML, through obspy (extra `[waveform]`)."""

from __future__ import annotations

import io
import logging
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mleq.azimuth.recordings import COMPONENTS, Recordings, table_of
from mleq.catalog.quakeml import refuse_document_type
from mleq.errors import DataError, MleqError, RequestError
from mleq.experiment.waveforms import read_stream

log = logging.getLogger("mleq")

P_PHASES = ("P", "Pg", "Pn", "Pb", "p", "PG", "PN")
AROUND_S = 60.0
"""How much of a recording is kept before and after a P arrival."""
PLAIN = (("Z", 0.0, -90.0), ("N", 0.0, 0.0), ("E", 90.0, 0.0))
"""Azimuth and dip (down positive, as in SEED) that a component code stands for where nothing else is known."""


def read(waveforms: list[Path], quakeml: list[Path], stationxml: list[Path]) -> Recordings:
    """Read recordings, a trace for each P pick of a station, or for each station where there are no picks.

    Components are turned to vertical, true north and east by the azimuths and dips of StationXML. Without StationXML,
    components must be called Z, N and E, and are taken as they are called.

    Parameters
    ----------
    waveforms : list of pathlib.Path
        MiniSEED (or another format of `mleq.experiment.waveforms`).
    quakeml : list of pathlib.Path
        Events, with their P picks; may be empty: then there are no labels, and arrivals have to be picked.
    stationxml : list of pathlib.Path
        Stations; may be empty: then there are no coordinates.

    Returns
    -------
    Recordings

    Raises
    ------
    DataError
        If a file cannot be read, an orientation is not known, or no station has three components.
    RequestError
        If obspy is not installed.
    """
    obspy = _obspy()
    stream = obspy.Stream()
    for path in waveforms:
        stream += _reading(read_stream, path)
    inventory = obspy.Inventory()
    for path in stationxml:
        inventory += _reading(partial(_of_xml, obspy.read_inventory, "STATIONXML"), path)
    events = [event for path in quakeml for event in _reading(partial(_of_xml, obspy.read_events, "QUAKEML"), path)]
    stream.merge(method=1)
    dropped: dict[str, list[str]] = {}
    pieces = []
    for prefix in dict.fromkeys(trace.id[:-1] for trace in stream):
        group = stream.select(id=f"{prefix}?")
        if len(group) != 3:
            found = ", ".join(sorted(trace.stats.channel for trace in group))
            dropped.setdefault(f"not three components ({found})", []).append(prefix)
            continue
        pieces += _station_pieces(group, inventory if len(inventory) else None, events, dropped)
    if not pieces:
        raise DataError(
            f"no station of {', '.join(path.name for path in waveforms)} can be used: "
            + ("; ".join(f"{reason}: {', '.join(names)}" for reason, names in dropped.items()) or "there is none"),
            expected="three components Z, N, E (or 1, 2 with StationXML) of one station, and a P pick within them",
        )
    columns = {key: [piece[key] for piece in pieces] for key in pieces[0] if key != "waveform"}
    source = ", ".join(path.name for path in waveforms)
    return Recordings([piece["waveform"] for piece in pieces], table_of(columns), source, dropped)


def _obspy() -> Any:
    try:
        import obspy
    except ImportError:
        raise RequestError("MiniSEED needs obspy", remedy='Install it with: pip install "mleq[waveform]"') from None
    return obspy


def _of_xml(reader, kind: str, path: Path) -> Any:
    content = path.read_bytes()
    refuse_document_type(content, str(path))
    return reader(io.BytesIO(content), format=kind)


def _reading(reader, path: Path) -> Any:
    try:
        return reader(path)
    except MleqError:
        raise
    except Exception as error:  # obspy raises whatever its parsers raise
        raise DataError(
            f"{path} cannot be read by obspy: {str(error).splitlines()[0] if str(error) else error!r}"
        ) from None


def _station_pieces(group, inventory, events, dropped) -> list[dict[str, Any]]:
    """A piece of three components for each P pick at this station; the whole where there are no events."""
    start = max(trace.stats.starttime for trace in group)
    end = min(trace.stats.endtime for trace in group)
    rates = {trace.stats.sampling_rate for trace in group}
    name = group[0].id[:-1]
    if len(rates) > 1:
        dropped.setdefault("components of different sampling rates", []).append(name)
        return []
    if end <= start:
        dropped.setdefault("components that do not overlap in time", []).append(name)
        return []
    group = group.copy().trim(start, end, nearest_sample=True)
    if any(np.ma.is_masked(trace.data) for trace in group):
        dropped.setdefault("gaps", []).append(name)
        return []
    place = _coordinates(inventory, group[0], start)
    common = {
        "station": f"{group[0].stats.network}.{group[0].stats.station}".strip("."),
        "sampling_rate_hz": rates.pop(),
        "station_latitude": place[0],
        "station_longitude": place[1],
        "north_azimuth_deg": 0.0,
    }
    zne = _zne(group, inventory, start)
    picks = list(_picks(events, group[0], start, end))
    if events and not picks:
        dropped.setdefault("no P pick of any event within the recording", []).append(name)
        return []
    if not picks:
        alone = {"trace": name, "event": f"{name}@{start}", "origin_time": None, "p_index": np.nan}
        unknown = dict.fromkeys(("source_latitude", "source_longitude", "source_depth_km"), np.nan)
        return [{**common, **alone, **unknown, "waveform": zne}]
    rate, pieces = common["sampling_rate_hz"], []
    for event, origin, time in picks:
        index = (time - start) * rate
        first = max(0, int(index - AROUND_S * rate))
        pieces.append(
            {
                **common,
                "trace": f"{name}@{time}",
                "event": event,
                "origin_time": None if origin is None else origin.time.datetime,
                "source_latitude": np.nan if origin is None else origin.latitude,
                "source_longitude": np.nan if origin is None else origin.longitude,
                "source_depth_km": np.nan if origin is None or origin.depth is None else origin.depth / 1000,
                "p_index": index - first,
                "waveform": zne[:, first : int(index + AROUND_S * rate)],
            }
        )
    return pieces


def _picks(events, trace, start, end):
    """(event id, preferred origin, time of the P pick) of every event that was picked at this station."""
    for event in events:
        origin = event.preferred_origin() or (event.origins[0] if event.origins else None)
        phases = {a.pick_id: a.phase for a in (origin.arrivals if origin else ())}
        for pick in event.picks:
            code = pick.waveform_id
            phase = pick.phase_hint or phases.get(pick.resource_id)
            here = code and (code.network_code or "", code.station_code) == (trace.stats.network, trace.stats.station)
            if here and phase in P_PHASES and start <= pick.time <= end:
                yield str(event.resource_id), origin, pick.time
                break


def _coordinates(inventory, trace, time) -> tuple[float, float]:
    if inventory is None:
        return np.nan, np.nan
    try:
        found = inventory.get_coordinates(trace.id, time)
    except Exception:  # obspy raises a bare Exception where it knows no such channel
        log.warning("StationXML says nothing of %s at %s: its coordinates are unknown", trace.id, time)
        return np.nan, np.nan
    return found["latitude"], found["longitude"]


def _zne(group, inventory, time) -> np.ndarray:
    """Vertical (up), true north and east from three components of any orientation, shape (3, n_samples)."""
    data, directions = [], []
    for trace in group:
        azimuth, dip = _orientation(trace, inventory, time)
        azimuth, dip = np.radians(azimuth), np.radians(dip)
        directions.append([-np.sin(dip), np.cos(dip) * np.cos(azimuth), np.cos(dip) * np.sin(azimuth)])
        data.append(np.asarray(trace.data, np.float64))
    matrix = np.array(directions)
    if abs(np.linalg.det(matrix)) < 0.1:
        raise DataError(
            f"the components of {group[0].id[:-1]} point in directions that do not span space",
            expected="three different ones",
            remedy="look at azimuth and dip of these channels in the StationXML file",
        )
    length = min(map(len, data))
    return np.linalg.solve(matrix, np.stack([row[:length] for row in data]))


def _orientation(trace, inventory, time) -> tuple[float, float]:
    """Azimuth and dip of a component: from StationXML, else what its code stands for."""
    code = trace.stats.channel[-1:]
    if inventory is not None:
        try:
            found = inventory.get_orientation(trace.id, time)
            if found["azimuth"] is not None and found["dip"] is not None:
                return found["azimuth"], found["dip"]
        except Exception:  # see _coordinates
            pass
    for name, azimuth, dip in PLAIN:
        if code == name:
            return azimuth, dip
    raise DataError(
        f"the component {trace.id} is called {code!r}, and no StationXML says where it points",
        expected=f"{', '.join(COMPONENTS)}, or an azimuth and a dip in StationXML",
        remedy="give the station's StationXML with another --input",
    )
