"""Trains the networks of the family `azimuth`, and asks them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq.azimuth import networks
from mleq.azimuth.concentration import concentrations, fit
from mleq.azimuth.features import Features
from mleq.azimuth.recipe import AzimuthCnn, AzimuthRecipe, AzimuthResidual, AzimuthVae
from mleq.azimuth.references import fit_polarization
from mleq.azimuth.samples import Samples, scaled
from mleq.azimuth.windows import Traces
from mleq.scores.circular import circular_mae, full_circle, von_mises_log_score

AT_ONCE = 512
KAPPA_START = (0.0, 1.0)
"""ln kappa = 0 + 1 ln kappa: as the network says, until the validation part says otherwise."""


@dataclass(frozen=True, eq=False)
class Learned:
    """A trained network of this family; see `mleq.experiment.family.Learned`."""

    recipe: AzimuthRecipe
    network: Any
    features: Features | None
    coefficients: tuple[float, ...] = KAPPA_START
    fitted: Any = None

    @property
    def history(self) -> pd.DataFrame:
        """The learning curve, one row an epoch."""
        return self.fitted.history

    @property
    def summary(self) -> dict[str, Any]:
        """The `model` part of summary.json."""
        return {"name": self.recipe.model.name, **self.fitted.summary}

    @property
    def calibration(self) -> dict[str, Any]:
        """What calibration.json keeps of it."""
        return {
            "concentration": list(self.coefficients),
            "features": None if self.features is None else self.features.to_dict(),
        }

    def save(self, folder: Path) -> None:
        """Write model.keras."""
        self.network.save(folder / "model.keras")

    def inputs(self, traces: Traces) -> tuple[np.ndarray, np.ndarray]:
        """What the network sees, and the direction from which its answers count, shape (n,), degrees."""
        if self.features is None:
            return scaled(traces.waveforms, traces.p_index), np.zeros(len(traces))
        base, made = self.features.make(traces)
        return made, base

    @cached_property
    def _asked(self) -> Any:
        """The part of the network that is needed for an answer: no decoder."""
        from mleq.experiment.backend import load_keras

        keras, model = load_keras(), self.network
        if isinstance(model.output, dict):
            return keras.Model(model.input, [model.output["angle"], model.output["embedding"]])
        return keras.Model(model.input, [model.output, model.layers[-2].output])

    def ask(self, traces: Traces) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Direction in degrees and concentration as the network states it, shape (n,), and embedding, shape (n, k)."""
        inputs, base = self.inputs(traces)
        raw, embedding = self._asked.predict(inputs, batch_size=AT_ONCE, verbose=0)
        return (*_direction(raw.astype(float), base), embedding.reshape(len(traces), -1))

    def answers(self, traces: Traces) -> tuple[np.ndarray, np.ndarray]:
        """Direction in degrees and calibrated concentration, each of shape (n,)."""
        direction, kappa, _ = self.ask(traces)
        return direction, concentrations(self._predictors(traces, kappa), self.coefficients)

    def latent(self, traces: Traces) -> np.ndarray:
        """Embeddings, scaled to length 1, on their first two principal axes; shape (n, 2)."""
        embedding = self.ask(traces)[2]
        unit = embedding / np.maximum(np.linalg.norm(embedding, axis=1, keepdims=True), 1e-12)
        centred = unit - unit.mean(axis=0)
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        return centred @ axes[:2].T

    def calibrated(self, traces: Traces) -> Learned:
        """Fit the concentration on traces that were not trained on."""
        direction, kappa, _ = self.ask(traces)
        truth = traces.table["back_azimuth_deg"].to_numpy()
        found = tuple(fit(self._predictors(traces, kappa), truth, direction))
        return Learned(self.recipe, self.network, self.features, found, self.fitted)

    def _predictors(self, traces: Traces, kappa: np.ndarray) -> np.ndarray:
        if _states_concentration(self.recipe.model):
            return np.log(np.maximum(kappa, 1e-3))[:, None]
        return np.clip(traces.table["snr_db"].to_numpy(), -10, 30)[:, None] / 10


def _states_concentration(model) -> bool:
    return not (isinstance(model, AzimuthCnn) and model.loss != "von_mises")


def _direction(raw: np.ndarray, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Direction and concentration from what a network gives, shape (n, 2), or (n, 1) for an angle over 180."""
    if raw.shape[1] == 1:
        return full_circle(180 * raw[:, 0] + base), np.ones(len(raw))
    return full_circle(np.degrees(np.arctan2(raw[:, 1], raw[:, 0])) + base), np.hypot(raw[:, 0], raw[:, 1])


def build(recipe: AzimuthRecipe, n_stations: int) -> Any:
    """Build the recipe's untrained network, its weights drawn from the recipe's seed.

    Parameters
    ----------
    recipe : AzimuthRecipe
    n_stations : int
        Stations that `azimuth_residual` is told apart.

    Returns
    -------
    keras.Model
        Of `azimuth_vae`: with outputs angle, embedding, and, where their losses are on, posterior and reconstruction.
    """
    from mleq.experiment.network import build as assembled

    model = recipe.model
    common = {"seed": recipe.seed, "probability": False}
    if isinstance(model, AzimuthCnn):
        units = networks.answer_units(model)
        return assembled(networks.cnn(model), recipe.sample_shape, output_shape=(units,), **common)
    if isinstance(model, AzimuthResidual):
        count = Features.count(len(model.windows_s), n_stations if model.stations else 0)
        return assembled(networks.residual(model), (count,), output_shape=(2,), **common)
    return _vae(recipe, model, assembled, common)


def _vae(recipe: AzimuthRecipe, model: AzimuthVae, assembled, common) -> Any:
    from mleq.azimuth import losses as own
    from mleq.experiment.backend import load_keras

    keras, shape, latent = load_keras(), recipe.sample_shape, (model.latent,)
    encoder = assembled(
        networks.encoder(model), shape, output_shape=(2 * model.latent,), path=("model", "encoder"), **common
    )
    decoder = assembled(
        networks.decoder(model, shape[0]), latent, output_shape=shape, path=("model", "decoder"), **common
    )
    head = assembled(networks.head(model), latent, output_shape=(2,), path=("model", "head"), **common)
    inputs = keras.Input(shape)
    posterior = encoder(inputs)
    embedding = own.MeanOf(name="embedding")(posterior)
    # Where the angle may not shape the embedding, the head still learns to read it.
    outputs = {"angle": head(embedding if model.losses.angle else own.Detached()(embedding)), "embedding": embedding}
    if model.losses.kl:
        outputs["posterior"] = posterior
    if model.losses.reconstruction:
        outputs["reconstruction"] = decoder(own.Sampling(seed=recipe.seed)(posterior))
    return keras.Model(inputs, outputs)


def losses(model) -> Any:
    """Return the recipe's loss, as Keras's `compile` takes it."""
    from mleq.azimuth import losses as own

    if isinstance(model, AzimuthCnn):
        return {"von_mises": own.VonMises, "cosine": own.Cosine, "degrees": own.DegreesError}[model.loss]()
    if isinstance(model, AzimuthResidual):
        return own.VonMises()
    weights = model.losses
    found = {
        "angle": own.VonMises(weight=weights.angle or 1.0),
        "embedding": own.CircularMetric(
            weights.triplet, weights.contrastive, model.positive_deg, model.negative_deg, model.margin
        ),
        "posterior": own.Divergence(weight=weights.kl),
        "reconstruction": own.Reconstruction(weight=weights.reconstruction),
    }
    switched_off = {"posterior": not weights.kl, "reconstruction": not weights.reconstruction}
    return {name: loss for name, loss in found.items() if not switched_off.get(name)}


def learn(recipe: AzimuthRecipe, samples: Samples, *, work: Path, key: str) -> Learned:
    """Train the recipe's network on the training part; epoch and concentration come from the validation part."""
    from mleq.experiment.training import fit_epochs

    model = recipe.model
    train, validation = samples.part("train"), samples.part("validation")
    features = None
    if isinstance(model, AzimuthResidual):
        base_s = fit_polarization(train, True).window_s
        features = Features.fitted(train, model.windows_s, base_s, model.stations)
    n_stations = len(features.stations) if features else 0
    untrained = Learned(recipe, build(recipe, n_stations), features)
    inputs, base = untrained.inputs(train)
    unit = _unit(train.table["back_azimuth_deg"].to_numpy() - base)
    held_inputs, held_base = untrained.inputs(validation)
    held_truth = validation.table["back_azimuth_deg"].to_numpy()

    def batches(epoch: int) -> Any:
        return batches_class()(recipe, features, inputs, unit, epoch)

    def measure(network) -> dict[str, float]:
        answer = network.predict(held_inputs, batch_size=AT_ONCE, verbose=0)
        raw = (answer["angle"] if isinstance(answer, dict) else answer).astype(float)
        if not np.isfinite(raw).all():
            return {"validation_log_score": math.nan}
        direction, kappa = _direction(raw, held_base)
        error = circular_mae(held_truth, direction)
        score = von_mises_log_score(held_truth, direction, np.minimum(kappa, 1e6))
        named = {"validation_log_score": score, "validation_circular_mae_deg": error}
        return named if _states_concentration(model) else dict(list(named.items())[1:])

    fitted = fit_epochs(
        untrained.network, batches, measure, model, work_folder=work, seed=recipe.seed, key=key, loss=losses(model)
    )
    return Learned(recipe, fitted.model, features, fitted=fitted).calibrated(validation)


def _unit(angle_deg: np.ndarray) -> np.ndarray:
    """Unit vectors (cos, sin), float32, shape (n, 2)."""
    radians = np.radians(angle_deg)
    return np.stack([np.cos(radians), np.sin(radians)], axis=-1).astype(np.float32)


@cache
def batches_class() -> type:
    """Return the class of training batches, a `keras.utils.PyDataset`; a function, so that Keras is imported late."""
    from mleq.experiment.backend import load_keras

    class Batches(load_keras().utils.PyDataset):
        """Batches of one epoch, in an order and with an augmentation that only seed and epoch decide."""

        def __init__(self, recipe: AzimuthRecipe, features: Features | None, inputs, unit, epoch: int):
            super().__init__()
            self.recipe, self.model, self.features = recipe, recipe.model, features
            self.inputs, self.unit, self.epoch = inputs, unit, epoch
            self.order = np.random.default_rng([recipe.seed, epoch]).permutation(len(inputs))

        def __len__(self) -> int:
            # What is left over waits for another epoch: metric terms want whole batches.
            return max(len(self.order) // self.model.batch_size, 1)

        def __getitem__(self, batch: int):
            size = self.model.batch_size
            chosen = self.order[batch * size : (batch + 1) * size]
            rng = np.random.default_rng([self.recipe.seed, self.epoch, batch])
            inputs, unit = self.inputs[chosen], self.unit[chosen]
            if self.features is not None:
                return _without_some_stations(inputs, self.features, self.model, rng), unit
            inputs, unit = _augmented(inputs, unit, self.model.augment, rng)
            if not isinstance(self.model, AzimuthVae):
                return inputs, unit
            truth = {"angle": unit, "embedding": unit}
            if self.model.losses.kl:
                truth["posterior"] = unit
            if self.model.losses.reconstruction:
                truth["reconstruction"] = inputs
            return inputs, truth

    return Batches


def _without_some_stations(inputs, features: Features, model: AzimuthResidual, rng) -> np.ndarray:
    """Withhold the station of some samples, so that the network learns what to do at a new one."""
    n = features.n_station_features
    if n:
        inputs = inputs.copy()
        inputs[rng.random(len(inputs)) < model.station_dropout, -n:] = 0
    return inputs


def _augmented(signals: np.ndarray, unit: np.ndarray, settings, rng) -> tuple[np.ndarray, np.ndarray]:
    """Turn the horizontal components, and the label with them, and reverse signals, at random."""
    if settings.flip_polarity:
        signals = signals * rng.choice(np.float32([-1, 1]), (len(signals), 1, 1))
    if settings.rotate:
        turn = rng.uniform(0, 2 * np.pi, len(signals)).astype(np.float32)
        c, s = np.cos(turn), np.sin(turn)
        n, e = signals[:, :, 1], signals[:, :, 2]
        c_, s_ = c[:, None], s[:, None]
        signals = np.stack([signals[:, :, 0], c_ * n - s_ * e, s_ * n + c_ * e], axis=-1)
        unit = np.stack([c * unit[:, 0] - s * unit[:, 1], s * unit[:, 0] + c * unit[:, 1]], axis=-1)
    return signals, unit
