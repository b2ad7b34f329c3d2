"""A client of FDSN event services that neither count nor write CSV: GEOFON, INGV, EMSC, GeoNet and many more.

Such a service is asked for the FDSN's text, or for QuakeML (read by obspy) where it knows no text. Without a count an
answer cannot be held against one. So a window is halved where the service refuses it as too large, and where an
answer has a round number of rows, which may be a full page that says nothing of the rest. Rows that the bounds do not
hold are left out: both bounds are inclusive, and some services compare magnitudes before they round them.

References
----------
FDSN Web Service Specifications, version 1.2 (2019), https://www.fdsn.org/webservices/
"""

from __future__ import annotations

import logging
import math
from dataclasses import replace

import pandas as pd

from mleq.catalog import columns
from mleq.catalog.connection import Connection, Doubtful, Refused, excerpt, require_whole_lines
from mleq.catalog.files import parse_csv
from mleq.catalog.window import Window, iso
from mleq.errors import DataError, ServiceError

TEXT = {
    "id": "EventID",
    "time": "Time",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "depth": "Depth/km",
    "net": "Contributor",
    "magType": "MagType",
    "mag": "Magnitude",
    "magSource": "MagAuthor",
    "place": "EventLocationName",
    "type": "EventType",
}
"""How the FDSN's text calls the columns of the USGS."""
TOO_MANY = ("exceed", "too many", "too much", "too large", "limit", "maximum number")
"""Words by which services say that an answer would be too large, where they do not say it by status 413."""
PAGE = 500
"""From so many rows on, a multiple of a hundred may be a full page."""
SHORTEST_MS = 1000
SLACK_MS = 1000
"""How far outside a window rows may lie; beyond, the service did not heed the window."""

log = logging.getLogger("mleq")


class TooMany(Exception):
    """The service refuses a window, since it holds too many events."""


class FdsnService(Connection):
    """A service that lists events without counting them; see `mleq.catalog.connection.Connection`."""

    counts = False
    allowed = 20_000
    form = "text"
    """What is asked for; "xml" once the service has refused text."""

    def bring(self, window: Window) -> list[tuple[Window, pd.DataFrame]]:
        """Bring a window, in as many pieces as the service's limits ask for.

        Returns
        -------
        list of (Window, pandas.DataFrame)
            Windows in time order, with their rows.

        Raises
        ------
        mleq.errors.ServiceError
            If the service cannot be reached, refuses, or gives no answer that can be trusted.
        """
        splittable = window.end - window.start > SHORTEST_MS
        try:
            raw = self._listed(window)
        except TooMany as refusal:
            if not splittable:
                raise ServiceError(f"{self.url} holds too many events for one answer at {window}: {refusal}") from None
            first, second = window.halves()
            return self.bring(first) + self.bring(second)
        if not (splittable and len(raw) >= PAGE and len(raw) % 100 == 0):
            return [(window, raw.loc[window.contains(raw)].reset_index(drop=True))]
        log.info("%d rows for %s may be a full page: asking for its halves", len(raw), window)
        first, second = window.halves()
        return self.bring(first) + self.bring(second)

    def _listed(self, window: Window) -> pd.DataFrame:
        """Ask for a window until the answer can be trusted; as it came, with rows at the bounds."""
        seen: list[str] = []
        for attempt in range(self.tries):
            self.wait(attempt)
            try:
                return self._once(window)
            except Doubtful as doubt:
                seen.append(str(doubt))
                log.info("query of %s: %s; asking again", window, doubt)
            except Refused as refusal:
                if refusal.status == 413 or any(word in refusal.said.lower() for word in TOO_MANY):
                    raise TooMany(refusal.found) from None
                if self.form != "text" or refusal.status not in (400, 415, 501):
                    raise
                log.info("%s refuses text: asking for QuakeML", self.url)
                self.form = "xml"
        raise self.gave_up("query", window, seen)

    def _once(self, window: Window) -> pd.DataFrame:
        response = self.get("query", {"format": self.form, **_parameters(window)}, window)
        if response.status_code == 204:
            return columns.empty()
        try:
            raw = (_from_text if self.form == "text" else _from_quakeml)(response)
        except DataError as error:
            raise Doubtful(str(error)) from None
        if not raw["id"].is_unique:
            repeated = raw.loc[raw["id"].duplicated(), "id"]
            raise Doubtful(f"{len(repeated)} ids come twice in one answer, the first {repeated.iloc[0]}")
        wide = replace(window, start=window.start - SLACK_MS, end=window.end + SLACK_MS, min_magnitude=-math.inf)
        stray = raw.loc[~replace(wide, max_magnitude=math.inf).contains(raw) & raw["mag"].notna()]
        if len(stray):
            raise Doubtful(
                f"{len(stray)} rows are not of the window, the first {stray['id'].iloc[0]} at {stray['time'].iloc[0]}"
            )
        return columns.in_order(raw)


def _parameters(window: Window) -> dict[str, str]:
    """Say a window; its end is asked for as well, lest a time between whole milliseconds be lost."""
    parameters = {
        "starttime": iso(window.start),
        "endtime": iso(window.end),
        "minmagnitude": repr(window.min_magnitude),
    }
    if window.max_magnitude < math.inf:
        parameters["maxmagnitude"] = repr(window.max_magnitude)
    return parameters


def _from_text(response) -> pd.DataFrame:
    """Read the FDSN's text: a header line that begins with #, and values parted by bars."""
    header, _, rest = response.content.partition(b"\n")
    if not header.lstrip().startswith(b"#") or b"|" not in header:
        raise Doubtful(f"FDSN text was due, but the answer is {excerpt(response)}")
    require_whole_lines(response)
    header = header.lstrip(b"# \t")
    found = [name.strip() for name in header.decode("utf-8", "replace").split("|")]
    names = {ours: theirs for ours, theirs in TEXT.items() if theirs in found}
    raw = parse_csv(header + b"\n" + rest, "the answer", names, delimiter="|")
    raw["type"] = raw["type"].replace("", "earthquake")  # few services say what is usual
    return raw


def _from_quakeml(response) -> pd.DataFrame:
    from mleq.catalog.quakeml import parse_quakeml

    if b"quakeml" not in response.content[:2000].lower():
        raise Doubtful(f"QuakeML was due, but the answer is {excerpt(response)}")
    return parse_quakeml(response.content, "the answer")


def connect(mirror: str | None = None, service: str | None = None, **options) -> Connection:
    """Connect to the USGS's service or a mirror of it, or to another service in the language that it speaks.

    Parameters
    ----------
    mirror : str, optional
        Address of a service that speaks as the USGS's does; it counts where both are given.
    service : str, optional
        Address of any FDSN event service, as a recipe's `catalog.url` names it. It is asked whether it counts.
    **options
        See `mleq.catalog.connection.Connection`.

    Returns
    -------
    EventService or FdsnService

    Raises
    ------
    mleq.errors.ServiceError
        If it cannot be reached.
    """
    from mleq.catalog.usgs import EventService

    counting = EventService(mirror or service, **options)
    if mirror or not service or counting.can_count():
        return counting
    log.info("%s cannot count; it is asked for lists", counting.url)
    return FdsnService(service, **options)
