"""Walking forward and training from several seeds, with a family that is quick."""

import json
import pickle
from functools import partial

import cheap_family
import numpy as np
import pandas as pd
import pytest

from mleq import spread
from mleq.errors import RequestError
from mleq.experiment import tasks
from mleq.experiment.backtest import backtest, table_lines
from mleq.experiment.seeds import averaged, spread_lines, train_seeds
from mleq.forecast.family import load as load_events
from mleq.forecast.folds import folds
from mleq.forecast.recipe import CatalogRecipe

pytestmark = pytest.mark.tensorflow  # run.json asks it for the devices


@pytest.fixture(scope="module")
def recipe():
    return CatalogRecipe.model_validate_json(
        json.dumps(
            {
                "id": "small",
                "family": "catalog",
                "catalog": {
                    "source": "simulated",
                    "start": "2000-01-01",
                    "days": 3653,
                    "min_magnitude": 3.0,
                    "region": [35.0, 38.0, 137.0, 140.0],
                    "mu": 1.0,
                    "seed": 7,
                },
                "target": {"latitude": 36.5, "longitude": 138.5, "radius_km": 150.0, "magnitude": 4.0},
                "grid": {"extent": {"degrees": 4.0}, "rows": 4, "columns": 4, "window_days": 4},
                "split": {"validation": 0.2, "test": 0.3},
                "model": {"name": "convlstm"},
            }
        )
    )


@pytest.fixture(scope="module")
def load(recipe):
    return partial(load_events, recipe)


def test_folds_are_whole_years_end_to_end_with_gaps_before_them(recipe, load):
    events = load()
    made = folds(recipe, events, 3)
    parts = [cheap_family.describe_split(one, cheap_family.make_samples(one, events)) for one in made]
    assert [(one["test"]["start"], one["test"]["end"]) for one in parts] == [
        ("2007-01-01", "2007-12-31"),
        ("2008-01-01", "2008-12-31"),
        ("2009-01-01", "2009-12-31"),
    ]
    for one in parts:
        for earlier, later in (("train", "validation"), ("validation", "test")):
            gap = pd.Timestamp(one[later]["start"]) - pd.Timestamp(one[earlier]["end"])
            assert gap.days - 1 == 5  # window + horizon
        assert one["train"]["start"] == "2000-01-05"
        assert 727 <= one["validation"]["days"] <= 731
    with pytest.raises(RequestError, match="fewer --folds"):
        folds(recipe, events, 7)


def test_a_stopped_backtest_goes_on_after_its_last_fold(recipe, load, tmp_path):
    done = []

    def stopped_after_two(do, all_tasks):
        for task in all_tasks:
            if len(done) == 2:
                raise KeyboardInterrupt
            done.append(do(task))
            yield done[-1]

    with pytest.raises(KeyboardInterrupt), spread.by(stopped_after_two):
        backtest(recipe, cheap_family, load, 3, out_dir=tmp_path)
    assert not (tmp_path / "small" / "backtest" / "summary.json").exists()
    summary = backtest(recipe, cheap_family, load, 3, out_dir=tmp_path)
    assert [fold["run"] for fold in summary["folds"]][:2] == [one.name for one in done]
    assert len(list((tmp_path / "small" / "backtest" / "folds" / "small" / "runs").glob("2*"))) == 3

    # Pooled scores are those of all folds' test days together.
    days = [fold["split"]["test"]["days"] for fold in summary["folds"]]
    assert summary["pooled"]["days"] == sum(days) == 1096
    losses = [fold["scores"]["log_score"]["value"] for fold in summary["folds"]]
    assert summary["pooled"]["scores"]["log_score"]["value"] == pytest.approx(np.average(losses, weights=days))
    assert summary["pooled"]["gain"]["climatology"]["nats_per_day"]["low"] is not None
    assert summary["pooled"]["confusion"] is None
    (kept,) = (tmp_path / "small" / "backtest").glob("2*")
    assert json.loads((kept / "summary.json").read_text()) == summary
    assert list(pd.read_parquet(kept / "forecasts.parquet")["fold"].unique()) == [1, 2, 3]
    lines = table_lines(summary)
    assert lines[0] == summary["pooled"]["verdict"]
    assert sum("2007-01-01 to 2007-12-31" in line for line in lines) == 1


def test_a_task_can_be_pickled_and_does_the_same_elsewhere(recipe, load, tmp_path):
    events = load()
    _, catalog = tasks.material_and_hash(recipe, cheap_family, load)
    one = tasks.Task(folds(recipe, events, 1)[0], "cheap_family", load, catalog, tmp_path / "a")
    two = pickle.loads(pickle.dumps(tasks.Task(one.recipe, "cheap_family", load, catalog, tmp_path / "b")))
    here, there = tasks.do(one), tasks.do(two)
    pd.testing.assert_frame_equal(tasks.Run(here).forecasts, tasks.Run(there).forecasts)
    assert tasks.do(one) == here
    other = one.recipe.model_copy(update={"seed": 1})
    assert tasks.finished_run(tmp_path / "a", other, catalog) is None
    assert tasks.finished_run(tmp_path / "a", one.recipe, "another catalogue") is None


def test_seeds_give_a_spread_and_their_average_is_scored(recipe, load, tmp_path):
    summary = train_seeds(recipe, cheap_family, load, [1, 2, 3], out_dir=tmp_path, average=True)
    losses = [one["scores"]["log_score"]["value"] for one in summary["seeds"]]
    assert len(set(losses)) == 3
    assert summary["spread"]["log_score"]["mean"] == pytest.approx(np.mean(losses))
    assert summary["spread"]["log_score"]["standard_deviation"] == pytest.approx(np.std(losses, ddof=1))
    # The log score is convex: the mean forecast is never worse than the mean of the scores (Jensen).
    assert summary["average"]["scores"]["log_score"]["value"] <= np.mean(losses)
    runs = tmp_path / "small" / "runs"
    frames = [pd.read_parquet(runs / one["run"] / "forecasts.parquet") for one in summary["seeds"]]
    mean = averaged(frames)["probability"]
    np.testing.assert_allclose(mean, np.mean([frame["probability"] for frame in frames], axis=0))
    assert json.loads((tmp_path / "small" / "seeds" / "summary.json").read_text()) == summary
    again = train_seeds(recipe, cheap_family, load, [3, 1], out_dir=tmp_path)
    assert [one["run"] for one in again["seeds"]] == [summary["seeds"][2]["run"], summary["seeds"][0]["run"]]
    assert "average: " in spread_lines(summary)[-1]


@pytest.mark.parametrize("seeds", [[1], [1, 1]])
def test_one_seed_is_no_spread(recipe, load, tmp_path, seeds):
    with pytest.raises(RequestError, match="at least two"):
        train_seeds(recipe, cheap_family, load, seeds, out_dir=tmp_path)
