"""The quick start, typed as it stands."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "quickstart.md").read_text(encoding="utf-8")
SMALL = " --set model.epochs=1 --set model.filters=2 --set calibration.folds=2"


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_first_steps_away_from_a_clone(tmp_path):
    steps = next(block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) if "mleq init" in block)
    place = tmp_path
    for line in steps.splitlines():
        words = shlex.split(line)
        if words[0] == "cd":
            place = place / words[1]
            continue
        assert words[0] == "mleq"
        small = shlex.split(SMALL) if words[1] == "train" else []
        command = [sys.executable, "-c", "from mleq.cli import main; main()", *words[1:], *small]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, env={**os.environ, "MLEQ_DATA": ""})
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    assert (place / "out" / "demo" / "report.html").is_file()
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    code = code.replace('load_recipe("demo")', f'load_recipe("demo", changes={SMALL.split(" --set ")[1:]!r})')
    done = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
