"""Forecasts of the family `catalog`: of the parts of a run when it is made, of any date afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import progress
from mleq.errors import RequestError
from mleq.experiment.calibration import Calibrator
from mleq.experiment.level import at_level
from mleq.experiment.predictions import entry, load_model, part_of
from mleq.experiment.run import Run
from mleq.forecast.dates import target_dates
from mleq.forecast.leveling import Level
from mleq.forecast.recipe import CatalogRecipe
from mleq.forecast.references import Reference, restore_references
from mleq.forecast.samples import Samples, window_for
from mleq.forecast.statement import level_said, statement

FORECAST_PARTS = ("validation", "test")
"""The parts whose forecasts a run keeps."""

AT_ONCE = 256
"""Target dates whose inputs are in memory together."""


@dataclass(frozen=True)
class _Chances:
    """The calibrated chances of dates by a run's network, each made once."""

    recipe: CatalogRecipe
    events: pd.DataFrame
    model: Any
    calibrated: Calibrator
    made: dict[np.datetime64, float] = field(default_factory=dict)

    def __call__(self, dates: np.ndarray) -> np.ndarray:
        """Forecast some dates, some at a time, shape (k,)."""
        new = np.array([date for date in dates if date not in self.made], "datetime64[D]")
        for first in range(0, len(new), AT_ONCE):
            some = new[first : first + AT_ONCE]
            raw = self.model.predict(window_for(self.recipe, self.events, some), batch_size=64, verbose=0)
            self.made.update(zip(some, self.calibrated(raw[:, 0]), strict=True))
        return np.array([self.made[date] for date in dates])


def forecast_parts(
    recipe: CatalogRecipe, events: pd.DataFrame, samples: Samples, learned: Any, references: dict[str, Reference]
) -> pd.DataFrame:
    """Forecast every sample of the validation and the test part, model and references side by side.

    The test part is read here, once, after everything else is fixed.

    Returns
    -------
    pandas.DataFrame
        part, target_date, observed, probability, one column for each reference, and `uncalibrated`: the network's
        probability before its calibration. Of forecasts that are held at their level also `calibrated`: before that.
    """
    leveled = _leveled(recipe, samples, learned) if learned.level else None
    pieces = []
    for part in FORECAST_PARTS:
        indices = samples.parts[part]
        dates = samples.dates[indices]
        beside = {name: reference.probabilities(events, dates) for name, reference in references.items()}
        if leveled is None:
            uncalibrated = learned.uncalibrated(samples, indices, recipe.model.batch_size)
            said = {"probability": learned.calibrator(uncalibrated), **beside, "uncalibrated": uncalibrated}
        else:
            own = {name: values[indices] for name, values in leveled.items()}
            said = {"probability": own.pop("probability"), **beside, **own}
        columns = {"part": part, "target_date": dates.astype("datetime64[s]"), "observed": samples.target[indices]}
        pieces.append(pd.DataFrame({**columns, **said}))
    return pd.concat(pieces, ignore_index=True)


def _leveled(recipe: CatalogRecipe, samples: Samples, learned: Any) -> dict[str, np.ndarray]:
    """Chances of all samples, shape (n,), at their level and before; NaN before the validation part.

    The days between the parts are forecast too: what came on them says what the level is.
    """
    first, last = samples.parts[FORECAST_PARTS[0]][0], samples.parts[FORECAST_PARTS[-1]][-1]
    days = np.arange(first, last + 1)
    raw = learned.uncalibrated(samples, days, recipe.model.batch_size)
    stated = learned.calibrator(raw)
    factor = learned.level.of_days(samples.target[days], stated, days - first, recipe.target.horizon_days)
    found = {"probability": at_level(stated, factor), "uncalibrated": raw, "calibrated": stated}
    whole = {name: np.full(len(samples), np.nan) for name in found}
    for name, values in found.items():
        whole[name][days] = values
    return whole


def predict(
    recipe: CatalogRecipe,
    run: Run,
    load: Callable[[], pd.DataFrame],
    *,
    dates: Sequence[Any] = (),
    inputs: Sequence[Path] = (),
) -> list[dict[str, Any]]:
    """Forecast the dates asked for, tomorrow where none is; see `mleq.experiment.family.Family`.

    Raises
    ------
    RequestError
        If a date lies too far ahead, or files are given where dates are expected.
    """
    if inputs:
        raise RequestError(
            f"recipe '{recipe.id}' forecasts dates, not files (--input {inputs[0]})",
            remedy="ask for a date: --target_date 2015-06-01; events come from --catalog or the store",
        )
    events = load()
    return forecast(recipe, events, run, target_dates(recipe, events, dates))


def forecast(
    recipe: CatalogRecipe, events: pd.DataFrame, run: Run, dates: Sequence[np.datetime64]
) -> list[dict[str, Any]]:
    """Forecast some target dates with a run's network, calibration and references.

    Parameters
    ----------
    recipe : CatalogRecipe
        The run's own.
    events : pandas.DataFrame
    run : Run
    dates : sequence of datetime64[D]
        Target dates.

    Returns
    -------
    list of dict
        Entries for predictions.json, in the order of `dates`.
    """
    chances = _Chances(recipe, events, load_model(run), Calibrator.from_dict(run.calibration))
    references = restore_references(recipe, run.calibration["references"])
    dates, kept = np.asarray(dates, "datetime64[D]"), run.calibration.get("level")
    entries = []
    with progress.task("forecasting", total=len(dates), unit="days") as shown:
        level = Level(**kept).before(recipe, events, dates, chances) if kept else None
        for first in range(0, len(dates), AT_ONCE):
            some = dates[first : first + AT_ONCE]
            probability = chances(some)
            if level is not None:
                probability = at_level(probability, level["factor"].to_numpy()[first : first + AT_ONCE])
            beside = {name: ref.probabilities(events, some) for name, ref in references.items()}
            for i, date in enumerate(some):
                references_here = {name: float(values[i]) for name, values in beside.items()}
                answer = statement(recipe, events, date, float(probability[i]), references_here)
                if level is not None:
                    answer["level"] = level_said(level.iloc[first + i])
                asked = {"target_date": str(date)}
                entries.append(entry(recipe, run, asked, {**answer, "part": part_of(run, date)}))
            shown.advance(len(some))
    return entries
