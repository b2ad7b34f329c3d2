"""Files of seismic records through obspy (extra `[waveform]`), of formats that hold data and nothing else."""

from __future__ import annotations

import glob
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from mleq.errors import DataError

FORMATS = (
    "MSEED", "SAC", "GSE2", "SEISAN", "SACXY", "GSE1", "SH_ASC", "SLIST", "TSPAIR", "SEGY", "SU", "SEG2", "WAV", "WIN",
    "AH", "KINEMETRICS_EVT", "GCF", "DMX", "REFTEK130", "KNET",
)  # fmt: skip
"""What is read, by obspy's names, sought in its order. Left out: PICKLE, which obspy recognises by unpickling, so that
a file could run whatever it likes; and CSS, NNSA_KB_CORE and Q, which name other files to be read."""


def read_stream(path: Path, *, headers_only: bool = False) -> Any:
    """Read a file of seismic records.

    Parameters
    ----------
    path : pathlib.Path
    headers_only : bool, optional
        Whether to leave the samples.

    Returns
    -------
    obspy.Stream

    Raises
    ------
    DataError
        If the file is of none of `FORMATS`.
    Exception
        Whatever obspy's readers raise on a damaged file.
    """
    import obspy

    for name in FORMATS:
        if _recogniser(name)(str(path)):
            # obspy takes a name for a pattern of names.
            return obspy.read(glob.escape(str(path)), format=name, headonly=headers_only)
    raise DataError(
        f"{path} is no seismic record", expected=f"one of {', '.join(FORMATS)}", remedy="Unpack it if it is packed"
    )


@lru_cache
def _recogniser(name: str) -> Callable[[str], bool]:
    """Return obspy's own function that tells whether a file is of a format."""
    (found,) = entry_points(group=f"obspy.plugin.waveform.{name}", name="isFormat")
    return found.load()
