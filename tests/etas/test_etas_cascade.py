"""Chances without simulation, held against closed forms, against first order and against simulation."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mleq.etas.areas import Circle, shares
from mleq.etas.background import KernelBackground
from mleq.etas.cascade import ClusterChance, hazard
from mleq.etas.forecasting import EtasModel
from mleq.etas.history import History
from mleq.etas.parameters import EtasParameters

JAPAN = EtasParameters(2.0, 0.3, 1.2, 0.02, 1.15, 20.0, 1.9, 0.8, m0=4.0)
REGION = (33.0, 39.0, 136.0, 144.0)
CIRCLE = Circle(36.0, 140.0, 150.0)


def model(parameters=JAPAN, b_value=1.0):
    uniform = KernelBackground(_box(), *(np.empty(0) for _ in range(5)), uniform_share=1.0)
    return EtasModel(parameters, uniform, b_value, 8.0)


def _box():
    from mleq.etas.sphere import Box

    return Box.checked(REGION)


def chances(process, past, issue_times, days, magnitude):
    p = process.parameters
    growth = past.magnitude - p.m0
    inside = shares(past.latitude, past.longitude, CIRCLE.outline()).of_power_law(
        p.d_km2 * np.exp(p.gamma * growth), p.q
    )
    return hazard(
        p,
        ClusterChance(p, process.b_value, process.magnitude_max, magnitude, days),
        times=past.time_days,
        strength=p.productivity * np.exp(p.alpha * growth) * inside,
        background_per_day=p.background_per_day * process.background.share_in(CIRCLE.outline()),
        issue_times=np.asarray(issue_times, float),
        days=np.full(len(issue_times), float(days)),
    )


def history(n=40, seed=1):
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, 100, n))
    magnitudes = 4 + rng.exponential(0.4, n)
    magnitudes[-3] = 6.3
    return History.of(times, 36 + rng.normal(0, 0.3, n), 140 + rng.normal(0, 0.3, n), magnitudes)


def test_at_the_reference_magnitude_every_cluster_counts_and_first_order_is_exact():
    past, process = history(), model()
    found = chances(process, past, [50.0, 100.5, 130.0], 1.0, 4.0)
    expected = process.first_order_probabilities(past, CIRCLE, [50.0, 100.5, 130.0], 1.0, 4.0)
    np.testing.assert_allclose(found.probabilities(), expected, rtol=1e-6)


def test_a_cluster_without_offspring_reaches_a_magnitude_with_the_share_of_the_law():
    chance = ClusterChance(replace(JAPAN, productivity=0.0), 1.0, 8.0, 5.0, 10.0)
    share = (10**-1 - 10**-4) / (1 - 10**-4)
    np.testing.assert_allclose(chance.at(np.array([0.0, 1.0, 10.0])), share)


def test_offspring_that_come_at_once_obey_the_equation_of_a_galton_watson_tree():
    # With c far below the horizon and alpha = 0 all offspring come within it: phi = s + (1 - s)(1 - exp(-A phi)).
    at_once = replace(JAPAN, alpha=0.0, c_days=1e-9, p=3.0, productivity=0.6)
    phi = ClusterChance(at_once, 1.0, math.inf, 5.0, 10.0).at(np.array([10.0]))[0]
    assert phi == pytest.approx(0.1 + 0.9 * -math.expm1(-0.6 * phi), rel=1e-4)


@pytest.mark.parametrize(("days", "magnitude"), [(1.0, 5.0), (30.0, 4.5), (30.0, 5.5)])
def test_it_agrees_with_simulation_where_first_order_falls_short(days, magnitude):
    past, process = history(), model()
    after_the_large_one = float(past.time_days[-1]) + 0.5
    found = chances(process, past, [after_the_large_one], days, magnitude).probabilities()[0]
    simulated = process.probability(past, CIRCLE, after_the_large_one, days, magnitude, n_simulations=20_000, seed=3)
    noise = (simulated["high"] - simulated["low"]) / 2
    assert abs(found - simulated["value"]) < noise + 0.02 * simulated["value"]
    first = process.first_order_probabilities(past, CIRCLE, [after_the_large_one], days, magnitude)[0]
    assert first < found
    assert abs(first - simulated["value"]) > 1.5 * abs(found - simulated["value"])


def test_events_at_or_after_an_issue_time_and_other_issue_times_change_nothing():
    past, process = history(), model()
    at = float(past.time_days[30])
    alone = chances(process, past[past.time_days < at], [at], 7.0, 4.5)
    together = chances(process, past, [90.0, at, 3.0], 7.0, 4.5)
    np.testing.assert_allclose(together.triggered[1], alone.triggered[0], rtol=1e-12)
    np.testing.assert_allclose(together.background[1], alone.background[0], rtol=1e-12)
