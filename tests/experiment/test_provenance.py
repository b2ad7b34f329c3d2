"""What a run says of where it came from."""

import subprocess
import sys

import pytest

import mleq
from mleq.experiment import provenance


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone of its own, of one commit, from which the code seems to run."""
    (tmp_path / "mleq").mkdir()
    (tmp_path / "mleq" / "__init__.py").write_text("")
    monkeypatch.setattr(mleq, "__file__", str(tmp_path / "mleq" / "__init__.py"))
    return tmp_path


def git(clone, *words):
    named = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(clone), *named, *words], check=True, capture_output=True)


def test_the_commit_has_a_plus_where_the_code_was_changed_since(clone):
    assert provenance.provenance()["git_commit"] is None, "no clone"
    git(clone, "init", "-q")
    assert provenance.provenance()["git_commit"] is None, "no commit yet"
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "one")
    commit = provenance.provenance()["git_commit"]
    assert len(commit) == 40
    (clone / "new.txt").write_text("not of the clone")
    assert provenance.provenance()["git_commit"] == commit
    (clone / "mleq" / "__init__.py").write_text("changed = True")
    assert provenance.provenance()["git_commit"] == commit + "+"


def test_without_git_there_is_no_commit(clone, monkeypatch):
    (clone / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    assert provenance.provenance()["git_commit"] is None


def test_packages_have_their_versions_and_absent_ones_none(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package"))
    import numpy

    assert provenance.provenance()["packages"] == {"numpy": numpy.__version__, "no-such-package": None}


def test_peak_memory_is_that_of_this_process_and_unknown_where_the_system_does_not_tell(monkeypatch):
    before = provenance.peak_memory_mb()
    held = bytearray(b"x") * (200 * 2**20)
    assert provenance.peak_memory_mb() >= max(before, len(held) / 2**20)
    assert provenance.peak_memory_mb() < 1_000_000
    monkeypatch.setitem(sys.modules, "resource", None)
    assert provenance.peak_memory_mb() is None
