"""The state of a training that was stopped, and when it is not used."""

import json
import logging

import pandas as pd
import pytest

from mleq.experiment.checkpoint import HISTORY, Checkpoint, Progress


class Model:
    """Saves its name."""

    def __init__(self, name):
        self.name = name

    def save(self, path):
        path.write_text(self.name)


def history(epochs):
    return pd.DataFrame({"epoch": range(1, epochs + 1), "loss": 0.5})


@pytest.fixture
def kept(tmp_path):
    """Three epochs, the second one the best."""
    one = Checkpoint(tmp_path / "work", "key")
    one.write(Model("first"), Progress("key", 1, 1, 0.5), history(1))
    one.write(Model("second"), Progress("key", 2, 2, 0.4), history(2))
    one.write(Model("third"), Progress("key", 3, 2, 0.4), history(3))
    return one


def test_the_last_and_the_best_are_kept_and_read_back(kept):
    state, table = kept.read()
    assert state == Progress("key", 3, 2, 0.4)
    assert table["epoch"].tolist() == [1, 2, 3]
    assert sorted(path.read_text() for path in kept.folder.glob("*.keras")) == ["second", "third"]


def test_an_epoch_that_was_not_completed_does_not_count(kept):
    kept.model_path(4).write_text("fourth")
    history(4).to_csv(kept.folder / HISTORY, index=False)
    state, table = kept.read()
    assert state.epoch == 3
    assert table["epoch"].tolist() == [1, 2, 3]


def test_of_another_experiment_or_nothing_it_is_the_beginning(kept, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="mleq")
    for one in (Checkpoint(kept.folder, "other"), Checkpoint(tmp_path / "empty", "other")):
        state, table = one.read()
        assert state == Progress("other", 0, 0, float("inf"))
        assert table.empty
    assert caplog.text.count("it starts anew") == 1


@pytest.mark.parametrize("text", ["{", '{"unknown": 1}', "[]", '"x"'])
def test_a_damaged_state_is_the_beginning(kept, text, caplog):
    (kept.folder / "training.json").write_text(text)
    assert kept.read()[0] == Progress("key")
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("epoch", [2, 3])
def test_a_model_that_is_gone_is_the_beginning(kept, epoch, caplog):
    kept.model_path(epoch).unlink()
    assert kept.read()[0] == Progress("key")
    assert "is missing" in caplog.text


def test_removed_it_leaves_the_history(kept):
    kept.remove()
    assert [path.name for path in kept.folder.iterdir()] == [HISTORY]
    kept.remove()


def test_the_state_says_what_it_is(kept):
    assert json.loads((kept.folder / "training.json").read_text()) == {
        "key": "key", "epoch": 3, "best_epoch": 2, "best_loss": 0.4
    }  # fmt: skip
