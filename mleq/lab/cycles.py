"""The cycles between failures: found in the time to failure, and what makes that time unbelievable."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mleq.errors import DataError

TIES = 4 * float(np.finfo(np.float32).eps)
"""How much, relative to itself, a time may rise from row to row because it was stored with 32 bits."""

CYCLE_COLUMNS = ("first_row", "end_row", "start_time_to_failure_s", "end_time_to_failure_s", "complete")


@dataclass
class CycleFinder:
    """Finds the failures in times to failure that come a piece at a time, and refuses what cannot be.

    Parameters
    ----------
    failure_below_s : float
        The time may rise only from below this value, which is then a failure.
    max_gap_s : float or None
        The time may not fall by more from row to row; None: by anything.
    name : str
        What is read, for messages.
    header_lines : int
        Lines before the first row, for line numbers in messages.
    """

    failure_below_s: float
    max_gap_s: float | None
    name: str
    header_lines: int = 1
    rows: int = 0
    last: float | None = None
    failures: list[tuple[int, float, float]] = field(default_factory=list)
    first: float = float("nan")

    def feed(self, times: np.ndarray) -> None:
        """Take the next times.

        Parameters
        ----------
        times : numpy.ndarray, shape (n,)
            Time to the next failure, seconds.

        Raises
        ------
        DataError
            Naming the first line that cannot be: no number, negative, a rise within a cycle, a gap.
        """
        if not len(times):
            return
        bad = ~(times >= 0)
        if bad.any():
            row = int(np.argmax(bad))
            raise self._wrong(row, f"a time to failure of {times[row]:g}", "a number of seconds, 0 or more")
        if self.last is None:
            self.first = float(times[0])
        before = np.empty_like(times)
        before[1:] = times[:-1]
        before[0] = times[0] if self.last is None else self.last
        change = times - before
        # Most pieces hold no failure and no fault: two extremes tell that without an array of comparisons.
        if change.max() > TIES * float(self.first_or(times)) or (
            self.max_gap_s is not None and change.min() < -self.max_gap_s
        ):
            self._look_closely(times, before, change)
        self.last = float(times[-1])
        self.rows += len(times)

    def first_or(self, times: np.ndarray) -> float:
        """Scale of the smallest rise worth a closer look."""
        return max(float(times[-1]), 1e-3)

    def _look_closely(self, times: np.ndarray, before: np.ndarray, change: np.ndarray) -> None:
        rises = change > TIES * np.maximum(before, 1e-3)
        wrong = rises & (before > self.failure_below_s)
        if self.max_gap_s is not None:
            wrong |= change < -self.max_gap_s
        if wrong.any():
            row = int(np.argmax(wrong))
            moved = f"from {before[row]:.6g} to {times[row]:.6g} s"
            if rises[row]:
                raise self._wrong(
                    row,
                    f"the time to failure rises {moved} within a cycle",
                    f"a rise only at a failure, from below signals.failure_below_s = {self.failure_below_s:g} s",
                )
            raise self._wrong(
                row,
                f"the time falls {moved}: a gap of {-change[row]:.3g} s",
                f"steps of at most signals.max_gap_s = {self.max_gap_s:g} s",
            )
        for row in np.flatnonzero(rises):
            self.failures.append((self.rows + int(row), float(before[row]), float(times[row])))

    def _wrong(self, row: int, found: str, expected: str) -> DataError:
        line = self.rows + row + 1 + self.header_lines
        return DataError(f"{self.name}, line {line:,}: {found}", expected=expected)

    def table(self) -> pd.DataFrame:
        """Return the cycles in order.

        Returns
        -------
        pandas.DataFrame
            first_row, end_row (exclusive), start_time_to_failure_s, end_time_to_failure_s, and `complete`: False for
            the first cycle, whose beginning was not recorded, and the last, which does not reach its failure.
        """
        if not self.rows:
            return pd.DataFrame(columns=CYCLE_COLUMNS)
        starts = [0, *(row for row, _, _ in self.failures)]
        ends = [*starts[1:], self.rows]
        begins = [self.first, *(after for _, _, after in self.failures)]
        closes = [*(before for _, before, _ in self.failures), self.last]
        number = np.arange(len(starts))
        complete = (number > 0) & (number < len(starts) - 1)
        return pd.DataFrame(dict(zip(CYCLE_COLUMNS, (starts, ends, begins, closes, complete), strict=True)))


def find_cycles(times: np.ndarray, *, failure_below_s: float, max_gap_s: float | None, name: str) -> pd.DataFrame:
    """Find the cycles of a whole record at once; see `CycleFinder`."""
    finder = CycleFinder(failure_below_s, max_gap_s, name)
    finder.feed(np.asarray(times, dtype=float))
    return finder.table()
