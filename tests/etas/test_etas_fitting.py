"""Fits find the parameters that catalogues were simulated with."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mleq.errors import DataError
from mleq.etas import Circle, EtasModel, EtasParameters, History, fault_like_background, fit_etas, simulate_catalog
from mleq.etas.areas import Outline
from mleq.etas.background import KernelBackground, adaptive_kernels
from mleq.etas.likelihood import LOG_NAMES, likelihood_of, to_log
from mleq.etas.simulation import _cascade
from mleq.etas.sphere import Box, distance_km

TRUTH = EtasParameters(0.4, 0.25, 1.3, 0.02, 1.4, 6.0, 1.7, 1.0, m0=4.0)
REGION = (32.0, 40.0, 135.0, 145.0)


def made(seed, days=3500, background=None):
    catalog = simulate_catalog(
        REGION,
        0,
        days,
        TRUTH,
        b_value=1.0,
        magnitude_max=8.0,
        seed=seed,
        keep_outside=True,
        background=background,
    )
    history = History.of(*(catalog[name] for name in ("time_days", "latitude", "longitude", "magnitude")))
    return history, catalog


@pytest.fixture(scope="module")
def known():
    """A catalogue, its true background, and the fit that knows this background."""
    background = fault_like_background(REGION, np.random.default_rng(11))
    history, catalog = made(11, background=background)
    return catalog, background, fit_etas(history, region=REGION, start=1000, end=3500, m0=4.0, background=background)


@pytest.fixture(scope="module")
def adaptive(known):
    history = History.of(*(known[0][name] for name in ("time_days", "latitude", "longitude", "magnitude")))
    return fit_etas(history, region=REGION, start=1000, end=3500, m0=4.0)


def test_parameters_are_recovered_within_their_errors(known):
    fit = known[2]
    assert fit.converged
    assert fit.at_bounds == ()
    standard_error = np.sqrt(np.diag(fit.log_covariance))
    assert (standard_error < 0.5).all()  # otherwise the next line would say little
    assert (np.abs(to_log(fit.parameters) - to_log(TRUTH)) < 3.5 * standard_error).all()
    assert fit.parameters.branching_ratio(1.0, 8.0) == pytest.approx(TRUTH.branching_ratio(1.0, 8.0), abs=0.07)


def test_the_likelihood_is_at_its_maximum(known):
    """The fitted parameters are likelier than the true ones, by about half a unit for each of eight."""
    catalog, background, fit = known
    history = History.of(*(catalog[name] for name in ("time_days", "latitude", "longitude", "magnitude")))
    sources = history[history.time_days < 3500]
    density = background.density(fit.targets.latitude, fit.targets.longitude)
    exact = likelihood_of(sources, fit.targets, density, REGION, 1000, 3500, TRUTH, exact=True)
    gain = exact.value(fit.parameters) - exact.value(TRUTH)
    assert 0 < gain < stats.chi2(8).ppf(0.9999) / 2
    assert fit.log_likelihood == pytest.approx(exact.value(fit.parameters), abs=1e-4 * fit.n_targets)
    assert np.abs(exact.value_and_gradient(to_log(fit.parameters))[1]).max() < 0.5


def test_intervals_are_log_normal(known):
    fit = known[2]
    low, high = fit.intervals()["alpha"]
    position = LOG_NAMES.index("alpha")
    assert math.sqrt(low * high) == pytest.approx(fit.parameters.alpha)
    assert math.log(high / low) == pytest.approx(2 * 1.96 * math.sqrt(fit.log_covariance[position, position]), rel=1e-3)


def test_background_is_told_from_offspring(adaptive, known):
    """The fit that has to find the background gives background events the higher chances, and their number."""
    catalog = known[0]
    inside = Box.checked(REGION).contains(catalog["latitude"], catalog["longitude"])
    background = (catalog["generation"] == 0)[inside & (catalog["time_days"] >= 1000)]
    chance = adaptive.background_probability
    assert chance[background].mean() > chance[~background].mean() + 0.3
    assert chance.sum() == pytest.approx(background.sum(), rel=0.1)
    # At the maximum the score equation of mu says that these are equal.
    assert chance.sum() == pytest.approx(2500 * adaptive.parameters.background_per_day, rel=5e-3)


def test_adaptive_background_costs_little(adaptive, known):
    per_event = (adaptive.log_likelihood - known[2].log_likelihood) / adaptive.n_targets
    assert per_event > -0.15
    uniform = KernelBackground(Box.checked(REGION), *(np.empty(0) for _ in range(5)), uniform_share=1.0)
    np.testing.assert_allclose(uniform.density(np.array([36.0]), np.array([140.0])), 1 / uniform.region.area_km2)
    assert adaptive.parameters.branching_ratio(1.0, 8.0) == pytest.approx(TRUTH.branching_ratio(1.0, 8.0), abs=0.1)


def test_a_fit_forecasts(adaptive, known):
    catalog = known[0]
    history = History.of(*(catalog[name] for name in ("time_days", "latitude", "longitude", "magnitude")))
    model, area = adaptive.model(1.0, 8.0), Circle(36.0, 140.0, 200.0)
    truth = EtasModel(TRUTH, known[1], 1.0, 8.0)
    days = np.arange(3000, 3500)
    ours, theirs = (m.expected_numbers(history, area, days, 1.0, 4.0) for m in (model, truth))
    assert np.corrcoef(np.log(ours), np.log(theirs))[0, 1] > 0.9
    assert ours.sum() == pytest.approx(theirs.sum(), rel=0.2)


def test_poisson_catalogue_has_no_offspring():
    rng = np.random.default_rng(5)
    latitude, longitude = Box.checked(REGION).sample(rng, 600)
    history = History.of(rng.uniform(0, 1000, 600), latitude, longitude, 4 + rng.exponential(0.43, 600))
    fit = fit_etas(history, region=REGION, start=0, end=1000, m0=4.0, background="uniform")
    assert fit.background_probability.mean() > 0.95
    assert fit.parameters.background_per_day == pytest.approx(0.6, rel=0.06)


def test_a_taper_is_recovered():
    truth = replace(TRUTH, p=0.9, tau_days=60.0)
    background = fault_like_background(REGION, np.random.default_rng(12))
    catalog = simulate_catalog(
        REGION, 0, 4000, truth, b_value=1.0, magnitude_max=8.0, seed=12, keep_outside=True, background=background
    )
    history = History.of(*(catalog[name] for name in ("time_days", "latitude", "longitude", "magnitude")))
    place = {"region": REGION, "start": 500, "end": 4000, "m0": 4.0, "background": background}
    fit, without = (fit_etas(history, **place, tapered=tapered) for tapered in (True, False))
    assert fit.converged
    assert fit.log_likelihood > without.log_likelihood + 5
    assert without.log_covariance.shape == (8, 8)
    error = np.sqrt(np.diag(fit.log_covariance))
    assert (np.abs(to_log(fit.parameters) - to_log(truth)) < 3.5 * error).all()
    low, high = fit.intervals()["tau_days"]
    assert low < fit.parameters.tau_days < high < 20 * low
    held = fit_etas(history, **place, tapered=60.0, first_guess=fit.parameters)
    assert held.parameters.tau_days == pytest.approx(60)
    assert without.log_likelihood < held.log_likelihood < fit.log_likelihood + 0.01
    assert held.at_bounds == ()
    assert not held.log_covariance[-1].any()
    assert np.sqrt(held.log_covariance[4, 4]) < error[4]  # p is known better where tau is


def test_a_branching_ratio_above_one_is_reported(caplog):
    """Seismicity that grows, as nobody lets run for long: the ratio is found above one, stated and warned of."""
    truth = EtasParameters(3.0, 0.65, 1.0, 0.05, 1.3, 6.0, 1.7, 1.0, m0=4.0)
    assert truth.branching_ratio(1.0, 8.0) > 1.1
    box = Box.checked(REGION)
    rng = np.random.default_rng(1)
    background = fault_like_background(box, rng)
    catalog = _cascade(truth, background, 0.0, 60.0, 1.0, 8.0, rng)
    history = History.of(*(catalog[name] for name in ("time_days", "latitude", "longitude", "magnitude")))
    assert 500 < len(history) < 5000
    fit = fit_etas(history, region=REGION, start=0, end=60, m0=4.0, background=background)
    error = math.sqrt(fit.log_covariance[LOG_NAMES.index("productivity"), LOG_NAMES.index("productivity")])
    assert fit.parameters.branching_ratio(1.0, 8.0) == pytest.approx(truth.branching_ratio(1.0, 8.0), rel=4 * error)
    assert fit.observed_branching_ratio > 1
    assert f"branching ratio over the observed magnitudes is {fit.observed_branching_ratio:.2f}" in caplog.text


def test_too_few_events_and_unknown_backgrounds():
    history, _ = made(3, days=100)
    with pytest.raises(DataError, match="at least 100 to fit ETAS"):
        fit_etas(history, region=REGION, start=0, end=100, m0=5.0)
    history, _ = made(3, days=600)
    with pytest.raises(DataError, match="'adaptive', 'uniform'"):
        fit_etas(history, region=REGION, start=0, end=600, m0=4.0, background="flat")


def test_adaptive_kernels_against_the_plain_sum():
    history, _ = made(6, days=600)
    events = history[Box.checked(REGION).contains(history.latitude, history.longitude)]
    kernels = adaptive_kernels(events, REGION, neighbours=5)
    weight = np.random.default_rng(1).random(len(events))
    assert (kernels.bandwidth_km >= 3).all()
    for event in (0, 17, len(events) - 1):
        others = np.arange(len(events)) != event
        alone = KernelBackground(
            kernels.region,
            events.latitude[others],
            events.longitude[others],
            kernels.bandwidth_km[others],
            weight[others],
            np.full(others.sum(), 12.0),
            0.01,
        )
        here = alone.density(events.latitude[[event]], events.longitude[[event]])[0]
        assert kernels.density(weight)[event] == pytest.approx(here, rel=2e-3)


def test_background_density_integrates_to_one():
    background = fault_like_background(REGION, np.random.default_rng(7))
    box = Box.checked(REGION)
    latitude, longitude = box.sample(np.random.default_rng(8), 40_000)
    values = background.density(latitude, longitude) * box.area_km2
    assert values.mean() == pytest.approx(1, abs=4 * values.std() / 200)
    circle = Outline.of_circle(36.0, 140.0, 150.0)
    drawn = background.sample(np.random.default_rng(9), 40_000)
    share = (distance_km(36.0, 140.0, drawn[0], drawn[1]) < 150).mean()
    assert background.share_in(circle) == pytest.approx(share, abs=4 * math.sqrt(share / 40_000) + 1e-3)
    assert background.share_in(Outline.of_circle(0.0, 0.0, 100.0)) == 0
