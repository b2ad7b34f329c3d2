"""Completeness magnitude and b-value: closed forms, and recovery from simulated catalogues."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mleq.catalog import magnitudes
from mleq.catalog.magnitudes import Distribution


def simulate(rng, n, b, mc, ramp=0.6, width=0.1):
    """About `n` complete magnitudes, rounded; detection falls smoothly from 1 at Mc to 0 at Mc - ramp."""
    edge = mc - width / 2
    every = edge - ramp + rng.exponential(1 / (b * math.log(10)), int(n * 10 ** (b * ramp)))
    detected = rng.random(len(every)) < (1 - np.cos(np.pi * np.clip((every - edge + ramp) / ramp, 0, 1))) / 2
    return np.round(every[detected] / width) * width


def test_bins_are_centred_on_tenths_for_rounded_magnitudes():
    found = Distribution.of(np.array([4.0, 4.1, 4.1, 4.3]))
    assert found.rounded
    np.testing.assert_allclose(found.magnitudes, [4.0, 4.1, 4.2, 4.3])
    np.testing.assert_allclose(found.counts, [1, 2, 0, 1])
    np.testing.assert_allclose(found.edges, [3.95, 4.05, 4.15, 4.25])


def test_bins_begin_at_tenths_for_magnitudes_that_were_not_rounded():
    found = Distribution.of(4 + np.random.default_rng(1).exponential(0.4, 500))
    assert not found.rounded
    assert found.magnitudes[0] == found.edges[0] == 4.0


def test_a_negative_magnitude_has_its_bin():
    np.testing.assert_allclose(Distribution.of(np.array([-0.1, 0.0, 0.1])).counts, [1, 1, 1])


@settings(deadline=None)
@given(st.lists(st.integers(-20, 95), min_size=1, max_size=50))
def test_every_magnitude_is_counted_once(tenths):
    found = Distribution.of(np.array(tenths) / 10)
    assert found.counts.sum() == len(tenths)
    assert found.counts[found.at(tenths[0] / 10)] >= 1


def test_b_in_closed_form():
    """Tinti and Mulargia (1987): a mean one bin above the first is log10(2) per bin."""
    values = np.array([4.0, 4.0, 4.1, 4.3])
    b, sigma = magnitudes.b_value(values, 4.0)
    assert b == pytest.approx(0.3010299957 / 0.1)
    squares = 0.01 + 0.01 + 0 + 0.04
    assert sigma == pytest.approx(2.302585093 * b**2 * math.sqrt(squares / (4 * 3)))
    all_b, all_sigma = magnitudes.b_values(Distribution.of(values))
    assert (all_b[0], all_sigma[0]) == (pytest.approx(b), pytest.approx(sigma))


def test_b_of_magnitudes_that_were_not_rounded_is_akis():
    b, _ = magnitudes.b_value(np.array([4.0, 4.2, 4.4]), 4.0, width=0.0)
    assert b == pytest.approx(0.4342944819 / 0.2)
    narrow, _ = magnitudes.b_value(np.array([4.0, 4.2, 4.4]), 4.0, width=1e-6)
    assert narrow == pytest.approx(b, rel=1e-5)


def test_the_half_bin_of_utsu_is_the_first_order():
    values = simulate(np.random.default_rng(4), 5000, 1.0, 4.0)
    values = values[values >= 3.99]
    b, _ = magnitudes.b_value(values, 4.0)
    assert b == pytest.approx(0.4342944819 / (values.mean() - 3.95), rel=0.01)


def test_b_of_too_few():
    assert all(math.isnan(value) for value in magnitudes.b_value(np.array([5.0]), 5.0))
    assert all(math.isnan(value) for value in magnitudes.b_positive(np.array([5.0, 4.0])))
    b, _ = magnitudes.b_values(Distribution.of(np.array([4.0, 4.2])))
    assert np.isnan(b[1:]).all()


def test_no_event_at_all():
    nothing = Distribution.of(np.array([]))
    assert all(math.isnan(method(nothing)) for method in magnitudes.ESTIMATORS.values())


def test_maximum_curvature_is_the_fullest_bin_and_two_tenths():
    values = np.repeat([4.0, 4.3, 4.4, 5.0], [3, 9, 8, 1])
    assert magnitudes.maximum_curvature(Distribution.of(values)) == 4.5


def test_the_fit_of_an_exact_power_law_is_perfect():
    tenths = np.round(np.arange(4.0, 12.0, 0.1), 1)
    # With the Aki-Utsu estimate of the binned law itself as its slope, the law foretells its own cumulative counts.
    counts = np.diff(-(10.0 ** (-1.0 * (np.append(tenths, 12.0) - 4.0)))) * 1e6
    fit = magnitudes.residual_fit(Distribution(tenths, counts))
    assert fit[:20] == pytest.approx(100, abs=0.5)
    assert magnitudes.goodness_of_fit(Distribution(tenths, counts)) == 4.0


def test_resamples_have_the_size_of_the_catalogue():
    found = Distribution.of(simulate(np.random.default_rng(2), 300, 1.0, 4.0))
    drawn = found.resampled(np.random.default_rng(3), 50)
    assert drawn.counts.shape == (50, len(found.magnitudes))
    assert (drawn.counts.sum(axis=1) == found.counts.sum()).all()
    for method in magnitudes.ESTIMATORS.values():
        one_by_one = [method(Distribution(found.magnitudes, counts)) for counts in drawn.counts]
        np.testing.assert_array_equal(method(drawn), one_by_one)


def test_completeness_is_recovered_from_simulated_catalogues():
    """Maximum curvature and b-stability are right to a tenth or so; 90 % fit accepts two tenths too early.

    That the goodness of fit underestimates on a smooth ramp is known (Woessner and Wiemer 2005).
    """
    rng = np.random.default_rng(5)
    errors = {name: [] for name in magnitudes.ESTIMATORS}
    for _ in range(40):
        mc = round(rng.uniform(2, 5), 1)
        found = Distribution.of(simulate(rng, 1500, rng.uniform(0.7, 1.3), mc))
        for name, method in magnitudes.ESTIMATORS.items():
            errors[name].append(float(method(found)) - mc)
    assert abs(np.mean(errors["maximum_curvature"])) < 0.06
    assert abs(np.mean(errors["b_stability"])) < 0.2
    assert -0.3 < np.mean(errors["goodness_of_fit"]) < -0.1
    assert all(np.std(values) < 0.15 for values in errors.values())


def test_the_interval_of_b_covers():
    rng = np.random.default_rng(6)
    covered = []
    for _ in range(200):
        truth = rng.uniform(0.7, 1.3)
        b, sigma = magnitudes.b_value(simulate(rng, 500, truth, 3.0), 3.0)
        covered.append(abs(b - truth) <= 1.96 * sigma)
    assert 0.90 <= np.mean(covered) <= 0.99


def test_b_positive_needs_no_completeness():
    """A catalogue whose completeness changes from event to event, where Aki's estimate is far off."""
    rng = np.random.default_rng(7)
    every = np.round(2 + rng.exponential(1 / math.log(10), 200_000), 1)
    threshold = 2.5 + np.abs(np.sin(np.arange(len(every)) / 20_000)) * 1.5
    seen = every[every >= threshold]
    b, sigma = magnitudes.b_positive(seen)
    assert abs(b - 1.0) < 3 * sigma < 0.1
    assert magnitudes.b_value(seen, 2.5)[0] < 0.85
