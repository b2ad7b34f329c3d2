"""ETAS as a reference: its schedule, what each fit may know, the circle's own factors, and where data are few."""

import json
import logging

import numpy as np
import pandas as pd
import pytest

from mleq.etas.cascade import Hazard
from mleq.etas.parameters import EtasParameters
from mleq.etas.simulation import simulate_catalog
from mleq.forecast.etas_reference import EtasReference, circle_hazard, fit_circle, own_factors, schedule
from mleq.forecast.outcomes import outcomes
from mleq.forecast.references import Climatology
from mleq.forecast.target import decides
from mleq.scores import log_score

TRUTH = EtasParameters(0.35, 0.35, 1.5, 0.02, 1.2, 20.0, 1.9, 0.8, m0=4.0)
START, DAYS = pd.Timestamp("2000-01-01", tz="UTC"), 1800


@pytest.fixture(scope="module")
def events(make_events):
    region = (33.0, 39.0, 136.0, 143.5)
    found = simulate_catalog(region, 0.0, DAYS, TRUTH, b_value=1.0, magnitude_max=7.5, seed=5)
    columns = {name: np.round(found[name], 3) for name in ("latitude", "longitude", "depth_km")}
    times = START + pd.to_timedelta(found["time_days"], unit="D").round("ms")
    end = START + pd.Timedelta(days=DAYS)
    magnitude = np.floor(found["magnitude"] * 10) / 10
    return make_events(
        start=START.tz_localize(None), end=end.tz_localize(None), origin_time=times, magnitude=magnitude, **columns
    )


@pytest.fixture(scope="module")
def recipe(make_recipe):
    return make_recipe(
        catalog={"start": "2000-01-01"},
        target={"latitude": 36.0, "longitude": 139.8, "magnitude": 4.3, "timezone": "UTC", "horizon_days": 2},
        split={"validation": 0.2, "test": 0.4},
    )


@pytest.fixture(scope="module")
def fitted(recipe, events):
    return EtasReference.fit(recipe, events, outcomes(recipe, events))


def changed_from(events, moment):
    """The same table with everything at or after a moment permuted among those events, times left in order."""
    later = np.flatnonzero((events["origin_time"] >= moment).to_numpy())
    assert later.size > 20
    shuffled, changed = np.random.default_rng(1).permutation(later), events.copy()
    for name in ("latitude", "longitude", "magnitude", "depth_km"):
        changed.loc[later, name] = events[name].to_numpy()[shuffled]
    changed.attrs = events.attrs
    return changed


def test_fits_are_made_each_year_from_the_end_of_training_on(recipe, events, fitted):
    samples = outcomes(recipe, events)
    dates = [pd.Timestamp(one["fit_date"]) for one in fitted.fits]
    last = samples.dates[samples.parts["train"][-1]] + 2
    assert dates[0] == pd.Timestamp(last, tz="UTC")
    assert [date.year - dates[0].year for date in dates] == [0, 1, 2]
    assert schedule(dates[0], dates[0]) == dates[:1]
    assert {one["source"] for one in fitted.fits} == {"regional"}


def test_a_fit_knows_only_events_before_its_date(recipe, events, fitted):
    date = pd.Timestamp(fitted.fits[1]["fit_date"])
    assert fit_circle(changed_from(events, date), recipe.target, date) == fitted.fits[1]
    past = events[events["origin_time"] < date]
    past.attrs = events.attrs
    assert fit_circle(past, recipe.target, date) == fitted.fits[1]
    sooner = date - pd.Timedelta(days=200)
    assert fit_circle(changed_from(events, sooner), recipe.target, date) != fitted.fits[1]


def test_a_forecast_uses_the_newest_fit_before_its_issue_time(recipe, events, fitted):
    first, second = (np.datetime64(one["fit_date"][:10]) for one in fitted.fits[:2])
    dates = np.array([first, second - 1, second, second + 3])
    found = fitted.probabilities(events, dates)
    older, newer = (EtasReference(recipe.target, [one]) for one in fitted.fits[:2])
    np.testing.assert_allclose(found[:2], older.probabilities(events, dates)[:2], rtol=1e-12)
    np.testing.assert_allclose(found[2:], newer.probabilities(events, dates)[2:], rtol=1e-12)
    assert (np.abs(older.probabilities(events, dates)[2:] - found[2:]) > 1e-6).all()


def test_a_permuted_future_changes_no_forecast(events, fitted):
    dates = np.datetime64("2004-01-01") + np.arange(3)
    changed = changed_from(events, pd.Timestamp(dates[0], tz="UTC"))
    assert fitted.probabilities(changed, dates)[0] == fitted.probabilities(events, dates)[0]
    assert (fitted.probabilities(changed, dates)[1:] != fitted.probabilities(events, dates)[1:]).all()


def test_it_comes_back_from_json(recipe, events, fitted):
    kept = json.loads(json.dumps(fitted.parameters))
    restored = EtasReference(recipe.target, **kept)
    dates = np.datetime64("2004-01-01") + np.arange(100)
    np.testing.assert_array_equal(restored.probabilities(events, dates), fitted.probabilities(events, dates))


def test_a_date_long_after_the_newest_fit_is_answered_and_said(events, fitted, caplog):
    with caplog.at_level(logging.WARNING, logger="mleq"):
        assert 0 < fitted.probabilities(events, np.array(["2009-01-01"], "datetime64[D]"))[0] < 1
    assert f"newest fit of ETAS that this run kept is of {fitted.fits[-1]['fit_date'][:10]}" in caplog.text


def test_on_its_own_kind_of_catalogue_it_beats_climatology(recipe, events, fitted):
    samples = outcomes(recipe, events)
    later = np.concatenate([samples.parts["validation"], samples.parts["test"]])
    probability = fitted.probabilities(events, samples.dates[later])
    plain = Climatology.fit(recipe, events, samples).probabilities(events, samples.dates[later])
    observed = samples.target[later]
    assert log_score(observed, probability) < log_score(observed, plain) - 0.01
    assert probability.mean() == pytest.approx(observed.mean(), rel=0.15)


def test_own_factors_are_found_again():
    rng = np.random.default_rng(4)
    triggered = 0.02 * rng.pareto(1.5, 20_000).clip(0, 50)
    came_true = rng.random(20_000) < -np.expm1(-0.5 * 0.03 - 1.6 * triggered)
    background, productivity = own_factors(Hazard(np.full(20_000, 0.03), triggered), came_true)
    assert background == pytest.approx(0.5, abs=0.15)
    assert productivity == pytest.approx(1.6, abs=0.2)


def test_without_days_the_prior_counts():
    nothing = np.empty(0)
    assert own_factors(Hazard(nothing, nothing), np.empty(0, bool)) == (1.0, 1.0)


def test_events_deeper_than_the_target_allows_change_nothing(recipe, events):
    target = recipe.target.model_copy(update={"max_depth_km": 30.0})
    date = pd.Timestamp("2003-01-01", tz="UTC")
    some = EtasReference(target, [fit_circle(events, target, date)])
    deeper = events.copy()
    deep = np.flatnonzero((events["depth_km"] > 30).to_numpy())
    deeper.loc[deep, "magnitude"] += 1.0
    deeper.attrs = events.attrs
    dates = np.datetime64("2003-01-01") + np.arange(50)
    np.testing.assert_array_equal(some.probabilities(deeper, dates), some.probabilities(events, dates))


@pytest.mark.parametrize(("radius_km", "n"), [(150.0, 60), (3000.0, 300), (15_000.0, 300)])
def test_where_no_region_can_be_fitted_kernels_are_generic(radius_km, n, make_recipe, make_events):
    recipe = make_recipe(target={"radius_km": radius_km, "timezone": "UTC"})
    few = make_events(n, near=(35.7, 139.8))
    one = fit_circle(few, recipe.target, pd.Timestamp("2001-07-01", tz="UTC"))
    assert one["source"] == "generic"
    assert one["reason"]
    dates = np.datetime64("2001-07-01") + np.arange(100)
    found = EtasReference(recipe.target, [one]).probabilities(few, dates)
    days = few.loc[decides(few, recipe.target), "origin_time"].dt.floor("D").nunique() / 365
    assert found.mean() == pytest.approx(days, rel=0.6)


def test_the_sums_are_those_of_the_model_in_the_room_etas(recipe, events, fitted):
    from mleq.etas.areas import Circle, shares

    one = fitted.fits[0]
    p = EtasParameters(**one["parameters"])
    issue = np.array(["2004-03-01T00:00"], "datetime64[us]")
    past = events[(events["origin_time"] < "2004-03-01") & (events["magnitude"] > p.m0 - 0.05)]
    elapsed = ((issue[0] - past["origin_time"].dt.tz_localize(None)) / pd.Timedelta(days=1)).to_numpy()
    growth = past["magnitude"].to_numpy() - p.m0
    inside = shares(past["latitude"].to_numpy(), past["longitude"].to_numpy(), Circle(36.0, 139.8, 150).outline())
    share = (10 ** (-one["b_value"] * (4.3 - p.m0)) - (beyond := 10 ** (-one["b_value"] * (9.5 - p.m0)))) / (1 - beyond)
    strength = p.productivity * np.exp(p.alpha * growth) * inside.of_power_law(p.d_km2 * np.exp(p.gamma * growth), p.q)
    expected = strength @ ((1 + elapsed / p.c_days) ** (1 - p.p) - (1 + (elapsed + 2) / p.c_days) ** (1 - p.p))
    found = circle_hazard(one, recipe.target, events, issue, np.array([2.0]))
    assert p.m0 == 4.0
    # Smaller events bring such an event too, a few in a hundred within two days.
    assert share * expected < found.triggered[0] < 1.2 * share * expected
    assert found.background[0] / (2 * one["background_per_day"]) == pytest.approx(
        found.triggered[0] / expected, rel=0.05
    )
