"""Residuals in transformed time see a wrong model and pass a right one."""

import numpy as np
import pytest

from mleq.errors import DataError
from mleq.etas import EtasParameters, History, fault_like_background, simulate_catalog
from mleq.etas.diagnostics import residual_tests, transformed_times
from mleq.etas.likelihood import likelihood_of
from mleq.etas.sphere import Box

REGION = (32.0, 40.0, 135.0, 145.0)
TRUTH = EtasParameters(0.4, 0.25, 1.3, 0.02, 1.4, 6.0, 1.7, 1.0, m0=4.0)


def made(seed, days=3000):
    background = fault_like_background(REGION, np.random.default_rng(seed))
    catalog = simulate_catalog(
        REGION,
        0,
        days,
        TRUTH,
        b_value=1.0,
        magnitude_max=8.0,
        seed=seed,
        background=background,
        keep_outside=True,
    )
    return History.of(*(catalog[name] for name in ("time_days", "latitude", "longitude", "magnitude")))


def residuals_of(history, parameters):
    return residual_tests(*transformed_times(history, parameters, region=REGION, start=1000, end=3000))


def test_p_values_of_the_true_model_are_uniform():
    found = [residuals_of(made(seed), TRUTH) for seed in range(20)]
    for name in ("uniform_p_value", "gaps_p_value"):
        p_values = np.array([one[name] for one in found])
        assert (p_values < 0.05).sum() <= 5  # binomial(20, .05) exceeds 5 once in 3,000
        assert p_values.mean() == pytest.approx(0.5, abs=0.2)
    assert sum(one["events"] for one in found) == pytest.approx(sum(one["expected"] for one in found), rel=0.05)


def test_wrong_models_are_seen():
    history = made(3)
    poisson = EtasParameters(0.9, 1e-6, 1.3, 0.02, 1.4, 6.0, 1.7, 1.0, m0=4.0)
    assert residuals_of(history, poisson)["gaps_p_value"] < 1e-6
    slow = EtasParameters(0.4, 0.25, 1.3, 5.0, 1.4, 6.0, 1.7, 1.0, m0=4.0)
    assert residuals_of(history, slow)["gaps_p_value"] < 1e-3


def test_the_total_is_the_integral_of_the_likelihood():
    history = made(4)
    times, total = transformed_times(history, TRUTH, region=REGION, start=1000, end=3000)
    assert (np.diff(times) >= 0).all()
    assert times[-1] <= total
    inside = Box.checked(REGION).contains(history.latitude, history.longitude)
    targets = history[inside & (history.time_days >= 1000)]
    likelihood = likelihood_of(history, targets, np.ones(len(targets)), REGION, 1000, 3000, TRUTH)
    assert total == pytest.approx(likelihood._integral(TRUTH)[0], rel=1e-9)


def test_too_few_events():
    with pytest.raises(DataError):
        residual_tests([0.5], 1.0)
