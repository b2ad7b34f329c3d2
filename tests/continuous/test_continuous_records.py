"""Records: gaps, overlaps, rates, order of traces, and the files they come from."""

import dataclasses
import datetime as dt

import numpy as np
import pytest

from mleq.continuous.formats import find_files, read_traces, write_hdf5
from mleq.continuous.recipe import Seismicity, SimulatedRecord
from mleq.continuous.records import Trace, gather
from mleq.continuous.simulation import simulate_record, window_truth
from mleq.errors import DataError

RATE = 20.0
VALUES = np.random.default_rng(0).integers(-1000, 1000, 4000).astype(np.int32)


def trace(first=0, last=4000, *, station="AA.ONE", channel="HHZ", rate=RATE, values=VALUES, late_s=0.0):
    start = round((first / rate + late_s) * 1e9)
    piece = values[first:last]
    return Trace(station, channel, start, rate, len(piece), lambda a, b: piece[a:b], "file")


def test_touching_and_agreeing_traces_in_any_order_are_one_stretch():
    record = gather([trace(1500, 3000), trace(0, 1000), trace(900, 1600)], "test")
    (station,) = record.stations
    assert station.segments == ((0, 3000),)
    np.testing.assert_array_equal(station.read(850, 2000)[0], VALUES[850:2000])
    assert station.samples == 3000
    assert str(station.time(20))[:23] == "1970-01-01T00:00:01.000"
    assert station.sample_at(station.time(1234)) == 1234


def test_a_gap_stays_a_gap_on_every_channel():
    parts = [trace(0, 1000), trace(1500, 4000), trace(0, 2000, channel="HHN"), trace(2100, 4000, channel="HHN")]
    (station,) = gather(parts, "test").stations
    assert station.channels == ("HHN", "HHZ")
    assert station.segments == ((0, 1000), (1500, 2000), (2100, 4000))


def test_times_are_snapped_to_the_grid_within_half_a_sample():
    (station,) = gather([trace(0, 1000), trace(1000, 2000, late_s=0.02)], "test").stations
    assert station.segments == ((0, 2000),)


def test_overlapping_traces_that_disagree_are_refused():
    with pytest.raises(DataError, match="two overlapping traces disagree: AA.ONE HHZ from 1970-01-01 00:00:00"):
        gather([trace(0, 1000), trace(900, 2000, values=VALUES + 1)], "test")


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan"), 1e-12])
def test_a_trace_that_cannot_be_timed_is_refused(rate):
    with pytest.raises(DataError, match="station AA.ONE, channel HHZ of file: .* Hz.*sampling rate above zero"):
        gather([trace(), trace(channel="HHN"), dataclasses.replace(trace(), rate=rate)], "test")
    late = dataclasses.replace(trace(), start_ns=1040722073335682000000)
    with pytest.raises(DataError, match="begin 1040722073336 s after 1970.*1678 and 2262"):
        gather([late], "test")


def test_mixed_rates_and_unequal_channels_are_refused():
    with pytest.raises(DataError, match="mixed sampling rates: .*25 Hz.*20 Hz.*record.channels"):
        gather([trace(), trace(channel="BHZ", rate=25.0)], "test")
    with pytest.raises(DataError, match="different numbers of channels: AA.ONE 2, BB.TWO 1"):
        gather([trace(), trace(channel="HHN"), trace(station="BB.TWO")], "test")
    with pytest.raises(DataError, match="no moment in common"):
        gather([trace(0, 1000), trace(1000, 2000, channel="HHN")], "test")
    with pytest.raises(DataError, match="no trace with samples"):
        gather([], "test")


def test_hdf5_keeps_every_sample_and_gap(tmp_path):
    pytest.importorskip("h5py")
    record = gather([trace(0, 1000), trace(1500, 4000)], "test")
    assert write_hdf5(record, tmp_path / "sub" / "one.h5") == 3500
    again = gather(read_traces(find_files([tmp_path])), "again")
    assert again.stations[0].segments == ((0, 1000), (1500, 4000))
    np.testing.assert_array_equal(again.stations[0].read(1600, 1700)[0], VALUES[1600:1700])
    assert again.stations[0].start_ns == record.stations[0].start_ns
    assert find_files([str(tmp_path / "**" / "*.h5")]) == [tmp_path / "sub" / "one.h5"]


def test_zarr_groups_are_read_as_hdf5_is(tmp_path):
    zarr = pytest.importorskip("zarr")
    store = zarr.open_group(str(tmp_path / "r.zarr"), mode="w")
    one = store.create_group("AA.ONE").create_array("HHZ.0", data=VALUES.astype("f4"))
    one.attrs.update(sampling_rate=RATE, start_time="2020-01-01T00:00:00Z")
    (station,) = gather(read_traces(find_files([tmp_path])), "zarr").stations
    assert (station.name, station.channels, station.segments) == ("AA.ONE", ("HHZ",), ((0, 4000),))
    np.testing.assert_array_equal(station.read(10, 20)[0], VALUES[10:20])


def test_miniseed_is_read_by_stretches(tmp_path):
    obspy = pytest.importorskip("obspy")
    header = {"network": "AA", "station": "ONE", "channel": "HHZ", "sampling_rate": RATE}
    late = {**header, "starttime": obspy.UTCDateTime(75)}
    stream = obspy.Stream([obspy.Trace(VALUES[1500:], late), obspy.Trace(VALUES[:1000], header)])
    stream.write(str(tmp_path / "day.mseed"), format="MSEED")
    (station,) = gather(read_traces(find_files([tmp_path / "day.mseed"])), "seed").stations
    assert station.segments == ((0, 1000), (1500, 4000))
    np.testing.assert_array_equal(station.read(3000, 3100)[0], VALUES[3000:3100])


def test_files_that_are_no_records_are_named(tmp_path):
    with pytest.raises(DataError, match="no such file or folder of records"):
        find_files([tmp_path / "nothing.mseed"])
    (tmp_path / "bad.mseed").write_text("this is no record")
    with pytest.raises(DataError, match=r"bad.mseed is no seismic record; expected one of MSEED, SAC"):
        read_traces(find_files([tmp_path]))
    (tmp_path / "bad.mseed").rename(tmp_path / "bad.h5")
    with pytest.raises(DataError, match="cannot be read as HDF5"):
        read_traces(find_files([tmp_path]))


SETTINGS = SimulatedRecord(
    source="simulated", start=dt.date(2020, 1, 1), days=0.5, sampling_rate=20.0, channels=2, repeaters=40, seed=5,
    seismicity=Seismicity(per_day=40.0, sources=2),
)  # fmt: skip


def test_a_simulated_record_is_the_same_however_it_is_read():
    record = simulate_record(SETTINGS)
    (station,) = record.stations
    whole = station.read(0, 300_000)
    again = simulate_record(SETTINGS).stations[0].read(65_000, 140_000)
    np.testing.assert_array_equal(whole[:, 65_000:140_000], again)
    assert whole.shape == (2, 300_000)
    assert 0.4 < whole.std() < 2


def test_the_simulated_truth_is_what_it_says():
    record = simulate_record(SETTINGS)
    truth = record.truth
    left = SETTINGS.days * 86_400 - truth.loc[truth["kind"] == "repeater", "start"]
    assert len(left) == 40
    assert np.median(left) < 0.15 * SETTINGS.days * 86_400  # half of all in the last part: the rate grows
    assert truth["start"].is_monotonic_increasing
    begins = np.arange(0, SETTINGS.days * 86_400 - 40, 40.0)
    named = window_truth(truth, begins, 40.0)
    assert {"noise", "repeater", "earthquake"} <= set(named)
    strong = truth[(truth["kind"] == "repeater")]
    assert all(named[int((row.start + 2.4) // 40)] == "repeater" for row in strong.itertuples() if row.start < 43_000)


def test_records_reach_other_processes_by_what_they_are_made_of(tmp_path):
    cloudpickle = pytest.importorskip("cloudpickle")
    pytest.importorskip("h5py")
    settings = SimulatedRecord(source="simulated", start=dt.date(2020, 1, 1), days=0.1, sampling_rate=20, seed=2)
    simulated = simulate_record(settings)
    write_hdf5(gather([trace()], "memory"), tmp_path / "one.h5")
    stored = gather(read_traces([tmp_path / "one.h5"]), "one.h5")
    for record in (simulated, stored):
        sent = cloudpickle.dumps(record)
        here, there = (one.stations[0].read(100, 900) for one in (record, cloudpickle.loads(sent)))
        np.testing.assert_array_equal(here, there)
        assert len(sent) < 40_000  # not the samples
