"""A pool of circles: where they lie, what ETAS expects in them, and that nothing knows of later events."""

import math

import numpy as np
import pytest

from mleq.errors import DataError
from mleq.etas.areas import Outline, shares
from mleq.etas.sphere import destination
from mleq.forecast.features import Past
from mleq.forecast.pool.circles import Circles, draw_circles
from mleq.forecast.pool.days import decayed, slow_rates, target_days, within_horizon
from mleq.forecast.pool.etas import (
    Expected,
    fit_shape,
    log_likelihood,
    own_factors,
    strengths,
    triggered,
)
from mleq.forecast.pool.inputs import INPUTS, pooled_inputs
from mleq.forecast.pool.shape import Shape, ShareTable
from mleq.forecast.pool.walk import Fit, Pool, offsets, schedule, walk_forward

START = np.datetime64("1990-01-01T00:00:00", "us")
N_DAYS = 5000
LATER = [(np.datetime64("2002-01-01"), False), (np.datetime64("2003-01-01"), False)]


def catalogue(seed: int = 1, n: int = 1500) -> Past:
    """Events in three clusters of the Pacific, uniform in time, with a few pairs a minute apart."""
    rng = np.random.default_rng(seed)
    centre = rng.integers(0, 3, n)
    latitude = np.radians(np.array([35.0, -5.0, 36.5])[centre] + rng.normal(0, 0.8, n))
    longitude = np.radians(np.array([140.0, 179.9, 141.5])[centre] + rng.normal(0, 0.8, n))
    vectors = np.column_stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)]
    )
    days = np.sort(rng.uniform(0, N_DAYS, n))
    days[1::10] = days[0::10] + 1 / 1440
    days = np.sort(days)
    times = START + (days * 86_400_000_000).astype("timedelta64[us]")
    magnitude = np.round(4 + rng.exponential(0.43, n), 1)
    return Past(times, vectors, magnitude, rng.uniform(0, 100, n), START, START + np.timedelta64(N_DAYS, "D"))


def circles_of(n: int = 3) -> Circles:
    return Circles(np.array([35.0, -5.0, 36.5])[:n], np.array([140.0, -179.9, 141.5])[:n], 150.0)


def pool_of(past: Past, horizon: int = 1, n_days: int = N_DAYS) -> Pool:
    return Pool(past, circles_of(), np.datetime64("1990-01-01"), n_days, "Asia/Tokyo", 5.0, horizon, 4.0, 7)


def test_drawn_circles_keep_their_distance_and_know_nothing_of_later_events():
    past = catalogue()
    before = START + np.timedelta64(3000, "D")
    drawn = draw_circles(past, before, n=20, radius_km=50, magnitude=4.5, seed=3, first=(0.0, 0.0), fewest=3)
    between = drawn.distances_km()[np.triu_indices(len(drawn), 1)]
    assert len(drawn) > 5
    assert between.min() >= 50 - 1e-6
    assert (drawn.latitude[0], drawn.longitude[0]) == (0.0, 0.0)
    later = past.times >= before
    moved = Past(past.times, np.where(later[:, None], -past.vectors, past.vectors), *(
        getattr(past, name) for name in ("magnitude", "depth_km", "start", "end")
    ))  # fmt: skip
    again = draw_circles(moved, before, n=20, radius_km=50, magnitude=4.5, seed=3, first=(0.0, 0.0), fewest=3)
    np.testing.assert_array_equal(drawn.latitude, again.latitude)
    apart = drawn[drawn.disjoint()].distances_km()
    assert apart[np.triu_indices(len(apart), 1)].min() >= 100
    assert drawn.disjoint()[0] == 0
    with pytest.raises(DataError, match="pool"):
        draw_circles(past, before, n=5, radius_km=1, magnitude=7.9, seed=3)


def test_shares_of_circles_agree_with_those_of_outlines():
    circle = Outline.of_circle(10.0, 20.0, 150.0, corners=360)
    distance = np.array([0.0, 40.0, 140.0, 160.0, 300.0, 700.0])
    latitude, longitude = destination(10.0, 20.0, 77.0, distance)
    for q, sigma in ((1.4, 30.0), (1.8, 900.0), (2.2, 20_000.0)):
        exact = shares(latitude, longitude, circle).of_power_law(np.full(6, sigma), q)
        found = ShareTable(q)(distance / 150.0, np.full(6, sigma / 150.0**2))
        np.testing.assert_allclose(found, exact, rtol=0.03, atol=4e-3)
    assert ShareTable(1.5)(np.zeros(1), np.full(1, 0.04))[0] == pytest.approx(1 - (1 + 1 / 0.04) ** -0.5, rel=0.01)


@pytest.mark.parametrize("horizon", [1, 7])
def test_pooled_etas_agrees_with_a_sum_over_events(horizon):
    past = catalogue(n=300)
    pool = pool_of(past, horizon)
    shape = Shape(5.0, c_days=0.05, p=1.2)
    days = slice(900, 1000)
    bands = triggered(shape, pool.pairs, pool.at, 3, 150.0, horizon, days, (1.0, 30.0))
    assert bands.shape == (3, 100, 3)
    strength = strengths(shape, pool.pairs, 150.0)
    expected = np.zeros((100, 3))
    first_seen = pool.at[pool.pairs.seen] - pool.pairs.age
    for row, day in enumerate(range(900, 1000)):
        age = pool.at[day] - first_seen
        known = pool.pairs.seen <= day
        law = (1 + age[known] / 0.05) ** -0.2 - (1 + (age[known] + horizon) / 0.05) ** -0.2
        expected[row] = np.bincount(pool.pairs.circle[known], strength[known] * law, 3)
    np.testing.assert_allclose(bands.sum(axis=0), expected, rtol=0.01, atol=1e-6)


def test_days_and_decayed_sums_are_what_their_words_say():
    past = catalogue(n=400)
    circles, midnights = circles_of(), START + np.arange(101) * np.timedelta64(1, "D")
    came = target_days(past, circles, midnights, 5.0)
    for day, circle in ((3, 0), (50, 1), *zip(*np.nonzero(came), strict=True)):
        near = past.vectors @ circles.vectors[circle] >= math.cos(150 / 6371.0)
        inside = (past.times >= midnights[day]) & (past.times < midnights[day + 1]) & near & (past.magnitude >= 5)
        assert came[day, circle] == inside.any()
    week = within_horizon(came, 7)
    assert week.shape == (94, 3)
    assert (week == np.stack([came[i : i + 7].any(axis=0) for i in range(94)])).all()
    values = np.random.default_rng(0).random((60, 2))
    lag = np.arange(60)[:, None] - np.arange(60)
    for known_after in (1, 4):
        weight = np.where(lag >= known_after, np.exp(-(lag - known_after) / 9.0), 0.0)
        np.testing.assert_allclose(decayed(values, 9.0, known_after), weight @ values, rtol=1e-5)
    assert slow_rates(came)[0] == pytest.approx(np.full(3, 1 / 365.25))


def test_factors_and_shape_come_back_from_simulated_days():
    past, rng = catalogue(2, 4000), np.random.default_rng(5)
    pool = pool_of(past)
    true = Shape(5.0, phi=0.8, A=0.15, alpha=1.3)
    days = slice(400, N_DAYS)
    slow = np.full((N_DAYS, 3), 0.02, np.float32)
    trigger = triggered(true, pool.pairs, pool.at, 3, 150.0, 1, slice(0, N_DAYS))[0]
    parts = Expected(np.float32(0.8) * slow, trigger)
    came = rng.random((N_DAYS, 3)) < parts.probabilities(np.array([0.5, 1.0, 2.0]), np.array([1.0, 1.0, 0.5]))
    a, k = own_factors(parts[days], came[days])
    assert a[0] < 0.8 < 1.2 < a[2]  # drawn together by the prior

    def posterior(a, k):
        total = a * parts.background[days] + k * parts.triggered[days]
        return log_likelihood(total, came[days]) - 2 * (np.log(a) ** 2).sum() - 2 * (np.log(k) ** 2).sum()

    best = posterior(a, k)
    for other in (0.97, 1.03):
        assert posterior(a * other, k) < best
        assert posterior(a, k * other) < best
    plain = rng.random((N_DAYS, 3)) < parts.probabilities()
    found = fit_shape(Shape(5.0), slow, plain, pool.pairs, pool.at, 150.0, 1, days)
    assert found.phi == pytest.approx(0.8, rel=0.25)
    start = triggered(Shape(5.0), pool.pairs, pool.at, 3, 150.0, 1, days)[0]
    end = triggered(found, pool.pairs, pool.at, 3, 150.0, 1, days)[0]
    before = log_likelihood(0.5 * slow[days] + start, plain[days])
    assert log_likelihood(found.phi * slow[days] + end, plain[days]) > before


@pytest.fixture(scope="module")
def walked():
    pool = pool_of(catalogue(3, 3000))
    fits = walk_forward(pool, schedule(pool, "2001-01-01", "2001-06-01"))
    return pool, fits, offsets(pool, fits, pool.span("1999-06-01", "2001-09-01"))


def test_the_schedule_goes_both_ways_from_its_middle(walked):
    pool, fits, _ = walked
    assert [str(fit.made) for fit in fits] == [f"{year}-01-01" for year in range(1995, 2002)]
    assert fits[0].shape != fits[1].shape == fits[5].shape != fits[6].shape
    again = Fit.from_dict(fits[-1].to_dict())
    assert again.shape == fits[-1].shape
    np.testing.assert_allclose(again.productivity, fits[-1].productivity, atol=1e-5)


@pytest.mark.parametrize("horizon", [1, 7])
def test_no_later_event_changes_a_fit_an_offset_or_an_input(horizon):
    """Every event at or after an issue time is moved to another place and size: all that is said by then stays."""
    past = catalogue(4, 3000)
    cut = np.datetime64("2002-03-05")
    issue = pool_of(past, horizon).midnights[pool_of(past).day(cut)]
    times = past.times.copy()
    times[np.searchsorted(times, issue)] = issue  # an event at the very instant is a later one
    later = times >= issue
    rng = np.random.default_rng(9)
    other = Past(
        times, np.where(later[:, None], rng.permutation(past.vectors), past.vectors),
        np.where(later, rng.permutation(past.magnitude) + 1, past.magnitude), past.depth_km, past.start, past.end,
    )  # fmt: skip
    found = []
    for one in (Past(times, past.vectors, past.magnitude, past.depth_km, past.start, past.end), other):
        pool = pool_of(one, horizon)
        fits = walk_forward(pool, [(np.datetime64("1999-01-01"), True), *LATER])
        known = offsets(pool, fits, pool.span("1999-01-01", "2002-12-01"))
        days = pool.span("2002-02-20", "2002-03-20")
        found.append((known, pooled_inputs(pool, known, days), days))
    (one, inputs, days), (two, changed, _) = found
    until = days.start - one.days.start + 14  # the cut is the fourteenth day: its forecast is the last one untouched
    np.testing.assert_array_equal(one.probability[:until], two.probability[:until])
    np.testing.assert_array_equal(inputs[:, :14], changed[:, :14])
    assert (one.probability[until:] != two.probability[until:]).any()
    differs = (inputs[:, 14:] != changed[:, 14:]).any(axis=(0, 1))
    assert inputs.shape == (3, 28, len(INPUTS))
    assert differs[list(INPUTS).index("etas_log_odds")]
    assert np.isfinite(inputs.astype(float)).all()
