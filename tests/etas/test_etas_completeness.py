"""Catalogues with events missing give the parameters that they were simulated with, if the fit is told."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from mleq.errors import DataError, Mistake
from mleq.etas import Completeness, EtasParameters, History, fault_like_background, fit_etas, simulate_catalog
from mleq.etas.completeness import missed_below, stand_ins
from mleq.etas.decay import omori_survival
from mleq.etas.likelihood import LOG_NAMES, to_log
from mleq.etas.sphere import distance_km

REGION, B, BETA = (32.0, 40.0, 135.0, 145.0), 1.0, math.log(10)
TRUTH = EtasParameters(1.2, 0.2, 1.4, 0.004, 1.4, 2.0, 1.9, 1.0, m0=3.0)


def made(seed, days, truth=TRUTH):
    background = fault_like_background(REGION, np.random.default_rng(seed))
    catalog = simulate_catalog(
        REGION, 0, days, truth, b_value=B, magnitude_max=7.5, seed=seed, background=background, keep_outside=True
    )
    return History.of(*(catalog[name] for name in ("time_days", "latitude", "longitude", "magnitude"))), background


def deviations(fit, truth):
    return (to_log(fit.parameters) - to_log(truth)) / np.sqrt(np.diag(fit.log_covariance))


def test_completeness_in_steps():
    """Mc falls from 3.6 to 3.0: a fit that knows is right, and one that takes all for complete is not."""
    whole, background = made(3, 3000)
    completeness = Completeness([0.0, 1500.0], [3.6, 3.0])
    listed = whole[whole.magnitude >= completeness.regional(whole.time_days)]
    assert len(listed) < 0.7 * len(whole)
    place = {"region": REGION, "start": 300.0, "end": 3000.0, "m0": 3.0, "background": background}
    told = fit_etas(listed, **place, completeness=completeness, b_value=B)
    assert (np.abs(deviations(told, TRUTH)) < 3.5).all()
    untold = fit_etas(listed, **place)
    assert deviations(untold, TRUTH)[LOG_NAMES.index("background_per_day")] < -5
    # The stated likelihood is of what is listed: as many events are expected as there are.
    score = told.parameters.background_per_day * (2700 - 1200 * (1 - 10**-0.6))
    assert told.background_probability.sum() == pytest.approx(score, rel=0.01)


def test_incompleteness_after_large_events():
    """Events hidden as the rule says: productivity comes out right if the fit is told, and else grows too slowly."""
    truth = replace(TRUTH, alpha=1.9, productivity=0.1, background_per_day=1.5, c_days=0.002)
    whole, background = made(12, 2000, truth)
    completeness = Completeness([0.0], [3.0], after_large=True)
    hidden = whole.magnitude < completeness.at(whole)
    assert 300 < hidden.sum() < 0.2 * len(whole)
    listed = whole[~hidden]
    place = {"region": REGION, "start": 300.0, "end": 2000.0, "m0": 3.0, "background": background}
    told = fit_etas(listed, **place, completeness=completeness, b_value=B)
    assert (np.abs(deviations(told, truth)) < 3.5).all()
    untold = fit_etas(listed, **place)
    assert deviations(untold, truth)[LOG_NAMES.index("alpha")] < -6


def test_mc_after_a_large_event_is_the_published_rule():
    # Helmstetter, Kagan and Jackson 2006: after M 7, 4.0 at a hundredth of a day, 2.5 after one day.
    assert missed_below(7.0, np.array([0.01, 1.0])) == pytest.approx([4.0, 2.5])
    assert missed_below(7.0, np.array([1e-9])) == pytest.approx([7.0])
    events = History.of([0, 0.01, 0.01, 1, 3], [35, 35.1, 39, 35, 35], [140, 140, 140, 140, 140], [7, 3, 3, 3, 3])
    found = Completeness([0.0], [2.0], after_large=True).at(events)
    zone = float(distance_km(35, 140, 35.1, 140))
    assert zone < 20 * math.sqrt(10) < float(distance_km(35, 140, 39, 140))
    np.testing.assert_allclose(found, [2.0, 4.0, 2.0, 2.5, 7 - 4.5 - 0.75 * math.log10(3)])


def test_gaps_are_the_integral_of_what_is_lost():
    """The offspring of a large event that are listed, against numerical integration of the rule."""
    events = History.of([100.0], [35.0], [140.0], [6.5])
    gaps = Completeness([0.0, 101.0], [3.0, 3.5], after_large=True).gaps(
        events, start=0.0, end=200.0, m0=3.0, beta=BETA
    )
    shares = omori_survival(TRUTH, gaps.opens) - omori_survival(TRUTH, gaps.closes)
    lost = float(np.sum(gaps.lost * shares))

    def density(u):  # over u = ln t
        t = math.exp(u)
        mc = max(3.5 if t >= 1 else 3.0, float(missed_below(6.5, t)))
        survival = [float(omori_survival(TRUTH, t * math.exp(step))) for step in (-1e-4, 1e-4)]
        return (1 - math.exp(-BETA * (mc - 3.0))) * (survival[0] - survival[1]) / 2e-4

    breaks = [math.log(10 ** (-1 / 0.75)), 0.0]
    expected = quad(density, math.log(1e-7), math.log(100), points=breaks, limit=500)[0]
    assert lost == pytest.approx(expected, rel=2e-3)


def test_stand_ins_count_and_trigger_what_is_missing():
    events = History.of([1.0, 2.0], [35, 35], [140, 140], [5.0, 4.0])
    whose, magnitude, weight = stand_ins(events, np.array([4.0, 3.0]), m0=3.0, beta=BETA)
    assert (whose == 0).all()  # the second was complete
    assert ((magnitude > 3) & (magnitude < 4)).all()
    assert weight.sum() == pytest.approx(math.exp(BETA) - 1, rel=5e-3)
    offspring = quad(lambda s: math.exp(1.4 * s) * BETA * math.exp(-BETA * s), 0, 1)[0] * math.exp(BETA)
    assert weight @ np.exp(1.4 * (magnitude - 3)) == pytest.approx(offspring, rel=1e-4)


def test_of_a_function():
    steps = Completeness.of_function(lambda day: 4 - day / 1000, 0.0, 900.0)
    assert steps.days.size == 30
    np.testing.assert_allclose(steps.regional(np.array([-5.0, 15.0, 885.0, 2000.0])), [3.985, 3.985, 3.115, 3.115])


def test_wrong_completeness():
    for days, magnitudes in (([], []), ([1, 0], [3, 3]), ([0], [3, 4]), ([0], [math.nan])):
        with pytest.raises(Mistake, match="completeness magnitudes"):
            Completeness(days, magnitudes)
    history, _ = made(3, 300)
    with pytest.raises(DataError, match="without a b value"):
        fit_etas(history, region=REGION, start=0.0, end=300.0, m0=3.0, completeness=Completeness([0.0], [3.0]))
