"""Forecasts as GeoJSON, which any map can show: the circle as geometry, what was forecast as properties."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mleq import atomic
from mleq.etas.sphere import EARTH_RADIUS_KM, destination, distance_km
from mleq.report.agencies import NO_WARNING, agency_of

CORNERS = 72
"""Of a circle."""

SAID = (
    "recipe_id", "family", "target_date", "input", "issue_time", "period", "target", "probability", "climatology",
    "probability_gain", "references", "catalog", "catalog_end", "part", "run", "verdict", "made_at",
)  # fmt: skip

Ring = list[tuple[float, float]]


def write(path: Path, entries: Iterable[dict[str, Any]]) -> Path:
    """Write forecasts as a GeoJSON file (RFC 7946).

    Parameters
    ----------
    path : pathlib.Path
        Appears when it is whole.
    entries : iterable of dict
        Of predictions.json.
    """
    atomic.write_json(path, {"type": "FeatureCollection", "features": [feature(entry) for entry in entries]})
    return Path(path)


def feature(entry: dict[str, Any]) -> dict[str, Any]:
    """Make a feature of a forecast; one without a place has no geometry."""
    target = entry.get("target") or {}
    place = [target.get(key) for key in ("latitude", "longitude")]
    radius = target.get("radius_km")
    geometry = None
    if None not in place:
        geometry = circle(*place, radius) if radius else {"type": "Point", "coordinates": [place[1], place[0]]}
    agency = agency_of(target)
    said = {key: entry[key] for key in SAID if key in entry}
    warning = {"no_warning": NO_WARNING, "agency": {"name": agency.name, "url": agency.url}}
    return {"type": "Feature", "geometry": geometry, "properties": {**said, **warning}}


def circle(latitude: float, longitude: float, radius_km: float) -> dict[str, Any]:
    """Make the polygon of the places within a distance, cut where it crosses the antimeridian.

    Parameters
    ----------
    latitude, longitude : float
        Degrees.
    radius_km : float
        Along great circles; up to a quarter of the way round the Earth.

    Returns
    -------
    dict
        Polygon, or MultiPolygon of the two halves; rings run counterclockwise, as RFC 7946 wants them.
    """
    longitude = (longitude + 180) % 360 - 180
    azimuth = np.linspace(360, 0, CORNERS, endpoint=False)
    north, east = destination(latitude, longitude, azimuth, radius_km)
    offset = (east - longitude + 180) % 360 - 180
    for pole in (90.0, -90.0):
        if distance_km(latitude, longitude, pole, 0.0) < min(radius_km, EARTH_RADIUS_KM * np.pi / 2):
            return _polygon([_around_pole(north, east, pole)])
    ring = list(zip((longitude + offset).tolist(), north.tolist(), strict=True))
    parts = []
    for shift in (-360.0, 0.0, 360.0):
        moved = [(x + shift, y) for x, y in ring]
        part = between_antimeridians(moved)
        if len(part) > 2:
            parts.append(part)
    return _polygon(parts)


def _around_pole(north: np.ndarray, east: np.ndarray, pole: float) -> Ring:
    """The ring of a circle that holds a pole: its edge from west to east, and back along the pole."""
    order = np.argsort(east)
    edge = list(zip(east[order].tolist(), north[order].tolist(), strict=True))
    at_seam = float(np.interp(180.0, [edge[-1][0], edge[0][0] + 360], [edge[-1][1], edge[0][1]]))
    ring = [(-180.0, at_seam), *edge, (180.0, at_seam), (180.0, pole), (-180.0, pole)]
    return ring if pole > 0 else ring[::-1]


def between_antimeridians(ring: Ring, half: float = 180.0) -> Ring:
    """The part of a ring that lies between -180 and 180 degrees, `half` being 180 in the ring's units."""
    return clipped(clipped(ring, half, west=True), -half, west=False)


def clipped(ring: Ring, meridian: float, *, west: bool) -> Ring:
    """The part of a ring that lies west, or east, of a meridian (Sutherland and Hodgman 1974)."""
    kept: Ring = []
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        inside, then = ((x <= meridian) == west or x == meridian for x in (x0, x1))
        if inside:
            kept.append((x0, y0))
        if inside != then:
            kept.append((meridian, y0 + (y1 - y0) * (meridian - x0) / (x1 - x0)))
    return kept


def _polygon(rings: list[Ring]) -> dict[str, Any]:
    """A Polygon of one ring, or a MultiPolygon; coordinates to ten metres."""
    closed = [[[[round(x, 4), round(y, 4)] for x, y in (*ring, ring[0])]] for ring in rings]
    if len(closed) == 1:
        return {"type": "Polygon", "coordinates": closed[0]}
    return {"type": "MultiPolygon", "coordinates": closed}
