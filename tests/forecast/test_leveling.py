"""A network's forecasts held at the level of what came at its place: from past days alone, the same however asked."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mleq import api
from mleq.errors import RecipeError
from mleq.experiment.level import at_level
from mleq.forecast import forecasting, leveling
from mleq.forecast.leveling import level_before
from mleq.forecast.samples import make_samples

SPAN = 40


def chance(dates) -> np.ndarray:
    """What stands in for a network: a chance of each date, whatever came."""
    return 0.1 + 0.3 * np.random.default_rng(3).random(20_000)[np.asarray(dates, "datetime64[D]").astype(int)]


@pytest.fixture(scope="module", params=[1, 3])
def case(request, make_recipe, make_events):
    recipe = make_recipe(target={"horizon_days": request.param}, calibration={"level_days": SPAN})
    events = make_events(700, near=(35.7, 139.8))
    samples = make_samples(recipe, events)
    learned = SimpleNamespace(
        uncalibrated=lambda samples, indices, batch_size: chance(samples.dates[indices]), calibrator=lambda raw: raw
    )
    table = forecasting.forecast_parts(recipe, events, samples, learned, {})
    return SimpleNamespace(recipe=recipe, events=events, samples=samples, table=table)


def since(case) -> np.datetime64:
    return case.samples.dates[case.samples.parts["validation"][0]]


def test_it_is_what_came_over_what_was_stated(case):
    horizon, samples = case.recipe.target.horizon_days, case.samples
    date = samples.dates[samples.parts["test"][20]]
    last = int((date - samples.dates[0]).astype(int)) - horizon  # decided as the date begins
    known = np.arange(last - SPAN + 1, last + 1)
    factor = (samples.target[known].sum() + leveling.PRIOR * horizon) / (
        chance(samples.dates[known]).sum() + leveling.PRIOR * horizon
    )
    (found,) = level_before(case.recipe, case.events, np.array([date]), since=since(case), state=chance)
    assert found == pytest.approx(factor)
    row = case.table[case.table["target_date"] == date.astype("datetime64[s]")].iloc[0]
    assert row["probability"] == pytest.approx(at_level(chance([date]), np.array([factor]))[0])
    assert row["uncalibrated"] == chance([date])[0]
    assert not np.isclose(factor, 1.0, atol=0.01)


def test_days_are_forecast_alike_in_a_run_and_afterwards(case):
    dates = case.table["target_date"].to_numpy().astype("datetime64[D]")
    shuffled = np.random.default_rng(5).permutation(len(dates))
    level = level_before(case.recipe, case.events, dates[shuffled], since=since(case), state=chance)
    said = at_level(chance(dates[shuffled]), level)
    np.testing.assert_allclose(said, case.table["probability"].to_numpy()[shuffled])
    assert level[dates[shuffled] == dates[0]] == [1.0]  # of no day before it, which the network learnt from


def test_no_event_from_the_issue_time_on_matters(case):
    samples = case.samples
    for index in samples.parts["test"][[3, 30]]:
        asked = {"since": since(case), "state": chance}
        date = samples.dates[[index]]
        whole = level_before(case.recipe, case.events, date, **asked)
        past = case.events[case.events["origin_time"] < samples.issue_times[index]]
        past.attrs = case.events.attrs
        np.testing.assert_array_equal(level_before(case.recipe, past, date, **asked), whole)
        earlier = past[past["origin_time"] < samples.issue_times[index] - pd.Timedelta(days=9)]
        earlier.attrs = case.events.attrs
        assert level_before(case.recipe, earlier, date, **asked) != whole


def test_beyond_the_catalogue_its_last_days_say_the_level(case):
    """However far; days without data are no days without events."""
    last = np.datetime64("2001-12-31")
    asked = {"since": since(case), "state": chance}
    found = level_before(case.recipe, case.events, last + np.array([1, 9, 400]), **asked)
    assert found[0] == found[1] == found[2] != 1.0


def test_before_there_is_a_day_to_look_at_the_level_is_one(case):
    dates = since(case) - np.array([0, 1, 50])
    np.testing.assert_array_equal(
        level_before(case.recipe, case.events, dates, since=since(case), state=chance), np.ones(3)
    )


def test_days_in_which_more_comes_than_was_said_are_put_right(case):
    test = case.table[case.table["part"] == "test"]
    off = abs(np.log(test["uncalibrated"].mean() / test["observed"].mean()))
    assert abs(np.log(test["probability"].mean() / test["observed"].mean())) < 0.7 * off


def test_a_pool_is_told_to_use_its_own():
    with pytest.raises(RecipeError, match="pool.level_days"):
        api.load_recipe("world_best", changes=["calibration.level_days=365"])
