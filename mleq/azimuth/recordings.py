"""Three-component recordings as they were read, and what every reader must say of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mleq.errors import DataError

COMPONENTS = "ZNE"
NUMBERS = (
    "sampling_rate_hz",
    "p_index",
    "source_latitude",
    "source_longitude",
    "source_depth_km",
    "station_latitude",
    "station_longitude",
    "stored_back_azimuth_deg",
    "north_azimuth_deg",
)
"""Columns of the table that hold numbers, NaN where unknown. `p_index` counts samples from the beginning of the trace;
`north_azimuth_deg` is where the N component points, clockwise from true north, E being 90 degrees further."""


@dataclass(frozen=True, eq=False)
class Recordings:
    """Recordings with what is known of each.

    Attributes
    ----------
    waveforms : list of numpy.ndarray, or numpy.ndarray of shape (n, 3, n_samples)
        Components in the order Z, N, E; each of the list has shape (3, any number of samples).
    table : pandas.DataFrame, n rows
        trace, event, station (str), origin_time (UTC, NaT where unknown), and `NUMBERS`.
    source : str
        Where they come from, in words.
    dropped : dict of str to list of str
        Traces that a reader had to leave out, by reason.
    """

    waveforms: list[np.ndarray] | np.ndarray
    table: pd.DataFrame
    source: str
    dropped: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self):
        if len(self.waveforms) != len(self.table):
            raise DataError(f"{len(self.waveforms)} waveforms", expected=f"one for each of {len(self.table)} rows")

    def __len__(self) -> int:
        return len(self.table)


def table_of(columns: dict[str, object]) -> pd.DataFrame:
    """Make the table of recordings; what is not given is unknown.

    Parameters
    ----------
    columns : dict
        trace, event, station, and any of origin_time and `NUMBERS`.
    """
    n = len(columns["trace"])
    table = pd.DataFrame({name: np.asarray(columns[name], dtype=object) for name in ("trace", "event", "station")})
    table = table.astype(str)
    times = columns.get("origin_time")
    table["origin_time"] = (
        pd.Series(pd.NaT, index=range(n), dtype="datetime64[us, UTC]")
        if times is None
        else pd.Series(
            pd.to_datetime(pd.Series(times), utc=True, errors="coerce").to_numpy("datetime64[us]")
        ).dt.tz_localize("UTC")
    )
    for name in NUMBERS:
        values = columns.get(name)
        table[name] = (
            np.full(n, np.nan) if values is None else pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(float)
        )
    return table


def joined(pieces: list[Recordings]) -> Recordings:
    """Put recordings from several files together."""
    if len(pieces) == 1:
        return pieces[0]
    dropped: dict[str, list[str]] = {}
    for piece in pieces:
        for reason, traces in piece.dropped.items():
            dropped.setdefault(reason, []).extend(traces)
    waveforms = [waveform for piece in pieces for waveform in piece.waveforms]
    table = pd.concat([piece.table for piece in pieces], ignore_index=True)
    return Recordings(waveforms, table, "; ".join(dict.fromkeys(piece.source for piece in pieces)), dropped)


def in_order(waveform: np.ndarray, order: str, where: str) -> np.ndarray:
    """Bring components into the order Z, N, E by their codes.

    Parameters
    ----------
    waveform : numpy.ndarray, shape (..., 3, n_samples)
    order : str
        Code of each component, "ENZ" for instance; 1 and 2 stand for N and E where a reader knows their orientation.
    where : str
        File and trace, for messages.

    Raises
    ------
    DataError
        If there are not three components Z, N, E, each once.
    """
    if waveform.shape[-2] != len(order) or len(order) != 3:
        raise DataError(
            f"{where} has {waveform.shape[-2]} components, called {order!r}",
            expected="three: Z, N and E",
            remedy="a direction needs all three components; leave such traces out",
        )
    if sorted(order) != sorted(COMPONENTS):
        raise DataError(
            f"{where}: components called {order!r}",
            expected="Z, N and E, each once, in any order",
            remedy="rename them; components 1 and 2 can only be used where StationXML gives their orientation",
        )
    return waveform[..., [order.index(code) for code in COMPONENTS], :]
