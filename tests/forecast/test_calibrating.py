"""Platt scaling of a recipe's network: on which days the networks of blocks are brought to the run's own."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest

from mleq.experiment.calibration import Spread
from mleq.forecast import calibrating

GAP = 6
"""Window and horizon of the recipe, in days."""


@dataclass
class Learned:
    """Stands where the run's classifier does; says a chance of each day."""

    fitted: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(best_epoch=3))
    found: object = None

    def probabilities(self, samples, indices, batch_size):
        return 0.05 + 0.9 * indices / len(samples)

    def scaled(self, found):
        return replace(self, found=found)


class Samples:
    """Days with an event every tenth day."""

    def __init__(self, n, train):
        self.n, self.dates = n, np.datetime64("2001-01-01") + np.arange(n)
        self.target = np.arange(n) % 10 == 0
        self.parts = {"train": np.arange(train), "validation": np.arange(train + GAP, n)}

    def __len__(self):
        return self.n


@pytest.fixture
def asked(monkeypatch):
    """What the training of each block's network was asked for."""
    calls = []

    def held_out_probabilities(model, samples, training, learnt, held_out, settings, *, like, **_):
        calls.append(SimpleNamespace(learnt=learnt, held_out=held_out, like=like))
        return np.full(held_out.size, 0.1)

    monkeypatch.setattr(calibrating, "held_out_probabilities", held_out_probabilities)
    monkeypatch.setattr(calibrating, "resample", lambda *_, **__: None)
    return calls


def scaled(make_recipe, samples, folder, folds):
    recipe = make_recipe(calibration={"folds": folds})
    assert recipe.grid.window_days + recipe.target.horizon_days == GAP
    return calibrating.platt_scaled(Learned(), recipe, samples, lambda recipe: None, work=folder, key="k")


def test_networks_are_compared_on_days_that_both_have_learnt_from(make_recipe, tmp_path, asked):
    """On other days what happened there, which is for them to tell, would be taken for a difference of networks."""
    samples = Samples(600, 400)
    assert scaled(make_recipe, samples, tmp_path, 3).found.days["block"].nunique() == 3
    for call in asked:
        assert np.isin(call.learnt, samples.parts["train"]).all()
        away = np.abs(call.learnt[:, None] - call.held_out[None, :]).min(axis=1)
        assert away.min() > GAP
        kept = np.setdiff1d(samples.parts["train"], call.learnt)
        assert np.abs(kept[:, None] - call.held_out[None, :]).min(axis=1).max() <= GAP, "and on all of them"
        assert call.like == Spread.of(Learned().probabilities(samples, call.learnt, 1))


def test_where_there_are_none_on_those_that_the_block_s_has_learnt_from(make_recipe, tmp_path, asked):
    samples = Samples(600, 100)
    scaled(make_recipe, samples, tmp_path, 2)
    first, second = asked
    assert np.isin(first.learnt, samples.parts["validation"]).all()
    assert np.isin(second.learnt, samples.parts["train"]).all()
