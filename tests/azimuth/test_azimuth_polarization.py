"""Polarisation beside plane waves of known direction, and obspy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.azimuth.polarization import back_azimuth, covariances, principal, turned
from mleq.scores.circular import circular_error


@pytest.mark.parametrize("polarity", [1.0, -1.0])
def test_plane_waves_from_all_directions_are_found_whatever_their_polarity(plane_waves, polarity):
    directions = np.arange(0.0, 360.0, 7.5)
    found, rectilinearity = back_azimuth(covariances(plane_waves(directions, polarity=polarity)))
    assert circular_error(directions, found).max() < 1e-6
    np.testing.assert_allclose(rectilinearity, 1)


def test_no_seam_at_north(plane_waves):
    found, _ = back_azimuth(covariances(plane_waves([359.9, 0.0, 0.1])))
    assert circular_error([359.9, 0.0, 0.1], found).max() < 1e-6
    assert ((found >= 0) & (found < 360)).all()


def test_the_axis_agrees_with_obspy_and_the_end_is_ours(plane_waves):
    flinn = pytest.importorskip("obspy.signal.polarization").flinn
    from obspy import Stream, Trace

    rng = np.random.default_rng(0)
    for direction in (20.0, 110.0, 200.0, 290.0):
        signal = plane_waves([direction])[0] + 0.02 * rng.standard_normal((3, 64))
        stream = Stream([Trace(row, {"channel": f"HH{code}"}) for row, code in zip(signal, "ZNE", strict=True)])
        theirs = flinn(stream)[0]
        ours = back_azimuth(covariances(signal[None]))[0][0]
        assert abs((ours - theirs + 90) % 180 - 90) < 1e-4  # the same axis
        assert circular_error([direction], [ours])[0] < 5  # but theirs is folded to half the circle


def test_subtracting_the_noise_covariance_removes_polarised_noise(plane_waves):
    rng = np.random.default_rng(1)
    directions = rng.uniform(0, 360, 300)
    along = np.array([0.2, 0.9, 0.3])[:, None]
    noise = along * rng.standard_normal((300, 1, 2000)) * 0.4
    signal = np.tile(plane_waves(directions), 30) + along * rng.standard_normal((300, 1, 64 * 30)) * 0.4
    plain, _ = back_azimuth(covariances(signal))
    corrected, _ = back_azimuth(covariances(signal) - covariances(noise))
    assert circular_error(directions, corrected).mean() < 0.5 * circular_error(directions, plain).mean()


@given(st.floats(-400, 400), st.floats(5, 80))
def test_turning_the_ground_turns_the_answer(angle, incidence):
    rng = np.random.default_rng(2)
    mixing = np.array([np.cos(np.radians(incidence)), -np.sin(np.radians(incidence)), 0.0])
    signal = mixing[:, None] * rng.standard_normal(50) + 0.1 * rng.standard_normal((3, 50))
    covariance = covariances(signal[None])
    before = back_azimuth(covariance)[0]
    after = back_azimuth(turned(covariance, np.array([-angle])))[0]
    assert circular_error(before + angle, after)[0] < 1e-6


def test_principal_direction_of_a_known_covariance():
    vectors, rectilinearity = principal(np.diag([1.0, 9.0, 2.0])[None])
    np.testing.assert_allclose(np.abs(vectors[0]), [0, 1, 0], atol=1e-12)
    assert rectilinearity[0] == pytest.approx(1 - 3 / 18)


def test_closed_form_is_lapack():
    rng = np.random.default_rng(4)
    mixing = rng.standard_normal((500, 3, 3)) * 10.0 ** rng.uniform(-6, 6, (500, 1, 1))
    covariance = mixing @ mixing.transpose(0, 2, 1)
    covariance[0], covariance[1], covariance[2] = np.eye(3), np.zeros((3, 3)), np.diag([2.0, 2.0, 1.0])
    covariance[3] -= 2 * np.eye(3) * np.trace(covariance[3])  # noise subtracted, and more
    values, vectors = np.linalg.eigh(covariance)
    ours, rectilinearity = principal(covariance)
    theirs = np.maximum(values, 0)
    clear = values[:, 2] - values[:, 1] > 1e-6 * np.abs(values[:, 2])
    assert clear.sum() > 490
    agreement = np.abs(np.einsum("nc,nc->n", ours, vectors[:, :, 2]))
    np.testing.assert_allclose(agreement[clear], 1, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1)
    expected = 1 - (theirs[:, 0] + theirs[:, 1]) / (2 * np.maximum(theirs[:, 2], 1e-300))
    np.testing.assert_allclose(rectilinearity, expected, atol=1e-6)
    # In a degenerate plane any direction of the plane is right.
    assert abs(ours[2, 2]) < 1e-9


def test_counts_of_any_size_keep_their_digits(plane_waves):
    found, _ = back_azimuth(covariances((1e7 + 1e3 * plane_waves([77.0])).astype(np.float64)))
    assert circular_error([77.0], found)[0] < 1e-3
