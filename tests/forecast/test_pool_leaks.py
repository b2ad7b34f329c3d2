"""The leak detector of pools finds what leaks, and nothing where nothing does."""

import json
from dataclasses import replace

import numpy as np
import pytest
from forecast.conftest import SMALL_POOL

from mleq import api
from mleq.forecast import family
from mleq.forecast.pool import inputs, leaks
from mleq.forecast.recipe import ResidualConvLstm
from mleq.forecast.references import fit_references


def cheap(recipe, events, samples):
    return fit_references(recipe, events, samples, ("climatology", "trailing_30"))


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaks")
    (folder / "recipe.json").write_text(SMALL_POOL)
    changes = ["pool.circles=3", "model.epochs=5", "catalog.days=2200"]
    recipe = api.load_recipe("small_pool", folder / "recipe.json", changes=changes)
    return recipe, api.load_events(recipe, data_dir=folder), folder


def leaking(results):
    return {one["probe"] for one in results if one["found"]}


def test_nothing_is_found_where_nothing_leaks_and_nothing_is_kept(given):
    recipe, events, folder = given
    results = leaks.find_leaks(recipe, events, fit=cheap, issue_times=2)
    assert leaking(results) == set()
    assert [one["probe"] for one in results] == [
        "circles and fits", "pooled inputs", "pooled forecasts", "planted signal", "fits", "references", "parts",
        "the detector itself",
    ]  # fmt: skip
    assert all(one["tried"] > 0 for one in results)
    json.dumps(results)
    assert not (folder / "pool").exists()


def test_check_of_a_recipe_with_a_pool_tries_the_pool(given, monkeypatch):
    asked = []
    monkeypatch.setattr(leaks, "find_leaks", lambda *given: asked.append(given) or [])
    assert family.find_leaks(*given[:2]) == []
    assert asked == [given[:2]]


@pytest.fixture(scope="module")
def case(given, tmp_path_factory):
    return leaks.case_of(*given[:2], tmp_path_factory.mktemp("work"))


def test_an_input_that_knows_the_target_day_is_caught(case, monkeypatch):
    """The rates of a circle are taken at the end of the target day, not at its beginning."""
    whole = inputs.circle_features

    def late(past, issue_times, **circle):
        return whole(past, issue_times + np.timedelta64(1, "D"), **circle)

    monkeypatch.setattr(inputs, "circle_features", late)
    assert leaks.inputs_of_a_day(case, [1394])["found"]
    assert any("inputs know" in sentence for sentence in leaks.planted_signal(case)["found"])


def test_a_fit_of_etas_that_knows_later_days_is_caught(case, monkeypatch):
    """The circles' own factors are fitted to all days that there are."""
    walked = leaks.walk_forward

    def knowing(pool, dates):
        level = pool.target.mean(axis=0)
        return [replace(fit, background=fit.background * level) for fit in walked(pool, dates)]

    monkeypatch.setattr(leaks, "walk_forward", knowing)
    known = knowing(case.material.pool, [(fit.made, True) for fit in case.material.fits])
    case = replace(case, material=replace(case.material, fits=known))
    assert leaks.circles_and_fits(case)["found"]


def test_forecasts_that_know_later_days_are_caught(case, monkeypatch):
    """The level of the whole pool is taken of all days."""
    from mleq.forecast.pool import forecaster

    def knowing(world, days):
        return np.full((days.stop - days.start, 3), world.pool.target.mean())

    monkeypatch.setattr(forecaster, "_leveled", knowing)
    assert any("etas_leveled" in sentence for sentence in leaks.forecasts_of_a_day(case)["found"])


def test_maps_are_tried_where_the_model_looks_at_them(case):
    model = ResidualConvLstm(name="residual_convlstm", cells=4, ages_days=(3.0, 30.0))
    case = replace(case, recipe=case.recipe.model_copy(update={"model": model}))
    assert not leaks.inputs_of_a_day(case, [1394])["found"]
    assert any("maps" in sentence for sentence in leaks.inputs_of_a_day(case, [1394], late=1)["found"])
