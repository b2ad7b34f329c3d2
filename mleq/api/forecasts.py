"""What a notebook may ask of trained recipes and of ETAS: forecasts."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mleq import recipe as recipe_room
from mleq.api.recipes import load_recipe
from mleq.errors import RecipeError, RequestError
from mleq.registry import family as family_of

log = logging.getLogger("mleq")


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


def predict_pool(
    recipe_id: str,
    dates: Sequence[str | dt.date] = (),
    events: pd.DataFrame | None = None,
    *,
    places: Sequence[tuple[float, float]] = (),
    path: str | Path | None = None,
    files: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
    out_dir: str | Path = "out",
    file: str | Path | None = None,
) -> dict[str, Any]:
    """Forecast all circles of a trained pool, or other places, on a range of dates, into a Parquet file.

    Nothing is added to predictions.json or the ledger, which are of single targets.

    Parameters
    ----------
    recipe_id : str
        A trained recipe with a pool, such as world_best.
    dates : sequence of str or datetime.date, optional
        The first and last count, and all between; without any, tomorrow.
    events, path, files, data_dir, out_dir : optional
        As for `predict`.
    places : sequence of (latitude, longitude), optional
        Centres of circles anywhere, of the pool's radius, instead of the pool's own.
    file : path, optional
        Where to write; out/<id>/pool/<first>_<last>.parquet without it.

    Returns
    -------
    dict
        JSON values: `file`, `rows`, `circles`, `first`, `last`, and `expected` and `observed` event-days of the days
        whose outcome the catalogue knows. The file's columns are circle, latitude, longitude, target_date, observed
        (null where it is not yet known), probability, etas, climatology and the other references.

    Raises
    ------
    RequestError
        If the recipe has no pool, or dates or places cannot be forecast.
    """
    from mleq.experiment import folder
    from mleq.experiment.run import Run

    asked = sorted(_as_date(date) for date in dates)
    run = Run(folder.latest_run(Path(out_dir), recipe_id))
    recipe = load_recipe(recipe_id, run.recipe_file)
    _warn_of_changes(recipe, path, run.record.get("changes", ()))
    family = family_of(recipe.family)
    if not hasattr(family, "predict_pool"):
        raise RequestError(f"recipe '{recipe_id}' is of the family '{recipe.family}', which has no pools of circles")
    name = f"{asked[0]}_{asked[-1]}.parquet" if asked else "tomorrow.parquet"
    to = Path(file) if file else Path(out_dir) / recipe_id / "pool" / name

    def load() -> Any:
        return events if events is not None else family.load(recipe, files=files, data_dir=data_dir)

    return family.predict_pool(recipe, run, load, dates=asked, places=list(places), file=to)


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
    except RecipeError as error:
        log.warning("recipe '%s' is used as it was trained; by now the recipe file is not right: %s", kept.id, error)
        return
    changed = recipe_room.differences(kept, now)
    if changed:
        log.warning(
            "recipe '%s' has changed since it was trained; the forecast uses what was trained. Changed: %s",
            kept.id,
            "; ".join(changed),
        )
