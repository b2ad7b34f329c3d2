"""Every recipe of the shelf can be trained as it is on the real catalogue, or says why its target is incomplete."""

import pandas as pd
import pytest

from mleq import api
from mleq.catalog import completeness
from mleq.forecast.outcomes import fit_date, outcomes
from mleq.forecast.plan import completeness_before
from mleq.recipe import find_entries

IDS = [entry.raw["id"] for entry, on_shelf in find_entries() if on_shelf]
RECIPES = [api.load_recipe(name) for name in IDS]
# What another recipe detects is known once that is trained.
SHELF = [one.id for one in RECIPES if one.family == "catalog" and one.catalog.source != "recipe"]


@pytest.fixture(scope="module")
def world(world_csv):
    return api.load_events(api.load_recipe("tokyo"), [world_csv])


@pytest.mark.parametrize("name", SHELF)
def test_a_shelf_recipe_passes_the_gate_or_carries_the_flag_and_its_reason(name, world):
    recipe = api.load_recipe(name)
    if recipe.catalog.source == "simulated":
        events = api.load_events(recipe)
    else:
        start = pd.Timestamp(recipe.catalog.start, tz="UTC")
        events = world[world["origin_time"] >= start]
        events.attrs = {**world.attrs, "start": start}
    found = outcomes(recipe, events)
    complete = completeness_before(recipe, events, fit_date(recipe, found))
    if recipe.target.allow_incomplete:
        assert "completeness" in recipe.note
        assert recipe.target.magnitude < complete.magnitude
    else:
        assert completeness.refusal(complete, recipe.target) is None
