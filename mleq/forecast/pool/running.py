"""A pool in the corridor of every recipe: learning, forecasts of the parts, and of any date and place afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic
from mleq.catalog.events import coverage
from mleq.errors import RequestError
from mleq.experiment.predictions import entry, part_of
from mleq.experiment.run import Run
from mleq.experiment.table import with_interval
from mleq.forecast.dates import target_dates
from mleq.forecast.pool import learning
from mleq.forecast.pool.circles import Circles
from mleq.forecast.pool.forecaster import Answers, answer, inputs_of, reasons
from mleq.forecast.pool.inputs import INPUTS
from mleq.forecast.pool.learning import PooledModel
from mleq.forecast.pool.level import LEVEL
from mleq.forecast.pool.maps import REASONS
from mleq.forecast.pool.material import prepare
from mleq.forecast.pool.scoring import by_circle, evaluate_pool
from mleq.forecast.pool.world import World
from mleq.forecast.recipe import CatalogRecipe
from mleq.forecast.references import restore_references
from mleq.forecast.statement import statement

OF_THE_POOL = {name: f"pool_{name}" for name in ("etas", "etas_frozen", "etas_recalibrated", "etas_leveled")}
"""References of the pool that stand beside the target's own, and what they are called there."""


def learner(recipe: CatalogRecipe) -> Callable[..., PooledModel]:
    """Return what learns the recipe's model; see `mleq.experiment.family.Learner`."""

    def learn(samples: Any, events: pd.DataFrame, *, work: Path, key: str) -> PooledModel:
        return learning.learn(recipe, prepare(recipe, events, samples), work=work, key=key)

    return learn


def forecasts(
    recipe: CatalogRecipe, events: pd.DataFrame, samples: Any, learned: PooledModel, references: dict[str, Any]
) -> pd.DataFrame:
    """Forecast validation and test part: of the target's circle here, of all circles in pool_forecasts.parquet.

    The test part is read here, once, after everything else is fixed. What the forecasts of all circles were worth
    stands in `attrs["pool"]`.
    """
    material = learned.material
    world, found = World.of(recipe, learned, events), []
    for part in ("validation", "test"):
        answers = answer(learned, world, material.parts[part], material.parts["train"])
        beside = {name: one.probabilities(events, answers.dates) for name, one in references.items()}
        beside |= {name: answers.references[ours][:, 0] for ours, name in OF_THE_POOL.items()}
        columns = {
            "part": part,
            "target_date": answers.dates.astype("datetime64[s]"),
            "observed": samples.target[samples.parts[part]],
            "probability": answers.probability[:, 0],
        }
        found.append(pd.DataFrame({**columns, **beside}))
    learned.tables["pool_forecasts.parquet"] = small(answers.table())
    learned.tables["pool_circles.parquet"] = by_circle(answers)
    table = pd.concat(found, ignore_index=True)
    table.attrs["pool"] = evaluate_pool(answers, horizon_days=recipe.target.horizon_days, seed=recipe.seed)
    return table


def small(table: pd.DataFrame) -> pd.DataFrame:
    """The same with chances in single precision, which is far finer than any forecast."""
    chances = table.select_dtypes("float64").columns.difference(["latitude", "longitude"])
    return table.astype(dict.fromkeys(chances, np.float32))


def predict(
    recipe: CatalogRecipe, run: Run, load: Callable[[], pd.DataFrame], dates: Sequence[Any]
) -> list[dict[str, Any]]:
    """Forecast the target's circle on some dates; see `mleq.experiment.family.Family`.

    Each entry says beside the references which inputs moved the forecast away from ETAS most (`moved_by`).
    """
    events = load()
    asked = target_dates(recipe, events, dates)
    model, world, world_days = _ready(recipe, run, events, asked)
    references = restore_references(recipe, run.calibration["references"])
    beside = {name: one.probabilities(events, asked) for name, one in references.items()}
    own = world.only(np.array([0]))
    answers = answer(model, own, world_days, _training(world, run))
    rows = ((asked - world.pool.first_day).astype(int)) - world_days.start
    maps = own.maps(model, np.zeros(len(rows), int), world_days.start + rows)
    level = (answers.level[rows], answers.probability[rows, 0]) if model.level_days else None
    names = [*(REASONS if maps is not None else INPUTS), *LEVEL]
    moved = reasons(model, inputs_of(own, world_days)[0][rows], asked, names, maps, level=level)
    entries = []
    for number, (date, row) in enumerate(zip(asked, rows, strict=True)):
        here = {name: float(values[number]) for name, values in beside.items()}
        here |= {name: float(answers.references[ours][row, 0]) for ours, name in OF_THE_POOL.items()}
        said = statement(recipe, events, date, float(answers.probability[row, 0]), here)
        told = [one | {"what": (REASONS | LEVEL)[one["name"]]} for one in moved[number]]
        extra = {"etas": here["pool_etas"], "moved_by": told, "part": part_of(run, date)}
        entries.append(entry(recipe, run, {"target_date": str(date)}, {**said, **extra}))
    return entries


def predict_pool(
    recipe: CatalogRecipe,
    run: Run,
    load: Callable[[], pd.DataFrame],
    *,
    dates: Sequence[Any],
    places: Sequence[tuple[float, float]] = (),
    file: Path,
) -> dict[str, Any]:
    """Forecast all circles of a pool, or others, on a range of dates, into a Parquet file.

    Parameters
    ----------
    recipe : CatalogRecipe
        The run's own.
    run : Run
    load : callable
        Gives the events.
    dates : sequence of datetime.date
        The first and the last count, and all between; none means tomorrow, as for the target.
    places : sequence of (latitude, longitude), optional
        Centres of other circles, of the pool's radius.
    file : pathlib.Path
        What is written: circle, latitude, longitude, target_date, observed (null where it is not yet known),
        probability, etas, climatology, and the other references.

    Returns
    -------
    dict
        JSON values: file, rows, circles, first, last, and, where some days are decided, `expected` and `observed`.

    Raises
    ------
    RequestError
        If the recipe has no pool, a place is not on Earth, or a date lies before ETAS's first fit or too far ahead.
    """
    if recipe.pool is None:
        raise RequestError(
            f"recipe '{recipe.id}' has no pool of circles", expected="one that has", remedy="try --recipe_id world_best"
        )
    events = load()
    asked = np.sort(target_dates(recipe, events, dates))
    model, world, days = _ready(recipe, run, events, asked)
    training = _training(world, run)
    if places:
        for latitude, longitude in places:
            if not (-90 <= latitude <= 90 and -180 <= longitude <= 360):
                raise RequestError(f"--circle {latitude:g},{longitude:g} is not a place", expected="latitude,longitude")
        centre = np.array(places, float)
        circles = Circles(centre[:, 0], (centre[:, 1] + 180) % 360 - 180, model.circles.radius_km)
        world = world.elsewhere(circles)
    answers = answer(model, world, days, training)
    with atomic.beside(file) as beside:
        small(answers.table()).to_parquet(beside, index=False)
    return _about(answers, file)


def _ready(recipe, run: Run, events: pd.DataFrame, asked: np.ndarray) -> tuple[PooledModel, World, slice]:
    """The run's model, its world until the last date asked for, and the days from the first to the last."""
    model = PooledModel.loaded(run.folder)
    first, last = asked.min(), asked.max()
    earliest = model.fits[0].made
    if first < earliest:
        raise RequestError(
            f"the target date {first} lies before the first fit of ETAS, which is of {earliest}",
            expected=f"a date from {earliest} on",
        )
    start = coverage(events)[0]
    began = pd.Timestamp(run.summary["catalog"]["start"])
    if start > began + pd.Timedelta(days=31):
        raise RequestError(
            f"the catalogue begins on {start:%Y-%m-%d}, the run's on {began:%Y-%m-%d}",
            expected="all of the past that the forecasts were learnt with",
            remedy="give the run's catalogue as well: --catalog is repeatable",
        )
    world = World.of(recipe, model, events, last)
    return model, world, slice(world.pool.day(first), world.pool.day(last) + 1)


def _training(world: World, run: Run) -> slice:
    part = run.summary["split"]["train"]
    return slice(world.pool.day(part["start"]), world.pool.day(part["end"]) + 1)


def _about(answers: Answers, file: Path) -> dict[str, Any]:
    n_days, n_circles = answers.probability.shape
    known = answers.decided
    found = {
        "file": str(file),
        "rows": n_days * n_circles,
        "circles": n_circles,
        "first": str(answers.dates[0]),
        "last": str(answers.dates[-1]),
    }
    if known.any():
        found["expected"] = float(answers.probability[known].sum())
        found["observed"] = int(answers.came[known].sum())
    return found


def answer_lines(entries: Sequence[dict[str, Any]]) -> list[str]:
    """Say of each forecast what ETAS gives, and what moved it away from there."""
    lines = []
    for one in entries:
        if not one.get("moved_by"):
            continue
        moved = "; ".join(f"{cause['name']} ({cause['moved_log_odds']:+.2f})" for cause in one["moved_by"])
        lines.append(f"{one['recipe_id']} {one['target_date']}: ETAS {one['etas']:.2%}; moved in log-odds by {moved}")
    return lines


def summary_lines(pool: dict[str, Any]) -> list[str]:
    """Say what the forecasts of all circles were worth."""
    gains, ten = pool["gain"], pool["stated_ten_percent"]
    lines = [
        f"pool     {pool['circles']} circles, {pool['days']:,} days, {pool['event_days']:,} circle-days with an event"
    ]
    for name, words in (("etas", "ETAS, refitted each year"), ("climatology", "the long-term rate")):
        gain = with_interval(gains[name]["nats_per_event_day"], signed=True)
        lines.append(f"         over {words}: {gain} nats per event-day")
    if ten["circle_days"]:
        lines.append(
            f"         a stated {ten['mean_forecast']:.0%} (8 to 12.5 %) came true {ten['came_true']:.1%} of "
            f"{ten['circle_days']:,} times"
        )
    return lines
