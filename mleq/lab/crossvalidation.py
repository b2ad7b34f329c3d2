"""The references scored three ways: leaving out one cycle, forward in time, and on random folds, which leak.

Windows of one cycle resemble each other for reasons that have nothing to do with the failure: gain, offset, resonance.
A fold that trains on some windows of a cycle and is tested on others is rewarded for recognising the cycle. How much
is shown by the difference.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mleq import progress
from mleq.lab.references import fit, kinds
from mleq.lab.windows import FEWEST_CYCLES

SCHEMES = ("leave_one_cycle_out", "forward_chained", "random_folds")


def folds(scheme: str, cycle: np.ndarray, n_folds: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the training and test indices of a scheme.

    Parameters
    ----------
    scheme : str
        One of `SCHEMES`.
    cycle : numpy.ndarray of int, shape (n,)
    n_folds : int
        Of random folds.
    seed : int
        Of random folds.

    Yields
    ------
    train, test : numpy.ndarray of int
    """
    cycles = np.unique(cycle)
    if scheme == "random_folds":
        order = np.random.default_rng([seed, 11]).permutation(len(cycle))
        for test in np.array_split(order, n_folds):
            yield np.setdiff1d(order, test), np.sort(test)
        return
    for place, one in enumerate(cycles):
        test = np.flatnonzero(cycle == one)
        if scheme == "leave_one_cycle_out":
            yield np.flatnonzero(cycle != one), test
        elif place >= FEWEST_CYCLES:
            yield np.flatnonzero(cycle < one), test


def cross_validated(
    features: pd.DataFrame, times: np.ndarray, cycle: np.ndarray, *, n_folds: int, seed: int
) -> pd.DataFrame:
    """Forecast every window by every reference under every scheme.

    Parameters
    ----------
    features : pandas.DataFrame, shape (n, k)
    times : numpy.ndarray, shape (n,)
        Time to failure, seconds.
    cycle : numpy.ndarray of int, shape (n,)
    n_folds, seed : int
        Of random folds.

    Returns
    -------
    pandas.DataFrame
        part (the scheme), window, cycle, observed, and a column for each reference. In forward chains the first
        three cycles are not tested.
    """
    methods = kinds(list(features.columns))
    plans = [(scheme, *fold) for scheme in SCHEMES for fold in folds(scheme, cycle, n_folds, seed)]
    pieces = []
    with progress.task("cross-validating", total=len(plans), unit="folds") as shown:
        for scheme, train, test in plans:
            piece = {"part": scheme, "window": test, "cycle": cycle[test], "observed": times[test]}
            for name, columns in methods.items():
                fitted = fit(name, columns, features.iloc[train], times[train], seed)
                piece[name] = fitted.times(features.iloc[test])
            pieces.append(pd.DataFrame(piece))
            shown.advance()
    return pd.concat(pieces, ignore_index=True)
