"""A pool from a simulated catalogue to a Parquet file: what is kept, what comes out alike, scores of known value."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from mleq import api
from mleq.forecast.outcomes import outcomes
from mleq.forecast.pool import running, scoring
from mleq.forecast.pool.circles import Circles
from mleq.forecast.pool.forecaster import Answers, answer
from mleq.forecast.pool.learning import PooledModel
from mleq.forecast.pool.maps import CHANNELS
from mleq.forecast.pool.material import prepare
from mleq.forecast.pool.world import World
from mleq.forecast.trailing import TrailingMix, daily_rate
from mleq.scores.blocks import Blocks, mean_block_days


def test_what_was_prepared_is_kept_and_read_again(trained, caplog):
    caplog.set_level("INFO", "mleq")
    again = prepare(trained.recipe, trained.events, trained.found)
    assert "are read from" in caplog.text
    first = trained.learned.material
    np.testing.assert_array_equal(again.rows.inputs, first.rows.inputs)
    np.testing.assert_allclose(again.known.probability, first.known.probability, rtol=1e-4)
    days = first.validation.day
    assert len(days) == 6 * len(trained.found.parts["validation"])
    quiet = first.rows.weight[~first.rows.came].sum(dtype=float)
    counted = first.pool.n_days - first.rows.day.min()
    assert quiet == pytest.approx(6 * counted - first.rows.came.sum(), rel=0.1)  # the drawn share stands for all
    (kept,) = (trained.folder / "pool").glob("*.npz")
    kept.write_bytes(b"cut off")
    prepare(trained.recipe, trained.events, trained.found)
    assert "it is made again" in caplog.text


def test_models_know_only_what_was_decided_before_them(trained):
    material, model = trained.learned.material, trained.learned
    made = [material.pool.day(one.made) for one in model.vintages]
    assert made[0] == material.parts["train"].stop
    assert made[1] == material.parts["test"].start
    for day in made:
        assert day - 9 < material.rows.before(day, 1).day.max() <= day - 1
        assert material.rows.before(day, 7).day.max() <= day - 7


def test_a_day_is_forecast_alike_by_a_kept_run_and_at_any_place(trained):
    test = trained.table[trained.table["part"] == "test"]
    days = pd.DatetimeIndex(test["target_date"])[[3, 40]]
    entries = running.predict(trained.recipe, trained.run, lambda: trained.events, [day.date() for day in days])
    wanted = test["probability"].to_numpy()[[3, 40]]
    assert [one["probability"] for one in entries] == pytest.approx(wanted, rel=1e-4)
    assert entries[0]["etas"] == pytest.approx(test["pool_etas"].iloc[3], rel=1e-4)
    assert len(entries[0]["moved_by"]) == 3
    assert all(np.isfinite(cause["moved_log_odds"]) and cause["what"] for cause in entries[0]["moved_by"])
    assert any("ETAS" in line for line in running.answer_lines(entries))
    asked = {"dates": [days[0].date(), days[1].date()], "file": trained.folder / "p.parquet"}
    said = running.predict_pool(trained.recipe, trained.run, lambda: trained.events, **asked)
    pool = pd.read_parquet(trained.folder / "p.parquet")
    assert said["rows"] == len(pool) == 6 * 38
    assert list(pool.columns[:8]) == [
        "circle", "latitude", "longitude", "target_date", "observed", "probability", "etas", "climatology",
    ]  # fmt: skip
    assert pool["probability"].iloc[0] == pytest.approx(wanted[0], rel=1e-4)
    centre = (float(pool["latitude"].iloc[1]), float(pool["longitude"].iloc[1]))
    elsewhere = asked | {"file": trained.folder / "e.parquet", "places": [centre, (33.3, 141.1)]}
    running.predict_pool(trained.recipe, trained.run, lambda: trained.events, **elsewhere)
    there = pd.read_parquet(trained.folder / "e.parquet")
    same = pool[pool["circle"] == 1]["probability"].to_numpy()
    np.testing.assert_allclose(there[there["circle"] == 0]["probability"], same, rtol=1e-3)
    assert there["probability"].between(0, 1).all()


def test_no_later_event_changes_a_forecast_and_the_last_day_is_open(trained):
    """The catalogue is cut at an issue time: the forecast of that day stays, and what came is not known."""
    material = trained.learned.material
    test = trained.table[trained.table["part"] == "test"]
    day = pd.Timestamp(test["target_date"].iloc[30], tz="UTC")
    cut = trained.events.loc[(trained.events["origin_time"] < day).to_numpy()].copy()
    cut.attrs = trained.events.attrs | {"end": day, "sha256": "cut"}
    asked = {"dates": [day.date()], "file": trained.folder / "cut.parquet"}
    said = running.predict_pool(trained.recipe, trained.run, lambda: cut, **asked)
    kept = pd.read_parquet(trained.folder / "cut.parquet")
    assert kept["observed"].isna().all()
    assert "observed" not in said
    assert kept["probability"].iloc[0] == pytest.approx(test["probability"].iloc[30], rel=1e-4)
    assert len(kept) == len(material.pool.circles)


def test_trailing_rates_are_those_of_the_family(trained):
    learned, found = trained.learned, trained.found
    world = World.of(trained.recipe, learned, trained.events)
    days = learned.material.parts["validation"]
    answers = answer(learned, world, days, learned.material.parts["train"])
    own = TrailingMix(trained.recipe.target, daily_rate(trained.recipe.target, found))
    dates = found.dates[found.parts["validation"]]
    np.testing.assert_allclose(answers.references["trailing_mix"][:, 0], own.probabilities(trained.events, dates))
    assert (answers.came[:, 0] == found.target[found.parts["validation"]]).all()


@pytest.mark.tensorflow
def test_a_network_of_maps_goes_the_same_way(trained):
    """Learnt, kept and asked again as the trees are; it is given the maps of any circle and day."""
    changes = ['model={"name": "residual_convlstm", "epochs": 1, "cells": 4, "filters": 2, "hidden": [4]}']
    recipe = api.load_recipe("small_pool", trained.folder / "recipe.json", changes=changes)
    learned = running.learner(recipe)(trained.found, trained.events, work=trained.folder / "maps", key="maps")
    table = running.forecasts(recipe, trained.events, trained.found, learned, {})
    folder = trained.folder / "maps_run"
    folder.mkdir()
    learned.save(folder)
    run = SimpleNamespace(**vars(trained.run) | {"folder": folder})
    test = table[table["part"] == "test"]
    days = [day.date() for day in pd.DatetimeIndex(test["target_date"])[[3, 40]]]
    entries = running.predict(recipe, run, lambda: trained.events, days)
    assert [one["probability"] for one in entries] == pytest.approx(test["probability"].to_numpy()[[3, 40]], rel=1e-4)
    assert all(one["name"] in CHANNELS and one["what"] for one in entries[0]["moved_by"])
    asked = {"dates": days[:1], "file": trained.folder / "maps.parquet"}
    running.predict_pool(recipe, run, lambda: trained.events, **asked)
    pool = pd.read_parquet(asked["file"])
    centre = (float(pool["latitude"].iloc[2]), float(pool["longitude"].iloc[2]))
    running.predict_pool(recipe, run, lambda: trained.events, **asked, places=[centre])
    there = pd.read_parquet(asked["file"])["probability"]
    assert there.iloc[0] == pytest.approx(pool["probability"].iloc[2], rel=1e-3)
    assert (pool["probability"] != pool["etas"]).any()


def answers_of(n_days: int, seed: int, shift: float = 0.0) -> Answers:
    """Days whose events come with the stated chances, or with others."""
    rng = np.random.default_rng(seed)
    level = rng.normal(-3, 1, 8)
    log_odds = level + rng.normal(0, 1, (n_days, 8))
    chance = 1 / (1 + np.exp(-log_odds))
    came = rng.random(chance.shape) < chance
    etas = 1 / (1 + np.exp(-(log_odds + 0.5)))
    stated = 1 / (1 + np.exp(-(log_odds + shift)))
    circles = Circles(np.linspace(-60, 60, 8), np.zeros(8), 100.0)
    beside = {"etas": etas, "climatology": np.broadcast_to(chance.mean(axis=0), etas.shape)}
    dates = np.datetime64("2001-01-01") + np.arange(n_days)
    return Answers(
        circles, dates, came, np.ones(n_days, bool), stated, beside, np.full(etas.shape, 0.001), np.ones(n_days)
    )


def test_scores_of_a_pool():
    answers = answers_of(1500, 1)
    found = scoring.evaluate_pool(answers, horizon_days=1, seed=1)
    came, p, etas = answers.came, answers.probability, answers.references["etas"]
    total = np.where(came, np.log(p / etas), np.log((1 - p) / (1 - etas))).sum()
    gain = found["gain"]["etas"]
    assert gain["nats_per_event_day"]["value"] == pytest.approx(total / came.sum())
    assert gain["nats_per_day"]["value"] == pytest.approx(total / came.size)
    assert 0 < gain["nats_per_event_day"]["low"] < total / came.sum() < gain["nats_per_event_day"]["high"]
    parts = found["within_between"]
    both = parts["within_circles"]["value"] + parts["between_circles"]["value"]
    assert both == pytest.approx(total / came.sum())
    assert parts["within_circles"]["value"] == pytest.approx(0, abs=1e-9)  # ETAS is too high by a constant
    assert found["disjoint_circles"] == 8
    areas = scoring.pair_areas(came, p)
    assert areas["pooled"] == pytest.approx(roc_auc_score(came.ravel(), p.ravel()))
    flat = scoring.pair_areas(came, answers.references["climatology"])
    assert flat["within_circles"] == pytest.approx(0.5)  # a constant knows no day of a circle from another
    assert flat["between_circles"] > 0.6


def test_the_band_holds_as_many_calibrated_forecasts_as_it_states():
    """Quantiles of the resamples alone, of eight blocks, would hold about .87 of them."""
    inside = []
    for seed in range(300):
        right = answers_of(900, seed)
        blocks = Blocks.drawn(900, mean_block_days(900, 1), 400, seed)
        low, high = scoring.band(right.came.sum(axis=1), right.probability.sum(axis=1), blocks)
        inside.append(low <= right.came.sum() / right.probability.sum() <= high)
    assert 0.925 <= np.mean(inside) <= 0.985  # 0.95, give or take two of its binomial errors


def test_calibration_says_where_chances_are_wrong():
    wrong = answers_of(900, 3, shift=0.5)
    found = scoring.calibration(wrong.came, wrong.probability, Blocks.drawn(900, 60, 400, 1))
    assert not found["total"]["inside"]
    assert found["total"]["ratio"] < found["total"]["band"][0]


def test_the_band_of_a_few_events_is_that_of_a_poisson_number():
    expected, blocks = np.full(900, 3 / 900), Blocks.drawn(900, 100, 400, 1)
    for observed, inside in ((0, True), (3, True), (7, True), (8, False)):
        came = np.zeros((900, 1))
        came[:observed] = 1
        found = scoring.calibration(came, expected[:, None], blocks)["total"]
        assert found["band"] == pytest.approx((0, 7 / 3))  # of a mean of 3: 0 to 7
        assert found["inside"] is inside


def test_a_kept_model_is_complete(trained):
    again = PooledModel.loaded(trained.run.folder)
    assert [one.made for one in again.vintages] == [one.made for one in trained.learned.vintages]
    assert again.fits[-1].shape == trained.learned.fits[-1].shape
    assert again.recalibrated == trained.learned.recalibrated


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("pool.radius_km=50", "differs from target.radius_km"),
        ("target.max_depth_km=100", "any depth"),
        ('model={"name": "convlstm"}', "a pool is for residual models"),
        ("pool=null", "learns from many circles"),
        ('resample=[{"name": "RandomUnderSampler"}]', "all days as they are"),
    ],
)
def test_mistakes_of_pools_are_said(trained, change, words):
    with pytest.raises(Exception, match=words):
        api.load_recipe("small_pool", trained.folder / "recipe.json", changes=[change])


def test_another_region_and_horizon_from_a_file(trained):
    """A regional catalogue of small events, as CSV, a week ahead: the same recipe with a few settings changed."""
    events = trained.events
    table = pd.DataFrame(
        {
            "time": events["origin_time"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "latitude": events["latitude"],
            "longitude": events["longitude"],
            "depth": events["depth_km"],
            "mag": events["magnitude"] - 2,  # the same clusters of events two magnitudes smaller
            "id": events["id"],
            "type": "earthquake",
        }
    )
    table.to_csv(trained.folder / "region.csv", index=False)
    changes = [
        'catalog={"source": "usgs", "start": "1995-01-02", "min_magnitude": 2.0}', "target.magnitude=2.5",
        "target.horizon_days=7", "target.radius_km=60", "model.epochs=3", "pool.circles=4",
    ]  # fmt: skip
    recipe = api.load_recipe("small_pool", trained.folder / "recipe.json", changes=changes)
    small = api.load_events(recipe, files=[trained.folder / "region.csv"], data_dir=trained.folder / "other")
    found = outcomes(recipe, small)
    learned = running.learner(recipe)(found, small, work=trained.folder / "weekly", key="weekly")
    table = running.forecasts(recipe, small, found, learned, {})
    week = table[table["part"] == "test"]
    assert week["observed"].mean() == pytest.approx(week["pool_etas"].mean(), rel=0.5)
    came = found.target[found.parts["test"]]
    assert (learned.material.pool.target[learned.material.parts["test"], 0] == came).all()
    assert learned.tables["pool_forecasts.parquet"]["observed"].notna().all()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--recipe_id", "x", "--circle", "35,140"], "add --pool"),
        (["--pool"], "add --recipe_id world_best"),
        (["--recipe_id", "x", "--pool", "--circle", "north"], "latitude,longitude"),
        (["--recipe_id", "never_trained", "--pool"], "no finished run"),
    ],
)
def test_what_cannot_be_asked_of_a_pool(words, said, tmp_path, capsys, monkeypatch):
    from mleq.cli import main

    monkeypatch.setattr(sys, "argv", ["mleq", *words, "--out_dir", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        main("predict")
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
