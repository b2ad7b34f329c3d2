"""Seismic records in the formats that obspy reads, but for those that run code or lead to other files."""

import os
import pickle

import numpy as np
import pytest

from mleq.errors import DataError
from mleq.experiment.waveforms import FORMATS, read_stream

obspy = pytest.importorskip("obspy")


def stream():
    values = np.arange(400, dtype=np.int32)
    header = {"network": "XX", "station": "AAA", "channel": "HHZ", "sampling_rate": 20.0}
    return obspy.Stream([obspy.Trace(values, header)])


class Planted:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.makedirs, (str(self.folder),)


@pytest.mark.parametrize("kind", ["MSEED", "SAC", "GSE2", "SLIST", "TSPAIR"])
def test_a_record_is_read_whatever_its_file_is_called(kind, tmp_path):
    path = tmp_path / "one [1].bin"  # brackets are no pattern of names
    stream().write(str(path), kind)
    found = read_stream(path)
    np.testing.assert_array_equal(found[0].data, np.arange(400))
    assert read_stream(path, headers_only=True)[0].stats.npts == 400


def test_a_pickle_is_not_even_looked_into(tmp_path):
    planted = tmp_path / "planted"
    content = pickle.dumps((b"obspy.core.stream", Planted(planted)))
    assert b"obspy.core.stream" in content[:100], "by which obspy takes a pickle for one of its own"
    path = tmp_path / "record.mseed"
    path.write_bytes(content)
    with pytest.raises(DataError, match="is no seismic record"):
        read_stream(path)
    assert not planted.exists()
    pickle.loads(content)
    assert planted.exists(), "or the test would show nothing"


def test_a_file_of_another_kind_is_refused_by_name(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing of the kind")
    with pytest.raises(DataError, match=r"notes.txt is no seismic record; expected one of MSEED, SAC.*Unpack"):
        read_stream(tmp_path / "notes.txt")


def test_obspy_knows_all_the_formats_and_those_left_out_are_left_out():
    from obspy.core.util.base import ENTRY_POINTS

    assert set(FORMATS) <= set(ENTRY_POINTS["waveform"])
    assert not {"PICKLE", "CSS", "NNSA_KB_CORE", "Q"} & set(FORMATS)
