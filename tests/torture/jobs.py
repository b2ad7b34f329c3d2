"""Whole commands that may be killed, starved or given twice, each with what must be there in the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from cli.conftest import SMALL, write_recipes
from continuous.small_record import SMALL as SMALL_RECORD
from service_stand_in import serving, yearly

CLONE = Path(__file__).resolve().parents[2]
RECORD = SMALL_RECORD | {
    "id": "record",
    "record": {
        "source": "simulated", "start": "2020-01-01", "days": 30, "sampling_rate": 8, "channels": 1, "seed": 2,
        "repeaters": 0, "local_per_day": 2, "latitude": 36.5, "longitude": 138.5, "tremor": False,
        "seismicity": {"per_day": 4, "min_magnitude": 0.7, "max_magnitude": 4.0, "A": 0.25, "alpha": 1.5, "sources": 3},
    },
    "detect": {"length_s": 10, "families": 4, "band_hz": [0.8, 3.8]},
    "chunk_hours": 48,
}  # fmt: skip
CHAIN = SMALL | {
    "id": "chained",
    "catalog": {"source": "recipe", "id": "record", "start": "2020-01-01", "min_magnitude": 0.0},
    "target": SMALL["target"] | {"magnitude": 2.0, "radius_km": 50, "timezone": "UTC", "allow_incomplete": True},
    "grid": {"extent": {"degrees": 2}, "rows": 2, "columns": 2, "window_days": 1},
    "calibration": {"method": "prior_shift"},
}


@dataclass(frozen=True)
class Job:
    """A command in a folder of its own.

    Attributes
    ----------
    words : list of str
        What is typed after `mleq`.
    result : callable
        (folder) -> what must be equal however often the command was stopped.
    before : list of list of str
        Commands that are given once, before.
    service : bool
        Whether it asks the event service, of which a stand-in answers.
    recipes : tuple of str
        Those it works on; `check` says how much memory each takes.
    """

    words: list[str]
    result: Callable[[Path], Any]
    before: list[list[str]] = field(default_factory=list)
    service: bool = False
    recipes: tuple[str, ...] = ("small",)

    def prepare(self, folder: Path) -> None:
        """Lay down the recipes and do what comes before."""
        folder.mkdir(parents=True)
        write_recipes(folder / "recipe.json", SMALL, RECORD, CHAIN)
        for words in self.before:
            done = run(words, folder)
            assert done.returncode == 0, done.stderr

    def promised_mb(self, folder: Path) -> float:
        """The most memory that `check` says of any of its recipes."""
        plans = [run(["check", "--recipe_id", name, "--json"], folder) for name in self.recipes]
        assert not any(plan.returncode for plan in plans), plans[0].stderr
        return max(json.loads(plan.stdout).get("memory_mb", 0) for plan in plans)

    @contextmanager
    def answering(self) -> Iterator[dict[str, str]]:
        """Variables of the environment under which the command runs, while the service answers."""
        rows = [row for year in range(2000, 2008) for row in yearly(60, year)]
        with serving(rows) if self.service else nullcontext() as service:
            yield {"MLEQ_USGS_URL": service.url} if service else {}


def typed(words: list[str]) -> list[str]:
    """The whole command line."""
    return [sys.executable, str(CLONE / "cmd" / words[0]), *words[1:]]


def run(words: list[str], folder: Path, variables: dict[str, str] | None = None, **options) -> Any:
    """Run a command to its end; its result has `returncode`, `stdout` and `stderr`."""
    environment = {**os.environ, **(variables or {}), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(typed(words), cwd=folder, env=environment, capture_output=True, text=True, **options)


def forecasts(recipe_id: str) -> Callable[[Path], pd.DataFrame]:
    """What the latest run of a recipe forecast."""

    def result(folder: Path) -> pd.DataFrame:
        from mleq.experiment.folder import latest_run

        return pd.read_parquet(latest_run(folder / "out", recipe_id) / "forecasts.parquet")

    return result


def predictions(folder: Path) -> list[dict[str, Any]]:
    """The forecasts kept, without when they were made and by which run, which was trained for this folder alone."""
    kept = json.loads((folder / "out" / "predictions.json").read_text())["predictions"]
    return [{k: v for k, v in entry.items() if k not in ("made_at", "run")} for entry in kept]


def events(folder: Path) -> pd.DataFrame:
    """What the store holds."""
    from mleq.catalog.store import Store

    return Store.of(folder / "data").read().sort_values("id", ignore_index=True)


def swept(folder: Path) -> pd.DataFrame:
    """The sweep's table, without how long things took, and of each run's name what does not say when it was."""
    place = folder / "out" / "sweep"
    found = pd.read_parquet(place / json.loads((place / "summary.json").read_text())["name"] / "table.parquet")
    found["run"] = found["run"].str.rsplit("-").str[-1]
    return found.drop(columns="seconds")


JOBS = {
    "train": Job(["train", "--recipe_id", "small", "-q"], forecasts("small")),
    "fetch": Job(
        ["fetch", "--start", "2000-01-01", "--end", "2008-01-01", "--min_magnitude", "4", "-q"], events, service=True
    ),
    "predict": Job(
        ["predict", "--recipe_id", "small", "--from", "2003-01-01", "--to", "2003-01-20"],
        predictions,
        before=[["train", "--recipe_id", "small", "-q"]],
    ),
    "sweep": Job(["sweep", "small", "--set", "model.filters=2,3"], swept),
    "record_to_forecast": Job(
        ["train", "--recipe_id", "chained", "-q"], forecasts("chained"), recipes=("record", "chained", "small")
    ),
}
