"""`mleq odds`: the contract of its answer, what it refuses, and what it keeps."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mleq.etas import EtasParameters, simulate_catalog

CLONE = Path(__file__).resolve().parents[2]
REGION, EPOCH = (33.0, 39.0, 136.0, 144.0), pd.Timestamp("2000-01-01", tz="UTC")
TRUTH = EtasParameters(0.25, 0.25, 1.3, 0.02, 1.3, 6.0, 1.7, 1.0, m0=4.0)
PLACE = ("--latitude", 36, "--longitude", 140, "--radius_km", 150)
QUESTION = (*PLACE, "--magnitude", 5, "--days", 7, "--issue_time", "2009-06-15")


def table(seed=1, days=3800):
    one = simulate_catalog(REGION, 0, days, TRUTH, b_value=1.0, magnitude_max=7.5, seed=seed)
    times = (EPOCH + pd.to_timedelta(one["time_days"], unit="D")).round("ms")
    return pd.DataFrame(
        {
            "time": times.strftime("%Y-%m-%dT%H:%M:%S.%f").str[:-3] + "Z",
            "latitude": one["latitude"].round(4),
            "longitude": one["longitude"].round(4),
            "depth": 10.0,
            "mag": one["magnitude"].round(2),
            "magType": "mw",
            "id": [f"sim{i}" for i in range(len(times))],
            "type": "earthquake",
        }
    )


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    path = tmp_path_factory.mktemp("odds") / "simulated.csv"
    table().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def ask(mleq, csv, store):
    return lambda *words: mleq("odds", *words, "--catalog", csv, "--data_dir", store)


def test_the_answer_as_json(ask):
    found = ask(*QUESTION, "--json").json
    chance, usual = found["probability"], found["long_term"]
    assert 0 < chance["low"] < chance["value"] < chance["high"] < 1
    assert usual["events_in_fit"] == pytest.approx(usual["expected_in_fit"], rel=0.3)
    assert 0 < usual["low"] < usual["value"] < usual["high"] < 1
    assert found["ratio"] == pytest.approx(chance["value"] / usual["value"])
    assert found["completeness_magnitude"] == pytest.approx(4.0, abs=0.2)
    assert found["parameters"]["source"] == "regional"
    assert found["parameters"]["end"].startswith("2009-06-01")
    assert found["parameters"]["events"] >= 300
    assert found["question"]["end_time"].startswith("2009-06-22")
    assert len(found["drivers"]) == 3
    shares = [one["share"] for one in found["drivers"]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) + found["background_share"] <= 1
    assert all(one["origin_time"] < "2009-06-15" and one["days_before"] > 0 for one in found["drivers"])
    assert found["agency"]["url"] == "https://www.jma.go.jp/"
    assert "no warning" in found["no_warning"]


def test_the_answer_in_words(ask):
    answer = ask(*QUESTION)
    assert answer.code == 0
    assert answer.out.startswith(
        "The chance of at least one earthquake of magnitude 5 or more within 150 km of 36.00 N"
    )
    assert all(word in answer.out for word in ("long term", "ratio", "drivers", "regional ETAS", "jma.go.jp"))


def test_a_second_call_reads_what_the_first_fitted(ask, store, monkeypatch):
    first = ask(*QUESTION, "--json").json
    kept = {path: path.stat().st_mtime_ns for path in (store / "etas").glob("*.json")}
    assert kept
    monkeypatch.setattr("mleq.forecast.regional.fit_etas", lambda *_, **__: pytest.fail("fitted again"))
    assert ask(*QUESTION, "--json").json == first
    later = ask(*QUESTION[:-1], "2009-06-29", "--json").json  # the same month, the same fit
    assert later["parameters"] == first["parameters"]
    assert {path: path.stat().st_mtime_ns for path in (store / "etas").glob("*.json")} == kept


def test_a_damaged_cache_is_fitted_anew(mleq, csv, tmp_path):
    words = ("odds", *QUESTION, "--catalog", csv, "--data_dir", tmp_path, "--json")
    first = mleq(*words).json
    for path in (tmp_path / "etas").glob("*.json"):
        path.write_text(path.read_text()[:100])
    assert mleq(*words).json == first


def test_the_future_changes_nothing(mleq, csv, ask, tmp_path):
    rows = pd.read_csv(csv)
    future = rows["time"] >= "2009-06-15"
    assert future.sum() > 50
    rows.loc[future, "mag"] += 1.5
    rows.loc[future, "latitude"] = 36.0
    planted = tmp_path / "planted.csv"
    rows.to_csv(planted, index=False)
    one = ask(*QUESTION, "--json").json
    other = mleq("odds", *QUESTION, "--catalog", planted, "--data_dir", tmp_path, "--json").json
    for found in (one, other):
        found.pop("catalog")
    assert one == other


def test_horizons_from_minutes_to_a_year(ask):
    chances = []
    for days in (1 / 1440, 0.5, 30, 365):
        words = (*PLACE, "--magnitude", 5, "--days", days, "--issue_time", "2009-06-15", "--json")
        chances.append(ask(*words).json["probability"]["value"])
    assert chances == sorted(chances)
    assert chances[0] < 1e-3 < 0.5 < chances[-1]


def test_few_events_take_generic_parameters(mleq, csv, tmp_path):
    rows = pd.read_csv(csv)
    rows[rows.index % 8 == 0].to_csv(tmp_path / "few.csv", index=False)
    words = ("odds", *QUESTION, "--catalog", tmp_path / "few.csv", "--data_dir", tmp_path, "--json")
    found = mleq(*words).json
    assert found["parameters"]["source"] == "generic"
    assert found["parameters"]["name"].startswith("crust, before 2000")
    assert "300 are needed" in found["parameters"]["reason"]
    assert "ComCat" in found["parameters"]["generic"]["source"]
    assert 0 < found["probability"]["low"] < found["probability"]["high"] < 1


def test_below_completeness_is_refused_unless_allowed(mleq, tmp_path):
    rows = table(seed=2)
    # A network that misses more and more below M 4.5.
    seen = np.random.default_rng(1).random(len(rows)) < 10 ** (1.5 * (rows["mag"] - 4.5).clip(upper=0))
    rows[seen].to_csv(tmp_path / "network.csv", index=False)
    words = ("odds", *PLACE, "--magnitude", 4.1, "--days", 7, "--issue_time", "2009-06-15", "--json")
    words = (*words, "--catalog", tmp_path / "network.csv", "--data_dir", tmp_path)
    refused = mleq(*words)
    assert refused.code == 2
    assert "below the completeness magnitude" in refused.err
    assert "--allow_incomplete" in refused.err
    allowed = mleq(*words, "--allow_incomplete")
    assert allowed.json["below_completeness"] is True
    assert "lies below completeness" in allowed.json["cautions"][0]


def test_magnitudes_that_the_catalog_does_not_record_are_refused(ask):
    answer = ask(*PLACE, "--magnitude", 3, "--days", 7, "--issue_time", "2009-06-15", "--allow_incomplete")
    assert answer.code == 2
    assert "no event below M 4" in answer.err


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("--latitude", 95), "latitude 95.0"),
        (("--longitude", "nan"), "longitude nan"),
        (("--radius_km", 0), "radius_km 0.0"),
        (("--radius_km", "far"), "radius_km"),
        (("--magnitude", 11), "magnitude 11.0"),
        (("--days", 0), "days 0.0"),
        (("--days", 400), "days 400.0"),
        (("--days", "inf"), "days inf"),
        (("--issue_time", "soon"), "'soon' is no moment"),
        (("--issue_time", "2999-01-01"), "beyond tomorrow"),
        (("--issue_time", "1990-01-01"), "before the catalogue"),
        (("--issue_time", "2000-05-01"), "a year or more"),
        (("--latitude", -60, "--longitude", -30), "to say anything about the place"),
    ],
)
def test_what_cannot_be_answered(ask, changed, said):
    answer = ask(*QUESTION, *changed)
    assert answer.code == 2
    assert said in answer.err
    assert answer.out == ""


def test_without_an_issue_time_an_old_catalog_is_asked_at_its_end(ask, csv):
    found = ask(*PLACE, "--magnitude", 5, "--days", 7, "--json").json
    assert found["question"]["issue_time"][:10] == pd.read_csv(csv)["time"].max()[:10]
    assert "the catalogue ends on" in found["cautions"][0]


def test_a_gap_between_the_catalog_and_the_issue_time_is_said(ask):
    found = ask(*QUESTION[:-1], "2010-09-01", "--json").json
    assert "what happened since is not known" in found["cautions"][0]


def test_an_empty_store_says_what_fills_it(mleq, tmp_path):
    answer = mleq("odds", *QUESTION, "--data_dir", tmp_path)
    assert answer.code == 2
    assert "cmd/fetch" in answer.err


def test_the_door_answers_without_keras(csv, store, tmp_path):
    script = (
        "import sys; sys.argv = ['mleq', *sys.argv[1:]]\n"
        "from mleq.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'tensorflow', 'keras', 'sklearn', 'matplotlib'} & set(sys.modules)), file=sys.stderr)\n"
    )
    words = ["odds", *map(str, QUESTION), "--catalog", str(csv), "--data_dir", str(store), "--json"]
    done = subprocess.run([sys.executable, "-c", script, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"
    assert json.loads(done.stdout)["probability"]["value"] > 0
    door = subprocess.run(
        [sys.executable, CLONE / "cmd" / "odds", *words[1:]], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(door.stdout) == json.loads(done.stdout)


def test_from_python(csv, store):
    import mleq

    found = mleq.odds(36, 140, 150, 5, 7, "2009-06-15", files=[csv], data_dir=store)
    assert found["parameters"]["source"] == "regional"


def test_a_question_is_of_a_place_or_of_the_whole_earth(mleq):
    both = mleq("odds", "--map", "--latitude", 1, "--magnitude", 6, "--days", 1)
    neither = mleq("odds", "--longitude", 1, "--magnitude", 6, "--days", 1)
    assert (both.code, neither.code) == (2, 2)
    assert "--map with --latitude; expected one of them" in both.err
    assert "no --latitude and no --radius_km" in neither.err
