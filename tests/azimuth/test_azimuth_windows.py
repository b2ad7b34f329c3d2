"""What becomes of good and bad recordings on their way into windows."""

import dataclasses
import logging

import numpy as np
import pytest

from mleq.azimuth import windows
from mleq.azimuth.onset import pick
from mleq.azimuth.polarization import back_azimuth, covariances
from mleq.azimuth.recipe import Window
from mleq.azimuth.recordings import Recordings, in_order
from mleq.errors import DataError
from mleq.scores.circular import circular_error

WINDOW = Window(before_s=3.2, after_s=3.2)


def some(simulated, n=20, **columns):
    """The first recordings, with other columns."""
    table = simulated.table.head(n).assign(**columns).reset_index(drop=True)
    return Recordings(np.array(simulated.waveforms[:n]), table, "a test")


def test_windows_hold_p_where_it_was_and_labels_from_coordinates(simulated):
    traces = windows.cut(simulated, WINDOW)
    assert traces.waveforms.shape == (400, 3, 128)
    assert traces.p_index == 64
    noise, signal = (np.square(traces.waveforms[:, :, part]).mean() for part in (slice(0, 60), slice(64, 84)))
    assert signal > 3 * noise
    close = np.abs(traces.table["snr_db"] - traces.table["true_snr_db"])
    assert np.median(close) < 1.5


def test_a_filter_brings_nothing_to_before_the_arrival():
    pulse = np.zeros((1, 3, 480))
    pulse[:, :, 240] = 1.0
    filtered = windows._filter(Window())(pulse)
    assert np.abs(filtered[:, :, :240]).max() == 0
    assert np.abs(filtered[:, :, 240:]).max() > 0.1


def test_higher_rates_are_brought_down_and_mixed_ones_with_them(simulated):
    from scipy.signal import resample_poly

    first = some(simulated, 10)
    fast = Recordings(
        [*first.waveforms[:5], *resample_poly(first.waveforms[5:], 5, 1, axis=-1)],
        first.table.assign(
            sampling_rate_hz=np.repeat([20.0, 100.0], 5), p_index=first.table["p_index"] * np.repeat([1, 5], 5)
        ),
        "mixed rates",
    )
    mixed, plain = windows.cut(fast, WINDOW).waveforms, windows.cut(first, WINDOW).waveforms
    np.testing.assert_allclose(mixed[:5], plain[:5])
    agreement = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(mixed[5:], plain[5:], strict=True)]
    assert min(agreement) > 0.98


def test_lower_rates_are_refused(simulated):
    with pytest.raises(DataError, match="10 Hz.*E000"):
        windows.cut(some(simulated, sampling_rate_hz=10.0), WINDOW)


def test_no_rate_is_refused(simulated):
    with pytest.raises(DataError, match="no sampling rate"):
        windows.cut(some(simulated, sampling_rate_hz=np.nan), WINDOW)


def test_known_orientation_is_turned_to_true_north(simulated):
    straight = some(simulated)
    angle = np.radians(70.0)
    z, n, e = (straight.waveforms[:, i] for i in range(3))
    seen = np.stack([z, np.cos(angle) * n + np.sin(angle) * e, -np.sin(angle) * n + np.cos(angle) * e], axis=1)
    turned = Recordings(seen, straight.table.assign(north_azimuth_deg=70.0), "a turned sensor")
    np.testing.assert_allclose(
        windows.cut(turned, WINDOW).waveforms, windows.cut(straight, WINDOW).waveforms, rtol=1e-3, atol=1e-3
    )


def test_dead_and_broken_traces_are_left_out_and_named(simulated, caplog):
    recordings = some(simulated)
    recordings.waveforms[3, 1] = 5.0
    recordings.waveforms[4, 0, 7] = np.nan
    with caplog.at_level(logging.WARNING, logger="mleq"):
        traces = windows.cut(recordings, WINDOW)
    assert len(traces) == 18
    names = recordings.table["trace"]
    assert traces.dropped == {
        "a component is dead (zero variance)": [names[3]],
        "samples that are no numbers": [names[4]],
    }
    assert names[3] in caplog.text


def test_nothing_but_dead_traces_is_an_error(simulated):
    recordings = some(simulated)
    recordings.waveforms[:, 2] = 0
    with pytest.raises(DataError, match="zero variance"):
        windows.cut(recordings, WINDOW)


def test_windows_beyond_the_trace_are_left_out(simulated):
    index = simulated.table["p_index"].head(20).copy()
    index[0], index[1] = 10, 470
    traces = windows.cut(some(simulated, p_index=index), WINDOW)
    assert len(traces) == 18
    assert len(next(iter(traces.dropped.values()))) == 2


def test_missing_arrivals_are_picked_or_refused(simulated):
    loud = np.flatnonzero(simulated.table["true_snr_db"] > 15)[:20]
    recordings = Recordings(
        simulated.waveforms[loud], simulated.table.iloc[loud].assign(p_index=np.nan).reset_index(drop=True), "loud"
    )
    traces = windows.cut(recordings, WINDOW)
    assert traces.table["picked"].all()
    direction = back_azimuth(covariances(traces.waveforms[:, :, 64:74]))[0]
    assert np.median(circular_error(traces.table["back_azimuth_deg"], direction)) < 12
    with pytest.raises(DataError, match="20 of 20 traces have no P arrival index"):
        windows.cut(recordings, WINDOW.model_copy(update={"pick_onsets": False}))


def test_picks_lie_where_the_signal_begins():
    rng = np.random.default_rng(0)
    wrong = []
    for _ in range(50):
        signal = rng.standard_normal(600)
        signal[300:] += 12 * np.sin(np.arange(300) * 0.9) * np.exp(-np.arange(300) / 40)
        index, ratio = pick(signal, 20.0)
        wrong.append(abs(index - 300))
        assert ratio > 3
    assert np.mean(np.array(wrong) <= 3) > 0.9
    assert pick(np.sin(np.arange(600) * 0.3), 20.0)[0] is None
    assert pick(np.ones(50), 20.0)[0] is None


def test_stored_labels_that_contradict_the_coordinates_are_reported(simulated, caplog):
    good = windows.cut(some(simulated), WINDOW).table["back_azimuth_deg"]
    stored = good.copy()
    stored[0], stored[1] = (good[0] + 180) % 360, good[1] + 0.5
    with caplog.at_level(logging.WARNING, logger="mleq"):
        traces = windows.cut(some(simulated, stored_back_azimuth_deg=stored), WINDOW)
    assert list(traces.disagreeing["trace"]) == [simulated.table["trace"][0]]
    np.testing.assert_allclose(traces.table["back_azimuth_deg"], good)
    assert "1 look like the azimuth" in caplog.text


@pytest.mark.parametrize("order", ["ZN", "Z12", "ZZE", "NEZX"])
def test_components_that_are_not_z_n_e_are_refused(order):
    with pytest.raises(DataError, match="a.h5"):
        in_order(np.zeros((len(order), 9)), order, "a.h5")


def test_swapped_components_are_brought_into_order():
    given = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(in_order(given, "ENZ", "a.h5"), given[[2, 1, 0]])


def test_recordings_and_rows_must_be_as_many(simulated):
    with pytest.raises(DataError):
        dataclasses.replace(simulated, waveforms=simulated.waveforms[:3])
