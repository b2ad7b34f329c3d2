"""QuakeML through obspy, which the extra `[waveform]` installs: raw catalogue rows from it and into it."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import progress
from mleq.catalog import columns
from mleq.errors import DataError, RequestError

STATUSES = {"manual": "reviewed", "automatic": "automatic"}
"""What the USGS calls QuakeML's modes of evaluation."""


def read_quakeml(path: Path) -> pd.DataFrame:
    """Read QuakeML into the raw table: of each event the preferred origin and magnitude, else the first.

    Parameters
    ----------
    path : pathlib.Path
        A file that obspy understands.

    Returns
    -------
    pandas.DataFrame
        Shape (n_events, 22). The id is that of the event's resource identifier; events without an
        origin cannot be placed and are an error.

    Raises
    ------
    mleq.errors.DataError
        If the file cannot be read, or an event has no origin.
    mleq.errors.RequestError
        If obspy is not installed.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    return parse_quakeml(path.read_bytes(), str(path))


def parse_quakeml(content: bytes, where: str) -> pd.DataFrame:
    """Make the raw table of the bytes of a QuakeML document; `where` names it in messages. See `read_quakeml`."""
    _require_obspy()
    from obspy import read_events

    refuse_document_type(content, where)
    try:
        catalog = read_events(io.BytesIO(content), format="QUAKEML")
    except Exception as error:  # obspy raises whatever its parsers raise
        raise DataError(f"{where} cannot be read as QuakeML ({type(error).__name__}: {error})") from None
    rows = [_row(event, where) for event in catalog]
    raw = columns.empty().reindex(range(len(rows)))
    for name in columns.COLUMNS:
        raw[name] = pd.Series([row.get(name) for row in rows], dtype=raw[name].dtype)
    texts = [name for name in columns.COLUMNS if name not in (*columns.NUMBERS, *columns.TIMES)]
    raw[texts] = raw[texts].fillna("")
    return raw


def refuse_document_type(content: bytes, where: str) -> None:
    """Refuse XML that declares a document type, before a parser that would follow it sees it.

    Neither QuakeML nor StationXML has one. What it is for is entities: by them a small file grows until memory is full,
    or asks for other files.

    Parameters
    ----------
    content : bytes
    where : str
        Names it in messages.

    Raises
    ------
    mleq.errors.DataError
        If it does, or if its beginning is not XML.
    """
    from xml.parsers import expat

    class BodyBegan(Exception):
        pass

    def refuse(name: str, *_: Any) -> None:
        raise DataError(f"{where} declares a document type ({name})", expected="QuakeML or StationXML, without DOCTYPE")

    def stop(*_: Any) -> None:
        raise BodyBegan

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = refuse, stop
    try:
        parser.Parse(content, True)
    except BodyBegan:
        return
    except (expat.ExpatError, ValueError, LookupError) as error:  # the last two for an encoding that is none
        raise DataError(f"{where} cannot be read as XML ({error})") from None


def identifier(resource: str) -> str:
    """Take the event's own id out of a resource identifier, as services write them.

    >>> identifier("quakeml:earthquake.usgs.gov/fdsnws/event/1/query?eventid=official1&format=quakeml")
    'official1'
    >>> identifier("smi:webservices.ingv.it/fdsnws/event/1/query?eventId=8863681")
    '8863681'
    >>> identifier("smi:ISC/evid=600516598"), identifier("smi:org.gfz-potsdam.de/geofon/gfz2023abcd")
    ('600516598', 'gfz2023abcd')
    """
    named = re.search(r"(?:eventid|evid)=([^&]+)", resource, re.IGNORECASE)
    return named.group(1) if named else resource.split("/")[-1].split("=")[-1]


def _row(event: Any, where: str) -> dict[str, Any]:
    origin = event.preferred_origin() or next(iter(event.origins), None)
    magnitude = event.preferred_magnitude() or next(iter(event.magnitudes), None)
    name = identifier(str(event.resource_id))
    if origin is None or origin.time is None:
        raise DataError(
            f"{where}: the event {name} has no {'time' if origin else 'origin'}", expected="a time and a place"
        )
    created = origin.creation_info.creation_time if origin.creation_info else None
    return {
        "id": name,
        "time": pd.Timestamp(origin.time.datetime, tz="UTC"),
        "latitude": origin.latitude,
        "longitude": origin.longitude,
        "depth": None if origin.depth is None else origin.depth / 1000,  # QuakeML counts metres
        "mag": magnitude.mag if magnitude else None,
        "magType": (magnitude.magnitude_type if magnitude else None) or "",
        "updated": pd.Timestamp(created.datetime, tz="UTC") if created else None,
        "place": event.event_descriptions[0].text if event.event_descriptions else "",
        "type": event.event_type or "earthquake",
        "status": STATUSES.get(str(origin.evaluation_mode), ""),
    }


def to_quakeml(raw: pd.DataFrame) -> bytes:
    """Write QuakeML 1.2: origin, magnitude, description and kind of each event.

    Raises
    ------
    mleq.errors.RequestError
        If obspy is not installed.
    """
    _require_obspy()
    from obspy.core.event import Catalog
    from obspy.core.event.header import EventType

    kinds = set(EventType.keys())
    out, made = io.BytesIO(), []
    with progress.task("writing QuakeML", total=len(raw), unit="events") as task:
        for row in raw.itertuples():
            made.append(_event(row, kinds))
            task.advance()
    Catalog(made).write(out, format="QUAKEML")
    return out.getvalue()


def _event(row: Any, kinds: set[str]) -> Any:
    from obspy import UTCDateTime
    from obspy.core.event import CreationInfo, Event, EventDescription, Magnitude, Origin, ResourceIdentifier

    modes = {ours: theirs for theirs, ours in STATUSES.items()}
    revised = None if pd.isna(row.updated) else UTCDateTime(row.updated.to_pydatetime())
    origin = Origin(
        resource_id=ResourceIdentifier(f"smi:mleq/origin/{row.id}"),
        time=UTCDateTime(row.time.to_pydatetime()),
        latitude=row.latitude,
        longitude=row.longitude,
        depth=None if np.isnan(row.depth) else row.depth * 1000,
        evaluation_mode=modes.get(row.status),
        creation_info=CreationInfo(creation_time=revised),
    )
    magnitude = Magnitude(
        resource_id=ResourceIdentifier(f"smi:mleq/magnitude/{row.id}"), mag=row.mag, magnitude_type=row.magType or None
    )
    return Event(
        resource_id=ResourceIdentifier(f"smi:mleq/event/{row.id}"),
        event_type=row.type if row.type in kinds else "not reported",
        event_descriptions=[EventDescription(text=row.place, type="earthquake name")],
        origins=[origin],
        magnitudes=[magnitude],
    )


def _require_obspy() -> None:
    try:
        import obspy  # noqa: F401
    except ModuleNotFoundError:
        raise RequestError("QuakeML needs obspy", remedy='Install it with: pip install "mleq[waveform]"') from None
