"""Learning the time to failure: by a network under one objective or three, or by trees on features."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq.lab.codec import BinCodec
from mleq.lab.inputs import Inputs
from mleq.lab.recipe import SCORED, CpcModel, FeatureModel, LabRecipe
from mleq.lab.references import Reference, boosting, forest, kinds, one_thread

log = logging.getLogger("mleq")

OBJECTIVES = ("bins", "mse", "mae")
LOSSES = {"bins": "sparse_categorical_crossentropy", "mse": "mean_squared_error", "mae": "mean_absolute_error"}
KEPT_FEATURES = "training_features.parquet"
"""What the references and the models of features were fitted on: they are fitted again, not unpickled."""


@dataclass(frozen=True)
class Decoder:
    """From a network's output to seconds.

    Attributes
    ----------
    objective : str
    codec : BinCodec
    scale_s : float
        Mean time to failure of the training part, the unit of a network that answers one number.
    """

    objective: str
    codec: BinCodec
    scale_s: float

    def encode(self, times: np.ndarray) -> np.ndarray:
        """What the network learns for times, shape (k, 1)."""
        if self.objective == "bins":
            return self.codec.encode(times)[:, np.newaxis]
        return (times / self.scale_s).astype(np.float32)[:, np.newaxis]

    def times(self, output: np.ndarray) -> np.ndarray:
        """Time to failure of outputs of shape (k, units), seconds, shape (k,)."""
        if self.objective == "bins":
            return self.codec.median(output)
        return np.maximum(output[:, 0].astype(float) * self.scale_s, 0.0)


@dataclass(frozen=True)
class LabLearned:
    """What a run keeps of a trained recipe; see `mleq.experiment.family.Learned`."""

    summary: dict[str, Any]
    calibration: dict[str, Any]
    history: pd.DataFrame | None
    answer: Callable[[Any, np.ndarray], dict[str, np.ndarray]] = field(repr=False)
    """(samples, indices) -> "time_to_failure_s", "bins" (k, bins) where there is a distribution, "objective_…"."""
    kept: pd.DataFrame = field(repr=False)
    model: Any = field(default=None, repr=False)

    def save(self, folder: Path) -> None:
        """Write model.keras, and the features that the references were fitted on."""
        if self.model is not None:
            self.model.save(folder / "model.keras")
        self.kept.to_parquet(folder / KEPT_FEATURES, index=False)


def learner(recipe: LabRecipe) -> Callable[..., LabLearned]:
    """Make the recipe's learner; a network is built first, so that a wrong layer is found before data are read."""
    if isinstance(recipe.model, FeatureModel):
        return lambda samples, material, *, work, key: _learn_features(recipe, samples)
    from mleq.lab.networks import network

    network(recipe, recipe.model.objective)
    return lambda samples, material, *, work, key: _learn_network(recipe, samples, work, key)


def feature_model(settings: FeatureModel, features: pd.DataFrame, times: np.ndarray, seed: int) -> Reference:
    """Fit a recipe's model of features."""
    allowed = kinds(list(features.columns))
    columns = allowed.get("boosting_4", tuple(features.columns)) if settings.features == "four" else features.columns
    made = boosting if settings.name == "boosting" else forest
    with one_thread():
        fitted = made(settings.epochs, seed).fit(features[list(columns)].to_numpy(float), times)
    return Reference(settings.name, tuple(columns), fitted, {"features": list(columns)})


def kept_features(samples) -> pd.DataFrame:
    """The features and times of the training part."""
    train = samples.parts["train"]
    return samples.features.iloc[train].reset_index(drop=True).assign(**{SCORED: samples.target[train]})


def _learn_features(recipe: LabRecipe, samples) -> LabLearned:
    kept = kept_features(samples)
    fitted = feature_model(recipe.model, kept.drop(columns=SCORED), kept[SCORED].to_numpy(), recipe.seed)

    def answer(samples, indices: np.ndarray) -> dict[str, np.ndarray]:
        return {SCORED: fitted.times(samples.features.iloc[indices])}

    return LabLearned(
        summary={"name": recipe.model.name, "features": list(fitted.columns), "parameters": None, "epochs": None}
        | {"best_epoch": None, "seconds": None},
        calibration={"sampling_rate_hz": _number(samples.sampling_rate_hz), "table": samples.table is not None},
        history=None,
        answer=answer,
        kept=kept,
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _learn_network(recipe: LabRecipe, samples, work: Path, key: str) -> LabLearned:
    """Train under the recipe's objective and, where they are to be compared, under the others."""
    train = samples.parts["train"]
    times = samples.target[train]
    codec = BinCodec.fit(times, recipe.codec.bins, recipe.codec.edges)
    inputs = Inputs.fit(recipe, samples)
    wanted = [recipe.model.objective, *(o for o in OBJECTIVES if recipe.model.compare and o != recipe.model.objective)]
    decoders = {objective: Decoder(objective, codec, float(times.mean())) for objective in wanted}
    train_all = _train_probes if isinstance(recipe.model, CpcModel) else _train_each
    models, fits, said = train_all(recipe, samples, inputs, decoders, work, key)
    chosen = recipe.model.objective

    def answer(samples, indices: np.ndarray) -> dict[str, np.ndarray]:
        gather, found = inputs.gatherer(samples, indices), {}
        for objective, model in models.items():
            output = outputs_of(model, gather, len(indices))
            name = SCORED if objective == chosen else f"objective_{objective}"
            found[name] = decoders[objective].times(output)
            if objective == chosen == "bins":
                found["bins"] = output
        return found

    best = {o: float(fit.history["validation_mae_s"].min()) for o, fit in fits.items()}
    return LabLearned(
        summary={
            "name": recipe.model.name,
            **fits[chosen].summary,
            "parameters": int(models[chosen].count_params()),
            "objective": chosen,
            "validation_mae_s": best,
            **said,
        },
        calibration={
            "objective": chosen,
            "codec": codec.to_dict(),
            "scale_s": float(times.mean()),
            "inputs": {name: scaler.to_dict() for name, scaler in inputs.scalers.items()},
            "sampling_rate_hz": float(samples.sampling_rate_hz),
            "table": False,
        },
        history=fits[chosen].history,
        answer=answer,
        kept=kept_features(samples),
        model=models[chosen],
    )


def outputs_of(model: Any, gather: Callable, count: int) -> np.ndarray:
    """Run a network over windows in order, shape (count, units)."""
    from mleq.experiment.batches import batches_class

    return model.predict(batches_class()(gather, np.arange(count), 32), verbose=0)


def _train_each(recipe, samples, inputs, decoders, work, key):
    """Train a network of its own for each objective."""
    from mleq.lab.networks import network

    gathers = {part: inputs.gatherer(samples, samples.parts[part]) for part in ("train", "validation")}
    fits = {}
    for objective, decoder in decoders.items():
        log.info("training for the objective '%s'", objective)
        model = network(recipe, objective)
        fits[objective] = _fit(model, gathers, samples, decoder, recipe.model, recipe.seed, work / objective, key)
    return {objective: fit.model for objective, fit in fits.items()}, fits, {}


def _train_probes(recipe, samples, inputs, decoders, work, key):
    """Train the coder once without times, then a head on its frozen contexts for each objective."""
    from mleq.lab import contrastive

    coded, pretrained, said = contrastive.pretrain(recipe, samples, inputs, work=work / "coder", key=key)
    gathers = {}
    for part in ("train", "validation"):
        indices = samples.parts[part]
        seen = contrastive.contexts(coded, inputs.gatherer(samples, indices), len(indices))
        gathers[part] = lambda chosen, seen=seen: {"context": seen[chosen]}
    settings, fits, models = contrastive.probe_settings(recipe.model), {}, {}
    for objective, decoder in decoders.items():
        small = contrastive.probe(recipe, objective)
        fits[objective] = _fit(small, gathers, samples, decoder, settings, recipe.seed, work / objective, key)
        models[objective] = contrastive.probed(recipe, coded, fits[objective].model)
    epochs = {"epochs": pretrained.epochs, "best_epoch": pretrained.best_epoch, "loss_by_epoch": None}
    history = [float(value) for value in pretrained.history["validation_info_nce"]]
    return models, fits, {"contrastive": {**said, **epochs, "loss_by_epoch": history}}


def _fit(model, gathers, samples, decoder: Decoder, settings, seed: int, work: Path, key: str) -> Any:
    """Train one network for one objective; the epoch with the smallest validation error in seconds is kept."""
    from mleq.experiment.batches import batches_class
    from mleq.experiment.training import fit_epochs

    target = decoder.encode(samples.target[samples.parts["train"]])
    truth = samples.target[samples.parts["validation"]]

    def batches(epoch: int) -> Any:
        order = np.random.default_rng([seed, epoch]).permutation(len(target))
        return batches_class()(gathers["train"], order, settings.batch_size, (target,))

    def measure(model) -> dict[str, float]:
        times = decoder.times(outputs_of(model, gathers["validation"], len(truth)))
        return {"validation_mae_s": float(np.abs(times - truth).mean())}

    return fit_epochs(
        model, batches, measure, settings, work_folder=work, seed=seed, key=key, loss=LOSSES[decoder.objective]
    )
