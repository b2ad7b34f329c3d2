"""Bring a store up to date with an event service: only what is missing, then what changed.

Windows are found by counting and halving, asked for one after the other, and stored one by one, so that memory
holds a few windows and whatever was brought stays, however the process ends.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pandas as pd

from mleq import atomic, progress
from mleq.catalog import wishes
from mleq.catalog.manifest import Record
from mleq.catalog.plan import Service, bring, counted, plan
from mleq.catalog.store import SMALL, Store
from mleq.catalog.window import Window, milliseconds, missing
from mleq.errors import Failure

log = logging.getLogger("mleq")


@dataclass
class Fetched:
    """What a fetch brought."""

    windows: int = 0
    events: int = 0
    damaged: list[str] = field(default_factory=list)
    new: int = 0
    revised: int = 0
    deleted: int = 0


@dataclass(frozen=True)
class Difference:
    """A window whose events the service counts otherwise, or whose partition is damaged."""

    record: Record
    counted: int
    damaged: bool = False


def fetch(
    store: Store,
    service: Service,
    start: pd.Timestamp,
    end: pd.Timestamp | None,
    min_magnitude: float,
) -> Fetched:
    """Bring everything of [start, end) from `min_magnitude` on that the store lacks, and what was revised.

    Parameters
    ----------
    store : Store
        Where it goes; what is there already is not asked for again.
    service : EventService
        Where it comes from.
    start : pandas.Timestamp
        First moment wanted.
    end : pandas.Timestamp or None
        First moment no longer wanted; None, or one that lies ahead: now.
    min_magnitude : float
        Smallest magnitude wanted.

    Returns
    -------
    Fetched
        What was brought: events of windows that were missing, and new, revised and deleted events of the others.

    Raises
    ------
    mleq.errors.ServiceError
        If the service fails; all windows brought until then are in the store.
    """
    with _alone(store):
        now = pd.Timestamp.now("UTC").floor("ms")
        wanted = Window.of(start, now if end is None else min(end, now), min_magnitude)
        wishes.note(store.folder, wanted)
        done = _fetch(store, service, wanted)
        wishes.forget(store.folder, (record.window for record in store.records()))
    return done


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Let one fetch at a time work in a store: a second would bring windows that overlap those of the first."""
    lock = store.folder / ".fetching.lock"
    try:
        with atomic.locked(lock, busy=Busy("")):
            yield
    except Busy:
        log.info("another process is fetching into %s; waiting until it is done", store.folder)
        with atomic.locked(lock):
            yield


class Busy(Failure):
    """Another fetch is at work."""


def _fetch(store: Store, service: Service, wanted: Window) -> Fetched:
    """Bring what the store lacks of a window, and what was revised."""
    from mleq.catalog.revision import relist, revise

    done = Fetched()
    damaged = store.damaged()
    for record in damaged:
        log.warning("%s is damaged; fetching it again (%s)", store.folder / "events" / record.file, record.window)
        done.damaged.append(record.file)
    whole = [record for record in store.records() if record not in damaged]
    held = [record.window for record in whole]
    gaps = [gap for region in [wanted, *(record.window for record in damaged)] for gap in missing(region, held)]
    brought: list[Window] = []
    for gap in gaps:
        for rest in missing(gap, brought):
            _bring_gap(store, service, rest, damaged, done)
        brought.append(gap)
    if damaged:
        store.drop(damaged)
    if whole:
        (revise if service.counts else relist)(store, service, whole, done)
    store.compact(min(SMALL, service.allowed // 4))  # well within what one query may return, now and later
    store.remove_orphans()
    return done


def _bring_gap(store: Store, service: Service, gap: Window, damaged: list[Record], done: Fetched) -> None:
    """Bring a window that the store lacks, in as many pieces as the service's limit asks for."""
    pieces = plan(service, gap)
    ignored = {record.file for record in damaged}
    total, unit = len(pieces), "windows"
    if service.counts:
        total, unit = sum(count for _, count in pieces), "events"
    with progress.task("fetching", total=total, unit=unit) as task:
        for window, count in pieces:
            held = [record.window for record in store.records() if record.file not in ignored]
            if missing(window, held):  # else another process was faster
                known = revision_known(store, service)
                parts = bring(service, window, count)
                store.put(parts, revised=latest(known, parts), replacing=_inside(damaged, window))
                done.windows += len(parts)
                done.events += sum(len(raw) for _, raw in parts)
            task.advance(1 if count is None else count)


def _inside(damaged: list[Record], window: Window) -> list[Record]:
    """Damaged records that a window replaces entirely."""
    return [record for record in damaged if not missing(record.window, [window])]


def revision_known(store: Store, service: Service) -> int:
    """Latest time of revision that the service is known to have reached, milliseconds since 1970.

    A service that only lists says nothing of revisions: its windows are as new as the moment when they were listed.
    """
    if not service.counts:
        return milliseconds(pd.Timestamp.now("UTC"))
    return max((record.revised for record in store.records()), default=0)


def latest(known: int, parts: list[tuple[Window, pd.DataFrame]]) -> int:
    """How late the service's own clock had come when it answered, as far as that can be proven.

    That is `known`, what was seen before the question, or a later `updated` in the answer. No other clock has to
    agree with it; only stamps that lie ahead of now are not believed.
    """
    stamps = [raw["updated"].max() for _, raw in parts if raw["updated"].notna().any()]
    now = milliseconds(pd.Timestamp.now("UTC"))
    return max([known, *(min(milliseconds(stamp), now) for stamp in stamps)])


def verify(store: Store, service: Service) -> list[Difference]:
    """Count every window of the store at the service again; list where numbers differ or a partition is damaged.

    A damaged partition that only a snapshot names cannot be brought back, since the service has moved on: it is
    warned of.
    """
    records = store.records()
    damaged = {record.file for record in store.damaged()}
    for name in store.snapshots():
        for record in store.damaged(name):
            if record not in records:
                log.warning("the snapshot %s has lost %s (%s)", name, record.file, record.window)
    differences = []
    with progress.task("recounting", total=len(records), unit="windows") as task:
        for record in records:
            number = counted(service, record.window)
            if number != record.count or record.file in damaged:
                differences.append(Difference(record, number, record.file in damaged))
            task.advance()
    return differences


def repair(store: Store, service: Service, differences: list[Difference]) -> None:
    """Bring windows that differ again; each is replaced once its new rows are there."""
    for difference in differences:
        known = revision_known(store, service)
        parts = bring(service, difference.record.window)
        store.put(parts, revised=latest(known, parts), replacing=[difference.record])
