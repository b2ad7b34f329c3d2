"""Features, inputs, bins and scores against closed forms, other libraries and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_experiment import small_recipe

from mleq.errors import DataError
from mleq.lab.codec import BinCodec
from mleq.lab.features import FEATURES, count_peaks, features_of, mfcc, prepared, rolling_std, statistics_of
from mleq.lab.inputs import plain
from mleq.lab.recipe import RollingInput, SpectrogramInput, WaveInput
from mleq.scores.regression import group_bootstrap

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_draws():
    """Each test draws the same numbers, in whatever order they run."""
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


NOISE = RNG.standard_normal((3, 8192)).astype(np.float32) * 5


def test_twenty_features_scale_as_they_must():
    one, double = features_of(NOISE, 1e4), features_of(2 * NOISE, 1e4)
    assert list(one.columns) == list(FEATURES)
    assert len(FEATURES) == 20
    np.testing.assert_allclose(double["log_variance"] - one["log_variance"], np.log(4), rtol=1e-5)
    for name in ("peaks", "log_kurtosis", "skewness", "spectral_centroid", "mfcc_4"):
        np.testing.assert_allclose(double[name], one[name], rtol=1e-4, atol=1e-4, err_msg=name)
    np.testing.assert_allclose(one["log_kurtosis"], np.log(3), atol=0.1)
    np.testing.assert_allclose(one["spectral_centroid"], 2500, rtol=0.04)


def test_rolling_std_and_peaks_by_hand():
    rolled = rolling_std(NOISE, 100)
    np.testing.assert_allclose(rolled[0, 3], NOISE[0, 150:250].std(), rtol=1e-5)
    wave = np.tile([0, 1, 0, 2, 0, 3, 0], 3).astype(np.float32)[None]
    assert count_peaks(wave, 1)[0] == 9
    assert count_peaks(wave, 3)[0] == 2, "the third stands too near the end"


def test_mel_cepstrum_of_equal_bands_is_its_mean_alone():
    coefficients = mfcc(np.ones((1, 513)))
    # The area of each filter is one in hertz; on bins it is nearly so, hence nearly equal bands.
    assert np.abs(coefficients[0, 1:]).max() < 0.15 * np.abs(coefficients[0, 0])


def test_statistics_of_tables_are_those_of_pandas():
    import pandas as pd

    raw = np.rint(NOISE[0] + 4).astype(np.int16)
    series, found = pd.Series(raw.astype(float)), statistics_of(raw[None])
    for name, value in (
        ("mean", series.mean()),
        ("std", series.std()),
        ("q25", series.quantile(0.25)),
        ("max", series.max()),
    ):
        assert found[name][0] == pytest.approx(value)
    assert found["kurtosis"][0] == pytest.approx(series.kurtosis(), abs=0.01)
    table = prepared(found, remove_offset=True)
    assert "mean" not in table
    assert table["max"][0] == pytest.approx(series.max() - series.mean())
    assert table["log_variance"][0] == pytest.approx(np.log(series.var()))


def test_inputs_keep_the_amplitude_and_stay_within_their_window():
    loud, quiet = NOISE[:1] * 3, NOISE[:1]
    rolling = RollingInput(kind="rolling", every=64, widths=(64, 256), statistics=("std", "max", "mean"))
    difference = plain(rolling, loud, 1e4) - plain(rolling, quiet, 1e4)
    np.testing.assert_allclose(difference[0, :, [0, 1, 3, 4]], np.log(3), atol=1e-2)
    both = np.concatenate([quiet, loud])
    for kind in (rolling, WaveInput(kind="cumulative_sum"), WaveInput(kind="difference")):
        np.testing.assert_allclose(plain(kind, both, 1e4)[1:], plain(kind, loud, 1e4), rtol=1e-4, err_msg=str(kind))
    np.testing.assert_allclose(plain(WaveInput(kind="cumulative_sum"), quiet, 1e4)[0, -1, 0], quiet.sum(), rtol=1e-3)
    trailing = plain(rolling, quiet, 1e4)[0, 10]
    np.testing.assert_allclose(trailing[3], np.log(quiet[0, 8 * 64 - 64 : 11 * 64].std()), atol=1e-3)
    np.testing.assert_allclose(trailing[4], np.log(np.abs(quiet[0, 7 * 64 : 11 * 64]).max()), atol=1e-3)


def test_a_tone_stands_in_its_band_of_the_spectrogram():
    tone = np.sin(2 * np.pi * 1500 * np.arange(8192) / 10_000).astype(np.float32)[None] * 100
    settings = SpectrogramInput(kind="spectrogram", segment=256, max_frequency_hz=2500, frames=4, bands=10)
    image = plain(settings, tone, 10_000)[0, :, :, 0]
    assert image.shape == (4, 10)
    assert (image.argmax(axis=1) == 5).all() or (image.argmax(axis=1) == 6).all(), "1,500 Hz of 2,500 in ten bands"


@given(
    st.lists(st.floats(0.01, 16), min_size=3, max_size=60), st.integers(2, 12), st.sampled_from(["quantile", "uniform"])
)
def test_a_sure_bin_is_decoded_to_its_middle(times, bins, kind):
    codec = BinCodec.fit(np.array(times), bins, kind)
    assert (np.diff(codec.edges) > 0).all()
    sure = np.eye(bins)
    middle = (codec.edges[1:] + codec.edges[:-1]) / 2
    np.testing.assert_allclose(codec.median(sure), middle, rtol=1e-6, atol=1e-9)
    assert (codec.encode(middle) == np.arange(bins)).all()
    assert codec.encode(np.array([1e9]))[0] == bins - 1


def test_the_posterior_median_has_the_smallest_absolute_error():
    codec = BinCodec(np.array([0.0, 1, 2, 4, 8, 16]))
    chances = np.array([0.1, 0.1, 0.2, 0.25, 0.35])
    place = RNG.choice(5, size=40_000, p=chances)
    drawn = RNG.uniform(codec.edges[place], codec.edges[place + 1])
    median = codec.median(chances[None])[0]
    assert median == pytest.approx(np.median(drawn), abs=0.1)
    mean = (chances * (codec.edges[1:] + codec.edges[:-1]) / 2).sum()
    argmax = 12.0
    error = [np.abs(drawn - answer).mean() for answer in (median, mean, argmax)]
    assert error[0] < min(error[1:])


def test_intervals_by_groups_cover_as_stated():
    covered = 0
    for trial in range(200):
        rng = np.random.default_rng(trial)
        groups = np.repeat(np.arange(25), 8)
        error = 1 + 0.5 * rng.standard_normal(25)[groups].clip(-1.9) + 0.2 * rng.standard_normal(200)
        observed = rng.uniform(0, 10, 200)
        found = group_bootstrap(observed, {"a": observed + np.abs(error)}, groups, seed=trial, n_resamples=300)
        score = found.score("a")["mean_absolute_error"]
        covered += score["low"] <= 1.005 <= score["high"]
    assert 0.87 <= covered / 200 <= 0.98


def test_gains_are_paired_and_few_groups_have_no_interval():
    observed, groups = np.linspace(0, 9, 60), np.repeat(np.arange(6), 10)
    wandering = np.repeat(RNG.normal(0, 3, 6), 10)
    methods = {"a": observed + wandering + 0.1, "b": observed + wandering + np.sign(wandering + 0.1) * 0.5 + 0.1}
    found = group_bootstrap(observed, methods, groups, seed=1)
    gain = found.gain("a", "b")["mae_seconds"]
    assert gain["value"] == pytest.approx(0.5)
    assert gain["high"] - gain["low"] < 0.01 < found.score("a")["mean_absolute_error"]["high"]
    few = group_bootstrap(observed[:40], {"a": observed[:40]}, groups[:40], seed=1).score("a")["mean_absolute_error"]
    assert few["low"] is None
    assert few["reason"] == "4 cycles are fewer than 5"
    with pytest.raises(DataError, match="no number"):
        group_bootstrap([1.0, np.nan], {"a": [1, 2]}, [0, 1], seed=1)


def test_the_simulation_repeats_and_tells_of_the_failure_only_when_coupled():
    from mleq.lab.simulator import simulate

    def correlation(coupling):
        signals = {**small_recipe().signals.model_dump(), "coupling": coupling, "failures": 20}
        record = simulate(small_recipe(signals=signals).signals)
        rows = np.arange(0, record.rows - 2048, 2048)
        variance = [np.log(np.var(record.signal[row : row + 2048].astype(float))) for row in rows]
        return np.corrcoef(variance, np.log(record.time_to_failure_s[rows + 2047] + 0.1))[0, 1], record

    coupled, record = correlation(1.0)
    cut, _ = correlation(0.0)
    assert coupled < -0.35
    assert abs(cut) < 0.2
    again = simulate(small_recipe(signals={**small_recipe().signals.model_dump(), "failures": 20}).signals)
    np.testing.assert_array_equal(record.signal[:50_000], again.signal[:50_000])
