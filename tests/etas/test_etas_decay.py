"""When offspring come, against incomplete gamma functions, numerical integrals and differences."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from scipy.special import exp1, gamma, gammaincc

from mleq.errors import Mistake
from mleq.etas import Circle, EtasModel, EtasParameters, History, KernelBackground, simulate_catalog
from mleq.etas.decay import norm_slopes, omori_density, omori_norm, omori_quantile, omori_survival, survival_slopes
from mleq.etas.sphere import Box

PLAIN = EtasParameters(2.0, 0.25, 1.2, 0.02, 1.5, 8.0, 1.8, 0.9, m0=4.0)
TAPERED = replace(PLAIN, p=0.9, tau_days=300.0)
DAYS = np.array([0.0, 1e-4, 0.02, 1.0, 30.0, 300.0, 3000.0])


def upper_gamma(a, x):
    """The incomplete gamma function down to a = -1, by its recurrence."""
    if a > 0:
        return gammaincc(a, x) * gamma(a)
    return (gammaincc(a + 1, x) * gamma(a + 1) - x**a * np.exp(-x)) / a


@pytest.mark.parametrize("p", [0.6, 0.9, 1.1, 1.7])
def test_survival_is_a_ratio_of_incomplete_gamma_functions(p):
    c, tau = 0.02, 300.0
    expected = upper_gamma(1 - p, (c + DAYS) / tau) / upper_gamma(1 - p, c / tau)
    np.testing.assert_allclose(omori_survival(replace(TAPERED, p=p), DAYS), expected, rtol=1e-7, atol=1e-12)


def test_survival_at_p_of_one_is_a_ratio_of_exponential_integrals():
    expected = exp1((0.02 + DAYS) / 300) / exp1(0.02 / 300)
    for p in (1 - 1e-12, 1.0, 1 + 1e-12):  # no digits are lost beside it
        np.testing.assert_allclose(omori_survival(replace(TAPERED, p=p), DAYS), expected, rtol=1e-7, atol=1e-12)


def test_a_taper_far_away_is_none():
    far = replace(PLAIN, tau_days=1e12)
    np.testing.assert_allclose(omori_survival(far, DAYS), omori_survival(PLAIN, DAYS), rtol=2e-4)
    assert omori_norm(far) == pytest.approx(2.0, rel=1e-4)


@given(p=st.floats(0.3, 2.5), c=st.floats(1e-4, 1.0), tau=st.floats(0.1, 1e5), days=st.floats(0, 1e4))
def test_density_is_the_slope_and_the_quantile_the_inverse(p, c, tau, days):
    parameters = replace(PLAIN, p=p, c_days=c, tau_days=tau)
    survival = float(omori_survival(parameters, days))
    assert 0 <= survival <= 1
    if survival > 1e-9:
        back = omori_quantile(parameters, np.array([survival]))
        assert omori_survival(parameters, back)[0] == pytest.approx(survival, rel=1e-6)
        step = 1e-3 * (days + c)
        lost = quad(lambda t: omori_density(parameters, t), days, days + step)[0]
        gone = survival - float(omori_survival(parameters, days + step))
        assert gone == pytest.approx(lost, rel=1e-5, abs=1e-10)


@pytest.mark.parametrize("parameters", [PLAIN, TAPERED, replace(TAPERED, p=1.0, tau_days=3.0)])
def test_slopes_against_differences(parameters):
    slopes, norm = survival_slopes(parameters, DAYS), norm_slopes(parameters)
    np.testing.assert_allclose(slopes.value, omori_survival(parameters, DAYS), rtol=1e-12)
    h = 1e-5
    moves = [
        lambda s: replace(parameters, c_days=parameters.c_days * math.exp(s)),
        lambda s: replace(parameters, p=parameters.p + s),
        lambda s: replace(parameters, tau_days=parameters.tau_days * math.exp(s)),
    ]
    for position, move in enumerate(moves, start=1):
        there, back = move(h), move(-h)
        difference = (omori_survival(there, DAYS) - omori_survival(back, DAYS)) / (2 * h)
        np.testing.assert_allclose(slopes[position], difference, atol=1e-7)
        difference = (math.log(omori_norm(there)) - math.log(omori_norm(back))) / (2 * h)
        assert norm[position] == pytest.approx(difference, abs=1e-7)


def test_simulated_times_follow_the_tapered_law():
    args = {"b_value": 1.0, "magnitude_max": 8.0, "seed": 5, "burn_in_days": 1000, "keep_outside": True}
    parameters = replace(TAPERED, tau_days=30.0)
    catalog = simulate_catalog((30.0, 40.0, 135.0, 147.0), 0, 4000, parameters, **args)
    child = np.flatnonzero(catalog["parent"] >= 0)
    parent = catalog["parent"][child]
    elapsed = (catalog["time_days"][child] - catalog["time_days"][parent])[catalog["time_days"][parent] < 2500]
    assert elapsed.size > 1000
    c, tau, omega = 0.02, 30.0, -0.1
    later = gammaincc(-omega, (c + elapsed) / tau) / gammaincc(-omega, c / tau)
    assert stats.kstest(later, "uniform").pvalue > 0.01


def test_what_is_no_law_is_refused():
    for wrong in ({"p": 1.0}, {"p": 0.0, "tau_days": 10.0}, {"tau_days": 0.0}, {"tau_days": math.nan}):
        with pytest.raises(Mistake, match="p is|tau_days is"):
            replace(PLAIN, **wrong)


def test_forecasts_integrate_the_tapered_law():
    """Around one event far inside a wide circle, what is expected is its offspring of the days asked about."""
    box = Box.checked((30.0, 40.0, 135.0, 147.0))
    nowhere = KernelBackground(box, *(np.empty(0) for _ in range(5)), uniform_share=1.0)
    model = EtasModel(replace(TAPERED, background_per_day=0.0, q=3.0), nowhere, 1.0, 8.0)
    history = History.of([0.0], [35.0], [140.0], [6.0])
    expected = model.expected_numbers(history, Circle(35.0, 140.0, 1000.0), [5.0, 200.0], 100.0, 4.0)
    direct = [quad(lambda t: omori_density(TAPERED, t), day, day + 100)[0] for day in (5.0, 200.0)]
    np.testing.assert_allclose(expected, 0.25 * math.exp(2.4) * np.array(direct), rtol=1e-4)
    rates = [model.intensity(history, day, 35.0, 140.0)[0] for day in (5.0, 200.0)]
    assert rates[0] / rates[1] == pytest.approx(((200.02 / 5.02) ** 0.9) * math.exp(195 / 300), rel=1e-9)
