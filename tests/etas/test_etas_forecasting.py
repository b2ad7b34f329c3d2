"""Forecasts against closed forms, plain simulation, and what happens afterwards."""

import math

import numpy as np
import pytest

from mleq.errors import RequestError
from mleq.etas import Circle, EtasModel, EtasParameters, History, fault_like_background, simulate_catalog
from mleq.etas.background import KernelBackground
from mleq.etas.sphere import Box

REGION = (32.0, 40.0, 135.0, 145.0)
BOX = Box.checked(REGION)
TRUTH = EtasParameters(0.4, 0.25, 1.3, 0.02, 1.4, 6.0, 1.7, 1.0, m0=4.0)
UNIFORM = KernelBackground(BOX, *(np.empty(0) for _ in range(5)), uniform_share=1.0)
MODEL = EtasModel(TRUTH, UNIFORM, b_value=1.0, magnitude_max=8.0)
TOKYO = Circle(36.0, 140.0, 150.0)
NOTHING = History.of([], [], [], [])
MAINSHOCK = History.of([9.5], [36.0], [140.0], [6.5])


def test_share_above():
    assert MODEL.share_above(4.0) == 1
    assert MODEL.share_above(8.0) == 0
    assert MODEL.share_above(5.0) == pytest.approx((0.1 - 1e-4) / (1 - 1e-4))
    with pytest.raises(RequestError, match="from m0 = 4 up"):
        MODEL.share_above(3.9)


def test_expected_number_of_one_mainshock():
    found = MODEL.expected_numbers(MAINSHOCK, TOKYO, [10.0], 7.0, 5.0)[0]
    sigma = 6.0 * math.exp(2.5)
    offspring = 0.25 * math.exp(1.3 * 2.5) * ((1 + 0.5 / 0.02) ** -0.4 - (1 + 7.5 / 0.02) ** -0.4)
    inside = 1 - (1 + 150**2 / sigma) ** -0.7
    background = 0.4 * 7 * math.pi * 150**2 / BOX.area_km2
    assert found == pytest.approx(MODEL.share_above(5.0) * (offspring * inside + background), rel=2e-3)


def test_expected_number_integrates_the_intensity():
    grid = Box.checked((35.9, 36.1, 139.9, 140.1))
    rng = np.random.default_rng(1)
    latitude, longitude = grid.sample(rng, 20_000)
    minute = 1 / 1440
    rate = MODEL.intensity(MAINSHOCK, 10 + minute / 2, latitude, longitude).mean() * grid.area_km2 * minute
    assert MODEL.expected_numbers(MAINSHOCK, grid, 10.0, minute, 4.0)[0] == pytest.approx(rate, rel=0.02)


def test_the_future_changes_nothing():
    later = History.of([9.5, 10.0, 12.0], [36.0, 36.0, 36.1], [140.0, 140.0, 140.1], [6.5, 8.0, 7.5])
    for history in (later, MAINSHOCK):
        assert MODEL.expected_numbers(history, TOKYO, [10.0], 7.0, 5.0)[0] == pytest.approx(
            MODEL.expected_numbers(MAINSHOCK, TOKYO, [10.0], 7.0, 5.0)[0], rel=1e-12
        )
    one, two = (MODEL.probability(h, TOKYO, 10.0, 1.0, 5.0, n_simulations=200, seed=1) for h in (MAINSHOCK, later))
    assert one == two
    # Each of a series looks at its own past only.
    series = MODEL.expected_numbers(later, TOKYO, [9.0, 10.0, 13.0], 1.0, 5.0)
    assert series[0] == pytest.approx(MODEL.expected_numbers(NOTHING, TOKYO, [9.0], 1.0, 5.0)[0])
    assert series[1] == pytest.approx(MODEL.expected_numbers(MAINSHOCK, TOKYO, [10.0], 1.0, 5.0)[0])
    assert series[2] > 2 * series[1]


def test_poisson_process_is_exact():
    quiet = EtasParameters(0.4, 0.0, 1.3, 0.02, 1.4, 6.0, 1.7, 1.0, m0=4.0)
    model = EtasModel(quiet, UNIFORM, 1.0, 8.0)
    number = 0.4 * 30 * math.pi * 150**2 / BOX.area_km2 * model.share_above(4.5)
    found = model.probability(NOTHING, TOKYO, 0.0, 30.0, 4.5, n_simulations=20_000, seed=2)
    first_order = model.first_order_probabilities(NOTHING, TOKYO, 0.0, 30.0, 4.5)[0]
    assert first_order == pytest.approx(1 - math.exp(-number), rel=2e-3)
    assert found["low"] - 1e-3 <= 1 - math.exp(-number) <= found["high"] + 1e-3


def test_probability_equals_plain_counting():
    """Continue a mainshock's sequence in the plainest way: with whole catalogues, counting those with an event."""
    days, trials, hits = 30.0, 3000, 0
    rng = np.random.default_rng(3)
    for _ in range(trials):
        catalog = simulate_catalog(
            REGION, 0, days, TRUTH, b_value=1.0, magnitude_max=8.0, seed=rng, background=UNIFORM, burn_in_days=0
        )
        inside = TOKYO.contains(catalog["latitude"], catalog["longitude"])
        hits += (catalog["magnitude"][inside] >= 5.0).any()
    counted = hits / trials
    found = MODEL.probability(NOTHING, TOKYO, 0.0, days, 5.0, n_simulations=20_000, seed=4)
    assert found["value"] == pytest.approx(counted, abs=4 * math.sqrt(counted * (1 - counted) / trials))
    assert found["high"] - found["low"] < 0.006
    # Offspring of coming events matter over a month, and the test above would see it if they were left out.
    assert found["value"] > MODEL.first_order_probabilities(NOTHING, TOKYO, 0.0, days, 5.0)[0] + 0.01


def test_short_horizons_need_no_offspring_of_offspring():
    found = MODEL.probability(MAINSHOCK, TOKYO, 9.6, 0.01, 5.0, n_simulations=20_000, seed=5)
    first_order = MODEL.first_order_probabilities(MAINSHOCK, TOKYO, 9.6, 0.01, 5.0)[0]
    assert found["value"] == pytest.approx(first_order, rel=0.05)
    assert first_order > 0.005


def test_same_seed_same_probability_and_batches_do_not_matter(monkeypatch):
    once = MODEL.probability(MAINSHOCK, TOKYO, 10.0, 7.0, 5.0, n_simulations=4000, seed=6)
    assert once == MODEL.probability(MAINSHOCK, TOKYO, 10.0, 7.0, 5.0, n_simulations=4000, seed=6)
    monkeypatch.setattr("mleq.etas.continuation.EVENTS_AT_ONCE", 500)
    batched = MODEL.probability(MAINSHOCK, TOKYO, 10.0, 7.0, 5.0, n_simulations=4000, seed=6)
    assert batched["value"] == pytest.approx(once["value"], abs=3 * (once["high"] - once["low"]))


def test_statements_are_calibrated():
    """Daily statements over a simulated catalogue come true as often as they say, in the lower and the upper half."""
    background = fault_like_background(REGION, np.random.default_rng(7))
    model = EtasModel(TRUTH, background, 1.0, 8.0)
    catalog = simulate_catalog(
        REGION, 0, 8000, TRUTH, b_value=1.0, magnitude_max=8.0, seed=8, background=background, keep_outside=True
    )
    history = History.of(*(catalog[name] for name in ("time_days", "latitude", "longitude", "magnitude")))
    area, days = Circle(36.0, 140.0, 300.0), np.arange(2000, 8000)
    stated = model.first_order_probabilities(history, area, days, 1.0, 4.0)
    inside = area.contains(history.latitude, history.longitude)
    observed = np.bincount(history.time_days[inside].astype(int), minlength=8000)[2000:] > 0
    assert observed.sum() > 200
    high = stated > np.median(stated)
    for half in (high, ~high):
        error = math.sqrt((stated * (1 - stated))[half].sum())
        # Offspring of the day's own events are left out of the statement: a few per cent.
        assert abs(observed[half].sum() - stated[half].sum()) < 3.5 * error + 0.05 * stated[half].sum()
    assert stated[observed].mean() > 1.5 * stated[~observed].mean()


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": 0.0},
        {"days": math.nan},
        {"magnitude": 3.0},
        {"n_simulations": 1},
    ],
)
def test_wrong_questions(wrong):
    question = {"issue_time": 10.0, "days": 1.0, "magnitude": 5.0, "n_simulations": 10} | wrong
    with pytest.raises(RequestError):
        MODEL.probability(MAINSHOCK, TOKYO, seed=1, **question)


def test_wrong_circles_and_endless_models():
    for wrong in ((95, 0, 10), (0, 0, 0), (0, math.nan, 10), (0, 0, 9000)):
        with pytest.raises(RequestError, match="no circle"):
            Circle(*wrong)
    endless = EtasModel(EtasParameters(1, 0.7, 2.0, 0.01, 1.1, 1, 1.5, 1, m0=4.0), UNIFORM, 1.0, 8.0)
    with pytest.raises(RequestError, match="branching ratio"):
        endless.probability(MAINSHOCK, TOKYO, 10.0, 1.0, 5.0, seed=1)


def test_expected_between_is_the_integral_of_what_is_expected_day_by_day():
    edges = np.linspace(0, 20, 2001)
    just_before = History.of([9.4999], [36.0], [140.0], [6.5])
    sliced = sum(MODEL.expected_numbers(just_before, TOKYO, edges[:-1], 0.01, 4.0))
    assert MODEL.expected_between(just_before, TOKYO, 0.0, 20.0) == pytest.approx(sliced, rel=0.01)


def test_what_each_event_and_the_background_add_is_the_expected_number():
    past = History.of(
        [2.0, 9.5, 9.9, 12.0], [36.1, 36.0, 35.0, 36.0], [140.1, 140.0, 138.0, 140.0], [5.0, 6.5, 3.5, 7.0]
    )
    parts, background = MODEL.contributions(past, TOKYO, 10.0, 7.0, 5.0)
    assert parts.sum() + background == pytest.approx(MODEL.expected_numbers(past, TOKYO, [10.0], 7.0, 5.0)[0])
    assert (parts[:2] > 0).all()
    assert parts[1] > parts[0]
    assert parts[2:].tolist() == [0, 0], "below m0, and not yet"
    alone = MODEL.contributions(NOTHING, TOKYO, 10.0, 7.0, 5.0)
    assert alone[0].size == 0
    assert alone[1] == background


def test_where_the_region_is_no_box_an_area_must_lie_inside_it():
    ground = KernelBackground(Circle(36.0, 140.0, 300.0), *(np.empty(0) for _ in range(5)), uniform_share=1.0)
    inside = Circle(36.0, 141.0, 100.0)
    assert ground.share_in(inside.outline()) == pytest.approx((100 / 300) ** 2, rel=1e-3)
    with pytest.raises(RequestError, match="not wholly inside the region of the fit.*fit in a box"):
        ground.share_in(Circle(36.0, 143.0, 100.0).outline())
    assert UNIFORM.share_in(Circle(0.0, 0.0, 100.0).outline()) == 0
    np.testing.assert_array_equal(UNIFORM.density([36.0, 37.0], [140.0, 141.0]), 1 / BOX.area_km2)


def test_etas_names_what_it_has_and_nothing_else():
    from mleq import etas

    assert etas.Circle is Circle
    with pytest.raises(AttributeError, match="no attribute 'circle'"):
        etas.circle  # noqa: B018
