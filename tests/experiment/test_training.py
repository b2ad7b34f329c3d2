import json
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mleq import progress
from mleq.errors import Failure
from mleq.experiment.batches import batches_per_epoch, epoch_order
from mleq.experiment.calibration import PriorShift, Spread
from mleq.experiment.training_set import TrainingSet

SHAPE = (3, 4, 5, 3)


class FakeSamples:
    def __init__(self, n=90, seed=3, lift=0.2):
        rng = np.random.default_rng(seed)
        self.target = rng.random(n) < 0.3
        self.sample_shape = SHAPE
        self.windows = (rng.random((n, *SHAPE)) - 0.5).astype(np.float32)
        self.windows += lift * np.where(self.target, 0.5, -0.5)[:, None, None, None, None].astype(np.float32)
        self.batch_sizes = []

    def batch(self, indices):
        self.batch_sizes.append(len(indices))
        return self.windows[indices]


TRAIN, VALIDATION = np.arange(60), np.arange(64, 90)
RECURRENT = [
    {"name": "ConvLSTM2D", "filters": 2, "kernel_size": 3, "padding": "same", "dropout": 0.4},
    {"name": "BatchNormalization"},
]
LAYERS = [
    {"name": "Flatten"},
    {"name": "Dropout", "rate": 0.5},
    {"name": "Dense", "units": 1, "activation": "sigmoid"},
]


@pytest.fixture
def samples():
    return FakeSamples()


def settings(epochs=4, **changed):
    return SimpleNamespace(**{"learning_rate": 3e-3, "batch_size": 16, "patience": 10, "epochs": epochs, **changed})


def training_set(samples, **changed):
    share = float(samples.target[TRAIN].mean())
    return TrainingSet(samples.target[TRAIN], indices=TRAIN, prior_before=share, prior_after=share, **changed)


def trained(folder, samples, epochs=4, *, key="k", layers=LAYERS, training=None, transform=None, **changed):
    from mleq.experiment.classifier import fit
    from mleq.experiment.network import build

    return fit(
        build(layers, SHAPE, seed=11),
        samples,
        training or training_set(samples),
        VALIDATION,
        settings(epochs, **changed),
        work_folder=folder,
        seed=11,
        key=key,
        transform=transform,
    )


def weights(fitted):
    return [np.asarray(w) for w in fitted.model.weights]


def assert_same_outcome(one, other):
    for a, b in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(a, b)
    columns = [c for c in one.history if c != "seconds"]
    pd.testing.assert_frame_equal(one.history[columns], other.history[columns], check_exact=True)
    assert one.best_epoch == other.best_epoch


def test_order_is_decided_by_seed_and_epoch_alone():
    target = np.arange(50) % 5 == 0
    first = epoch_order(target, seed=1, epoch=3)
    np.testing.assert_array_equal(first, epoch_order(target, seed=1, epoch=3))
    assert not np.array_equal(first, epoch_order(target, seed=1, epoch=4))
    assert not np.array_equal(first, epoch_order(target, seed=2, epoch=3))
    assert set(first) == set(range(50))


@pytest.mark.parametrize("rarer_is_positive", [True, False])
def test_balanced_order_has_half_positives_in_each_batch_and_new_others_each_epoch(rarer_is_positive):
    target = (np.arange(200) % 10 == 0) == rarer_is_positive
    first, second = (epoch_order(target, seed=1, epoch=e, balanced=True) for e in (1, 2))
    assert first.size == 40
    assert all(target[first[i : i + 8]].sum() == 4 for i in range(0, 40, 8))
    rare = set(np.flatnonzero(target == rarer_is_positive))
    assert rare <= set(first)
    assert rare <= set(second)
    assert set(first) != set(second)
    assert len(set(first)) == 40
    assert batches_per_epoch(TrainingSet(target, balanced=True), 16) == 3


@pytest.mark.tensorflow
def test_batches_gather_scaled_windows_and_weights(samples):
    from mleq.experiment.batches import training_batches

    training = training_set(samples, class_weight=(0.5, 2.0))
    batches = training_batches(samples, training, batch_size=16, seed=1, epoch=1)
    order = epoch_order(training.target, seed=1, epoch=1)
    assert len(batches) == 4
    inputs, target, weight = batches[3]
    np.testing.assert_array_equal(inputs, samples.windows[TRAIN[order[48:]]])
    np.testing.assert_array_equal(target[:, 0] == 1, samples.target[TRAIN[order[48:]]])
    np.testing.assert_array_equal(weight, np.where(target[:, 0] == 1, 2.0, 0.5))
    assert max(samples.batch_sizes) == 12


@pytest.mark.tensorflow
def test_synthesised_inputs_are_trained_on(tmp_path, samples):
    made = TrainingSet(np.arange(20) % 2 == 0, inputs=np.random.default_rng(1).random((20, *SHAPE), np.float32))
    result = trained(tmp_path, samples, epochs=1, training=made)
    assert result.epochs == 1
    assert sum(samples.batch_sizes) <= 3 * VALIDATION.size  # Keras looks at two batches more for their shape


@pytest.mark.tensorflow
def test_two_epochs_and_two_more_equal_four(tmp_path, samples):
    layers = RECURRENT + LAYERS
    whole = trained(tmp_path / "whole", samples, 4, layers=layers)
    trained(tmp_path / "parts", samples, 2, layers=layers)
    parts = trained(tmp_path / "parts", samples, 4, layers=layers)
    assert len(parts.history) == 4
    assert_same_outcome(whole, parts)


@pytest.mark.tensorflow
def test_dropout_is_at_work_and_differs_between_epochs(samples):
    from mleq.experiment.network import build
    from mleq.experiment.training import _seed_dropout

    model = build(RECURRENT + LAYERS, SHAPE, seed=11)

    def output(epoch):
        _seed_dropout(model, 11, epoch)
        return np.asarray(model(samples.windows[:8], training=True))

    np.testing.assert_array_equal(output(1), output(1))
    assert not np.array_equal(output(1), output(2))


@pytest.mark.tensorflow
@pytest.mark.parametrize("balanced", [False, True])
def test_interrupted_in_an_epoch_goes_on_as_if_never_stopped(tmp_path, samples, balanced):
    training = training_set(samples, balanced=balanced)
    whole = trained(tmp_path / "whole", samples, 3, training=training)

    class Interrupting:
        """A sink at which the person presses Ctrl-C in the second batch of the second epoch."""

        left = batches_per_epoch(training, 16) + 2

        def open(self, label, total, unit):
            return self

        def advance(self, amount=1, note=""):
            self.left -= amount
            if self.left <= 0:
                raise KeyboardInterrupt

        def close(self):
            pass

    with pytest.raises(KeyboardInterrupt), progress.show_with(Interrupting()):
        trained(tmp_path / "stopped", samples, 3, training=training)
    assert json.loads((tmp_path / "stopped" / "training.json").read_text())["epoch"] == 1
    assert_same_outcome(whole, trained(tmp_path / "stopped", samples, 3, training=training))


@pytest.mark.tensorflow
def test_killed_while_storing_an_epoch_goes_on_from_the_one_before(tmp_path, samples, monkeypatch):
    from mleq import atomic

    whole = trained(tmp_path / "whole", samples, 3)
    write_json = atomic.write_json

    def killed(path, value):
        if value["epoch"] == 2:
            raise SystemExit
        write_json(path, value)

    monkeypatch.setattr(atomic, "write_json", killed)
    with pytest.raises(SystemExit):
        trained(tmp_path / "killed", samples, 3)
    monkeypatch.undo()
    assert len(pd.read_csv(tmp_path / "killed" / "history.csv")) == 2
    assert_same_outcome(whole, trained(tmp_path / "killed", samples, 3))


@pytest.mark.tensorflow
def test_another_key_starts_anew_and_leaves_other_files(tmp_path, samples):
    (tmp_path / "notes.txt").write_text("mine")
    trained(tmp_path, samples, 2)
    assert trained(tmp_path, samples, 1, key="other").epochs == 1
    assert len(pd.read_csv(tmp_path / "history.csv")) == 1
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.tensorflow
def test_a_damaged_state_starts_anew(tmp_path, samples, caplog):
    whole = trained(tmp_path / "whole", samples, 1)
    trained(tmp_path / "damaged", samples, 1)
    (tmp_path / "damaged" / "training.json").write_text('{"key": "k", "epo')
    assert_same_outcome(whole, trained(tmp_path / "damaged", samples, 1))
    assert "starts anew" in caplog.text


@pytest.mark.tensorflow
def test_finished_training_is_not_repeated(tmp_path, samples):
    first = trained(tmp_path, samples, 2)
    samples.batch_sizes.clear()
    assert_same_outcome(first, trained(tmp_path, samples, 2))
    assert samples.batch_sizes == []


@pytest.mark.tensorflow
def test_the_best_epoch_is_kept_and_patience_ends_training(tmp_path, samples):
    from mleq.experiment.classifier import predict_probabilities

    # A rate this large overshoots after the first epochs, so that the best one is not the last.
    result = trained(tmp_path, samples, 30, learning_rate=0.3, patience=3)
    losses = result.history["validation_log_loss"]
    assert result.best_epoch == int(losses.argmin()) + 1 < result.epochs < 30
    assert result.epochs == result.best_epoch + 3
    p = np.clip(predict_probabilities(result.model, samples, VALIDATION, 7), 1e-15, 1 - 1e-15)
    y = samples.target[VALIDATION]
    assert -np.mean(np.log(np.where(y, p, 1 - p))) == pytest.approx(losses.min(), rel=1e-4)
    assert sorted(p.name for p in tmp_path.glob("*.keras")) == [
        f"epoch-{e:05d}.keras" for e in (result.best_epoch, result.epochs)
    ]


@pytest.mark.tensorflow
def test_the_epoch_is_chosen_by_the_log_loss_after_the_transform(tmp_path, samples):
    shift = PriorShift(train=0.5, deploy=0.05)
    result = trained(tmp_path, samples, 1, transform=shift)
    from mleq.experiment.classifier import predict_probabilities

    raw = predict_probabilities(result.model, samples, VALIDATION, 16)
    y = samples.target[VALIDATION]
    row = result.history.iloc[0]
    for column, p in (("validation_log_loss", shift(raw)), ("validation_log_loss_raw", raw)):
        assert row[column] == pytest.approx(-np.mean(np.log(np.where(y, p, 1 - p))), rel=1e-5)


@pytest.mark.tensorflow
def test_a_loss_that_is_no_number_is_a_failure_with_a_remedy(tmp_path, samples):
    samples.windows[TRAIN[5]] = np.nan
    with pytest.raises(Failure, match=r"epoch 1.*model\.learning_rate \(now 0\.003\)"):
        trained(tmp_path, samples, 2)
    assert not (tmp_path / "training.json").exists()


@pytest.mark.tensorflow
def test_learns_what_can_be_learnt_and_counts_batches(tmp_path, samples):
    class Counting:
        done, opened = 0, []

        def open(self, label, total, unit):
            self.opened.append((label, total, unit))
            return self

        def advance(self, amount=1, note=""):
            self.done += amount

        def close(self):
            pass

    sink = Counting()
    with progress.show_with(sink):
        layers = [LAYERS[0], LAYERS[-1]]
        result = trained(tmp_path, FakeSamples(lift=0.6), 12, layers=layers, learning_rate=0.02)
    assert sink.opened == [("training", 48, "batches")]
    assert sink.done == 48
    share = samples.target[TRAIN].mean()
    y = samples.target[VALIDATION]
    climatology = -np.mean(np.where(y, math.log(share), math.log(1 - share)))
    assert result.history["validation_log_loss"].min() < 0.7 * climatology


@pytest.mark.tensorflow
def test_nothing_is_printed(tmp_path, samples, capfd):
    trained(tmp_path, samples, 1)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


@pytest.mark.tensorflow
def test_held_out_days_choose_nothing_and_are_forecast_by_the_last_epoch(tmp_path, samples):
    from mleq.experiment.classifier import held_out_probabilities, predict_probabilities
    from mleq.experiment.network import build

    def forecast(epochs, target):
        samples.target = target
        return held_out_probabilities(
            build(LAYERS, SHAPE, seed=11),
            samples,
            training_set(samples),
            TRAIN,
            VALIDATION,
            settings(epochs, patience=1),
            like=Spread(-2.0, 0.5),
            work=tmp_path / f"{epochs}-{target[VALIDATION].sum()}",
            seed=11,
            key="k",
        )

    as_they_are = samples.target
    flipped = np.where(np.isin(np.arange(90), VALIDATION), ~as_they_are, as_they_are)
    np.testing.assert_array_equal(forecast(3, as_they_are), forecast(3, flipped))
    samples.target = as_they_are
    last = trained(tmp_path / "chosen", samples, 3)
    assert last.best_epoch == 3
    known, raw = (predict_probabilities(last.model, samples, days, 16) for days in (TRAIN, VALIDATION))
    known, raw = (np.log(p / (1 - p)) for p in (known, raw))
    logits = -2.0 + 0.5 * (raw - known.mean()) / known.std()
    np.testing.assert_allclose(forecast(3, as_they_are), 1 / (1 + np.exp(-logits)), rtol=1e-5)
    assert not np.allclose(forecast(1, as_they_are), forecast(3, as_they_are))
    assert not list(tmp_path.glob("3-*/epoch-*.keras"))
