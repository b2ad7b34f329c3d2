"""Old runs that nothing depends on, and their removal."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from mleq import atomic
from mleq.errors import RequestError
from mleq.experiment import folder, ledger


def removable(
    out_dir: Path,
    recipe_ids: Sequence[str] = (),
    *,
    keep: int | None = None,
    older_than_days: float | None = None,
    issued_too: bool = False,
    now: dt.datetime | None = None,
) -> list[Path]:
    """List the runs that may go: never a recipe's latest, nor one that a forecast in the ledger came from.

    Parameters
    ----------
    out_dir : pathlib.Path
        Folder of all results.
    recipe_ids : sequence of str, optional
        All trained recipes without it.
    keep : int, optional
        Of each recipe the newest so many stay.
    older_than_days : float, optional
        Younger ones stay. Where both are given, both must hold.
    issued_too : bool, optional
        Also those that the ledger names.
    now : datetime.datetime, optional
        The present, for tests.

    Raises
    ------
    RequestError
        If neither a number nor an age is given, or one makes no sense.
    Failure
        If the ledger is not sound: it is then unknown what it names.
    """
    if keep is None and older_than_days is None:
        raise RequestError("say which runs are old", expected="--keep N, --older_than_days D, or both")
    if keep is not None and keep < 1:
        raise RequestError(f"--keep {keep}", expected="at least 1 run to keep")
    if older_than_days is not None and not older_than_days >= 0:
        raise RequestError(f"--older_than_days {older_than_days:g}", expected="an age from 0 on")
    for recipe_id in recipe_ids:
        folder.latest_run(out_dir, recipe_id)  # says so where there is none
    before = (now or dt.datetime.now(dt.UTC)) - dt.timedelta(days=older_than_days or 0)
    issued = set() if issued_too else ledger.runs_named(out_dir)
    found = []
    for recipe_id in recipe_ids or folder.trained_recipes(out_dir):
        runs = folder.complete_runs(out_dir, recipe_id)
        for run in runs[: -(keep or 1)]:
            made = made_at(run)
            old = older_than_days is None or (made is not None and made < before)
            if old and (recipe_id, run.name) not in issued:
                found.append(run)
    return found


def made_at(run: Path) -> dt.datetime | None:
    """Return when a run was made, by its name; None where the name says nothing."""
    try:
        return dt.datetime.strptime(run.name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def remove(runs: Iterable[Path]) -> None:
    """Remove runs; each is renamed first, so that no half of one is ever taken for a run.

    Raises
    ------
    StorageError
        If one cannot be removed; those before it are gone.
    """
    for run in runs:
        gone = run.with_name(f".removed-{run.name}")
        with atomic.storing(run):
            os.replace(run, gone)
            shutil.rmtree(gone)
