"""What `new` proposes is what `check` then counts."""

import numpy as np
import pandas as pd
import pytest

from mleq import api
from mleq.errors import RequestError
from mleq.forecast.plan import plan, plan_lines
from mleq.forecast.proposal import RADII_KM, propose
from mleq.scores.verdict import FEWEST_EVENT_DAYS

DAYS = 20 * 365
SMALLEST = 4.0


def catalogue(n, seed=1):
    """Events evenly in time and within some 700 km of (0, 0); magnitudes above `SMALLEST` to a tenth, b = 1."""
    rng = np.random.default_rng(seed)
    day = np.sort(rng.uniform(0, DAYS, n))
    events = pd.DataFrame(
        {
            "origin_time": pd.Timestamp("1990-01-01", tz="UTC") + pd.to_timedelta(day, "D").round("ms"),
            "latitude": rng.uniform(-6, 6, n),
            "longitude": rng.uniform(-6, 6, n),
            "depth_km": 10.0,
            "magnitude": np.round(SMALLEST - 0.05 + rng.exponential(1 / np.log(10), n), 1),
        }
    )
    events.attrs |= {"start": pd.Timestamp("1990-01-01", tz="UTC"), "end": pd.Timestamp("2009-12-27", tz="UTC")}
    return events


@pytest.fixture(scope="module")
def events():
    return catalogue(3000)


@pytest.fixture
def recipe():
    """As `new` begins: the shelf's tokyo elsewhere."""
    return moved(api.load_recipe("tokyo"), latitude=0.0, longitude=0.0, timezone="UTC")


def moved(recipe, **target):
    return recipe.model_copy(update={"target": recipe.target.model_copy(update=target)})


def planned(recipe, events, proposal):
    return plan(moved(recipe, radius_km=proposal.radius_km, magnitude=proposal.magnitude), events)


def test_what_is_proposed_gives_a_verdict_and_is_complete(recipe, events):
    proposal = propose(recipe, events)
    values = planned(recipe, events, proposal)
    found = values["split"]["test"]["positives"]
    assert found >= FEWEST_EVENT_DAYS
    assert not values["target_below_completeness"]
    assert not any(line.startswith("caution") for line in plan_lines(values))
    assert f"{found} of the {values['split']['test']['days']:,} days" in proposal.reasons[1]
    mc = values["completeness"]["completeness_magnitude"]
    assert f"complete from M {mc:.1f} there" in proposal.reasons[0]


def test_the_radius_is_the_smallest_that_does(recipe, events):
    proposal = propose(recipe, events, magnitude=4.5)
    smaller = RADII_KM[RADII_KM.index(proposal.radius_km) - 1]
    values = plan(moved(recipe, radius_km=float(smaller), magnitude=4.5), events)
    assert min(values["split"][part]["positives"] for part in ("train", "test")) < FEWEST_EVENT_DAYS


def test_tenths_are_tried_where_no_half_gives_a_verdict(recipe):
    few = catalogue(220)
    few["magnitude"] += 0.1  # so that it is complete from 4.1, and a half is 4.5
    proposal = propose(recipe, few)
    assert proposal.magnitude < 4.5
    assert planned(recipe, few, proposal)["split"]["test"]["positives"] >= FEWEST_EVENT_DAYS


def test_where_no_verdict_is_possible_it_says_so_as_check_does(recipe, events):
    proposal = propose(recipe, events, magnitude=6.0)
    assert "no verdict will be possible" in proposal.reasons[-1]
    assert "--horizon_days" in proposal.reasons[-1]
    assert any("there will be no verdict" in line for line in plan_lines(planned(recipe, events, proposal)))


@pytest.mark.parametrize(("below", "refused"), [(0.1, False), (0.3, True)])
def test_a_chosen_magnitude_below_completeness_is_judged_as_check_does(below, refused, recipe, events):
    higher = events[events["magnitude"] >= 4.55].reset_index(drop=True)
    higher.attrs |= events.attrs
    wide = moved(recipe, radius_km=500.0, magnitude=5.0)
    mc = plan(wide, higher)["completeness"]["completeness_magnitude"]
    proposal = propose(recipe, higher, radius_km=500.0, magnitude=round(mc - below, 1))
    values = planned(recipe, higher, proposal)
    assert any("training refuses it" in reason for reason in proposal.reasons) == bool(values["refused"])
    assert bool(values["refused"]) == refused


def test_a_place_without_events_is_refused_unless_all_was_chosen(recipe, events):
    away = moved(recipe, latitude=60.0, longitude=170.0)
    with pytest.raises(RequestError, match="nothing to learn from"):
        propose(away, events)
    proposal = propose(away, events, radius_km=100.0, magnitude=5.0)
    assert "training will refuse it" in proposal.reasons[-1]


def test_without_a_catalogue_the_usual_is_said_to_be_untried(recipe):
    assert "nothing has tried" in propose(recipe, None).reasons[0]
    assert propose(recipe, None, radius_km=80.0, magnitude=4.0).reasons == ()
