"""A network's forecasts held at the level of what came at its place: from past days alone, the same however asked."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mleq import api
from mleq.errors import RecipeError
from mleq.experiment.calibration import Platt
from mleq.experiment.level import at_level
from mleq.experiment.out_of_fold import OutOfFold
from mleq.forecast import forecasting, leaks, leveling, statement
from mleq.forecast.evaluation import evaluate
from mleq.forecast.leveling import Level
from mleq.forecast.references import fit_references
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
    level = Level.of(recipe, samples)
    learned = SimpleNamespace(
        uncalibrated=lambda samples, indices, batch_size: chance(samples.dates[indices]),
        calibrator=lambda raw: raw / 2,
        level=level,
    )
    references = fit_references(recipe, events, samples, ["climatology"])
    table = forecasting.forecast_parts(recipe, events, samples, learned, references)
    return SimpleNamespace(
        recipe=recipe, events=events, samples=samples, level=level, table=table, references=references
    )


def halved(dates):
    return chance(dates) / 2


def factors(case, events, dates, state=halved):
    return case.level.before(case.recipe, events, np.asarray(dates), state)["factor"].to_numpy()


def test_it_is_what_came_over_what_was_stated(case):
    horizon, samples = case.recipe.target.horizon_days, case.samples
    date = samples.dates[samples.parts["test"][20]]
    last = int((date - samples.dates[0]).astype(int)) - horizon  # decided as the date begins
    known = np.arange(last - SPAN + 1, last + 1)
    came, stated = samples.target[known].sum(), halved(samples.dates[known]).sum()
    factor = (came + 5 * horizon) / (stated + 5 * horizon)
    found = case.level.before(case.recipe, case.events, np.array([date]), halved).iloc[0]
    assert found["factor"] == pytest.approx(factor)
    assert (found["days"], found["came"], found["until"]) == (SPAN, came, pd.Timestamp(samples.dates[last]))
    assert found["stated"] == pytest.approx(stated)
    row = case.table[case.table["target_date"] == date.astype("datetime64[s]")].iloc[0]
    assert row["probability"] == pytest.approx(at_level(halved([date]), np.array([factor]))[0])
    assert (row["uncalibrated"], row["calibrated"]) == (chance([date])[0], halved([date])[0])
    assert not np.isclose(factor, 1.0, atol=0.01)


def test_no_event_from_the_issue_time_on_matters(case):
    samples = case.samples
    for index in samples.parts["test"][[3, 30]]:
        date = samples.dates[[index]]
        whole = factors(case, case.events, date)
        past = case.events[case.events["origin_time"] < samples.issue_times[index]]
        past.attrs = case.events.attrs
        np.testing.assert_array_equal(factors(case, past, date), whole)
        earlier = past[past["origin_time"] < samples.issue_times[index] - pd.Timedelta(days=9)]
        earlier.attrs = case.events.attrs
        assert factors(case, earlier, date) != whole


@pytest.mark.parametrize("days", [SPAN, "auto"])
def test_the_leak_detector_tries_it(case, days, monkeypatch):
    calibration = case.recipe.calibration.model_copy(update={"level_days": days})
    recipe = case.recipe.model_copy(update={"calibration": calibration})
    found = leaks.find_leaks(recipe, case.events, fit=lambda *_: {}, issue_times=6)
    (probe,) = [one for one in found if one["probe"] == "level"]
    assert probe["tried"] > 6
    assert not probe["found"]
    before = Level.before

    def knowing(self, recipe, events, dates, state):
        return before(self, recipe, events, dates + np.timedelta64(30, "D"), state)

    monkeypatch.setattr(Level, "before", knowing)
    found = leaks.find_leaks(recipe, case.events, fit=lambda *_: {}, issue_times=6)
    assert any("the level of" in sentence for one in found if one["probe"] == "level" for sentence in one["found"])


def test_no_day_is_asked_for_in_vain(case):
    """Nor one that the network learnt from, nor one whose window begins before the catalogue."""
    asked = []

    def listening(dates):
        asked.extend(dates)
        return halved(dates)

    test, horizon = case.samples.dates[case.samples.parts["test"]], case.recipe.target.horizon_days
    factors(case, case.events, test[[5, 6]], listening)
    assert sorted(asked) == sorted(test[5] - horizon - np.arange(-1, SPAN))
    asked.clear()
    validation = case.samples.dates[case.samples.parts["validation"]]
    factors(case, case.events, validation[[9]], listening)
    assert min(asked) == validation[0]
    late = case.events[case.events["origin_time"] >= pd.Timestamp(test[10], tz="UTC")]
    late.attrs = case.events.attrs | {"start": pd.Timestamp(test[10], tz="UTC")}
    asked.clear()
    found = case.level.before(case.recipe, late, test[[30]], listening).iloc[0]
    first = test[10] + 1 + case.recipe.grid.window_days  # whole days of Tokyo begin on the next
    assert min(asked) == first
    assert found["days"] == len(asked) == (test[30] - horizon - first).astype(int) + 1


def test_beyond_the_catalogue_its_last_days_say_the_level(case):
    """However far; days without data are no days without events."""
    last = np.datetime64("2001-12-31")
    found = factors(case, case.events, last + np.array([1, 9, 400]))
    assert found[0] == found[1] == found[2] != 1.0


def test_before_there_is_a_day_to_look_at_the_level_is_one(case):
    first = case.samples.dates[case.samples.parts["validation"][0]]
    found = case.level.before(case.recipe, case.events, first - np.array([0, 1, 50]), halved)
    assert (found["factor"] == 1).all()
    assert (found["days"] == 0).all()
    assert statement.level_said(found.iloc[0])["until"] is None


def test_days_in_which_more_comes_than_was_said_are_put_right(case):
    test = case.table[case.table["part"] == "test"]
    off = abs(np.log(test["calibrated"].mean() / test["observed"].mean()))
    assert abs(np.log(test["probability"].mean() / test["observed"].mean())) < 0.7 * off


def test_each_step_is_scored(case):
    found = evaluate(case.recipe, case.table)["calibration"]
    assert list(found) == ["before", "after", "at_level"]
    test = case.table[case.table["part"] == "test"]
    for step, column in (("before", "uncalibrated"), ("after", "calibrated"), ("at_level", "probability")):
        assert found[step]["mean_forecast"] == pytest.approx(test[column].mean())
    (line,) = [one for one in statement._gain_and_calibration({"calibration": found}) if one.startswith("mean")]
    assert f"{test['probability'].mean():.3f} at its level, observed" in line
    assert line.endswith("at its level")


class Network:
    """Stands where Keras's model does: says a window's chance by the date that follows it."""

    def __init__(self):
        self.asked = 0

    def predict(self, dates, batch_size, verbose):
        self.asked += len(dates)
        return chance(dates)[:, None]


def test_days_are_forecast_alike_in_a_run_and_afterwards(case, monkeypatch, tmp_path):
    network, parts = Network(), case.samples.parts
    monkeypatch.setattr(forecasting, "load_model", lambda run: network)
    monkeypatch.setattr(forecasting, "window_for", lambda recipe, events, dates: dates)
    monkeypatch.setattr(forecasting.Calibrator, "from_dict", lambda kept: lambda raw: raw / 2)
    monkeypatch.setattr(forecasting, "AT_ONCE", 7)
    monkeypatch.setattr("mleq.forecast.leveling.PRIOR", 77.0)  # a run's own is kept with it
    kept = {"references": {name: one.parameters for name, one in case.references.items()}}
    split = {name: {"start": str(case.samples.dates[some[0]]), "end": str(case.samples.dates[some[-1]])}
             for name, some in parts.items()}  # fmt: skip
    run = SimpleNamespace(
        folder=tmp_path,
        summary={"split": split, "verdict": "-"},
        calibration={**kept, "level": case.level.to_dict()},
    )
    table = case.table.iloc[np.random.default_rng(5).permutation(len(case.table))]
    dates = table["target_date"].to_numpy().astype("datetime64[D]")
    entries = forecasting.forecast(case.recipe, case.events, run, dates)
    np.testing.assert_allclose([one["probability"] for one in entries], table["probability"])
    assert network.asked <= len(case.samples.dates[parts["validation"][0] :])  # each day once
    first = entries[int(np.argmin(dates))]
    assert (first["level"]["factor"], first["level"]["days"]) == (1.0, 0)
    last = entries[int(np.argmax(dates))]
    (line,) = [one for one in statement.notes([last]) if "multiplied" in one]
    assert f"of the {SPAN} days to {last['level']['until']} {last['level']['came']} came true" in line
    assert not any("multiplied" in one for one in statement.notes([first]))
    del run.calibration["level"]
    (plain,) = forecasting.forecast(case.recipe, case.events, run, dates[:1])
    assert plain["probability"] == pytest.approx(table["calibrated"].iloc[0])
    assert "level" not in plain


def out_of_fold(rate, seed=4) -> OutOfFold:
    """Days that were forecast at 5 %, and what came of them at another rate each day."""
    days = pd.DataFrame({"observed": np.random.default_rng(seed).random(len(rate)) < rate, "probability": 0.05})
    return OutOfFold(Platt(0.0, 1.0), days, {})


def chosen(make_recipe, found, horizon=1):
    recipe = make_recipe(target={"horizon_days": horizon}, calibration={"level_days": "auto"})
    day = SimpleNamespace(dates=np.array(["2001-01-01"], "datetime64[D]"), parts={"validation": np.array([0])})
    return Level.of(recipe, day, found)


class TestWhereOutOfFoldDaysChoose:
    """Span and prior have the best log score among all, on days that no network of theirs has seen."""

    @pytest.mark.parametrize("horizon", [1, 7])
    def test_none_of_the_others_gains_more(self, make_recipe, horizon):
        found = out_of_fold(np.repeat([0.02, 0.15, 0.05, 0.3], 400))
        level = chosen(make_recipe, found, horizon)
        came, stated = found.days["observed"].to_numpy(), np.full(1600, 0.05)

        def score(factor):
            chance = 1 - (1 - stated) ** factor
            return np.log(np.where(came, chance, 1 - chance)).mean()

        gains = {}
        for span in leveling.SPANS:
            for prior in leveling.PRIORS:
                known = [slice(max(0, day - horizon + 1 - span), max(0, day - horizon + 1)) for day in range(1600)]
                factor = [(came[k].sum() + prior * horizon) / (stated[k].sum() + prior * horizon) for k in known]
                gains[span, prior] = score(np.array(factor)) - score(np.ones(1600))
        assert (level.days, level.prior) == max(gains, key=gains.get)
        assert level.gained == pytest.approx(max(gains.values()))
        assert level.since == "2001-01-01"

    def test_fast_changes_choose_a_shorter_span_than_slow_ones(self, make_recipe):
        fast = chosen(make_recipe, out_of_fold(np.tile(np.repeat([0.01, 0.3], 200), 10)))
        slow = chosen(make_recipe, out_of_fold(np.repeat([0.01, 0.1], 2000)))
        assert fast.days < slow.days

    def test_without_a_gain_there_is_no_level(self, make_recipe):
        assert chosen(make_recipe, out_of_fold(np.full(4000, 0.05), seed=1)) is None

    def test_without_a_curve_there_is_no_level(self, make_recipe, caplog):
        assert chosen(make_recipe, OutOfFold(None, pd.DataFrame(), {})) is None
        assert "no level" in caplog.text

    def test_a_right_rate_seldom_finds_one(self, make_recipe):
        found = [chosen(make_recipe, out_of_fold(np.full(4000, 0.05), seed)) for seed in range(40)]
        assert sum(one is not None and one.gained > 0.0005 for one in found) <= 2


def test_days_that_are_not_there_cannot_choose():
    with pytest.raises(RecipeError, match="which method 'prior_shift' does not make"):
        api.load_recipe("demo", changes=["calibration.level_days=auto", "calibration.method=prior_shift"])
    with pytest.raises(RecipeError, match="found 9; expected at least 10 or 'auto'"):
        api.load_recipe("demo", changes=["calibration.level_days=9"])


def test_a_pool_is_told_to_use_its_own():
    with pytest.raises(RecipeError, match="pool.level_days"):
        api.load_recipe("world_best", changes=["calibration.level_days=365"])
