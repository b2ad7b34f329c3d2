"""ETAS for the whole Earth: chances of a strong earthquake in every cell of a grid, region by region.

The Earth is cut into regions of about ten degrees. Each has the model that `mleq.forecast.regional` finds for its
middle, fitted to events around it where there are enough and else generic; it is conditioned on what happened there
before the issue time, continued many times, and every event falls into the cell in which it happens. Regions know
nothing of each other beyond the margin from which events trigger into them: rates may step from one to the next.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq.catalog.events import coverage, fingerprint
from mleq.errors import DataError, RequestError
from mleq.etas.chances import chances
from mleq.etas.dated import days_since, history_of
from mleq.forecast.checks import check_columns
from mleq.forecast.odds import LONGEST_DAYS, LONGEST_GAP, NO_WARNING, SEED, SHORTEST_DAYS, Place, issue_of
from mleq.forecast.regional import KM_PER_DEG, NARROWEST_KM, regional_model

REGION_DEGREES = 10.0
STEPS = (0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0)
MOST_EVENTS = 1000
"""Of a regional fit; where there are more, the smallest are left out, which a map of strong ones does not miss."""
NEEDED = ("id", "origin_time", "latitude", "longitude", "depth_km", "magnitude")
NUMBERS = ("probability", "low", "high", "expected")
VERSION = 1


@dataclass(frozen=True)
class Question:
    """What is asked of every cell.

    Attributes
    ----------
    magnitude, days : float
    step : float
        Side of a cell, degrees.
    issue_time, known_until, fit_date : str
        ISO, UTC: when the forecast is made, where the catalogue ends, and before when parameters are fitted.
    allow_incomplete : bool
        Answer below the completeness magnitude too.
    """

    magnitude: float
    days: float
    step: float
    issue_time: str
    known_until: str
    fit_date: str
    allow_incomplete: bool = False


@dataclass(frozen=True)
class Region:
    """A piece of the Earth with the cells whose middles lie in it.

    Attributes
    ----------
    row, column : int
    latitude, longitude : float
        Its middle.
    cells : tuple of int
        Numbers of its cells, row by row from the south-west corner of the map.
    """

    row: int
    column: int
    latitude: float
    longitude: float
    cells: tuple[int, ...]


def ask(
    events: pd.DataFrame, magnitude: float, days: float, step: float, issue_time: Any = None, *,
    allow_incomplete: bool = False, now: pd.Timestamp | None = None,
) -> tuple[Question, list[str]]:  # fmt: skip
    """Check a question, and say what there is to be cautious about.

    Raises
    ------
    mleq.errors.RequestError
        If a number or the issue time is out of range.
    """
    if not (math.isfinite(days) and SHORTEST_DAYS * 0.999 <= days <= LONGEST_DAYS):
        raise RequestError(f"days {days!r}", expected="a number from 1/1440 (a minute) to 366 (a year)")
    if step not in STEPS:
        raise RequestError(f"--step {step:g}", expected=f"one of {', '.join(f'{one:g}' for one in STEPS)} degrees")
    Place(0.0, 0.0, 100.0, magnitude)
    check_columns(events)
    start, end = coverage(events)
    cautions: list[str] = []
    issue = issue_of(issue_time, start, end, now if now is not None else pd.Timestamp.now("UTC"), cautions)
    known = min(end, issue)
    fit_date = min(issue.normalize().replace(day=1), known)
    texts = (one.isoformat() for one in (issue, known, fit_date))
    return Question(float(magnitude), float(days), float(step), *texts, allow_incomplete), cautions


def regions(step: float) -> list[Region]:
    """Cut the Earth into regions of about the same size; every cell belongs to one."""
    latitude, longitude = middles(step)
    row = np.minimum(((latitude + 90) // REGION_DEGREES).astype(int), int(180 / REGION_DEGREES) - 1)
    middle = -90 + (row + 0.5) * REGION_DEGREES
    across = np.maximum(np.rint(360 / REGION_DEGREES * np.cos(np.radians(middle))), 1)
    column = ((longitude + 180) * across // 360).astype(int)
    found = []
    for number in np.unique(row * 1000 + column):
        inside = np.flatnonzero(row * 1000 + column == number)
        one = inside[0]
        centre = -180 + (column[one] + 0.5) * 360 / across[one]
        found.append(Region(int(row[one]), int(column[one]), float(middle[one]), float(centre), tuple(inside.tolist())))
    return found


def middles(step: float) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude of the middles of all cells, row by row from the south-west; shape (n_cells,)."""
    latitude, longitude = np.meshgrid(
        np.arange(-90 + step / 2, 90, step), np.arange(-180 + step / 2, 180, step), indexing="ij"
    )
    return latitude.ravel(), longitude.ravel()


def needed(events: pd.DataFrame, question: Question) -> pd.DataFrame:
    """The columns and events that regions look at, without attributes: what is sent to every worker."""
    before = events["origin_time"] < pd.Timestamp(question.known_until)
    part = pd.DataFrame(events.loc[before, list(NEEDED)])
    part.attrs = {}
    return part.reset_index(drop=True)


def digest(events: pd.DataFrame, question: Question) -> str:
    """Hash of all that decides a map."""
    asked = json.dumps([VERSION, asdict(question)], sort_keys=True)
    return hashlib.sha256((asked + fingerprint(events)).encode()).hexdigest()


def forecast_region(region: Region, question: Question, folder: Path | None, events: pd.DataFrame) -> dict[str, Any]:
    """Forecast the cells of a region: a unit of work.

    Returns
    -------
    dict
        JSON values: cells (their numbers), probability, low, high, expected (lists), and model: source, name, m0,
        b_value, magnitude_max, completeness_magnitude, events; or cells and reason, where there is no answer.
    """
    reach = (REGION_DEGREES + question.step) / 2 * KM_PER_DEG
    place = Place(
        region.latitude, region.longitude, max(reach, NARROWEST_KM) / 1.5 * 1.05, question.magnitude,
        question.allow_incomplete,
    )  # fmt: skip
    try:
        found = regional_model(events, place, pd.Timestamp(question.fit_date), folder, most=MOST_EVENTS)
    except (DataError, RequestError) as error:
        return {"cells": list(region.cells), "reason": error.found}
    epoch = pd.Timestamp(found.about["start"])
    known, issue = (days_since(epoch, pd.Timestamp(one)) for one in (question.known_until, question.issue_time))
    history = history_of(found.history(events, pd.Timestamp(question.known_until)), epoch)
    rows, columns = round(180 / question.step), round(360 / question.step)
    place_of = np.full(rows * columns, -1)
    place_of[list(region.cells)] = np.arange(len(region.cells))

    def cell_of(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
        row = np.clip((latitude + 90) // question.step, 0, rows - 1).astype(int)
        column = (np.mod(longitude + 180, 360) // question.step).astype(int) % columns
        return place_of[row * columns + column]

    try:
        answer = chances(
            found.model, history, cell_of, len(region.cells), issue, question.days, question.magnitude,
            seed=[SEED, region.row, region.column], known_until=max(known, issue - LONGEST_GAP / pd.Timedelta(days=1)),
            log_covariance=found.log_covariance,
        )  # fmt: skip
    except RequestError as error:  # sequences that never end
        return {"cells": list(region.cells), "reason": error.found}
    model = {
        "source": found.about["source"], "name": found.about["name"], "events": found.about["events"],
        "m0": found.model.parameters.m0, "b_value": found.model.b_value, "magnitude_max": found.model.magnitude_max,
        "completeness_magnitude": found.about["completeness"]["completeness_magnitude"],
        "below_completeness": found.about["below_completeness"],
    }  # fmt: skip
    return {"cells": list(region.cells), **{name: answer[name].tolist() for name in NUMBERS}, "model": model}


def table_of(question: Question, answers: list[dict[str, Any]]) -> pd.DataFrame:
    """Put the answers of all regions together.

    Returns
    -------
    pandas.DataFrame
        A row for each cell, from the south-west: latitude and longitude of its middle, probability, low, high,
        expected (NaN where there is no answer), source, m0, b_value, magnitude_max, completeness_magnitude,
        below_completeness, reason.
    """
    latitude, longitude = middles(question.step)
    table = pd.DataFrame({"latitude": latitude, "longitude": longitude})
    numbers = np.full((len(NUMBERS), len(table)), np.nan)
    kept = ("source", "m0", "b_value", "magnitude_max", "completeness_magnitude", "below_completeness")
    said = {name: np.full(len(table), None, dtype=object) for name in (*kept, "reason")}
    for answer in answers:
        cells = answer["cells"]
        if "reason" in answer:
            said["reason"][cells] = answer["reason"]
            continue
        numbers[:, cells] = [answer[name] for name in NUMBERS]
        for name in kept:
            said[name][cells] = answer["model"][name]
    table = table.assign(**dict(zip(NUMBERS, numbers, strict=True)))
    for name in ("m0", "b_value", "magnitude_max", "completeness_magnitude"):
        table[name] = said.pop(name).astype(float)
    table["below_completeness"] = pd.array(said.pop("below_completeness"), dtype="boolean")
    return table.assign(**said)


def summary_of(question: Question, table: pd.DataFrame, events: pd.DataFrame, cautions: list[str]) -> dict[str, Any]:
    """What is said of a map, as JSON values."""
    issue = pd.Timestamp(question.issue_time)
    answered = table["probability"].notna()
    return {
        "question": asdict(question) | {"end_time": (issue + pd.Timedelta(days=question.days)).isoformat()},
        "cells": len(table),
        "answered": int(answered.sum()),
        "expected_number": float(table["expected"].sum()),
        "cells_by_model": {str(k): int(v) for k, v in table.loc[answered, "source"].value_counts().items()},
        "reasons": {str(k): int(v) for k, v in table.loc[~answered, "reason"].value_counts().items()},
        "largest": json.loads(
            table.nlargest(20, "probability")[["latitude", "longitude", *NUMBERS]].to_json(orient="records")
        ),
        "catalog": {
            "events": len(events),
            "end": coverage(events)[1].isoformat(),
            "source": events.attrs.get("source", "a table"),
        },
        "cautions": cautions,
        "no_warning": NO_WARNING,
    }


def csep_of(question: Question, table: pd.DataFrame):
    """The map as CSEP's forecast in cells and magnitude bins, each cell's by its own model's law of magnitudes."""
    from mleq.forecast.export_csep import CellForecast

    answered = table[table["probability"].notna()]
    edges = np.round(np.arange(question.magnitude, answered["magnitude_max"].min() - 1e-6, 0.1), 6)
    beta = answered["b_value"].to_numpy()[:, None] * math.log(10)
    beyond = np.exp(-beta * (answered["magnitude_max"].to_numpy()[:, None] - question.magnitude))
    above = (np.exp(-beta * (edges - question.magnitude)) - beyond) / (1 - beyond)
    shares = -np.diff(np.column_stack([above, np.zeros(len(answered))]), axis=1)
    south, west = (np.round(answered[axis].to_numpy() - question.step / 2, 9) for axis in ("latitude", "longitude"))
    issue = pd.Timestamp(question.issue_time)
    return CellForecast(
        west, south, question.step, edges, answered["expected"].to_numpy()[:, None] * shares,
        issue, issue + pd.Timedelta(days=question.days), "mleq_etas_world",
    )  # fmt: skip
