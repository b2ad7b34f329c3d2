"""A convolutional network that corrects ETAS from maps of the region by age: the original experiment's idea, pooled.

The original network saw heatmaps of the whole world and answered for one city. This one sees the region of each circle
in kilometres, with what ETAS expects of every cell among its channels, runs a ConvLSTM from the oldest ages to the
newest (Shi et al. 2015, arXiv:1506.04214), and pools what it found within one and two radii and in the whole box. What
it says is added to ETAS's log-odds; how it learns is said in `mleq.forecast.pool.networks`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic, progress
from mleq.experiment.backend import load_keras, read_network, seeded_keras
from mleq.experiment.folder import read_json
from mleq.forecast.pool.inputs import INPUTS
from mleq.forecast.pool.maps import REASONS, Frame, RowMaps
from mleq.forecast.pool.networks import WIDEST, contributions, corrected, learning_curve, taught
from mleq.forecast.pool.residual import places, used_names
from mleq.forecast.pool.rows import Rows

RADII = (1.0, 2.0)
"""Of the circle: what the network found is averaged within them, and over the whole box."""
MEASURED_ROWS = 20_000
"""Rows, drawn by the seed, from which means and deviations of the maps are taken."""
AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class ConvolvedCorrection:
    """A trained network; made by `trained` or `loaded`.

    Attributes
    ----------
    model : keras.Model
        From maps, inputs (which may be none) and ETAS's log-odds to the log-odds of the forecast.
    names : tuple of str
        Of the inputs that it sees beside the maps.
    frame : Frame
    """

    model: Any
    names: tuple[str, ...]
    frame: Frame

    @classmethod
    def trained(
        cls,
        settings,
        rows: Rows,
        maps: RowMaps,
        *,
        seed: int,
        work: Path,
        key: str,
        validation: Rows | None = None,
        validation_maps: RowMaps | None = None,
    ) -> tuple[ConvolvedCorrection, pd.DataFrame]:
        """Train a network for all its epochs.

        Parameters
        ----------
        settings : ResidualConvLstm
            The recipe's `model`.
        rows : Rows
        maps : RowMaps
            Of the rows.
        seed : int
        work, key
            As for `mleq.experiment.training.fit_epochs`: training that was stopped goes on.
        validation, validation_maps : Rows and RowMaps, optional
            Measured at the end, for the learning curve.

        Returns
        -------
        ConvolvedCorrection
        curve : DataFrame
            epoch, seconds, train_loss, best, and validation_log_loss of the last epoch.
        """
        names = used_names(settings.detection) if settings.inputs else ()
        model, curve = taught(
            _network(settings, rows, maps, names, seed),
            lambda epoch_seed: _batches(rows, maps, names, settings, epoch_seed),
            settings,
            seed=seed,
            work=work,
            key=key,
        )
        found, loss = cls(model, names, maps.atlas.frame), None
        if validation is not None:
            said = found.corrections(validation.inputs, validation_maps)
            loss = validation.log_loss(validation.log_odds + said)
        return found, learning_curve(curve, loss)

    @property
    def size(self) -> int:
        """Weights."""
        return int(self.model.count_params())

    def corrections(self, inputs: np.ndarray, maps: RowMaps) -> np.ndarray:
        """What is added to ETAS's log-odds, shape (n,)."""
        found = np.empty(len(inputs), np.float32)
        with progress.task("maps of the pool", total=len(inputs), unit="maps") as shown:
            for first in range(0, len(inputs), AT_ONCE):
                some = slice(first, first + AT_ONCE)
                said = self.model.predict_on_batch(self._seen(inputs[some], maps[some].made()))
                found[some] = np.asarray(said)[:, 0]
                shown.advance(len(said))
        return found

    def contributions(self, inputs: np.ndarray, maps: RowMaps) -> np.ndarray:
        """What each input, and each channel of the maps, adds to the log-odds, shape (n, len(REASONS)).

        See `mleq.forecast.pool.networks`; contributions of a channel are summed over cells and ages.
        """
        seen = self._seen(inputs, maps.made())[:-1]
        names = ["maps", "inputs"][: len(seen)]
        means = [np.float32(self.model.get_layer(f"standardised_{name}").mean.numpy()) for name in names]
        moved = contributions(self.model, seen, means)
        found = np.zeros((len(inputs), len(REASONS)))
        found[:, len(INPUTS) :] = moved[0].sum(axis=(1, 2, 3))
        if self.names:
            found[:, places(self.names)] = moved[1]
        return found

    def _seen(self, inputs: np.ndarray, maps: np.ndarray) -> list[np.ndarray]:
        beside = [np.asarray(inputs[:, places(self.names)], np.float32)] if self.names else []
        return [maps, *beside, np.zeros((len(inputs), 1), np.float32)]

    def save(self, stem: Path) -> None:
        """Write <stem>.convlstm.keras and <stem>.convlstm.json."""
        self.model.save(_file(stem, "keras"))
        atomic.write_text(_file(stem, "json"), json.dumps({"names": self.names, "frame": asdict(self.frame)}))

    @classmethod
    def loaded(cls, stem: Path) -> ConvolvedCorrection:
        """Read what `save` wrote.

        Raises
        ------
        Failure
            If it cannot be read.
        """
        kept = read_json(_file(stem, "json"))
        frame = Frame(**kept["frame"] | {"ages_days": tuple(kept["frame"]["ages_days"])})
        model = read_network(_file(stem, "keras"))
        return cls(model, tuple(kept["names"]), frame)


def frame_of(settings) -> Frame:
    """How a recipe's `model` wants its maps."""
    return Frame(settings.reach_radii, settings.cells, tuple(settings.ages_days))


def _file(stem: Path, kind: str) -> Path:
    return stem.with_name(f"{stem.name}.convlstm.{kind}")


def _network(settings, rows: Rows, maps: RowMaps, names: tuple[str, ...], seed: int) -> Any:
    keras = seeded_keras(seed)
    layers, frame = keras.layers, maps.atlas.frame
    some = np.sort(np.random.default_rng(seed).permutation(len(rows))[:MEASURED_ROWS])
    seen = keras.Input(frame.shape, name="maps")
    hidden = _standardised(seen, maps[some].made(), (1, 4), "maps")
    hidden = layers.ConvLSTM2D(settings.filters, settings.kernel, padding="same", name="by_age")(hidden)
    whole = frame.cells // 2
    edges = {whole - min(whole, max(1, round(radius / frame.reach_radii * whole))) for radius in RADII} | {0}
    hidden = layers.Concatenate()(
        [layers.GlobalAveragePooling2D()(layers.Cropping2D(edge)(hidden)) for edge in sorted(edges)]
    )
    inputs, offset = [seen], keras.Input((1,), name="log_odds")
    if names:
        beside = keras.Input((len(names),), name="inputs")
        inputs.append(beside)
        hidden = layers.Concatenate()(
            [hidden, _standardised(beside, rows.inputs[some][:, places(names)], -1, "inputs")]
        )
    return keras.Model([*inputs, offset], corrected(hidden, offset, settings))


def _standardised(tensor: Any, values: np.ndarray, axis: Any, name: str) -> Any:
    """A tensor less the means of some values and over their deviations, clipped."""
    keras = load_keras()
    kept = axis if isinstance(axis, tuple) else (axis % values.ndim,)
    others = tuple(one for one in range(values.ndim) if one not in kept)
    values = values.astype(np.float64)
    mean, variance = values.mean(axis=others), np.maximum(values.var(axis=others), 1e-6)
    standard = keras.layers.Normalization(axis=axis, mean=mean, variance=variance, name=f"standardised_{name}")
    return keras.ops.clip(standard(tensor), -WIDEST, WIDEST)


def _batches(rows: Rows, maps: RowMaps, names: tuple[str, ...], settings, seed) -> Any:
    """One epoch of batches: all rows with an event, and as many of the others as the settings say, drawn by a seed."""
    rng = np.random.default_rng(seed)
    quiet = rng.permutation(np.flatnonzero(~rows.came))
    quiet = quiet[: max(1, round(settings.quiet_share * quiet.size))] if quiet.size else quiet
    chosen = rng.permutation(np.concatenate([np.flatnonzero(rows.came), quiet]))
    more, columns, size = np.float32((~rows.came).sum() / max(quiet.size, 1)), places(names), settings.batch_size

    class Batches(load_keras().utils.PyDataset):
        def __len__(self) -> int:
            return -(-len(chosen) // size)

        def __getitem__(self, number: int):
            some = chosen[number * size : (number + 1) * size]
            beside = [rows.inputs[some][:, columns].astype(np.float32)] if names else []
            came = rows.came[some]
            weight = rows.weight[some] * np.where(came, np.float32(1), more)
            seen = (maps[some].made(), *beside, rows.log_odds[some, None])
            return seen, came[:, None].astype(np.float32), weight

    return Batches()
