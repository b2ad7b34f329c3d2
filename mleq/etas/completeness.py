r"""Catalogues that list all events only above a magnitude Mc which changes in time, and after large events.

Of events from m0 up, a share v = exp(-beta (Mc - m0)) is listed (Gutenberg-Richter). The likelihood of what is listed
is that of a process with intensity v lambda: the expected number loses the part of each source's offspring that comes
while Mc is above m0. What is not listed triggers too: each listed event stands for exp(beta (Mc - m0)) - 1 others
below Mc at about the same time and place, as Helmstetter, Kagan and Jackson (2006) correct for aftershocks that were
missed; they enter as stand-ins, sources with a weight.

Shortly after an event of magnitude M, aftershocks below

.. math:: M_c(t) = M - 4.5 - 0.75 \log_{10}(t / \mathrm{day})

are missed (Helmstetter, Kagan and Jackson 2006, for southern California), here within the length of its aftershock
zone, 20 km at M 6 and ten times that at M 8 (Kagan 2002). Whether offspring are in a zone is asked of their source:
the few that fall far from one inside are counted as missed too.

References
----------
Helmstetter, A., Kagan, Y. Y. and Jackson, D. D. (2006). Bull. Seismol. Soc. Am. 96, 90-106. doi:10.1785/0120050067
Kagan, Y. Y. (2002). Bull. Seismol. Soc. Am. 92, 641-655. doi:10.1785/0120010172
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mleq.errors import Mistake
from mleq.etas.history import History
from mleq.etas.sphere import distance_km

SHORTEST_DAYS = 1e-3  # events that blind a network for less than this, 86 seconds, are not looked at
FIRST_DAYS, STEPS_PER_DECADE = 1e-5, 12
STAND_INS = 3  # magnitudes at which those below Mc are placed


@dataclass(frozen=True)
class Gaps:
    """When sources' offspring are not all listed.

    Parameters
    ----------
    source : numpy.ndarray, shape (n_gaps,), int
        Whose offspring.
    opens, closes : numpy.ndarray, shape (n_gaps,)
        Days since the source.
    lost : numpy.ndarray, shape (n_gaps,)
        Share of the events from m0 up that is not listed meanwhile.
    background_days : float
        Days of background that are lost in all.
    """

    source: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    lost: np.ndarray
    background_days: float

    def of(self, sources: np.ndarray) -> Gaps:
        """The gaps of the sources at these positions, repeats allowed, numbered anew."""
        order = np.argsort(self.source, kind="stable")
        number = np.bincount(self.source, minlength=int(sources.max(initial=-1)) + 1)
        first = np.cumsum(number) - number
        repeats = number[sources]
        within = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        chosen = order[np.repeat(first[sources], repeats) + within]
        whose = np.repeat(np.arange(sources.size), repeats)
        return Gaps(whose, self.opens[chosen], self.closes[chosen], self.lost[chosen], self.background_days)


@dataclass(frozen=True)
class Completeness:
    """Above which magnitude a catalogue is complete.

    Parameters
    ----------
    days : sequence of float
        Since when, rising; the first also holds before.
    magnitudes : sequence of float
        Mc from then on.
    after_large : bool, optional
        Raise it shortly after large events, near them.
    """

    days: Sequence[float]
    magnitudes: Sequence[float]
    after_large: bool = False

    def __post_init__(self):
        days, magnitudes = (np.atleast_1d(np.asarray(v, dtype=float)) for v in (self.days, self.magnitudes))
        rising = days.size > 0 and days.shape == magnitudes.shape and bool((np.diff(days) > 0).all())
        if not (rising and np.isfinite(days).all() and np.isfinite(magnitudes).all()):
            raise Mistake(
                f"completeness magnitudes {magnitudes.tolist()} from days {days.tolist()}",
                expected="as many finite magnitudes as days, the days rising",
            )
        object.__setattr__(self, "days", days)
        object.__setattr__(self, "magnitudes", magnitudes)

    @classmethod
    def of_function(cls, magnitude: Callable, start: float, end: float, *, step_days=30.0, after_large=False):
        """Completeness that follows a function of the days, in steps with its value at their middle."""
        edges = np.linspace(start, end, max(2, math.ceil((end - start) / step_days) + 1))
        middles = (edges[1:] + edges[:-1]) / 2
        return cls(edges[:-1], [float(magnitude(day)) for day in middles], after_large)

    def regional(self, time_days: np.ndarray) -> np.ndarray:
        """Mc at these times, large events aside; shape as given."""
        return self.magnitudes[np.maximum(np.searchsorted(self.days, time_days, side="right") - 1, 0)]

    def at(self, events: History) -> np.ndarray:
        """Mc when and where each event happened, given those before it, shape (n,)."""
        magnitude = self.regional(events.time_days)
        for large in self._large(events):
            elapsed = events.time_days - events.time_days[large]
            near = (elapsed > 0) & (elapsed < self._blind_days(events.magnitude[large]))
            near[near] = _in_zone(events[large : large + 1], events[near])
            raised = missed_below(events.magnitude[large], elapsed[near])
            magnitude[near] = np.maximum(magnitude[near], raised)
        return magnitude

    def _large(self, events: History) -> np.ndarray:
        """Positions of the events that blind the network for a while."""
        if not self.after_large:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(self._blind_days(events.magnitude) > SHORTEST_DAYS)

    def _blind_days(self, magnitude):
        return 10 ** ((magnitude - 4.5 - self.magnitudes.min()) / 0.75)

    def gaps(self, sources: History, *, start: float, end: float, m0: float, beta: float) -> Gaps:
        """When the offspring of each source are not all listed, within [start, end).

        Parameters
        ----------
        sources : History
            Listed events, among them the large ones.
        start, end : float
        m0, beta : float
            Reference magnitude; b ln 10.
        """
        edges = np.concatenate([[start], self.days[(self.days > start) & (self.days < end)], [end]])
        lost = -np.expm1(-beta * np.maximum(self.regional(edges[:-1]) - m0, 0))
        found = [(np.arange(len(sources)), *ends, loss) for *ends, loss in zip(edges, edges[1:], lost, strict=False)]
        background_days = float(np.sum(lost * np.diff(edges)))

        windows: dict[int, list[int]] = {}
        for large in self._large(sources):
            opens = sources.time_days[large]
            closes = opens + self._blind_days(sources.magnitude[large])
            if closes <= start or opens >= end:
                continue
            zone = _in_zone(sources[large : large + 1], sources) & (sources.time_days < closes)
            for source in np.flatnonzero(zone):
                windows.setdefault(int(source), []).append(int(large))
            alone = self._extra(sources, [large], max(start, opens), end, m0, beta)
            background_days += zone.mean() * float(np.sum(alone[2] * (alone[1] - alone[0])))
        for source, larges in windows.items():
            begin = max(start, sources.time_days[source])
            opens, closes, loss = self._extra(sources, larges, begin, end, m0, beta)
            found.append((np.full(loss.size, source), opens, closes, loss))
        return _gathered(found, sources, background_days)

    def _extra(self, sources, larges, begin, end, m0, beta) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Spans from `begin` on after large events, and what is lost in them beyond the regional completeness."""
        edges = [[begin], self.days]
        for large in larges:
            blind = self._blind_days(sources.magnitude[large])
            decades = math.log10(max(blind, 10 * FIRST_DAYS) / FIRST_DAYS)
            after = FIRST_DAYS * np.logspace(0, decades, math.ceil(STEPS_PER_DECADE * decades) + 1)
            edges.append(sources.time_days[large] + np.append(0.0, after))
        edges = np.unique(np.concatenate(edges))
        edges = edges[(edges >= begin) & (edges <= end)]
        middles = (edges[1:] + edges[:-1]) / 2
        regional = np.maximum(self.regional(middles), m0)
        raised = regional.copy()
        for large in larges:
            elapsed = middles - sources.time_days[large]
            after = elapsed > 0
            raised[after] = np.maximum(raised[after], missed_below(sources.magnitude[large], elapsed[after]))
        loss = np.exp(-beta * (regional - m0)) - np.exp(-beta * (raised - m0))
        used = loss > 0
        return edges[:-1][used], edges[1:][used], loss[used]


def _gathered(found: list, sources: History, background_days: float) -> Gaps:
    """Gaps from (sources, opens, closes, lost) in days of the catalogue; those before their source are left out."""
    columns = [np.broadcast_arrays(*one) for one in found]
    source, opens, closes, lost = (np.concatenate(column) for column in zip(*columns, strict=True))
    time = sources.time_days[source]
    used = (closes > time) & (lost > 0)
    source, lost, time = source[used], lost[used], time[used]
    return Gaps(source, np.maximum(opens[used] - time, 0), closes[used] - time, lost, background_days)


def missed_below(magnitude: float, elapsed_days: np.ndarray) -> np.ndarray:
    """Mc after an event of this magnitude, at most its own magnitude, shape as given."""
    return np.minimum(magnitude - 4.5 - 0.75 * np.log10(elapsed_days), magnitude)


def _in_zone(large: History, events: History) -> np.ndarray:
    """Which events lie within the length of the aftershock zone of the one large event."""
    distance = distance_km(large.latitude, large.longitude, events.latitude, events.longitude)
    return distance <= 20.0 * 10 ** ((large.magnitude - 6) / 2)


def stand_ins(events: History, magnitude: np.ndarray, *, m0: float, beta: float) -> tuple[np.ndarray, ...]:
    """Sources for the events below Mc that are not listed.

    Parameters
    ----------
    events : History
        Listed events.
    magnitude : numpy.ndarray, shape (n,)
        Mc at each.
    m0, beta : float

    Returns
    -------
    whose : numpy.ndarray, shape (n_stand_ins,), int
        At the time and place of which event.
    magnitude : numpy.ndarray, shape (n_stand_ins,)
    weight : numpy.ndarray, shape (n_stand_ins,)
        How many events each stands for.
    """
    width = np.maximum(magnitude - m0, 0)
    whose = np.flatnonzero(width > 1e-6)
    node, node_weight = np.polynomial.legendre.leggauss(STAND_INS)
    above = width[whose, None] * (1 + node) / 2
    weight = beta * np.exp(beta * (width[whose, None] - above)) * node_weight * width[whose, None] / 2
    return np.repeat(whose, STAND_INS), (m0 + above).ravel(), weight.ravel()
