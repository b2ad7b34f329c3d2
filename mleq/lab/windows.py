"""Windows that never cross a failure, and the parts that they are divided into by whole cycles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from mleq import progress
from mleq.errors import DataError, RequestError
from mleq.lab.features import features_of
from mleq.lab.signals import FeatureTable, Signals

PARTS = ("train", "validation", "test")
FEWEST_CYCLES = 3
AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class LabSamples:
    """Windows with their time to failure; see `mleq.experiment.family.Samples`.

    Attributes
    ----------
    starts : numpy.ndarray of int, shape (n,)
        First row of each window (for a table of features: its row).
    target : numpy.ndarray of float, shape (n,)
        Time to failure at the end of each window, seconds.
    cycle : numpy.ndarray of int, shape (n,)
    scored : numpy.ndarray of bool, shape (n,)
        Whether the window is one of those that do not overlap, in a complete cycle.
    parts : dict
        Indices of "train", "validation" and "test".
    sample_shape : tuple of int
        (samples,).
    read : callable or None
        (start) -> the samples of a window; None for a table of features.
    table : pandas.DataFrame or None
        Features that came with the windows.
    """

    starts: np.ndarray
    target: np.ndarray
    cycle: np.ndarray
    scored: np.ndarray
    parts: dict[str, np.ndarray]
    sample_shape: tuple[int, ...]
    read: Callable[[int], np.ndarray] | None
    remove_offset: bool
    sampling_rate_hz: float
    table: pd.DataFrame | None = None

    @property
    def dates(self) -> np.ndarray:
        """What names a window: its first row."""
        return self.starts

    def batch(self, indices: Sequence[int]) -> np.ndarray:
        """Return windows, float32, shape (k, samples), without the offset of the instrument."""
        return centred([self.read(int(self.starts[i])) for i in indices], self.remove_offset)

    @cached_property
    def features(self) -> pd.DataFrame:
        """The features of every window, a row each; computed once."""
        if self.table is not None:
            return self.table
        pieces = []
        with progress.task("features", total=len(self.starts), unit="windows") as shown:
            for first in range(0, len(self.starts), AT_ONCE):
                indices = range(first, min(first + AT_ONCE, len(self.starts)))
                pieces.append(features_of(self.batch(indices), self.sampling_rate_hz))
                shown.advance(len(indices))
        return pd.concat(pieces, ignore_index=True)


def centred(windows: Sequence[np.ndarray], remove_offset: bool) -> np.ndarray:
    """Stack windows, int16, into float32, each without its mean where that is wanted; shape (k, samples)."""
    stacked = np.stack(windows).astype(np.float32)
    if remove_offset:
        stacked -= stacked.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    return stacked


def make_samples(recipe, material: Signals | FeatureTable) -> LabSamples:
    """Cut windows and divide them into parts; see `mleq.experiment.family.Family`.

    Raises
    ------
    RequestError
        If there are too few complete cycles, or a part is left without windows.
    """
    return _of_table(recipe, material) if isinstance(material, FeatureTable) else _of_signals(recipe, material)


def _of_signals(recipe, material: Signals) -> LabSamples:
    """Windows in two strides: those that are scored do not overlap, those that train may."""
    size, settings = recipe.windows.samples, recipe.windows
    cycles = material.cycles
    roles = _roles(recipe, cycles)
    starts, cycle, scored = [], [], []
    for number, row in enumerate(cycles.itertuples()):
        trained = roles is not None and roles[number] == "train"
        counted = row.complete and (roles is None or roles[number] in PARTS[1:] or recipe.split.cross_validate)
        for stride, wanted, counts in ((settings.stride, trained, False), (settings.scored_every, counted, True)):
            own = window_starts(row.first_row, row.end_row, size, stride) if wanted else np.empty(0, np.int64)
            starts.append(own)
            cycle.append(np.full(len(own), number))
            scored.append(np.full(len(own), counts))
    starts, cycle, scored = (np.concatenate(one) for one in (starts, cycle, scored))
    ends = starts + size - 1
    target = np.array([float(material.time_to_failure_s[int(end)]) for end in ends])
    parts = _parts(recipe, roles, cycle)
    if roles is not None:
        parts["train"] = parts["train"][~scored[parts["train"]]]
    samples = LabSamples(
        starts=starts,
        target=target,
        cycle=cycle,
        scored=scored,
        parts=parts,
        sample_shape=(size,),
        read=lambda start: np.asarray(material.signal[start : start + size]),
        remove_offset=settings.remove_offset,
        sampling_rate_hz=material.sampling_rate_hz,
    )
    return _checked(samples, f"windows of {size:,} samples")


def window_starts(first_row: int, end_row: int, size: int, stride: int) -> np.ndarray:
    """First rows of the windows of a cycle, the last of which ends with the cycle.

    Counted back from the failure, the windows before which time is shortest are never lost.

    >>> window_starts(0, 10, 3, 3).tolist()
    [1, 4, 7]
    """
    count = max(0, (end_row - first_row - size) // stride + 1)
    return end_row - size - stride * np.arange(count - 1, -1, -1, dtype=np.int64)


def _of_table(recipe, material: FeatureTable) -> LabSamples:
    """Each row is a window; rows beside a failure are left out, since their windows may cross it."""
    cycles = material.cycles
    roles = _roles(recipe, cycles)
    rows = [np.arange(row.first_row + 1, row.end_row - 1) for row in cycles.itertuples()]
    cycle = np.repeat(np.arange(len(cycles)), [len(own) for own in rows])
    starts = np.concatenate(rows)
    keep = cycles["complete"].to_numpy()[cycle] | (roles is not None and roles[cycle] == "train")
    starts, cycle = starts[keep], cycle[keep]
    samples = LabSamples(
        starts=starts,
        target=material.time_to_failure_s[starts],
        cycle=cycle,
        scored=cycles["complete"].to_numpy()[cycle],
        parts=_parts(recipe, roles, cycle),
        sample_shape=(material.features.shape[1],),
        read=None,
        remove_offset=False,
        sampling_rate_hz=float("nan"),
        table=material.features.iloc[starts].reset_index(drop=True),
    )
    return _checked(samples, "rows of the table")


def _roles(recipe, cycles: pd.DataFrame) -> np.ndarray | None:
    """The part of every cycle, "" for none; None where windows are drawn at random.

    Cycles that the record cuts are trained on where they come before what is tested, and never scored.

    Raises
    ------
    RequestError
        If there are too few complete cycles to make three parts of them.
    """
    complete = np.flatnonzero(cycles["complete"].to_numpy())
    if len(complete) < FEWEST_CYCLES:
        raise RequestError(
            f"the record holds {len(complete)} complete {'cycle' if len(complete) == 1 else 'cycles'} between failures",
            expected=f"at least {FEWEST_CYCLES}, one for each part",
            remedy="a longer record is needed",
        )
    split = recipe.split
    if split.scheme == "random_folds":
        return None
    for_validation = max(1, round(split.validation * len(complete)))
    roles = np.full(len(cycles), "train", dtype=object)
    if split.scheme == "leave_one_cycle_out":
        tested = int(complete[-1]) if split.cycle is None else split.cycle
        if tested not in complete:
            raise RequestError(
                f"split.cycle {tested} is no complete cycle", expected=f"one of {complete[0]} to {complete[-1]}"
            )
        others = [number for number in complete if number != tested]
        # Spread over the record, so that what drifts slowly is in both parts.
        chosen = np.linspace(0, len(others) - 1, min(for_validation, len(others) - 1) + 2)[1:-1].round().astype(int)
        roles[np.array(others)[np.unique(chosen)]] = "validation"
        roles[tested] = "test"
        return roles
    for_test = max(1, round(split.test * len(complete)))
    if len(complete) - for_test - for_validation < 1:
        raise RequestError(
            f"{len(complete)} complete cycles are too few for {for_validation} of validation and {for_test} of test",
            remedy="lower split.validation and split.test, or bring a longer record",
        )
    roles[complete[-for_test] :] = "test"
    roles[complete[-for_test - for_validation] : complete[-for_test]] = "validation"
    roles[complete[-1] + 1 :] = ""
    return roles


def _parts(recipe, roles: np.ndarray | None, cycle: np.ndarray) -> dict[str, np.ndarray]:
    if roles is not None:
        return {part: np.flatnonzero(roles[cycle] == part) for part in PARTS}
    order = np.random.default_rng([recipe.seed, 7]).permutation(len(cycle))
    ends = np.cumsum([round(share * len(cycle)) for share in (recipe.split.test, recipe.split.validation)])
    test, validation, train = np.split(order, ends)
    return {"train": np.sort(train), "validation": np.sort(validation), "test": np.sort(test)}


def _checked(samples: LabSamples, what: str) -> LabSamples:
    for part, indices in samples.parts.items():
        if not len(indices):
            raise RequestError(
                f"the {part} part holds no {what}: its cycles are shorter than one window",
                remedy="lower windows.samples, or bring longer cycles",
            )
    if not np.isfinite(samples.target).all():
        raise DataError("a time to failure is no number", expected="a number of seconds for every window")
    return samples


def describe_split(recipe, samples: LabSamples) -> dict[str, dict[str, Any]]:
    """Say of each part its cycles and windows; see `mleq.experiment.family.Family`."""
    return {
        part: {
            "start": f"row {int(samples.starts[indices[0]]):,}",
            "end": f"row {int(samples.starts[indices[-1]]):,}",
            "cycles": int(np.unique(samples.cycle[indices]).size),
            "windows": int(len(indices)),
        }
        for part, indices in samples.parts.items()
    }
