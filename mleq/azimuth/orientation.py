"""Whether a station's components are what they are called: P waves of known direction tell."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from mleq.azimuth.references import classical
from mleq.azimuth.windows import Traces
from mleq.scores.circular import circular_difference, mean_direction, resultant_length

log = logging.getLogger("mleq")

FEWEST_TRACES = 15
LEAST_SNR_DB = 10.0
WINDOW_S = 0.5
CLEAR = 0.6
"""Mean resultant length from which the directions of a station are taken to agree on something."""
TURNED_DEG = 20.0
_MIRRORS = {
    0: "E is reversed",
    90: "N and E are swapped",
    180: "N is reversed",
    270: "N and E are swapped and reversed",
}


def suspicions(traces: Traces) -> list[dict[str, Any]]:
    """List stations whose components seem swapped, reversed or turned by more than 20 degrees.

    With b the true and a the apparent back-azimuth by polarisation, a sensor turned clockwise by t gives a = b - t, a
    reversed vertical a = b + 180, and components that were swapped or of which one was reversed a mirror image,
    a = c - b: c is 90 degrees where N and E are swapped, 0 where E is reversed, 180 where N is. Which of the two, the
    difference or the sum of a and b, agrees better over the events of a station decides.

    Parameters
    ----------
    traces : Traces
        Those with a label and at least 10 dB of signal over noise are used, at stations with 15 of them.

    Returns
    -------
    list of dict
        station, traces, finding (a sentence), rotation_deg (of a turned sensor, else None), agreement (resultant).
    """
    table = traces.table
    usable = np.flatnonzero(table["back_azimuth_deg"].notna() & (table["snr_db"] >= LEAST_SNR_DB))
    if not len(usable):
        return []
    some = traces.subset(usable)
    apparent, _ = classical(some, WINDOW_S, True)
    true = some.table["back_azimuth_deg"].to_numpy()
    found = []
    for station, rows in some.table.groupby("station").indices.items():
        if len(rows) < FEWEST_TRACES:
            continue
        finding, rotation, agreement = _finding(apparent[rows], true[rows])
        if finding:
            log.warning("station %s (%d traces): %s", station, len(rows), finding)
            found.append(
                {
                    "station": station,
                    "traces": len(rows),
                    "finding": finding,
                    "rotation_deg": rotation,
                    "agreement": round(agreement, 3),
                }
            )
    return found


def _finding(apparent: np.ndarray, true: np.ndarray) -> tuple[str, float | None, float]:
    difference, total = apparent - true, apparent + true
    plain, mirrored = resultant_length(difference), resultant_length(total)
    if resultant_length(2 * true) > 0.9:  # events in one direction: a mirror image looks like a rotation
        mirrored = 0.0
    if max(plain, mirrored) < CLEAR:
        return "", None, max(plain, mirrored)
    if mirrored > plain:
        mean = mean_direction(total)
        nearest = min(_MIRRORS, key=lambda angle: abs(circular_difference([mean], [angle])[0]))
        return f"its directions are mirrored, as if {_MIRRORS[nearest]}", None, mirrored
    rotation = -float(circular_difference([mean_direction(difference)], [0.0])[0])
    if abs(rotation) > 180 - TURNED_DEG:
        return "its directions point the other way, as if the vertical were reversed", None, plain
    if abs(rotation) > TURNED_DEG:
        return f"its sensor seems to be turned by {rotation:+.0f} degrees (clockwise)", round(rotation, 1), plain
    return "", None, plain
