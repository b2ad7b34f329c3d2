"""The level of a pool: found where it is known, from days that are past, the same however it is asked."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mleq.forecast.pool import forecaster, leaks, learning, running
from mleq.forecast.pool.level import decayed_level

SPAN = 60


def test_the_level_of_etas_is_one_where_it_is_right_and_follows_what_comes():
    stated = np.full(4000, 5.0)
    assert decayed_level(stated, stated, 1)[-1] == pytest.approx(1.0)
    assert decayed_level(2 * stated, stated, 1)[-1] == pytest.approx(2.0, rel=0.01)
    assert decayed_level(2 * stated, stated, 1)[0] == 1.0


@pytest.fixture(scope="module")
def leveled(trained):
    """The trained pool, at its level: a small pool would hardly be moved, so its events weigh more."""
    learned = replace(trained.learned, level_days=SPAN, level_prior=1.0, tables={})
    table = running.forecasts(trained.recipe, trained.events, trained.found, learned, {})
    folder = trained.folder / "leveled"
    folder.mkdir()
    learned.save(folder)
    run = SimpleNamespace(**vars(trained.run) | {"folder": folder})
    return SimpleNamespace(**vars(trained) | {"learned": learned, "table": table, "run": run})


def test_a_run_keeps_its_prior_and_older_ones_have_the_usual_one(leveled, tmp_path):
    assert learning.PooledModel.loaded(leveled.run.folder).level_prior == 1.0
    older = shutil.copytree(leveled.run.folder, tmp_path / "older")
    kept = json.loads((older / learning.POOL_FILE).read_text())
    del kept["level_prior"]
    (older / learning.POOL_FILE).write_text(json.dumps(kept))
    assert learning.PooledModel.loaded(older).level_prior == 400.0


def test_it_is_what_the_model_stated_before(trained, leveled):
    plain = trained.learned.tables["pool_forecasts.parquet"]
    found = leveled.learned.tables["pool_forecasts.parquet"]
    dates = np.sort(plain["target_date"].unique())
    day = dates[SPAN + 5]
    before = plain[plain["target_date"].isin(dates[5 : SPAN + 5])]
    factor = (before["observed"].sum() + 1.0) / (before["probability"].astype(float).sum() + 1.0)
    said, at = (one[one["target_date"] == day]["probability"].to_numpy(float) for one in (plain, found))
    np.testing.assert_allclose(np.log1p(-at) / np.log1p(-said), factor, rtol=1e-3)
    assert not np.isclose(factor, 1.0, atol=0.01)


def test_a_day_is_forecast_alike_however_it_is_asked(leveled):
    test = leveled.table[leveled.table["part"] == "test"]
    days = pd.DatetimeIndex(test["target_date"])[[3, 40]]
    wanted = test["probability"].to_numpy()[[3, 40]]
    asked = (leveled.recipe, leveled.run, lambda: leveled.events)
    entries = running.predict(*asked, [day.date() for day in days])
    assert [one["probability"] for one in entries] == pytest.approx(wanted, rel=1e-3)
    file = leveled.folder / "one.parquet"
    running.predict_pool(*asked, dates=[days[1].date()], file=file)
    pool = pd.read_parquet(file)
    assert pool["probability"].iloc[0] == pytest.approx(wanted[1], rel=1e-3)
    centre = (float(pool["latitude"].iloc[2]), float(pool["longitude"].iloc[2]))
    running.predict_pool(*asked, dates=[days[1].date()], file=file, places=[centre])
    assert pd.read_parquet(file)["probability"].iloc[0] == pytest.approx(pool["probability"].iloc[2], rel=1e-3)


def test_beyond_the_catalogue_its_last_days_say_the_level(leveled):
    """However far, and whatever else is asked; no data are not taken for no events."""
    end = leveled.events.attrs["end"]
    days = [(end + pd.Timedelta(days=n)).date() for n in (2, SPAN + 30)]
    file, told = leveled.folder / "beyond.parquet", []
    for asked in ([days[1]], days):
        dates = asked if len(asked) == 1 else [asked[0], asked[1]]
        running.predict_pool(leveled.recipe, leveled.run, lambda: leveled.events, dates=dates, file=file)
        told.append(pd.read_parquet(file).set_index("target_date").loc[pd.Timestamp(days[1])])
    np.testing.assert_allclose(told[0]["probability"], told[1]["probability"], rtol=1e-4)
    levels = np.log1p(-told[1]["etas_leveled"].astype(float)) / np.log1p(-told[1]["etas"].astype(float))
    assert levels.between(0.3, 3.0).all()


def test_what_moved_a_forecast_may_be_the_level(leveled):
    model, days = leveled.learned, leveled.learned.material.parts["test"]
    level, said = np.array([1.5]), np.array([0.3])
    inputs = np.zeros((1, len(running.INPUTS)), np.float16)
    names = [*running.INPUTS, *running.LEVEL]
    dates = model.material.pool.dates[days][:1]
    (causes,) = forecaster.reasons(model, inputs, dates, names, most=len(names), level=(level, said))
    (cause,) = [one for one in causes if one["name"] == "level"]
    before = 1 - (1 - 0.3) ** (1 / 1.5)
    assert cause["moved_log_odds"] == pytest.approx(np.log(0.3 / 0.7) - np.log(before / (1 - before)))
    assert cause["value"] == 1.5


def test_the_leak_detector_tries_it(leveled, monkeypatch, tmp_path):
    pool = leveled.recipe.pool.model_copy(update={"level_days": SPAN, "level_prior": 7.0})
    case = leaks.case_of(leveled.recipe.model_copy(update={"pool": pool}), leveled.events, tmp_path)
    assert (case.model.level_days, case.model.level_prior) == (SPAN, 7.0)
    assert not leaks.forecasts_of_a_day(case)["found"]

    def knowing(model, world, days):
        return np.full((days.stop - days.start, 6), world.pool.target.mean()), np.ones(days.stop - days.start)

    monkeypatch.setattr(forecaster, "_at_own_level", knowing)
    assert any("of the model" in sentence for sentence in leaks.forecasts_of_a_day(case)["found"])
