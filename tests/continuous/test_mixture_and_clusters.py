"""Mixtures find what was planted, say how sure they are, and look again at what is rare."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from mleq.continuous.clusters import fit_partition, letters, linkage_of, medoids, sample_curve
from mleq.continuous.mixture import fit_look
from mleq.continuous.recipe import Mixture
from mleq.continuous.statement import advice
from mleq.errors import DataError

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_draws():
    """Each test draws the same numbers, in whatever order they run."""
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


CENTRES = 6 * RNG.standard_normal((3, 8))
TRUTH = np.repeat([0, 1, 2], [600, 300, 100])
FEATURES = (CENTRES[TRUTH] + RNG.standard_normal((1000, 8))).astype(np.float32)
SETTINGS = Mixture(components=(2, 3, 5), dimensions=4, seeds=2, second_stage=False)


@pytest.mark.parametrize("changes", [{}, {"reduction": "ica"}, {"covariance": "tied"}])
def test_planted_clusters_are_found_and_named_by_size(changes):
    look = fit_look(FEATURES, SETTINGS.model_copy(update=changes), seed=1)
    cluster, probability, _ = look.assign(FEATURES)
    assert len(look) == 3
    assert (cluster == TRUTH).mean() > 0.98  # by falling size, as they were planted
    assert look.about["stability"] > 0.95
    assert probability.min() > 0.3
    assert set(look.about["bic"]) == {"2", "3", "5"}


def test_assignments_are_those_of_scikit_learn():
    look = fit_look(FEATURES, SETTINGS, seed=1)
    theirs = GaussianMixture(3, means_init=look.means, weights_init=look.weights).fit(look.reduce(FEATURES)[:50])
    theirs.weights_, theirs.means_, theirs.covariances_ = look.weights, look.means, look.covariances
    theirs.precisions_cholesky_ = np.array([np.linalg.inv(np.linalg.cholesky(one)).T for one in look.covariances])
    reduced = look.reduce(FEATURES)
    cluster, probability, likelihood = look.assign(FEATURES)
    np.testing.assert_array_equal(cluster, theirs.predict(reduced))
    np.testing.assert_allclose(likelihood, theirs.score_samples(reduced), rtol=1e-6)
    np.testing.assert_allclose(probability, theirs.predict_proba(reduced).max(1), rtol=1e-6)


def test_too_few_windows_for_any_mixture_are_refused():
    with pytest.raises(DataError, match="19 usable windows for a mixture of 2 components; expected at least 10 for"):
        fit_look(FEATURES[:19], SETTINGS, seed=1)


def test_a_second_look_isolates_what_is_rare():
    # Two rare kinds that differ in what the first look does not see.
    first = np.concatenate([FEATURES, 40 + RNG.standard_normal((60, 8))]).astype(np.float32)
    largest = first.copy()
    largest[-30:] += 15
    settings = Mixture(components=(2, 3, 4), dimensions=4, seeds=2)
    partition = fit_partition(first, largest, settings, seed=1)
    cluster = partition.assign(first, largest)[0]
    rare = cluster[-60:]
    assert partition.second is not None
    assert len(set(rare[:30])) == len(set(rare[30:])) == 1
    assert rare[0] != rare[-1]
    assert rare.min() >= partition.bulk
    names = partition.names
    assert names[0] == "A"
    assert names[rare[0]].islower()


def test_medoids_are_the_nearest_to_all_others_and_the_tree_joins_all():
    points = np.array([[0.0], [1.0], [1.2], [10.0], [10.5], [12.0]])
    assert medoids(points, np.array([0, 0, 0, 1, 1, 1]), 3) == {0: 1, 1: 4}
    look = fit_look(FEATURES, SETTINGS, seed=1)
    tree = linkage_of(look)
    assert len(tree) == len(look) - 1
    assert tree[-1][3] == len(look)


def test_the_curve_levels_off_where_more_windows_say_the_same():
    curve = sample_curve(FEATURES[::2], FEATURES[1::2], 3, SETTINGS, seed=1)
    assert [row["windows"] for row in curve] == [100, 300, 500]
    assert curve[0]["agreement"] > 0.9
    assert curve[-1]["agreement"] is None
    rows = [
        {"windows": 100, "held_out_log_likelihood": -9.0, "agreement": 0.5},
        {"windows": 300, "held_out_log_likelihood": -8.05, "agreement": 0.79},
        {"windows": 1000, "held_out_log_likelihood": -8.0, "agreement": 0.8},
        {"windows": 3000, "held_out_log_likelihood": -7.99, "agreement": None},
    ]
    assert advice(rows) == "300 windows already say what 3,000 say"
    rows[-1]["held_out_log_likelihood"] = -7.0
    assert "raise model.sample" in advice(rows)


def test_cluster_names_go_on_after_z():
    assert [letters(k, "ab") for k in range(5)] == ["a", "b", "a1", "b1", "a2"]
