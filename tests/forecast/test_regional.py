import numpy as np
import pandas as pd
import pytest

from mleq.etas.dated import LARGEST_MAGNITUDE
from mleq.etas.decay import omori_survival
from mleq.forecast.odds import Place
from mleq.forecast.regional import ENDING_DAYS, ENDING_RATIO, regional_model

FIT_DATE = pd.Timestamp("2015-01-01", tz="UTC")


def events(latitude: float, b_value: float, n: int = 120) -> pd.DataFrame:
    """A quiet ring of events round the Earth."""
    rng = np.random.default_rng(1)
    days = np.sort(rng.uniform(0, 30 * 365, n))
    found = pd.DataFrame(
        {
            "id": [f"e{number}" for number in range(n)],
            "origin_time": pd.Timestamp("1985-01-01", tz="UTC") + pd.to_timedelta(days, unit="D"),
            "latitude": latitude + rng.uniform(-1, 1, n),
            "longitude": rng.uniform(-180, 180, n) if latitude < -60 else rng.uniform(139, 141, n),
            "depth_km": 10.0,
            "magnitude": np.round(4.5 + np.minimum(rng.exponential(np.log10(np.e) / b_value, n), 4.0), 1),
        }
    )
    found.attrs["start"], found.attrs["end"] = pd.Timestamp("1985-01-01", tz="UTC"), FIT_DATE
    return found


@pytest.mark.parametrize("longitude", [0.0, 120.0])
def test_a_place_near_a_pole_has_a_margin_that_holds_its_square(longitude):
    place = Place(-85.0, longitude, 500.0, 6.0, allow_incomplete=True)
    found = regional_model(events(-72.0, 1.0), place, FIT_DATE, None)
    south, north, west, east = found.about["region"]
    margin = found.about["margin"]
    assert margin[0] <= south
    assert margin[1] > north
    assert margin[2] <= west
    assert margin[3] >= east
    assert found.model.parameters.background_per_day > 0


def test_sequences_end_under_a_generic_set_whatever_b_value_few_events_show():
    place = Place(36.0, 140.0, 150.0, 6.0, allow_incomplete=True)
    found = {b_value: regional_model(events(36.0, b_value), place, FIT_DATE, None) for b_value in (0.35, 1.0)}
    for one in found.values():
        assert one.about["source"] == "generic"
        parameters = one.model.parameters
        ratio = parameters.branching_ratio(one.model.b_value, LARGEST_MAGNITUDE)
        assert ratio * (1 - omori_survival(parameters, ENDING_DAYS)) < ENDING_RATIO
        assert 4.5 <= parameters.m0 == one.about["m0"] <= 6.0
    assert found[0.35].model.b_value > 0.6  # the set's own
