import json
import re

import pytest

from mleq.errors import RecipeError, RequestError
from mleq.recipe.entries import Entry, find_entries
from mleq.recipe.load import load_recipe, try_recipe, validate
from mleq.registry import recipe_models

SHELF = [entry.raw["id"] for entry, on_shelf in find_entries() if on_shelf]


@pytest.mark.parametrize("name", SHELF)
def test_every_shelf_recipe_loads_and_has_epochs(name, load):
    recipe = load(name)
    assert recipe.id == name
    assert recipe.model.epochs >= 1
    assert recipe.title


def test_every_recipe_that_allows_incompleteness_says_why(load):
    flagged = [name for name in SHELF if getattr(getattr(load(name), "target", None), "allow_incomplete", False)]
    assert "tokyo_m4" in flagged
    assert all("completeness" in load(name).note for name in flagged)


def test_all_mistakes_come_at_once_with_their_lines(minimal, tmp_path, load):
    path = tmp_path / "recipe.json"
    path.write_text("""{"format": 1, "recipes": [
 {"id": "here", "family": "catalog",
  "catalog": {"source": "usgs", "start": "1990-01-01", "min_magnitude": 4.0},
  "target": {"latitude": 95, "longitude": 20.0,
             "radius_km": "100", "magnitud": 5, "horizon_days": 0},
  "split": {"validation": 0.2, "test": 0.2},
  "model": {"name": "convlstm",
            "epoch": 5}}]}""")
    with pytest.raises(RecipeError) as error:
        load("here", path)
    lines = {re.sub(r"^.*recipe\.json:", "", line) for line in error.value.mistakes}
    assert lines == {
        "4: here.target.latitude: found 95; expected at most 90",
        '5: here.target.radius_km: found "100"; expected a number',
        "5: here.target.magnitud: unknown setting; did you mean 'magnitude'?",
        "5: here.target.horizon_days: found 0; expected at least 1",
        "8: here.model.epoch: unknown setting; did you mean 'epochs'?",
    }


def test_an_unknown_id_is_met_with_a_proposal(minimal, write, load):
    with pytest.raises(RequestError, match=r"no recipe 'tokio'; did you mean 'tokyo'\?"):
        load("tokio", write(minimal))


def test_without_a_recipe_file_an_unknown_id_says_so(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load("demo").id == "demo"
    with pytest.raises(RequestError, match=r"no recipe 'mine' on the shelf, and no recipe\.json in this folder.*init"):
        load("mine")


def test_what_is_about_to_be_written_is_tried_first(minimal, write, load):
    path = write(minimal)
    tried = try_recipe({"id": "new", "extends": "tokyo", "target": {"magnitude": 5.0}}, path, models=recipe_models)
    assert tried.target.magnitude == 5.0
    assert tried.target.latitude == load("tokyo").target.latitude
    for taken, where in (("here", r"recipe\.json:\d+"), ("tokyo", r"recipes/.*\.json:\d+")):
        with pytest.raises(RequestError, match=rf"the id '{taken}' is already used at .*{where}. choose another --id"):
            try_recipe({"id": taken, "extends": "tokyo"}, path, models=recipe_models)
    with pytest.raises(RecipeError) as refused:
        try_recipe({"id": "new", "extends": "tokyo", "target": {"magnitude": 12}}, path, models=recipe_models)
    assert refused.value.mistakes == ["--id new: new.target.magnitude: found 12; expected at most 10"]
    assert "new" not in path.read_text()


def test_without_a_file_the_shelf_alone_is_looked_at(tmp_path):
    path = tmp_path / "recipe.json"
    assert try_recipe({"id": "new", "extends": "tokyo"}, path, models=recipe_models).id == "new"
    assert not path.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"region": [38.0, 35.0, 137.0, 140.0]}, "south < north"),
        ({"max_magnitude": 3.0}, "max_magnitude must be larger than min_magnitude"),
        ({"regoin": 1}, "regoin: unknown setting; did you mean 'region'?"),
        ({"p": 1.0}, "catalog.p: found 1.0; expected more than 1"),
        ({"region": [1.0, 2.0, 3.0]}, "catalog.region.3: is missing"),
        ({"seed": None}, "catalog.seed: found null; expected a whole number"),
    ],
)
def test_a_simulated_catalogue_that_cannot_be_is_refused(changes, sentence, minimal, write, load):
    catalog = {"source": "simulated", "start": "2000-01-01", "days": 900, "min_magnitude": 3.0, "mu": 1.0}
    catalog |= {"region": [35.0, 38.0, 137.0, 140.0]} | changes
    with pytest.raises(RecipeError) as refused:
        load("here", write({**minimal, "catalog": catalog}))
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ({"name": "convlstm", "zzz": 1}, "here.model.zzz: unknown setting; known here: "),
        (3, "here.model: found 3; expected an object {…}"),
        ({}, "here.model: needs `name` to say which kind it is"),
        ({"name": "layers", "layers": [{"units": 1}]}, "here.model.layers.0"),
        (
            {"name": "layers", "layers": [{"branches": [[]]}]},
            "here.model.layers.0.branches: tuple should have at least 2",
        ),
        ({"name": "layers", "layers": "Dense"}, 'here.model.layers: found "Dense"; expected a list […]'),
        (
            {"name": "layers", "layers": [{"name": "Flatten"}], "blocks": {"a": {}}},
            "here.model.blocks.a.layers: is missing",
        ),
    ],
)
def test_a_model_that_is_none_is_refused(model, sentence, minimal, write, load):
    with pytest.raises(RecipeError) as refused:
        load("here", write({**minimal, "model": model}))
    assert sentence in str(refused.value)


def test_layers_are_given_on_as_they_were_written(minimal, write, load):
    layers = [{"block": "b", "filters": 3}, {"name": "Flatten"}, {"name": "Dense", "units": 1, "activation": "sigmoid"}]
    blocks = {"b": {"filters": 2, "layers": [{"name": "Conv1D", "filters": "$filters", "kernel_size": 1}]}}
    recipe = load("here", write({**minimal, "model": {"name": "layers", "layers": layers, "blocks": blocks}}))
    written = recipe.model.written()
    assert [{key: value for key, value in one.items() if value is not None} for one in written["layers"]][1:] == layers[
        1:
    ]
    assert written["layers"][0]["block"] == "b"
    assert written["layers"][0]["filters"] == 3
    assert list(written["blocks"]["b"]["layers"]) == blocks["b"]["layers"]


def test_a_mistake_of_a_recipe_that_is_not_from_a_file_names_what_it_is_from(tmp_path):
    entry = Entry({"id": "x", "family": "none"}, "a notebook", {}, tmp_path)
    with pytest.raises(RecipeError, match=r"^a notebook: x\.family: found 'none'; expected one of catalog, "):
        validate(entry, models=recipe_models)


@pytest.mark.parametrize("model", [[], [1, 2], "x", 3, 2.5, True])
@pytest.mark.parametrize("recipe_id", ["lab_wave", "lab_features", "tokyo", "tokyo_best", "continuous"])
def test_a_model_of_another_kind_is_a_mistake_that_is_told(tmp_path, recipe_id, model):
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"format": 1, "recipes": [{"id": "mine", "extends": recipe_id, "model": model}]}))
    with pytest.raises(RecipeError, match="model"):
        load_recipe("mine", path, models=recipe_models)
