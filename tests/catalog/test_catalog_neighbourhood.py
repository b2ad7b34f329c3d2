"""How far a circle grows."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from mleq.catalog.neighbourhood import WHOLE_EARTH_KM, WIDENING, neighbourhood
from mleq.etas.sphere import distance_km


def place(radius_km):
    return SimpleNamespace(latitude=35.0, longitude=139.0, radius_km=radius_km)


def scattered(n, degrees):
    rng = np.random.default_rng(1)
    return pd.DataFrame({"latitude": 35 + rng.normal(0, degrees, n), "longitude": 139 + rng.normal(0, degrees, n)})


def test_the_circle_grows_until_it_holds_enough():
    events = scattered(300, 3.0)
    near, radius = neighbourhood(events, place(10.0), 100)
    distance = distance_km(events["latitude"], events["longitude"], 35.0, 139.0)
    assert len(near) == np.sum(distance <= radius) >= 100
    assert np.sum(distance <= radius / WIDENING) < 100


def test_a_circle_that_holds_enough_stays():
    assert neighbourhood(scattered(500, 0.2), place(100.0), 100)[1] == 100.0


def test_where_there_are_few_the_whole_earth_is_taken():
    near, radius = neighbourhood(scattered(60, 0.2), place(10.0), 100)
    assert (len(near), radius) == (60, WHOLE_EARTH_KM)
