"""What a family must offer so that one training corridor serves all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from mleq.recipe import Recipe


class Samples(Protocol):
    """What a model learns from and is tested on; inputs are taken a batch at a time, never copied whole."""

    dates: np.ndarray
    target: np.ndarray
    parts: dict[str, np.ndarray]
    sample_shape: tuple[int, ...]

    def batch(self, indices: Sequence[int]) -> np.ndarray:
        """Return the network's inputs for some samples, of shape `(k, *sample_shape)`."""


class Learned(Protocol):
    """A model that has learnt the training part: all that a run keeps of it."""

    summary: dict[str, Any]
    """`model` of summary.json: name, parameters, epochs, best_epoch, seconds (null where there is no such thing)."""

    calibration: dict[str, Any]
    """What calibration.json keeps, as JSON values: all that is needed to forecast beside the files of `save`."""

    history: pd.DataFrame | None
    """The learning curve for history.csv: epoch, seconds, train_loss, measured values (the first chose), best."""

    def save(self, folder: Path) -> None:
        """Write the model's files (model.keras) into the run's folder."""


class Learner(Protocol):
    """Learns; made before any data are read, so that a wrong layer is found at once."""

    def __call__(self, samples: Samples, material: Any, *, work: Path, key: str) -> Learned:
        """Learn from the training part and choose by the validation part.

        `work` is for the state of a stopped training; `key` is the hash of all that decides the result, and a state
        with another key is not gone on with.
        """


class Family(Protocol):
    """A kind of experiment; the module `family` of its folder keeps this contract."""

    load: Callable[..., Any]
    """(recipe, files, data_dir, inputs) -> the material: a catalogue, a store of signals."""

    plan: Callable[[Recipe, Any], dict[str, Any]]
    """(recipe, material or None) -> what a run will do and cost, as JSON values."""

    plan_lines: Callable[[dict[str, Any]], list[str]]
    """(plan) -> the same in words."""

    quick_mistakes: Callable[[Recipe], list[tuple[tuple, str]]]
    """(recipe) -> (path, sentence) of what is wrong and can be seen without Keras and without data."""

    network_mistakes: Callable[[Recipe], list[tuple[tuple, str]]]
    """(recipe) -> (path, sentence) of all that is wrong with layers and resampling; imports Keras."""

    network: Callable[[Recipe], Any]
    """(recipe) -> the untrained network, a keras.Model, or None where the recipe's model is none."""

    learner: Callable[[Recipe], Learner]

    make_samples: Callable[[Recipe, Any], Samples]

    describe: Callable[[Recipe, Any, Samples], dict[str, Any]]
    """(recipe, material, samples) -> `catalog` of summary.json, with `sha256`; raises where the target is ill-posed."""

    describe_split: Callable[[Recipe, Samples], dict[str, dict[str, Any]]]
    """(recipe, samples) -> `split` of summary.json: part -> start, end, days (or windows), positives."""

    references: Callable[[Recipe, Any, Samples], dict[str, Any]]
    """(recipe, material, samples) -> fitted references by name, at least one, each with `parameters` (JSON values)."""

    forecasts: Callable[[Recipe, Any, Samples, Learned, dict[str, Any]], pd.DataFrame]
    """(recipe, material, samples, learned, references) -> forecasts.parquet: part, target_date (or what names a
    sample), observed, the model's own answer, one column for each reference. The test part is read here, once."""

    evaluate: Callable[[Recipe, pd.DataFrame], dict[str, Any]]
    """(recipe, forecasts) -> scores, references, gain, confusion (or null), verdict of summary.json."""

    summary_lines: Callable[[dict[str, Any]], list[str]]
    """(summary) -> what `train` prints."""

    predict: Callable[..., list[dict[str, Any]]]
    """(recipe, run, load, dates, inputs) -> entries for predictions.json, each with recipe_id, family, run, made_at,
    verdict, and target_date or input; refuses what cannot be forecast. `load()` gives the material."""

    answer_lines: Callable[[list[dict[str, Any]]], list[str]]
    """(entries of one recipe or several) -> what `predict` prints."""

    fetch: Callable[..., dict[str, Any]]
    """Of waveform families only: (recipe, inputs, data_dir, export_to) -> what was brought, as JSON values."""

    fetch_lines: Callable[[dict[str, Any]], list[str]]
    """Of waveform families only: the same in words."""

    panels: Callable[..., dict[str, Any]]
    """Optional: (common, kit) -> the panels of a run's page; see `mleq.report`."""

    keep_for_page: Callable[[Recipe, Any, Samples, Path], None]
    """Optional: (recipe, material, samples, folder) -> files that the panels need, in the run's plots/."""

    score_issued: Callable[[Recipe, Any, list[dict[str, Any]]], dict[str, Any]]
    """Optional: (recipe, material, lines of the ledger) -> how the forecasts issued before their period did."""

    predict_pool: Callable[..., dict[str, Any]]
    """Optional: (recipe, run, load, dates, places, file) -> what was written of many circles' forecasts."""

    find_leaks: Callable[[Recipe, Any], list[dict[str, Any]]]
    """Optional: (recipe, material) -> what each probe of `check --leaks` asked, tried and found."""

    folds: Callable[[Recipe, Any, int], list[Recipe]]
    """Optional: (recipe, material, n) -> the recipe with the split of each fold of `backtest`, oldest first."""
