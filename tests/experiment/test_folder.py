import errno
import json
import os
import threading

import pytest

from mleq import atomic
from mleq.errors import Failure, RequestError, StorageError
from mleq.experiment import folder


def finish(out_dir, key="k" * 12, **summary):
    """Build and publish a run with nothing but a summary."""
    with folder.unfinished(out_dir, "here", key) as work:
        result = folder.empty(work / "result")
        atomic.write_json(result / "summary.json", summary)
        return folder.publish(result, out_dir, "here", folder.new_name(out_dir, "here", "abcdef0123"))


def test_a_run_appears_whole_and_is_the_latest(tmp_path):
    first = finish(tmp_path, verdict="one")
    second = finish(tmp_path, verdict="two")
    assert folder.complete_runs(tmp_path, "here") == [first, second]
    assert folder.latest_run(tmp_path, "here") == second
    assert second.name.endswith("-abcdef01")
    assert json.loads((tmp_path / "here" / "summary.json").read_text()) == {"verdict": "two"}
    assert folder.trained_recipes(tmp_path) == ["here"]
    assert [p.name for p in (tmp_path / "here" / "runs").glob(".*")] == []


def test_what_is_unfinished_is_not_a_run(tmp_path):
    class Stop(Exception):
        pass

    with pytest.raises(Stop), folder.unfinished(tmp_path, "here", "key") as work:
        (work / "state").write_text("so far")
        raise Stop
    assert folder.complete_runs(tmp_path, "here") == []
    with folder.unfinished(tmp_path, "here", "key") as work:
        assert (work / "state").read_text() == "so far"


def test_no_run_is_a_request_to_train(tmp_path):
    with pytest.raises(RequestError, match="train it first: python cmd/train --recipe_id here"):
        folder.latest_run(tmp_path, "here")


def test_a_full_disk_at_the_rename_loses_nothing(tmp_path, monkeypatch):
    finish(tmp_path, verdict="one")

    def full(source, place):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        with pytest.raises(StorageError, match=f"{os.strerror(errno.ENOSPC)}. free some space"):
            with folder.unfinished(tmp_path, "here", "key") as work:
                (work / "training").mkdir()
                result = folder.empty(work / "result")
                atomic.write_json(result / "summary.json", {"verdict": "two"})
                patched.setattr(folder.os, "replace", full)
                folder.publish(result, tmp_path, "here", folder.new_name(tmp_path, "here", "abcdef0123"))
    assert len(folder.complete_runs(tmp_path, "here")) == 1
    assert json.loads((tmp_path / "here" / "summary.json").read_text()) == {"verdict": "one"}
    with folder.unfinished(tmp_path, "here", "key") as work:
        assert (work / "training").is_dir()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        with folder.unfinished(tmp_path / "out", "here", "key"):
            pass


def test_two_processes_do_not_build_the_same_run(tmp_path):
    found = []

    def second():
        try:
            with folder.unfinished(tmp_path, "here", "key"):
                found.append("entered")
        except Failure as failure:
            found.append(str(failure))

    with folder.unfinished(tmp_path, "here", "key"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert "another process is training this recipe" in found[0]


def test_a_damaged_file_of_a_run_is_named(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(Failure, match=r"run\.json cannot be read"):
        folder.read_json(tmp_path / "run.json")


class TestAtomic:
    def test_a_failed_write_leaves_what_was_there(self, tmp_path):
        path = tmp_path / "a.json"
        atomic.write_json(path, {"old": 1})
        with pytest.raises(ValueError, match="JSON"):
            atomic.write_json(path, {"new": float("nan")})
        with pytest.raises(RuntimeError), atomic.beside(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError
        assert json.loads(path.read_text()) == {"old": 1}
        assert os.listdir(tmp_path) == ["a.json"]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_read_only_folder_is_named(self, tmp_path):
        tmp_path.chmod(0o500)
        with pytest.raises(StorageError, match="choose another folder"):
            atomic.write_text(tmp_path / "a", "x")
        tmp_path.chmod(0o700)


def test_a_folder_for_the_result_is_empty_whatever_was_left_in_it(tmp_path):
    (tmp_path / "result" / "below").mkdir(parents=True)
    (tmp_path / "result" / "half.json").write_text("{")
    assert list(folder.empty(tmp_path / "result").iterdir()) == []


def test_trained_recipes_are_those_with_a_complete_run(tmp_path):
    assert folder.trained_recipes(tmp_path / "nothing") == []
    finish(tmp_path)
    (tmp_path / "other" / "runs" / ".unfinished-1").mkdir(parents=True)
    (tmp_path / "a file").write_text("")
    (tmp_path / "No Id" / "runs" / "20260101T000000Z-0123abcd").mkdir(parents=True)
    assert folder.trained_recipes(tmp_path) == ["here"]
