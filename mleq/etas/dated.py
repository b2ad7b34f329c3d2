"""ETAS with dates instead of days: fitted to a table of events, and asked in calendar time.

The table may be a pandas DataFrame as `mleq.load_events` makes, or a mapping of arrays: what is looked at are the
columns `origin_time`, `latitude`, `longitude` and `magnitude`, by name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from mleq.errors import DataError, RequestError
from mleq.etas.areas import Circle
from mleq.etas.fitting import EtasFit, fit_etas
from mleq.etas.forecasting import EtasModel
from mleq.etas.history import History
from mleq.etas.parameters import EtasParameters
from mleq.etas.simulation import simulate_catalog

LARGEST_MAGNITUDE = 9.5  # Chile 1960, the largest that was recorded
NEEDED = ("origin_time", "latitude", "longitude", "magnitude")


@dataclass(frozen=True)
class DatedEtas:
    """A fitted model that remembers its events, and is asked by date; made by `fit`.

    Parameters
    ----------
    fitted : EtasFit
        With the uncertainties and the chances of each event to be background.
    model : EtasModel
        Parameters, background and law of magnitudes.
    history : History
        The events that condition forecasts, in days since `start`.
    start, end : pandas.Timestamp
        The period of the fit, UTC.
    """

    fitted: EtasFit
    model: EtasModel
    history: History
    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def parameters(self) -> EtasParameters:
        """The parameters of the largest likelihood."""
        return self.model.parameters

    @property
    def log_likelihood(self) -> float:
        """Of the events of the region and period, in nats."""
        return self.fitted.log_likelihood

    @property
    def b_value(self) -> float:
        """Slope of the Gutenberg-Richter law."""
        return self.model.b_value

    @cached_property
    def branching_ratio(self) -> float:
        """Mean number of direct offspring."""
        return self.parameters.branching_ratio(self.b_value, self.model.magnitude_max)

    def given(self, events: Any) -> DatedEtas:
        """The same parameters and background, conditioned on other events: a fit is for long, the past is daily."""
        return replace(self, history=history_of(events, self.start))

    def rate(self, latitude, longitude, time: Any) -> np.ndarray:
        """Expected events of m0 and above per day and km2 at places and a time, from the events before it.

        Parameters
        ----------
        latitude, longitude : array_like, shape (n,)
            Degrees, inside the region of the fit.
        time : date or str or pandas.Timestamp
            UTC where it names no zone.

        Returns
        -------
        numpy.ndarray, shape (n,)
        """
        return self.model.intensity(self.history, days_since(self.start, time), latitude, longitude)

    def probability(
        self,
        circle: Any,
        issue_time: Any,
        days: float,
        magnitude: float,
        *,
        n_simulations: int = 10_000,
        seed: int = 0,
        uncertain_parameters: bool = False,
    ) -> dict[str, float]:
        """Chance of at least one event of a magnitude in an area within some days, by simulation.

        Parameters
        ----------
        circle : Circle or Box or Polygon or tuple
            The area; (latitude, longitude, radius_km) is a circle.
        issue_time : date or str or pandas.Timestamp
            UTC where it names no zone. Events at or after it are not looked at.
        days : float
            Horizon; minutes are fractions of a day.
        magnitude : float
            Smallest magnitude that counts; at least m0.
        n_simulations, seed : int, optional
        uncertain_parameters : bool, optional
            Draw parameters from the uncertainty of the fit, and let the interval hold it.

        Returns
        -------
        dict of float
            `value`, `low`, `high`; see `EtasModel.probability`.
        """
        area = Circle(*circle) if type(circle) in (tuple, list) else circle
        at = days_since(self.start, issue_time)
        return self.model.probability(
            self.history,
            area,
            at,
            days,
            magnitude,
            n_simulations=n_simulations,
            seed=seed,
            log_covariance=self.fitted.log_covariance if uncertain_parameters else None,
        )

    def simulate(self, start: Any, end: Any, *, seed: int = 0, burn_in_days: float = 3652.5) -> pd.DataFrame:
        """Simulate a whole catalogue of the region, as the fitted process might have made; see `simulate_catalog`.

        Returns
        -------
        pandas.DataFrame
            In time order: origin_time (UTC), latitude, longitude, depth_km, magnitude, generation, parent.
        """
        catalog = simulate_catalog(
            self.fitted.background.region,
            0.0,
            days_since(moment(start), end),
            self.parameters,
            b_value=self.b_value,
            magnitude_max=self.model.magnitude_max,
            seed=seed,
            background=self.model.background,
            burn_in_days=burn_in_days,
        )
        elapsed = pd.to_timedelta((catalog.pop("time_days") * 86_400_000_000).astype(np.int64), unit="us")
        return pd.DataFrame({"origin_time": (moment(start) + elapsed).as_unit("us"), **catalog})


def fit(
    events: Any,
    region: tuple[float, float, float, float],
    start: Any = None,
    end: Any = None,
    *,
    magnitude: float,
    b_value: float | None = None,
    magnitude_max: float = LARGEST_MAGNITUDE,
    **options: Any,
) -> DatedEtas:
    """Fit space-time ETAS to a table of events.

    Parameters
    ----------
    events : pandas.DataFrame or mapping of arrays
        With columns origin_time (UTC), latitude, longitude, magnitude. Events before `start` and outside the region
        trigger but are not targets; events at or after `end` are not looked at.
    region : tuple of float
        (south, north, west, east), degrees.
    start, end : date or str or pandas.Timestamp, optional
        The period (UTC; end exclusive); without them from the first event until after the last.
    magnitude : float
        m0: the smallest magnitude that is looked at, at or above completeness.
    b_value : float, optional
        Estimated from the targets without it; see `b_value_of`.
    magnitude_max : float, optional
        Largest magnitude that there is.
    **options
        As for `mleq.etas.fit_etas`.

    Returns
    -------
    DatedEtas

    Raises
    ------
    mleq.errors.DataError
        If a column is missing or there are too few events.
    mleq.errors.RequestError
        If the period is none.
    """
    times = _column(events, "origin_time")
    if not len(times):
        raise DataError("the table holds no event", expected="enough of them to fit ETAS")
    start = moment(start if start is not None else pd.to_datetime(times, utc=True).min())
    end = moment(end) if end is not None else pd.to_datetime(times, utc=True).max() + pd.Timedelta(milliseconds=1)
    if not start < end:
        raise RequestError(f"a period from {start} to {end}", expected="an end later than the start")
    history = history_of(events, start)
    if options.get("completeness") is not None:
        options["b_value"] = b_value  # there it is part of the model, and `fit_etas` asks for it
    fitted = fit_etas(history, region=region, start=0.0, end=days_since(start, end), m0=magnitude, **options)
    b_value = b_value if b_value is not None else b_value_of(fitted.targets.magnitude, magnitude)
    return DatedEtas(fitted, fitted.model(b_value, magnitude_max), history, start, end)


def b_value_of(magnitudes: np.ndarray, m0: float) -> float:
    r"""Slope of the Gutenberg-Richter law from `m0` on by maximum likelihood.

    For magnitudes in steps of d, :math:`b = \log_{10}(1 + d / (\bar m - m_0)) / d`; for unrounded ones the limit
    of small d, :math:`\log_{10}(e) / (\bar m - m_0)` (Aki 1965).

    References
    ----------
    Tinti, S. and Mulargia, F. (1987). Bull. Seismol. Soc. Am. 77, 2125-2134. doi:10.1785/BSSA0770062125

    Examples
    --------
    >>> round(b_value_of(np.repeat([4.0, 4.1, 4.2], [100, 10, 1]), 4.0), 2)
    10.11
    """
    magnitudes = np.asarray(magnitudes, dtype=float)
    tenths = magnitudes * 10
    step = 0.1 if np.mean(np.abs(tenths - np.round(tenths)) < 0.01) > 0.5 else 0.0
    excess = float(np.mean(magnitudes)) - m0
    if not excess > 0:
        raise DataError(f"all {magnitudes.size} magnitudes are {m0:g}", expected="larger ones too, to estimate b")
    return math.log10(1 + step / excess) / step if step else math.log10(math.e) / excess


def history_of(events: Any, epoch: Any) -> History:
    """The events of a table in days since a moment.

    Raises
    ------
    mleq.errors.DataError
        If a column is missing, or a value.
    """
    times = pd.DatetimeIndex(pd.to_datetime(_column(events, "origin_time"), utc=True))
    columns = (np.asarray(_column(events, name), dtype=float) for name in NEEDED[1:])
    return History.of((times - moment(epoch)) / pd.Timedelta(days=1), *columns)


def days_since(epoch: pd.Timestamp, time: Any) -> float:
    """Days from one moment to another."""
    return float((moment(time) - moment(epoch)) / pd.Timedelta(days=1))


def moment(time: Any) -> pd.Timestamp:
    """A moment in UTC; what names no zone is taken as UTC.

    Raises
    ------
    mleq.errors.RequestError
        If it cannot be understood.
    """
    try:
        stamp = pd.Timestamp(time)
        if stamp is pd.NaT:
            raise ValueError("no moment")
        return stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")
    except (TypeError, ValueError):
        raise RequestError(f"{time!r} is no moment", expected="such as 2011-03-11 or 2011-03-11T05:46:23") from None


def _column(events: Any, name: str) -> Any:
    try:
        return events[name]
    except (KeyError, IndexError, TypeError, ValueError):
        raise DataError(
            f"the table of events has no column {name}",
            expected=", ".join(NEEDED),
            remedy="Load events with mleq.load_events, or name the columns as it does.",
        ) from None
