"""Forecasts of the family `catalog`: of the parts of a run when it is made, of any date afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import progress
from mleq.errors import RequestError
from mleq.experiment.calibration import Calibrator
from mleq.experiment.predictions import entry, load_model, part_of
from mleq.experiment.run import Run
from mleq.forecast.dates import target_dates
from mleq.forecast.recipe import CatalogRecipe
from mleq.forecast.references import Reference, restore_references
from mleq.forecast.samples import Samples, window_for
from mleq.forecast.statement import statement

FORECAST_PARTS = ("validation", "test")
"""The parts whose forecasts a run keeps."""

AT_ONCE = 256
"""Target dates whose inputs are in memory together."""


def forecast_parts(
    recipe: CatalogRecipe, events: pd.DataFrame, samples: Samples, learned: Any, references: dict[str, Reference]
) -> pd.DataFrame:
    """Forecast every sample of the validation and the test part, model and references side by side.

    The test part is read here, once, after everything else is fixed.

    Returns
    -------
    pandas.DataFrame
        part, target_date, observed, probability, one column for each reference, and `uncalibrated`: the network's
        probability before its calibration.
    """
    pieces = []
    for part in FORECAST_PARTS:
        indices = samples.parts[part]
        dates = samples.dates[indices]
        beside = {name: reference.probabilities(events, dates) for name, reference in references.items()}
        uncalibrated = learned.uncalibrated(samples, indices, recipe.model.batch_size)
        columns = {
            "part": part,
            "target_date": dates.astype("datetime64[s]"),
            "observed": samples.target[indices],
            "probability": learned.calibrator(uncalibrated),
        }
        pieces.append(pd.DataFrame({**columns, **beside, "uncalibrated": uncalibrated}))
    return pd.concat(pieces, ignore_index=True)


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
    model = load_model(run)
    calibrated = Calibrator.from_dict(run.calibration)
    references = restore_references(recipe, run.calibration["references"])
    entries = []
    with progress.task("forecasting", total=len(dates), unit="days") as shown:
        for first in range(0, len(dates), AT_ONCE):
            some = np.asarray(dates[first : first + AT_ONCE], "datetime64[D]")
            raw = model.predict(window_for(recipe, events, some), batch_size=64, verbose=0)
            probability = calibrated(raw[:, 0])
            beside = {name: ref.probabilities(events, some) for name, ref in references.items()}
            for i, date in enumerate(some):
                references_here = {name: float(values[i]) for name, values in beside.items()}
                answer = statement(recipe, events, date, float(probability[i]), references_here)
                asked = {"target_date": str(date)}
                entries.append(entry(recipe, run, asked, {**answer, "part": part_of(run, date)}))
            shown.advance(len(some))
    return entries
