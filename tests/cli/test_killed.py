"""Killed in the middle and started again, a command ends as if it had never been stopped."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

CLONE = Path(__file__).resolve().parents[2]
EPOCHS = 12


def train(folder: Path, out: str) -> list:
    words = ("--recipe_id", "small", "--recipe", folder / "recipe.json", "--out_dir", folder / out, "-q")
    return [sys.executable, str(CLONE / "cmd" / "train"), *map(str, words)]


@pytest.mark.tensorflow
def test_a_killed_training_goes_on(tmp_path, small, recipes):
    small["model"] |= {"epochs": EPOCHS, "patience": EPOCHS}
    recipes(small)
    subprocess.run(train(tmp_path, "whole"), check=True, capture_output=True)

    process = subprocess.Popen(train(tmp_path, "killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        histories = list((tmp_path / "killed").glob("small/runs/.unfinished-*/training/history.csv"))
        if histories and len(histories[0].read_text().splitlines()) >= 3:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.01)
    assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
    assert not (tmp_path / "killed" / "small" / "summary.json").exists()

    subprocess.run(train(tmp_path, "killed"), check=True, capture_output=True)
    whole, killed = (
        pd.read_parquet(next((tmp_path / out / "small" / "runs").iterdir()) / "forecasts.parquet")
        for out in ("whole", "killed")
    )
    pd.testing.assert_frame_equal(whole, killed)
    assert [p.name for p in (tmp_path / "killed" / "small" / "runs").glob(".*")] == []


@pytest.mark.tensorflow
def test_who_asks_to_stop_many_times_is_answered_once(tmp_path, small, recipes):
    small["model"] |= {"epochs": 400, "patience": 400}
    recipes(small)
    process = subprocess.Popen(
        train(tmp_path, "stopped"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs do not hear it
    )
    while process.poll() is None and not list((tmp_path / "stopped").glob("small/runs/.unfinished-*/training/*")):
        time.sleep(0.01)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    said = process.stderr.read()
    assert process.returncode == 130, said
    assert said.count("stopped; the same command goes on") == 1
    assert "Traceback" not in said


def test_a_reader_who_has_seen_enough_is_no_failure():
    words = [sys.executable, str(CLONE / "cmd" / "check"), "--recipe_id", "demo"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait() == 0
    assert "Error" not in said
