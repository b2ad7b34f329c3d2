"""Which runs may go, and that they go whole."""

import datetime as dt

import pytest

from mleq.errors import Failure, RequestError, StorageError
from mleq.experiment import ledger, prune

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NAMES = [f"2026{month:02d}01T000000Z-0123abcd" for month in (1, 3, 5)]


@pytest.fixture
def out(tmp_path):
    """Three runs of one recipe, two of another, and what is no run."""
    for recipe_id, names in (("here", NAMES), ("there", NAMES[:2])):
        for name in (*names, ".unfinished-1"):
            (tmp_path / recipe_id / "runs" / name).mkdir(parents=True)
            (tmp_path / recipe_id / "runs" / name / "summary.json").write_text("{}")
    return tmp_path


def names(runs):
    return [(run.parent.parent.name, run.name) for run in runs]


def test_by_number_the_newest_stay(out):
    assert names(prune.removable(out, keep=1)) == [("here", NAMES[0]), ("here", NAMES[1]), ("there", NAMES[0])]
    assert names(prune.removable(out, keep=2)) == [("here", NAMES[0])]
    assert names(prune.removable(out, ["there"], keep=1)) == [("there", NAMES[0])]


def test_by_age_the_latest_stays_however_old(out):
    assert names(prune.removable(out, older_than_days=40, now=NOW)) == [
        ("here", NAMES[0]), ("here", NAMES[1]), ("there", NAMES[0])
    ]  # fmt: skip
    assert names(prune.removable(out, older_than_days=100, now=NOW)) == [("here", NAMES[0]), ("there", NAMES[0])]
    age = (NOW - dt.datetime(2026, 1, 1, tzinfo=dt.UTC)).days
    assert prune.removable(out, older_than_days=age, now=NOW) == [], "not older than so many days, just as old"
    assert len(prune.removable(out, older_than_days=0)) == 3, "now is the present"


def test_where_both_are_given_both_must_hold(out):
    assert names(prune.removable(out, keep=2, older_than_days=40, now=NOW)) == [("here", NAMES[0])]
    assert prune.removable(out, keep=1, older_than_days=1000, now=NOW) == []


def test_a_run_that_a_forecast_came_from_stays_unless_told_otherwise(out):
    ledger.append(out, [{"recipe_id": "here", "run": NAMES[0], "target_date": "2026-02-01"}])
    assert names(prune.removable(out, keep=1)) == [("here", NAMES[1]), ("there", NAMES[0])]
    assert len(prune.removable(out, keep=1, issued_too=True)) == 3
    ledger.ledger_file(out).write_text("changed\n")
    with pytest.raises(Failure, match="not sound"):
        prune.removable(out, keep=1)


def test_a_name_that_says_no_time_has_no_age(out):
    (out / "here" / "runs" / "0-by-hand").mkdir()
    assert prune.made_at(out / "here" / "runs" / "0-by-hand") is None
    assert ("here", "0-by-hand") not in names(prune.removable(out, older_than_days=1, now=NOW))
    assert ("here", "0-by-hand") in names(prune.removable(out, keep=1))


@pytest.mark.parametrize("asked", [{}, {"keep": 0}, {"older_than_days": -1.0}, {"older_than_days": float("nan")}])
def test_what_makes_no_sense_is_refused(out, asked):
    with pytest.raises(RequestError):
        prune.removable(out, **asked)


def test_a_run_goes_whole(out, monkeypatch):
    runs = prune.removable(out, keep=1)
    prune.remove(runs[:1])
    assert not runs[0].exists()
    assert not list(out.rglob(".removed-*"))

    def refuse(path):
        raise OSError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(StorageError):
        prune.remove(runs[1:])
    assert not runs[1].exists(), "what could not be removed is no run any more"
    assert runs[2].exists()
