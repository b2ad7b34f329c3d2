"""The gate: which era counts, how far the circle grows, what is refused and what the way out is."""

import json
import logging
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_catalog_magnitudes import simulate

from mleq.catalog import completeness
from mleq.catalog.neighbourhood import WHOLE_EARTH_KM
from mleq.errors import DataError, RequestError

START = pd.Timestamp("1980-01-01", tz="UTC")


def place(magnitude=5.0, radius_km=100.0, allow_incomplete=False):
    return SimpleNamespace(
        latitude=35.0, longitude=139.0, radius_km=radius_km, magnitude=magnitude, allow_incomplete=allow_incomplete
    )


def catalogue(*eras, seed=1, degrees=0.2):
    """Events of ten years each: (number, completeness magnitude), near 35 N 139 E."""
    rng = np.random.default_rng(seed)
    tables = []
    for era, (n, mc) in enumerate(eras):
        magnitude = simulate(rng, n, 1.0, mc)
        days = np.sort(rng.uniform(0, 3652.4, len(magnitude))) + 3652.5 * era
        tables.append(
            pd.DataFrame(
                {
                    "origin_time": START + pd.to_timedelta(days, unit="D"),
                    "latitude": 35 + rng.normal(0, degrees, len(magnitude)),
                    "longitude": 139 + rng.normal(0, degrees, len(magnitude)),
                    "magnitude": magnitude,
                }
            )
        )
    events = pd.concat(tables, ignore_index=True)
    events.attrs = {"start": START, "end": events["origin_time"].iloc[-1]}
    return events


def test_the_worst_era_counts():
    found = completeness.gate(catalogue((800, 5.0), (800, 4.0)), place(), "maximum_curvature")
    assert [round(era.magnitude, 1) for era in found.eras] == pytest.approx([5.0, 4.0], abs=0.11)
    assert found.magnitude == found.eras[0].magnitude
    assert found.start == START


def test_every_estimator_is_given_whichever_counts():
    events = catalogue((2000, 4.0))
    for name in ("maximum_curvature", "goodness_of_fit", "b_stability"):
        found = completeness.gate(events, place(), name)
        assert found.estimator == name
        assert found.magnitude == found.estimates[name]
        assert set(found.estimates) == {"maximum_curvature", "goodness_of_fit", "b_stability"}


def test_every_estimator_says_which_way_it_errs():
    from mleq.catalog.magnitudes import ESTIMATORS

    assert set(completeness.BIAS) == set(ESTIMATORS)
    summary = completeness.gate(catalogue((2000, 4.0)), place()).summary()
    assert "too low where it fades" in summary["completeness_bias"]


def test_b_is_given_with_its_uncertainty():
    found = completeness.gate(catalogue((3000, 4.0)), place())
    assert abs(found.b_value - 1) < 3 * found.b_uncertainty < 0.2
    assert abs(found.b_positive - 1) < 0.15


def test_a_catalogue_with_few_events_is_taken_whole():
    events = catalogue((500, 4.0)).iloc[:60]
    found = completeness.gate(events, place())
    assert found.events == 60
    assert found.radius_km == WHOLE_EARTH_KM
    json.dumps(found.summary(), allow_nan=False)


def test_a_single_event_has_a_summary():
    found = completeness.gate(catalogue((500, 4.0)).iloc[:1], place())
    json.dumps(found.summary(), allow_nan=False)
    assert "from M" in completeness.sentence(found.summary())


def test_no_event_is_a_mistake():
    with pytest.raises(DataError, match="no event from which completeness"):
        completeness.gate(catalogue((500, 4.0)).iloc[:0], place())


def test_a_remainder_of_less_than_half_an_era_joins_the_last():
    events = catalogue((800, 4.0), (800, 4.0))
    cut = events[events["origin_time"] < START + pd.Timedelta(days=3652.5 * 1.4)]
    assert len(completeness.eras_of(cut)) == 1
    longer = events[events["origin_time"] < START + pd.Timedelta(days=3652.5 * 1.6)]
    assert len(completeness.eras_of(longer)) == 2


def test_the_same_events_give_the_same_answer():
    events = catalogue((800, 4.5))
    assert completeness.gate(events, place()).summary() == completeness.gate(events, place()).summary()


def test_a_target_below_completeness_is_refused_with_the_numbers_and_the_way_out():
    found = completeness.gate(catalogue((800, 5.0), (800, 4.0)), place(), "maximum_curvature")
    with pytest.raises(RequestError) as caught:
        completeness.require(found, place(4.4))
    message = str(caught.value)
    assert "target magnitude 4.4 is below" in message
    assert "maximum curvature + 0.2 5." in message
    assert "1980-01-01 to 1990-01-01" in message
    assert "set target.magnitude to 5" in message or "set target.magnitude to 4.9" in message
    assert "set catalog.start to 1990-01-01" in message
    assert '"allow_incomplete": true' in message
    assert caught.value.exit_code == 2


def test_a_recipe_may_allow_it_and_is_warned(caplog):
    found = completeness.gate(catalogue((800, 5.0)), place())
    with caplog.at_level(logging.WARNING, "mleq"):
        completeness.require(found, place(4.0, allow_incomplete=True))
    assert "below the completeness magnitude" in caplog.text


def test_one_step_of_reported_magnitudes_is_allowed_for():
    found = completeness.gate(catalogue((800, 4.5)), place())
    assert completeness.refusal(found, place(found.magnitude)) is None
    assert completeness.refusal(found, place(found.magnitude - 0.1)) is None
    assert completeness.refusal(found, place(found.magnitude - 0.15)) is not None


def test_the_gate_does_not_open_wider_the_less_is_known():
    few = completeness.gate(catalogue((12, 4.5)), place())
    assert few.uncertainty > 0.1
    assert completeness.refusal(few, place(few.magnitude - 0.15)) is not None


def test_tokyo_on_the_real_catalogue(world_csv):
    import datetime as dt

    from mleq.catalog.load import load_events
    from mleq.recipe.settings import UsgsCatalog

    settings = UsgsCatalog(source="usgs", start=dt.date(1980, 1, 1), min_magnitude=4.0)
    events = load_events(settings, files=[world_csv])
    tokyo = SimpleNamespace(
        latitude=35.680934, longitude=139.767551, radius_km=150, magnitude=4.5, allow_incomplete=False
    )
    found = completeness.gate(events[events["origin_time"] < "2001-07-01"], tokyo)
    assert 4.4 <= found.magnitude <= 4.7
    assert completeness.refusal(found, tokyo) is None
    tokyo.magnitude = 4.0
    assert completeness.refusal(found, tokyo)


def test_where_the_estimator_finds_none_the_one_that_decided_is_named():
    found = completeness.gate(catalogue((2000, 4.0)), place(), "goodness_of_fit")
    assert found.summary()["completeness_estimator"] == "goodness_of_fit"
    without = replace(found, estimates=found.estimates | {"goodness_of_fit": None})
    assert without.summary()["completeness_estimator"] == "maximum_curvature"
    assert without.summary()["completeness_bias"] == completeness.BIAS["maximum_curvature"]
