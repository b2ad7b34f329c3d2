import errno
import json
import multiprocessing
import os
import random
import re

import pytest

from mleq.errors import Failure, StorageError
from mleq.experiment import ledger


def entry(number, *, begins="2999-01-01T00:00:00+00:00"):
    return {
        "recipe_id": "somewhere", "target_date": begins[:10], "probability": number / 1e4, "run": f"run-{number % 3}",
        "period": {"start_utc": begins}, "verdict": "\n\"é\" \u2028", "catalog": {"sha256": "ab" * 32},
    }  # fmt: skip


@pytest.fixture
def out(tmp_path):
    ledger.append(tmp_path, [entry(number) for number in range(5)])
    return tmp_path


def test_what_is_appended_is_read_back_and_sound(out):
    assert ledger.append(out, [entry(5)]) == 6
    assert ledger.append(out, []) == 6
    lines = list(ledger.read(out))
    assert [line["entry"] for line in lines] == [entry(number) for number in range(6)]
    assert [line["number"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert [line["previous"] for line in lines[1:]] == [line["sha256"] for line in lines[:-1]]
    assert ledger.verify(out) == []
    assert ledger.runs_named(out) == {("somewhere", f"run-{k}") for k in range(3)}


def test_no_ledger_is_a_sound_one(tmp_path):
    assert ledger.verify(tmp_path) == []
    assert list(ledger.read(tmp_path)) == []


@pytest.mark.parametrize(
    ("begins", "prospective"),
    [("2999-01-01T00:00:00+09:00", True), ("2001-01-01T00:00:00+00:00", False), (None, False)],
)
def test_only_what_is_recorded_before_its_period_is_prospective(tmp_path, begins, prospective):
    one = entry(1)
    one["period"] = {"start_utc": begins} if begins else None
    ledger.append(tmp_path, [one])
    assert [line["prospective"] for line in ledger.read(tmp_path)] == [prospective]


def test_any_changed_byte_is_found(out):
    rng = random.Random(11)
    for path in (ledger.ledger_file(out), ledger.head_file(out)):
        whole = path.read_bytes()
        for place in rng.sample(range(len(whole)), min(len(whole), 60)):
            changed = rng.choice([byte for byte in range(256) if byte != whole[place]])
            path.write_bytes(whole[:place] + bytes([changed]) + whole[place + 1 :])
            assert ledger.verify(out), f"byte {place} of {path.name} made {changed}"
        path.write_bytes(whole)
    assert ledger.verify(out) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[1:],
        lambda lines: [*lines[:2], *lines[3:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [],
    ],
    ids=["cut tail", "cut head", "one removed", "two exchanged", "one twice", "emptied"],
)
def test_removed_and_moved_lines_are_found(out, change):
    path = ledger.ledger_file(out)
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    assert ledger.verify(out)
    with pytest.raises(Failure, match="is not sound"):
        list(ledger.read(out))


def test_a_line_forged_with_a_right_hash_of_its_own_is_found(out):
    path = ledger.ledger_file(out)
    lines = path.read_bytes().splitlines(keepends=True)
    content = json.loads(lines[2])
    lines[2], _ = ledger._line(
        3, content["previous"], {**content["entry"], "probability": 0.9}, recorded_at=content["recorded_at"]
    )
    path.write_bytes(b"".join(lines))
    assert any("line 4" in fault for fault in ledger.verify(out))


def test_an_append_that_was_killed_is_taken_up(out):
    path, head = ledger.ledger_file(out), ledger.head_file(out).read_bytes()
    ledger.append(out, [entry(6), entry(7)])
    whole = path.read_bytes()
    ledger.head_file(out).write_bytes(head)
    path.write_bytes(whole[:-20])
    assert ledger.verify(out)
    assert ledger.append(out, [entry(8)]) == 7, "the whole line is kept, the torn one is not"
    assert ledger.verify(out) == []
    assert [line["entry"]["probability"] for line in ledger.read(out)][-2:] == [entry(6)["probability"], 0.0008]


def test_a_cut_ledger_is_not_appended_to(out):
    path = ledger.ledger_file(out)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(Failure, match="its end was cut"):
        ledger.append(out, [entry(9)])


def append_some(arguments):
    out, first = arguments
    for number in range(first, first + 10):
        ledger.append(out, [entry(number)])


def test_processes_append_at_once(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(append_some, [(tmp_path, 100), (tmp_path, 200)])
    assert ledger.verify(tmp_path) == []
    assert len(list(ledger.read(tmp_path))) == 20


def test_forecasts_that_no_line_holds_yet(out):
    by_file = {"recipe_id": "lab", "run": "run-1", "input": "a.csv"}
    assert ledger.not_yet_in(out, [entry(1), by_file]) == [by_file]
    later = entry(1) | {"run": "another"}
    assert ledger.not_yet_in(out, [later, entry(2)]) == [later]
    ledger.append(out, [by_file])
    assert ledger.not_yet_in(out, [by_file, by_file | {"input": "b.csv"}]) == [by_file | {"input": "b.csv"}]


def test_a_forecast_from_a_stale_catalogue_gives_way_to_one_from_a_newer(out):
    late = entry(1) | {
        "run": "late",
        "issue_time": "2026-11-22T00:00:00+00:00",
        "catalog_end": "2015-12-31T00:00:00+00:00",
    }
    ledger.append(out, [late])
    assert ledger.not_yet_in(out, [late]) == [], "no better than what is there"
    fresh = late | {"catalog_end": "2026-11-21T00:00:00+00:00"}
    assert ledger.not_yet_in(out, [fresh]) == [fresh]
    ledger.append(out, [fresh])
    assert ledger.not_yet_in(out, [fresh, late]) == []


def test_whole_lines_of_a_stopped_append_are_kept_and_counted(out, caplog):
    head = ledger.head_file(out).read_text()
    ledger.append(out, [entry(5), entry(6)])
    ledger.head_file(out).write_text(head)  # killed after the lines, before the head
    assert ledger.append(out, [entry(7)]) == 8
    assert "2 of its lines are kept" in caplog.text
    assert ledger.verify(out) == []
    assert [line["entry"] for line in ledger.read(out)][5:] == [entry(5), entry(6), entry(7)]


@pytest.mark.parametrize("after", [0, 1])
def test_an_append_that_cannot_be_finished_adds_nothing(out, monkeypatch, after):
    """The disk is full after half of the lines, or before the head: readers see the ledger as it was."""
    before, asked = ledger.ledger_file(out).read_bytes(), []

    def full(*given, **options):
        asked.append(given)
        if len(asked) > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match=re.escape(os.strerror(errno.ENOSPC))):
        ledger.append(out, [entry(5), entry(6)])
    monkeypatch.undo()
    assert ledger.ledger_file(out).read_bytes() == before
    assert ledger.verify(out) == []
    assert ledger.append(out, [entry(7)]) == 6


def test_a_head_that_is_not_as_it_is_written_is_refused(out):
    head = ledger.head_file(out)
    head.write_text(json.dumps(json.loads(head.read_text()), indent=1))
    with pytest.raises(Failure, match="was changed: it is not as mleq writes it"):
        ledger.read_head(out)
    head.write_text('{"count": 5}\n{')
    with pytest.raises(Failure, match="cannot be read"):
        ledger.read_head(out)
    head.unlink()
    assert "ledger.head cannot be read" in ledger.verify(out)[0]


def test_a_ledger_that_cannot_be_read_is_said_to_be_so(out, monkeypatch):
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: open(path / "nothing"))  # noqa: SIM115
    assert ledger.verify(out) == [f"{ledger.ledger_file(out)} cannot be read: {os.strerror(errno.ENOTDIR)}"]
