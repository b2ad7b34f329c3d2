import json

import pytest
from click.testing import CliRunner

from mleq.cli.report import command
from mleq.errors import RequestError


def ask(*words):
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False, standalone_mode=False)


def test_report_draws_the_page_of_the_latest_run(run_folder):
    out = run_folder.parents[2]
    page = out / "somewhere" / "report.html"
    answer = ask("--recipe_id", "somewhere", "--out_dir", out)
    assert page.resolve().as_uri() in answer.stdout
    assert "20260101T000000Z-0123abcd" in page.read_text(encoding="utf-8")


def test_report_answers_as_json(run_folder):
    out = run_folder.parents[2]
    answer = json.loads(ask("--recipe-id", "somewhere", "--out-dir", out, "--json").stdout)
    page = out / "somewhere" / "report.html"
    assert answer == {
        "recipe_id": "somewhere",
        "run": run_folder.name,
        "page": str(page.resolve()),
        "bytes": page.stat().st_size,
    }


def test_report_before_training_says_what_to_do(tmp_path):
    from mleq.experiment.folder import latest_run

    with pytest.raises(RequestError, match="cmd/train --recipe_id tokyo"):
        latest_run(tmp_path, "tokyo")
    answer = CliRunner().invoke(command, ["--recipe_id", "tokyo", "--out_dir", str(tmp_path)])
    assert isinstance(answer.exception, RequestError)
    assert not (tmp_path / "tokyo").exists()
