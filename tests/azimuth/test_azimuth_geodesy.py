"""Directions and distances on the ellipsoid beside published values and the sphere."""

import numpy as np
import pytest

from mleq.azimuth.geodesy import PLACES, back_azimuth_and_distance, destination, ray

pd = pytest.importorskip("pandas")


def one(*places):
    azimuth, distance = back_azimuth_and_distance(pd.DataFrame([places], columns=PLACES))
    return azimuth[0], distance[0]


def test_a_published_geodesic():
    # The nearly antipodal example of Karney (2013): from 30 S to 29.9 N, 179.8 degrees of longitude on.
    azimuth, distance = one(-30.0, 0.0, 29.9, 179.8)
    assert azimuth == pytest.approx(161.890524, abs=2e-6)
    assert distance == pytest.approx(19989.832827, abs=1e-5)


def test_clockwise_from_north_from_station_to_source():
    assert one(0, 0, 1, 0)[0] == pytest.approx(0)
    assert one(0, 0, 0, 1)[0] == pytest.approx(90)
    assert one(0, 0, -1, 0)[0] == pytest.approx(180)
    assert one(0, 0, 0, -1)[0] == pytest.approx(270)
    assert one(0, 179.5, 0, -179.5)[0] == pytest.approx(90)


def test_cos_latitude_is_not_forgotten():
    # At 45 N, one degree east and one north: 35.2 degrees, not 45.
    azimuth, _ = one(45.0, 10.0, 46.0, 11.0)
    assert azimuth == pytest.approx(35.0, abs=0.7)


def test_what_is_not_known_stays_unknown():
    assert np.isnan(one(0, 0, np.nan, 1)).all()
    azimuth, distance = one(10, 20, 10, 20)
    assert np.isnan(azimuth)
    assert distance == 0


def test_destination_and_ray_lie_in_the_direction():
    latitude, longitude = destination(-21.0, -69.0, 240.0, 150.0)
    assert one(-21.0, -69.0, latitude, longitude) == pytest.approx((240.0, 150.0))
    points = ray(0.0, 179.0, 90.0, 500.0)
    assert points[0] == [179.0, 0.0]
    assert points[-1][0] > 180  # unrolled: no line across the world
    assert np.all(np.diff([point[0] for point in points]) > 0)
