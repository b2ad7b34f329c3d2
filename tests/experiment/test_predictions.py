"""The file of all forecasts, and what an entry says."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from mleq.errors import Failure
from mleq.experiment import predictions


@pytest.fixture
def run(tmp_path):
    split = {
        "train": {"start": "2000-01-01", "end": "2000-12-31"},
        "test": {"start": "2001-02-01", "end": "2001-03-01"},
    }
    return SimpleNamespace(
        folder=tmp_path / "20260101T000000Z-0123abcd", summary={"verdict": "No skill", "split": split}
    )


def held(out):
    return json.loads((out / "predictions.json").read_text(encoding="utf-8"))["predictions"]


def test_an_entry_names_the_run_and_its_verdict(run):
    recipe = SimpleNamespace(id="here", family="catalog")
    made = predictions.entry(recipe, run, {"target_date": "2001-02-01"}, {"probability": 0.1})
    assert made.pop("made_at").endswith("+00:00")
    assert made == {
        "recipe_id": "here", "family": "catalog", "target_date": "2001-02-01", "probability": 0.1,
        "run": "20260101T000000Z-0123abcd", "verdict": "No skill",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("date", "part"),
    [
        ("1999-12-31", None), ("2000-01-01", "train"), ("2000-12-31", "train"), ("2001-01-15", None),
        ("2001-02-01", "test"), ("2001-03-01", "test"), ("2001-03-02", None),
    ],
)  # fmt: skip
def test_a_date_lies_in_the_part_that_holds_it(run, date, part):
    assert predictions.part_of(run, np.datetime64(date)) == part


def test_the_newest_stands_last_and_once(tmp_path):
    def one(recipe_id, value, **asked):
        return {"recipe_id": recipe_id, **asked, "probability": value}

    first = [
        one("here", 1, target_date="2001-01-01"),
        one("here", 2, target_date="2001-01-02"),
        one("lab", 3, input="a"),
    ]
    assert predictions.keep(tmp_path, first) == tmp_path / "predictions.json"
    assert held(tmp_path) == first
    predictions.keep(tmp_path, [one("here", 4, target_date="2001-01-01"), one("lab", 5, input="b")])
    assert [row["probability"] for row in held(tmp_path)] == [2, 3, 4, 5]
    predictions.keep(tmp_path, iter([one("lab", 6, input="a"), one("lab", 7, input="a")]))
    assert [row["probability"] for row in held(tmp_path)] == [2, 4, 5, 7]
    with predictions.kept(tmp_path) as rows:
        assert rows == held(tmp_path)


def test_a_damaged_file_is_a_failure_and_stays(tmp_path):
    (tmp_path / "predictions.json").write_text("{")
    with pytest.raises(Failure, match=r"predictions\.json"):
        predictions.keep(tmp_path, [])
    assert (tmp_path / "predictions.json").read_text() == "{"
