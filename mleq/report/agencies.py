"""Who gives warnings and advice where: the agency to follow instead of this page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NO_WARNING = (
    "This is a research forecast and no warning system. For warnings and advice follow the agency responsible where "
    "you are."
)

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Agency:
    """An agency that is responsible for earthquake information in a region.

    Parameters
    ----------
    name : str
    url : str
        Its page on earthquakes.
    boxes : tuple of (south, north, west, east)
        Where it is responsible, roughly, in degrees.
    """

    name: str
    url: str
    boxes: tuple[Box, ...] = ()


USGS = Agency("U.S. Geological Survey", "https://earthquake.usgs.gov/")

AGENCIES = (
    # Where boxes overlap, the first counts; so narrow ones come first.
    Agency(
        "Korea Meteorological Administration",
        "https://www.kma.go.kr/",
        ((33.0, 38.7, 124.5, 129.1), (35.0, 38.7, 129.1, 129.7)),
    ),
    Agency("Central Weather Administration, Taiwan", "https://www.cwa.gov.tw/", ((21.5, 25.7, 119.0, 122.9),)),
    Agency("Japan Meteorological Agency", "https://www.jma.go.jp/", ((24.0, 46.0, 122.9, 154.0),)),
    Agency("PHIVOLCS, Philippines", "https://www.phivolcs.dost.gov.ph/", ((5.5, 21.5, 117.0, 127.5),)),
    Agency("BMKG, Indonesia", "https://www.bmkg.go.id/", ((-11.5, 6.5, 94.0, 141.0),)),
    Agency("GeoNet, New Zealand", "https://www.geonet.org.nz/", ((-49.0, -33.0, 165.0, 180.0),)),
    Agency(
        "Centro Sismológico Nacional, Chile",
        "https://www.csn.uchile.cl/",
        ((-24.0, -18.0, -72.5, -67.0), (-56.0, -24.0, -77.0, -68.5)),
    ),
    Agency("Instituto Geofísico del Perú", "https://www.gob.pe/igp", ((-18.5, -3.4, -82.5, -69.0),)),
    Agency("Servicio Sismológico Nacional, México", "https://www.ssn.unam.mx/", ((14.3, 32.5, -117.5, -90.0),)),
    Agency("Icelandic Meteorological Office", "https://en.vedur.is/", ((62.5, 67.5, -25.5, -12.5),)),
    Agency("INGV, Italy", "https://terremoti.ingv.it/", ((36.0, 47.2, 6.5, 18.7),)),
    Agency("Institute of Geodynamics, Athens", "https://www.gein.noa.gr/", ((34.0, 41.8, 18.7, 26.2),)),
    Agency("AFAD, Türkiye", "https://deprem.afad.gov.tr/", ((35.8, 42.3, 26.2, 45.0),)),
    Agency("National Center for Seismology, India", "https://seismo.gov.in/", ((6.5, 36.0, 68.0, 97.0),)),
)


def agency_for(latitude: float | None, longitude: float | None) -> Agency:
    """Return the agency to follow at a place; the USGS where the table has no other, or no place is given.

    Examples
    --------
    >>> agency_for(35.68, 139.77).name
    'Japan Meteorological Agency'
    >>> agency_for(34.0, -117.0).name
    'U.S. Geological Survey'
    """
    if latitude is None or longitude is None:
        return USGS
    longitude = (longitude + 180.0) % 360.0 - 180.0
    for agency in AGENCIES:
        if any(s <= latitude <= n and w <= longitude <= e for s, n, w, e in agency.boxes):
            return agency
    return USGS


def agency_of(target: Mapping[str, Any] | None) -> Agency:
    """Return the agency to follow at a recipe's target, whatever kind of target it is."""
    place = target or {}
    return agency_for(place.get("latitude"), place.get("longitude"))
