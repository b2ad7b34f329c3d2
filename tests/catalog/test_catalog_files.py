"""Reading catalogue files: whole, or refused with the place of what is wrong."""

import gzip
import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mleq.catalog import columns
from mleq.catalog.files import parse_csv, read_files
from mleq.errors import DataError

HEADER = (
    "time,latitude,longitude,depth,mag,magType,nst,gap,dmin,rms,net,id,updated,place,type,horizontalError,"
    "depthError,magError,magNst,status,locationSource,magSource\n"
)
TOKYO = (
    '2011-03-11T05:46:24.120Z,38.297,142.373,29,9.1,mww,541,9.5,,1.16,us,official1,2022-06-29T17:04:36.040Z,'
    '"2011 Great ""Tohoku"" Earthquake, Japan",earthquake,,,,,reviewed,us,us\n'
)  # fmt: skip


def row(
    time="2012-01-01T00:00:00.000Z",
    latitude="1",
    longitude="2",
    depth="10",
    mag="5",
    id="a",
    updated="2013-01-01T00:00:00Z",
):
    measured = f"{time},{latitude},{longitude},{depth},{mag},mb,,,,,us"
    return f"{measured},{id},{updated},here,earthquake,,,,,reviewed,us,us\n"


def write(path, *rows, header=HEADER):
    path.write_text(header + "".join(rows))
    return path


def test_quoted_places_and_empty_values(tmp_path):
    raw = read_files([write(tmp_path / "a.csv", TOKYO)])
    assert list(raw.columns) == list(columns.COLUMNS)
    assert raw.loc[0, "place"] == '2011 Great "Tohoku" Earthquake, Japan'
    assert raw.loc[0, "time"] == pd.Timestamp("2011-03-11T05:46:24.120Z")
    assert raw.loc[0, "mag"] == 9.1
    assert raw.loc[0, "nst"] == 541
    assert np.isnan(raw.loc[0, "dmin"])


def test_gzip_and_parquet_hold_the_same(tmp_path):
    import pyarrow.parquet as pq

    plain = read_files([write(tmp_path / "a.csv", TOKYO, row())])
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    pq.write_table(columns.to_arrow(plain), tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read_files([tmp_path / "a.csv.gz"]), plain)
    pd.testing.assert_frame_equal(read_files([tmp_path / "a.parquet"]), plain)


def test_the_events_table_itself_can_be_read_back(tmp_path):
    frame = pd.DataFrame(
        {
            "id": ["a"],
            "origin_time": [pd.Timestamp("2012-01-01", tz="UTC")],
            "latitude": [1.0],
            "longitude": [2.0],
            "depth_km": [3.0],
            "magnitude": [4.5],
            "type": ["earthquake"],
        }
    )
    frame.to_parquet(tmp_path / "events.parquet")
    frame.to_csv(tmp_path / "events.csv", index=False)
    for name in ("events.parquet", "events.csv"):
        raw = read_files([tmp_path / name])
        assert raw.loc[0, ["id", "depth", "mag"]].tolist() == ["a", 3.0, 4.5]
        assert raw.loc[0, "time"] == frame.loc[0, "origin_time"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2012-01-01T09:00:00+09:00", "2012-01-01T00:00:00Z"),
        ("2012-01-01T00:00:00", "2012-01-01T00:00:00Z"),
        ("2012-01-01 00:00:00.5", "2012-01-01T00:00:00.5Z"),
        ("2012-01-01", "2012-01-01T00:00:00Z"),
        ("1902-05-08T08:00:00.000Z", "1902-05-08T08:00:00Z"),
    ],
)
def test_zones_are_converted_and_no_zone_means_utc(tmp_path, text, moment):
    raw = read_files([write(tmp_path / "a.csv", row(time=text), TOKYO)])
    assert pd.Timestamp(moment) in set(raw["time"])
    assert raw["time"].is_monotonic_increasing


def test_rows_out_of_order_are_sorted(tmp_path):
    raw = read_files([write(tmp_path / "a.csv", row(id="late"), TOKYO)])
    assert raw["id"].tolist() == ["official1", "late"]


def test_the_latest_revision_of_an_id_stays(tmp_path, caplog):
    first = write(tmp_path / "a.csv", row(mag="5", updated="2014-01-01T00:00:00Z"))
    second = write(tmp_path / "b.csv", row(mag="4", updated="2013-01-01T00:00:00Z"), row(id="b"))
    with caplog.at_level(logging.WARNING, "mleq"):
        raw = read_files([first, second])
    assert dict(zip(raw["id"], raw["mag"], strict=True)) == {"a": 5.0, "b": 5.0}
    assert "1 rows repeat" in caplog.text


def test_columns_of_another_catalogue_can_be_mapped(tmp_path):
    path = tmp_path / "isc.csv"
    path.write_text("when,latitude,longitude,depth,M,id\n2012-01-01T00:00:00Z,1,2,3,4.5,x\n")
    raw = read_files([path], {"time": "when", "mag": "M"})
    assert raw.loc[0, "mag"] == 4.5
    assert raw.loc[0, "type"] == "earthquake"


ISC = "when,latitude,longitude,depth,M,mag,id\n2012-01-01T00:00:00Z,1,2,3,4.5,9.9,x\n"


def test_a_mapped_column_wins_over_one_that_has_the_name_already(tmp_path):
    (tmp_path / "isc.csv").write_text(ISC)
    assert read_files([tmp_path / "isc.csv"], {"time": "when", "mag": "M"})["mag"].tolist() == [4.5]


def test_a_file_of_the_usgs_may_be_read_beside_one_with_mapped_columns(tmp_path):
    (tmp_path / "isc.csv").write_text(ISC)
    raw = read_files([tmp_path / "isc.csv", write(tmp_path / "a.csv", TOKYO)], {"time": "when", "mag": "M"})
    assert raw["mag"].tolist() == [9.1, 4.5]


def test_a_mapped_column_that_is_not_there_is_named(tmp_path):
    (tmp_path / "isc.csv").write_text(ISC)
    with pytest.raises(DataError, match="isc.csv: no column 'origin', which catalog.columns gives for time; there"):
        read_files([tmp_path / "isc.csv"], {"time": "origin"})
    with pytest.raises(DataError, match="time is missing.*say so in the recipe"):
        read_files([tmp_path / "isc.csv"])


def test_the_columns_that_a_recipe_may_map_are_those_of_the_catalogue():
    import typing

    from mleq.recipe.settings import Column

    assert typing.get_args(Column) == columns.COLUMNS


def bad(tmp_path, content, match, name="bad.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=match) as caught:
        read_files([path])
    assert name in str(caught.value)


def test_no_such_file(tmp_path):
    with pytest.raises(DataError, match="nothing.csv: no such file"):
        read_files([tmp_path / "nothing.csv"])


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        read_files([tmp_path])


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path):
    bad(tmp_path, "time,latitude,depth,id\n", "longitude, mag are missing; there are: time, latitude, depth, id")


def test_a_column_twice(tmp_path):
    bad(tmp_path, HEADER.replace("magSource", "mag"), "mag stands there more than once")


def test_an_empty_file(tmp_path):
    bad(tmp_path, "", "is empty")
    bad(tmp_path, b"", "is empty", "bad.parquet")


def test_a_cut_gzip(tmp_path):
    whole = gzip.compress((HEADER + "".join(row(id=f"e{i}") for i in range(2000))).encode())
    bad(tmp_path, whole[: len(whole) // 2], "cut short or damaged", "bad.csv.gz")
    bad(tmp_path, whole[:-4], "cut short or damaged", "bad.csv.gz")
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 255
    bad(tmp_path, bytes(damaged), "cut short or damaged", "bad.csv.gz")


def test_something_else_that_is_called_parquet(tmp_path):
    bad(tmp_path, "<html></html>", "cannot be read as Parquet", "bad.parquet")


def test_a_parquet_text_that_is_no_utf8(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    times = pa.array([b"2010-01-0\xe1T13:00:00.000Z"]).view(pa.string())
    rest = {"id": ["a"], "latitude": [1.0], "longitude": [2.0], "depth": [3.0], "mag": [4.0]}
    path = tmp_path / "events.parquet"
    pq.write_table(pa.table({"time": times, **rest}), path)
    with pytest.raises(DataError, match="a column has values of another type"):
        read_files([path])


def test_html_and_binary(tmp_path):
    bad(tmp_path, "<!DOCTYPE html>\n<html></html>", "are missing")
    bad(tmp_path, b"\xff\xfe\x00\x01", "not text")
    bad(
        tmp_path,
        HEADER.encode() + row().encode() + row(id="caf\xe9").encode("latin-1"),
        "3: a byte that is not UTF-8",
    )


@pytest.mark.parametrize(
    "broken",
    [
        row(time="yesterday"),
        row(time=""),
        row(latitude="north"),
        row(latitude="91"),
        row(longitude=""),
        row(longitude="400"),
        row(mag="strong"),
        row(mag="99"),
        row(depth="inf"),
        row(id=""),
        row(updated="never"),
        "only,three,values\n",
        row().strip() + ",one more\n",
    ],
)
def test_unreadable_rows_are_counted_and_their_lines_named(tmp_path, broken):
    bad(tmp_path, HEADER + TOKYO + broken + row(id="b") + broken, r"2 of 4 rows cannot be read \(lines 3, 5\)")


def test_only_the_first_lines_are_listed(tmp_path):
    bad(tmp_path, HEADER + row(time="x") * 9, r"9 of 9 rows cannot be read \(lines 2, 3, 4, 5, 6, \.\.\.\)")


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    raw = read_files([write(tmp_path / "a.csv")])
    assert raw.empty
    assert list(raw.columns) == list(columns.COLUMNS)


event = st.fixed_dictionaries(
    {
        "time": st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2100-01-01")),
        "latitude": st.floats(-90, 90),
        "longitude": st.floats(-360, 360),
        "depth": st.one_of(st.none(), st.floats(-10, 800)),
        "mag": st.one_of(st.none(), st.floats(-3, 10)),
        "place": st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=20),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(event, min_size=1, max_size=8))
def test_every_value_survives_the_csv(events):
    import csv
    import io

    text = io.StringIO()
    names = ["id", *events[0]]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for number, values in enumerate(events):
        writer.writerow({"id": f"e{number}", **values, "time": values["time"].isoformat() + "Z"})
    raw = parse_csv(text.getvalue().encode(), "test").set_index("id")
    for number, values in enumerate(events):
        found = raw.loc[f"e{number}"]
        assert found["time"] == pd.Timestamp(values["time"], tz="UTC")
        for name in ("latitude", "longitude", "depth", "mag"):
            assert found[name] == values[name] or (values[name] is None and np.isnan(found[name]))
        assert found["place"].strip() == values["place"].strip()


def test_the_real_catalogue(world_csv):
    raw = read_files([world_csv])
    assert len(raw) == 366_028
    assert raw["id"].is_unique
    assert raw["depth"].isna().sum() == 3
    assert (raw["type"] != "earthquake").sum() == 657


def test_something_else_that_is_called_quakeml(tmp_path):
    pytest.importorskip("obspy")
    bad(tmp_path, "<html></html>", "cannot be read as QuakeML", "bad.xml")
    with pytest.raises(DataError, match="nothing.xml: no such file"):
        read_files([tmp_path / "nothing.xml"])


def test_quakeml_without_origin_or_magnitude(tmp_path):
    event = pytest.importorskip("obspy.core.event")
    from obspy import UTCDateTime

    place = event.Origin(time=UTCDateTime(2000, 1, 1), latitude=1.0, longitude=2.0)
    event.Catalog([event.Event(origins=[place])]).write(str(tmp_path / "a.xml"), format="QUAKEML")
    raw = read_files([tmp_path / "a.xml"])
    assert np.isnan(raw.loc[0, "mag"])
    assert np.isnan(raw.loc[0, "depth"])
    event.Catalog([event.Event()]).write(str(tmp_path / "b.xml"), format="QUAKEML")
    with pytest.raises(DataError, match="has no origin"):
        read_files([tmp_path / "b.xml"])


class TestParquet:
    """Tables that another program wrote."""

    TABLE = {"id": ["a", "b"], "latitude": [1.0, 2.0], "longitude": [3.0, 4.0], "depth": 1.0, "mag": [4.0, 5.0]}

    def written(self, tmp_path, **columns):
        pd.DataFrame({**self.TABLE, **columns}).to_parquet(tmp_path / "other.parquet")
        return tmp_path / "other.parquet"

    def test_times_as_text_are_read(self, tmp_path):
        path = self.written(tmp_path, time=["2000-01-01T09:00:00+09:00", "2000-01-02"])
        assert read_files([path])["time"].tolist() == [pd.Timestamp(f"2000-01-0{day}", tz="UTC") for day in (1, 2)]

    def test_a_row_without_a_time_or_a_place_is_named(self, tmp_path):
        path = self.written(tmp_path, time=["2000-01-01", "yesterday"])
        with pytest.raises(DataError, match=r"1 of 2 rows cannot be read \(rows 2\); expected an id, a time"):
            read_files([path])
        path = self.written(tmp_path, time=["2000-01-01", "2000-01-02"], latitude=[np.nan, 2.0])
        with pytest.raises(DataError, match=r"\(rows 1\)"):
            read_files([path])

    def test_a_column_of_another_kind_is_refused(self, tmp_path):
        path = self.written(tmp_path, time=["2000-01-01", "2000-01-02"], mag=["four", "five"])
        with pytest.raises(DataError, match="a column has values of another type"):
            read_files([path])

    def test_an_empty_file_is_said_to_be_empty(self, tmp_path):
        (tmp_path / "other.parquet").write_bytes(b"")
        with pytest.raises(DataError, match="is empty; expected a Parquet file"):
            read_files([tmp_path / "other.parquet"])


def test_rows_of_another_length_are_named_and_empty_lines_passed_over(tmp_path):
    """Read line by line once the quick reader gives up."""
    text = "time,latitude,longitude,depth,mag,id\n2000-01-01,1,2,3,4,a\n\n2000-01-02,1,2,3,4,b\n2000-01-03,1,2\n"
    bad(tmp_path, text, r"line.* 5")


def test_a_file_that_may_not_be_read_says_so(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("time")

    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(DataError, match=r"a\.csv: no permission to read it"):
        read_files([tmp_path / "a.csv"])
