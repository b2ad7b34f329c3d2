from mleq.recipe.identity import differences, recipe_hash, resolved


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


def test_a_setting_that_is_new_and_null_leaves_a_recipe_what_it_was(load, monkeypatch):
    recipe = load("tokyo")
    before, settings = recipe_hash(recipe), resolved(recipe)
    older = settings | {
        "calibration": {key: value for key, value in settings["calibration"].items() if value is not None}
    }
    assert older != settings
    monkeypatch.setattr("mleq.recipe.identity.resolved", lambda _: older)
    assert recipe_hash(recipe) == before
    monkeypatch.setattr("mleq.recipe.identity.resolved", lambda _: settings | {"calibration": {"folds": 3}})
    assert recipe_hash(recipe) != before


def test_differences_name_the_settings(load):
    found = differences(load("tokyo"), load("tokyo", None, "model.epochs=5", "target.magnitude=5"))
    assert found == ["model.epochs: 50 -> 5", "target.magnitude: 4.5 -> 5.0"]
