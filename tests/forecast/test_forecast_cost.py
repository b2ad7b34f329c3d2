"""What `check` says of the time that ETAS takes follows what the fits are made of."""

import json

import pytest

from mleq import api
from mleq.errors import DataError
from mleq.forecast import cost
from mleq.forecast.etas_reference import fit_circle, schedule_of, that_count
from mleq.forecast.outcomes import outcomes
from mleq.forecast.plan import plan, plan_lines

FEW = ("catalog.days=3000", "catalog.mu=0.15")


@pytest.fixture(scope="module")
def recipe():
    return api.load_recipe("demo", changes=FEW)


@pytest.fixture(scope="module")
def events(recipe):
    return api.load_events(recipe)


def test_fits_are_counted_on_what_they_will_be_made_of(recipe, events):
    found = outcomes(recipe, events)
    dates = schedule_of(recipe, found)
    said = cost.etas_cost(recipe, events, found)
    assert said["fits"] == len(dates) > 1
    counted = cost.counted(that_count(events, recipe.target), recipe.target, dates[0])
    assert said["events"][0] <= counted[0] <= said["events"][1]
    fit = fit_circle(events, recipe.target, dates[0])
    assert fit["source"] == "regional"
    assert fit["events"] == counted[0]


def test_more_events_and_more_fits_take_longer(recipe, events):
    found = outcomes(recipe, events)
    few = cost.etas_cost(recipe, events, found)
    denser = api.load_recipe("demo", changes=(FEW[0], "catalog.mu=0.6"))
    many = api.load_events(denser)
    more = cost.etas_cost(denser, many, outcomes(denser, many))
    assert more["events"][0] > few["events"][1]
    assert more["seconds"] > few["seconds"] > few["fits"] * cost.FIT_S
    longer = recipe.model_copy(update={"split": recipe.split.model_copy(update={"test": 0.5})})
    again = cost.etas_cost(longer, events, outcomes(longer, events))
    assert again["fits"] > few["fits"]


def test_where_none_can_be_fitted_it_says_so(recipe, events, monkeypatch):
    def refused(*arguments):
        raise DataError("too few")

    monkeypatch.setattr(cost, "material_of", refused)
    values = plan(recipe, events)
    assert values["etas"]["events"] == [0, 0]
    assert any("generic parameters" in line for line in plan_lines(values))


def test_the_whole_is_network_and_etas_and_what_takes_most_is_named(recipe, events):
    values = plan(recipe, events)
    least, most = values["seconds_in_all"]
    assert least > values["seconds"] + values["etas"]["seconds"]
    assert most == pytest.approx(cost.BUSY * least, abs=1)
    values["etas"]["seconds"], values["seconds_in_all"] = 300.0, [400.0, 2000.0]
    said = "\n".join(plan_lines(values))
    assert "some 7 to 33 min in all" in said
    assert "most of it ETAS fits" in said
    assert f"ETAS: {values['etas']['fits']} fits, one a year, on " in said
    assert "some 5 to 25 min" in said


def test_a_list_of_layers_has_a_time_for_etas_alone(recipe, events):
    model = {"name": "layers", "layers": [{"name": "Flatten"}, {"name": "Dense", "units": 1}]}
    listed = type(recipe).model_validate_json(
        json.dumps(recipe.model_dump(mode="json") | {"model": model}), context={"folder": None}
    )
    values = plan(listed, events)
    assert "seconds_in_all" not in values
    said = "\n".join(plan_lines(values))
    assert "time        network: not known beforehand" in said
    assert "ETAS: " in said
