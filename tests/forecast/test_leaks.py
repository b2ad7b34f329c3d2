"""The leak detector finds what leaks, and nothing where nothing does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mleq.forecast.excitation import Count
from mleq.forecast.leaks import find_leaks
from mleq.forecast.references import Climatology, fit_references
from mleq.forecast.samples import make_samples

CHEAP = ("climatology", "trailing_30", "count", "omori")


def cheap(recipe, events, samples):
    return fit_references(recipe, events, samples, CHEAP)


@pytest.fixture(scope="module")
def case(make_recipe, make_events):
    recipe = make_recipe(grid={"rows": 4, "columns": 4, "window_days": 5}, target={"radius_km": 400.0})
    # Round days and nothing but chance: every day has events, a quarter of them one that decides.
    events = make_events(6000, start="2000-01-01", end="2005-01-01", near=(35.68, 139.77), seed=3)
    return recipe, events


def leaking(results):
    return {one["probe"] for one in results if one["found"]}


def test_nothing_is_found_where_nothing_leaks(case):
    results = find_leaks(*case, fit=cheap, issue_times=9)
    assert leaking(results) == set()
    assert {one["probe"] for one in results} == {
        "inputs",
        "samples",
        "fits",
        "references",
        "planted signal",
        "parts",
        "the detector itself",
    }
    assert all(one["tried"] > 0 for one in results)


def one_day_late(recipe, events):
    """Windows that end with the target day: the mistake that the original experiment made."""
    good = make_samples(recipe, events)
    heatmaps = np.concatenate([good.heatmaps[1:], good.heatmaps[-1:]])
    return replace(good, heatmaps=heatmaps)


def scaled_by_all_years(recipe, events):
    """Inputs divided by a maximum that all years decide."""
    good = make_samples(recipe, events)
    largest = tuple(float(good.heatmaps[..., channel].max()) * 1.01 for channel in range(3))
    return replace(good, scale=(largest[0], float(good.heatmaps[..., 1].std()), largest[2]))


def without_gaps(recipe, events):
    good = make_samples(recipe, events)
    train, validation, test = good.parts.values()
    return replace(good, parts={"train": np.arange(validation[0]), "validation": validation, "test": test})


def test_windows_one_day_too_late_are_caught(case):
    found = leaking(find_leaks(*case, make=one_day_late, fit=cheap, issue_times=4))
    assert {"inputs", "samples", "planted signal"} <= found


def test_a_scale_taken_from_all_years_is_caught(case):
    assert {"inputs", "samples"} <= leaking(find_leaks(*case, make=scaled_by_all_years, fit=cheap, issue_times=4))


def test_parts_without_gaps_are_caught(case):
    (found,) = [one["found"] for one in find_leaks(*case, make=without_gaps, fit=cheap, issue_times=2)[5:6]]
    assert any("the train part and reach the validation part" in sentence for sentence in found)


class Peeking(Count):
    """A reference that counts the target day too."""

    def feature(self, events, dates):
        return super().feature(events, dates + 1)


class Knowing(Climatology):
    """A reference whose rate is that of all years."""


def test_references_that_peek_or_know_all_years_are_caught(case):
    def fit(recipe, events, samples):
        count = Count.fit(recipe, events, samples)
        peeking = Peeking(recipe.target, count.window_days, count.intercept, count.slope)
        outcomes = make_samples(recipe, events).target
        return {
            "peeking": peeking,
            "knowing": Knowing(recipe.target, len(outcomes), int(np.flatnonzero(outcomes).sum()) % 997),
        }

    results = {one["probe"]: one["found"] for one in find_leaks(*case, fit=fit, issue_times=6)}
    assert any("peeking" in sentence for sentence in results["references"])
    assert any("knowing is fitted otherwise" in sentence for sentence in results["fits"])
    assert not results["inputs"]


def test_a_window_one_day_too_late_is_caught_on_the_real_catalogue(world_csv):
    from mleq import api

    recipe = api.load_recipe("tokyo", changes=["catalog.start=2000-01-01", "grid.rows=10", "grid.columns=15"])
    events = api.load_events(recipe, files=[world_csv])
    late = {one["probe"]: one for one in find_leaks(recipe, events, make=one_day_late, fit=cheap, issue_times=2)}
    assert late["inputs"]["found"]
    assert late["samples"]["found"]
    assert late["planted signal"]["found"]
    assert not late["references"]["found"]
    assert not late["the detector itself"]["found"]


def test_an_altered_catalogue_keeps_its_past_and_its_span(case):
    from mleq.forecast.altered import ALTERATIONS

    _, events = case
    since = pd.Timestamp("2003-01-01", tz="UTC")
    past = events[events["origin_time"] < since]
    for how, alter in ALTERATIONS.items():
        other = alter(events, since, 1)
        pd.testing.assert_frame_equal(other[other["origin_time"] < since], past, check_names=False)
        assert other.attrs["end"] == events.attrs["end"]
        assert not other["origin_time"].isna().any()
        assert len(other) == (len(past) if how == "deleted" else len(events))
        assert other["origin_time"].max() < events.attrs["end"]
        assert not other.equals(events)
