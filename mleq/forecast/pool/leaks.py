"""The leak detector of pools: does an input, ETAS, a map or a forecast of any circle depend on what comes later?

As in `mleq.forecast.leaks`, every probe alters a catalogue where nothing may change, and looks; none reads the code
that it tries. What is tried is the recipe's own pool and model, with few circles and little training: what leaks in
four hundred circles leaks in twelve. The target's own references are tried as those of any recipe.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq.forecast import leaks
from mleq.forecast.altered import ALTERATIONS, Found, marked, result
from mleq.forecast.days import issue_time
from mleq.forecast.outcomes import fit_date, outcomes
from mleq.forecast.planted import CHANCE, MARKED_DAYS, correlation
from mleq.forecast.pool import learning
from mleq.forecast.pool.convolved import frame_of
from mleq.forecast.pool.forecaster import answer
from mleq.forecast.pool.inputs import pooled_inputs
from mleq.forecast.pool.learning import PooledModel
from mleq.forecast.pool.maps import Atlas
from mleq.forecast.pool.material import Material, circles_of, pool_of, prepare
from mleq.forecast.pool.walk import Fit, offsets, schedule, walk_forward
from mleq.forecast.pool.world import World
from mleq.forecast.references import fit_references

CIRCLES, TREES = 12, 20
LOOKED_AT_DAYS = 6
"""Days up to an issue time that are compared."""
INPUT_TIMES = 3
"""Issue times in each part at which inputs are made again."""
CLOSE = 1e-5


@dataclass(frozen=True, eq=False)
class Case:
    """What is tried: a recipe of few circles, its catalogue, what was made of it, and the model that was learnt.

    Attributes
    ----------
    recipe : CatalogRecipe
    events : DataFrame
    samples : Outcomes
    material : Material
    model : PooledModel
    work : pathlib.Path
        For trainings.
    """

    recipe: Any
    events: pd.DataFrame
    samples: Any
    material: Material
    model: PooledModel
    work: Path

    def issue(self, day: int) -> pd.Timestamp:
        """When the forecasts of a day of the pool are made."""
        return issue_time(self.material.pool.dates[day], self.recipe.target.timezone)

    def fits(self, day: int) -> list[Fit]:
        """Those that were made on or before a day."""
        return [fit for fit in self.material.fits if fit.made <= self.material.pool.dates[day]]


def find_leaks(
    recipe, events: pd.DataFrame, *, fit: Callable = fit_references, issue_times: int = leaks.ISSUE_TIMES
) -> list[Found]:
    """Try a recipe with a pool on its own data for leaks.

    Parameters
    ----------
    recipe : CatalogRecipe
        With a pool.
    events : DataFrame
    fit, issue_times
        As for `mleq.forecast.leaks.find_leaks`, for the target's own references.

    Returns
    -------
    list of dict
        As of `mleq.forecast.leaks.find_leaks`.
    """
    own, sampled = leaks.case_of(recipe, events, outcomes, fit, issue_times)
    with tempfile.TemporaryDirectory() as work:
        case = case_of(recipe, events, Path(work))
        return leaks.probed(
            [
                lambda: circles_and_fits(case),
                lambda: inputs_of_a_day(case, _issue_days(case)),
                lambda: forecasts_of_a_day(case),
                lambda: planted_signal(case),
                lambda: leaks.what_is_fitted(own),
                lambda: leaks.references_of_a_date(own, sampled),
                lambda: leaks.parts_apart(own),
                lambda: the_detector_itself(case),
            ]
        )


def case_of(recipe, events: pd.DataFrame, work: Path) -> Case:
    """Prepare and learn a recipe with few of its circles and little training; nothing is kept in the store."""
    small = recipe.model_copy(
        update={
            "pool": recipe.pool.model_copy(update={"circles": min(CIRCLES, recipe.pool.circles)}),
            "model": _brief(recipe.model),
        }
    )
    events = events.copy(deep=False)
    events.attrs = {key: value for key, value in events.attrs.items() if key != "kept_in"}
    samples = outcomes(small, events)
    material = prepare(small, events, samples)
    return Case(small, events, samples, material, _learnt(small, material, work / "as it is"), work)


def _brief(model: Any) -> Any:
    """The same model, trained little."""
    if hasattr(model, "boosting"):
        members = {name: _brief(getattr(model, name)) for name in ("boosting", "network")}
        return model.model_copy(update={"epochs": min(TREES, model.epochs), **members})
    return model.model_copy(update={"epochs": min(TREES if hasattr(model, "depth") else 1, model.epochs)})


def _learnt(recipe, material: Material, work: Path) -> PooledModel:
    return learning.learn(recipe, material, work=work, key="leaks")


def circles_and_fits(case: Case) -> Found:
    """Alter what follows the end of training: the circles, and ETAS as it was fitted by then, must stay."""
    found, until = [], case.material.fitted
    for turn, (how, alter) in enumerate(ALTERATIONS.items()):
        events = alter(case.events, fit_date(case.recipe, case.samples), turn)
        circles, ours = circles_of(case.recipe, events, fit_date(case.recipe, case.samples)), case.material.pool.circles
        same = np.array_equal(circles.latitude, ours.latitude) and np.array_equal(circles.longitude, ours.longitude)
        if not same:
            found.append(f"other circles are drawn when events after the training part are {how}")
            continue
        pairs = zip(case.fits(until), _walked(case, events, until), strict=True)
        found += [f"ETAS of {one.made} is another when events after the training part are {how}"
                  for one, again in pairs if not _same_fit(one, again)]  # fmt: skip
    asked = (
        "events after the training part permuted, shifted or deleted: circles and fits of ETAS by then stay the same"
    )
    return result("circles and fits", asked, len(ALTERATIONS), found)


def _same_fit(one: Fit, other: Fit) -> bool:
    return one.shape == other.shape and all(
        np.allclose(getattr(one, name), getattr(other, name), rtol=CLOSE) for name in ("background", "productivity")
    )


def _walked(case: Case, events: pd.DataFrame, last: int) -> list[Fit]:
    """ETAS fitted anew on a catalogue, on the schedule, up to a day."""
    pool = pool_of(case.recipe, events, case.material.pool.circles)
    return walk_forward(pool, schedule(pool, pool.dates[case.material.fitted], pool.dates[last]))


def seen(case: Case, events: pd.DataFrame, fits: list[Fit], days: slice) -> dict[str, np.ndarray]:
    """All that a model is given of some days of all circles, made of a catalogue; the first axis is the days'."""
    pool = pool_of(case.recipe, events, case.material.pool.circles)
    known = offsets(pool, fits, slice(pool.day(fits[0].made), days.stop))
    found = {
        "inputs": np.moveaxis(pooled_inputs(pool, known, days), 0, 1).astype(float),
        "ETAS's log-odds": known.log_odds[days.start - known.days.start :].astype(float),
    }
    if hasattr(case.recipe.model, "ages_days"):
        circle, day = np.indices((len(pool.circles), days.stop - days.start))
        maps = Atlas.of(pool, fits, frame_of(case.recipe.model)).rows(circle.T.ravel(), days.start + day.T.ravel())
        found["maps"] = maps.made().reshape(days.stop - days.start, len(pool.circles), -1).astype(float)
    return found


def inputs_of_a_day(case: Case, days: list[int], late: int = 0) -> Found:
    """Alter the future of a day: what is seen of all circles on it and on the days before must stay.

    Parameters
    ----------
    case : Case
    days : list of int
        Of the pool.
    late : int, optional
        Days by which what is seen is taken too late: what the detector must find.
    """
    found = []
    for turn, day in enumerate(days):
        how = list(ALTERATIONS)[turn % len(ALTERATIONS)]
        events = ALTERATIONS[how](case.events, case.issue(day), turn)
        looked = slice(day - LOOKED_AT_DAYS + 1 + late, day + 1 + late)
        before = seen(case, case.events, case.fits(day), looked)
        after = seen(case, events, _walked(case, events, day), looked)
        found += _changed(case, before, after, day, how)
    asked = (
        "events at or after an issue time permuted, shifted or deleted and ETAS fitted anew: inputs, maps and ETAS's "
    )
    return result("pooled inputs", asked + "forecasts of all circles up to that day stay the same", len(days), found)


def _changed(case: Case, before: Mapping, after: Mapping, day: int, how: str) -> Iterator[str]:
    for name, values in before.items():
        if not np.allclose(values, after[name], rtol=CLOSE, atol=CLOSE):
            date = case.material.pool.dates[day]
            yield f"{name} up to {date} become others when events from its issue time on are {how}"


def _issue_days(case: Case) -> list[int]:
    """Days in all parts, drawn by the seed, none in the first years of ETAS."""
    rng, first = np.random.default_rng(case.recipe.seed), case.material.pool.day(case.material.fits[0].made)
    spans = [(max(days.start, first + 100), days.stop - 2) for days in case.material.parts.values()]
    return [int(day) for low, high in spans for day in rng.integers(low, high, INPUT_TIMES)]


def forecasts_of_a_day(case: Case) -> Found:
    """Alter the future of days of the test part: everything is prepared and learnt anew, and must say what it said."""
    test, found = case.material.parts["test"], []
    days = [test.start, (test.start + test.stop) // 2, test.stop - 2]
    for turn, (day, (how, alter)) in enumerate(zip(days, ALTERATIONS.items(), strict=True)):
        events = alter(case.events, case.issue(day), turn)
        material = prepare(case.recipe, events, case.samples)
        rows, again = (one.rows.before(day, one.pool.horizon) for one in (case.material, material))
        if len(rows) != len(again) or not all(
            np.array_equal(getattr(rows, name), getattr(again, name)) for name in rows.__dataclass_fields__
        ):
            found.append(f"days to learn from before {material.pool.dates[day]} are others when later events are {how}")
        learnt = _learnt(case.recipe, material, case.work / how)
        said = _said(case, case.model, case.events, day)
        found += _changed(case, said, _said(case, learnt, events, day), day, how)
        found += _changed(case, said, _said(case, _as_kept(case.model, day), events, day), day, how)
    asked = (
        "the same, and the model learnt anew or read as it was kept: forecasts of all circles and of every reference "
    )
    return result("pooled forecasts", asked + "of the pool up to that day stay the same", 2 * len(days), found)


def _as_kept(model: PooledModel, day: int) -> PooledModel:
    """The model as a run's folder gives it back: with its fits, without what it was learnt from."""
    made = [fit for fit in model.fits if fit.made <= model.material.pool.dates[day]]
    return replace(model, fits=made, material=None)


def _said(case: Case, model: PooledModel, events: pd.DataFrame, day: int) -> dict[str, np.ndarray]:
    days = slice(day - LOOKED_AT_DAYS + 1, day + 1)
    world = World.of(case.recipe, model, events)
    told = answer(model, world, days, case.material.parts["train"])
    return {"forecasts of the model": told.probability} | {
        f"forecasts of {name}": values for name, values in told.references.items()
    }


def planted_signal(case: Case, late: int = 0) -> Found:
    """Mark days by the toss of a coin: nothing seen of the target's circle may tell heads from tails."""
    parts = case.material.parts
    days = slice(max(parts["test"].stop - 1 - MARKED_DAYS, parts["validation"].start), parts["test"].stop - 1)
    pool, n_days = case.material.pool, days.stop - days.start
    coins = np.random.default_rng(case.recipe.seed).random(n_days) < 0.5
    events = marked(case.recipe, case.events, pool.dates[days], coins)
    looked, fits = slice(days.start + late, days.stop + late), case.fits(days.start)
    before, after = (seen(case, one, fits, looked) for one in (case.events, events))
    changes = {name: (after[name] - before[name])[:, 0].reshape(n_days, -1) for name in before}
    found = [
        f"{name} know of a signal that was planted on the target day{f', {lead} days later' if lead else ''}"
        for name, change in changes.items()
        for lead in range(pool.horizon)
        if correlation(change[: n_days - lead], coins[lead:]) > CHANCE / np.sqrt(n_days - lead)
    ]
    if correlation(changes["inputs"][1:], coins[:-1]) <= CHANCE / np.sqrt(n_days - 1) and not late:
        found.append("the probe is blind: a signal planted on the day before the target day is not seen either")
    asked = "weak events planted on target days by the toss of a coin: no input, map or forecast of ETAS tells which"
    return result("planted signal", asked, len(changes), found)


def the_detector_itself(case: Case) -> Found:
    """Look at what is seen one day too late: the probes must find it."""
    pool, validation = case.material.pool, case.material.parts["validation"]
    events = np.diff(np.searchsorted(pool.past.times, pool.midnights))[validation]
    eventful = validation.start + int(events.argmax())
    caught = bool(inputs_of_a_day(case, [eventful], late=1)["found"]) and bool(planted_signal(case, late=1)["found"])
    found = [] if caught else ["inputs taken one day too late on purpose are not caught: the detector is blind here"]
    asked = "inputs taken one day too late on purpose are caught, by altered futures and by the planted signal"
    return result("the detector itself", asked, 1, found)
