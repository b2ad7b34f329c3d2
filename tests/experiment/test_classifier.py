"""A trained classifier without a network: what it says of itself and how it is put right."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mleq.experiment import classifier
from mleq.experiment.calibration import Calibrator, Platt, PriorShift
from mleq.experiment.classifier import Classifier
from mleq.experiment.out_of_fold import OutOfFold
from mleq.experiment.training_set import TrainingSet


@pytest.fixture
def raw(monkeypatch):
    """Probabilities as a network would give them: a tenth of each sample's number."""
    monkeypatch.setattr(classifier, "predict_probabilities", lambda model, samples, indices, size: indices / 10)


@pytest.fixture
def made():
    model = SimpleNamespace(save=lambda path: path.write_text("a network"))
    fitted = SimpleNamespace(model=model, history=pd.DataFrame({"epoch": [1]}), summary={"epochs": 1})
    return Classifier("layers", fitted, Calibrator(PriorShift(0.5, 0.1)))


def test_forecasts_are_the_networks_after_the_shift_of_the_prior(made, raw):
    indices = np.array([1, 5, 9])
    np.testing.assert_array_equal(made.uncalibrated(None, indices, 8), [0.1, 0.5, 0.9])
    odds = np.array([1 / 9, 1, 9]) / 9  # from a half to a tenth: odds of 1 become 1 to 9
    np.testing.assert_allclose(made.probabilities(None, indices, 8), odds / (1 + odds))


def test_it_says_what_it_is_and_how_it_was_calibrated(made, tmp_path):
    assert made.summary == {"name": "layers", "epochs": 1}
    assert made.history["epoch"].tolist() == [1]
    assert made.calibration["out_of_fold"] is None
    made.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
    days = pd.DataFrame({"block": [1, 1], "probability": [0.1, 0.2]})
    found = OutOfFold(Platt(-0.1, 2.0), days, {"days": 2})
    scaled = made.scaled(found)
    assert scaled.calibrator == Calibrator(made.calibrator.prior, found.platt)
    assert scaled.calibration["out_of_fold"] == {"days": 2}
    scaled.save(tmp_path)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out_of_fold.parquet"), days)


def test_log_loss_of_what_is_no_number_is_none():
    target = np.array([True, False])
    assert classifier._log_loss(target, np.array([0.8, 0.4])) == pytest.approx(-np.log([0.8, 0.6]).mean())
    assert np.isnan(classifier._log_loss(target, np.array([0.8, np.nan])))
    assert classifier._log_loss(target[:1], np.array([0.8])) == pytest.approx(-np.log(0.8)), "days of one kind"


def test_no_sample_has_no_probability():
    assert classifier.predict_probabilities(None, None, np.array([], int), 8).shape == (0,)


@pytest.mark.parametrize("kind", ["indices", "inputs"])
def test_a_part_of_a_training_set_keeps_what_belongs_together(kind):
    values = {"indices": np.arange(10, 16)} if kind == "indices" else {"inputs": np.arange(12.0).reshape(6, 2)}
    whole = TrainingSet(np.array([0, 1, 0, 1, 1, 0], bool), **values, prior_before=0.2, exact=False)
    part = whole.selected(np.array([4, 0]))
    assert (whole.n, part.n) == (6, 2)
    assert part.target.tolist() == [True, False]
    np.testing.assert_array_equal(getattr(part, kind), getattr(whole, kind)[[4, 0]])
    assert getattr(part, "inputs" if kind == "indices" else "indices") is None
    assert (part.prior_before, part.exact) == (0.2, False)
