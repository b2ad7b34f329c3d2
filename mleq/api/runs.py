"""What a notebook may ask of runs: train, once or from several seeds, walk forward, draw."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from mleq import scaling
from mleq.api.recipes import load_recipe
from mleq.errors import RequestError
from mleq.registry import family as family_of

log = logging.getLogger("mleq")


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
    workers: int | None = 1,
    scheduler: str | None = None,
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
        What was typed, and what `--set` changed, for run.json.
    workers, scheduler : optional
        What works through a continuous record, chunk by chunk; see `mleq.scaling.engine`.

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

    many = workers != 1 or scheduler
    # Workers have another working directory, so they are told the whole path.
    place = Path(out_dir).resolve() if many else Path(out_dir)
    with results_in(out_dir), scaling.at_once(workers, scheduler) if many else nullcontext():
        if events is None and not files:
            _train_source(recipe, out_dir=out_dir, data_dir=data_dir, command=command)
        run = experiment.train(
            recipe, family, material, out_dir=place, command=command, changes=changes, finish=card.write
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
    workers: int | None = 1,
    scheduler: str | None = None,
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
    workers, scheduler : optional
        What trains, a seed at a time; see `mleq.scaling.engine`.

    Returns
    -------
    dict
        See `mleq.experiment.seeds.train_seeds`; also in out/<id>/seeds/summary.json.
    """
    from mleq.experiment import seeds as experiment
    from mleq.experiment.folder import latest_run
    from mleq.report.page import draw

    family = family_of(recipe.family)
    load = loader(recipe, files, data_dir, inputs)
    with scaling.at_once(workers, scheduler, at_most=len(seeds)):
        summary = experiment.train_seeds(
            recipe, family, load, seeds, out_dir=Path(out_dir).resolve(), average=average, command=command
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
    workers: int | None = 1,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Walk forward: for each of the last years, train on what was past by then and forecast that year.

    Parameters
    ----------
    recipe : Recipe
    folds : int
        How many years.
    files, data_dir, out_dir, command : optional
        As for `train`.
    workers, scheduler : optional
        What trains, a fold at a time; see `mleq.scaling.engine`.

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
    load = loader(recipe, files, data_dir)
    with scaling.at_once(workers, scheduler, at_most=folds):
        return experiment.backtest(recipe, family, load, folds, out_dir=Path(out_dir).resolve(), command=command)


def loader(recipe: Any, files: Sequence[str | Path], data_dir: Any, inputs: Sequence[str | Path] = ()) -> Any:
    """Return a function without arguments that loads a recipe's material, by whole paths, and that can be pickled."""
    from mleq.catalog.load import data_folder

    files, inputs = ([Path(file).resolve() for file in some] for some in (files, inputs))
    signals = {"inputs": inputs} if inputs else {}
    store = data_folder(data_dir).resolve()
    return partial(family_of(recipe.family).load, recipe, files=tuple(files), data_dir=store, **signals)


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """Say a run's summary in a few lines."""
    from mleq.experiment.tried import caution

    several = caution(summary)
    return [*family_of(summary["family"]).summary_lines(summary), *([f"tried    {several}"] if several else [])]


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


def draw_pages(out_dir: str | Path = "out") -> list[Path]:
    """Draw the pages of all trained recipes and the shelf's page again; see `mleq.report.site`."""
    from mleq.report import site

    return site.draw_all(Path(out_dir))
