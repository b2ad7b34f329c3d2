"""Sweeps: what is tried, how it compares, and what the command and the page say; with a family that is quick."""

import json
import sys

import cheap_family
import numpy as np
import pandas as pd
import pytest

from mleq import api
from mleq.api import runs, sweeps
from mleq.cli import main
from mleq.cli.sweep import lines
from mleq.errors import Failure, RecipeError, RequestError
from mleq.experiment.sweep import combinations
from mleq.forecast.family import load, quick_mistakes

SMALL = {
    "id": "small",
    "family": "catalog",
    "catalog": {
        "source": "simulated", "start": "2000-01-01", "days": 1500, "min_magnitude": 3.0, "mu": 1.0, "seed": 7,
        "region": [35.0, 38.0, 137.0, 140.0],
    },
    "target": {"latitude": 36.5, "longitude": 138.5, "radius_km": 150.0, "magnitude": 4.0},
    "grid": {"extent": {"degrees": 4.0}, "rows": 4, "columns": 4, "window_days": 4},
    "split": {"validation": 0.2, "test": 0.5},
    "model": {"name": "convlstm"},
}  # fmt: skip


@pytest.fixture
def recipes(tmp_path):
    other = {**SMALL, "id": "other", "target": {**SMALL["target"], "radius_km": 60.0}}
    path = tmp_path / "two.json"
    path.write_text(json.dumps({"format": 1, "recipes": [SMALL, other]}))
    return path


@pytest.fixture(autouse=True)
def quick_family(monkeypatch):
    monkeypatch.setattr(cheap_family, "load", load, raising=False)
    monkeypatch.setattr(cheap_family, "quick_mistakes", quick_mistakes, raising=False)
    for module in (runs, sweeps):
        monkeypatch.setattr(module, "family_of", lambda name: cheap_family)


def test_combinations_part_values_at_their_outer_commas():
    found = combinations(['a.b=[1,2],[3,4],"x,y"', "c=5"], [1, 2, 1])
    assert [values for values, _ in found] == [{"a.b": v} for v in ("[1,2]", "[3,4]", '"x,y"') for _ in range(2)]
    assert found[0][1] == ("a.b=[1,2]", "c=5", "seed=1")
    assert combinations([], []) == [({}, ())]
    for wrong in (["a"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(RequestError, match="--set"):
            combinations(wrong, [])


def test_files_ids_and_globs_name_recipes(recipes):
    assert [name for name, _ in api.find_recipes([str(recipes)])] == ["small", "other"]
    assert [name for name, _ in api.find_recipes([str(recipes.parent / "t*.json"), "tokyo"])] == [
        "small", "other", "tokyo",
    ]  # fmt: skip
    assert ("small", recipes) in api.find_recipes(["sm*"], recipes)
    with pytest.raises(RequestError, match="no recipe file and no recipe id is like 'nothing_"):
        api.find_recipes(["nothing_*"])


def test_every_mistake_is_said_before_anything_is_trained(recipes, tmp_path):
    with pytest.raises(RecipeError) as wrong:
        api.sweep([str(recipes)], sets=["model.epoch=1,2"], out_dir=tmp_path / "out")
    assert "did you mean 'epochs'" in str(wrong.value)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def swept(recipes, tmp_path):
    def sweep(**more):
        how = {"sets": ["target.magnitude=4.0,8.4"], "seeds": [1, 2], "out_dir": tmp_path / "out"} | more
        return api.sweep([str(recipes)], **how)

    return sweep


@pytest.mark.tensorflow
def test_a_sweep_ranks_pairs_corrects_reports_failures_and_goes_on(swept, tmp_path, monkeypatch):
    summary = swept()
    assert (summary["tried"], summary["done"], summary["failed"]) == (8, 4, 4)
    assert summary["verdict"].startswith("8 configurations were tried, 4 failed. The best, ")
    rows = pd.DataFrame(summary["rows"])
    done = rows[rows["status"] == "done"]
    assert summary["reference"] == "climatology"
    assert done["gain"].is_monotonic_decreasing
    assert (done["corrected_low"] <= done["low"]).all()
    assert (done["corrected_high"] >= done["high"]).all()
    assert done["behind_best"].notna().sum() == 2  # of two recipes the other seed
    assert (done["behind_best"].dropna() < 0).all()
    assert set(rows.loc[rows["status"] == "failed", "set target.magnitude"]) == {"8.4"}
    assert rows.loc[rows["status"] == "failed", "error"].str.len().min() > 20

    folder = tmp_path / "out" / "sweep" / summary["name"]
    parquet, csv = pd.read_parquet(folder / "table.parquet"), pd.read_csv(folder / "table.csv")
    assert list(parquet.columns) == list(csv.columns) == list(rows.columns)
    np.testing.assert_allclose(parquet["gain"].dropna(), done["gain"])
    page = (folder / "report.html").read_text()
    assert summary["verdict"].replace("'", "&#x27;") in page
    assert 'src="../../assets/mleq.js"' in page
    assert "failures" in page

    # The gain is the run's own, and nothing is trained twice.
    best = done.iloc[0]
    run = json.loads((tmp_path / "out/sweep/trained" / best["recipe_id"] / "summary.json").read_text())
    assert run["family"] == "catalog"
    trained = {"n": 0}

    def learner(recipe):
        trained["n"] += 1
        return real(recipe)

    real = cheap_family.learner
    monkeypatch.setattr(cheap_family, "learner", learner)
    again = swept(seeds=[2, 3], sets=[])
    assert trained["n"] == 2  # the new seed of each recipe
    assert again["tried"] == 4
    assert again["tried_before"] == 2  # seed 1 of each
    said = "\n".join(lines(again))
    assert "2 others of these recipes were tried in earlier sweeps" in said
    assert said.count("\nother ") == said.count("\nsmall ") == 2


def test_the_command_says_so_and_exits_1_where_something_failed(recipes, tmp_path, capsys, monkeypatch):
    words = ["sweep", recipes, "--set", "target.magnitude=8.4", "--out_dir", tmp_path / "out", "--workers", 1]
    monkeypatch.setattr(sys, "argv", ["mleq", *map(str, words)])
    with pytest.raises(SystemExit) as leaving:
        main()
    out, err = capsys.readouterr()
    assert leaving.value.code == 1
    assert "2 configurations were tried, 2 failed. They are not ranked: none finished." in out
    assert "failed: small, seed" in out
    assert "Traceback" not in err


def test_the_same_sweep_twice_at_once_is_refused_before_either_fails_half(recipes, tmp_path, monkeypatch):
    def one(seeds):
        return api.sweep([str(recipes)], sets=["model.filters=2"], seeds=seeds, out_dir=tmp_path / "out")

    run = sweeps.scaling.run

    def meanwhile(*arguments, **options):
        monkeypatch.setattr(sweeps.scaling, "run", run)
        with pytest.raises(Failure, match="another process works on this sweep"):
            one([1])
        one([2])  # another one may
        yield from run(*arguments, **options)

    monkeypatch.setattr(sweeps.scaling, "run", meanwhile)
    assert one([1])["done"] == 2
