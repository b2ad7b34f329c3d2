"""What a notebook may ask of recipes: load, check, plan, and write new ones."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mleq import recipe as recipe_room
from mleq.api.data import load_events
from mleq.errors import MissingData, RecipeError, RequestError
from mleq.experiment.memory import layers_mb
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


def plan_lines(values: dict[str, Any]) -> list[str]:
    """Say a plan in words, a line each."""
    return family_of(values["family"]).plan_lines(values)


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


def network_table(recipe: Any) -> list[dict[str, Any]]:
    """Build a recipe's network and list its layers with output shapes and parameters."""
    model = family_of(recipe.family).network(recipe)
    if model is None:
        return []
    return [
        {"layer": layer.__class__.__name__, "shape": list(layer.output.shape), "parameters": layer.count_params()}
        for layer in model.layers
    ]


def built(values: dict[str, Any], recipe: Any) -> dict[str, Any]:
    """What a plan says once the recipe's network is built: `network`, `parameters`, and memory with its layers.

    Parameters
    ----------
    values : dict
        Of `plan`.
    recipe : Recipe
        The same.
    """
    table = network_table(recipe)
    found = {"network": table, "parameters": sum(row["parameters"] for row in table)}
    if values.get("layers_mb", 0) is None:
        layers = layers_mb(table, recipe.model.batch_size)
        found |= {"layers_mb": layers, "memory_mb": values["memory_mb"] + layers}
    return found


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
            "radius_km": 1.0 if target["radius_km"] is None else target["radius_km"],
            "magnitude": 9.0 if target["magnitude"] is None else target["magnitude"],
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
    proposal = propose(recipe, events, **chosen)
    raw["target"] |= {"radius_km": proposal.radius_km, "magnitude": proposal.magnitude}
    recipe_room.try_recipe(raw, file, models=recipe_models)
    recipe_room.add_recipe(file, raw)
    zone = () if target["timezone"] else (_about_zone(raw["target"]["timezone"]),)
    return Written(file, raw, (*proposal.reasons, *zone))


def _zone_by_longitude(longitude: float) -> str:
    """Return the IANA name of the whole-hour offset that the sun suggests; its sign is the other way round there."""
    hours = round(((longitude + 180) % 360 - 180) / 15)
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


def _about_zone(name: str) -> str:
    """Say what the zone that the longitude suggests means; whose clocks a place follows is not in a longitude."""
    offset = name.removeprefix("Etc/GMT")
    hours = "UTC" if name == "UTC" else f"UTC{-int(offset):+d}"
    return (
        f"timezone {name}: days begin at midnight of {hours}, which the longitude suggests, all year round"
        + ("; in such names the sign is the other way round" if name != "UTC" else "")
        + ". For the days of the place's own clocks, with summer time, give its name, such as --timezone Europe/Rome"
    )
