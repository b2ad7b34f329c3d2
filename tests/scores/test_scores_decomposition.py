import numpy as np
import pytest

from mleq import scores
from mleq.scores import decompose_gain


@pytest.fixture(scope="module")
def days():
    rng = np.random.default_rng(4)
    truth = rng.beta(2, 10, 2000)
    return rng.random(2000) < truth, truth


def scored(observed, **methods):
    return scores.block_bootstrap(observed, methods, mean_block_days=60, n_resamples=400, seed=1)


def test_the_parts_add_up_and_drift_is_the_relative_entropy_of_the_rates(days):
    observed, truth = days
    parts = decompose_gain(scored(observed, probability=0.9 * truth, climatology=0.05, etas=truth))
    value = {name: part["nats_per_day"]["value"] for name, part in parts.items()}
    assert value["base_rate_drift"] + value["clustering"] + value["own"] == pytest.approx(value["total"], abs=1e-12)
    assert value["clustering"] + value["own"] == pytest.approx(value["beyond_base_rate"], abs=1e-12)
    rate = observed.mean()
    entropy = rate * np.log(rate / 0.05) + (1 - rate) * np.log((1 - rate) / 0.95)
    assert value["base_rate_drift"] == pytest.approx(entropy, rel=1e-9)
    assert value["own"] == pytest.approx(scores.information_gain(observed, 0.9 * truth, truth)["nats_per_day"])
    for part in parts.values():
        assert part["nats_per_day"]["low"] < part["nats_per_day"]["value"] < part["nats_per_day"]["high"]


def test_the_constant_is_scored_as_any_method_is(days):
    observed, truth = days
    rate = float(observed.mean())
    bootstrap = scored(observed, probability=truth, climatology=0.05, etas=0.2, rate=rate)
    parts = decompose_gain(bootstrap)
    assert parts["base_rate_drift"]["nats_per_day"] == pytest.approx(
        bootstrap.gain("rate", "climatology")["nats_per_day"]
    )
    assert parts["clustering"]["nats_per_event_day"] == pytest.approx(
        bootstrap.gain("etas", "rate")["nats_per_event_day"]
    )
    none = decompose_gain(scored(observed, probability=truth, climatology=rate, etas=0.2))["base_rate_drift"]
    assert none["nats_per_day"]["value"] == pytest.approx(0, abs=1e-12)
    assert none["nats_per_day"]["high"] == pytest.approx(0, abs=1e-12)


def test_without_etas_its_parts_are_null_with_the_reason(days):
    observed, truth = days
    parts = decompose_gain(scored(observed, probability=truth, climatology=0.1))
    assert parts["clustering"]["nats_per_day"] == parts["own"]["nats_per_event_day"]
    assert parts["own"]["nats_per_day"]["value"] is None
    assert "etas" in parts["own"]["nats_per_day"]["reason"]
    assert parts["beyond_base_rate"]["nats_per_day"]["value"] > 0
