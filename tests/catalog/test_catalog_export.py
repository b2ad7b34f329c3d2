"""What is exported is read again as it was, by this reader and by the formats' own."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from mleq.catalog.export import export, to_csv, to_csv_gz, writer_for
from mleq.catalog.files import parse_csv, read_file
from mleq.errors import RequestError


@pytest.fixture
def raw(make):
    rows = make.yearly(5, place='off "Honshu", Japan é', nst=12, rms=0.5)
    rows[1] |= {"depth": "", "magType": "mww", "updated": "2001-01-01T00:00:00.123Z", "nst": ""}
    rows[2]["type"] = "nuclear explosion"
    return parse_csv(make.csv(rows).encode(), "it")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
def test_every_column_comes_back(raw, name, tmp_path):
    export(raw, tmp_path / name)
    pd.testing.assert_frame_equal(read_file(tmp_path / name), raw)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_quakeml_keeps_what_it_has_a_place_for(raw, tmp_path):
    pytest.importorskip("obspy")
    raw = raw.assign(status=["reviewed", "automatic", "", "reviewed", "reviewed"])
    raw.loc[3, "updated"] = pd.NaT
    export(raw, tmp_path / "a.xml")
    found = read_file(tmp_path / "a.xml")
    kept = ["id", "time", "latitude", "longitude", "depth", "mag", "magType", "place", "type", "status", "updated"]
    pd.testing.assert_frame_equal(found[kept], raw[kept], check_exact=False)


def test_geojson_is_the_services(raw, tmp_path):
    export(raw, tmp_path / "a.geojson")
    said = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    assert (said["type"], said["metadata"]["count"], len(said["features"])) == ("FeatureCollection", 5, 5)
    first, second = said["features"][:2]
    assert first["geometry"] == {"type": "Point", "coordinates": [139.0, 35.0, 10.0]}
    assert second["geometry"]["coordinates"][2] is None
    assert pd.Timestamp(first["properties"]["time"], unit="ms", tz="UTC") == raw.loc[0, "time"]
    assert second["properties"]["updated"] == 978307200123
    assert first["properties"]["place"] == raw.loc[0, "place"]
    assert not {"id", "latitude", "longitude", "depth"} & set(first["properties"])


def test_csv_is_written_as_the_service_writes_it(raw):
    header, first, second, *_ = to_csv(raw).decode().splitlines()
    assert header.startswith("time,latitude,longitude,depth,mag,magType,nst,")
    assert first.startswith('"2000-01-01T00:00:00.000Z",35,139,10,5,,12,')
    assert '"off ""Honshu"", Japan é"' in first
    assert second.startswith('"2000-03-14T00:00:00.000Z",35,139,,5,"mww",,'), "an unknown number is empty, no zero"


def test_finer_times_keep_their_microseconds(raw):
    raw.loc[0, "time"] += pd.Timedelta(microseconds=7)
    assert to_csv(raw).startswith(b"time,")
    assert b"2000-01-01T00:00:00.000007Z" in to_csv(raw)


def test_the_same_rows_make_the_same_bytes(raw):
    assert to_csv_gz(raw) == to_csv_gz(raw.copy())
    assert gzip.decompress(to_csv_gz(raw)) == to_csv(raw)


def test_a_kind_that_is_unknown_is_refused_before_any_work(tmp_path):
    with pytest.raises(RequestError, match=r"cannot export to 'a\.xlsx'; expected a name that ends in \.csv, .*\.xml"):
        writer_for(tmp_path / "a.xlsx")
    assert writer_for(tmp_path / "A.CSV.GZ") is to_csv_gz


def test_quakeml_without_obspy_says_what_to_install(raw, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "obspy", None)
    with pytest.raises(RequestError, match=r'pip install "mleq\[waveform\]"'):
        export(raw, tmp_path / "a.xml")
    assert np.array_equal(list(tmp_path.iterdir()), [])
