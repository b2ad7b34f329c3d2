"""Evens out the few days with an event and the many without, in the training part alone."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mleq import progress
from mleq.errors import DataError, RecipeError, RequestError
from mleq.experiment.training_set import TrainingSet
from mleq.recipe.mistakes import did_you_mean

log = logging.getLogger("mleq")

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Method:
    """What is known of a method before it runs.

    `arguments` are those of the class in imbalanced-learn, written down so that a recipe is checked without the
    two seconds that its import takes (a test compares them). `workspace` is how often it holds the windows beside
    the ones given to it, and `result_copies` how often what it returns; both are upper bounds of what was measured.
    """

    module: str | None
    arguments: tuple[str, ...] = ()
    workspace: float = 0.0
    result_copies: float = 0.0
    selects: bool = True


_NEIGHBOURS = ("sampling_strategy", "n_neighbors", "kind_sel", "n_jobs")
METHODS = {
    "RandomUnderSampler": Method("under", ("sampling_strategy", "random_state", "replacement")),
    "NearMiss": Method("under", ("sampling_strategy", "version", "n_neighbors", "n_neighbors_ver3", "n_jobs"), 2.6),
    "TomekLinks": Method("under", ("sampling_strategy", "n_jobs"), 1.2),
    "EditedNearestNeighbours": Method("under", _NEIGHBOURS, 2.1),
    "AllKNN": Method("under", (*_NEIGHBOURS, "allow_minority"), 3.1),
    "CondensedNearestNeighbour": Method(
        "under", ("sampling_strategy", "random_state", "n_neighbors", "n_seeds_S", "n_jobs"), 2.4
    ),
    "NeighbourhoodCleaningRule": Method(
        "under",
        ("sampling_strategy", "edited_nearest_neighbours", "n_neighbors", "threshold_cleaning", "n_jobs"),
        2.2,
    ),
    "ClusterCentroids": Method(
        "under", ("sampling_strategy", "random_state", "estimator", "voting"), 3.2, 1.0, selects=False
    ),
    "SMOTE": Method("over", ("sampling_strategy", "random_state", "k_neighbors"), 1.1, 2.0, selects=False),
    "BorderlineSMOTE": Method(
        "over",
        ("sampling_strategy", "random_state", "k_neighbors", "m_neighbors", "kind"),
        1.2,
        2.0,
        selects=False,
    ),
    "ADASYN": Method("over", ("sampling_strategy", "random_state", "n_neighbors"), 1.2, 2.0, selects=False),
    "balanced_batches": Method(None),
    "class_weight": Method(None, ("positive", "negative")),
}
EXACT = ("RandomUnderSampler", "balanced_batches", "class_weight")
"""Methods after which the shift of the prior is exact: they leave the windows of each class as they are drawn."""


def check_arguments(resample: Sequence, *, values: bool = False) -> list[tuple[Path, str]]:
    """List what is wrong in a recipe's resampling, without any data.

    Parameters
    ----------
    resample : sequence of Resample
        The recipe's steps, each with `name` and `args`.
    values : bool
        Whether to check the arguments' values too, for which imbalanced-learn is imported (two seconds).

    Returns
    -------
    list of (tuple, str)
        Path from the recipe down, as ("resample", 0, "args", "n_neighbors"), and what is wrong there.
    """
    found: list[tuple[Path, str]] = []
    for position, step in enumerate(resample):
        path = ("resample", position)
        if step.name not in METHODS:
            found.append(((*path, "name"), f"unknown method '{step.name}'{did_you_mean(step.name, METHODS)}"))
            continue
        known = METHODS[step.name].arguments
        unknown = [key for key in step.args if key not in known]
        for key in unknown:
            expected = f"{step.name} knows {', '.join(known)}" if known else f"{step.name} takes none"
            found.append(((*path, "args", key), f"unknown argument{did_you_mean(key, known) or '; ' + expected}"))
        if values and not unknown:
            found += [((*path, "args", *below), message) for below, message in _wrong_values(step)]
        if METHODS[step.name].module is None and position + 1 < len(resample):
            message = f"{step.name} says how batches are drawn and weighed; it must stand last, and only once"
            found.append(((*path, "name"), message))
    return found


def _wrong_values(step) -> list[tuple[Path, str]]:
    if METHODS[step.name].module is None:
        return [
            ((key,), f"found {value!r}; expected a number above 0")
            for key, value in step.args.items()
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0
        ]
    try:
        _sampler(step, seed=0)._validate_params()
    except ValueError as error:  # scikit-learn's InvalidParameterError, which names the parameter in quotes
        sentence = str(error).splitlines()[0].rstrip(".")
        name = sentence.partition("'")[2].partition("'")[0]
        return [((name,) if name in step.args else (), sentence)]
    return []


def _sampler(step, seed: int):
    """Make the sampler of imbalanced-learn, with the recipe's seed unless its arguments give one."""
    module = importlib.import_module(f"imblearn.{METHODS[step.name].module}_sampling")
    arguments = dict(step.args)
    if "random_state" in METHODS[step.name].arguments:
        arguments.setdefault("random_state", seed)
    if isinstance(strategy := arguments.get("sampling_strategy"), dict):
        # JSON has only texts as keys; the classes are 0 and 1.
        arguments["sampling_strategy"] = {int(key) if key in ("0", "1") else key: n for key, n in strategy.items()}
    return getattr(module, step.name)(**arguments)


def memory_needed_gb(step, n_positive: int, n_negative: int, sample_shape: Sequence[int]) -> float:
    """Estimate the peak memory of one step, from above, before it begins.

    Parameters
    ----------
    step : Resample
        `name` and `args`.
    n_positive, n_negative : int
        Samples of the two classes before the step.
    sample_shape : sequence of int
        Shape of one sample.

    Returns
    -------
    float
        10^9 bytes: the windows as float32, the method's own copies of them, and what it returns. Next to
        nothing for methods that need no windows.
    """
    method, n = METHODS[step.name], n_positive + n_negative
    if step.name in EXACT:
        return 64 * n / 1e9
    row = 4 * int(np.prod(sample_shape))
    # scikit-learn computes distances in float64 blocks of 256 rows, two in each thread.
    blocks = 2 * 256 * 2 * row * (os.cpu_count() or 1)
    copies = (1 + method.workspace) * n + method.result_copies * _samples_after(step, n_positive, n_negative)
    return (copies * row + blocks) / 1e9


def _samples_after(step, n_positive: int, n_negative: int) -> int:
    """How many samples a synthesising step returns at most."""
    larger, smaller = max(n_positive, n_negative), min(n_positive, n_negative)
    if step.name == "ClusterCentroids":
        return n_positive + n_negative
    strategy = step.args.get("sampling_strategy", "auto")
    if isinstance(strategy, dict):
        return sum(max(int(strategy.get(key, 0)), n) for key, n in (("0", n_negative), ("1", n_positive)))
    ratio = strategy if isinstance(strategy, float) else 1.0
    # ADASYN rounds each neighbourhood's share and can return a little more.
    return int(1.02 * (larger + max(smaller, ratio * larger)))


def resample(samples, indices: np.ndarray, steps: Sequence, *, seed: int, memory_limit_gb: float) -> TrainingSet:
    """Resample the training part by the recipe's steps, in their order.

    Parameters
    ----------
    samples : Samples
        Of which `target`, `sample_shape` and `batch` are used.
    indices : ndarray of int, shape (n,)
        The training part.
    steps : sequence of Resample
        Each with `name` and `args`; none: the training part as it is.
    seed : int
        Where a method draws at random and its arguments set no `random_state`.
    memory_limit_gb : float
        Steps that need more memory are refused.

    Returns
    -------
    TrainingSet
        By indices as long as samples are only selected; by inputs once they are synthesised.

    Raises
    ------
    DataError
        If the training part, or what a step leaves of it, has a single class.
    RecipeError
        If a step or its arguments cannot be used, or not with these data.
    RequestError
        If a step needs more memory than the limit.
    """
    if mistakes := check_arguments(steps, values=True):
        raise RecipeError([f"{'.'.join(map(str, path))}: {message}" for path, message in mistakes])
    indices = np.asarray(indices)
    target = np.asarray(samples.target)[indices].astype(bool)
    _refuse_single_class(target, "the training part")
    share = float(target.mean())
    result = TrainingSet(target, indices=indices, prior_before=share, prior_after=share)
    with progress.task("resampling", total=len(steps), unit="steps") as shown:
        for position, step in enumerate(steps):
            result = _applied(result, samples, step, position, seed, memory_limit_gb)
            _refuse_single_class(result.target, f"what {step.name} left of the training part")
            shown.advance(1, note=step.name)
    return result


def _refuse_single_class(target: np.ndarray, what: str) -> None:
    if target.all() or not target.any():
        raise DataError(
            f"{what} has {target.size} samples, {int(target.sum())} of them with an event",
            expected="both kinds",
            remedy="choose a smaller target.magnitude, a larger radius_km, or another split",
        )


def _applied(given: TrainingSet, samples, step, position: int, seed: int, limit_gb: float) -> TrainingSet:
    if step.name == "balanced_batches":
        return replace(given, balanced=True, prior_after=0.5)
    if step.name == "class_weight":
        return _weighed(given, step)
    target = given.target
    if step.name == "RandomUnderSampler":
        features = np.arange(target.size)[:, np.newaxis]
    else:
        _refuse_memory(step, target, samples.sample_shape, limit_gb)
        features = given.inputs if given.inputs is not None else samples.batch(given.indices)
        features = np.ascontiguousarray(features, np.float32).reshape(target.size, -1)
    sampler = _sampler(step, seed)
    try:
        after, target_after = sampler.fit_resample(features, target.astype(np.int8))
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise RecipeError(
            [f"resample.{position}: {step.name} cannot be used on this training part: {reason}"]
        ) from None
    del features
    if METHODS[step.name].selects:
        result = given.selected(np.sort(sampler.sample_indices_))
    else:
        inputs = np.asarray(after, np.float32).reshape(-1, *samples.sample_shape)
        result = replace(given, target=target_after.astype(bool), inputs=inputs, indices=None)
    log.info("%s: %d samples -> %d, %d with an event", step.name, target.size, result.n, result.target.sum())
    return replace(result, prior_after=float(result.target.mean()), exact=given.exact and step.name in EXACT)


def _weighed(given: TrainingSet, step) -> TrainingSet:
    """Weights that make both classes count the same, unless the arguments give them."""
    n, n_positive = given.n, int(given.target.sum())
    positive = float(step.args.get("positive", n / (2 * n_positive)))
    negative = float(step.args.get("negative", n / (2 * (n - n_positive))))
    counted = positive * n_positive
    return replace(
        given,
        class_weight=(negative, positive),
        prior_after=counted / (counted + negative * (n - n_positive)),
    )


def _refuse_memory(step, target: np.ndarray, sample_shape, limit_gb: float) -> None:
    n_positive = int(target.sum())
    needed = memory_needed_gb(step, n_positive, target.size - n_positive, sample_shape)
    log.info("%s on %d samples needs up to %.2f GB of memory", step.name, target.size, needed)
    if step.name == "CondensedNearestNeighbour" and target.size > 2000:
        log.warning("CondensedNearestNeighbour looks at one sample at a time: %d can take hours", target.size)
    if needed > limit_gb:
        raise RequestError(
            f"{step.name} on {target.size} samples of {'x'.join(map(str, sample_shape))} needs up to "
            f"{needed:.2f} GB of memory, and memory_limit_gb is {limit_gb:g}",
            remedy="Put RandomUnderSampler with a sampling_strategy before it, make the grid "
            "coarser or window_days smaller, use balanced_batches or class_weight (which copy nothing), "
            "or raise memory_limit_gb",
        )
