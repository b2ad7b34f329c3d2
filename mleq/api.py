"""What a notebook may call; the commands are thin over these functions.

>>> import mleq
>>> recipe = mleq.load_recipe("demo")
>>> recipe.target.magnitude
4.0
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from mleq import recipe as recipe_room
from mleq.errors import MissingData, RecipeError, RequestError
from mleq.registry import family as family_of
from mleq.registry import recipe_models

log = logging.getLogger("mleq")


def load_recipe(recipe_id: str, path: str | Path | None = None, *, changes: Iterable[str] = ()) -> Any:
    """Load a recipe by id; see `mleq.recipe.load.load_recipe`."""
    return recipe_room.load_recipe(recipe_id, path, models=recipe_models, changes=changes)


def check_network(recipe_id: str, path: str | Path | None = None, *, changes: Iterable[str] = ()) -> Any:
    """Load a recipe and try its layers and its resampling, before any data are read.

    Returns
    -------
    Recipe

    Raises
    ------
    RecipeError
        With file, line and path of every wrong layer, argument or shape.
    """
    located = recipe_room.locate_recipe(recipe_id, path, models=recipe_models, changes=changes)
    mistakes = family_of(located.recipe.family).network_mistakes(located.recipe)
    if mistakes:
        raise RecipeError([located.say(place, sentence) for place, sentence in mistakes])
    return located.recipe


def check_all(path: str | Path | None = None) -> list[str]:
    """Validate every recipe that can be named; return their ids.

    Raises
    ------
    RecipeError
        With the mistakes of all of them.
    """
    entries = recipe_room.find_entries(Path(path) if path else None)
    names = dict.fromkeys(entry.raw["id"] for entry, _ in entries)
    mistakes = []
    for name in names:
        try:
            load_recipe(name, path)
        except RecipeError as error:
            mistakes += error.mistakes
    if mistakes:
        raise RecipeError(mistakes)
    return list(names)


def write_schema(path: str | Path) -> None:
    """Write the JSON schema of recipe files, for completion in an editor."""
    from mleq import atomic
    from mleq.recipe.schema import document_schema

    atomic.write_json(path, document_schema(dict(recipe_models)))


def plan(
    recipe_id: str,
    path: str | Path | None = None,
    *,
    changes: Iterable[str] = (),
    files: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
) -> dict[str, Any]:
    """Plan a run without doing it; where the store lacks the events, the plan says how to get them.

    Returns
    -------
    dict
        JSON values; see the family's `plan`. `missing_data` is why it knows no events, where it does not.
    """
    located = recipe_room.locate_recipe(recipe_id, path, models=recipe_models, changes=changes)
    recipe, family = located.recipe, family_of(located.recipe.family)
    mistakes = family.quick_mistakes(recipe)
    if mistakes:
        raise RecipeError([located.say(place, sentence) for place, sentence in mistakes])
    try:
        material = family.load(recipe, files=files, data_dir=data_dir)
    except MissingData as missing:
        return {**family.plan(recipe, None), "missing_data": str(missing)}
    return family.plan(recipe, material)


def leaks(
    recipe_id: str,
    path: str | Path | None = None,
    *,
    changes: Iterable[str] = (),
    files: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
) -> list[dict[str, Any]]:
    """Try a recipe on its own data for leaks from the future into what a forecast is made of.

    Returns
    -------
    list of dict
        For each probe its name, what was tried, how often, and what was found; see `mleq.forecast.leaks.find_leaks`.

    Raises
    ------
    RequestError
        If the recipe's family has no leak detector.
    """
    recipe = load_recipe(recipe_id, path, changes=changes)
    family = family_of(recipe.family)
    if not hasattr(family, "find_leaks"):
        raise RequestError(f"recipe '{recipe_id}' is of the family '{recipe.family}', which has no leak detector")
    return family.find_leaks(recipe, family.load(recipe, files=files, data_dir=data_dir))


def plan_lines(values: dict[str, Any]) -> list[str]:
    """Say a plan in words, a line each."""
    return family_of(values["family"]).plan_lines(values)


def network_table(recipe: Any) -> list[dict[str, Any]]:
    """Build a recipe's network and list its layers with output shapes and parameters."""
    model = family_of(recipe.family).network(recipe)
    if model is None:
        return []
    return [
        {"layer": layer.__class__.__name__, "shape": list(layer.output.shape), "parameters": layer.count_params()}
        for layer in model.layers
    ]


@dataclass(frozen=True)
class Written:
    """A recipe that `new_recipe` wrote: where, what, and why so."""

    path: Path
    raw: dict[str, Any]
    reasons: tuple[str, ...]


def new_recipe(
    recipe_id: str,
    target: dict[str, Any],
    *,
    title: str | None = None,
    path: str | Path | None = None,
    files: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
) -> Written:
    """Write a recipe for a place, with a radius and a magnitude that the data can carry where they are left open.

    Parameters
    ----------
    recipe_id : str
        Must be new.
    target : dict
        latitude, longitude, and radius_km, magnitude, horizon_days, timezone (None where left open).
    title : str, optional
        Name for people.
    path : path, optional
        The recipe file; recipe.json without it.
    files, data_dir : optional
        As for `load_events`.

    Raises
    ------
    RequestError
        If the id is already used.
    RecipeError
        If what was given cannot stand in a recipe.
    """
    from mleq.forecast.proposal import propose

    file = Path(path) if path is not None else recipe_room.DEFAULT_FILE
    raw = {
        "id": recipe_id,
        "extends": "tokyo",
        "title": {"en": title or recipe_id},
        "target": {
            **target,
            "radius_km": target["radius_km"] or 1.0,
            "magnitude": target["magnitude"] or 9.0,
            "timezone": target["timezone"] or _zone_by_longitude(target["longitude"]),
        },
    }
    recipe = recipe_room.try_recipe(raw, file, models=recipe_models)
    try:
        events = load_events(recipe, files, data_dir=data_dir)
    except MissingData as missing:
        log.info("%s", missing)
        events = None
    chosen = {key: target[key] for key in ("radius_km", "magnitude")}
    proposal = propose(events, recipe.target.latitude, recipe.target.longitude, **chosen)
    raw["target"] |= {"radius_km": proposal.radius_km, "magnitude": proposal.magnitude}
    recipe_room.try_recipe(raw, file, models=recipe_models)
    recipe_room.add_recipe(file, raw)
    return Written(file, raw, proposal.reasons)


def _zone_by_longitude(longitude: float) -> str:
    """Return the IANA name of the whole-hour offset that the sun suggests; its sign is the other way round there."""
    hours = round(((longitude + 180) % 360 - 180) / 15)
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


def load_events(recipe: Any, files: Sequence[str | Path] = (), *, data_dir: str | Path | None = None) -> pd.DataFrame:
    """Load the events of a recipe: from files where some are given, else from the store or the simulation.

    Parameters
    ----------
    recipe : Recipe
    files : sequence of path, optional
        USGS CSV (.csv, .csv.gz) or Parquet.
    data_dir : path, optional
        Folder of the store; `MLEQ_DATA` or `data` without it.

    Returns
    -------
    pandas.DataFrame
        In time order: id, origin_time (UTC), latitude, longitude, depth_km, magnitude, magnitude_type, type,
        status, updated.
    """
    return family_of(recipe.family).load(recipe, files=files, data_dir=data_dir)


def samples(recipe: Any, events: pd.DataFrame) -> Any:
    """Make the samples of a recipe; see `mleq.forecast.samples.Samples`."""
    return family_of(recipe.family).make_samples(recipe, events)


def train(
    recipe: Any,
    events: pd.DataFrame | None = None,
    *,
    files: Sequence[str | Path] = (),
    inputs: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
    out_dir: str | Path = "out",
    command: Sequence[str] = (),
    changes: Sequence[str] = (),
) -> Any:
    """Train a recipe, keep the run, and draw its page.

    Parameters
    ----------
    recipe : Recipe
    events : pandas.DataFrame, optional
        The catalogue; without it, it is loaded as `load_events` does.
    files, data_dir : optional
        As for `load_events`.
    inputs : sequence of path, optional
        The signals of a waveform recipe.
    out_dir : path, optional
        Folder of all results.
    command, changes : sequence of str, optional
        What was typed, and its `--set`s, for run.json.

    Returns
    -------
    mleq.experiment.run.Run
        With folder, summary and forecasts.
    """
    from mleq.catalog.chain import results_in
    from mleq.experiment import run as experiment
    from mleq.report import card, site

    family = family_of(recipe.family)

    def material() -> Any:
        if events is not None:
            return events
        return family.load(recipe, files=files, data_dir=data_dir, inputs=[Path(file) for file in inputs])

    with results_in(out_dir):
        if events is None and not files:
            _train_source(recipe, out_dir=out_dir, data_dir=data_dir, command=command)
        run = experiment.train(
            recipe, family, material, out_dir=Path(out_dir), command=command, changes=changes, finish=card.write
        )
    site.draw_recipe(Path(out_dir), recipe.id)
    return run


def _train_source(recipe: Any, **where: Any) -> None:
    """Train the recipe that detects a chain's events, unless it has been."""
    from mleq.catalog.chain import latest_detection

    source = getattr(recipe, "catalog", None)
    if getattr(source, "source", None) != "recipe" or latest_detection(source.id):
        return
    log.info("recipe '%s' forecasts what '%s' detects, which is trained first", recipe.id, source.id)
    train(load_recipe(source.id), **where)


def draw_pages(out_dir: str | Path = "out") -> list[Path]:
    """Draw the pages of all trained recipes and the shelf's page again; see `mleq.report.site`."""
    from mleq.report import site

    return site.draw_all(Path(out_dir))


def train_seeds(
    recipe: Any,
    seeds: Sequence[int],
    *,
    average: bool = False,
    files: Sequence[str | Path] = (),
    inputs: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
    out_dir: str | Path = "out",
    command: Sequence[str] = (),
) -> dict[str, Any]:
    """Train a recipe from each of several seeds, and say how much its scores differ.

    Parameters
    ----------
    recipe : Recipe
    seeds : sequence of int
        At least two.
    average : bool, optional
        Whether to score the mean of their forecasts too.
    files, inputs, data_dir, out_dir, command : optional
        As for `train`.

    Returns
    -------
    dict
        See `mleq.experiment.seeds.train_seeds`; also in out/<id>/seeds/summary.json.
    """
    from mleq.experiment import seeds as experiment
    from mleq.experiment.folder import latest_run
    from mleq.report.page import draw

    family = family_of(recipe.family)
    load = _loader(recipe, files, data_dir, inputs)
    summary = experiment.train_seeds(
        recipe, family, load, seeds, out_dir=Path(out_dir), average=average, command=command
    )
    draw(latest_run(Path(out_dir), recipe.id), Path(out_dir) / recipe.id / "report.html")
    return summary


def backtest(
    recipe: Any,
    folds: int,
    *,
    files: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
    out_dir: str | Path = "out",
    command: Sequence[str] = (),
) -> dict[str, Any]:
    """Walk forward: for each of the last years, train on what was past by then and forecast that year.

    Parameters
    ----------
    recipe : Recipe
    folds : int
        How many years.
    files, data_dir, out_dir, command : optional
        As for `train`.

    Returns
    -------
    dict
        See `mleq.experiment.backtest.backtest`; also in out/<id>/backtest/summary.json.

    Raises
    ------
    RequestError
        If the recipe's family cannot walk forward, or the catalogue is too short for so many folds.
    """
    from mleq.experiment import backtest as experiment

    family = family_of(recipe.family)
    if not hasattr(family, "folds"):
        raise RequestError(f"recipe '{recipe.id}' is of the family '{recipe.family}', which has no walk forward")
    load = _loader(recipe, files, data_dir)
    return experiment.backtest(recipe, family, load, folds, out_dir=Path(out_dir), command=command)


def _loader(recipe: Any, files: Sequence[str | Path], data_dir: Any, inputs: Sequence[str | Path] = ()) -> Any:
    """Return a function without arguments that loads a recipe's material, and that can be pickled."""
    signals = {"inputs": [Path(file) for file in inputs]} if inputs else {}
    return partial(family_of(recipe.family).load, recipe, files=tuple(files), data_dir=data_dir, **signals)


def predict(
    recipe_id: str,
    dates: Sequence[str | dt.date] = (),
    events: pd.DataFrame | None = None,
    *,
    path: str | Path | None = None,
    files: Sequence[str | Path] = (),
    inputs: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
    out_dir: str | Path = "out",
    again: bool = True,
) -> list[dict[str, Any]]:
    """Forecast target dates with the latest run of a recipe; keep them in predictions.json and in the ledger.

    Parameters
    ----------
    recipe_id : str
        A trained recipe; the recipe that the run kept is used.
    dates : sequence of str or datetime.date, optional
        Target dates in the target's zone; without any, tomorrow (for a simulated catalogue the day after its end).
    events : pandas.DataFrame, optional
        The catalogue; without it, it is loaded as `load_events` does.
    path : path, optional
        The recipe file, to say where it has changed since training.
    files, inputs, data_dir, out_dir : optional
        As for `train`; for a waveform recipe `inputs` are the signals to be answered, and there are no dates.
    again : bool, optional
        Whether to record what the same run has already forecast.

    Returns
    -------
    list of dict
        The entries, in the order of the dates or inputs.
    """
    from mleq.catalog.chain import results_in
    from mleq.experiment import folder, ledger, predictions
    from mleq.experiment.run import Run
    from mleq.report import geojson, shelf

    asked = list(dict.fromkeys(_as_date(date) for date in dates))
    run = Run(folder.latest_run(Path(out_dir), recipe_id))
    recipe = load_recipe(recipe_id, run.recipe_file)
    _warn_of_changes(recipe, path, run.record.get("changes", ()))
    family = family_of(recipe.family)

    def load() -> Any:
        return events if events is not None else family.load(recipe, files=files, data_dir=data_dir)

    with results_in(out_dir):
        entries = family.predict(recipe, run, load, dates=asked, inputs=[Path(file) for file in inputs])
    if not again:
        entries = ledger.not_yet_in(Path(out_dir), entries)
    ledger.append(Path(out_dir), entries)
    predictions.keep(Path(out_dir), entries)
    with predictions.kept(Path(out_dir)) as all_of_them:
        geojson.write(Path(out_dir) / "predictions.geojson", all_of_them)
    shelf.draw(Path(out_dir))
    return entries


def trained_recipes(out_dir: str | Path = "out", *, by_files: bool = False) -> list[str]:
    """Return the ids of the trained recipes that forecast dates, or of those that answer for files."""
    from mleq.experiment import folder

    names = folder.trained_recipes(Path(out_dir))
    families = [folder.read_json(Path(out_dir) / name / "summary.json")["family"] for name in names]
    return [
        name
        for name, family in zip(names, families, strict=True)
        if hasattr(family_of(family), "score_issued") != by_files
    ]


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """Say a run's summary in a few lines."""
    return family_of(summary["family"]).summary_lines(summary)


def answer_lines(entries: Sequence[dict[str, Any]]) -> list[str]:
    """Say forecasts in words, those of each family together."""
    lines = []
    for name in dict.fromkeys(entry["family"] for entry in entries):
        lines += family_of(name).answer_lines([entry for entry in entries if entry["family"] == name])
    return lines


def write_submission(entries: Sequence[dict[str, Any]], path: str | Path) -> None:
    """Write the answers of a waveform recipe as the csv of the competition they belong to.

    Raises
    ------
    RequestError
        If the answers are of several families, or of one that has no such file.
    """
    families = {entry["family"] for entry in entries}
    if len(families) != 1 or not hasattr(family_of(*families), "submission"):
        raise RequestError(
            f"--submission of answers of the family {' and '.join(sorted(families)) or '(none)'}",
            expected="answers of one recipe of a family with a competition, such as lab",
        )
    family_of(*families).submission(entries, Path(path))


def fetch_signals(
    recipe_id: str | None,
    path: str | Path | None = None,
    *,
    inputs: Sequence[str | Path],
    data_dir: str | Path | None = None,
    export_to: str | Path | None = None,
) -> dict[str, Any]:
    """Bring the signals of a waveform recipe into its store, and export them where asked.

    Returns
    -------
    dict
        JSON values: `family`, and what the family says of what it brought.

    Raises
    ------
    RequestError
        If no recipe is named, or its family reads no signals.
    """
    if not recipe_id:
        raise RequestError("--input needs a recipe, which says what the signals are", remedy="add --recipe_id ID")
    recipe = load_recipe(recipe_id, path)
    family = family_of(recipe.family)
    if not hasattr(family, "fetch"):
        raise RequestError(
            f"recipe '{recipe_id}' is of the family '{recipe.family}', which reads no signals",
            remedy="leave --input out: events come from the service or from --catalog",
        )
    export = None if export_to is None else Path(export_to)
    brought = family.fetch(recipe, [Path(file) for file in inputs], data_dir=data_dir, export_to=export)
    return {"family": recipe.family, **brought}


def fetch_lines(brought: dict[str, Any]) -> list[str]:
    """Say in words what `fetch_signals` brought."""
    return family_of(brought["family"]).fetch_lines(brought)


def odds(
    latitude: float,
    longitude: float,
    radius_km: float,
    magnitude: float,
    days: float,
    issue_time: Any = None,
    *,
    events: pd.DataFrame | None = None,
    files: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
    allow_incomplete: bool = False,
) -> dict[str, Any]:
    """Answer one question with ETAS: how likely is an earthquake here, this strong, this soon?

    Parameters
    ----------
    latitude, longitude : float
        Degrees.
    radius_km : float
        1 to 1,000.
    magnitude : float
        Smallest that counts.
    days : float
        Horizon, from a minute (1/1440) to a year.
    issue_time : date or str or pandas.Timestamp, optional
        When the forecast is made (UTC where it names no zone); only events before it are used. Now without it, or the
        end of the catalogue where that is more than a month ago.
    events : pandas.DataFrame, optional
        The catalogue; without it, files or the store.
    files : sequence of path, optional
    data_dir : path, optional
        Folder of the store, where fits are kept too; `MLEQ_DATA` or `data` without it.
    allow_incomplete : bool, optional
        Answer for a magnitude below completeness too.

    Returns
    -------
    dict
        See `mleq.forecast.odds.answer`.
    """
    from mleq.catalog.load import data_folder, everything
    from mleq.forecast import odds as forecast_odds

    place = forecast_odds.Place(latitude, longitude, radius_km, magnitude, allow_incomplete)
    catalog = events if events is not None else everything(files=files, data_dir=data_dir)
    folder = data_folder(data_dir) / "etas"
    return forecast_odds.answer(catalog, place, days, issue_time, folder=folder)


def _as_date(value: str | dt.date) -> dt.date:
    try:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)
    except ValueError:
        raise RequestError(f"'{value}' is not a date", expected="a day such as 2015-06-01") from None


def _warn_of_changes(kept: Any, path: str | Path | None, changes: Sequence[str]) -> None:
    """Say where the recipe file, with the changes of the run's command, differs from what was trained."""
    try:
        now = load_recipe(kept.id, path, changes=changes)
    except RequestError:
        return
    changed = recipe_room.differences(kept, now)
    if changed:
        log.warning(
            "recipe '%s' has changed since it was trained; the forecast uses what was trained. Changed: %s",
            kept.id,
            "; ".join(changed),
        )
