"""The door `catalog`: a report that can be read, and one that a machine can read, with a drawing."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from mleq.cli.catalog import command
from mleq.errors import DataError, RequestError


@pytest.fixture
def file(tmp_path):
    """Twelve years of events around 35 N 139 E, complete from magnitude 4."""
    rng = np.random.default_rng(1)
    n = 4000
    days = np.sort(rng.uniform(0, 12 * 365.25, n))
    times = np.datetime64("2000-01-01T00:00:00.000") + (days * 86_400_000).astype("timedelta64[ms]")
    lines = ["time,latitude,longitude,depth,mag,magType,id,type"]
    for i, time in enumerate(times):
        lines.append(
            f"{time}Z,{35 + rng.normal(0, 0.5):.3f},{139 + rng.normal(0, 0.5):.3f},10,"
            f"{4 + np.floor(rng.exponential(4.343)) / 10:.1f},mb,e{i},earthquake"
        )
    path = tmp_path / "events.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def call(*words):
    result = CliRunner().invoke(command, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_report(file, tmp_path):
    said = call("--catalog", file, "--plot", tmp_path / "a.png")
    assert "note: 90 % goodness of fit is right where detection ends sharply and too low where it fades" in said
    for words in ("events.csv: 4,000 events", "events per year", "magnitude types", "mb 1.00", "2000-01 to ", "b = "):
        assert words in said
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


def test_json_and_where_the_drawing_goes(file, tmp_path):
    answer = json.loads(call("--catalog", file, "--out_dir", tmp_path / "out", "--json"))
    assert answer["events"] == 4000
    assert abs(answer["latest"]["b_value"] - 1) < 0.15
    assert answer["latest"]["completeness_magnitude"] in (4.0, 4.1, 4.2)
    assert (tmp_path / "out" / "catalog.png").is_file()


def test_the_neighbourhood_of_a_recipe(file, tmp_path):
    recipe = {
        "id": "here",
        "family": "catalog",
        "catalog": {"source": "usgs", "start": "2000-01-01", "min_magnitude": 4.0},
        "target": {"latitude": 35.0, "longitude": 139.0, "radius_km": 100, "magnitude": 5.0},
        "split": {"validation": 0.2, "test": 0.2},
        "model": {"name": "convlstm"},
    }
    (tmp_path / "recipe.json").write_text(json.dumps({"format": 1, "recipes": [recipe]}))
    options = ("--recipe", tmp_path / "recipe.json", "--recipe_id", "here", "--out_dir", tmp_path)
    said = call(*options, "--catalog", file)
    assert "target magnitude 5: complete since 2000-01-01, by the estimator that counts" in said
    assert (tmp_path / "here" / "catalog.png").is_file()


def test_a_conversion_is_stated(file, tmp_path):
    catalog = {"source": "usgs", "start": "2000-01-01", "min_magnitude": 4.0, "magnitude_conversion": "scordilis_2006"}
    recipe = {
        "id": "here",
        "family": "catalog",
        "catalog": catalog,
        "target": {"latitude": 35.0, "longitude": 139.0, "radius_km": 100, "magnitude": 5.0},
        "split": {"validation": 0.2, "test": 0.2},
        "model": {"name": "convlstm"},
    }
    (tmp_path / "recipe.json").write_text(json.dumps({"format": 1, "recipes": [recipe]}))
    said = call("--recipe", tmp_path / "recipe.json", "--recipe_id", "here", "--out_dir", tmp_path, "--catalog", file)
    assert "magnitudes converted to moment magnitude by Scordilis (2006), doi:" in said


def test_many_years_are_shown_in_periods_of_five(tmp_path):
    rng = np.random.default_rng(2)
    lines = ["time,latitude,longitude,depth,mag,magType,id,type"]
    for year in range(1980, 2000):
        for number in range(60 if year < 1985 else 30):
            magnitude = 4 + np.floor(rng.exponential(4.343)) / 10
            lines.append(f"{year}-03-01T00:{number:02d}:00Z,35,139,10,{magnitude:.1f},mb,e{year}{number},earthquake")
    (tmp_path / "long.csv").write_text("\n".join(lines) + "\n")
    said = call("--catalog", tmp_path / "long.csv", "--out_dir", tmp_path)
    rows = [line.split() for line in said.splitlines() if line.startswith("  19") and "-" in line.split()[0]]
    assert [row[0] for row in rows][:4] == ["1980-1984", "1985-1989", "1990-1994", "1995-1999"]
    assert sum(float(value) for value in rows[0][1:]) == pytest.approx(60, abs=1)


def test_an_empty_store_says_how_to_fill_it(tmp_path):
    with pytest.raises(RequestError, match="holds nothing yet.*cmd/fetch"):
        call("--data_dir", tmp_path)


def test_too_few_events(tmp_path):
    (tmp_path / "a.csv").write_text("time,latitude,longitude,depth,mag,id\n2000-01-01T00:00:00Z,1,2,3,4,a\n")
    with pytest.raises(DataError, match="1 events are too few"):
        call("--catalog", tmp_path / "a.csv")


def test_help_has_an_example():
    assert "mleq catalog --recipe_id tokyo" in call("--help")
