"""The likelihood against a double loop, its gradient against differences, groups against single pairs."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from mleq.errors import DataError
from mleq.etas import EtasParameters, simulate_catalog
from mleq.etas.alternation import REGROUP
from mleq.etas.decay import omori_density, omori_survival
from mleq.etas.history import History
from mleq.etas.likelihood import LOG_NAMES, from_log, likelihood_of, log_names, to_log
from mleq.etas.pairs import all_pairs, grouped_pairs
from mleq.etas.sphere import Box, distance_km

TRUTH = EtasParameters(0.4, 0.25, 1.3, 0.02, 1.2, 6.0, 1.7, 1.0, m0=4.0)
REGION = (32.0, 40.0, 135.0, 145.0)
TAPERED = replace(TRUTH, p=0.95, tau_days=800.0)
AWAY = np.array([0.3, -0.2, 0.3, 0.5, 0.3, -0.6, 0.2, 0.3])


def made(days, seed):
    catalog = simulate_catalog(REGION, 0, days, TRUTH, b_value=1.0, magnitude_max=8.0, seed=seed, keep_outside=True)
    columns = ("time_days", "latitude", "longitude", "magnitude")
    sources = History.of(*(catalog[name] for name in columns))
    inside = Box.checked(REGION).contains(sources.latitude, sources.longitude)
    return sources, sources[inside & (sources.time_days >= days / 5)]


def prepared(days, seed, at=TRUTH, **options):
    sources, targets = made(days, seed)
    uniform = np.full(len(targets), 1 / Box.checked(REGION).area_km2)
    return likelihood_of(sources, targets, uniform, REGION, days / 5, days, at, **options)


def double_loop(p, sources, targets, in_region, start, end):
    """The likelihood as its formula reads, one pair at a time; the shares in the region are tested elsewhere."""
    area = Box.checked(REGION).area_km2
    logarithms = 0.0
    for j in range(len(targets)):
        intensity = p.background_per_day / area
        for i in range(len(sources)):
            elapsed = targets.time_days[j] - sources.time_days[i]
            if elapsed <= 0:
                break
            places = (sources.latitude[i], sources.longitude[i], targets.latitude[j], targets.longitude[j])
            growth = sources.magnitude[i] - p.m0
            sigma = p.d_km2 * math.exp(p.gamma * growth)
            intensity += (
                p.productivity
                * math.exp(p.alpha * growth)
                * float(omori_density(p, elapsed))
                * (p.q - 1)
                / (math.pi * sigma)
                * (1 + float(distance_km(*places)) ** 2 / sigma) ** -p.q
            )
        logarithms += math.log(intensity)
    integral = p.background_per_day * (end - start)
    for i in range(len(sources)):
        opens, closes = max(start - sources.time_days[i], 0), end - sources.time_days[i]
        in_time = float(omori_survival(p, opens) - omori_survival(p, closes))
        growth = sources.magnitude[i] - p.m0
        integral += p.productivity * math.exp(p.alpha * growth) * in_time * in_region[i]
    return logarithms - integral


@pytest.mark.parametrize("p", [TRUTH, TAPERED])
def test_equal_to_a_double_loop(p):
    sources, targets = made(500, seed=1)
    assert 200 < len(targets) < 600
    likelihood = prepared(500, seed=1, exact=True)
    scale = p.d_km2 * np.exp(p.gamma * likelihood.growth)
    in_region = likelihood.in_region.of_power_law(scale, p.q)
    expected = double_loop(p, sources, targets, in_region, 100, 500)
    assert likelihood.value(p) == pytest.approx(expected, rel=1e-10)


def row_loop(p, sources, targets, in_region, start, end):
    """The likelihood one target at a time, without the room's pairs or kernels: for thousands of events."""
    growth = sources.magnitude - p.m0
    sigma, strength = p.d_km2 * np.exp(p.gamma * growth), p.productivity * np.exp(p.alpha * growth)
    height = strength * (p.p - 1) / p.c_days * (p.q - 1) / (math.pi * sigma)
    logarithms = []
    for time, latitude, longitude in zip(targets.time_days, targets.latitude, targets.longitude, strict=True):
        past = sources.time_days < time
        distance = distance_km(latitude, longitude, sources.latitude[past], sources.longitude[past])
        in_time = (1 + (time - sources.time_days[past]) / p.c_days) ** -p.p
        triggered = height[past] * in_time * (1 + distance**2 / sigma[past]) ** -p.q
        logarithms.append(math.log(p.background_per_day / Box.checked(REGION).area_km2 + math.fsum(triggered)))
    opens, closes = np.maximum(start - sources.time_days, 0), end - sources.time_days
    in_time = (1 + opens / p.c_days) ** (1 - p.p) - (1 + closes / p.c_days) ** (1 - p.p)
    return math.fsum(logarithms) - p.background_per_day * (end - start) - math.fsum(strength * in_time * in_region)


def test_two_thousand_events_exactly_and_fast():
    """Exactly to 1e-8, and from groups within 1e-4 nats an event wherever a fit may evaluate them (`REGROUP`)."""
    sources, targets = made(3100, seed=21)
    assert 1900 < len(targets) < 2400
    exact, grouped = (prepared(3100, seed=21, exact=exact) for exact in (True, False))
    assert len(grouped.pairs) < len(exact.pairs) / 4
    rng = np.random.default_rng(22)
    for move in (np.zeros(8), *rng.choice([-REGROUP, REGROUP], (4, 8))):
        p = from_log(to_log(TRUTH) + move, TRUTH.m0)
        in_region = exact.in_region.of_power_law(p.d_km2 * np.exp(p.gamma * exact.growth), p.q)
        expected = row_loop(p, sources, targets, in_region, 620, 3100)
        assert exact.value(p) == pytest.approx(expected, rel=1e-8)
        assert abs(grouped.value(p) - expected) < 1e-4 * len(targets)


def test_kernels_are_normalised():
    # One target, one source: the sum over all targets of the triggered intensity would integrate to A.
    p = TRUTH
    in_time = quad(lambda t: (p.p - 1) / p.c_days * (1 + t / p.c_days) ** -p.p, 0, np.inf)[0]
    in_space = quad(lambda r: 2 * (p.q - 1) / p.d_km2 * r * (1 + r * r / p.d_km2) ** -p.q, 0, np.inf)[0]
    assert in_time == pytest.approx(1, rel=1e-6)
    assert in_space == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("at", [TRUTH, TAPERED])
def test_gradient_against_differences(at, exact):
    likelihood = prepared(1000, seed=2, exact=exact)
    theta, step = to_log(at), 1e-5
    theta[: AWAY.size] += AWAY / 3
    _, gradient = likelihood.value_and_gradient(theta)
    for position, unit in enumerate(np.eye(theta.size)):
        there, back = (likelihood.value_and_gradient(theta + sign * step * unit)[0] for sign in (1, -1))
        assert gradient[position] == pytest.approx((there - back) / (2 * step), rel=1e-5, abs=1e-3), log_names(theta)[
            position
        ]


def test_groups_are_exact_where_they_were_made_with_a_taper():
    exact, grouped = (prepared(2000, 3, TAPERED, exact=exact) for exact in (True, False))
    assert grouped.value(TAPERED) == pytest.approx(exact.value(TAPERED), rel=1e-12)


def test_groups_are_exact_where_they_were_made():
    exact, grouped = (prepared(2000, seed=3, exact=exact) for exact in (True, False))
    assert len(grouped.pairs) < len(exact.pairs) / 3
    assert grouped.value(TRUTH) == pytest.approx(exact.value(TRUTH), rel=1e-12)
    theta = to_log(TRUTH)
    ours, theirs = (one.value_and_gradient(theta)[1] for one in (grouped, exact))
    for name in ("productivity", "alpha", "p - 1", "q - 1"):
        position = LOG_NAMES.index(name)
        assert ours[position] == pytest.approx(theirs[position], rel=1e-9, abs=1e-6)


def test_groups_far_from_where_they_were_made():
    """Parameters changed by half to nearly double: 2e-4 nats per event; by a tenth of that: 1e-5."""
    exact, grouped = (prepared(2000, seed=3, exact=exact) for exact in (True, False))
    n = exact.background_density.size
    for share, allowed in ((1, 2e-4), (0.1, 1e-5)):
        theta = to_log(TRUTH) + share * AWAY
        error = (grouped.value_and_gradient(theta)[0] - exact.value_and_gradient(theta)[0]) / n
        assert abs(error) < allowed


def test_background_probability_is_the_share_of_the_intensity():
    likelihood = prepared(1000, seed=4, exact=True)
    chance = likelihood.background_probability(TRUTH)
    assert ((chance > 0) & (chance <= 1)).all()
    # Its mean is the share of background events, about 1 - n.
    assert chance.mean() == pytest.approx(1 - TRUTH.branching_ratio(1.0, 8.0), abs=0.1)


def test_pairs_of_hand_made_events():
    history = History.of([0.0, 1.0, 1.0, 3.0], [35, 35, 36, 35], [140, 140, 140, 141], [4.0, 5.0, 4.5, 4.2])
    pairs = all_pairs(history, history, 4.0)
    np.testing.assert_array_equal(np.diff(pairs.start), [0, 1, 1, 3])  # simultaneous events make no pair
    np.testing.assert_allclose(pairs.elapsed_days, [1, 1, 3, 2, 2])
    np.testing.assert_allclose(pairs.growth, [0, 0, 0, 1, 0.5])
    grouped = grouped_pairs(history, history, TRUTH)
    np.testing.assert_array_equal(grouped.start, pairs.start)
    np.testing.assert_allclose(np.sort(grouped.distance2_km2), np.sort(pairs.distance2_km2), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(grouped.weight, 1)


def test_no_sources():
    history = History.of([], [], [], [])
    assert len(all_pairs(history, history, 4.0)) == 0
    assert len(grouped_pairs(history, history, TRUTH)) == 0


def test_logarithms_there_and_back():
    for parameters, size in ((TRUTH, 8), (TAPERED, 9)):
        theta = to_log(parameters)
        assert theta.size == size
        assert to_log(from_log(theta, 4.0)) == pytest.approx(theta)


def test_history_is_checked_and_sorted():
    history = History.of([2, 1], [35, 36], [140, 141], [4, 5])
    np.testing.assert_array_equal(history.latitude, [36, 35])
    assert len(history[history.magnitude > 4]) == 1
    for wrong in (
        ([1, 2], [35], [140], [4]),
        ([math.nan], [35], [140], [4]),
        ([1], [95], [140], [4]),
        ([1], [35], [140], [math.nan]),
    ):
        with pytest.raises(DataError):
            History.of(*wrong)
