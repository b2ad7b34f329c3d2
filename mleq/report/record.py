"""What a page is drawn from: the files of a run's folder, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mleq.errors import Failure
from mleq.experiment.folder import read_json

NOT_METHODS = ("part", "target_date", "observed", "uncalibrated", "calibrated")
_NONE = pd.DataFrame()


@dataclass(frozen=True, eq=False)
class RunRecord:
    """A finished run as it lies in its folder.

    Attributes
    ----------
    folder : pathlib.Path
    summary, recipe, calibration, machine : dict
        summary.json; the one resolved recipe of recipe.json; calibration.json; run.json.
    history : pandas.DataFrame
        A row for each epoch; empty where nothing was learnt in epochs.
    forecasts : pandas.DataFrame
        part, target_date (or what names a sample), observed, the model's answer, and a column for each reference.
    """

    folder: Path
    summary: dict[str, Any]
    recipe: dict[str, Any]
    calibration: dict[str, Any]
    machine: dict[str, Any]
    history: pd.DataFrame
    forecasts: pd.DataFrame

    @classmethod
    def read(cls, folder: Path) -> RunRecord:
        """Read a run.

        Raises
        ------
        Failure
            If a file is not there or damaged.
        """
        folder = Path(folder)
        return cls(
            folder=folder,
            summary=read_json(folder / "summary.json"),
            recipe=_only_recipe(folder / "recipe.json"),
            calibration=read_json(folder / "calibration.json"),
            machine=read_json(folder / "run.json"),
            history=_read_table(pd.read_csv, folder / "history.csv") if (folder / "history.csv").exists() else _NONE,
            forecasts=_read_table(pd.read_parquet, folder / "forecasts.parquet"),
        )

    @property
    def plots(self) -> Path:
        """The folder of what the family kept for its panels; it may not be there."""
        return self.folder / "plots"

    def table(self, name: str) -> pd.DataFrame | None:
        """Return a table (.parquet or .csv) that the family kept, in plots/ or beside it; None where there is none.

        Raises
        ------
        Failure
            If it is damaged.
        """
        path = next((path for path in (self.plots / name, self.folder / name) if path.is_file()), None)
        if path is None:
            return None
        return _read_table(pd.read_parquet if path.suffix == ".parquet" else pd.read_csv, path)

    @property
    def test(self) -> pd.DataFrame:
        """The forecasts of the test part, in time order where they are of dates."""
        test = self.forecasts[self.forecasts["part"] == "test"]
        return test.sort_values("target_date") if "target_date" in test else test

    @property
    def daily(self) -> pd.DataFrame | None:
        """The test part of a forecast of daily probabilities; None for answers of another kind, or no day at all."""
        test = self.test
        needed = {"target_date", "observed", "probability"}
        return test if needed <= set(test) and len(test) else None

    @property
    def references(self) -> list[str]:
        """The references that were forecast beside the model."""
        return [name for name in self.forecasts.columns if name not in (*NOT_METHODS, "probability")]

    @property
    def title(self) -> str:
        """The recipe's English title, any other where there is none, or its id."""
        titles = self.summary.get("title") or {}
        return titles.get("en") or next(iter(titles.values()), "") or self.summary["recipe_id"]


def is_simulated(summary: dict[str, Any]) -> bool:
    """Whether the earthquakes of a summary.json happened nowhere."""
    return str((summary.get("catalog") or {}).get("source")).startswith("simulated")


def _only_recipe(path: Path) -> dict[str, Any]:
    found = read_json(path)
    try:
        (recipe,) = found["recipes"]
    except (TypeError, KeyError, ValueError):
        raise Failure(
            f"the run's file {path} holds no single recipe", remedy=f"train again, or remove the folder {path.parent}"
        ) from None
    return recipe


def _read_table(read: Any, path: Path) -> pd.DataFrame:
    try:
        return read(path)
    except (OSError, ValueError) as error:  # pyarrow's and pandas' errors of damaged files are ValueErrors
        raise Failure(
            f"the run's file {path} cannot be read: {error}", remedy=f"train again, or remove the folder {path.parent}"
        ) from None
