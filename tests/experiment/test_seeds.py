"""What several seeds come to: means, spreads, and what cannot be averaged."""

import numpy as np
import pandas as pd
import pytest

from mleq.errors import RequestError
from mleq.experiment.seeds import _spread, averaged, spread_lines


def score(value):
    return {"value": value, "low": None, "high": None}


def test_the_mean_forecast_keeps_days_and_references_of_the_first():
    frames = [
        pd.DataFrame({"target_date": ["a", "b"], "probability": [p, 0.5], "uncalibrated": [2 * p, 0.1], "etas": p})
        for p in (0.1, 0.2, 0.4)
    ]
    mean = averaged(frames)
    np.testing.assert_allclose(mean["probability"], [0.7 / 3, 0.5])
    np.testing.assert_allclose(mean["uncalibrated"], [1.4 / 3, 0.1])
    assert mean["etas"].tolist() == [0.1, 0.1]
    assert frames[0]["probability"].tolist() == [0.1, 0.5], "the first stays as it is"
    assert "uncalibrated" not in averaged([one.drop(columns="uncalibrated") for one in frames])
    with pytest.raises(RequestError, match="only probabilities are averaged.*leave --average out"):
        averaged([one.drop(columns="probability") for one in frames])


def test_a_score_that_one_seed_lacks_has_no_spread():
    both = [{"log_score": score(0.4), "roc_auc": score(None)}, {"log_score": score(0.6), "roc_auc": score(0.7)}]
    found = _spread(both)
    assert found["log_score"] == pytest.approx(
        {"mean": 0.5, "standard_deviation": np.sqrt(0.02), "smallest": 0.4, "largest": 0.6}
    )
    assert set(found["roc_auc"].values()) == {None}
    seeds = [
        {"seed": seed, "scores": scores, "verdict": f"verdict {seed}"}
        for seed, scores in zip((3, 4), both, strict=True)
    ]
    lines = spread_lines({"seeds": seeds, "spread": found, "average": None})
    assert lines[0].split() == ["seed", "log", "score", "roc", "auc"]
    assert lines[1].split() == ["3", "0.4000", "-"]
    assert lines[3].split() == ["mean", "0.5000", "-"]
    assert lines[-1] == "seed 4: verdict 4"
    average = {"scores": {"log_score": score(0.45), "roc_auc": score(0.8)}, "verdict": "better"}
    lines = spread_lines({"seeds": seeds, "spread": found, "average": average})
    assert lines[-1] == "average: better"
    assert any(line.split() == ["average", "forecast", "0.4500", "0.8000"] for line in lines)
