import pytest

from mleq import load_recipe
from mleq.report.agencies import AGENCIES, USGS, agency_for


@pytest.mark.parametrize(
    ("recipe_id", "agency"),
    [
        ("tokyo", "Japan Meteorological Agency"),
        ("sapporo", "Japan Meteorological Agency"),
        ("fukuoka", "Japan Meteorological Agency"),
        ("chile", "Centro Sismológico Nacional, Chile"),
        ("sumatra", "BMKG, Indonesia"),
        ("southern_california", "U.S. Geological Survey"),
        ("italy", "INGV, Italy"),
        ("new_zealand", "GeoNet, New Zealand"),
        ("greece", "Institute of Geodynamics, Athens"),
    ],
)
def test_every_region_of_the_shelf_has_its_agency(recipe_id, agency):
    target = load_recipe(recipe_id).target
    assert agency_for(target.latitude, target.longitude).name == agency


def test_without_a_place_or_elsewhere_it_is_the_usgs():
    assert agency_for(None, None) is USGS
    assert agency_for(0.0, -30.0) is USGS


def test_longitudes_in_any_turn_are_the_same_place():
    assert agency_for(-41.3, 174.8) is agency_for(-41.3, 174.8 - 360)


def test_boxes_are_boxes_and_links_are_secure():
    for agency in (*AGENCIES, USGS):
        assert agency.url.startswith("https://")
        for south, north, west, east in agency.boxes:
            assert -90 <= south < north <= 90
            assert -180 <= west < east <= 180
