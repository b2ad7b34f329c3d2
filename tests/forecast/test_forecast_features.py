"""Features held against plain loops, and against a future that was changed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.catalog.events import coverage
from mleq.etas.sphere import distance_km
from mleq.forecast.features import (
    DECAY_DAYS,
    FEATURES,
    FLOOR_PER_DAY,
    Past,
    circle_features,
    days_since_last,
    decayed_rates,
    largest_within,
    mean_depth,
)

CIRCLE = {"latitude": 35.68, "longitude": 139.77, "radius_km": 150.0, "magnitude": 4.5}
ISSUES = np.array(["2001-03-01T15:00", "2001-12-30T15:00", "2001-06-10T00:00"], "datetime64[us]")


@pytest.fixture(scope="module")
def events(make_events):
    return make_events(800, near=(35.7, 139.8))


def features(events, issues=ISSUES, **changes):
    return circle_features(Past.of(events, *coverage(events)), issues, **{**CIRCLE, **changes})


def column(values, name):
    return values[:, list(FEATURES).index(name)]


@pytest.mark.parametrize("days", [DECAY_DAYS[0], DECAY_DAYS[2]])
@pytest.mark.parametrize(("kind", "radius"), [("all", 1), ("target", 2), ("energy", 4)])
def test_rates_are_sums_over_past_events(events, days, kind, radius):
    found = column(features(events), f"rate_{kind}_{radius}r_{days}d")
    times = events["origin_time"].dt.tz_convert(None).to_numpy("datetime64[us]")
    far = distance_km(events["latitude"], events["longitude"], CIRCLE["latitude"], CIRCLE["longitude"])
    magnitude = events["magnitude"].to_numpy()
    weight = {"all": 1 + 0 * magnitude, "target": magnitude >= 4.45, "energy": 10 ** (0.75 * (magnitude - 4.5))}[kind]
    start = events.attrs["start"].tz_localize(None).to_datetime64()
    for value, issue in zip(found, ISSUES, strict=True):
        elapsed = (issue - times) / np.timedelta64(1, "D")
        some = (elapsed > 0) & (far <= radius * 150)
        since = (issue - start) / np.timedelta64(1, "D")
        rate = np.sum(weight[some] * np.exp(-elapsed[some] / days)) / (days * (1 - np.exp(-since / days)))
        assert value == pytest.approx(np.log(rate + FLOOR_PER_DAY), abs=1e-5)


@given(st.integers(0, 10_000), st.sampled_from([0.01, 1.0, 300.0]))
def test_decayed_rates_are_those_of_a_plain_loop(seed, tau):
    rng = np.random.default_rng(seed)
    days = np.sort(rng.uniform(0, 5000 * rng.random() + 1, rng.integers(0, 30)))
    weights, at = rng.random((days.size, 2)), rng.uniform(0.1, 6000, rng.integers(0, 9))
    at = np.append(at, days[:2] + 0.0)  # an event at the very time is not looked at
    found = decayed_rates(days, weights, at, tau)
    for row, time in zip(found, at, strict=True):
        decay = np.where(days < time, np.exp(-np.maximum(time - days, 0) / tau), 0.0)
        expected = decay @ weights / (tau * max(-np.expm1(-time / tau), 1e-9))
        np.testing.assert_allclose(row, expected, rtol=1e-9, atol=1e-150)


@given(st.integers(0, 10_000))
def test_the_largest_of_a_span_is_that_of_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    days = np.sort(rng.uniform(0, 100, rng.integers(0, 60)))
    size, at, span = rng.normal(0, 1.5, days.size), rng.uniform(-5, 120, 20), rng.uniform(1, 80)
    found = largest_within(days, size, at, span)
    for value, time in zip(found, at, strict=True):
        assert value == max([-2.0, *size[(days < time) & (days >= time - span)]])


def test_days_since_and_depth_by_hand():
    days, at = np.array([1.0, 4.0]), np.array([1.0, 2.0, 4.0, 5.5, 20_000.0])
    np.testing.assert_allclose(days_since_last(days, at), [1e4, 1.0, 3.0, 1.5, 1e4])
    depth = mean_depth(days, np.array([10.0, np.nan]), np.array([0.5, 1.0 + 1e-9, 9.0]), 1e9)
    np.testing.assert_allclose(depth, [0.3, 0.2, 0.2], atol=1e-6)


def test_only_events_before_the_issue_time_matter_and_no_other_issue_time(events):
    whole = features(events)
    rng = np.random.default_rng(0)
    for number, issue in enumerate(ISSUES):
        times = events["origin_time"].dt.tz_convert(None).to_numpy("datetime64[us]")
        later = np.flatnonzero(times >= issue)
        changed = events.copy()
        changed.attrs = events.attrs
        for name in ("latitude", "longitude", "magnitude", "depth_km"):
            changed.loc[later, name] = events[name].to_numpy()[rng.permutation(later)]
        alone = features(changed, ISSUES[[number]])
        np.testing.assert_allclose(alone[0], whole[number], rtol=1e-5, atol=1e-6)
        past = events.iloc[: later[0]]
        past.attrs = events.attrs
        np.testing.assert_array_equal(features(past, ISSUES[[number]]), alone)


def test_an_event_at_the_issue_time_is_of_the_future(events):
    time = events["origin_time"].dt.tz_convert(None).to_numpy("datetime64[us]")[400]
    without = events.drop(index=400)
    without.attrs = events.attrs
    np.testing.assert_array_equal(features(events, time[None]), features(without, time[None]))


def test_after_the_catalogues_end_features_stay(events):
    end, later = np.array(["2001-12-31", "2010-01-01"], "datetime64[us]")
    here, there = features(events, np.array([end, later]))
    np.testing.assert_array_equal(here, there)


def test_every_feature_is_finite_described_and_says_something(events):
    days = np.datetime64("2001-01-10") + np.arange(300)
    found = features(events, days.astype("datetime64[us]"))
    assert found.shape == (300, len(FEATURES))
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert (np.ptp(found, axis=0) > 0).all()
    assert all(FEATURES.values())


def test_a_circle_without_events_and_one_with_a_depth_limit(events):
    empty = features(events, latitude=-80.0, longitude=0.0)
    assert np.isfinite(empty).all()
    shallow = events[~(events["depth_km"] > 100)]
    shallow.attrs = events.attrs
    np.testing.assert_array_equal(features(events, max_depth_km=100.0), features(shallow))
