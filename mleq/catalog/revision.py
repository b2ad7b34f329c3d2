"""What changed at the service since a store's windows were fetched: new, revised and deleted events, by id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mleq import progress
from mleq.catalog import columns
from mleq.catalog.fdsn import FdsnService
from mleq.catalog.fetch import Fetched, latest, revision_known
from mleq.catalog.manifest import Record
from mleq.catalog.plan import bring
from mleq.catalog.store import Store
from mleq.catalog.usgs import EventService
from mleq.catalog.window import Window, iso, milliseconds

MARGIN_MS = 10 * 60 * 1000
"""How far before the latest revision known the next question begins: a service may show it a little late."""
MARGIN_MAGNITUDE = 1.0
"""How far below a store's magnitudes is looked for events that were revised downwards."""
MANY = 50_000
"""So many changed rows are held in memory before they are written."""
FEW = 2000
"""So many rows are brought in one piece; more are narrowed down to the windows that they belong to."""
RECENT = pd.Timedelta(days=365)
"""A service that only lists is asked again at every fetch for windows that end within this time, when most changes."""
SELDOM = pd.Timedelta(days=30)
"""How often it is asked again for older ones."""


def revise(store: Store, service: EventService, records: list[Record], done: Fetched) -> None:
    """Bring what changed in windows that the store holds.

    Each window remembers the latest `updated` that the service had reached when the window was brought; whatever
    has changed since carries a later one. Windows are asked for together as long as the answer is small.

    Parameters
    ----------
    store : Store
        What to bring up to date.
    service : EventService
        Where changes come from.
    records : list of Record
        The windows to look at.
    done : Fetched
        Its `new`, `revised` and `deleted` are counted up.
    """
    current = {record.file for record in store.records()}
    records = [record for record in records if record.file in current]
    known = revision_known(store, service)
    batch = _Batch()
    with progress.task("looking for revisions", total=len(records), unit="windows") as task:
        for group, rows in _changes(service, records):
            if rows is None:  # more than the service gives at once: bring the window as a whole
                rows = _against_whole(store, service, group[0])
            known = latest(known, [(group[0].window, rows)])
            batch.add(group, rows, known)
            if batch.size > MANY:
                _apply(store, batch, done)
                batch = _Batch()
            task.advance(len(group))
        _apply(store, batch, done)


@dataclass
class _Batch:
    """Changed rows, and how new each window is once they are applied."""

    tables: list[pd.DataFrame] = field(default_factory=list)
    revised: dict[Window, int] = field(default_factory=dict)
    size: int = 0

    def add(self, group: list[Record], rows: pd.DataFrame, revised: int) -> None:
        self.tables.append(rows)
        self.size += len(rows)
        self.revised |= dict.fromkeys((record.window for record in group), revised)


def _against_whole(store: Store, service: EventService, record: Record) -> pd.DataFrame:
    """All rows of a window as they are now, and those that are there no more as deleted."""
    rows = columns.newest([raw for _, raw in bring(service, record.window)])
    held = store.partition(record)
    return pd.concat([rows, held.loc[~held["id"].isin(rows["id"])].assign(status="deleted")], ignore_index=True)


def _changes(service: EventService, records: list[Record]) -> Iterator[tuple[list[Record], pd.DataFrame | None]]:
    """Rows that changed since each group of windows was brought; None where they are too many."""
    if not records:
        return
    since = max(0, min(record.revised for record in records) - MARGIN_MS)
    window = Window(
        min(record.window.start for record in records),
        max(record.window.end for record in records),
        min(record.window.min_magnitude for record in records) - MARGIN_MAGNITUDE,
    )
    selection = {"updatedafter": iso(since), "includedeleted": "true"}
    count = service.count(window, **selection)
    if count.events > min(FEW, count.allowed) and len(records) > 1:
        middle = len(records) // 2
        yield from _changes(service, records[:middle])
        yield from _changes(service, records[middle:])
    elif count.events > count.allowed:
        yield records, None
    elif count.events == 0:
        yield records, columns.empty()
    else:
        parts = bring(service, window, count.events, **selection)
        yield records, columns.newest([raw for _, raw in parts])


def _apply(store: Store, batch: _Batch, done: Fetched) -> None:
    """Write rows that changed into the partitions that they concern, and count what they are.

    Every partition is looked at, since a revised origin time may have carried an event from one into another.
    """
    rows = columns.newest(batch.tables)
    deleted = rows["status"].str.lower().eq("deleted").to_numpy()
    current = rows.loc[~deleted]
    records = store.records()
    held = {record.file: _held(store, record, rows["id"]) for record in records if len(rows)}
    before = columns.newest(list(held.values()))
    placed = np.zeros(len(current), bool)
    for record in records:
        placed |= record.window.contains(current)
    known = current["id"].isin(before["id"]).to_numpy()
    unchanged = _same(before, current)
    done.new += int((placed & ~known).sum())
    done.revised += int(known.sum()) - len(unchanged)
    done.deleted += int(rows.loc[deleted, "id"].isin(before["id"]).sum())

    changed = set(rows["id"]) - unchanged
    arriving = current.loc[current["id"].isin(changed).to_numpy()]
    # Where events arrive comes first: killed between two writes, an event is held twice, never not at all.
    for record in sorted(records, key=lambda one: not one.window.contains(arriving).any()):
        joining = arriving.loc[record.window.contains(arriving)]
        if not len(joining) and not (len(rows) and held[record.file]["id"].isin(changed).any()):
            continue
        part = store.partition(record)
        raw = columns.newest([part.loc[~part["id"].isin(changed)], joining])
        revised = batch.revised.get(record.window, record.revised)
        store.put([(record.window, raw)], revised=revised, replacing=[record])
    store.mark_revised(batch.revised)


def _held(store: Store, record: Record, ids: pd.Series) -> pd.DataFrame:
    """What a partition holds of some ids; one partition at a time is in memory."""
    if not store.partition(record, ("id",))["id"].isin(ids).any():
        return columns.empty()
    part = store.partition(record)
    return part.loc[part["id"].isin(ids)].copy()


def _same(before: pd.DataFrame, current: pd.DataFrame) -> set[str]:
    """Ids whose rows are the same in both tables, in every column."""
    ids = before["id"][before["id"].isin(current["id"])]
    old = before.set_index("id").loc[ids]
    new = current.set_index("id").loc[ids, old.columns]
    equal = (old == new) | (old.isna() & new.isna())
    return set(ids[equal.all(axis=1).to_numpy()])


def relist(store: Store, service: FdsnService, records: list[Record], done: Fetched) -> None:
    """Ask a service that dates no revisions for windows again, and take what it lists now.

    Parameters
    ----------
    store : Store
        What to bring up to date.
    service : FdsnService
        Where changes come from.
    records : list of Record
        The windows to look at; older ones are listed again once a month only.
    done : Fetched
        Its `new`, `revised` and `deleted` are counted up; an event that moved to another window is deleted and new.
    """
    now = pd.Timestamp.now("UTC")
    recent, listed = milliseconds(now - RECENT), milliseconds(now - SELDOM)
    current = {record.file for record in store.records()}
    due = [r for r in records if r.file in current and (r.window.end > recent or r.revised < listed)]
    with progress.task("listing again", total=len(due), unit="windows") as task:
        for record in due:
            asked = milliseconds(pd.Timestamp.now("UTC"))
            parts = bring(service, record.window)
            before, after = store.partition(record), columns.newest([raw for _, raw in parts])
            kept = int(after["id"].isin(before["id"]).sum())
            revised = kept - len(_same(before, after))
            done.new += len(after) - kept
            done.revised += revised
            done.deleted += len(before) - kept
            if revised or not kept == len(before) == len(after):
                store.put(parts, revised=asked, replacing=[record])
            else:
                store.mark_revised({record.window: asked})
            task.advance()
