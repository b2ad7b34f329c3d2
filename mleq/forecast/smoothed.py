"""Adaptive smoothed seismicity: earthquakes come again where they have come before, at a rate that never changes.

Each past event spreads over the map with a power-law kernel as wide as its n-th nearest neighbour is far (Helmstetter,
Kagan and Jackson 2007). What is done here, and what is not:

* Not declustered. What comes true is decided by aftershocks as well, so their rate belongs to what is forecast.
* n is chosen among `NEIGHBOURS` by the likelihood of where the events of the validation part came, under the map of
  the training part's; the rate is the training part's alone.
* Events from m0 on count, the completeness magnitude around the target in the training part, or the target's magnitude
  where that is smaller. Above m0 the rate is extrapolated with the b-value of the same events.
* One percent of the events fall anywhere, uniformly, so that no place is impossible.
* The chance is a Poisson process's, 1 - exp(-rate x days). Earthquakes cluster more than that: days with one are fewer
  than the rate says, and this reference then says too much. It is left as it is published.

References
----------
Helmstetter, A., Kagan, Y. Y. and Jackson, D. D. (2007). High-resolution time-independent grid-based forecast for M >= 5
earthquakes in California. Seismol. Res. Lett. 78, 78-86. doi:10.1785/gssrl.78.1.78
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from mleq.catalog.completeness import gate
from mleq.errors import DataError
from mleq.etas.areas import Circle as Area
from mleq.etas.areas import shares
from mleq.etas.dated import b_value_of
from mleq.etas.sphere import EARTH_RADIUS_KM, distance_km
from mleq.forecast.days import beginnings
from mleq.forecast.outcomes import fit_date
from mleq.forecast.samples import Samples
from mleq.forecast.target import at_least
from mleq.recipe.settings import Circle

NEIGHBOURS = (1, 2, 3, 5, 8, 13, 21)
FLOOR_KM = 0.5
"""Smallest width of a kernel, as published."""
UNIFORM_SHARE = 0.01
AROUND_KM = 300.0
"""How far around the circle events are smoothed: kernels further out add next to nothing to it."""
WIDEST_KM = 4000.0
"""Circles beyond this hold what lies in them and lose nothing that matters over their edge."""
EXPONENT = 1.5
"""Of (r^2 + d^2): the kernel d / (2 pi) (r^2 + d^2)^-1.5 has the integral 1."""
MOST_LATER = 1000
"""Events that n is chosen by; of more, every second or third is taken."""
AT_ONCE = 500_000


@dataclass(frozen=True)
class Smoothed:
    """The same chance on every day, from the smoothed map of the training part's earthquakes.

    Attributes
    ----------
    target : Circle
    daily_rate : float
        Expected events of the target's magnitude and above in the circle a day.
    neighbours : int
        n.
    m0, b_value : float
    events : int
        That were smoothed.
    """

    target: Circle
    daily_rate: float
    neighbours: int
    m0: float
    b_value: float
    events: int

    @classmethod
    def fit(cls, recipe, events: pd.DataFrame, samples: Samples) -> Smoothed:
        """Smooth the training part's events; choose n by the likelihood of the validation part's."""
        target, end = recipe.target, fit_date(recipe, samples)
        counting = _counting(events, target)
        past = counting.loc[(counting["origin_time"] < end).to_numpy()]
        m0 = _m0(events.loc[(events["origin_time"] < end).to_numpy()], recipe)
        past = past.loc[at_least(past["magnitude"], m0)]
        start = min(samples.first_day, samples.dates[0])
        days = (end.tz_localize(None).to_datetime64() - start) / np.timedelta64(1, "D")
        if len(past) <= max(NEIGHBOURS):
            near = distance_km(past["latitude"], past["longitude"], target.latitude, target.longitude)
            inside = np.count_nonzero((near <= target.radius_km) & at_least(past["magnitude"], target.magnitude))
            return cls(target, float((inside + 0.5) / days), 0, m0, 1.0, len(past))
        later = _of_part(counting, samples, "validation", recipe)
        later = later.loc[at_least(later["magnitude"], m0)]
        widths = widths_km(past["latitude"].to_numpy(), past["longitude"].to_numpy(), NEIGHBOURS)
        later = later.iloc[:: math.ceil(max(len(later), 1) / MOST_LATER)]
        best = int(np.argmax(log_likelihoods(past, widths, later, target)))
        b_value = _b_value(past["magnitude"].to_numpy(), m0)
        share = 10 ** (-b_value * (target.magnitude - m0))
        rate = expected_in_circle(past, widths[best], target) * share / days
        return cls(target, float(rate), NEIGHBOURS[best], m0, b_value, len(past))

    @property
    def parameters(self) -> dict[str, float]:
        """What was fitted or chosen."""
        return {key: value for key, value in asdict(self).items() if key != "target"}

    def probabilities(self, events: pd.DataFrame | None, dates: np.ndarray) -> np.ndarray:
        """Forecast some target dates, shape (k,): the same for each."""
        chance = -math.expm1(-self.daily_rate * self.target.horizon_days)
        return np.full(len(dates), min(max(chance, 1e-9), 1 - 1e-9))


def widths_km(latitude: np.ndarray, longitude: np.ndarray, neighbours: tuple[int, ...]) -> np.ndarray:
    """Distance from each event to its n-th nearest neighbour, shape (len(neighbours), n_events), at least 0.5 km."""
    from scipy.spatial import KDTree

    vectors = _unit_vectors(latitude, longitude)
    chord = KDTree(vectors).query(vectors, k=[one + 1 for one in neighbours])[0]
    return np.maximum(2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1)), FLOOR_KM).T


def expected_in_circle(events: pd.DataFrame, width_km: np.ndarray, target: Circle) -> float:
    """How many of these events the smoothed map puts into the circle: the integral of all kernels over it."""
    inside = _shares_within(events, target, target.radius_km)(width_km)
    even = len(events) * _cap_km2(target.radius_km) / _cap_km2(target.radius_km + AROUND_KM)
    return float((1 - UNIFORM_SHARE) * np.sum(inside) + UNIFORM_SHARE * even)


def log_likelihoods(past: pd.DataFrame, widths: np.ndarray, later: pd.DataFrame, target: Circle) -> np.ndarray:
    """Log-likelihoods of where later events came, given their number, under several smoothed maps.

    Later events are those within `AROUND_KM` of the circle: a map is that of events there, with the integral one.

    Parameters
    ----------
    past : DataFrame
        n events with latitude and longitude, which carry kernels.
    widths : ndarray, shape (m, n)
        Their widths in each map, km.
    later : DataFrame
        Events of the same area.
    target : Circle

    Returns
    -------
    ndarray, shape (m,)
        Zeros without later events.
    """
    if later.empty:
        return np.zeros(len(widths))
    places = [later[name].to_numpy()[:, None] for name in ("latitude", "longitude")]
    centres = [past[name].to_numpy() for name in ("latitude", "longitude")]
    density = np.empty((len(widths), len(later)))
    at_once = max(1, AT_ONCE // len(past))
    for first in range(0, len(later), at_once):
        some = slice(first, first + at_once)
        squared = distance_km(*(place[some] for place in places), *centres) ** 2
        for row, width in zip(density, widths, strict=True):
            spread = squared + width**2
            row[some] = np.einsum("ij,j->i", 1 / (spread * np.sqrt(spread)), width / (2 * np.pi * len(past)))
    share = _shares_within(past, target, target.radius_km + AROUND_KM)
    inside = np.array([[np.mean(share(width))] for width in widths])
    uniform = 1 / _cap_km2(target.radius_km + AROUND_KM)
    return np.sum(np.log((1 - UNIFORM_SHARE) * density / inside + UNIFORM_SHARE * uniform), axis=1)


def _shares_within(events: pd.DataFrame, target: Circle, radius_km: float) -> Callable[[np.ndarray], np.ndarray]:
    """A function of the kernels' widths: the share of each within a distance of the target's centre."""
    latitude, longitude = events["latitude"].to_numpy(), events["longitude"].to_numpy()
    if radius_km > WIDEST_KM:
        inside = distance_km(latitude, longitude, target.latitude, target.longitude) <= radius_km
        return lambda width_km: inside.astype(float)
    outline = Area(target.latitude, float((target.longitude + 180) % 360 - 180), radius_km).outline()
    seen = shares(latitude, longitude, outline)
    return lambda width_km: seen.of_power_law(width_km**2, EXPONENT)


def _counting(events: pd.DataFrame, target: Circle) -> pd.DataFrame:
    """Events near the circle, and not known to be deeper than the target allows."""
    distance = distance_km(events["latitude"], events["longitude"], target.latitude, target.longitude)
    near = np.asarray(distance) <= target.radius_km + AROUND_KM
    if target.max_depth_km is not None:
        near &= ~(events["depth_km"].to_numpy() > target.max_depth_km)
    return events.loc[near]


def _m0(past: pd.DataFrame, recipe) -> float:
    """Completeness magnitude around the target, rounded up to a tenth; never above the target's own."""
    try:
        complete = gate(past, recipe.target, recipe.catalog.completeness).magnitude
    except DataError:
        return recipe.target.magnitude
    return float(min(math.ceil(round(complete * 10, 6)) / 10, recipe.target.magnitude))


def _of_part(events: pd.DataFrame, samples: Samples, part: str, recipe) -> pd.DataFrame:
    """Events of the days of a part."""
    dates = samples.dates[samples.parts[part]]
    ends = beginnings(np.array([dates[0], dates[-1] + recipe.target.horizon_days]), recipe.target.timezone)
    times = events["origin_time"].dt.tz_convert(None).to_numpy("datetime64[us]")
    return events.loc[(times >= ends[0]) & (times < ends[1])]


def _b_value(magnitudes: np.ndarray, m0: float) -> float:
    try:
        return b_value_of(magnitudes, m0)
    except DataError:
        return 1.0


def _cap_km2(radius_km: float) -> float:
    """Area of a spherical cap."""
    return 2 * math.pi * EARTH_RADIUS_KM**2 * (1 - math.cos(min(radius_km / EARTH_RADIUS_KM, math.pi)))


def _unit_vectors(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    latitude, longitude = np.radians(latitude), np.radians(longitude)
    across = np.cos(latitude)
    return np.column_stack([across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)])
