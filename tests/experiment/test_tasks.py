"""What names a task that failed on another machine."""

import datetime as dt
from types import SimpleNamespace

import pytest

from mleq.experiment.tasks import Task
from mleq.recipe.settings import SplitDates


@pytest.mark.parametrize("split", [None, SplitDates(train_end=dt.date(2001, 1, 1), validation_end=dt.date(2002, 1, 1))])
def test_a_task_says_recipe_seed_and_split(split, tmp_path):
    recipe = SimpleNamespace(id="here", seed=3, **({} if split is None else {"split": split}))
    said = Task(recipe, "cheap_family", lambda: None, "ab" * 32, tmp_path).said
    dates = {"train_end": "2001-01-01", "validation_end": "2002-01-01", "test_end": None}
    assert said == {"recipe_id": "here", "seed": 3} | ({} if split is None else {"split": dates})
