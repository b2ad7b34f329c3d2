"""Magnitudes of several kinds made one kind, when a recipe asks for it, with the source named.

Catalogues mix body-wave, surface-wave and moment magnitudes, in shares that change with the years. A conversion makes
them alike on average. It does not remove their scatter, and it changes b and the completeness magnitude, which are
therefore estimated after it. Selection by `catalog.min_magnitude` comes before, by the magnitude as reported.
"""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from mleq.catalog.events import fingerprint

log = logging.getLogger("mleq")


def to_moment_magnitude(events: pd.DataFrame) -> pd.DataFrame:
    """Convert body-wave and surface-wave magnitudes to moment magnitude, where the relations hold.

    Mw = 0.85 mb + 1.03 for 3.5 <= mb <= 6.2; Mw = 0.67 Ms + 2.07 for 3.0 <= Ms <= 6.1 and 0.99 Ms + 0.08 for
    6.2 <= Ms <= 8.2 (global relations). Other magnitudes stay as they are. Converted events have the magnitude type
    "mw(mb)" or "mw(ms)". The relations were fitted to averages: single magnitudes keep their scatter, and b changes.

    References
    ----------
    Scordilis, E. M. (2006). J. Seismol. 10, 225-236. doi:10.1007/s10950-006-9012-4
    """
    magnitude = events["magnitude"].to_numpy(dtype=float)
    kind = events["magnitude_type"].str.lower().to_numpy(dtype=object)
    body = (kind == "mb") & (magnitude >= 3.5) & (magnitude <= 6.2)
    surface = np.isin(kind, ["ms", "ms_20"]) & (magnitude >= 3.0) & (magnitude <= 8.2)
    from_surface = np.where(magnitude < 6.15, 0.67 * magnitude + 2.07, 0.99 * magnitude + 0.08)
    converted = events.copy()
    converted["magnitude"] = np.where(body, 0.85 * magnitude + 1.03, np.where(surface, from_surface, magnitude))
    converted["magnitude_type"] = np.where(body, "mw(mb)", np.where(surface, "mw(ms)", events["magnitude_type"]))
    converted.attrs = {name: value for name, value in events.attrs.items() if name != "sha256"}
    return converted


CONVERSIONS = {"scordilis_2006": (to_moment_magnitude, "Scordilis (2006), doi:10.1007/s10950-006-9012-4")}
"""Conversions by the name that a recipe gives, each with its source."""


def convert(events: pd.DataFrame, name: str | None) -> pd.DataFrame:
    """Convert the magnitudes of events as a recipe says.

    Parameters
    ----------
    events : pandas.DataFrame
        See `mleq.catalog.events`.
    name : str or None
        One of `CONVERSIONS`; None leaves the events as they are.

    Returns
    -------
    pandas.DataFrame
        With a hash of its own, and `attrs["magnitude_conversion"]`: which relations, and how many events they
        changed.
    """
    if name is None:
        return events
    method, source = CONVERSIONS[name]
    converted = method(events)
    number = int((converted["magnitude_type"] != events["magnitude_type"]).sum())
    said = f"to moment magnitude by {source}: {number:,} of {len(events):,} events"
    log.info("magnitudes converted %s", said)
    converted.attrs |= {"sha256": fingerprint(converted), "magnitude_conversion": said}
    return converted
