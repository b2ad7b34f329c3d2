"""What a family must offer so that one training corridor serves all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from mleq.experiment.training_set import TrainingSet
from mleq.recipe import Recipe


class Samples(Protocol):
    """What a model learns from and is tested on; inputs are taken a batch at a time, never copied whole."""

    dates: np.ndarray
    target: np.ndarray
    parts: dict[str, np.ndarray]
    sample_shape: tuple[int, ...]

    def batch(self, indices: Sequence[int]) -> np.ndarray:
        """Return the network's inputs for some samples, shape (k, *sample_shape)."""


class Family(Protocol):
    """A kind of experiment; the module `family` of its folder keeps this contract."""

    load: Callable[..., Any]
    """(recipe, files, data_dir) -> the material: a catalogue, a store of signals."""

    plan: Callable[[Recipe, Any], dict[str, Any]]
    """(recipe, material or None) -> what a run will do and cost, as JSON values."""

    plan_lines: Callable[[dict[str, Any]], list[str]]
    """(plan) -> the same in words."""

    quick_mistakes: Callable[[Recipe], list[tuple[tuple, str]]]
    """(recipe) -> (path, sentence) of what is wrong and can be seen without Keras and without data."""

    network_mistakes: Callable[[Recipe], list[tuple[tuple, str]]]
    """(recipe) -> (path, sentence) of all that is wrong with layers and resampling; imports Keras."""

    layers: Callable[[Recipe], list[dict[str, Any]]]
    """(recipe) -> the network as a list of layers."""

    make_samples: Callable[[Recipe, Any], Samples]

    describe: Callable[[Recipe, Any, Samples], dict[str, Any]]
    """(recipe, material, samples) -> `catalog` of summary.json, with `sha256`; raises where the target is ill-posed."""

    training_set: Callable[[Recipe, Samples], TrainingSet]
    """(recipe, samples) -> the training part after resampling."""

    references: Callable[[Recipe, Any, Samples], dict[str, Any]]
    """(recipe, material, samples) -> fitted references by name, each with `parameters` and `probabilities`."""

    restore_references: Callable[[Recipe, dict[str, Any]], dict[str, Any]]
    """(recipe, parameters by name) -> the references again."""

    evaluate: Callable[[Recipe, pd.DataFrame], dict[str, Any]]
    """(recipe, forecasts) -> scores, references, gain, confusion, verdict of summary.json."""

    target_dates: Callable[..., np.ndarray]
    """(recipe, material, asked) -> the dates to be forecast; refuses what cannot be."""

    inputs_for: Callable[[Recipe, Any, np.ndarray], np.ndarray]
    """(recipe, material, dates) -> the network's inputs, shape (k, *sample_shape)."""

    statement: Callable[..., dict[str, Any]]
    """(recipe, material, date, probability, references) -> what an entry of predictions.json says."""
