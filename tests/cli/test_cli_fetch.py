"""The door `fetch`, from the options to the answer."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from mleq.cli.fetch import command
from mleq.errors import RequestError


@pytest.fixture
def door(service, make, tmp_path, monkeypatch):
    service.rows = make.yearly(100)
    monkeypatch.setenv("MLEQ_USGS_URL", service.url)
    monkeypatch.setenv("MLEQ_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def call(*words, code=0):
        result = CliRunner().invoke(command, list(words), catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout

    return call


YEAR = ("--start", "2000-01-01", "--end", "2001-01-01", "--min_magnitude", "4")


def test_it_says_what_it_brought_and_what_changed(door, service):
    said = door(*YEAR)
    assert "brought 100 events in" in said
    assert "holds 100 events: 2000-01-01 to 2001-01-01, M >= 4" in said
    service.rows[0] |= {"mag": 6.0, "updated": "2020-01-01T00:00:00Z"}
    service.rows[1] |= {"status": "deleted", "updated": "2020-01-01T00:00:00Z"}
    assert "revisions: 0 new, 1 revised, 1 deleted events" in door(*YEAR)


def test_json(door, tmp_path):
    answer = json.loads(door(*YEAR, "--json"))
    assert (answer["events"], answer["held"], answer["new"], answer["damaged"]) == (100, 100, 0, [])
    assert answer["store"] == str(tmp_path / "data" / "usgs")


def test_options_may_have_hyphens(door):
    assert "100 events" in door("--start", "2000-01-01", "--end", "2001-01-01", "--min-magnitude", "4")


def test_verify_fails_where_counts_differ_and_repair_mends_it(door, service, make):
    door(*YEAR)
    assert "0 differ" in door("--verify")
    del service.rows[3]
    said = door("--verify", code=1)
    assert "differs: 2000-01-01" in said
    assert "1 differ" in said
    assert json.loads(door("--verify", "--json", code=1))["differences"][0]["counted"] >= 0
    assert "1 differ, fetched again" in door("--repair")
    assert "0 differ" in door("--verify")


def test_verify_finds_damage_too_and_repair_mends_it(door, tmp_path):
    door(*YEAR, "--snapshot", "paper")
    partition = next((tmp_path / "data" / "usgs" / "events").iterdir())
    content = partition.read_bytes()
    partition.write_bytes(content[:-9])
    assert "M >= 4: damaged, " in door("--verify", code=1)
    assert json.loads(door("--verify", "--json", code=1))["differences"][0]["damaged"]
    assert "1 differ, fetched again" in door("--repair")
    assert "0 differ" in door("--verify")


@pytest.mark.parametrize("name", ["e.csv", "e.csv.gz", "e.parquet"])
def test_an_export_can_be_read_again(door, service, tmp_path, name):
    from mleq.catalog.files import read_files
    from mleq.catalog.store import Store

    service.rows[5] |= {"type": "quarry blast", "depth": "", "place": 'a "quarry", really'}
    assert f"wrote 100 events to {name}" in door(*YEAR, "--export", name)
    raw, held = read_files([tmp_path / name]), Store.of(tmp_path / "data").read()
    pd.testing.assert_frame_equal(raw, held)


def test_an_export_alone_asks_the_service_nothing(door, service, tmp_path):
    door(*YEAR)
    service.asked.clear()
    door("--export", "e.geojson")
    assert service.asked == []
    features = json.loads((tmp_path / "e.geojson").read_text())["features"]
    assert len(features) == 100
    assert features[0]["geometry"]["coordinates"] == [139.0, 35.0, 10.0]
    assert features[0]["properties"]["time"] == 946684800000


def test_quakeml(door, tmp_path):
    obspy = pytest.importorskip("obspy")
    door(*YEAR, "--export", "e.xml")
    events = obspy.read_events(str(tmp_path / "e.xml"))
    assert len(events) == 100
    assert events[0].origins[0].depth == 10_000
    assert events[0].magnitudes[0].mag == 5.0

    from mleq.catalog.files import read_files

    raw = read_files([tmp_path / "e.xml"])
    assert raw["id"].tolist() == [f"y2000n{i:05d}" for i in range(100)]
    assert raw.loc[0, ["depth", "mag", "type", "status"]].tolist() == [10.0, 5.0, "earthquake", "reviewed"]
    assert raw.loc[0, "updated"] == pd.Timestamp("2000-02-10", tz="UTC")


def test_a_snapshot(door, tmp_path):
    said = door(*YEAR, "--snapshot", "paper")
    assert "snapshot paper: " in said
    assert (tmp_path / "data" / "usgs" / "snapshots" / "paper.json").is_file()


def test_a_recipe_says_what_to_bring(door, service, tmp_path):
    (tmp_path / "recipe.json").write_text(json.dumps({"format": 1, "recipes": [RECIPE]}))
    assert json.loads(door("--recipe_id", "here", "--json"))["events"] == 100
    assert service.of("count")[0]["starttime"] == "2000-01-01T00:00:00.000"
    assert service.of("count")[0]["minmagnitude"] == "4.0"


RECIPE = {
    "id": "here",
    "family": "catalog",
    "catalog": {"source": "usgs", "start": "2000-01-01", "end": "2001-01-01", "min_magnitude": 4.0},
    "target": {"latitude": 35.0, "longitude": 139.0, "radius_km": 150, "magnitude": 5.0},
    "split": {"validation": 0.2, "test": 0.2},
    "model": {"name": "convlstm"},
}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--start", "2000-01-01"), "--start needs --min_magnitude"),
        (("--end", "2000-01-01"), "need --start"),
        (("--start", "tomorrow", "--min_magnitude", "4"), "--start 'tomorrow' is no date"),
        (("--start", "2001-01-01", "--end", "2000-01-01", "--min_magnitude", "4"), "not later than"),
        (("--start", "2001-01-01", "--min_magnitude", "40"), "--min_magnitude 40"),
        ((*YEAR, "--export", "events.doc"), "cannot export to 'events.doc'"),
        ((*YEAR, "--snapshot", "../evil"), "'../evil' cannot name a snapshot"),
        (("--recipe_id", "demo"), "takes its events from no service"),
        (("--recipe_id", "tokio"), "tokio"),
        ((*YEAR, "--usgs_url", "earthquake.usgs.gov"), "no address of an event service"),
    ],
)
def test_mistakes_are_answered_before_anything_is_asked(door, service, words, message):
    with pytest.raises(RequestError, match=message) as caught:
        door(*words)
    assert caught.value.exit_code == 2
    assert service.asked == []


def test_nothing_asked_for_is_a_mistake(door):
    door(code=2)


def test_help_has_an_example(door):
    assert "mleq fetch --recipe_id tokyo" in door("--help")
