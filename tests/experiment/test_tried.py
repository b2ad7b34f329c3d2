"""Every configuration that was scored on a test part is counted, also after its run was removed."""

import shutil

import cheap_family
import pytest

from mleq import api
from mleq.experiment.run import train
from mleq.experiment.tried import caution, tried


@pytest.fixture(scope="module")
def events():
    return api.load_events(api.load_recipe("demo"))


def trained(out, events, *changes):
    recipe = api.load_recipe("demo", changes=changes)
    return train(recipe, cheap_family, lambda: events, out_dir=out)


def test_configurations_are_counted_once_each_and_outlive_their_runs(tmp_path, events):
    first = trained(tmp_path, events)
    assert first.summary["tried"]["configurations"] == 1
    assert caution(first.summary) == ""
    assert trained(tmp_path, events).summary["tried"]["configurations"] == 1, "the same again is no other"
    second = trained(tmp_path, events, "seed=7")
    assert second.summary["tried"]["configurations"] == 2
    assert second.summary["tried"]["recipe_sha256"] == sorted(
        [first.record["recipe_sha256"], second.record["recipe_sha256"]]
    )
    assert caution(second.summary).startswith("2 configurations of this recipe have been scored")
    shutil.rmtree(first.folder)
    assert trained(tmp_path, events, "seed=8").summary["tried"]["configurations"] == 3


def test_another_target_is_another_question_and_a_damaged_run_is_passed_over(tmp_path, events):
    damaged = trained(tmp_path, events)
    recipe = api.load_recipe("demo", changes=["seed=7"])
    assert tried(tmp_path, recipe)["configurations"] == 2
    assert tried(tmp_path, api.load_recipe("demo", changes=["target.magnitude=4.5"]))["configurations"] == 1
    (damaged.folder / "run.json").write_text("{")
    assert tried(tmp_path, recipe)["configurations"] == 1


def test_what_is_printed_and_the_page_say_it(tmp_path, events):
    from mleq.report import skill
    from mleq.report.record import RunRecord

    once = trained(tmp_path, events)
    again = trained(tmp_path, events, "seed=7")
    assert not [line for line in api.summary_lines(once.summary) if line.startswith("tried")]
    (said,) = (line for line in api.summary_lines(again.summary) if line.startswith("tried"))
    assert "must not believe its interval" in said
    assert "2 configurations of this recipe" in str(skill.verdict(RunRecord.read(again.folder)))
