"""The family `catalog` with two references and, in place of the network, the share of event-days: quick."""

from dataclasses import dataclass, field

import numpy as np

from mleq.experiment.calibration import Calibrator, PriorShift
from mleq.forecast.evaluation import evaluate
from mleq.forecast.family import describe, describe_split, folds, make_samples
from mleq.forecast.forecasting import forecast_parts
from mleq.forecast.references import fit_references

__all__ = ["describe", "describe_split", "evaluate", "folds", "forecasts", "learner", "make_samples", "references"]


@dataclass
class Share:
    share: float
    summary: dict = field(default_factory=lambda: {"name": "share", "best_epoch": None})
    calibration: dict = field(default_factory=lambda: {"prior_shift": None})
    history = None
    calibrator = Calibrator(PriorShift(0.5, 0.5))
    level = None

    def save(self, folder):
        (folder / "share.txt").write_text(str(self.share))

    def uncalibrated(self, samples, indices, batch_size):
        return np.full(len(indices), self.share)


def learner(recipe):
    def learn(samples, material, *, work, key):
        rng = np.random.default_rng(recipe.seed)
        return Share(float(samples.target[samples.parts["train"]].mean() * rng.uniform(0.8, 1.2)))

    return learn


def references(recipe, events, samples):
    return fit_references(recipe, events, samples, ["climatology", "trailing_365"])


def forecasts(recipe, events, samples, learned, references):
    return forecast_parts(recipe, events, samples, learned, references)
