"""The events that a recipe's `catalog` asks for: from files, from the store, or simulated."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

import mleq
from mleq.catalog import columns, memo
from mleq.catalog import events as events_of
from mleq.catalog.chain import detected
from mleq.catalog.conversion import convert
from mleq.catalog.simulated import simulated
from mleq.catalog.window import timestamp
from mleq.errors import DataError, MissingData, RequestError

log = logging.getLogger("mleq")


def load_events(
    settings,
    *,
    files: Iterable[str | Path] = (),
    data_dir: str | Path | None = None,
    recipe_id: str | None = None,
) -> pd.DataFrame:
    """Load the events of a recipe.

    Parameters
    ----------
    settings : UsgsCatalog or SimulatedCatalog or RecipeCatalog
        The recipe's `catalog`.
    files : iterable of path, optional
        Read events from these files instead of the store or the simulation; what a recipe says of start, end,
        magnitudes and types holds for them too.
    data_dir : path, optional
        Folder of the store; without it `MLEQ_DATA`, or `data`.
    recipe_id : str, optional
        For the command that an error proposes.

    Returns
    -------
    pandas.DataFrame
        See `mleq.catalog.events`.

    Raises
    ------
    mleq.errors.DataError
        If a file cannot be used, or no event is left.
    mleq.errors.MissingData
        If the store does not hold what the recipe asks for.
    """
    files = [Path(file) for file in files]
    if files:
        events = _from_files(settings, files)
    elif settings.source == "simulated":
        return simulated(settings)
    elif settings.source == "recipe":
        return detected(settings)
    else:
        events = _from_store(settings, data_folder(data_dir), recipe_id)
    if events.empty:
        start, end = events_of.coverage(events)
        raise DataError(
            f"{events.attrs['source']}: no event of magnitude {settings.min_magnitude:g} or more between "
            f"{start:%Y-%m-%d} and {end:%Y-%m-%d}",
            expected="at least one",
            remedy="Change start, end, min_magnitude or event_types in the recipe's catalog",
        )
    return convert(events, getattr(settings, "magnitude_conversion", None))


def everything(*, files: Iterable[str | Path] = (), data_dir: str | Path | None = None) -> pd.DataFrame:
    """Load all earthquakes of files or of the store of the USGS's events, whatever a recipe may ask for.

    Raises
    ------
    mleq.errors.DataError, mleq.errors.MissingData
        As `load_events`.
    """
    files = [Path(file) for file in files]
    if files:
        from mleq.catalog.files import read_files

        raw, name = read_files(files), ", ".join(file.name for file in files)
    else:
        from mleq.catalog.store import Store

        store = Store.of(data_folder(data_dir))
        raw, name = store.read(), store.name
        if not store.records():
            raise MissingData(f"{store.folder} holds nothing yet", remedy="run: python cmd/fetch --recipe_id tokyo")
    if raw.empty:
        raise DataError(f"{name} holds no event", expected="at least one")
    first, last = raw["time"].min(), raw["time"].max() + pd.Timedelta(milliseconds=1)
    return events_of.from_raw(raw, source=name, start=first, end=last)


def data_folder(data_dir: str | Path | None = None) -> Path:
    """Folder of the store: as given, else `MLEQ_DATA`, else `data` in the working directory."""
    return Path(data_dir or os.environ.get("MLEQ_DATA") or "data")


def utc(day: dt.date) -> pd.Timestamp:
    """The first moment of a day, UTC."""
    return pd.Timestamp(day, tz="UTC").as_unit("us")


def wanted_period(settings) -> tuple[pd.Timestamp, pd.Timestamp | None]:
    """The start and the end (exclusive; None: the newest) that a recipe's catalog asks for, UTC."""
    start, end = settings.start, getattr(settings, "end", None)
    if settings.source == "simulated":
        end = start + dt.timedelta(days=settings.days)
    elif start > dt.datetime.now(dt.UTC).date():
        raise RequestError(f"the recipe's catalog.start {start} lies in the future", expected="a day that has begun")
    return utc(start), utc(end) if end else None


def _from_files(settings, files: list[Path]) -> pd.DataFrame:
    """Events of files; they cover what the recipe asks for, as far as their own rows reach."""
    from mleq.catalog.files import read_files

    raw = read_files(files, getattr(settings, "columns", None))
    name = ", ".join(file.name for file in files)
    if raw.empty:
        raise DataError(f"{name}: no row under the header line", expected="at least one event")
    first, last = raw["time"].min(), raw["time"].max() + pd.Timedelta(milliseconds=1)
    start, end = wanted_period(settings)
    end = last if end is None else min(end, last)
    if first - start > pd.Timedelta(days=31):
        log.warning("%s begins on %s, the recipe's catalog on %s", name, f"{first:%Y-%m-%d}", settings.start)
    smallest = raw["mag"].min()
    if smallest > settings.min_magnitude + 0.2:
        log.warning(
            "%s has no event below magnitude %g; the recipe asks for %g and more",
            name,
            smallest,
            settings.min_magnitude,
        )
    start = max(start, first)
    if hole := _hole(np.sort(raw["time"].to_numpy("datetime64[us]")), name):
        log.warning("%s", hole)
    if end <= start:
        raise DataError(
            f"{name} covers {first:%Y-%m-%d} to {last:%Y-%m-%d}",
            expected=f"events from {settings.start} on"
            + (f" and before {settings.end}" if getattr(settings, "end", None) else ""),
        )
    return events_of.from_raw(
        raw,
        source=name,
        start=start,
        end=end,
        min_magnitude=settings.min_magnitude,
        event_types=getattr(settings, "event_types", ("earthquake",)),
    )


def _from_store(settings, folder: Path, recipe_id: str | None) -> pd.DataFrame:
    """Events of the store, provided that it holds all that is asked for."""
    from mleq.catalog.store import Store

    store = Store.of(folder, settings.url)
    start, end = wanted_period(settings)
    reached = store.covered_until(start, settings.min_magnitude, snapshot=settings.snapshot)
    due = min(end, pd.Timestamp.now("UTC")) if end is not None else None
    # An end that still lies ahead, or none, means "as far as the store goes".
    if reached is None or (due is not None and reached < due and end <= pd.Timestamp.now("UTC")):
        held = f"it ends at {reached:%Y-%m-%d %H:%M} UTC" if reached is not None else "it does not hold its start"
        state = f"the snapshot {settings.snapshot} of the store" if settings.snapshot else "the store"
        raise MissingData(
            f"{state} in {folder} lacks events of magnitude {settings.min_magnitude:g} or more from "
            f"{settings.start} to {settings.end or 'now'}: {held}",
            remedy=f"run: python cmd/fetch --recipe_id {recipe_id or 'ID'}",
        )
    _refuse_half_a_fetch(store, settings, start, end, reached, recipe_id)
    end = reached if end is None else min(end, reached)
    types = settings.event_types
    asked = [start.isoformat(), end.isoformat(), settings.min_magnitude, types, mleq.__version__]
    key = hashlib.sha256(json.dumps([store.stamp(settings.snapshot), asked]).encode()).hexdigest()
    events = memo.remembered(
        store.folder / "memo", key, lambda: _read(store, start, end, settings.min_magnitude, types, settings.snapshot)
    )
    for note in events.attrs.pop("notes"):
        log.warning("%s", note)
    if settings.snapshot:
        events.attrs["snapshot"] = settings.snapshot
    return events


def _read(store, start, end, min_magnitude: float, event_types, snapshot: str | None) -> pd.DataFrame:
    """Read events, with what a person should be told of them in `attrs["notes"]`."""
    raw = store.read(start, end, min_magnitude, snapshot, columns.EVENT_COLUMNS)
    end, silence = _before_silence(raw, end, store.name)
    hole = _hole(raw["time"].to_numpy("datetime64[us]"), store.name)
    events = events_of.from_raw(
        raw, source=store.name, start=start, end=end, min_magnitude=min_magnitude, event_types=event_types
    )
    events.attrs["notes"] = [note for note in (silence, hole) if note]
    return events


def _refuse_half_a_fetch(store, settings, start, end, reached: pd.Timestamp, recipe_id: str | None) -> None:
    """Refuse a store in which a fetch was stopped long before its end; a fetch of the last days may be under way."""
    if settings.snapshot:
        return
    for wish in store.unfinished():
        until = timestamp(wish.end) if end is None else min(end, timestamp(wish.end))
        concerns = wish.min_magnitude <= settings.min_magnitude and timestamp(wish.start) <= reached
        if concerns and until - reached > pd.Timedelta(days=31):
            raise MissingData(
                f"a fetch of {wish} was not finished: the store in {store.folder} ends at {reached:%Y-%m-%d}",
                remedy=f"run it again, it goes on where it stopped: python cmd/fetch --recipe_id {recipe_id or 'ID'}",
            )


def _hole(times: np.ndarray, name: str) -> str | None:
    """Say where events are missing in the middle: one gap over three times the next longest, and over three days."""
    if len(times) < 100:
        return None
    gaps = np.diff(times)
    second, longest = np.partition(gaps, -2)[-2:]
    if longest > max(3 * second, np.timedelta64(3, "D")):
        place = int(gaps.argmax())
        before, after = (times[i].astype("datetime64[m]") for i in (place, place + 1))
        return (
            f"{name} has no event between {before} and {after}, a gap over three times any other: "
            "is a part of it missing?"
        )
    return None


def _before_silence(raw: pd.DataFrame, end: pd.Timestamp, name: str) -> tuple[pd.Timestamp, str | None]:
    """Where the catalogue ends: at `end`, or, with a sentence why, at its last event.

    The latter if the silence after it cannot be the Earth's.
    A service may serve a copy that was frozen long ago. It truly answers that there is nothing later, but days
    without an event are then days without data. A silence over three times the longest before it, and over three
    days, is taken for the latter.
    """
    times = raw["time"].to_numpy("datetime64[us]")
    if len(times) < 100:
        return end, None
    last = raw["time"].iloc[-1] + pd.Timedelta(milliseconds=1)
    longest = max(pd.Timedelta(np.diff(times).max()), pd.Timedelta(days=1))
    if end - last <= 3 * longest:
        return end, None
    return last, (
        f"the last event of {name} is of {last:%Y-%m-%d %H:%M}; the silence until {end:%Y-%m-%d} is no silence of the "
        "Earth: the catalogue is taken to end there"
    )
