"""Boosted trees kept as numbers, and what they learn."""

import json

import numpy as np
import pandas as pd
import pytest

from mleq.forecast.boosting import MOST_TREES, SETTINGS, Boosting, grow, tree_values
from mleq.forecast.features import FEATURES
from mleq.forecast.samples import make_samples


def test_kept_trees_say_what_scikit_learn_says():
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(2)
    inputs = rng.normal(size=(3000, 4)).astype(np.float32)
    came_true = rng.random(3000) < 1 / (1 + np.exp(2 - inputs[:, 0] * inputs[:, 1]))
    baseline, trees = grow(inputs, came_true, 8, 1)
    assert len(trees) == MOST_TREES
    kept = json.loads(json.dumps(trees))
    model = HistGradientBoostingClassifier(
        max_iter=MOST_TREES, max_leaf_nodes=8, early_stopping=False, random_state=1, **SETTINGS
    ).fit(inputs, came_true)
    unseen = rng.normal(size=(500, 4)).astype(np.float32)
    found = baseline + sum(tree_values(tree, unseen) for tree in kept)
    np.testing.assert_allclose(found, model.decision_function(unseen), rtol=1e-9)


@pytest.fixture(scope="module")
def clustered(make_recipe, make_events):
    """A circle whose quiet and busy months take turns: what came yesterday tells of tomorrow."""
    rng = np.random.default_rng(0)
    busy = np.repeat(rng.random(80) < 0.5, 30)
    n = rng.poisson(np.where(busy, 2.0, 0.05))
    days = np.repeat(np.arange(n.size), n) + rng.random(n.sum())
    times = pd.Timestamp("2001-01-01", tz="UTC") + pd.to_timedelta(np.sort(days), unit="D").round("ms")
    events = make_events(len(times), end="2007-07-01", origin_time=times, near=(35.7, 139.8))
    recipe = make_recipe(grid={"rows": 2, "columns": 2}, split={"validation": 0.2, "test": 0.3})
    return recipe, events, make_samples(recipe, events)


def test_it_learns_what_there_is_to_learn_and_keeps_it(clustered):
    recipe, events, samples = clustered
    fitted = Boosting.fit(recipe, events, samples)
    assert 0 < len(fitted.trees) <= MOST_TREES
    assert fitted.features == list(FEATURES)
    test = samples.parts["test"]
    probability, observed = fitted.probabilities(events, samples.dates[test]), samples.target[test]
    assert probability[observed].mean() > 1.3 * probability[~observed].mean()
    restored = Boosting(recipe.target, **json.loads(json.dumps(fitted.parameters)))
    np.testing.assert_array_equal(restored.probabilities(events, samples.dates[test]), probability)


def test_the_same_seed_gives_the_same_trees(clustered):
    assert Boosting.fit(*clustered) == Boosting.fit(*clustered)
