import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.forecast.target import at_least, decides, within_horizon


@given(tenths=st.integers(-20, 95), steps=st.integers(1, 30))
def test_magnitudes_compare_as_decimals(tenths, steps):
    magnitude = tenths / 10
    summed = (tenths - steps) / 10
    for _ in range(steps):
        summed += 0.1  # drifts away from the decimal
    many = np.array([magnitude, float(np.float32(magnitude)), summed, (tenths - 1) / 10])
    assert at_least(many, magnitude).tolist() == [True, True, True, False]


def test_nearest_smaller_hundredth_does_not_reach():
    assert at_least([4.49, 4.499, 4.5, 4.51], 4.5).tolist() == [False, False, True, True]


def circle(make_recipe, **changes):
    return make_recipe(target={"latitude": 0.0, "longitude": 180.0, "radius_km": 112.0, **changes}).target


def test_circle_on_the_antimeridian(make_events, make_recipe):
    # One degree of the sphere of 6,371 km is 111.19 km.
    events = make_events(
        latitude=[0.0, 0.0, 1.0, 1.01, 0.0],
        longitude=[-179.0, 179.0, 180.0, 180.0, 178.9],
        magnitude=[5.0] * 5,
        depth_km=[10.0] * 5,
        origin_time=pd.date_range("2001-01-01", periods=5, tz="UTC"),
    )
    assert decides(events, circle(make_recipe)).tolist() == [True, True, True, False, False]


def test_depth_limit_keeps_events_of_unknown_depth(make_events, make_recipe):
    events = make_events(
        latitude=[0.0] * 4,
        longitude=[180.0] * 4,
        magnitude=[5.0, 5.0, 5.0, 4.4],
        depth_km=[70.0, 70.1, np.nan, 10.0],
        origin_time=pd.date_range("2001-01-01", periods=4, tz="UTC"),
    )
    assert decides(events, circle(make_recipe, max_depth_km=70.0)).tolist() == [True, False, True, False]
    assert decides(events, circle(make_recipe)).tolist() == [True, True, True, False]


@given(event_days=st.lists(st.booleans(), max_size=30), horizon_days=st.integers(1, 35))
def test_horizon_begins_with_the_target_day(event_days, horizon_days):
    result = within_horizon(np.array(event_days, bool), horizon_days)
    expected = [any(event_days[i : i + horizon_days]) for i in range(len(event_days) - horizon_days + 1)]
    assert result.tolist() == expected


@pytest.mark.parametrize("horizon_days", [1, 7])
def test_horizon_longer_than_the_days_leaves_none(horizon_days):
    assert within_horizon(np.zeros(0, bool), horizon_days).size == 0
