"""Scores of clusters: closed forms, published values, edges, intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.errors import DataError
from mleq.scores.clustering import (
    adjusted_mutual_information,
    adjusted_rand_index,
    best_cluster_f1,
    paired_intervals,
)


def test_the_adjusted_rand_index_of_a_table_worked_by_hand():
    # n = 6, pairs 15; sum C(n_ij, 2) = 2, rows 3 + 3 = 6, columns 1 + 1 + 1 = 3: (2 - 1.2) / (4.5 - 1.2).
    truth, found = [0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2]
    assert adjusted_rand_index(truth, found) == pytest.approx(0.8 / 3.3)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40), st.permutations(range(4)))
def test_scores_do_not_know_the_names_of_clusters(pairs, names):
    truth, found = np.array(pairs).T
    renamed = np.array(names)[found]
    for score in (adjusted_rand_index, adjusted_mutual_information, lambda t, f: best_cluster_f1(t == 0, f)[0]):
        np.testing.assert_allclose(score(truth, found), score(truth, renamed), atol=1e-9, equal_nan=True)
    assert adjusted_rand_index(truth, truth) == pytest.approx(1)
    assert adjusted_mutual_information(truth, truth) == pytest.approx(1)


def test_the_best_cluster_is_the_one_of_largest_f1():
    truth = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    found = np.array(["a", "a", "a", "b", "a", "b", "b", "c"])
    assert best_cluster_f1(truth, found) == (pytest.approx(2 * 3 / (4 + 4)), "a")
    value, cluster = best_cluster_f1(np.zeros(8), found)
    assert np.isnan(value)
    assert cluster is None


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(DataError, match=r"kinds of shape \(2,\) and clusters of shape \(3,\)"):
        adjusted_rand_index([0, 1], [0, 1, 1])
    with pytest.raises(DataError, match="no window to score"):
        adjusted_mutual_information([], [])


def test_intervals_are_paired_and_cover_the_value():
    rng = np.random.default_rng(1)
    truth = rng.integers(3, size=600)
    good = np.where(rng.random(600) < 0.8, truth, rng.integers(3, size=600))
    drawn = paired_intervals(
        adjusted_rand_index, truth, {"good": good, "same": good, "chance": rng.integers(3, size=600)},
        np.arange(600) // 20, resamples=100,
    )  # fmt: skip
    assert (drawn["good"] == drawn["same"]).all()
    low, high = np.percentile(drawn["good"], [2.5, 97.5])
    assert low < adjusted_rand_index(truth, good) < high
    assert np.percentile(drawn["good"] - drawn["chance"], 2.5) > 0


def test_whole_blocks_are_drawn_with_replacement():
    blocks = np.repeat([5, 2, 9, 7], [3, 1, 4, 2])
    truth, found = np.arange(10), {"ours": np.arange(10) * 2, "theirs": np.zeros(10)}
    seen = []

    def score(drawn, labels):
        seen.append(drawn)
        return float(labels.sum())

    values = paired_intervals(score, truth, found, blocks, resamples=30, seed=4)
    rng = np.random.default_rng(4)
    for resample in range(30):
        # In the order of the blocks' names: 2, 5, 7, 9.
        drawn = [(np.array([3]), np.arange(3), np.arange(8, 10), np.arange(4, 8))[k] for k in rng.integers(4, size=4)]
        np.testing.assert_array_equal(seen[2 * resample], np.concatenate(drawn))
        np.testing.assert_array_equal(seen[2 * resample], seen[2 * resample + 1])
        assert values["ours"][resample] == 2 * seen[2 * resample].sum()
    assert (values["theirs"] == 0).all()
