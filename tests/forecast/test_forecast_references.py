import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mleq.forecast.excitation import Count, Omori, logistic_curve, sigmoid
from mleq.forecast.references import REFERENCES, Climatology, fit_references, restore_references
from mleq.forecast.samples import make_samples
from mleq.forecast.trailing import Trailing, event_days_before


@pytest.fixture(scope="module")
def material(make_recipe, make_events):
    recipe, events = make_recipe(), make_events(700, near=(35.7, 139.8))
    return recipe, events, make_samples(recipe, events)


def test_climatology_is_the_share_of_positive_training_days(material):
    recipe, events, samples = material
    fitted = fit_references(recipe, events, samples, ["climatology"])["climatology"]
    train = samples.target[samples.parts["train"]]
    probabilities = fitted.probabilities(events, samples.dates)
    assert probabilities.shape == samples.dates.shape
    assert set(probabilities) == {(train.sum() + 0.5) / (len(train) + 1)}
    assert probabilities[0] == pytest.approx(train.mean(), abs=0.5 / len(train))


def test_climatology_knows_the_training_part_alone(material):
    recipe, events, samples = material
    before = Climatology.fit(recipe, events, samples)
    target = samples.target.copy()
    target[samples.parts["test"]] ^= True
    target[samples.parts["validation"]] ^= True
    after = Climatology.fit(recipe, events, _with(samples, target))
    assert before == after
    target[samples.parts["train"][0]] ^= True
    assert Climatology.fit(recipe, events, _with(samples, target)) != before


def _with(samples, target):
    return replace(samples, target=target)


@pytest.mark.parametrize(("days", "positives"), [(1, 0), (1, 1), (1000, 0), (1000, 1000)])
def test_climatology_is_never_certain(days, positives):
    assert 0 < Climatology(None, days, positives).probability < 1
    assert np.isfinite(np.log(Climatology(None, days, positives).probabilities(None, np.zeros(2)))).all()


def test_references_come_back_from_what_a_run_keeps(material):
    fitted = fit_references(*material)
    kept = json.loads(json.dumps({name: reference.parameters for name, reference in fitted.items()}))
    assert restore_references(material[0], kept) == fitted


def test_all_references_are_fitted_without_names(material):
    assert list(fit_references(*material)) == list(REFERENCES)


@pytest.mark.parametrize("name", REFERENCES)
def test_no_reference_looks_past_the_issue_time(name, material):
    recipe, events, samples = material
    fitted = fit_references(recipe, events, samples, [name])[name]
    for index in (samples.parts["validation"][7], samples.parts["test"][20]):
        date = samples.dates[[index]]
        whole = fitted.probabilities(events, date)
        past = events[events["origin_time"] < samples.issue_times[index]]
        past.attrs = events.attrs
        assert len(past) < len(events)
        np.testing.assert_array_equal(fitted.probabilities(past, date), whole)
        changed = _with_a_permuted_future(events, len(past))
        np.testing.assert_array_equal(fitted.probabilities(changed, date), whole)


def _with_a_permuted_future(events, first):
    """The same table with places, sizes and times within the future of its events from `first` on exchanged."""
    rng, changed = np.random.default_rng(9), events.copy()
    order = np.append(np.arange(first), first + rng.permutation(len(events) - first))
    for name in ("latitude", "longitude", "magnitude", "depth_km"):
        changed[name] = events[name].to_numpy()[order]
    times = events["origin_time"].dt.tz_convert(None).to_numpy("datetime64[us]").copy()
    times[first + 1 :] = times[first] + (times[first + 1 :] - times[first]) / 2
    changed["origin_time"] = pd.DatetimeIndex(times, tz="UTC")
    changed.attrs = events.attrs
    return changed


@pytest.mark.parametrize("name", REFERENCES)
def test_events_of_the_test_part_change_no_forecast_of_what_comes_before(name, material):
    recipe, events, samples = material
    first = int(np.searchsorted(events["origin_time"], samples.issue_times[samples.parts["test"][0]]))
    changed = _with_a_permuted_future(events, first)
    assert len(changed) - first > 50
    dates = samples.dates[samples.parts["validation"]]
    before = fit_references(recipe, events, samples, [name])[name].probabilities(events, dates)
    after = fit_references(recipe, changed, samples, [name])[name].probabilities(changed, dates)
    np.testing.assert_array_equal(after, before)


FITTED_ON_TRAINING_ALONE = ("climatology", "trailing_mix", "count", "etas")


@pytest.mark.parametrize("name", FITTED_ON_TRAINING_ALONE)
def test_where_nothing_is_chosen_on_validation_its_events_change_no_fit(name, material):
    recipe, events, samples = material
    first = int(np.searchsorted(events["origin_time"], samples.issue_times[samples.parts["validation"][0]]))
    changed = _with_a_permuted_future(events, first)
    before, after = (fit_references(recipe, table, samples, [name])[name] for table in (events, changed))
    assert before == after


@pytest.mark.parametrize("name", REFERENCES)
def test_probabilities_lie_strictly_between_0_and_1_and_do_not_depend_on_company(name, material):
    recipe, events, samples = material
    fitted = fit_references(recipe, events, samples, [name])[name]
    together = fitted.probabilities(events, samples.dates)
    assert together.shape == samples.dates.shape
    assert ((together > 0) & (together < 1)).all()
    some = np.array([3, 100, 200])
    np.testing.assert_allclose(fitted.probabilities(events, samples.dates[some]), together[some], rtol=1e-12)


@pytest.mark.parametrize("name", REFERENCES)
def test_the_test_part_changes_no_fit(name, material):
    recipe, events, samples = material
    target = samples.target.copy()
    target[samples.parts["test"]] ^= True
    before, after = (fit_references(recipe, events, s, [name])[name] for s in (samples, _with(samples, target)))
    assert before == after


def test_trailing_counts_event_days_by_hand(make_recipe, make_events):
    recipe = make_recipe(target={"horizon_days": 2, "timezone": "UTC"})
    times = pd.to_datetime(["2001-03-01T01:00", "2001-03-01T05:00", "2001-03-05T00:00"], utc=True)
    events = make_events(origin_time=times, latitude=[35.7] * 3, longitude=[139.8] * 3, magnitude=[5.0, 5.0, 5.0])
    dates = np.array(["2001-03-01", "2001-03-02", "2001-03-06", "2001-03-12"], "datetime64[D]")
    days, positive = event_days_before(recipe.target, events, dates, 10)
    assert days.tolist() == [10, 10, 10, 10]
    assert positive.tolist() == [0, 1, 2, 1]
    rate = (positive + 5 * 0.1) / 15
    found = Trailing(recipe.target, 10, 5, 0.1).probabilities(events, dates)
    np.testing.assert_allclose(found, 1 - (1 - rate) ** 2)


def test_a_span_that_reaches_before_the_catalogue_is_cut(make_recipe, make_events):
    recipe, events = make_recipe(target={"timezone": "UTC"}), make_events(50, near=(35.7, 139.8))
    days, _ = event_days_before(recipe.target, events, np.array(["2001-01-04"], "datetime64[D]"), 30)
    assert days.tolist() == [3]


def test_days_after_the_catalogue_are_not_days_without_an_event(make_recipe, make_events):
    recipe, events = make_recipe(target={"timezone": "UTC"}), make_events(200, near=(35.7, 139.8))
    at_the_end, years_later = np.array(["2001-12-31", "2026-01-01"], "datetime64[D]")
    model = Trailing(recipe.target, 90, 5, 0.1)
    here, there = model.probabilities(events, np.array([at_the_end, years_later]))
    assert here == there


def test_the_omori_sum_is_the_sum_over_past_events(make_recipe, make_events):
    recipe = make_recipe(target={"timezone": "UTC"})
    times = pd.to_datetime(["2001-03-01T12:00", "2001-03-02T18:00", "2001-03-04T00:00"], utc=True)
    events = make_events(origin_time=times, latitude=[35.7] * 3, longitude=[139.8] * 3, magnitude=[5.0, 4.0, 6.0])
    model = Omori(recipe.target, p=1.2, magnitude_weight=0.5, intercept=0.0, slope=1.0)
    found = model.feature(events, np.array(["2001-03-03", "2001-03-04"], "datetime64[D]"))
    first = 10**0.5 * 1.51**-1.2 + 0.26**-1.2
    second = 10**0.5 * 2.51**-1.2 + 1.26**-1.2
    np.testing.assert_allclose(found, np.log(np.array([first, second]) + 1e-3))


def test_the_count_is_that_of_the_window(make_recipe, make_events):
    recipe = make_recipe(target={"timezone": "UTC"}, grid={"window_days": 5})
    times = pd.to_datetime(["2001-03-01T00:00", "2001-03-05T23:59", "2001-03-06T00:00"], utc=True)
    events = make_events(origin_time=times, latitude=[35.7] * 3, longitude=[139.8] * 3, magnitude=[4.0] * 3)
    model = Count(recipe.target, 5, 0.0, 1.0)
    dates = np.array(["2001-03-01", "2001-03-06", "2001-03-07"], "datetime64[D]")
    np.testing.assert_allclose(np.expm1(model.feature(events, dates)), [0, 2, 2])


def test_a_logistic_curve_is_recovered():
    rng = np.random.default_rng(0)
    feature = rng.normal(size=20_000)
    came_true = rng.random(20_000) < sigmoid(-2 + 0.7 * feature)
    intercept, slope = logistic_curve(feature, came_true)
    assert intercept == pytest.approx(-2, abs=0.08)
    assert slope == pytest.approx(0.7, abs=0.08)


def test_no_reference_that_is_a_model_is_called_a_trivial_rule():
    from mleq.scores import verdict

    gain = {"nats_per_day": {"value": -0.02, "low": -0.03, "high": -0.01, "detectable": 0.01}}
    trivial = {name for name in REFERENCES if "trivial" in verdict({name: gain}, days=1000, event_days=100)}
    assert set(REFERENCES) - trivial == {"smoothed", "etas", "boosting"}
