"""What is done again and again: bring the catalogue, forecast tomorrow, score what has come true, redraw the pages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mleq import api, atomic
from mleq.errors import Failure, MleqError, RequestError
from mleq.experiment import folder, ledger, predictions
from mleq.experiment.run import Run
from mleq.registry import family as family_of

log = logging.getLogger("mleq")

SCORES = "ledger_scores.json"
"""File in the folder of results that says how the issued forecasts did."""


def nightly(
    out_dir: str | Path = "out",
    *,
    path: str | Path | None = None,
    files: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
    usgs_url: str | None = None,
) -> dict[str, Any]:
    """Fetch, forecast the next day of every trained recipe, score the ledger, redraw all pages.

    What fails for one recipe does not keep the others from their forecasts. Done twice, the second time adds no
    forecast that the same run has made already.

    Parameters
    ----------
    out_dir : path
        Folder of all results.
    path, files, data_dir : optional
        As for `mleq.predict`.
    usgs_url : str, optional
        Address of the event service.

    Returns
    -------
    dict
        `forecasts`, `scored` (numbers) and `problems`, a line for each.

    Raises
    ------
    RequestError
        If nothing has been trained.
    Failure
        If another process is at it.
    """
    out_dir = Path(out_dir)
    names = folder.trained_recipes(out_dir)
    if not names:
        raise RequestError(
            f"no trained recipe in {out_dir}", remedy="train one first: python cmd/train --recipe_id demo"
        )
    done: dict[str, Any] = {"forecasts": 0, "scored": 0, "problems": []}
    busy = Failure(f"another nightly run works in {out_dir}", remedy="wait for it to end")
    with atomic.locked(out_dir / ".nightly.lock", busy=busy):
        for name in names:
            if not files:
                _attempt(
                    done, f"fetch for {name}", lambda name=name: bring(_recipe_of(out_dir, name), data_dir, usgs_url)
                )
            made = _attempt(
                done,
                f"predict {name}",
                lambda name=name: _forecast_once(name, path=path, files=files, data_dir=data_dir, out_dir=out_dir),
            )
            done["forecasts"] += len(made or ())
            if made is not None and (why := ledger.stale(_newest_forecast(out_dir, name))):
                done["problems"].append(f"predict {name}: {why}; bring newer events")
        scored = _attempt(done, "score the ledger", lambda: score_ledger(out_dir, files=files, data_dir=data_dir))
        done["scored"] = sum(one["scored"] for one in (scored or {}).get("recipes", ()))
        done["problems"] += (scored or {}).get("problems", [])
        _attempt(done, "redraw the pages", lambda: api.draw_pages(out_dir))
    return done


def _attempt(done: dict[str, Any], what: str, act: Callable[[], Any]) -> Any:
    """Do a step; what goes wrong is written down, and the next step follows."""
    log.info("%s", what)
    try:
        return act()
    except MleqError as error:
        done["problems"].append(f"{what}: {error}")
    except Exception as error:  # a fault of one step must not cost the others their night
        log.debug("%s", what, exc_info=True)
        done["problems"].append(f"{what}: {type(error).__name__}: {error}")
    return None


def _recipe_of(out_dir: Path, recipe_id: str) -> Any:
    return api.load_recipe(recipe_id, Run(folder.latest_run(out_dir, recipe_id)).recipe_file)


def _forecast_once(recipe_id: str, *, out_dir: Path, **where: Any) -> list[dict[str, Any]]:
    if not _dated(_recipe_of(out_dir, recipe_id)):
        return []
    return api.predict(recipe_id, out_dir=out_dir, again=False, **where)


def _newest_forecast(out_dir: Path, recipe_id: str) -> dict[str, Any]:
    """The forecast of the latest day of a recipe that is kept, whoever made it; empty where there is none."""
    with predictions.kept(out_dir) as entries:
        own = [entry for entry in entries if entry["recipe_id"] == recipe_id and entry.get("target_date")]
    return max(own, key=lambda entry: entry["target_date"], default={})


def _dated(recipe: Any) -> bool:
    """Whether the recipe's family forecasts periods, which can come true, rather than answers files."""
    return hasattr(family_of(recipe.family), "score_issued")


def bring(recipe: Any, data_dir: str | Path | None = None, usgs_url: str | None = None) -> int:
    """Bring the store up to date for a recipe; return the number of events that came or were revised."""
    settings = getattr(recipe, "catalog", None)
    if getattr(settings, "source", None) != "usgs":
        return 0
    from mleq.catalog import fetch
    from mleq.catalog.fdsn import connect
    from mleq.catalog.load import data_folder, wanted_period
    from mleq.catalog.store import Store

    store = Store.of(data_folder(data_dir), settings.url)
    start, _ = wanted_period(settings)
    with connect(usgs_url, settings.url) as service:
        brought = fetch.fetch(store, service, start, None, settings.min_magnitude)
    return brought.events + brought.new + brought.revised


def score_ledger(
    out_dir: str | Path = "out",
    *,
    files: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
    usgs_url: str | None = None,
    fetch: bool = False,
    snapshot: str | None = None,
) -> dict[str, Any]:
    """Say how the forecasts that were issued before their period did, and keep it in ledger_scores.json.

    Parameters
    ----------
    out_dir : path
        Folder of all results.
    files, data_dir : optional
        The catalogue to score against, as for `mleq.load_events`.
    usgs_url : str, optional
        Address of the event service.
    fetch : bool, optional
        Bring what happened since, first.
    snapshot : str, optional
        Score against this frozen state of the store; one that is not there yet is frozen now.

    Returns
    -------
    dict
        `lines`, `recipes` (for each what its family's `score_issued` says) and `problems`.

    Raises
    ------
    Failure
        If the ledger is not sound.
    """
    out_dir = Path(out_dir)
    lines = list(ledger.read(out_dir))
    answer: dict[str, Any] = {"lines": len(lines), "recipes": [], "problems": []}
    for name in dict.fromkeys(line["entry"]["recipe_id"] for line in lines):
        own = [line for line in lines if line["entry"]["recipe_id"] == name]
        try:
            recipe = _recipe_that_forecast(out_dir, own)
            if not _dated(recipe):
                continue
            if fetch and not files:
                log.info("%s: bringing what happened since", name)
                bring(recipe, data_dir, usgs_url)
            log.info("%s: reading the catalogue%s", name, f", snapshot '{snapshot}'" if snapshot and not files else "")
            events = _newest(recipe, files=files, data_dir=data_dir, snapshot=snapshot)
            log.info("%s: seeing what came true of %d forecasts, among %s events", name, len(own), f"{len(events):,}")
            answer["recipes"].append(family_of(recipe.family).score_issued(recipe, events, own))
        except MleqError as error:
            answer["problems"].append(f"score {name}: {error}")
    atomic.write_json(out_dir / SCORES, answer)
    return answer


def _recipe_that_forecast(out_dir: Path, lines: list[dict[str, Any]]) -> Any:
    """The recipe of the run that made the last forecast, or of the latest run where that one is gone."""
    last = lines[-1]["entry"]
    run = folder.runs_folder(out_dir, last["recipe_id"]) / last["run"] / "recipe.json"
    if run.is_file():
        return api.load_recipe(last["recipe_id"], run)
    return _recipe_of(out_dir, last["recipe_id"])


def _newest(recipe: Any, *, files: Sequence[str | Path], data_dir: str | Path | None, snapshot: str | None) -> Any:
    """All events that are known by now, whatever end or snapshot the recipe was trained with."""
    settings = recipe.catalog
    if settings.source != "usgs":  # what happened in a simulation stands in no file
        files = ()
    else:
        if snapshot and not files:
            _freeze(settings, data_dir, snapshot)
        settings = settings.model_copy(update={"end": None, "snapshot": snapshot})
    newest = recipe.model_copy(update={"catalog": settings})
    return family_of(recipe.family).load(newest, files=[Path(file) for file in files], data_dir=data_dir)


def _freeze(settings: Any, data_dir: str | Path | None, name: str) -> None:
    from mleq.catalog.load import data_folder
    from mleq.catalog.store import Store

    store = Store.of(data_folder(data_dir), settings.url)
    if name not in store.snapshots():
        log.info("freezing the store as the snapshot '%s': all of it is read and hashed", name)
        store.freeze(name)
