import json
from dataclasses import replace

import numpy as np
import pytest

from mleq.forecast.references import REFERENCES, Climatology, fit_references, restore_references
from mleq.forecast.samples import make_samples


@pytest.fixture(scope="module")
def material(make_recipe, make_events):
    recipe, events = make_recipe(), make_events(700, near=(35.7, 139.8))
    return recipe, events, make_samples(recipe, events)


def test_climatology_is_the_share_of_positive_training_days(material):
    recipe, events, samples = material
    fitted = fit_references(recipe, events, samples, ["climatology"])["climatology"]
    train = samples.target[samples.parts["train"]]
    probabilities = fitted.probabilities(events, samples.dates)
    assert probabilities.shape == samples.dates.shape
    assert set(probabilities) == {(train.sum() + 0.5) / (len(train) + 1)}
    assert probabilities[0] == pytest.approx(train.mean(), abs=0.5 / len(train))


def test_climatology_knows_the_training_part_alone(material):
    recipe, events, samples = material
    before = Climatology.fit(recipe, events, samples)
    target = samples.target.copy()
    target[samples.parts["test"]] ^= True
    target[samples.parts["validation"]] ^= True
    after = Climatology.fit(recipe, events, _with(samples, target))
    assert before == after
    target[samples.parts["train"][0]] ^= True
    assert Climatology.fit(recipe, events, _with(samples, target)) != before


def _with(samples, target):
    return replace(samples, target=target)


@pytest.mark.parametrize(("days", "positives"), [(1, 0), (1, 1), (1000, 0), (1000, 1000)])
def test_climatology_is_never_certain(days, positives):
    assert 0 < Climatology(days, positives).probability < 1
    assert np.isfinite(np.log(Climatology(days, positives).probabilities(None, np.zeros(2)))).all()


def test_references_come_back_from_what_a_run_keeps(material):
    fitted = fit_references(*material)
    kept = json.loads(json.dumps({name: reference.parameters for name, reference in fitted.items()}))
    assert restore_references(kept) == fitted


def test_all_references_are_fitted_without_names(material):
    assert list(fit_references(*material)) == list(REFERENCES)
