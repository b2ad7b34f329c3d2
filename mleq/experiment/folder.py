"""Where a run's files lie: built under a name of its own, shown under its final name only when it is complete."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mleq import atomic
from mleq.errors import Failure, RequestError
from mleq.recipe.mistakes import did_you_mean
from mleq.recipe.settings import RECIPE_ID


def runs_folder(out_dir: Path, recipe_id: str) -> Path:
    """Return the folder that holds the runs of a recipe."""
    return Path(out_dir) / recipe_id / "runs"


@contextmanager
def unfinished(out_dir: Path, recipe_id: str, key: str) -> Iterator[Path]:
    """Open the folder in which a run is built, for this process alone.

    The same key gives the same folder, so that training that was stopped goes on. The folder stays when the block
    fails, and is removed when it ends well.

    Parameters
    ----------
    out_dir : pathlib.Path
        Folder of all results.
    recipe_id : str
        The recipe.
    key : str
        Hash of all that decides the run's result.

    Yields
    ------
    pathlib.Path
        The folder.

    Raises
    ------
    Failure
        If another process is building the same run.
    StorageError
        If it cannot be made.
    """
    folder = runs_folder(out_dir, recipe_id) / f".unfinished-{key[:12]}"
    busy = Failure(
        f"another process is training this recipe in {folder}",
        remedy="wait for it, or stop it: training then goes on from its last epoch",
    )
    lock = folder.with_name(f"{folder.name}.lock")
    with atomic.locked(lock, busy=busy):
        with atomic.storing(folder):
            folder.mkdir(exist_ok=True)
        yield folder
        shutil.rmtree(folder)
    lock.unlink(missing_ok=True)


def empty(folder: Path) -> Path:
    """Make a folder, without what a stopped process left in it."""
    with atomic.storing(folder):
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    return folder


def new_name(out_dir: Path, recipe_id: str, run_hash: str) -> str:
    """Return a name for a run that is complete now: <utc>-<first digits of the recipe's hash>."""
    moment = dt.datetime.now(dt.UTC)
    runs = runs_folder(out_dir, recipe_id)
    while (runs / (name := f"{moment:%Y%m%dT%H%M%SZ}-{run_hash[:8]}")).exists():
        moment += dt.timedelta(seconds=1)
    return name


def publish(result: Path, out_dir: Path, recipe_id: str, name: str) -> Path:
    """Give a complete run its name, and make it the recipe's latest.

    Parameters
    ----------
    result : pathlib.Path
        The folder that holds the complete run; it is renamed.
    out_dir : pathlib.Path
        Folder of all results.
    recipe_id : str
    name : str
        From `new_name`.

    Returns
    -------
    pathlib.Path
        The run's folder.

    Raises
    ------
    StorageError
        If it cannot be renamed; the folder then stays as it is.
    """
    place = runs_folder(out_dir, recipe_id) / name
    with atomic.storing(place):
        os.replace(result, place)
    atomic.write_json(Path(out_dir) / recipe_id / "summary.json", read_json(place / "summary.json"))
    return place


def latest_run(out_dir: Path, recipe_id: str) -> Path:
    """Return the folder of a recipe's latest complete run.

    Raises
    ------
    RequestError
        If the recipe has not been trained.
    """
    runs = complete_runs(out_dir, recipe_id)
    if not runs:
        raise RequestError(
            f"recipe '{recipe_id}' has no finished run in {Path(out_dir) / recipe_id}"
            + did_you_mean(recipe_id, trained_recipes(out_dir)),
            remedy=f"train it first: python cmd/train --recipe_id {recipe_id} (python cmd/recipes lists what there is)",
        )
    return runs[-1]


def complete_runs(out_dir: Path, recipe_id: str) -> list[Path]:
    """Return the folders of a recipe's complete runs, oldest first; none for what is no id."""
    folder = runs_folder(out_dir, recipe_id)
    if not (re.fullmatch(RECIPE_ID, recipe_id) and folder.is_dir()):
        return []
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def trained_recipes(out_dir: Path) -> list[str]:
    """Return the ids of all recipes with a complete run, by name."""
    out_dir = Path(out_dir)
    if not out_dir.is_dir():
        return []
    return sorted(p.name for p in out_dir.iterdir() if p.is_dir() and complete_runs(out_dir, p.name))


def read_json(path: Path) -> Any:
    """Read a JSON file of a run.

    Raises
    ------
    Failure
        If it is not there or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(
            f"the file {path} cannot be read: {error}",
            remedy="move it away; a run's files come back by training again, predictions.json by predicting again",
        ) from None
