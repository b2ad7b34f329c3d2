"""The record of what was forecast: predict, ledger, nightly, prune."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from mleq import api, atomic, nightly, registry
from mleq.cli import ledger as cli_ledger
from mleq.experiment import ledger, provenance

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def where(trained, tmp_path):
    """A copy of the trained folder, as options."""
    shutil.copytree(trained, tmp_path / "copy")
    return "--out_dir", tmp_path / "copy" / "out", "--recipe", tmp_path / "copy" / "recipe.json"


def predict(mleq, where, *dates):
    words = [word for date in dates for word in ("--target_date", date)]
    return mleq("predict", "--recipe_id", "small", *where, *words)


def test_every_forecast_asked_for_is_recorded_and_drawn_as_a_map(mleq, where):
    out = where[1]
    assert predict(mleq, where, "2003-01-01", "2003-01-02").code == 0
    answer = predict(mleq, where, "2003-01-01")
    assert "no warning system" in answer.out
    assert "https://www.jma.go.jp/" in answer.out
    lines = list(ledger.read(out))
    assert [line["entry"]["target_date"] for line in lines] == ["2003-01-01", "2003-01-02", "2003-01-01"]
    assert not any(line["prospective"] for line in lines), "recorded long after the day"
    assert all(len(line["entry"]["catalog"]["sha256"]) == 64 for line in lines)
    features = json.loads((out / "predictions.geojson").read_text())["features"]
    assert [one["properties"]["target_date"] for one in features] == ["2003-01-02", "2003-01-01"]
    assert mleq("ledger", "verify", "--out_dir", out).out.count("3 lines") == 1


def test_a_changed_line_is_found_and_nothing_is_scored_with_it(mleq, where):
    out = where[1]
    predict(mleq, where, "2003-01-01", "2003-01-02")
    path = ledger.ledger_file(out)
    path.write_text(path.read_text().replace('"2003-01-02"', '"2003-01-03"'))
    answer = mleq("ledger", "verify", "--out_dir", out)
    assert answer.code == 1
    assert "line 2 was changed" in answer.out
    assert mleq("ledger", "verify", "--out_dir", out, "--json").json["sound"] is False
    assert mleq("ledger", "score", "--out_dir", out).code == 1
    assert mleq("prune", "--keep", 1, "--out_dir", out).code == 1


def test_forecasts_made_in_time_are_scored_once_the_catalogue_has_settled(mleq, where, monkeypatch):
    out = where[1]
    predict(mleq, where, "2003-05-01")
    monkeypatch.setattr(provenance, "now", lambda: "1999-12-31T00:00:00+00:00")
    days = [f"2003-{month:02d}-{day:02d}" for month in (1, 2, 3) for day in range(1, 29)]
    predict(mleq, where, *days, "2004-02-05")
    predict(mleq, where, days[0])
    answer = mleq("ledger", "score", *where[:2], "--json").json
    (one,) = answer["recipes"]
    assert (one["issued"], one["prospective"], one["replaced"]) == (87, 86, 1)
    assert (one["scored"], one["waiting"]) == (84, 1), "2004-02-05 lies a few days before the catalogue's end"
    assert one["event_days"] == sum(day["observed"] for day in one["days"])
    assert 0 < one["event_days"] < 84
    held = _observed(out)
    assert all(held.get(day["target_date"], day["observed"]) == day["observed"] for day in one["days"])
    assert one["scores"]["log_score"]["value"] > 0
    assert "reason" in one["scores"]["log_score"], "84 days are too few blocks for an interval"
    assert json.loads((out / "ledger_scores.json").read_text()) == answer
    answer = mleq("ledger", "score", *where[:2])
    assert "in time" in answer.out
    assert "small: No verdict" in answer.out
    assert "small: bringing what happened since" in answer.err
    assert "small: seeing what came true of 87 forecasts" in answer.err


def test_forecasts_from_a_catalogue_that_had_ended_long_before_do_not_count(mleq, where, monkeypatch):
    monkeypatch.setattr(provenance, "now", lambda: "1999-12-31T00:00:00+00:00")
    predict(mleq, where, "2003-05-01", "2003-05-02")
    lines = list(ledger.read(where[1]))
    lines[0]["entry"]["catalog_end"] = "2003-04-01T00:00:00+00:00"
    recipe = api.load_recipe("small", where[3])
    score = registry.family(recipe.family).score_issued
    found = score(recipe, api.load_events(recipe), lines)
    assert (found["issued"], found["prospective"], found["blind"], found["scored"]) == (2, 1, 1, 1)
    assert found["days"][0]["target_date"] == "2003-05-02"
    alone = score(recipe, api.load_events(recipe), lines[:1])
    assert alone["verdict"].endswith("came from a catalogue that had ended long before.")
    said = "\n".join(cli_ledger.lines({"recipes": [found]}))
    assert "small: 1 more were recorded in time, from a catalogue that had ended over a week before" in said


def test_a_simulation_is_scored_against_itself_whatever_file_is_given(mleq, where, tmp_path):
    predict(mleq, where, "2003-05-01")
    file = tmp_path / "real.csv"
    file.write_text(
        "time,latitude,longitude,depth,mag,magType,id,type\n2003-04-01T00:00:00Z,35.0,139.0,10,5.0,mw,a,earthquake\n"
    )
    (one,) = mleq("ledger", "score", *where[:2], "--catalog", file, "--json").json["recipes"]
    assert one["catalog"]["source"].startswith("simulated")
    assert one["verdict"] == "No verdict: no forecast was recorded before its period began."


def _observed(out):
    """What the run itself observed, of the days that lie in its parts."""
    import pandas as pd

    (run,) = (out / "small" / "runs").iterdir()
    table = pd.read_parquet(run / "forecasts.parquet")
    return dict(zip(table["target_date"].dt.strftime("%Y-%m-%d"), table["observed"], strict=True))


def test_freezing_a_snapshot_to_score_against_is_told(tmp_path, caplog, monkeypatch):
    frozen = []

    class Empty:
        def snapshots(self):
            return frozen

        def freeze(self, name):
            frozen.append(name)

    monkeypatch.setattr("mleq.catalog.store.Store.of", lambda *place: Empty())
    caplog.set_level("INFO", logger="mleq")
    for _ in range(2):
        nightly._freeze(SimpleNamespace(url=None), tmp_path, "2026-12")
    assert caplog.text.count("freezing the store as the snapshot '2026-12'") == 1


class TestNightly:
    def test_it_is_quiet_and_may_run_twice(self, mleq, where):
        out = where[1]
        for _ in range(2):
            answer = mleq("nightly", *where)
            assert (answer.code, answer.out, answer.err) == (0, "", "")
        lines = list(ledger.read(out))
        assert [line["entry"]["target_date"] for line in lines] == ["2004-02-10"]
        assert (out / "small" / "report.html").stat().st_size > 10_000
        assert json.loads((out / "ledger_scores.json").read_text())["lines"] == 1

    def test_verbose_says_what_is_done_and_nothing_of_tensorflow(self, mleq, where):
        answer = mleq("nightly", *where, "-v")
        assert answer.code == 0
        for step in ("fetch for small", "predict small", "score the ledger", "redraw the pages"):
            assert step in answer.err.splitlines()
        assert "tensorflow" not in answer.err.lower()

    def test_a_second_one_fails_at_once_as_its_help_says(self, mleq, where):
        with atomic.locked(where[1] / ".nightly.lock"):
            answer = mleq("nightly", *where)
        assert answer.code == 1
        assert "another nightly run works in" in answer.err
        assert not ledger.ledger_file(where[1]).exists()
        assert "fails at once" in " ".join(mleq("nightly", "--help").out.split())

    def test_what_went_wrong_is_one_clear_line(self, mleq, where):
        (run,) = (where[1] / "small" / "runs").iterdir()
        (run / "model.keras").unlink()
        answer = mleq("nightly", *where)
        assert answer.code == 1
        assert "predict small" in answer.err
        assert answer.err.count("\n") == 1

    def test_nothing_trained_is_asked_wrongly(self, mleq, tmp_path):
        assert mleq("nightly", "--out_dir", tmp_path).code == 2

    def test_a_catalogue_that_lags_is_told(self):
        late = {"issue_time": "2026-11-22T00:00:00+00:00", "catalog_end": "2015-12-31T23:39:00+00:00"}
        assert "ends on 2015-12-31, 3,978 days before" in ledger.stale(late)
        assert ledger.stale(late | {"catalog_end": "2026-11-21T02:00:00+00:00"}) is None
        assert ledger.stale({"input": "waves.mseed"}) is None

    def test_a_forecast_made_before_it_from_a_catalogue_that_lags_is_told_and_shown(self, mleq, where):
        out = where[1]
        assert mleq("nightly", *where).code == 0
        kept = json.loads((out / "predictions.json").read_text())
        kept["predictions"][0]["catalog_end"] = "2003-01-01T00:00:00+00:00"
        (out / "predictions.json").write_text(json.dumps(kept))
        answer = mleq("nightly", *where)
        assert answer.code == 1
        assert "predict small: the catalogue ends on 2003-01-01, 405 days before" in answer.err
        assert "The catalogue ends on 2003-01-01, 405 days before" in (out / "index.html").read_text()

    def test_a_recipe_file_that_is_being_edited_does_not_cost_the_night(self, mleq, where):
        where[3].write_text('{"format": 1, "recipes": [')
        answer = mleq("nightly", *where)
        assert answer.code == 0
        assert len(list(ledger.read(where[1]))) == 1


def test_a_folder_that_is_not_there_is_no_sound_ledger(mleq, tmp_path):
    for what in ("verify", "score"):
        answer = mleq("ledger", what, "--out_dir", tmp_path / "misspelt")
        assert answer.code == 2
        assert "misspelt" in answer.err
    assert not (tmp_path / "misspelt").exists()


class TestPrune:
    @pytest.fixture
    def runs(self, where):
        folder = where[1] / "small" / "runs"
        (latest,) = folder.iterdir()
        for year in (2001, 2002, 2003):
            shutil.copytree(latest, folder / f"{year}0101T000000Z-0123abcd")
        return folder

    def names(self, runs):
        return sorted(path.name[:4] for path in runs.iterdir())

    def test_it_asks_and_without_a_person_does_nothing(self, mleq, where, runs):
        answer = mleq("prune", "--keep", 2, *where[:2])
        assert answer.code == 2
        assert "add --yes" in answer.err
        assert len(self.names(runs)) == 4
        assert mleq("prune", *where[:2]).code == 2

    def test_by_number(self, mleq, where, runs):
        answer = mleq("prune", "--keep", 2, *where[:2], "--yes", "--json")
        assert [Path(path).name[:4] for path in answer.json["removed"]] == ["2001", "2002"]
        assert self.names(runs)[0] == "2003"
        assert len(self.names(runs)) == 2

    def test_a_misspelt_recipe_is_told(self, mleq, where, runs):
        answer = mleq("prune", "--recipe_id", "smal", "--keep", 1, *where[:2])
        assert answer.code == 2
        assert "smal" in answer.err

    def test_by_age_but_never_the_latest(self, mleq, where, runs):
        assert mleq("prune", "--older_than_days", 0, *where[:2], "--yes").code == 0
        assert len(self.names(runs)) == 1

    def test_a_run_that_a_forecast_came_from_stays(self, mleq, where, runs):
        entry = {"recipe_id": "small", "run": "20020101T000000Z-0123abcd", "target_date": "2003-01-01"}
        ledger.append(where[1], [entry])
        mleq("prune", "--keep", 1, *where[:2], "--yes")
        assert self.names(runs)[0] == "2002"
        mleq("prune", "--keep", 1, *where[:2], "--yes", "--issued_too")
        assert len(self.names(runs)) == 1
