"""Commands that need no network and no Keras, the doors, and what is promised of all commands."""

import json
import logging
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from mleq.cli import COMMANDS

CLONE = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_door_and_an_example(name):
    door = (CLONE / "cmd" / name).read_text()
    assert door.endswith(f'main("{name}")\n')
    assert f"mleq {name}" in import_module(f"mleq.cli.{name}").command.help


def test_doors_and_commands_are_the_same(mleq):
    assert sorted(p.name for p in (CLONE / "cmd").iterdir() if p.is_file()) == sorted(COMMANDS)
    answer = mleq("--help")
    assert answer.code == 0
    assert all(name in answer.out for name in COMMANDS)


def test_a_door_runs_from_any_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, CLONE / "cmd" / "recipes"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "tokyo" in done.stdout


def test_a_door_without_the_environment_says_what_makes_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-S", "-I", CLONE / "cmd" / "train"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "make env" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["recipes"], ["check", "--recipe_id", "tokyo"], ["train", "--help"]])
def test_light_commands_do_not_import_keras(words, tmp_path):
    script = (
        "import sys; sys.argv = ['mleq', *sys.argv[1:]]\n"
        "from mleq.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'tensorflow', 'keras', 'sklearn', 'matplotlib', 'imblearn'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_importing_mleq_is_cheap():
    script = "import mleq, sys; print(sorted({'numpy', 'pandas', 'pydantic', 'click'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=CLONE, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_hyphens_work_too(mleq, recipes, small):
    assert mleq("check", "--recipe-id", "small", "--recipe", recipes(small)).code == 0


class TestRecipes:
    def test_each_has_a_line(self, mleq):
        answer = mleq("recipes")
        lines = answer.out.splitlines()
        assert any(line.startswith("tokyo ") and "M >= 4.5 within 150 km" in line for line in lines)
        assert any(line.startswith("tokyo_m4 ") and "below completeness" in line for line in lines)
        headings = [line for line in lines if line.endswith(":")]
        assert headings[0].endswith("recipe.json:"), "the person's own come first"
        assert headings[1] == "ready-made catalog recipes, demo:"

    def test_json(self, mleq, recipes, small):
        rows = mleq("recipes", "--recipe", recipes(small), "--json").json["recipes"]
        assert rows[0]["id"] == "small"
        assert rows[0]["on_shelf"] is False


class TestCheck:
    def test_all_recipes_are_sound(self, mleq):
        answer = mleq("check")
        assert answer.code == 0
        assert "recipes are sound" in answer.out

    def test_a_plan_says_what_it_will_cost(self, mleq, recipes, small):
        plan = mleq("check", "--recipe_id", "small", "--recipe", recipes(small), "--json").json
        assert plan["sample_shape"] == [4, 4, 4, 3]
        assert plan["split"]["train"]["days"] > plan["split"]["test"]["days"] > 0
        assert 0 < plan["base_rate"] < 1
        assert plan["completeness"]["completeness_magnitude"] == pytest.approx(3.0, abs=0.3)
        assert plan["seconds"] > 0
        assert plan["heatmaps_mb"] == pytest.approx(1500 * 48 * 4 / 1e6, rel=0.01)

    def test_the_plan_counts_the_originals_parameters(self, mleq, tmp_path):
        plan = mleq("check", "--recipe_id", "tokyo", "--data_dir", tmp_path, "--json").json
        assert plan["parameters"] == 1_836_081
        assert "python cmd/fetch --recipe_id tokyo" in plan["missing_data"]

    def test_the_plan_agrees_with_the_run(self, mleq, recipes, small, trained):
        plan = mleq("check", "--recipe_id", "small", "--recipe", recipes(small), "--json").json
        summary = json.loads((trained / "out" / "small" / "summary.json").read_text())
        assert plan["split"] == summary["split"]
        assert plan["parameters"] == summary["model"]["parameters"]
        assert plan["completeness"]["completeness_magnitude"] == summary["catalog"]["completeness_magnitude"]

    @pytest.mark.tensorflow
    def test_build_adds_what_layers_hold_where_a_plan_leaves_it_out(self, mleq):
        words = ("check", "--recipe_id", "azimuth_cnn", "--json")
        plain, built = mleq(*words).json, mleq(*words, "--build").json
        assert plain["layers_mb"] is None
        assert built["layers_mb"] > 0
        assert built["memory_mb"] == plain["memory_mb"] + built["layers_mb"]

    @pytest.mark.tensorflow
    def test_build_lists_the_layers(self, mleq, recipes, small):
        answer = mleq("check", "--recipe_id", "small", "--recipe", recipes(small), "--build")
        assert answer.code == 0
        assert "ConvLSTM2D" in answer.out


class TestNew:
    def test_a_recipe_is_written_and_loads(self, mleq, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        answer = mleq("new", "--id", "mycity", "--latitude", 41, "--longitude", 29, "--magnitude", 5)
        assert answer.code == 0
        assert "recipe 'mycity' is in recipe.json" in answer.out
        plan = mleq("check", "--recipe_id", "mycity", "--json").json
        assert "M >= 5 within 150 km of (41.00, 29.00)" in plan["forecast"]
        raw = json.loads((tmp_path / "recipe.json").read_text())["recipes"][0]
        assert raw["target"]["timezone"] == "Etc/GMT-2"
        assert "timezone Etc/GMT-2: days begin at midnight of UTC+2" in answer.out
        assert "--timezone Europe/Rome" in answer.out

    def test_a_zone_that_was_given_needs_no_word(self, mleq, tmp_path):
        words = ("--latitude", 41, "--longitude", 14, "--recipe", tmp_path / "recipe.json", "--timezone", "Europe/Rome")
        answer = mleq("new", "--id", "mine", *words)
        assert answer.code == 0
        assert "timezone" not in answer.out
        assert f"look at it with: mleq check --recipe_id mine --recipe {tmp_path / 'recipe.json'}" in answer.out

    @pytest.mark.parametrize("words", [("--radius_km", 0), ("--magnitude", 0), ("--radius_km", 0, "--magnitude", 5)])
    def test_nothing_is_not_taken_for_left_open(self, mleq, tmp_path, words):
        path = tmp_path / "recipe.json"
        answer = mleq("new", "--id", "x", "--latitude", 1, "--longitude", 1, "--recipe", path, *words)
        assert answer.code == 2
        assert "x.target.radius_km: found 0.0" in answer.err or "target.magnitude (0) is below" in answer.err
        assert not path.exists()

    def test_an_id_that_is_used_is_refused(self, mleq, recipes, small):
        answer = mleq("new", "--id", "small", "--latitude", 1, "--longitude", 1, "--recipe", recipes(small))
        assert answer.code == 2
        assert "the id 'small' is already used" in answer.err

    def test_a_place_that_is_none_is_refused(self, mleq, tmp_path):
        path = tmp_path / "recipe.json"
        answer = mleq("new", "--id", "x", "--latitude", 99, "--longitude", 1, "--recipe", path)
        assert answer.code == 2
        assert "x.target.latitude: found 99.0; expected at most 90" in answer.err
        assert not path.exists()

    def test_a_place_without_events_is_refused(self, mleq, tmp_path, world_csv):
        path = tmp_path / "recipe.json"
        words = ("--latitude", -5, "--longitude", -140, "--recipe", path, "--catalog", world_csv)
        answer = mleq("new", "--id", "nowhere", *words)
        assert answer.code == 2
        assert "there is nothing to learn from" in answer.err
        assert not path.exists()

    def test_a_wrong_option_is_named_and_not_the_shelf(self, mleq, tmp_path):
        words = ("--latitude", 41, "--longitude", 29, "--recipe", tmp_path / "recipe.json")
        answer = mleq("new", "--id", "MyCity", *words)
        assert answer.code == 2
        assert "--id MyCity: MyCity.id: found" in answer.err
        assert "small letters" in answer.err
        answer = mleq("new", "--id", "mine", *words, "--timezone", "Europe/Istambul")
        assert "--id mine: mine.target.timezone: not an IANA time zone" in answer.err

    def test_radius_and_magnitude_are_those_that_the_data_can_carry(self, mleq, tmp_path, world_csv):
        path = tmp_path / "recipe.json"
        words = ("--latitude", 35.68, "--longitude", 139.77, "--recipe", path, "--catalog", world_csv, "--json")
        answer = mleq("new", "--id", "mine", *words)
        target = answer.json["recipe"]["target"]
        assert 4.0 < target["magnitude"] <= 5.5
        assert 50 <= target["radius_km"] <= 500
        assert "enough for a verdict" in answer.json["reasons"][1]


class TestInit:
    def test_recipe_and_shelf_are_laid_down_and_used(self, mleq, tmp_path, monkeypatch):
        answer = mleq("init", tmp_path / "mine")
        assert answer.code == 0
        monkeypatch.chdir(tmp_path / "mine")
        shelf = json.loads((tmp_path / "mine" / "recipes" / "demo.json").read_text())
        shelf["recipes"][0]["title"] = {"en": "Changed here"}
        (tmp_path / "mine" / "recipes" / "demo.json").write_text(json.dumps(shelf))
        assert "Changed here" in mleq("recipes").out

    def test_nothing_is_overwritten(self, mleq, tmp_path):
        assert mleq("init", tmp_path / "mine").code == 0
        answer = mleq("init", tmp_path / "mine")
        assert answer.code == 2
        assert "is already there" in answer.err


def test_a_command_in_a_process_leaves_the_logger_as_it_was():
    from mleq.cli.common import showing

    logger = logging.getLogger("mleq")
    before = logger.level, logger.propagate, list(logger.handlers)
    with showing(quiet=True):
        assert (logger.level, logger.propagate) == (logging.ERROR, False)
    assert (logger.level, logger.propagate, logger.handlers) == before
