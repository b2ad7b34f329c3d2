"""Distances, destinations and boxes on the sphere."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.errors import RequestError
from mleq.etas.sphere import EARTH_RADIUS_KM, Box, destination, distance_km, wrap_longitude

latitudes = st.floats(-89.9, 89.9)
longitudes = st.floats(-180, 179.999)


@given(latitudes, longitudes, st.floats(0, 360), st.floats(0.01, 15_000))
def test_destination_lies_at_the_distance(latitude, longitude, azimuth, distance):
    at = destination(latitude, longitude, azimuth, distance)
    assert distance_km(latitude, longitude, *at) == pytest.approx(distance, rel=1e-6, abs=1e-6)
    assert -180 <= at[1] < 180


def test_known_distances():
    quarter = math.pi / 2 * EARTH_RADIUS_KM
    assert distance_km(0, 0, 90, 0) == pytest.approx(quarter)
    assert distance_km(0, 179.5, 0, -179.5) == pytest.approx(quarter / 90)
    assert distance_km(35, 139, 35, 139) == 0


def test_destination_follows_the_compass():
    np.testing.assert_allclose(destination(0, 0, 0, 111.19), (1.0, 0.0), atol=1e-3)
    np.testing.assert_allclose(destination(0, 0, 90, 111.19), (0.0, 1.0), atol=1e-3)


def test_box_across_the_antimeridian():
    box = Box.checked((-10, 10, 170, -170))
    assert box.contains(np.zeros(4), np.array([175, -175, 165, -165])).tolist() == [True, True, False, False]
    latitude, longitude = box.sample(np.random.default_rng(1), 1000)
    assert box.contains(latitude, longitude).all()
    assert (longitude < 0).mean() == pytest.approx(0.5, abs=0.06)


def test_whole_world():
    world = Box.checked((-90, 90, -180, 180))
    assert world.area_km2 == pytest.approx(4 * math.pi * EARTH_RADIUS_KM**2)
    assert world.contains([0, 50, -89], [-180, 179.9, 0]).all()


def test_sampling_is_uniform_by_area():
    latitude, _ = Box.checked((0, 90, 0, 10)).sample(np.random.default_rng(2), 20_000)
    assert (latitude < 30).mean() == pytest.approx(0.5, abs=0.015)  # sin 30 = 1/2


@pytest.mark.parametrize(
    "region",
    [(10, 0, 0, 1), (0, 1, 0), (0, 91, 0, 1), (0, 1, math.nan, 1), (0, 1, 5, 5.0 + 400), None, "abcd"],
)
def test_no_box(region):
    with pytest.raises(RequestError, match="is no box"):
        Box.checked(region)


def test_wrap():
    np.testing.assert_array_equal(wrap_longitude([180, -180, 190, 540, -190]), [-180, -180, -170, -180, 170])
