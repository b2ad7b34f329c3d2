"""A client of the USGS event web service, and of others that speak as it does.

The service's facts: `starttime` and `endtime` are both inclusive and UTC; a `query` of more events than the limit
that `count` reports as `maxAllowed` is refused with status 400; no event at all is a CSV of the header line alone.
Nothing is believed that cannot be checked: an answer must be whole, of the kind asked for, have as many rows as
were counted, and hold only what was asked for.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from mleq.catalog import columns
from mleq.catalog.connection import Connection, Doubtful, Refused, excerpt, require_whole_lines
from mleq.catalog.files import parse_csv
from mleq.catalog.window import Window, iso
from mleq.errors import DataError

log = logging.getLogger("mleq")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Count:
    """How many events match, and how many one query may return."""

    events: int
    allowed: int


class EventService(Connection):
    """A service that counts before it answers, as the USGS's does; see `mleq.catalog.connection.Connection`."""

    counts = True
    allowed = 20_000
    """Events that one query may return: the USGS's own limit, until a count says otherwise."""

    def count(self, window: Window, **more: str) -> Count:
        """Count the events of a window.

        Parameters
        ----------
        window : Window
            Time and magnitudes.
        **more : str
            Further parameters of the service, such as `updatedafter`.

        Raises
        ------
        mleq.errors.ServiceError
            If the service cannot be reached or does not give a number.
        """
        found = self._ask("count", {"format": "geojson", **_parameters(window), **more}, window, _count)
        self.allowed = found.allowed
        return found

    def can_count(self) -> bool:
        """Whether the service counts at all, as the USGS's does and the FDSN does not ask for.

        Raises
        ------
        mleq.errors.ServiceError
            If the service cannot be reached.
        """
        day = Window(0, 86_400_000, 9.0)
        for _ in range(2):
            try:
                _count(self.get("count", {"format": "geojson", **_parameters(day)}, day))
                return True
            except Doubtful as doubt:
                log.info("%s: %s", self.url, doubt)
            except Refused as refusal:
                if refusal.status in (400, 404, 405, 501):
                    return False
                raise
        return False

    def query(self, window: Window, expected: int, **more: str) -> pd.DataFrame:
        """Bring the events of a window, once, provided that they are as many as `expected`.

        Returns
        -------
        pandas.DataFrame
            The raw table, in time order.

        Raises
        ------
        Doubtful
            If the answer is cut, is no catalogue, or has another number of rows; count again, then ask again.
        mleq.errors.ServiceError
            If the service cannot be reached or refuses.
        """
        parameters = {"format": "csv", "orderby": "time-asc", **_parameters(window), **more}
        response = self._query(parameters, window)
        raw = _rows(response, expected)
        if "updatedafter" not in more and not (inside := window.contains(raw)).all():
            first = raw.loc[~inside].iloc[0]
            raise Doubtful(
                f"{(~inside).sum()} rows are not of the window, the first {first['id']} at {first['time']} "
                f"with magnitude {first['mag']:g}"
            )
        return raw

    def _ask(self, method: str, parameters: dict, window: Window, read: Callable[..., Answer]) -> Answer:
        """Ask until the answer can be trusted."""
        seen: list[str] = []
        for attempt in range(self.tries):
            self.wait(attempt)
            try:
                return read(self.get(method, parameters, window))
            except Doubtful as doubt:
                seen.append(str(doubt))
                log.info("%s of %s: %s; asking again", method, window, doubt)
        raise self.gave_up(method, window, seen)

    def _query(self, parameters: dict, window: Window):
        try:
            return self.get("query", parameters, window)
        except Refused as refusal:
            if refusal.status == 400 and "exceeds search limit" in refusal.said:
                raise Doubtful("the service found more events than it allows in one query") from None
            raise


def _parameters(window: Window) -> dict[str, str]:
    """Say a half-open window to a service whose bounds are inclusive."""
    parameters = {
        "starttime": iso(window.start),
        "endtime": iso(window.end - 1),
        "minmagnitude": repr(window.min_magnitude),
    }
    if window.max_magnitude < math.inf:
        parameters["maxmagnitude"] = repr(float(np.nextafter(window.max_magnitude, -math.inf)))
    return parameters


def _count(response) -> Count:
    try:
        answer = response.json()
        events, allowed = answer["count"], answer.get("maxAllowed", 20_000)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Doubtful(f"a count was due, but the answer is {excerpt(response)}") from None
    if not (isinstance(events, int) and isinstance(allowed, int) and events >= 0 and allowed > 0):
        raise Doubtful(f"a count was due, but the answer is {excerpt(response)}")
    return Count(events, allowed)


def _rows(response, expected: int) -> pd.DataFrame:
    """Read the rows of an answer, if it is a whole CSV of as many rows as expected."""
    if response.status_code == 204:
        raw = columns.empty()
    else:
        head = response.content[:200].lstrip().lower()
        if head[:1] in (b"<", b"{", b"[") or b"time" not in head.split(b"\n")[0]:
            raise Doubtful(f"a CSV was due, but the answer is {excerpt(response)}")
        require_whole_lines(response)
        try:
            raw = parse_csv(response.content, "the answer")
        except DataError as error:
            raise Doubtful(str(error)) from None
    if len(raw) != expected:
        raise Doubtful(f"{expected} events were counted, but {len(raw)} rows came")
    if not raw["id"].is_unique:
        repeated = raw.loc[raw["id"].duplicated(), "id"]
        raise Doubtful(f"{len(repeated)} ids come twice in one answer, the first {repeated.iloc[0]}")
    return columns.in_order(raw)
