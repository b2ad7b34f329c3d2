import pytest

from mleq.errors import RecipeError


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
        ("model.²=5", "model.²"),
        (f"model.epochs={'9' * 5000}", "model.epochs: found"),
        (f"model.epochs={'[' * 100_000}", "model.epochs: found"),
        (f"resample.{'9' * 5000}=1", "the recipe has nothing at resample"),
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


def test_a_change_within_a_list_needs_something_there(minimal, write, load):
    resample = [{"name": "SMOTE"}, {"name": "TomekLinks"}]
    path = write({**minimal, "resample": resample})
    assert load("here", path, "resample.1.name=AllKNN").resample[1].name == "AllKNN"
    with pytest.raises(RecipeError, match=r"--set resample\.2=1: the recipe has nothing at resample\.2"):
        load("here", path, "resample.2=1")
    assert load("here", path, 'resample.1={"name": "NearMiss"}').resample[1].name == "NearMiss"
