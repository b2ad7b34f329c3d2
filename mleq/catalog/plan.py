"""The fetch plan: windows that a service can answer, and bringing them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from mleq import progress
from mleq.catalog.connection import Doubtful
from mleq.catalog.fdsn import FdsnService
from mleq.catalog.usgs import EventService
from mleq.catalog.window import Window
from mleq.errors import ServiceError

Service = EventService | FdsnService
YEAR_MS = 366 * 86_400_000
"""Longest window asked of a service that cannot count beforehand."""

log = logging.getLogger("mleq")


def plan(service: Service, window: Window) -> list[tuple[Window, int | None]]:
    """Split a window in time until each piece is within the service's limit.

    Pieces are halved until they hold at most half of the limit, then neighbours are joined as far as the limit
    allows: counts cost the service little, queries much. Where the service cannot count, pieces are a year long.

    Returns
    -------
    list of (Window, int or None)
        Pieces in time order, with the number of events that each should hold, where it is known.
    """
    if not service.counts:
        starts = range(window.start, window.end, YEAR_MS)
        return [(replace(window, start=start, end=min(start + YEAR_MS, window.end)), None) for start in starts]
    total = service.count(window)
    if total.events <= total.allowed:
        return [(window, total.events)]
    joined: list[tuple[Window, int]] = []
    with progress.task("counting", total=total.events, unit="events") as task:
        for piece, count in _halved(service, window, total.events, total.allowed):
            if joined and joined[-1][1] + count <= total.allowed:
                before, so_far = joined.pop()
                joined.append((replace(piece, start=before.start), so_far + count))
            else:
                joined.append((piece, count))
            task.advance(count)
    return joined


def _halved(service: EventService, window: Window, count: int, allowed: int) -> Iterator[tuple[Window, int]]:
    """Halve until a piece holds at most half of what is allowed; only the first half of each is counted."""
    if count <= allowed // 2 or (window.end - window.start <= 1 and count <= allowed):
        yield window, count
        return
    if window.end - window.start <= 1:
        raise ServiceError(f"{service.url} counts {count} events in one millisecond, at {window}")
    first, second = window.halves()
    in_first = service.count(first).events
    in_second = count - in_first if in_first <= count else service.count(second).events
    yield from _halved(service, first, in_first, allowed)
    yield from _halved(service, second, in_second, allowed)


def bring(service: Service, window: Window, count: int | None = None, **more: str) -> list[tuple[Window, pd.DataFrame]]:
    """Bring a window, counting again whenever the answer does not agree with the count.

    Parameters
    ----------
    service : EventService
        Where it comes from.
    window : Window
        What to bring.
    count : int, optional
        How many events it should hold, if known.
    **more : str
        Further parameters of a service that counts.

    Returns
    -------
    list of (Window, pandas.DataFrame)
        The window and its rows; several where it has grown beyond the service's limit meanwhile.

    Raises
    ------
    mleq.errors.ServiceError
        After the last try, with the window and what was seen.
    """
    if not service.counts:
        return service.bring(window)
    seen: list[str] = []
    for attempt in range(service.tries):
        service.wait(attempt)
        if count is None:
            answer = service.count(window, **more)
            if answer.events > answer.allowed:
                first, second = window.halves()
                return bring(service, first, **more) + bring(service, second, **more)
            count = answer.events
        try:
            return [(window, service.query(window, count, **more))]
        except Doubtful as doubt:
            seen.append(str(doubt))
            log.info("query of %s: %s; asking again", window, doubt)
            count = None
    raise service.gave_up("query", window, seen)


def counted(service: Service, window: Window) -> int:
    """How many events the service holds in a window now; one that cannot count lists them."""
    if service.counts:
        return service.count(window).events
    return sum(len(raw) for _, raw in service.bring(window))
