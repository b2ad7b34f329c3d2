import inspect
import logging
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest

from mleq.errors import DataError, RecipeError, RequestError
from mleq.forecast import resampling
from mleq.forecast.resampling import METHODS, check_arguments, memory_needed_gb, resample

NEEDING_WINDOWS = [name for name in METHODS if name not in resampling.EXACT]
SHAPE = (2, 3, 4, 3)


def step(name, **args):
    return SimpleNamespace(name=name, args=args)


class FakeSamples:
    """Overlapping classes with three times as many days as are in the training part."""

    def __init__(self, n=240, share=0.25, shape=SHAPE, lift=0.15):
        rng = np.random.default_rng(4126)
        self.target = rng.random(n) < share
        self.sample_shape = shape
        shift = lift * self.target[(slice(None), *(np.newaxis,) * len(shape))]
        self.windows = (rng.random((n, *shape)) + shift).astype(np.float32)
        self.gathered = 0

    def batch(self, indices):
        self.gathered += len(indices)
        return self.windows[indices]


@pytest.fixture
def samples():
    return FakeSamples()


TRAIN = np.arange(20, 180)


def run(samples, *steps, limit=1.0, seed=1):
    return resample(samples, TRAIN, steps, seed=seed, memory_limit_gb=limit)


def test_without_steps_the_training_part_stays(samples):
    result = run(samples)
    np.testing.assert_array_equal(result.indices, TRAIN)
    np.testing.assert_array_equal(result.target, samples.target[TRAIN])
    assert result.prior_before == result.prior_after == samples.target[TRAIN].mean()
    assert result.exact
    assert not result.balanced
    assert result.class_weight is None


def test_random_undersampling_balances_and_gathers_no_window(samples):
    result = run(samples, step("RandomUnderSampler"))
    assert samples.gathered == 0
    assert result.prior_after == 0.5
    assert result.exact
    assert set(result.indices) <= set(TRAIN)
    assert set(TRAIN[samples.target[TRAIN]]) <= set(result.indices)
    np.testing.assert_array_equal(samples.target[result.indices], result.target)


def test_the_seed_decides_unless_the_arguments_do(samples):
    def kept(seed, **args):
        return list(run(samples, step("RandomUnderSampler", **args), seed=seed).indices)

    assert kept(1) == kept(1)
    assert kept(1) != kept(2)
    assert kept(1, random_state=7) == kept(2, random_state=7)


@pytest.mark.parametrize("name", NEEDING_WINDOWS)
def test_each_method_on_windows(samples, name):
    result = run(samples, step(name))
    assert not result.exact
    assert result.prior_after == pytest.approx(result.target.mean())
    if METHODS[name].selects:
        assert result.inputs is None
        assert set(result.indices) <= set(TRAIN)
        np.testing.assert_array_equal(samples.target[result.indices], result.target)
        assert result.n < TRAIN.size
    else:
        assert result.indices is None
        assert result.inputs.shape == (result.n, *SHAPE)
        assert result.inputs.dtype == np.float32
        assert abs(result.prior_after - 0.5) < 0.05


def test_smote_keeps_the_original_windows_and_adds_positives_between_them(samples):
    result = run(samples, step("SMOTE"))
    np.testing.assert_array_equal(result.inputs[: TRAIN.size], samples.windows[TRAIN])
    assert result.target[TRAIN.size :].all()
    positives = samples.windows[TRAIN][samples.target[TRAIN]]
    assert np.all(result.inputs[TRAIN.size :] <= positives.max(axis=0) + 1e-6)


def test_chained_selections_are_indices_into_the_samples(samples):
    cleaned = run(samples, step("TomekLinks"))
    both = run(samples, step("TomekLinks"), step("RandomUnderSampler"))
    assert set(both.indices) < set(cleaned.indices)
    np.testing.assert_array_equal(samples.target[both.indices], both.target)
    assert both.prior_after == 0.5
    assert not both.exact


def test_selection_after_synthesis_selects_among_the_new_windows(samples):
    made = run(samples, step("SMOTE"))
    cleaned = run(samples, step("SMOTE"), step("EditedNearestNeighbours", sampling_strategy="all"))
    assert cleaned.indices is None
    assert cleaned.n == cleaned.inputs.shape[0] < made.n
    assert {w.tobytes() for w in cleaned.inputs} <= {w.tobytes() for w in made.inputs}


def test_order_matters(samples):
    first = run(samples, step("RandomUnderSampler"), step("TomekLinks"))
    second = run(samples, step("TomekLinks"), step("RandomUnderSampler"))
    assert set(first.indices) != set(second.indices)


def test_class_weight_counts_both_classes_alike(samples):
    result = run(samples, step("class_weight"))
    negative, positive = result.class_weight
    n_positive = result.target.sum()
    assert positive * n_positive == pytest.approx(negative * (result.n - n_positive))
    assert positive * n_positive + negative * (result.n - n_positive) == pytest.approx(result.n)
    assert result.prior_after == pytest.approx(0.5)
    assert result.exact


def test_class_weight_given(samples):
    result = run(samples, step("class_weight", positive=3, negative=1))
    n_positive = result.target.sum()
    assert result.class_weight == (1, 3)
    assert result.prior_after == pytest.approx(3 * n_positive / (3 * n_positive + result.n - n_positive))


def test_balanced_batches_copy_nothing(samples):
    result = run(samples, step("balanced_batches"))
    assert result.balanced
    assert result.prior_after == 0.5
    assert result.exact
    assert samples.gathered == 0
    np.testing.assert_array_equal(result.indices, TRAIN)


@pytest.mark.parametrize("name", [n for n, m in METHODS.items() if m.module])
def test_arguments_are_those_of_imbalanced_learn(name):
    sampler = resampling._sampler(step(name), 0)
    assert set(inspect.signature(type(sampler)).parameters) == set(METHODS[name].arguments)


def test_all_mistakes_are_listed_with_their_place():
    steps = [
        step("RandomUnderSampler", sampling=0.5),
        step("SMOTEE"),
        step("class_weight"),
        step("NearMiss", version=7),
        step("balanced_batches", share=2),
    ]
    found = {".".join(map(str, path)): message for path, message in check_arguments(steps, values=True)}
    assert found.keys() == {
        "resample.0.args.sampling",
        "resample.1.name",
        "resample.2.name",
        "resample.3.args.version",
        "resample.4.args.share",
    }
    assert "did you mean 'SMOTE'" in found["resample.1.name"]
    assert "last" in found["resample.2.name"]
    assert "range [1, 3]" in found["resample.3.args.version"]
    assert "sampling_strategy" in found["resample.0.args.sampling"]


def test_wrong_weights_are_mistakes():
    assert [p for p, _ in check_arguments([step("class_weight", positive=-1)], values=True)] == [
        ("resample", 0, "args", "positive")
    ]


def test_arguments_that_do_not_fit_the_data_are_recipe_mistakes(samples):
    with pytest.raises(RecipeError, match="resample.1: RandomUnderSampler cannot be used"):
        run(samples, step("TomekLinks"), step("RandomUnderSampler", sampling_strategy=0.01))
    with pytest.raises(RecipeError, match=r"resample\.0\.args\.n_neighbors"):
        run(samples, step("NearMiss", n_neighbors="many"))


def test_sampling_strategy_by_class_is_read_from_json(samples):
    result = run(samples, step("RandomUnderSampler", sampling_strategy={"0": 17}))
    assert (~result.target).sum() == 17


def test_a_single_class_is_refused(samples):
    samples.target[:] = False
    with pytest.raises(DataError, match="160 samples, 0 of them"):
        run(samples, step("RandomUnderSampler"))


@pytest.mark.parametrize("name", NEEDING_WINDOWS)
def test_refuses_above_the_memory_limit_with_numbers_before_gathering(samples, name, caplog):
    with (
        caplog.at_level(logging.INFO, logger="mleq"),
        pytest.raises(RequestError, match=r"needs up to 0\.\d\d GB .* memory_limit_gb is 1e-06"),
    ):
        run(samples, step(name), limit=1e-6)
    assert samples.gathered == 0
    assert f"{name} on 160 samples needs up to" in caplog.text


def test_random_undersampling_needs_next_to_nothing():
    assert memory_needed_gb(step("RandomUnderSampler"), 1_000, 9_000, (15, 20, 30, 3)) < 0.001
    assert memory_needed_gb(step("SMOTE"), 1_000, 9_000, (15, 20, 30, 3)) > 9 * 108e3 * 1000 / 1e9


@pytest.mark.parametrize("share", [0.05, 0.4])
@pytest.mark.parametrize("name", NEEDING_WINDOWS)
def test_memory_estimate_bounds_what_is_measured(name, share):
    samples = FakeSamples(300, share, (5, 8, 10, 3), lift=0.01)
    indices = np.arange(300)
    n_positive = int(samples.target.sum())
    estimate = memory_needed_gb(step(name), n_positive, 300 - n_positive, samples.sample_shape)
    # Without samples only scikit-learn's blocks are left, which lie outside what tracemalloc sees.
    estimate -= memory_needed_gb(step(name), 0, 0, samples.sample_shape)
    resample(samples, indices, [step(name)], seed=1, memory_limit_gb=1)  # imports are not to be counted
    tracemalloc.start()
    try:
        resample(samples, indices, [step(name)], seed=1, memory_limit_gb=1)
        peak = tracemalloc.get_traced_memory()[1] / 1e9
    finally:
        tracemalloc.stop()
    assert 0.4 * estimate < peak < estimate
