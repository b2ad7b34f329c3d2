"""Smoothed seismicity against closed forms and by hand."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from mleq.etas.sphere import distance_km
from mleq.forecast.outcomes import outcomes
from mleq.forecast.smoothed import Smoothed, expected_in_circle, log_likelihoods, widths_km

UNIFORM_IN_CIRCLE = (1 - math.cos(150 / 6371)) / (1 - math.cos(450 / 6371))


@pytest.fixture
def target(make_recipe):
    return make_recipe(target={"timezone": "UTC"}).target


def places(latitude, longitude):
    return pd.DataFrame({"latitude": np.asarray(latitude, float), "longitude": np.asarray(longitude, float)})


def test_widths_are_distances_to_neighbours_and_never_below_the_floor():
    latitude, longitude = np.array([0.0, 0.0, 0.0, 10.0, 10.0]), np.array([0.0, 1.0, 3.0, 0.0, 0.0])
    first, second = widths_km(latitude, longitude, (1, 2))
    degree = 6371 * math.pi / 180
    np.testing.assert_allclose(first, [degree, degree, 2 * degree, 0.5, 0.5])
    np.testing.assert_allclose(second[:3], [3 * degree, 2 * degree, 3 * degree])


@pytest.mark.parametrize("width", [5.0, 150.0, 400.0])
def test_the_share_of_a_kernel_at_the_centre_has_a_closed_form(width, target):
    # The integral of d / (2 pi) (r^2 + d^2)^-1.5 over r < R is 1 - d / sqrt(R^2 + d^2).
    found = expected_in_circle(places([target.latitude], [target.longitude]), np.array([width]), target)
    expected = 0.99 * (1 - width / math.hypot(150, width)) + 0.01 * UNIFORM_IN_CIRCLE
    assert found == pytest.approx(expected, rel=2e-3)


def test_the_density_of_places_has_the_integral_one_within_reach(target):
    from mleq.etas.areas import Circle, sample_places

    past = places([35.9, 38.0], [139.9, 143.0])  # the second near the edge: part of its kernel lies beyond
    there = places(*sample_places(Circle(target.latitude, target.longitude, 450.0), np.random.default_rng(0), 20_000))
    area = 2 * math.pi * 6371**2 * (1 - math.cos(450 / 6371))
    width = np.array([60.0, 90.0])
    density = [np.exp(log_likelihoods(past, width[None], there.iloc[[i]], target)[0]) for i in range(1000)]
    assert np.mean(density) * area == pytest.approx(1, abs=0.08)
    together = log_likelihoods(past, np.stack([width, 2 * width]), there.iloc[:1000], target)
    assert together[0] == pytest.approx(np.sum(np.log(density)))
    assert together[1] != pytest.approx(together[0])


def test_narrow_kernels_win_where_events_repeat_and_wide_ones_where_they_do_not(target):
    rng = np.random.default_rng(0)
    spots = 35.7 + rng.normal(0, 1, 12), 139.8 + rng.normal(0, 1, 12)
    repeated = [np.repeat(spot, 30) + rng.normal(0, 0.01, 360) for spot in spots]
    spread = [middle + rng.uniform(-2, 2, 360) for middle in (35.7, 139.8)]
    for (latitude, longitude), narrow_wins in ((repeated, True), (spread, False)):
        order = rng.permutation(360)
        past, later = (places(latitude[half], longitude[half]) for half in (order[:180], order[180:]))
        widths = widths_km(past["latitude"].to_numpy(), past["longitude"].to_numpy(), (1, 3))
        narrow, wide = log_likelihoods(past, widths, later, target)
        assert (narrow > wide) == narrow_wins


def test_the_rate_is_that_of_the_training_part_extrapolated_by_b(make_recipe, make_events):
    events = make_events(3000, near=(35.7, 139.8), seed=3)
    rates = {}
    for magnitude in (4.5, 5.5):
        recipe = make_recipe(target={"timezone": "UTC", "magnitude": magnitude, "allow_incomplete": True})
        found = Smoothed.fit(recipe, events, outcomes(recipe, events))
        rates[magnitude] = found
        strong = events[events["magnitude"] >= magnitude - 0.01]
        far = distance_km(strong["latitude"], strong["longitude"], recipe.target.latitude, recipe.target.longitude)
        assert found.daily_rate == pytest.approx((far <= 150).sum() / 364, rel=0.35)
        assert found.probabilities(None, np.arange(3)) == pytest.approx(-math.expm1(-found.daily_rate))
    low, high = rates[4.5], rates[5.5]
    ratio = 10 ** (-high.b_value * (5.5 - high.m0) + low.b_value * (4.5 - low.m0))
    assert high.daily_rate / low.daily_rate == pytest.approx(ratio, rel=0.15)


def test_the_rate_knows_the_training_part_alone_and_n_not_the_test_part(make_recipe, make_events):
    recipe, events = make_recipe(), make_events(1500, near=(35.7, 139.8))
    samples = outcomes(recipe, events)
    before = Smoothed.fit(recipe, events, samples)
    changed = events.copy()
    changed.attrs = events.attrs
    test = (events["origin_time"] >= pd.Timestamp(samples.dates[samples.parts["test"][0]], tz="UTC")).to_numpy()
    changed.loc[test, ["latitude", "longitude"]] += 0.7
    assert Smoothed.fit(recipe, changed, samples) == before
    validation = (
        events["origin_time"] >= pd.Timestamp(samples.dates[samples.parts["validation"][0]], tz="UTC")
    ).to_numpy()
    changed.loc[validation, "magnitude"] = 4.4
    after = Smoothed.fit(recipe, changed, samples)
    assert (after.b_value, after.m0, after.events) == (before.b_value, before.m0, before.events)


def test_with_next_to_no_events_the_rate_is_that_of_the_circle(make_recipe, make_events):
    recipe, events = make_recipe(), make_events(60, near=(35.7, 139.8))
    found = Smoothed.fit(recipe, events, outcomes(recipe, events))
    if found.neighbours == 0:
        assert 0 < found.daily_rate < 1
    assert Smoothed(recipe.target, **json.loads(json.dumps(found.parameters))) == found
