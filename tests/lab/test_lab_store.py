"""The csv comes into the store as it is, also after a stop, and bad files are refused with their line."""

import zipfile

import numpy as np
import pytest
from small_experiment import competition_csv

from mleq.errors import DataError, MissingData, RequestError
from mleq.lab import importing
from mleq.lab.segments import segments
from mleq.lab.store import Store, export_npz


@pytest.fixture
def csv(tmp_path, simulated):
    rows = 60_000
    return competition_csv(tmp_path / "train.csv", simulated.signal[:rows], simulated.time_to_failure_s[:rows])


@pytest.fixture
def settings():
    from small_experiment import small_recipe

    return small_recipe().signals


def test_what_was_written_is_read_back(csv, tmp_path, simulated, settings, monkeypatch):
    monkeypatch.setattr(importing, "BLOCK", 100_000)
    monkeypatch.setattr(importing, "PART_ROWS", 17_000)
    store = importing.stored(csv, tmp_path / "data", settings)
    found = store.open()
    assert len(store.parts()) > 2
    np.testing.assert_array_equal(found.signal[:], simulated.signal[:60_000])
    np.testing.assert_allclose(found.time_to_failure_s[:], simulated.time_to_failure_s[:60_000], atol=2e-6)
    inside = simulated.cycles[simulated.cycles["first_row"] < 60_000]
    assert found.cycles["first_row"].tolist() == inside["first_row"].tolist()
    assert not found.cycles["complete"].iloc[[0, -1]].any()
    assert found.sampling_rate_hz == pytest.approx(20_000, rel=1e-3)
    before = store.record.stat().st_mtime_ns
    assert importing.stored(csv, tmp_path / "data", settings).record.stat().st_mtime_ns == before, "not brought twice"


def test_a_stopped_import_goes_on_and_comes_to_the_same(csv, tmp_path, settings, monkeypatch):
    monkeypatch.setattr(importing, "BLOCK", 100_000)
    monkeypatch.setattr(importing, "PART_ROWS", 17_000)
    whole = importing.stored(csv, tmp_path / "whole", settings).open()
    written, original = [], Store.write_part

    def stop_after_two(self, *arguments):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(original(self, *arguments))

    monkeypatch.setattr(Store, "write_part", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        importing.stored(csv, tmp_path / "stopped", settings)
    read = []
    monkeypatch.setattr(Store, "write_part", original)
    parse = importing._parsed
    monkeypatch.setattr(importing, "_parsed", lambda block, *rest: read.append(len(block)) or parse(block, *rest))
    found = importing.stored(csv, tmp_path / "stopped", settings).open()
    assert sum(read) < 0.6 * csv.stat().st_size, "what was finished is not read again"
    assert found.sha256 == whole.sha256
    np.testing.assert_array_equal(found.signal[:], whole.signal[:])
    assert found.cycles.equals(whole.cycles)


def test_the_export_holds_the_whole_record(csv, tmp_path, settings):
    signals = importing.stored(csv, tmp_path / "data", settings).open()
    export_npz(signals, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as found:
        np.testing.assert_array_equal(found["signal"], signals.signal[:])
        np.testing.assert_array_equal(found["time_to_failure_s"], signals.time_to_failure_s[:])
        assert found["cycles_end_row"][-1] == signals.rows


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("signal,time\n1,2\n", "line 1: columns signal, time; expected acoustic_data and time_to_failure"),
        ("acoustic_data,time_to_failure\n", "holds no row"),
        ("acoustic_data,time_to_failure\n1,1.5\n2,\n", "line 3: no value for time_to_failure"),
        (
            "acoustic_data,time_to_failure\n1,1.5\nx,1.4\n",
            "line 3: 'x,1.4'; expected acoustic_data to be a whole number",
        ),
        ("acoustic_data,time_to_failure\n1,1.5\n40000,1.49\n", "line 3: '40000,1.49'; expected acoustic_data to be"),
        ("acoustic_data,time_to_failure\n1,1.5\n7\n", "line 3: '7'; expected 2 values"),
        ("acoustic_data,time_to_failure\n1,1.5\n2,1.6\n", "line 3: the time to failure rises from 1.5 to 1.6 s"),
        ("acoustic_data,time_to_failure\n1,1.5\n2,1.2\n", "line 3: the time falls from 1.5 to 1.2 s: a gap of 0.3 s"),
        ("acoustic_data,time_to_failure\n1,1.5\n2,1.5\n", "the time to failure never falls"),
    ],
)
def test_bad_files_are_refused(text, sentence, tmp_path, settings):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(DataError) as error:
        importing.stored(path, tmp_path / "data", settings)
    assert sentence in str(error.value)


def test_a_record_that_is_not_there(tmp_path):
    with pytest.raises(MissingData, match="there is no record in"):
        Store(tmp_path / "nothing").open()


def segment(path, values):
    path.write_text("acoustic_data\n" + "\n".join(map(str, values)) + "\n")
    return path


def test_segments_from_a_file_a_folder_and_a_zip(tmp_path):
    folder = tmp_path / "test"
    folder.mkdir()
    for number in (2, 1):
        segment(folder / f"seg_{number}.csv", [number] * 8)
    with zipfile.ZipFile(tmp_path / "test.zip", "w") as archive:
        archive.write(folder / "seg_1.csv", "test/seg_1.csv")
        archive.writestr("__MACOSX/test/._seg_1.csv", b"hidden")
    found = list(segments([folder], 8))
    assert [name for name, _ in found] == ["seg_1", "seg_2"]
    assert found[1][1].tolist() == [2] * 8
    ((name, signal),) = segments([tmp_path / "test.zip"], 8)
    assert (name, signal.tolist()) == ("seg_1", [1] * 8)
    with pytest.raises(RequestError, match="two segments are called seg_1"):
        list(segments([folder, tmp_path / "test.zip"], 8))


@pytest.mark.parametrize(
    ("make", "kind", "sentence"),
    [
        (lambda folder: segment(folder / "seg.csv", range(7)), DataError, "holds 7 samples; expected 8"),
        (lambda folder: segment(folder / "seg.csv", [1, 2, "x"]), DataError, "a whole number"),
        (lambda folder: folder, RequestError, "holds no segment"),
        (lambda folder: folder / "seg_9.csv", RequestError, "no such file or folder"),
    ],
)
def test_bad_segments_are_refused(make, kind, sentence, tmp_path):
    with pytest.raises(kind) as error:
        list(segments([make(tmp_path)], 8))
    assert sentence in str(error.value)


def test_a_segment_with_other_columns(tmp_path):
    path = tmp_path / "seg.csv"
    path.write_text("signal\n1\n")
    with pytest.raises(DataError, match="line 1: columns signal; expected acoustic_data"):
        list(segments([path], 1))
