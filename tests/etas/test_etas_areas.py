"""Shares of kernels inside outlines, against closed forms and sampling."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.etas.areas import Circle, Outline, sample_places, shares
from mleq.etas.polygon import Polygon
from mleq.etas.sphere import Box, destination, distance_km

BOX = Box.checked((32.0, 40.0, 135.0, 145.0))


@given(st.floats(-70, 70), st.floats(-180, 179), st.floats(5, 500), st.floats(0.5, 500), st.floats(1.2, 3.0))
def test_centred_circle_is_the_closed_form(latitude, longitude, radius, scale, q):
    found = shares(latitude, longitude, Outline.of_circle(latitude, longitude, radius))
    assert found.angle.sum() == pytest.approx(1, abs=1e-9)
    power_law = found.of_power_law(np.array([scale]), q)[0]
    assert power_law == pytest.approx(1 - (1 + radius**2 / scale) ** (1 - q), abs=2e-3)
    gaussian = found.of_gaussian(np.array([30.0]))[0]
    assert gaussian == pytest.approx(1 - math.exp(-0.5 * (radius / 30) ** 2), abs=2e-3)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(36, 140), (32.02, 135.02), (39.9, 141.3), (32.0, 138.77), (31.5, 138), (42, 147), (36, -175), (20, 140)],
)
def test_box_against_sampling(latitude, longitude):
    rng = np.random.default_rng(1)
    n, scale, q = 400_000, 200.0, 1.5
    radius = np.sqrt(scale * (rng.random(n) ** (1 / (1 - q)) - 1))
    kept = radius < 15_000  # the farthest would go round the Earth
    at = destination(latitude, longitude, rng.uniform(0, 360, n), radius)
    sampled = (BOX.contains(*at) & kept).mean()
    found = shares(latitude, longitude, Outline.of_box(BOX)).of_power_law(np.array([scale]), q)[0]
    assert found == pytest.approx(sampled, abs=5 * math.sqrt(sampled * (1 - sampled) / n) + 1e-3)


def test_inside_sums_to_one_and_outside_to_zero():
    latitude, longitude = np.array([36.0, 30.0, 39.99, 36.0]), np.array([140.0, 140.0, 144.99, 150.0])
    turns = shares(latitude, longitude, Outline.of_box(BOX)).angle.sum(axis=1)
    np.testing.assert_allclose(turns, [1, 0, 1, 0], atol=1e-9)


def test_nothing_comes_from_the_other_side_of_the_earth():
    latitude, longitude = (one.ravel() for one in np.meshgrid(np.arange(-48.0, -23, 2.5), np.arange(-53.0, -26, 2.5)))
    found = shares(latitude, longitude, Outline.of_box(BOX)).of_power_law(np.full(latitude.size, 200.0), 1.3)
    assert (found == 0).all()
    near = shares(np.array([-10.0]), np.array([140.0]), Outline.of_box(BOX)).of_power_law(np.array([200.0]), 1.3)
    assert 0 < near < 0.01


def test_across_the_antimeridian():
    here, shifted = (Box.checked((-5, 5, west, west + 10)) for west in (100, 175))
    one = shares(1.0, 103.0, Outline.of_box(here)).of_power_law(np.array([500.0]), 1.6)
    other = shares(1.0, 178.0, Outline.of_box(shifted)).of_power_law(np.array([500.0]), 1.6)
    np.testing.assert_allclose(one, other, rtol=1e-9)


def test_areas():
    assert Outline.of_box(BOX).area_km2 == pytest.approx(BOX.area_km2, rel=1e-9)
    assert Outline.of_circle(36, 140, 150).area_km2 == pytest.approx(math.pi * 150**2, rel=1e-3)
    assert Outline.of_circle(0, 180, 150).area_km2 == pytest.approx(math.pi * 150**2, rel=1e-3)


def test_clipping():
    inside = Outline.of_circle(36, 140, 100)
    assert inside.clipped(BOX).area_km2 == pytest.approx(inside.area_km2)
    half = Outline.of_circle(36, 135, 100).clipped(BOX)
    assert half.area_km2 == pytest.approx(inside.area_km2 / 2, rel=0.01)
    assert Outline.of_circle(50, 140, 100).clipped(BOX) is None
    whole = Outline.of_circle(36, 140, 3000).clipped(BOX)
    assert whole.area_km2 == pytest.approx(BOX.area_km2, rel=1e-6)


def test_circle_corners_lie_near_the_circle():
    circle = Outline.of_circle(-20, -179.9, 200)
    assert distance_km(-20, -179.9, circle.latitude, circle.longitude) == pytest.approx(200, rel=1e-3)


@pytest.mark.parametrize(
    ("area", "middle"),
    [
        (Circle(36.0, 179.9, 150.0), (36.0, 179.9)),
        (Polygon([30.0, 30.0, 34.0, 34.0], [178.0, -178.0, -178.0, 178.0]), (32.0, 180.0)),
        (Box.checked((30.0, 34.0, 178.0, 182.0)), (32.0, 180.0)),
    ],
    ids=["circle", "polygon", "box"],
)
def test_places_are_drawn_evenly_by_area_also_across_the_antimeridian(area, middle):
    latitude, longitude = sample_places(area, np.random.default_rng(2), 20_000)
    assert latitude.shape == longitude.shape == (20_000,)
    assert area.contains(latitude, longitude).all()
    # Each quarter of the compass around the middle holds a quarter of them.
    east = np.mod(longitude - middle[1] + 180, 360) - 180 > 0
    north = latitude > middle[0]
    for share in (east.mean(), north.mean(), (east == north).mean()):
        assert share == pytest.approx(0.5, abs=0.02)
    if isinstance(area, Circle):
        distance = distance_km(*middle, latitude, longitude)
        assert (distance < 75).mean() == pytest.approx(0.25, abs=0.015)
