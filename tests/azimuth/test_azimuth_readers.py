"""SeisBench's layout and MiniSEED with QuakeML and StationXML, written by h5py and obspy and read back."""

import logging

import numpy as np
import pandas as pd
import pytest

from mleq.azimuth import miniseed, reading, seisbench, windows
from mleq.azimuth.polarization import back_azimuth, covariances
from mleq.azimuth.recipe import Window
from mleq.azimuth.recordings import Recordings
from mleq.errors import DataError, MissingData
from mleq.scores.circular import circular_error

h5py = pytest.importorskip("h5py")
WINDOW = Window(before_s=3.2, after_s=3.2)


def few(simulated, rows=range(12)):
    rows = list(rows)
    return Recordings(simulated.waveforms[rows], simulated.table.iloc[rows].reset_index(drop=True), "a test")


class TestSeisbench:
    def test_what_is_written_is_read_back(self, simulated, tmp_path):
        first = few(simulated)
        path, metadata = seisbench.write(first, tmp_path / "signals.hdf5")
        for named in (path, metadata):
            again = seisbench.read(named)
            np.testing.assert_array_equal(np.stack(again.waveforms), first.waveforms)
            for column in ("event", "station", "p_index", "source_latitude", "station_longitude", "sampling_rate_hz"):
                assert list(again.table[column]) == list(first.table[column])
            assert (abs(again.table["origin_time"] - first.table["origin_time"]) < pd.Timedelta("1ms")).all()

    def write(self, folder, data, order="ZNE", dimensions="CW", **columns):
        with h5py.File(folder / "waveforms.hdf5", "w") as file:
            file["data/bucket0"] = data
            file["data_format/component_order"], file["data_format/dimension_order"] = order, dimensions
            file["data_format/sampling_rate"] = 20
        row = {"trace_name": [f"bucket0${i}" for i in range(len(data))], "station_code": "A", **columns}
        pd.DataFrame(row).to_csv(folder / "metadata.csv", index=False)
        return folder / "waveforms.hdf5"

    def test_components_and_dimensions_in_other_orders(self, tmp_path):
        zne = np.random.default_rng(0).standard_normal((2, 3, 50))
        path = self.write(tmp_path, zne[:, [2, 1, 0]].transpose(0, 2, 1), "ENZ", "WC")
        np.testing.assert_allclose(np.stack(seisbench.read(path).waveforms), zne)

    def test_two_components_are_refused_with_the_trace(self, tmp_path):
        path = self.write(tmp_path, np.zeros((1, 2, 50)), "ZN")
        with pytest.raises(DataError, match=r"bucket0\$0.* 2 components, called 'ZN'"):
            seisbench.read(path)

    def test_unknown_orientation_codes_are_refused(self, tmp_path):
        with pytest.raises(DataError, match="'Z12'"):
            seisbench.read(self.write(tmp_path, np.zeros((1, 3, 50)), "Z12"))

    def test_a_trace_that_is_not_there(self, tmp_path):
        path = self.write(tmp_path, np.zeros((1, 3, 50)))
        pd.DataFrame({"trace_name": ["bucket7$0"]}).to_csv(tmp_path / "metadata.csv", index=False)
        with pytest.raises(DataError, match=r"bucket7\$0"):
            seisbench.read(path)

    def test_a_damaged_file_and_one_that_stands_alone(self, tmp_path):
        (tmp_path / "metadata.csv").write_text("trace_name\nbucket0$0\n")
        with pytest.raises(DataError, match="stands alone"):
            seisbench.read(tmp_path / "metadata.csv")
        (tmp_path / "waveforms.hdf5").write_bytes(b"no HDF5")
        with pytest.raises(DataError, match="cannot be read as HDF5"):
            seisbench.read(tmp_path / "metadata.csv")

    def test_without_coordinates_there_is_no_label(self, tmp_path, simulated):
        path = self.write(tmp_path, simulated.waveforms[:3], trace_p_arrival_sample=240.0)
        traces = windows.cut(seisbench.read(path), WINDOW)
        assert traces.table["back_azimuth_deg"].isna().all()
        assert len(traces) == 3

    def test_the_real_events(self, shared):
        path = shared / "data" / "azimuth" / "cx_pb01_metadata.csv"
        if not path.is_file():
            pytest.skip(f"no {path.name} in ../shared/data")
        traces = windows.cut(seisbench.read(path), Window())
        assert len(traces) >= 95
        assert traces.table["event"].nunique() == len(traces)
        assert traces.table["picked"].all()
        direction = back_azimuth(covariances(traces.waveforms[:, :, traces.p_index : traces.p_index + 6]))[0]
        assert np.median(circular_error(traces.table["back_azimuth_deg"], direction)) < 25  # guesses err by 90


@pytest.fixture(scope="module")
def seismic_files(tmp_path_factory, simulated):
    """A recording with components H1, H2, HZ turned by 40 degrees, its event with a P pick, its station."""
    obspy = pytest.importorskip("obspy")
    from obspy.core.event import Arrival, Catalog, Event, Origin, Pick, WaveformStreamID
    from obspy.core.inventory import Channel, Inventory, Network, Site, Station

    folder = tmp_path_factory.mktemp("seismic")
    chosen = int(np.argmax(simulated.table["true_snr_db"]))
    row = simulated.table.iloc[chosen]
    z, n, e = simulated.waveforms[chosen].astype(float)
    angle = np.radians(40.0)
    data = {"Z": z, "1": np.cos(angle) * n + np.sin(angle) * e, "2": -np.sin(angle) * n + np.cos(angle) * e}
    start = obspy.UTCDateTime(2020, 1, 1)
    header = {"network": "XX", "station": "AAA", "sampling_rate": 20.0, "starttime": start}
    stream = obspy.Stream([obspy.Trace(d, {**header, "channel": f"HH{code}"}) for code, d in data.items()])
    stream.write(str(folder / "a.mseed"), "MSEED")
    pick = Pick(time=start + row["p_index"] / 20, waveform_id=WaveformStreamID("XX", "AAA", channel_code="HHZ"))
    origin = Origin(time=start - 10, latitude=row["source_latitude"], longitude=row["source_longitude"], depth=1e4)
    origin.arrivals.append(Arrival(pick_id=pick.resource_id, phase="P"))
    Catalog([Event(origins=[origin], picks=[pick])]).write(str(folder / "a.quakeml.xml"), "QUAKEML")
    place = {"latitude": row["station_latitude"], "longitude": row["station_longitude"], "elevation": 0.0}
    channels = [
        Channel(f"HH{code}", "", depth=0.0, azimuth=azimuth, dip=dip, sample_rate=20.0, **place)
        for code, azimuth, dip in (("Z", 0.0, -90.0), ("1", 40.0, 0.0), ("2", 130.0, 0.0))
    ]
    station = Station("AAA", channels=channels, site=Site("somewhere"), **place)
    inventory = Inventory(networks=[Network("XX", stations=[station])], source="a test")
    inventory.write(str(folder / "a.station.xml"), "STATIONXML")
    return folder, row, simulated.waveforms[chosen]


class TestMiniseed:
    def test_a_pick_is_cut_turned_and_labelled(self, seismic_files):
        folder, row, original = seismic_files
        found = reading.read([folder])
        assert len(found) == 1
        traces = windows.cut(found, WINDOW)
        assert traces.table["station"][0] == "XX.AAA"
        assert traces.table["origin_time"][0] == pd.Timestamp("2019-12-31T23:59:50Z")
        label = traces.table["back_azimuth_deg"][0]
        direction = back_azimuth(covariances(traces.waveforms[:, :, 64:74]))[0]
        assert circular_error([label], direction)[0] < 35
        p = int(found.table["p_index"][0])
        np.testing.assert_allclose(
            found.waveforms[0][:, p : p + 50],
            original[:, int(row["p_index"]) :][:, :50],
            atol=1e-2 * np.abs(original).max(),
        )

    def test_without_stationxml_components_1_and_2_are_refused(self, seismic_files):
        folder, _, _ = seismic_files
        with pytest.raises(DataError, match="no StationXML says where it points"):
            reading.read([folder / "a.mseed"])

    def test_without_picks_the_arrival_is_picked_and_there_is_no_label(self, seismic_files):
        folder, row, _ = seismic_files
        traces = windows.cut(reading.read([folder / "a.mseed", folder / "a.station.xml"]), WINDOW)
        assert traces.table["picked"][0]
        assert np.isnan(traces.table["back_azimuth_deg"][0])
        assert traces.table["station_latitude"][0] == pytest.approx(row["station_latitude"])

    def test_a_missing_component_is_named(self, seismic_files, tmp_path):
        obspy = pytest.importorskip("obspy")
        folder, _, _ = seismic_files
        stream = obspy.read(str(folder / "a.mseed"))
        stream.remove(stream.select(channel="HH2")[0])
        stream.write(str(tmp_path / "two.mseed"), "MSEED")
        with pytest.raises(DataError, match=r"not three components \(HH1, HHZ\): XX.AAA"):
            reading.read([tmp_path / "two.mseed", folder / "a.station.xml"])

    def test_components_of_different_rates_are_named(self, seismic_files, tmp_path):
        obspy = pytest.importorskip("obspy")
        folder, _, _ = seismic_files
        stream = obspy.read(str(folder / "a.mseed"))
        stream[0].resample(40.0)
        stream.write(str(tmp_path / "mixed.mseed"), "MSEED")
        with pytest.raises(DataError, match="different sampling rates"):
            reading.read([tmp_path / "mixed.mseed", folder / "a.station.xml"])


def test_files_of_no_known_kind(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        reading.read([tmp_path / "nothing.mseed"])
    (tmp_path / "a.xml").write_text("<other/>")
    with pytest.raises(DataError, match="unknown kind"):
        reading.read([tmp_path / "a.xml"])
    (tmp_path / "a.mseed").write_text("nonsense")
    with pytest.raises(DataError, match="is no seismic record; expected one of MSEED, SAC"):
        reading.read([tmp_path / "a.mseed"])
    for text, said in (("<quakeml/>", "cannot be read by obspy"), ("<!DOCTYPE quakeml><quakeml/>", "document type")):
        (tmp_path / "b.xml").write_text(text)
        with pytest.raises(DataError, match=f"b.xml .*{said}"):
            miniseed.read([], [tmp_path / "b.xml"], [])
        (tmp_path / "b.xml").write_text(text.replace("quakeml", "FDSNStationXML"))
        with pytest.raises(DataError, match=f"b.xml .*{said}"):
            miniseed.read([], [], [tmp_path / "b.xml"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no signals"):
        reading.read([tmp_path / "empty"])


def test_an_empty_store_says_how_to_fill_it(tmp_path):
    with pytest.raises(MissingData, match="fetch --recipe_id mine --input"):
        reading.read_stored(tmp_path, "mine")


def test_several_files_are_joined(simulated, tmp_path, caplog):
    one, _ = seisbench.write(few(simulated, range(5)), tmp_path / "one.hdf5")
    two, _ = seisbench.write(few(simulated, range(5, 9)), tmp_path / "two.hdf5")
    with caplog.at_level(logging.WARNING, logger="mleq"):
        joined = reading.read([one, two, tmp_path / "one.csv"])  # the same dataset twice is read once
    assert len(joined) == 9
    assert joined.source == "one.hdf5; two.hdf5"
