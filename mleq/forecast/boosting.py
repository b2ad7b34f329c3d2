"""Gradient boosting on the features of the circle's past: what a table learner makes of decayed counts.

Fitted on the training part with scikit-learn's histogram-based boosting (Ke et al. 2017), on all days, with log loss
and strong regularisation: a positive day is rare, and days in a sequence repeat each other. How many leaves a tree has
and how many trees count are chosen on the validation part by the log score; none at all is a choice, the training
part's share of event-days on every day.

A run keeps the trees as numbers: no file is unpickled, a forecast needs neither scikit-learn nor the events of the
training part, and a catalogue revised since changes what is seen, not what was learnt.

References
----------
Ke, G. et al. (2017). LightGBM: a highly efficient gradient boosting decision tree. NeurIPS 30, 3146-3154.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from mleq.catalog.events import coverage
from mleq.forecast.days import beginnings
from mleq.forecast.excitation import sigmoid
from mleq.forecast.features import FEATURES, Past, circle_features
from mleq.forecast.samples import Samples
from mleq.recipe.settings import Circle
from mleq.scores import log_score

LEAVES = (2, 4, 8)
MOST_TREES = 300
SETTINGS = {"learning_rate": 0.03, "min_samples_leaf": 100, "l2_regularization": 10.0, "max_bins": 64}
LEAF = -1


@dataclass(frozen=True)
class Boosting:
    """Boosted trees on the features before an issue time.

    Attributes
    ----------
    target : Circle
    features : list of str
        Which columns of `mleq.forecast.features.FEATURES` the trees count in.
    leaves : int
        Of each tree, chosen on the validation part.
    baseline : float
        Log-odds before the first tree.
    trees : list of dict
        `feature` (-1 in a leaf), `threshold` (not above it: to the left), `left`, `right` and `value` (log-odds) of
        each node, the root first.
    """

    target: Circle
    features: list[str]
    leaves: int
    baseline: float
    trees: list[dict[str, list]]

    @classmethod
    def fit(cls, recipe, events: pd.DataFrame, samples: Samples) -> Boosting:
        """Grow trees on the training part; choose their size and number on the validation part."""
        names = list(FEATURES)
        train, validation = samples.parts["train"], samples.parts["validation"]
        inputs = features_of(recipe.target, events, samples.dates[np.concatenate([train, validation])], names)
        known, later = inputs[: len(train)], inputs[len(train) :]
        share = (samples.target[train].sum() + 0.5) / (len(train) + 1)
        best = cls(recipe.target, names, 0, float(np.log(share / (1 - share))), [])
        lowest = log_score(samples.target[validation], np.full(len(validation), share))
        for leaves in LEAVES:
            baseline, trees = grow(known, samples.target[train], leaves, recipe.seed)
            log_odds = baseline
            for number, tree in enumerate(trees, 1):
                log_odds = log_odds + tree_values(tree, later)
                loss = log_score(samples.target[validation], sigmoid(log_odds))
                if loss < lowest:
                    lowest, best = loss, cls(recipe.target, names, leaves, baseline, trees[:number])
        return best

    @property
    def parameters(self) -> dict[str, Any]:
        """All that was fitted or chosen, as JSON values."""
        return {key: value for key, value in asdict(self).items() if key != "target"}

    def probabilities(self, events: pd.DataFrame, dates: np.ndarray) -> np.ndarray:
        """Forecast some target dates, shape (k,)."""
        inputs = features_of(self.target, events, dates, self.features)
        log_odds = np.full(len(dates), self.baseline)
        for tree in self.trees:
            log_odds += tree_values(tree, inputs)
        return sigmoid(log_odds)


def features_of(target: Circle, events: pd.DataFrame, dates: np.ndarray, names: list[str]) -> np.ndarray:
    """Features of the target's circle at the issue times of some target dates, shape (k, len(names))."""
    issue_times = beginnings(np.asarray(dates, "datetime64[D]"), target.timezone)
    found = circle_features(
        Past.of(events, *coverage(events)),
        issue_times,
        latitude=target.latitude,
        longitude=target.longitude,
        radius_km=target.radius_km,
        magnitude=target.magnitude,
        max_depth_km=target.max_depth_km,
    )
    columns = list(FEATURES)
    return found[:, [columns.index(name) for name in names]]


def grow(inputs: np.ndarray, came_true: np.ndarray, leaves: int, seed: int) -> tuple[float, list[dict[str, list]]]:
    """Grow boosted trees; return the log-odds before the first, and all trees as lists of numbers."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=MOST_TREES, max_leaf_nodes=leaves, early_stopping=False, random_state=seed, **SETTINGS
    ).fit(inputs, came_true)
    # scikit-learn has no public way to write trees down; a test holds these against `decision_function`.
    trees = [_as_lists(one.nodes) for (one,) in model._predictors]
    return float(np.ravel(model._baseline_prediction)[0]), trees


def _as_lists(nodes: np.ndarray) -> dict[str, list]:
    leaf = nodes["is_leaf"].astype(bool)
    return {
        "feature": np.where(leaf, LEAF, nodes["feature_idx"]).tolist(),
        "threshold": np.where(leaf, 0.0, nodes["num_threshold"]).tolist(),
        "left": np.where(leaf, 0, nodes["left"]).tolist(),
        "right": np.where(leaf, 0, nodes["right"]).tolist(),
        "value": np.where(leaf, nodes["value"], 0.0).tolist(),
    }


def tree_values(tree: dict[str, list], inputs: np.ndarray) -> np.ndarray:
    """The value of the leaf that each row of inputs falls into, shape (k,)."""
    feature, threshold, left, right = (np.array(tree[name]) for name in ("feature", "threshold", "left", "right"))
    node, rows = np.zeros(len(inputs), int), np.arange(len(inputs))
    while (moving := feature[node] != LEAF).any():
        below = inputs[rows, feature[node]] <= threshold[node]
        node = np.where(moving, np.where(below, left[node], right[node]), node)
    return np.array(tree["value"])[node]
