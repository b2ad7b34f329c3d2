"""Correlations beside their definition and obspy's, and what is made of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.continuous.matching import amplitude_ratio, correlate, deviation, multiple_for, peaks, suppress
from mleq.continuous.triggers import sta_lta
from mleq.errors import DataError

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_draws():
    """Each test draws the same numbers, in whatever order they run."""
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


def by_definition(signal, template, moveout):
    length = template.shape[1]
    count = signal.shape[1] - length - max(moveout) + 1
    total = np.zeros(count)
    for t in range(count):
        for x, w, late in zip(signal, template, moveout, strict=True):
            total[t] += np.corrcoef(x[t + late : t + late + length], w)[0, 1]
    return total / len(signal)


def test_correlations_are_those_of_the_definition_with_moveout_and_beside_a_loud_event():
    signal = RNG.standard_normal((2, 1500)) + 1e4
    signal[:, 700:800] += 3e5 * RNG.standard_normal((2, 100))
    templates = RNG.standard_normal((3, 2, 60)) + 5
    moveout = np.array([[0, 0], [0, 17], [4, 0]])
    found = correlate(signal, templates, moveout)
    assert found.shape == (3, 1500 - 60 - 17 + 1)
    for number in range(3):
        expected = by_definition(signal, templates[number], moveout[number])
        np.testing.assert_allclose(found[number], expected[: found.shape[1]], atol=1e-5)


def test_correlations_are_those_of_obspy_over_many_blocks():
    cross_correlation = pytest.importorskip("obspy.signal.cross_correlation")
    signal = RNG.standard_normal((1, 70_000)).cumsum(1)
    template = signal[0, 30_000:30_400]
    found = correlate(signal, template[None, None])[0]
    np.testing.assert_allclose(found, cross_correlation.correlate_template(signal[0], template), atol=1e-5)
    assert found.argmax() == 30_000
    assert found.max() == pytest.approx(1, abs=1e-5)


def test_a_silent_stretch_has_no_correlation():
    signal = RNG.standard_normal((1, 3000))
    signal[0, 1000:2000] = 7.0
    found = correlate(signal, RNG.standard_normal((1, 1, 50)))
    assert (found[0, 1000:1951] == 0).all()
    assert np.isfinite(found).all()


def test_what_cannot_be_correlated_is_said():
    with pytest.raises(DataError, match="a template of 120 samples, moveout included, on a record of 110"):
        correlate(np.ones((1, 110)), RNG.standard_normal((1, 1, 100)), np.array([[20]]))
    with pytest.raises(DataError, match="a template is constant"):
        correlate(np.ones((1, 110)), np.ones((1, 1, 100)))
    with pytest.raises(DataError, match="templates of 2 channels on a record of 1"):
        correlate(np.ones((1, 110)), RNG.standard_normal((1, 2, 100)))


def test_repeats_are_found_with_their_size_and_noise_keeps_the_budget():
    event = RNG.standard_normal((1, 200)) * np.hanning(200)
    signal = RNG.standard_normal((1, 200_000))
    planted = {20_000: 8.0, 90_000: 4.0, 150_000: 16.0}
    for place, size in planted.items():
        signal[:, place : place + 200] += size * event
    # The budget is set on backward templates, which are nowhere in the record.
    null = correlate(signal, event[None, :, ::-1])
    scores = peaks(null, 3 * deviation(null), 100)[2] / deviation(null)
    days = 200_000 / 50 / 86_400
    k = multiple_for(scores, days, budget=0.5 / days)
    found = correlate(signal, event[None])
    _, samples, values = peaks(found, k * deviation(found), 100)
    assert sorted(samples) == sorted(planted)
    for sample in samples:
        ratio = amplitude_ratio(signal[:, sample : sample + 200], event)
        assert ratio == pytest.approx(planted[int(sample)], rel=0.1)
    assert (values > 0.8).all()


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 5)), max_size=30), st.integers(1, 20))
def test_suppression_leaves_none_too_near_and_none_without_a_stronger_neighbour(found, apart):
    times = np.array([time for time, _ in found], dtype=float)
    scores = np.array([score for _, score in found], dtype=float)
    kept = suppress(times, scores, apart)
    assert (np.diff(times[kept]) >= apart).all()
    for place in set(range(len(times))) - set(kept.tolist()):
        near = [k for k in kept if abs(times[k] - times[place]) < apart]
        assert any(scores[k] >= scores[place] for k in near)


def test_a_budget_of_alarms_is_the_number_above_the_multiple():
    scores = np.array([5.5, 6.0, 7.0, 9.0, 12.0])
    assert (scores > multiple_for(scores, days=2.0, budget=1.0)).sum() <= 2
    assert multiple_for(scores, 2.0, 1.0) == pytest.approx(7.0)
    assert multiple_for(scores, 10.0, 1.0) == 5.0


def test_sta_lta_is_obspys():
    trigger = pytest.importorskip("obspy.signal.trigger")
    signal = np.random.default_rng(5).standard_normal(5000)
    signal[0] = 0  # obspy leaves the first sample out
    theirs = trigger.recursive_sta_lta(signal, 50, 500)
    np.testing.assert_allclose(sta_lta(signal[None], 50, 500)[500:], theirs[500:], rtol=1e-6)
    assert (sta_lta(np.zeros((2, 100)), 5, 50) == 0).all()
    with pytest.raises(DataError, match="averages over 50 and 5 samples"):
        sta_lta(signal[None], 50, 5)
