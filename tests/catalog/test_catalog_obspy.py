"""obspy's own FDSN client and this client, asked the same questions of the same server, get the same events."""

import numpy as np
import pandas as pd
import pytest

from mleq.catalog.fdsn import FdsnService
from mleq.catalog.fetch import fetch
from mleq.catalog.store import Store
from mleq.catalog.usgs import EventService

fdsn = pytest.importorskip("obspy.clients.fdsn")

START, END = pd.Timestamp("1999-06-01", tz="UTC"), pd.Timestamp("2002-06-01", tz="UTC")
QUESTIONS = [
    ("1999-06-01", "2002-06-01", 4.0),
    ("2000-01-01", "2001-01-01", 4.0),
    ("2000-01-01", "2001-01-01", 5.5),
    ("2000-03-04T05:06:07.089", "2000-09-01T00:00:00.001", 4.5),
    ("1999-06-01", "1999-07-01", 4.0),
    ("2001-12-31", "2002-06-01", 9.0),
]


@pytest.fixture
def rows(make):
    """Three years: many magnitudes and places, depths that are missing, an explosion, events at the bounds."""
    rng = np.random.default_rng(3)
    made = [row for year in (1999, 2000, 2001) for row in make.yearly(150, year)]
    for row in made:
        row |= {
            "mag": round(3.5 + rng.exponential(0.6), 2),
            "latitude": round(rng.uniform(-90, 90), 4),
            "longitude": round(rng.uniform(-180, 180), 4),
            "depth": "" if rng.random() < 0.05 else round(rng.uniform(0, 700), 2),
        }
    made[170]["type"] = "nuclear explosion"
    bounds = ("2000-01-01T00:00:00.000Z", "2000-12-31T23:59:59.999Z", "2001-01-01T00:00:00.000Z")
    return made + [make.event(f"bound{i}", time, 5.5) for i, time in enumerate(bounds)]


def by_obspy(url, start, end, magnitude):
    """What obspy's client answers, as (id, time, latitude, longitude, depth, magnitude, kind)."""
    from obspy import UTCDateTime

    client = fdsn.Client(url.split("/fdsnws")[0], _discover_services=False)
    last = UTCDateTime(end) - 0.001  # bounds of the service are inclusive
    try:
        catalog = client.get_events(starttime=UTCDateTime(start), endtime=last, minmagnitude=magnitude)
    except fdsn.header.FDSNNoDataException:
        return set()
    found = set()
    for event in catalog:
        origin, size = event.origins[0], event.preferred_magnitude()
        name = str(event.resource_id).split("eventid=")[1].split("&")[0]
        depth = None if origin.depth is None else round(origin.depth / 1000, 6)
        moment = origin.time.datetime.isoformat(timespec="microseconds")
        found.add((name, moment, origin.latitude, origin.longitude, depth, size.mag, event.event_type))
    assert len(found) == len(catalog)
    return found


def as_set(raw):
    return {
        (
            row.id,
            row.time.tz_localize(None).isoformat(timespec="microseconds"),
            row.latitude,
            row.longitude,
            None if np.isnan(row.depth) else round(row.depth, 6),
            row.mag,
            row.type,
        )
        for row in raw.itertuples()
    }


@pytest.mark.parametrize("form", ["csv", "text", "xml"])
def test_the_same_questions_have_the_same_answers(service, rows, tmp_path, form):
    service.rows, service.limit = rows, 1000
    service.counts, service.forms = form == "csv", (form, "xml")
    with (EventService if form == "csv" else FdsnService)(service.url, backoff_s=0.01) as client:
        fetch(Store.of(tmp_path), client, START, END, 4.0)
    sizes = []
    for start, end, magnitude in QUESTIONS:
        theirs = by_obspy(service.url, start, end, magnitude)
        first, last = (pd.Timestamp(text, tz="UTC") for text in (start, end))
        assert as_set(Store.of(tmp_path).read(first, last, magnitude)) == theirs
        sizes.append(len(theirs))
    assert sizes[0] > 100
    assert sizes[-1] == 0
    assert {query.get("format", "none") for query in service.of("query")} >= {form, "none"}
