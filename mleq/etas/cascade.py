r"""Chances of an event within a horizon, offspring of coming events included, without simulation.

A cluster is an event with all its offspring. Clusters of the coming days begin as a Poisson process, whose rate is
the background's and that of the direct offspring of what has happened. If a cluster that begins with a time
:math:`\tau` left brings an event of the magnitude M asked for with the chance :math:`\phi(\tau)`, then

.. math:: P = 1 - \exp\left(-\int_0^H \lambda_1(t + u)\,\phi(H - u)\,du\right)

The first event reaches M with the share s of the Gutenberg-Richter law. If it does not, its k(m) direct offspring
come with the density g in time, each the beginning of a cluster itself:

.. math:: \phi(\tau) = s + (1 - s)\,\mathrm{E}_{m < M}\left[1 - \exp\left(-k(m)\int_0^\tau g(v)\,\phi(\tau - v)\,dv
   \right)\right]

This is the generating functional of the branching process (Saichev and Sornette 2006) with one thing left out: that
offspring may leave the area, or come into it from events outside that are themselves still to come. The two balance
where the area is wide beside the distances of offspring. Tests hold it against simulation.

References
----------
Saichev, A. and Sornette, D. (2006). Eur. Phys. J. B 49, 377-401. doi:10.1140/epjb/e2006-00075-3
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mleq.etas.decay import omori_density, omori_survival
from mleq.etas.parameters import EtasParameters, check_magnitudes

PIECES = np.array([0.0, 0.02, 0.1, 0.3, 0.6, 0.9, 0.98, 1.0])
"""Where a horizon is cut: the rate changes fastest at its beginning, the chance of a cluster at its end."""
AT_ONCE = 64
"""Issue times whose distances in time to the events are in memory together."""
LONG_AGO = 100
"""Horizons after which an event's rate is taken as even over the horizon: it then changes by about one percent."""
KNOTS, STEPS, NODES = 48, 64, 16
ROUNDS, ENOUGH = 200, 1e-9


class Hazard(NamedTuple):
    """Expected clusters that bring an event, for each issue time; the chance of one is 1 - exp(-their sum).

    The two stand apart so that a place may be given a background and a productivity of its own.
    """

    background: np.ndarray
    triggered: np.ndarray

    def probabilities(self) -> np.ndarray:
        """Chance of at least one event, shape (n_issue_times,)."""
        return -np.expm1(-self.background - self.triggered)


class ClusterChance:
    """The function phi of a process, kept at knots.

    Parameters
    ----------
    parameters : EtasParameters
    b_value, magnitude_max : float
        The truncated Gutenberg-Richter law from m0 up.
    magnitude : float
        What a cluster is to reach; at m0 or below any event does.
    days : float
        Longest time that is asked for.
    """

    def __init__(self, parameters: EtasParameters, b_value: float, magnitude_max: float, magnitude: float, days: float):
        check_magnitudes(parameters.m0, magnitude_max, b_value)
        p, beta = parameters, b_value * math.log(10)
        below = min(magnitude, magnitude_max) - p.m0
        beyond = math.exp(-beta * (magnitude_max - p.m0))
        self.share = 1.0 if below <= 0 else (math.exp(-beta * below) - beyond) / (1 - beyond)
        self.knots = np.append(0.0, np.geomspace(min(p.c_days / 10, days / 1e3), days, KNOTS - 1))
        self.values = np.full(KNOTS, self.share)
        if self.share < 1:
            self._solve(p, beta, below)

    def _solve(self, p: EtasParameters, beta: float, below: float) -> None:
        node, weight = np.polynomial.legendre.leggauss(NODES)
        excess = below * (1 + node) / 2
        density = weight * np.exp(-beta * excess)
        density /= density.sum()
        offspring = p.productivity * np.exp(p.alpha * excess)
        # Where offspring of a cluster fall in time: cuts crowd at both ends of each stretch, as in `PIECES`.
        cuts = (1 - np.cos(np.pi * np.linspace(0, 1, STEPS + 1) ** 2)) / 2
        elapsed = self.knots[:, None] * cuts
        mass = -np.diff(omori_survival(p, elapsed), axis=1)
        left = self.knots[:, None] - (elapsed[:, 1:] + elapsed[:, :-1]) / 2
        for _ in range(ROUNDS):
            expected = np.einsum("ks,ks->k", mass, self.at(left))
            values = self.share + (1 - self.share) * -np.expm1(-expected[:, None] * offspring) @ density
            change, self.values = np.max(np.abs(values - self.values)), values
            if change < ENOUGH:
                return

    def at(self, days: np.ndarray) -> np.ndarray:
        """Chance that a cluster which begins with so many days left brings such an event; shape as given."""
        return np.interp(days, self.knots, self.values)


def hazard(
    parameters: EtasParameters,
    chance: ClusterChance,
    *,
    times: np.ndarray,
    strength: np.ndarray,
    background_per_day: float,
    issue_times: np.ndarray,
    days: np.ndarray,
) -> Hazard:
    """Expect the clusters that bring an event to an area, for many issue times at once.

    Parameters
    ----------
    parameters : EtasParameters
        Their Omori-Utsu law is used here.
    chance : ClusterChance
        Of the same process, for the largest of `days`.
    times : numpy.ndarray, shape (n_events,)
        Of the past events, in days, ascending. Each issue time sees those before it alone.
    strength : numpy.ndarray, shape (n_events,)
        Expected direct offspring of each event in the area, at any time.
    background_per_day : float
        Background events of m0 and above in the area.
    issue_times : numpy.ndarray, shape (n,)
        In the days of `times`.
    days : numpy.ndarray, shape (n,)
        Each horizon.

    Returns
    -------
    Hazard
        Two arrays of shape (n,).
    """
    issue_times = np.asarray(issue_times, float)
    days = np.broadcast_to(np.asarray(days, float), issue_times.shape)
    middle = (PIECES[1:] + PIECES[:-1]) / 2
    reach = chance.at(days[:, None] * (1 - middle))  # (n, pieces)
    mean_reach = reach @ np.diff(PIECES)
    triggered = np.zeros(issue_times.size)
    order = np.argsort(issue_times, kind="stable")
    for first in range(0, order.size, AT_ONCE):
        some = order[first : first + AT_ONCE]
        known = np.searchsorted(times, issue_times[some[-1]], side="left")
        long_ago = issue_times[some] - LONG_AGO * days[some]
        recent = slice(np.searchsorted(times, long_ago.min(), side="left"), known)
        old = slice(0, np.searchsorted(times, long_ago.max(), side="left"))
        triggered[some] = _of_recent(
            parameters, issue_times[some], days[some], long_ago, times[recent], strength[recent], reach[some]
        )
        since = np.maximum(issue_times[some, None] - times[old], 0) + days[some, None] / 2
        rate = omori_density(parameters, since) * (times[old] < long_ago[:, None])
        triggered[some] += np.einsum("ne,e->n", rate, strength[old]) * days[some] * mean_reach[some]
    return Hazard(background_per_day * days * mean_reach, triggered)


def _of_recent(parameters, issue_times, days, long_ago, times, strength, reach) -> np.ndarray:
    """Clusters from direct offspring of events that decay within the horizon, piece by piece, shape (n,)."""
    elapsed = issue_times[:, None] - times
    past = (elapsed > 0) & (times >= long_ago[:, None])
    elapsed = np.where(past, elapsed, 0.0)
    later = [
        np.einsum("ne,e->n", omori_survival(parameters, elapsed + cut * days[:, None]) * past, strength)
        for cut in PIECES
    ]
    return np.einsum("pn,np->n", -np.diff(later, axis=0), reach)
