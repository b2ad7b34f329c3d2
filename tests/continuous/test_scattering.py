"""The scattering transform beside closed forms, a slow implementation of its definition, and its own invariances."""

import numpy as np
import pytest

from mleq.continuous.filters import morlet_bank
from mleq.continuous.scattering import Scattering
from mleq.errors import DataError

SMALL = Scattering(hop=200, hops_in_window=2, first=morlet_bank(3, 4), second=morlet_bank(5, 1), block=12)


def by_definition(signal, scattering):
    """Both layers at the record's own rate in double precision, pooled over hops: slow and plain."""
    n = len(signal)
    frequencies = np.arange(n) / n

    def modulus(x, bank, index):
        return np.abs(np.fft.ifft(np.fft.fft(x) * bank.response(index, frequencies)))

    def pool(u):
        hops = u[: n // scattering.hop * scattering.hop].reshape(-1, scattering.hop)
        pairs = np.stack([hops[:-1], hops[1:]], 1).reshape(len(hops) - 1, -1)
        return pairs.mean(-1), pairs.max(-1)

    first = [modulus(signal, scattering.first, i) for i in range(len(scattering.first))]
    second = [modulus(first[i], scattering.second, j) for i, j in scattering.paths]
    mean_1, max_1 = zip(*map(pool, first), strict=True)
    mean_2, max_2 = zip(*map(pool, second), strict=True)
    return [np.stack(part, -1) for part in (mean_1, max_1, mean_2, max_2)]


def inside(scattering, pooled):
    cut = slice(scattering.margin, -scattering.margin)
    return [np.squeeze(part, 1)[cut] if part.ndim == 3 else part[cut] for part in pooled]


def test_a_cropped_band_pools_to_what_the_definition_gives():
    rng = np.random.default_rng(1)
    time = np.arange(40 * SMALL.hop)
    signal = rng.standard_normal(time.size) * (1 + 0.8 * np.sin(2 * np.pi * 0.004 * time))
    found = inside(SMALL, SMALL(signal[None]))
    expected = inside(SMALL, by_definition(signal, SMALL))
    assert found[0].shape == (39 - 2 * SMALL.margin, 12)
    assert found[2].shape[1] == len(SMALL.paths)
    limits = {"S1 mean": (5e-4, 0.003), "S1 max": (0.01, 0.15), "U2 mean": (0.004, 0.03), "U2 max": (0.03, 0.35)}
    for (name, (usual, worst)), ours, theirs in zip(limits.items(), found, expected, strict=True):
        error = np.abs(ours / theirs - 1)
        assert error.mean() < usual, f"{name}: {error.mean():.5f}"
        assert error.max() < worst, f"{name}: {error.max():.5f}"


def test_a_sine_has_its_amplitude_in_its_own_band_and_no_modulation():
    centre = SMALL.first.centres[5]
    signal = 7.0 * np.sin(2 * np.pi * centre * np.arange(40 * SMALL.hop))
    mean, largest, modulation, _ = inside(SMALL, SMALL(signal[None]))
    k = np.exp(-((centre / SMALL.first.widths[5]) ** 2))
    np.testing.assert_allclose(mean[:, 5], 7 * (1 - k), rtol=1e-4)
    np.testing.assert_allclose(largest[:, 5], 7 * (1 - k), rtol=1e-4)
    own = [place for place, (i, _) in enumerate(SMALL.paths) if i == 5]
    assert modulation[:, own].max() < 7e-3


def test_a_modulated_sine_has_its_modulation_in_the_second_layer():
    carrier, slow = SMALL.first.centres[1], SMALL.second.centres[4]
    assert slow < SMALL.first.widths[1]
    time = np.arange(60 * SMALL.hop)
    signal = (1 + 0.5 * np.cos(2 * np.pi * slow * time)) * np.cos(2 * np.pi * carrier * time)
    mean, _, modulation, _ = inside(SMALL, SMALL(signal[None]))
    place = SMALL.paths.index((1, 4))
    # The envelope is 1 + m cos, m being .5 as the band's flanks let sidebands pass.
    flank = np.exp(-((slow / SMALL.first.widths[1]) ** 2) / 2)
    correction = 1 - np.exp(-((slow / SMALL.second.widths[4]) ** 2))
    np.testing.assert_allclose(modulation[:, place] / mean[:, 1], 0.5 * flank * correction, rtol=0.02)
    assert SMALL.paths[int(np.argmax(modulation.mean(0)))] == (1, 4)


def test_the_bank_covers_the_spectrum_evenly_and_its_wavelets_have_no_mean():
    bank = morlet_bank(6, 8)
    frequencies = np.linspace(0, 0.5, 4001)
    power = sum(bank.response(i, frequencies) ** 2 for i in range(len(bank))) / 4
    covered = power[(frequencies > bank.centres[-8]) & (frequencies < bank.centres[1])]
    assert 0.8 * covered.max() < covered.min()  # so that energy, summed over bands, is kept to a tenth in amplitude
    zero = np.array([0.0, -0.1])
    assert all((bank.response(i, zero) == 0).all() for i in range(len(bank)))
    near = np.array([1e-9])
    assert max(abs(bank.response(i, near)[0]) for i in range(len(bank))) < 1e-6
    half = bank.response(3, np.array([2 / (1 / bank.centres[3] + 1 / bank.centres[4])]))
    assert half[0] == pytest.approx(2 / np.sqrt(2), rel=1e-3)


def test_noise_keeps_its_energy_in_the_first_layer():
    rng = np.random.default_rng(2)
    signal = rng.standard_normal((1, 400 * SMALL.hop))
    mean = inside(SMALL, SMALL(signal))[0].mean(0)
    # |x * psi| of white noise is Rayleigh: its mean is sqrt(pi/4) of the square root of the band's power.
    frequencies = np.linspace(0, 1, 200_001)
    power = [(SMALL.first.response(i, frequencies) ** 2).mean() for i in range(len(SMALL.first))]
    np.testing.assert_allclose(mean, np.sqrt(np.pi / 4 * np.array(power)), rtol=0.02)


def test_blocks_threads_and_single_windows_give_the_same_windows():
    rng = np.random.default_rng(3)
    signal = rng.standard_normal((2, 60 * SMALL.hop)).astype(np.float32)
    whole = SMALL(signal)
    threaded = Scattering(hop=200, hops_in_window=2, first=SMALL.first, second=SMALL.second, block=5)(signal, workers=2)
    cut, side = slice(SMALL.margin, -SMALL.margin), SMALL.margin * SMALL.hop
    for one, other in zip(whole, threaded, strict=True):
        np.testing.assert_allclose(one[cut], other[cut], rtol=0.02)
    begins = np.array([10, 31]) * SMALL.hop
    pieces = np.stack([signal[:, b - side : b + 2 * SMALL.hop + side] for b in begins])
    single = SMALL.single_windows(pieces)
    for one, other in zip(whole, single, strict=True):
        np.testing.assert_allclose(one[[10, 31]], other, rtol=0.08)


def test_features_do_not_know_the_unit_beyond_a_constant():
    signal = np.random.default_rng(4).standard_normal((1, 40 * SMALL.hop))
    small = SMALL.coefficients(SMALL(signal), pool="mean", floor=1e-3)
    large = SMALL.coefficients(SMALL(1e4 * signal + 1e6), pool="mean", floor=10.0)
    n = len(SMALL.first)
    np.testing.assert_allclose(large[..., :n] - np.log(1e4), small[..., :n], atol=1e-3)
    np.testing.assert_allclose(large[..., n:], small[..., n:], atol=0.01)


def test_a_signal_shorter_than_a_window_is_refused():
    with pytest.raises(DataError, match="a signal of 399 samples; expected at least a window of 400 samples"):
        SMALL(np.zeros((1, 399)))
    with pytest.raises(DataError, match="windows of 3 hops of 2 samples"):
        Scattering(hop=2, hops_in_window=3)
