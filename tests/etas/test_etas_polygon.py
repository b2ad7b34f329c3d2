"""Polygons: what is inside, their outlines, and forecasts in them against Monte Carlo."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.errors import RequestError
from mleq.etas import EtasModel, EtasParameters, History, Polygon, simulate_catalog
from mleq.etas.areas import shares
from mleq.etas.background import KernelBackground
from mleq.etas.sphere import Box, destination

REGION = (32.0, 40.0, 135.0, 145.0)
BOX = Box.checked(REGION)
TRUTH = EtasParameters(0.4, 0.25, 1.3, 0.02, 1.4, 6.0, 1.7, 1.0, m0=4.0)
UNIFORM = KernelBackground(BOX, *(np.empty(0) for _ in range(5)), uniform_share=1.0)
MODEL = EtasModel(TRUTH, UNIFORM, b_value=1.0, magnitude_max=8.0)
NOTCHED = Polygon([34.0, 34.0, 38.0, 35.5, 38.0], [137.0, 142.0, 142.0, 139.5, 137.0])
MAINSHOCK = History.of([9.5], [36.2], [139.5], [6.5])  # in the notch, outside


def test_a_box_is_a_polygon():
    box = Box.checked((34.0, 36.0, 138.0, 141.0))
    polygon = Polygon([34, 34, 36, 36], [138, 141, 141, 138])
    rng = np.random.default_rng(1)
    latitude, longitude = rng.uniform(33, 37, 5000), rng.uniform(137, 142, 5000)
    np.testing.assert_array_equal(polygon.contains(latitude, longitude), box.contains(latitude, longitude))
    assert polygon.outline().area_km2 == pytest.approx(box.area_km2, rel=1e-9)
    assert MODEL.expected_numbers(MAINSHOCK, polygon, 10.0, 7.0, 5.0)[0] == pytest.approx(
        MODEL.expected_numbers(MAINSHOCK, box, 10.0, 7.0, 5.0)[0], rel=1e-6
    )


def test_corners_either_way_round_closed_or_not():
    one = Polygon([0, 0, 3], [10, 14, 12])
    other = Polygon([3, 0, 0, 3], [12, 14, 10, 12])
    assert one.outline().area_km2 == pytest.approx(other.outline().area_km2)
    assert one.contains(1.0, 12.0)
    assert other.contains(1.0, 12.0)


def test_across_the_antimeridian():
    polygon = Polygon([-2, -2, 2, 2], [178, -178, -178, 178])
    np.testing.assert_array_equal(polygon.contains(np.zeros(4), [179, -179, 177, -177]), [True, True, False, False])
    assert polygon.outline().area_km2 == pytest.approx(Box.checked((-2, 2, 178, 182)).area_km2, rel=1e-9)


@given(st.floats(33, 39), st.floats(136, 143), st.integers(0, 2**31))
def test_share_of_a_kernel_against_sampling(latitude, longitude, seed):
    rng, n, scale, q = np.random.default_rng(seed), 20_000, 400.0, 1.8
    radius = np.sqrt(scale * (rng.random(n) ** (1 / (1 - q)) - 1))
    at = destination(latitude, longitude, rng.uniform(0, 360, n), np.minimum(radius, 15_000))
    sampled = NOTCHED.contains(*at).mean()
    found = shares(latitude, longitude, NOTCHED.outline()).of_power_law(np.array([scale]), q)[0]
    assert found == pytest.approx(sampled, abs=5.5 * math.sqrt(max(sampled * (1 - sampled), 1e-3) / n) + 2e-3)


def test_probability_against_counting_whole_catalogs():
    days, trials, hits = 20.0, 1500, 0
    rng = np.random.default_rng(3)
    for _ in range(trials):
        one = simulate_catalog(
            REGION, 0, days, TRUTH, b_value=1.0, magnitude_max=8.0, seed=rng, background=UNIFORM, burn_in_days=0
        )
        hits += (one["magnitude"][NOTCHED.contains(one["latitude"], one["longitude"])] >= 4.7).any()
    counted = hits / trials
    nothing = MAINSHOCK[:0]
    found = MODEL.probability(nothing, NOTCHED, 0.0, days, 4.7, n_simulations=20_000, seed=4)
    assert found["value"] == pytest.approx(counted, abs=4 * math.sqrt(counted * (1 - counted) / trials))


def test_first_order_in_a_polygon_equals_short_simulation():
    strong = History.of([9.5], [36.2], [139.5], [7.5])
    found = MODEL.probability(strong, NOTCHED, 9.6, 0.003, 4.0, n_simulations=20_000, seed=5)
    first_order = MODEL.first_order_probabilities(strong, NOTCHED, 9.6, 0.003, 4.0)[0]
    assert found["value"] == pytest.approx(first_order, abs=4 * math.sqrt(first_order / 20_000))
    assert first_order > 0.005


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ([0, 1], [0, 1]),
        ([0, 1, 95], [0, 1, 2]),
        ([0, 1, math.nan], [0, 1, 2]),
        ([0, 1, 2], [0, 1]),
        ([0, 2, 0, 2], [0, 2, 2, 0]),
        ([0, 0, 0, 5], [-170, -80, 80, 0]),
    ],
)
def test_what_is_no_polygon(latitude, longitude):
    with pytest.raises(RequestError, match="polygon"):
        Polygon(latitude, longitude)
