import re

import numpy as np
import pytest

from mleq.report import assets, coast
from mleq.report.view import WIDTH, View


@pytest.mark.parametrize("longitude", [-179.0, 0.0, 139.77, 179.5])
def test_places_around_a_centre_lie_where_they_should(longitude):
    view = View.around(36.0, longitude, 300.0)
    assert float(view.x(longitude)) == pytest.approx(WIDTH / 2)
    assert float(view.y(36.0)) == pytest.approx(view.height / 2)
    assert float(view.x(longitude + 1 - 360)) > WIDTH / 2
    assert view.holds(36.0, longitude + 3.0)
    assert not view.holds(36.0, longitude + 30.0)
    east, north = view.per_degree
    assert east / north == pytest.approx(np.cos(np.radians(36.0)), rel=0.01), "a square kilometre is square"


def test_a_circle_across_the_antimeridian_stays_one():
    ring = View.around(-18.0, 179.5, 400.0).ring(-18.0, 179.5, 150.0)
    x, y = np.array([pair.split(",") for pair in re.search(r'points="([^"]+)"', ring)[1].split()], float).T
    assert np.ptp(x) == pytest.approx(np.ptp(y), rel=0.02)


def test_land_that_crosses_the_antimeridian_is_cut_and_antarctica_reaches_the_pole():
    square = {
        "transform": {"scale": [1, 1], "translate": [0, 0]},
        "arcs": [[[170, 60], [20, 0], [0, 10], [-20, 0], [0, -10]]],
        "objects": {"land": {"geometries": [{"arcs": [[[0]]]}]}},
    }
    west, east = sorted(coast.rings(square), key=min)
    assert {x for x, _ in west} == {-180 * 50, -170 * 50}
    assert {x for x, _ in east} == {170 * 50, 180 * 50}
    around = {**square, "arcs": [[[-180, -70], [120, 0], [120, 0], [120, 0]]]}
    assert max(y for ring in coast.rings(around) for _, y in ring) == 90 * 50


def test_the_land_that_is_shipped_is_small_and_covers_known_places():
    text = assets.text("land.svg")
    assert len(text) < 300_000
    assert text.count("M") > 1000
    assert set(re.findall(r"<(\w+)", text)) == {"svg", "path"}
    rings = []
    for part in re.search(r' d="([^"]+)"', text)[1].split("M")[1:]:
        numbers = np.array(re.findall(r"-?\d+", part), int).reshape(-1, 2)
        rings.append(np.cumsum(numbers, axis=0) / coast.UNITS)

    def is_land(latitude, longitude):
        inside = False
        for ring in rings:
            (x0, y0), (x1, y1) = ring.T, np.roll(ring, -1, axis=0).T
            crosses = (y0 > -latitude) != (y1 > -latitude)
            with np.errstate(divide="ignore", invalid="ignore"):
                hits = crosses & (longitude < x0 + (-latitude - y0) * (x1 - x0) / (y1 - y0))
            inside ^= bool(np.count_nonzero(hits) % 2)
        return inside

    for place in ((36.2, 138.0), (66.5, -175.0), (66.5, 179.0), (-80.0, 0.0), (-25.0, 135.0)):
        assert is_land(*place), place
    for place in ((35.0, 150.0), (0.0, -140.0), (70.5, -150.0), (-55.0, 100.0)):
        assert not is_land(*place), place
