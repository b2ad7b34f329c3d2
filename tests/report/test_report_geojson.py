import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.etas.sphere import distance_km
from mleq.report import geojson


def rings(shape):
    parts = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
    return [np.array(part[0]) for part in parts]


def area_deg2(ring):
    x, y = ring.T
    return 0.5 * np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])


def inside(ring, x, y):
    """Whether a place lies in a ring, by the number of edges that a line to the east crosses."""
    (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
    crosses = (y0 > y) != (y1 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.count_nonzero(crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))) % 2 == 1


places = st.tuples(st.floats(-90, 90), st.floats(-180, 180), st.floats(5, 3000))


@given(places)
def test_a_circle_is_closed_counterclockwise_and_within_the_world(place):
    found = rings(geojson.circle(*place))
    assert 1 <= len(found) <= 2
    for ring in found:
        assert (ring[0] == ring[-1]).all()
        assert area_deg2(ring) > 0
        assert abs(ring[:, 0]).max() <= 180
        assert abs(ring[:, 1]).max() <= 90


@given(places, st.floats(-89, 89), st.floats(-179.9, 179.9))
def test_a_circle_holds_what_is_within_its_radius(place, latitude, longitude):
    latitude_0, longitude_0, radius = place
    away = float(distance_km(latitude, longitude, latitude_0, longitude_0))
    if 0.98 * radius < away < 1.02 * radius:
        return  # a ring of 72 corners is no circle
    found = any(inside(ring, longitude, latitude) for ring in rings(geojson.circle(*place)))
    assert found == (away < radius)


def test_a_circle_across_the_antimeridian_is_two():
    shape = geojson.circle(-18.0, 179.5, 150)
    assert shape["type"] == "MultiPolygon"
    west, east = sorted(rings(shape), key=lambda ring: ring[:, 0].mean())
    assert west[:, 0].min() == -180
    assert east[:, 0].max() == 180


def test_what_was_forecast_stands_in_the_properties(tmp_path):
    entry = {
        "recipe_id": "tokyo", "target_date": "2020-02-23", "probability": 0.07, "probability_gain": 1.1,
        "references": {"etas": 0.06}, "verdict": "No skill shown beyond ETAS.", "run": "x",
        "target": {"latitude": 35.68, "longitude": 139.77, "radius_km": 150.0, "magnitude": 4.5},
    }  # fmt: skip
    signal = {"recipe_id": "azimuth", "input": "a.mseed", "verdict": "No verdict", "run": "y"}
    path = geojson.write(tmp_path / "predictions.geojson", [entry, signal])
    first, second = json.loads(path.read_text())["features"]
    assert first["geometry"]["type"] == "Polygon"
    properties = first["properties"]
    assert entry.items() <= properties.items()
    assert "no warning system" in properties["no_warning"]
    assert properties["agency"]["url"] == "https://www.jma.go.jp/"
    assert second["geometry"] is None
    assert "no warning system" in second["properties"]["no_warning"]


@pytest.mark.parametrize("latitude", [89.9, -89.9])
def test_a_circle_around_a_pole_reaches_it(latitude):
    (ring,) = rings(geojson.circle(latitude, 10.0, 500))
    assert abs(ring[:, 1]).max() == 90
