"""Events that another recipe detected, from the folder of its latest run."""

import datetime as dt
import json

import pandas as pd
import pytest

from mleq.catalog.chain import latest_detection, results_in
from mleq.catalog.export import export
from mleq.catalog.files import parse_csv
from mleq.catalog.load import load_events
from mleq.errors import DataError, Failure, MissingData
from mleq.recipe.settings import RecipeCatalog

RUNS = "20260101T000000Z-0123abcd", "20260102T000000Z-0123abcd"


@pytest.fixture
def out(tmp_path, make):
    """Two complete runs that detected 3 and 5 events, a newer one that detects nothing, and one not yet complete."""
    runs = tmp_path / "out" / "detect" / "runs"
    for name, n in zip((*RUNS, "20260103T000000Z-0123abcd", ".unfinished-1"), (3, 5, None, 9), strict=True):
        (runs / name).mkdir(parents=True)
        about = {"start": "2000-01-01T00:00:00+00:00", "end": "2001-01-01T09:00:00+09:00"}
        (runs / name / "summary.json").write_text(json.dumps({"catalog": about}))
        if n:
            export(parse_csv(make.csv(make.yearly(n, mag=2.0)).encode(), "it"), runs / name / "events.parquet")
    with results_in(tmp_path / "out"):
        yield runs


def detected(min_magnitude=1.0, **changes):
    settings = {"source": "recipe", "id": "detect", "start": dt.date(2000, 1, 1), "min_magnitude": min_magnitude}
    return load_events(RecipeCatalog(**settings | changes))


def test_those_of_the_latest_run_that_has_any(out):
    events = detected()
    assert latest_detection("detect") == out / RUNS[1]
    assert len(events) == 5
    assert events.attrs["source"] == f"detected by detect, {RUNS[1]}"
    assert events.attrs["start"] == pd.Timestamp("2000-01-01", tz="UTC")
    assert events.attrs["end"] == pd.Timestamp("2001-01-01", tz="UTC")


def test_the_folder_of_results_is_the_callers_while_it_works(out, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with results_in(tmp_path / "elsewhere"):
        assert latest_detection("detect") is None
    assert latest_detection("detect") is not None


def test_without_a_run_the_remedy_is_to_train(out):
    with pytest.raises(MissingData, match=r"no run with detected events.*cmd/train --recipe_id other"):
        detected(id="other")


@pytest.mark.parametrize("text", ["{", "{}", '{"catalog": {"start": 3}}', '{"catalog": {"start": "x", "end": "y"}}'])
def test_a_damaged_summary_is_a_failure(out, text):
    (out / RUNS[1] / "summary.json").write_text(text)
    with pytest.raises(Failure, match=r"summary\.json cannot be read.*train that recipe again"):
        detected()


def test_too_large_a_magnitude_leaves_nothing(out):
    with pytest.raises(DataError, match=r"events\.parquet: no event of magnitude 3 or more.*lower"):
        detected(3.0)


def test_events_without_a_place_are_left_out(out, make):
    rows = parse_csv(make.csv(make.yearly(4, mag=2.0)).encode(), "it")
    rows.loc[0, "latitude"] = float("nan")
    rows.loc[2, "longitude"] = float("nan")
    export(rows, out / RUNS[1] / "events.parquet")
    assert len(detected()) == 2
    rows["latitude"] = float("nan")
    export(rows, out / RUNS[1] / "events.parquet")
    with pytest.raises(DataError, match=r"with a place; .*or give record\.latitude and record\.longitude"):
        detected()


def test_a_damaged_table_is_a_failure(out):
    (out / RUNS[1] / "events.parquet").write_bytes(b"PAR1")
    with pytest.raises(Failure, match=r"events\.parquet cannot be read.*train that recipe again"):
        detected()
