"""The files that a run leaves keep their form: names and kinds of values, as written down in tests/goldens.

Where the form changes on purpose, delete the golden file, run the tests, and say so in CHANGES.md.
"""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

GOLDENS = Path(__file__).resolve().parents[1] / "goldens"

pytestmark = pytest.mark.tensorflow


def form(value):
    """The kinds of values in a JSON value; a number may be whole or not, and may be missing, as a reason may."""
    if isinstance(value, dict):
        return {key: "str or null" if key == "reason" else form(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [form(value[0])] if value else []
    if isinstance(value, bool):
        return "bool"
    return "number or null" if value is None or isinstance(value, int | float) else type(value).__name__


def compare(name, found):
    path = GOLDENS / name
    if not path.exists():
        path.write_text(json.dumps(found, indent=1) + "\n")
        pytest.fail(f"{path.name} was not there and has been written; look at it and commit it")
    assert found == json.loads(path.read_text())


@pytest.mark.parametrize("file", ["summary.json", "recipe.json", "calibration.json"])
def test_json_files_of_a_run(file, trained):
    run = next((trained / "out" / "small" / "runs").iterdir())
    compare(file, form(json.loads((run / file).read_text())))


def test_run_json(trained):
    run = next((trained / "out" / "small" / "runs").iterdir())
    record = form(json.loads((run / "run.json").read_text()))
    record["git_commit"] = "str, or null outside a clone"
    record["packages"] = sorted(record["packages"])
    compare("run.json", record)


def test_tables_of_a_run(trained):
    run = next((trained / "out" / "small" / "runs").iterdir())
    forecasts = pd.read_parquet(run / "forecasts.parquet")
    history = pd.read_csv(run / "history.csv")
    kinds = {name: str(kind) for name, kind in forecasts.dtypes.items()}
    compare("tables.json", {"forecasts.parquet": kinds, "history.csv": list(history.columns)})


def test_predictions(trained, tmp_path, mleq):
    shutil.copytree(trained, tmp_path / "copy")
    words = ("--recipe", tmp_path / "copy" / "recipe.json", "--out_dir", tmp_path / "copy" / "out")
    assert mleq("predict", "--recipe_id", "small", *words, "--target_date", "2003-01-01", "-q").code == 0
    compare("predictions.json", form(json.loads((tmp_path / "copy" / "out" / "predictions.json").read_text())))
