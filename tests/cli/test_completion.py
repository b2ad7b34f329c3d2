"""What a shell completes, asked as the shells ask, and typed in a real bash."""

import os
import shutil
import subprocess
import sys

import pytest

from mleq.cli import COMMANDS


@pytest.fixture
def complete(tmp_path):
    """Ask for completions of the last of some words, as bash does."""

    def ask(*words):
        environment = {**os.environ, "_MLEQ_COMPLETE": "bash_complete"}
        environment |= {"COMP_WORDS": " ".join(["mleq", *words]), "COMP_CWORD": str(len(words))}
        script = "from mleq.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.stderr == ""
        return [line.partition(",")[2] for line in done.stdout.splitlines() if line]

    return ask


def test_commands(complete):
    assert complete("") == list(COMMANDS)
    assert complete("pr") == ["predict", "prune"]


def test_options(complete):
    assert {"--recipe_id", "--target_date", "--out_dir"} <= set(complete("predict", "--"))
    assert complete("predict", "--targ") == ["--target_date"]


def test_ids_of_recipes(complete, tmp_path):
    assert {"tokyo", "tokyo_m5"} <= set(complete("train", "--recipe_id", "tok"))
    (tmp_path / "recipe.json").write_text('{"format": 1, "recipes": [{"id": "tokushima", "extends": "tokyo"}]}')
    assert "tokushima" in complete("check", "--recipe_id", "tok")
    (tmp_path / "recipe.json").write_text("{")
    assert complete("check", "--recipe_id", "tok") == [], "a mistake is for the command to say"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_of_the_quick_start_gives_a_script_for_the_shell(shell, tmp_path):
    environment = {**os.environ, "_MLEQ_COMPLETE": f"{shell}_source"}
    done = subprocess.run(
        [sys.executable, "-c", "from mleq.cli import main; main()"], env=environment, capture_output=True, text=True
    )
    assert f"_MLEQ_COMPLETE={shell}_complete" in done.stdout, done.stderr


def test_in_bash_as_the_quick_start_says(tmp_path, request):
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash on this machine")
    page = (request.config.rootpath / "docs" / "quickstart.md").read_text(encoding="utf-8")
    (line,) = (one for one in page.splitlines() if "bash_source" in one)
    command = tmp_path / "mleq"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from mleq.cli import main; main()" "$@"\n')
    command.chmod(0o755)
    script = f'{line}\nCOMP_WORDS=(mleq led)\nCOMP_CWORD=1\n_mleq_completion mleq\necho "${{COMPREPLY[@]}}"\n'
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([bash, "--norc", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["ledger"], done.stderr
