import json
import re

import pytest

from mleq.errors import RecipeError, RequestError
from mleq.recipe.load import (
    Entry,
    differences,
    find_entries,
    load_recipe,
    recipe_hash,
    resolved,
    shelf_files,
    try_recipe,
    validate,
)
from mleq.recipe.write import add_recipe
from mleq.registry import recipe_models

SHELF = [entry.raw["id"] for entry, on_shelf in find_entries() if on_shelf]


@pytest.mark.parametrize("name", SHELF)
def test_every_shelf_recipe_loads_and_has_epochs(name, load):
    recipe = load(name)
    assert recipe.id == name
    assert recipe.model.epochs >= 1
    assert recipe.title


def test_the_shelf_holds_the_regions_of_the_original_and_elsewhere():
    regions = ["tokyo", "niigata", "iwaki", "sendai", "sapporo", "nagoya", "nankai", "fukuoka"]
    elsewhere = ["chile", "sumatra", "southern_california", "italy", "new_zealand", "greece"]
    wanted = [*regions, *elsewhere, *(f"{r}_m5" for r in regions + elsewhere), "tokyo_m4", "demo"]
    assert set(wanted) <= set(SHELF)


def test_every_recipe_that_allows_incompleteness_says_why(load):
    flagged = [name for name in SHELF if getattr(getattr(load(name), "target", None), "allow_incomplete", False)]
    assert "tokyo_m4" in flagged
    assert all("completeness" in load(name).note for name in flagged)


def test_tokyo_of_recipe_json_is_the_shelfs(load, request):
    own = request.config.rootpath / "recipe.json"
    on_shelf = next(e for e, shelf in find_entries(own) if shelf and e.raw["id"] == "tokyo")
    in_file = next(e for e, shelf in find_entries(own) if not shelf)
    assert in_file.raw == on_shelf.raw
    assert "extends" not in in_file.raw


def test_defaults_are_written_out(minimal, write, load):
    recipe = load("here", write(minimal))
    assert resolved(recipe)["grid"] == {
        "extent": "world",
        "rows": 20,
        "columns": 30,
        "window_days": 15,
        "scale": {"magnitude": 10.0, "frequency": 100.0, "depth_km": 500.0},
    }


def test_a_resolved_recipe_is_a_recipe_again(load, write):
    recipe = load("niigata_m5")
    again = load("niigata_m5", write(resolved(recipe)))
    assert again == recipe
    assert recipe_hash(again) == recipe_hash(recipe)
    assert recipe_hash(load("niigata")) != recipe_hash(recipe)


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


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ('model.epochs="20"', 'model.epochs: found "20"; expected a whole number'),
        ("model.epochs=2.5", "model.epochs: found 2.5; expected a whole number"),
        ("target.radius_km=0", "target.radius_km: found 0; expected more than 0"),
        ("target.radius_km=50000", "target.radius_km: found 50000; expected at most 20015"),
        ("target.magnitude=11", "target.magnitude: found 11; expected at most 10"),
        ("target.magnitude=3", "target.magnitude (3) is below catalog.min_magnitude (4)"),
        ("target.timezone=Mars/Base", "not an IANA time zone such as 'Asia/Tokyo' or 'UTC' (found \"Mars/Base\")"),
        ("target.allow_incomplete=1", "target.allow_incomplete: found 1; expected true or false"),
        (
            "catalog.source=usg",
            "catalog.source: found 'usg'; expected one of 'usgs', 'simulated', 'recipe'; did you mean 'usgs'?",
        ),
        ("catalog.start=1990-13-01", 'catalog.start: found "1990-13-01"; expected a date such as "2015-06-01"'),
        ("catalog.end=1980-01-01", "end (1980-01-01) must be later than start (1990-01-01)"),
        ("catalog.url=file:///etc/passwd", "catalog.url"),
        ("model.name=convlst", "model.name: found 'convlst'; expected one of 'convlstm', 'layers'"),
        ("family=katalog", "continuous; did you mean 'catalog'?"),
        ("grid.extent=word", "grid.extent: found \"word\"; expected 'world'; did you mean 'world'? or an object"),
        ('grid={"extent": {"degrees": 0}}', "grid.extent.degrees: found 0; expected more than 0"),
        ("split.test=0.9", "validation + test must leave at least 0.1 for training"),
        ('split={"train_end": "2000-01-01", "validation_end": "1999-01-01"}', "train_end < validation_end"),
        ('resample=[{"name": "SMOT"}]', "did you mean 'SMOTE'?"),
        ('model={"layers": []}', "model.layers"),
        ("id=../x", 'id: found "../x"; expected up to 64 small letters'),
        ('resample=[{"name": "Smote"}]', "did you mean 'SMOTE'?"),
        ("split.test=0.95", "--set split.test=0.95: here.split: validation + test must leave"),
        ('model={"layers": ["Dense"]}', 'here.model.layers.0: found "Dense"; expected an object'),
        ("seed=-1", "seed: found -1; expected at least 0"),
        ("id.x=1", "id is a single value, it has nothing inside"),
        ("resample.3.name=SMOTE", "the recipe has nothing at resample.3"),
        ("epochs", "expected path=value, for example model.epochs=5"),
    ],
)
def test_a_wrong_change_is_named(change, sentence, minimal, write, load):
    with pytest.raises(RecipeError) as error:
        load("here", write({**minimal, "resample": []}), change)
    assert str(error.value).startswith(f"--set {change}") or "recipe.json" in str(error.value)
    assert sentence in str(error.value)


def test_changes_take_json_and_plain_words(minimal, write, load):
    recipe = load(
        "here",
        write(minimal),
        "model.epochs=5",
        "target.timezone=Asia/Tokyo",
        'grid.extent={"degrees": 12}',
        'resample=[{"name": "SMOTE", "args": {"k_neighbors": 3}}]',
    )
    assert (recipe.model.epochs, recipe.target.timezone, recipe.grid.extent.degrees) == (5, "Asia/Tokyo", 12.0)
    assert recipe.resample[0].args == {"k_neighbors": 3}


def test_an_unknown_id_is_met_with_a_proposal(minimal, write, load):
    with pytest.raises(RequestError, match=r"no recipe 'tokio'; did you mean 'tokyo'\?"):
        load("tokio", write(minimal))


def test_a_missing_file_is_named(load, tmp_path):
    with pytest.raises(RequestError, match=r"no such recipe file: .*nothing\.json"):
        load("tokyo", tmp_path / "nothing.json")


def test_a_duplicate_key_is_a_mistake(tmp_path, load):
    path = tmp_path / "recipe.json"
    path.write_text('{"format": 1, "recipes": [\n {"id": "a",\n  "seed": 1, "seed": 2}]}')
    with pytest.raises(RecipeError, match=r"recipe.json:3: recipes\.0\.seed: this key is given twice"):
        load("a", path)


def test_a_duplicate_id_is_a_mistake(minimal, write, load):
    with pytest.raises(RecipeError, match=r"here: this id is already used at .*recipe\.json:\d+"):
        load("here", write(minimal, minimal))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "expected"),
        ('{"recipes": []}', "format: is missing; expected 1"),
        ('{"format": 2, "recipes": []}', "format: found 2; expected 1"),
        ('{"format": 1, "recipe": []}', "recipe: unknown setting; did you mean 'recipes'?"),
        ('{"format": 1, "recipes": [3]}', "recipes.0: expected an object"),
        ('{"format": 1, "recipes": [{"family": "catalog"}]}', "recipes.0.id: every recipe needs an id"),
        ("\xff", "not"),
    ],
)
def test_a_wrong_frame_is_named(text, sentence, tmp_path, load):
    path = tmp_path / "recipe.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(RecipeError) as error:
        load("tokyo", path)
    assert sentence in str(error.value)


def test_a_byte_order_mark_is_read_over(minimal, write, load):
    path = write(minimal)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load("here", path).id == "here"


def test_a_folder_is_not_a_recipe_file(load, tmp_path):
    with pytest.raises(RequestError, match="found a folder at .*; expected a recipe file.*mleq init FOLDER"):
        load("tokyo", tmp_path)


def test_a_folder_in_the_place_of_recipe_json_is_said(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipe.json").mkdir()
    with pytest.raises(RequestError, match=r"found a folder at recipe\.json; expected a recipe file"):
        load("tokyo")


def test_without_a_recipe_file_an_unknown_id_says_so(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load("demo").id == "demo"
    with pytest.raises(RequestError, match=r"no recipe 'mine' on the shelf, and no recipe\.json in this folder.*init"):
        load("mine")


class TestExtends:
    def test_settings_are_laid_over_the_shelfs(self, write, load):
        path = write({"id": "mine", "extends": "tokyo", "target": {"magnitude": 5}, "model": {"epochs": 3}})
        mine, tokyo = load("mine", path), load("tokyo")
        assert (mine.target.magnitude, mine.model.epochs) == (5.0, 3)
        assert mine.target.latitude == tokyo.target.latitude
        assert mine.model.filters == tokyo.model.filters

    def test_a_part_of_another_kind_replaces_the_whole(self, write, load):
        layers = {"name": "layers", "layers": [{"name": "Flatten"}, {"name": "Dense", "units": 1}]}
        dates = {"train_end": "2009-12-31", "validation_end": "2012-12-31"}
        recipe = load("mine", write({"id": "mine", "extends": "tokyo", "model": layers, "split": dates}))
        assert len(recipe.model.layers) == 2
        assert str(recipe.split.train_end) == "2009-12-31"

    def test_a_mistake_in_what_is_extended_names_that_file(self, write, load):
        path = write({"id": "mine", "extends": "tokyo", "target": {"magnitude": 12}})
        with pytest.raises(RecipeError, match=r"recipe\.json:\d+: mine\.target\.magnitude: found 12"):
            load("mine", path)

    @pytest.mark.parametrize(
        ("extends", "sentence"),
        [
            ("tokio", "no recipe 'tokio' on the shelf; did you mean 'tokyo'?"),
            ("niigata", "'niigata' itself extends 'tokyo'"),
            (["tokyo"], "expected one id of the shelf"),
        ],
    )
    def test_only_one_shelf_recipe_can_be_extended(self, extends, sentence, write, load):
        with pytest.raises(RecipeError) as error:
            load("mine", write({"id": "mine", "extends": extends}))
        assert sentence in str(error.value)


def test_differences_name_the_settings(load):
    found = differences(load("tokyo"), load("tokyo", None, "model.epochs=5", "target.magnitude=5"))
    assert found == ["model.epochs: 50 -> 5", "target.magnitude: 4.5 -> 5.0"]


class TestAddRecipe:
    def test_what_a_person_wrote_stays_as_it_was(self, minimal, tmp_path, load):
        path = tmp_path / "recipe.json"
        before = '{ "format":1,\n\n  "recipes" : [\n    ' + json.dumps(minimal) + "\n ]  }\n"
        path.write_text(before)
        add_recipe(path, {"id": "mine", "extends": "tokyo", "title": {"ja": "私"}})
        after = path.read_text()
        assert after.startswith(before[: before.rindex("}")].rstrip().rstrip("]").rstrip())
        assert load("mine", path).title == {"ja": "私"}
        assert load("here", path).id == "here"

    def test_a_missing_file_is_made(self, tmp_path, load):
        add_recipe(tmp_path / "recipe.json", {"id": "mine", "extends": "tokyo"})
        assert load("mine", tmp_path / "recipe.json").target.magnitude == 4.5


def test_the_schema_is_not_stale(request):
    from mleq.recipe.schema import document_schema

    path = request.config.rootpath / "recipes" / "schema.json"
    assert json.loads(path.read_text()) == document_schema(dict(recipe_models)), "run `make schema`"


def test_a_shelf_beside_the_recipe_file_is_used(tmp_path, minimal):
    (tmp_path / "recipes").mkdir()
    shelf = {"format": 1, "recipes": [{**minimal, "id": "base"}]}
    (tmp_path / "recipes" / "own.json").write_text(json.dumps(shelf))
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"format": 1, "recipes": [{"id": "mine", "extends": "base"}]}))
    assert [p.name for p in shelf_files(path)] == ["own.json"]
    assert load_recipe("mine", path, models=recipe_models).target.latitude == 10.0


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


def test_the_recipe_file_that_comes_with_the_package_is_found(monkeypatch, tmp_path):
    from mleq.recipe import load as module

    assert json.loads(module.template().read_text())["recipes"][0]["id"] == "tokyo"
    # As it lies in an installed package: the shelf and the template in one folder.
    monkeypatch.setattr(module, "shelf_folder", lambda: tmp_path)
    (tmp_path / "recipe.json").write_text("{}")
    assert module.template() == tmp_path / "recipe.json"


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


def test_a_change_within_a_list_needs_something_there(minimal, write, load):
    resample = [{"name": "SMOTE"}, {"name": "TomekLinks"}]
    path = write({**minimal, "resample": resample})
    assert load("here", path, "resample.1.name=AllKNN").resample[1].name == "AllKNN"
    with pytest.raises(RecipeError, match=r"--set resample\.2=1: the recipe has nothing at resample\.2"):
        load("here", path, "resample.2=1")
    assert load("here", path, 'resample.1={"name": "NearMiss"}').resample[1].name == "NearMiss"


def test_a_mistake_of_a_recipe_that_is_not_from_a_file_names_what_it_is_from(tmp_path):
    entry = Entry({"id": "x", "family": "none"}, "a notebook", {}, tmp_path)
    with pytest.raises(RecipeError, match=r"^a notebook: x\.family: found 'none'; expected one of catalog, "):
        validate(entry, models=recipe_models)


def test_the_deepest_place_that_the_file_holds_is_named():
    entry = Entry({"id": "x"}, "recipe.json", {(): 2, ("model",): 5, ("model", "name"): 6})
    assert entry.where(("model", "name")) == "recipe.json:6"
    assert entry.where(("model", "epochs", 3)) == "recipe.json:5"
    assert entry.where(("target",)) == "recipe.json:2"


@pytest.mark.parametrize("model", [[], [1, 2], "x", 3, 2.5, True])
@pytest.mark.parametrize("recipe_id", ["lab_wave", "lab_features", "tokyo", "tokyo_best", "continuous"])
def test_a_model_of_another_kind_is_a_mistake_that_is_told(tmp_path, recipe_id, model):
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"format": 1, "recipes": [{"id": "mine", "extends": recipe_id, "model": model}]}))
    with pytest.raises(RecipeError, match="model"):
        load_recipe("mine", path, models=recipe_models)
