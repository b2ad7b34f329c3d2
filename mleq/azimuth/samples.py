"""Traces with known directions, divided into parts by event and by station."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mleq.azimuth.recipe import EventSplit
from mleq.azimuth.windows import Traces
from mleq.errors import DataError, RequestError

log = logging.getLogger("mleq")

FEWEST = {"train": 20, "validation": 10, "test": 10}
"""Traces that a part must hold."""


@dataclass(frozen=True, eq=False)
class Samples:
    """What a model of the family `azimuth` learns from and is tested on.

    Attributes
    ----------
    traces : Traces
        Those with known directions.
    target : ndarray of float, shape (n,)
        Back-azimuths, degrees.
    dates : ndarray of datetime64, shape (n,)
        Origin times, NaT where unknown.
    parts : dict of str to ndarray of int
        "train", "validation", "test" and, where stations are held out, "new_stations".
    """

    traces: Traces
    target: np.ndarray
    dates: np.ndarray
    parts: dict[str, np.ndarray]

    @property
    def sample_shape(self) -> tuple[int, int]:
        """(n_samples, 3)."""
        return self.traces.waveforms.shape[2], 3

    def batch(self, indices: Sequence[int]) -> np.ndarray:
        """Scaled signals, float32, shape (k, n_samples, 3)."""
        return scaled(self.traces.waveforms[np.asarray(indices, int)], self.traces.p_index)

    def part(self, name: str) -> Traces:
        """Return the traces of a part."""
        return self.traces.subset(self.parts[name])


def scaled(waveforms: np.ndarray, p_index: int) -> np.ndarray:
    """Signals with the components last, over the root mean square of what follows P on all three together.

    One scale for all components, so that the direction of motion stays.
    """
    power = np.square(waveforms[:, :, p_index:]).mean(axis=(1, 2), keepdims=True)
    return (waveforms / np.sqrt(np.maximum(power, np.finfo(np.float32).tiny))).transpose(0, 2, 1)


def make_samples(settings: EventSplit, traces: Traces) -> Samples:
    """Divide traces into parts; those without coordinates, hence without a label, are left out.

    Events are ordered by their origin times (in the order of the data where these are unknown), and all traces of an
    event go to one part. Traces at held-out stations form the part `new_stations` where their event has no trace in
    training or validation, and serve nothing otherwise.

    Raises
    ------
    RequestError
        If a held-out station is not there, or a part holds too few traces.
    DataError
        If no trace has coordinates.
    """
    known = np.flatnonzero(traces.table["back_azimuth_deg"].notna())
    if not len(known):
        raise DataError(
            f"none of {len(traces)} traces of {traces.source} has the coordinates of source and station",
            expected="both, since directions are computed from them",
        )
    if len(known) < len(traces):
        log.warning("%d of %d traces lack coordinates and are left out", len(traces) - len(known), len(traces))
        traces = traces.subset(known)
    table = traces.table
    dates = table["origin_time"].dt.tz_localize(None).to_numpy()
    parts = _parts(table, settings)
    for name, fewest in FEWEST.items():
        if len(parts[name]) < fewest:
            raise RequestError(
                f"the {name} part holds {len(parts[name])} of {len(table)} traces",
                expected=f"at least {fewest}",
                remedy="give more signals, or other fractions in `split`",
            )
    return Samples(traces, table["back_azimuth_deg"].to_numpy(float), dates, parts)


def _parts(table: pd.DataFrame, settings: EventSplit) -> dict[str, np.ndarray]:
    held_out = table["station"].isin(settings.held_out_stations).to_numpy()
    missing = sorted(set(settings.held_out_stations) - set(table["station"]))
    if missing:
        there = ", ".join(sorted(table["station"].unique())[:12])
        raise RequestError(
            f"split.held_out_stations names {', '.join(missing)}", expected=f"stations of the signals: {there}"
        )
    first = table.groupby("event", sort=False)["origin_time"].min()
    known_events = set(table.loc[~held_out, "event"])
    order = [event for event in first.sort_values(kind="stable", na_position="last").index if event in known_events]
    n = len(order)
    train_end = round(n * (1 - settings.test - settings.validation))
    validation_end = round(n * (1 - settings.test))
    place = dict(
        zip(
            order,
            np.repeat(["train", "validation", "test"], [train_end, validation_end - train_end, n - validation_end]),
            strict=True,
        )
    )
    part = np.array([place.get(event, "new_stations") for event in table["event"]])
    part = np.where(
        held_out & (part == "test"), "new_stations", np.where(held_out & (part != "new_stations"), "", part)
    )
    names = ["train", "validation", "test"] + (["new_stations"] if settings.held_out_stations else [])
    return {name: np.flatnonzero(part == name) for name in names}


def describe_split(samples: Samples) -> dict[str, dict[str, Any]]:
    """Say of each part from when to when its events are, and how many events, traces and stations it has."""
    described = {}
    for name, indices in samples.parts.items():
        dates, table = samples.dates[indices], samples.traces.table.iloc[indices]
        dates = dates[~np.isnat(dates)]
        described[name] = {
            "start": str(dates.min())[:10] if len(dates) else None,
            "end": str(dates.max())[:10] if len(dates) else None,
            "events": int(table["event"].nunique()),
            "traces": len(table),
            "stations": int(table["station"].nunique()),
        }
    return described


def identity(traces: Traces) -> str:
    """Return the SHA-256 of signals, directions, events and stations."""
    digest = hashlib.sha256(np.ascontiguousarray(traces.waveforms).tobytes())
    columns = ["trace", "event", "station", "back_azimuth_deg"]
    digest.update(pd.util.hash_pandas_object(traces.table[columns], index=False).to_numpy().tobytes())
    return digest.hexdigest()
