"""Platt scaling of a recipe's network: the blocks, and one block's forecast as a unit of work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mleq.experiment.calibration import Spread
from mleq.experiment.classifier import Classifier, held_out_probabilities
from mleq.experiment.out_of_fold import Block, contiguous_blocks, out_of_fold
from mleq.forecast.resampling import resample
from mleq.forecast.samples import Samples


@dataclass(frozen=True, eq=False)
class Retraining:
    """All that retraining on a part of the days needs; can be pickled and sent to another machine."""

    recipe: Any
    samples: Samples
    network: Callable[[Any], Any]
    epochs: int
    own: np.ndarray
    """Probabilities of the run's own network after the shift of its prior, shape (n,); NaN of days in no block."""
    work: Path
    key: str


def platt_scaled(
    learned: Classifier, recipe, samples: Samples, network: Callable[[Any], Any], *, work: Path, key: str
) -> Classifier:
    """Fit Platt's curve on out-of-fold days of the training and validation part.

    Each block of days is forecast by a network of its own, trained anew on the rest, resampled as the recipe says, for
    as many epochs as the run's network was: nothing is chosen by the days that are forecast. Held-out days are never
    resampled. Each network's logits are brought to the mean and deviation of the run's own on the days that both have
    learnt from. All years count, since one year alone (Japan's 2011) would set the base rate.

    Parameters
    ----------
    learned : Classifier
        The run's network.
    recipe : CatalogRecipe
    samples : Samples
    network : callable
        (recipe) -> its network with the initial weights.
    work, key
        As for `mleq.experiment.family.Learner`.
    """
    blocks = days_in_blocks(recipe, samples)
    epochs = learned.fitted.best_epoch
    own, days = np.full(len(samples), np.nan), np.concatenate([one.held_out for one in blocks])
    own[days] = learned.probabilities(samples, days, recipe.model.batch_size)
    retraining = Retraining(recipe, samples, network, epochs, own, work, key)
    return learned.scaled(
        out_of_fold(
            blocks,
            partial(held_out_forecast, retraining),
            samples.dates,
            samples.target,
            epochs=epochs,
            work=work,
            key=key,
        )
    )


def days_in_blocks(recipe, samples) -> list[Block]:
    """Divide training and validation days of samples (or outcomes) into the recipe's blocks."""
    indices = np.concatenate([samples.parts["train"], samples.parts["validation"]])
    gap = recipe.grid.window_days + recipe.target.horizon_days
    return contiguous_blocks(samples.dates, indices, recipe.calibration.folds, gap_days=gap)


def held_out_forecast(retraining: Retraining, block: Block) -> np.ndarray:
    """Train a network on a block's rest and forecast the block.

    Returns
    -------
    ndarray, shape (k,)
        As the run's own network would say them, after the shift of its prior.

    Raises
    ------
    mleq.errors.Mistake
        If the rest cannot be learnt from.
    """
    recipe, samples, seed = retraining.recipe, retraining.samples, retraining.recipe.seed
    training = resample(samples, block.rest, recipe.resample, seed=seed, memory_limit_gb=recipe.memory_limit_gb)
    epochs = retraining.epochs
    # On other days the networks would differ by what happened on them, which is for them to tell.
    both = np.intersect1d(block.rest, samples.parts["train"])
    both = both if both.size else block.rest
    return held_out_probabilities(
        retraining.network(recipe),
        samples,
        training,
        both,
        block.held_out,
        recipe.model.model_copy(update={"epochs": epochs, "patience": epochs}),
        work=retraining.work / f"block-{block.number}",
        like=Spread.of(retraining.own[both]),
        seed=seed,
        key=f"{retraining.key}/{block.number}/{epochs}",
    )
