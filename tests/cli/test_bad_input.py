"""Every wrong thing that a person may do ends in one clear message and the right exit code."""

import gzip
import json
import os

import pandas as pd
import pytest

HEADER = (
    "time,latitude,longitude,depth,mag,magType,nst,gap,dmin,rms,net,id,updated,place,type,horizontalError,"
    "depthError,magError,magNst,status,locationSource,magSource"
)


def row(number, day, magnitude=4.8, latitude=35.7):
    return (
        f"{day}T03:46:09.800Z,{latitude},139.7,41,{magnitude},mb,,,,,us,us{number:07d},2014-11-06T23:21:06.648Z,"
        '"near Tokyo, Japan",earthquake,,,,,reviewed,us,us'
    )


def days(n, start="1990-01-01"):
    return [f"{day:%Y-%m-%d}" for day in pd.date_range(start, periods=n)]


@pytest.fixture
def usgs(small):
    """The small recipe on events from a file, around Tokyo."""
    small["catalog"] = {"source": "usgs", "start": "1990-01-01", "min_magnitude": 4.0}
    small["target"] |= {"latitude": 35.7, "longitude": 139.7, "magnitude": 4.5, "allow_incomplete": True}
    return small


@pytest.fixture
def csv(tmp_path):
    def write(*rows, header=HEADER):
        path = tmp_path / "events.csv"
        path.write_text("\n".join([header, *rows]) + "\n")
        return path

    return write


class TestRecipe:
    @pytest.mark.parametrize(
        ("before", "after", "sentence"),
        [
            ('"id": "small"', '"id": "smal"', "no recipe 'small'; did you mean 'smal'?"),
            ('"epochs"', '"epoch"', "model.epoch: unknown setting; did you mean 'epochs'?"),
            ('"seed": 3', '"seed": 3, "seed": 4', "seed: this key is given twice"),
            ('"radius_km": 150', '"radius_km": "150"', 'radius_km: found "150"; expected a number'),
            ('"radius_km": 150', '"radius_km": -1', "radius_km: found -1; expected more than 0"),
            ('"magnitude": 4.0', '"magnitude": 40', "magnitude: found 40; expected at most 10"),
            ('"horizon_days": 1', '"horizon_days": 0', "horizon_days: found 0; expected at least 1"),
            ('"format": 1', '"format": 1,', "not valid JSON"),
        ],
    )
    def test_a_mistake_in_the_file_is_shown_with_its_line(self, before, after, sentence, small, recipes, mleq):
        path = recipes(small)
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))
        for command in ("check", "train"):
            answer = mleq(command, "--recipe_id", "small", "--recipe", path)
            assert answer.code == 2
            assert sentence in answer.err

    def test_a_wrong_resampling_argument_is_a_mistake(self, small, recipes, mleq):
        small["resample"] = [{"name": "SMOTE", "args": {"k_neighbour": 3}}]
        answer = mleq("check", "--recipe_id", "small", "--recipe", recipes(small))
        assert answer.code == 2
        assert "small.resample.0.args.k_neighbour: unknown argument; did you mean 'k_neighbors'?" in answer.err

    def test_a_missing_recipe_file_is_named(self, mleq, tmp_path):
        answer = mleq("train", "--recipe_id", "demo", "--recipe", tmp_path / "none.json")
        assert answer.code == 2
        assert "no such recipe file" in answer.err

    @pytest.mark.parametrize(
        "words",
        [("train", "--recipe_id", "demo"), ("check",), ("recipes",), ("fetch", "--recipe_id", "tokyo")],
        ids=lambda words: words[0],
    )
    def test_a_folder_in_the_place_of_recipe_json_is_said_in_one_line(self, words, mleq, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "recipe.json").mkdir()
        answer = mleq(*words)
        assert answer.code == 2
        (line,) = answer.err.splitlines()
        assert "found a folder at recipe.json; expected a recipe file" in line
        assert "mleq init" in line

    def test_new_does_not_write_into_a_folder(self, mleq, tmp_path):
        answer = mleq("new", "--id", "mine", "--latitude", 41, "--longitude", 29, "--recipe", tmp_path)
        assert answer.code == 2
        assert "expected a recipe file" in answer.err


@pytest.mark.tensorflow
class TestCatalogFile:
    def train(self, mleq, recipes, usgs, path, tmp_path):
        return mleq(
            "train", "--recipe_id", "small", "--recipe", recipes(usgs), "--catalog", path, "--out_dir", tmp_path / "out"
        )

    def test_no_such_file(self, mleq, recipes, usgs, tmp_path):
        answer = self.train(mleq, recipes, usgs, tmp_path / "none.csv", tmp_path)
        assert answer.code == 2
        assert "none.csv" in answer.err

    def test_a_lacking_column_is_named_beside_those_there(self, mleq, recipes, usgs, csv, tmp_path):
        path = csv("1990-01-01T00:00:00Z,35,139,10,us1,earthquake", header="time,latitude,longitude,depth,id,type")
        answer = self.train(mleq, recipes, usgs, path, tmp_path)
        assert answer.code == 2
        assert "mag" in answer.err
        assert "time, latitude, longitude" in answer.err

    def test_unreadable_rows_are_counted_with_their_lines(self, mleq, recipes, usgs, csv, tmp_path):
        rows = [row(i, day) for i, day in enumerate(days(5))]
        rows[2] = rows[2].replace("139.7", "east")
        rows[4] = rows[4].replace("1990-01-05", "yesterday")
        answer = self.train(mleq, recipes, usgs, csv(*rows), tmp_path)
        assert answer.code == 2
        assert "2" in answer.err
        assert "4" in answer.err
        assert "6" in answer.err

    @pytest.mark.parametrize("content", [b"", HEADER.encode() + b"\n"], ids=["nothing", "header alone"])
    def test_an_empty_file(self, content, mleq, recipes, usgs, tmp_path):
        path = tmp_path / "events.csv"
        path.write_bytes(content)
        answer = self.train(mleq, recipes, usgs, path, tmp_path)
        assert answer.code == 2
        assert "events.csv" in answer.err

    def test_a_truncated_gzip(self, mleq, recipes, usgs, tmp_path):
        whole = gzip.compress("\n".join([HEADER, *(row(i, day) for i, day in enumerate(days(900)))]).encode())
        path = tmp_path / "events.csv.gz"
        path.write_bytes(whole[: len(whole) // 2])
        answer = self.train(mleq, recipes, usgs, path, tmp_path)
        assert answer.code == 2
        assert "events.csv.gz" in answer.err

    def test_no_event_in_the_circle(self, mleq, recipes, usgs, csv, tmp_path):
        path = csv(*(row(i, day, latitude=-20) for i, day in enumerate(days(400))))
        answer = self.train(mleq, recipes, usgs, path, tmp_path)
        assert answer.code == 2
        assert "lies within 150 km" in answer.err
        assert "km away" in answer.err

    def test_a_part_with_a_single_class(self, mleq, recipes, usgs, csv, tmp_path):
        path = csv(*(row(i, day, magnitude=4.8 if i < 90 else 4.1) for i, day in enumerate(days(400))))
        answer = self.train(mleq, recipes, usgs, path, tmp_path)
        assert answer.code == 2
        assert "the train part has" in answer.err or "the validation part has" in answer.err
        assert "expected dates of both kinds in each part" in answer.err

    def test_a_target_below_completeness_is_refused_with_the_way_out(self, mleq, recipes, tmp_path, small):
        small["target"]["magnitude"] = 3.0
        small["catalog"]["min_magnitude"] = 2.0
        small["catalog"]["mu"] = 0.6
        events = _incomplete_catalog(tmp_path, small)
        small["catalog"] = {"source": "usgs", "start": "2000-01-01", "min_magnitude": 2.0}
        answer = self.train(mleq, recipes, small, events, tmp_path)
        assert answer.code == 2
        assert "allow_incomplete" in answer.err


def _incomplete_catalog(folder, small):
    """A simulated catalogue from which most events below magnitude 3.5 are missing."""
    from mleq import api
    from mleq.registry import recipe_models

    small = json.loads(json.dumps(small))
    small["catalog"]["mu"] = 4.0
    recipe = recipe_models["catalog"].model_validate_json(json.dumps(small))
    events = api.load_events(recipe)
    seen = events.sample(frac=1, random_state=1)
    seen = seen[(seen["magnitude"] >= 3.5) | (pd.util.hash_pandas_object(seen["id"], index=False) % 10 == 0)]
    path = folder / "incomplete.csv"
    seen.sort_values("origin_time").rename(
        columns={"origin_time": "time", "depth_km": "depth", "magnitude": "mag", "magnitude_type": "magType"}
    ).to_csv(path, index=False)
    return path


class TestPlaces:
    @pytest.mark.parametrize("words", [("train", "--recipe_id", "small"), ("predict",), ("report",)])
    def test_an_out_folder_that_is_a_file(self, mleq, tmp_path, words):
        (tmp_path / "out").write_text("a file")
        answer = mleq(*words, "--out_dir", tmp_path / "out")
        assert answer.code == 2
        assert f"--out_dir {tmp_path / 'out'} is a file; expected a folder" in answer.err

    @pytest.mark.tensorflow
    def test_an_out_folder_that_cannot_be_made(self, mleq, recipes, small, tmp_path):
        (tmp_path / "file").write_text("a file")
        out = tmp_path / "file" / "out"
        answer = mleq("train", "--recipe_id", "small", "--recipe", recipes(small), "--out_dir", out)
        assert answer.code == 1
        assert "cannot write" in answer.err
        assert "a file stands where a folder is needed" in answer.err

    @pytest.mark.tensorflow
    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_an_out_folder_that_is_read_only(self, mleq, recipes, small, tmp_path):
        (tmp_path / "out").mkdir(mode=0o500)
        answer = mleq("train", "--recipe_id", "small", "--recipe", recipes(small), "--out_dir", tmp_path / "out")
        assert answer.code == 1
        assert "choose another folder" in answer.err

    def test_a_file_where_the_store_should_be(self, mleq, tmp_path):
        (tmp_path / "data").write_text("a file")
        for words in (("check", "--recipe_id", "tokyo"), ("catalog",)):
            answer = mleq(*words, "--data_dir", tmp_path / "data")
            assert answer.code == 2
            assert "data is a file" in answer.err

    def test_a_catalogue_that_begins_in_the_future(self, mleq, tmp_path):
        words = ("--recipe_id", "tokyo", "--set", "catalog.start=2200-01-01", "--data_dir", tmp_path)
        for command in ("check", "train"):
            answer = mleq(command, *words)
            assert answer.code == 2
            assert "catalog.start 2200-01-01 lies in the future" in answer.err

    def test_what_is_no_value_is_shown_as_it_stands(self, mleq, tmp_path):
        (tmp_path / "recipe.json").write_text('{"format": 1, "recipes": [{"id": "x", "seed": NaN,\n "title": {}}]}')
        answer = mleq("check", "--recipe_id", "x", "--recipe", tmp_path / "recipe.json")
        assert answer.code == 2
        assert "found 'NaN' where a value was expected" in answer.err

    def test_a_service_that_cannot_be_reached(self, mleq, tmp_path):
        words = ("--start", "2000-01-01", "--end", "2000-01-02", "--min_magnitude", 6)
        address = "http://127.0.0.1:9/fdsnws/event/1/"
        answer = mleq("fetch", *words, "--usgs_url", address, "--data_dir", tmp_path / "data")
        assert answer.code == 1
        assert "127.0.0.1:9" in answer.err

    def test_training_without_events_names_the_command_that_brings_them(self, mleq, tmp_path):
        answer = mleq("train", "--recipe_id", "tokyo", "--data_dir", tmp_path / "data", "--out_dir", tmp_path / "out")
        assert answer.code == 2
        assert "python cmd/fetch --recipe_id tokyo" in answer.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("trian",), "no command 'trian'; did you mean 'train'?"),
        (("train",), "Missing option '--recipe_id'"),
        (("train", "--recipe_idd", "x"), "No such option"),
        (("fetch", "--start", "2999-01-01", "--min_magnitude", "6"), "--start 2999-01-01 lies in the future"),
        (("new", "--id", "a", "--latitude", "north", "--longitude", "1"), "'north' is not a valid float"),
    ],
)
def test_a_wrong_command_line(words, sentence, mleq):
    answer = mleq(*words)
    assert answer.code == 2
    assert sentence in answer.err


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("report", "--single"),
        ("fetch", "--export"),
        ("catalog", "--plot"),
        ("predict", "--submission"),
        ("predict", "--output"),
        ("odds", "--csep"),
    ],
)
def test_a_folder_where_a_file_is_to_be_written_is_the_persons_mistake(command, option, mleq, tmp_path):
    words = ("--recipe_id", "demo") if command != "odds" else ("--map", tmp_path / "map.geojson")
    answer = mleq(command, *words, option, tmp_path)
    assert answer.code == 2
    assert f"{option} {tmp_path} is a folder; expected the name of a file to write" in answer.err
