"""Parameters and background of ETAS found in turn: each round declusters the catalogue by the one before.

Zhuang, J., Ogata, Y. and Vere-Jones, D. (2002). JASA 97, 369-380. doi:10.1198/016214502760046925
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mleq import progress
from mleq.errors import DataError
from mleq.etas.areas import Shares, area_km2
from mleq.etas.background import AdaptiveKernels, KernelBackground, adaptive_kernels
from mleq.etas.history import History
from mleq.etas.likelihood import EtasLikelihood, from_log
from mleq.etas.search import maximise, within_reach
from mleq.etas.sphere import Box

LARGEST_ROUNDS = 20
TARGETS_AT_FIRST = 1500
REGROUP = 0.05  # change of a log-parameter beyond which pairs are grouped anew before the end
TOLERANCE = 2e-3  # largest change of a log-parameter between two rounds that counts as converged


@dataclass(frozen=True)
class Known:
    """A background that no declustering changes, as `AdaptiveKernels` gives one that it does."""

    law: KernelBackground
    at_targets: np.ndarray

    def density(self, weight: np.ndarray) -> np.ndarray:
        """Density at the targets, per km2, shape (n_targets,), whatever their weight."""
        return self.at_targets

    def background(self, weight: np.ndarray) -> KernelBackground:
        """The background itself, whatever the weight of the targets."""
        return self.law


Places = AdaptiveKernels | Known


def places_of(background, targets: History, box: Box, neighbours: int, in_region: Shares) -> Places:
    """Where background events happen: as the targets will say, everywhere alike, or as is known.

    Raises
    ------
    mleq.errors.DataError
        If the background is none of those.
    """
    if background == "uniform":
        everywhere = KernelBackground(box, *(np.empty(0) for _ in range(5)), uniform_share=1.0)
        return Known(everywhere, np.full(len(targets), 1 / area_km2(box)))
    if isinstance(background, KernelBackground):
        return Known(background, background.density(targets.latitude, targets.longitude))
    if background != "adaptive":
        raise DataError(f"a background {background!r}", expected="'adaptive', 'uniform' or a KernelBackground")
    return adaptive_kernels(targets, box, neighbours=neighbours, in_region=in_region)


@dataclass(frozen=True)
class Problem:
    """What stays while parameters and background are found in turn.

    Parameters
    ----------
    targets : History
    stands_for : numpy.ndarray, shape (n_targets,)
        How many events each target stands for where not all are listed.
    m0 : float
        Reference magnitude.
    bounds : array_like
        Of the log-parameters.
    exact : bool
        Whether pairs are kept singly; groups of pairs are good near the parameters that they were made for.
    likelihood : callable
        (targets, density, parameters=) -> EtasLikelihood.
    """

    targets: History
    stands_for: np.ndarray
    m0: float
    bounds: object
    exact: bool
    likelihood: Callable[..., EtasLikelihood]

    def grouped(self, density: np.ndarray, theta: np.ndarray, part: slice = slice(None)) -> EtasLikelihood:
        """The likelihood of the targets, its pairs grouped as the parameters want it."""
        return self.likelihood(self.targets[part], density[part], parameters=from_log(theta, self.m0))

    def best(self, likelihood: EtasLikelihood, theta: np.ndarray, grouped_at: np.ndarray) -> np.ndarray:
        """The log-parameters of the largest likelihood, not farther off than the groups are good for."""
        bounds = self.bounds if self.exact else within_reach(self.bounds, grouped_at)
        return maximise(likelihood, theta, bounds)


@dataclass(frozen=True)
class Found:
    """Where parameters and background stay as they are.

    Parameters
    ----------
    theta : numpy.ndarray
        Log-parameters.
    likelihood : EtasLikelihood
    chance : numpy.ndarray, shape (n_targets,)
        Of each target to be a background event.
    rounds : int
    converged : bool
    """

    theta: np.ndarray
    likelihood: EtasLikelihood
    chance: np.ndarray
    rounds: int
    converged: bool


def in_turn(problem: Problem, places: Places, theta: np.ndarray) -> Found:
    """Fit parameters to a background and the background to their declustering, until both stay.

    Parameters
    ----------
    problem : Problem
    places : Places
    theta : numpy.ndarray
        Log-parameters where the search begins.

    Returns
    -------
    Found
    """
    chance = np.full(len(problem.targets), 0.5)
    density = places.density(chance * problem.stands_for)
    with progress.task("fitting ETAS", unit="rounds") as shown:
        # A part of the targets says cheaply about where to look, and so where to group.
        part = slice(None, None, max(1, len(problem.targets) // TARGETS_AT_FIRST))
        theta = problem.best(problem.grouped(density, theta, part), theta, theta)
        likelihood, grouped_at = problem.grouped(density, theta), theta
        converged, rounds = False, 0
        while not converged and rounds < LARGEST_ROUNDS:
            before, theta = theta, problem.best(likelihood, theta, grouped_at)
            chance = likelihood.background_probability(from_log(theta, problem.m0))
            density = places.density(chance * problem.stands_for)
            rounds += 1
            settled, off = np.max(np.abs(theta - before)) < TOLERANCE, np.max(np.abs(theta - grouped_at))
            if not problem.exact and settled and off > REGROUP:  # far from their place, groups still show the way
                likelihood, grouped_at = problem.grouped(density, theta), theta
                continue
            likelihood = likelihood.with_background(density)
            converged = rounds > 1 and settled
            shown.advance(1)
    return Found(theta, likelihood, chance, rounds, bool(converged))
