import json

import pytest

from mleq.errors import RecipeError, RequestError
from mleq.recipe import entries
from mleq.recipe.entries import Entry, find_entries, shelf_files
from mleq.recipe.load import load_recipe
from mleq.registry import recipe_models

SHELF = [entry.raw["id"] for entry, on_shelf in find_entries() if on_shelf]


def test_the_shelf_holds_the_regions_of_the_original_and_elsewhere():
    regions = ["tokyo", "niigata", "iwaki", "sendai", "sapporo", "nagoya", "nankai", "fukuoka"]
    elsewhere = ["chile", "sumatra", "southern_california", "italy", "new_zealand", "greece"]
    wanted = [*regions, *elsewhere, *(f"{r}_m5" for r in regions + elsewhere), "tokyo_m4", "demo"]
    assert set(wanted) <= set(SHELF)


def test_tokyo_of_recipe_json_is_the_shelfs(load, request):
    own = request.config.rootpath / "recipe.json"
    on_shelf = next(e for e, shelf in find_entries(own) if shelf and e.raw["id"] == "tokyo")
    in_file = next(e for e, shelf in find_entries(own) if not shelf)
    assert in_file.raw == on_shelf.raw
    assert "extends" not in in_file.raw


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


def test_a_shelf_beside_the_recipe_file_is_used(tmp_path, minimal):
    (tmp_path / "recipes").mkdir()
    shelf = {"format": 1, "recipes": [{**minimal, "id": "base"}]}
    (tmp_path / "recipes" / "own.json").write_text(json.dumps(shelf))
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"format": 1, "recipes": [{"id": "mine", "extends": "base"}]}))
    assert [p.name for p in shelf_files(path)] == ["own.json"]
    assert load_recipe("mine", path, models=recipe_models).target.latitude == 10.0


def test_the_recipe_file_that_comes_with_the_package_is_found(monkeypatch, tmp_path):
    assert json.loads(entries.template().read_text())["recipes"][0]["id"] == "tokyo"
    # As it lies in an installed package: the shelf and the template in one folder.
    monkeypatch.setattr(entries, "shelf_folder", lambda: tmp_path)
    (tmp_path / "recipe.json").write_text("{}")
    assert entries.template() == tmp_path / "recipe.json"


def test_the_deepest_place_that_the_file_holds_is_named():
    entry = Entry({"id": "x"}, "recipe.json", {(): 2, ("model",): 5, ("model", "name"): 6})
    assert entry.where(("model", "name")) == "recipe.json:6"
    assert entry.where(("model", "epochs", 3)) == "recipe.json:5"
    assert entry.where(("target",)) == "recipe.json:2"
