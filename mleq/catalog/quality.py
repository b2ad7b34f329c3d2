"""What a catalogue is like through time: rates, magnitude types, completeness, doubles, changes of the network."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mleq.catalog.completeness import ENOUGH, TOLERANCE, Completeness, estimate
from mleq.catalog.events import coverage
from mleq.catalog.neighbourhood import Place, neighbourhood
from mleq.etas.sphere import distance_km

WINDOW_YEARS = 3
"""Years before and after a year's beginning that are compared for a change of the network."""
SIGNIFICANT = 5.0
"""Standard deviations of a change that is reported: clustering makes smaller ones common."""


def rates(events: pd.DataFrame, step: float = 1.0) -> pd.DataFrame:
    """Count events per calendar year (UTC) and band of magnitude.

    Parameters
    ----------
    events : pandas.DataFrame
        See `mleq.catalog.events`.
    step : float, optional
        Width of a band, from the whole magnitude below the smallest on.

    Returns
    -------
    pandas.DataFrame
        One row per year, one column per band, named by the magnitude where it begins.
    """
    years = events["origin_time"].dt.year
    bands = np.floor(events["magnitude"] / step + 1e-6) * step
    table = pd.crosstab(years, bands)
    table = table.reindex(range(years.min(), years.max() + 1), fill_value=0)
    return table.rename_axis(index="year", columns="magnitude")


def magnitude_types(events: pd.DataFrame) -> pd.DataFrame:
    """Share of each magnitude type per calendar year; types with less than one event in fifty are "other".

    Returns
    -------
    pandas.DataFrame
        One row per year, shares that sum to 1.
    """
    kinds = events["magnitude_type"].str.lower().replace("", "unknown")
    common = kinds.value_counts(normalize=True)
    kinds = kinds.where(kinds.isin(common.index[common >= 0.02]), "other")
    return pd.crosstab(events["origin_time"].dt.year, kinds, normalize="index").rename_axis(
        index="year", columns="magnitude_type"
    )


def near_duplicates(events: pd.DataFrame, seconds: float = 10.0, km: float = 50.0) -> pd.DataFrame:
    """Find pairs of events so close in time and place that they may be one event, reported by two networks.

    Parameters
    ----------
    events : pandas.DataFrame
        In time order.
    seconds, km : float, optional
        Largest distance in time and between epicentres.

    Returns
    -------
    pandas.DataFrame
        One row per pair: `first`, `second` (ids), `seconds`, `km`, `magnitude_difference`.
    """
    times = events["origin_time"].to_numpy("datetime64[us]").astype("int64") / 1e6
    pairs = []
    for lag in range(1, len(events)):
        near = np.flatnonzero(times[lag:] - times[:-lag] <= seconds)
        if not len(near):
            break
        pairs.append(np.stack([near, near + lag], axis=1))
    first, second = (np.concatenate(pairs) if pairs else np.zeros((0, 2), int)).T
    latitude, longitude = events["latitude"].to_numpy(), events["longitude"].to_numpy()
    distance = distance_km(latitude[first], longitude[first], latitude[second], longitude[second])
    close = distance <= km
    first, second = first[close], second[close]
    ids, magnitude = events["id"].to_numpy(), events["magnitude"].to_numpy()
    found = pd.DataFrame(
        {
            "first": ids[first],
            "second": ids[second],
            "seconds": times[second] - times[first],
            "km": distance[close],
            "magnitude_difference": magnitude[second] - magnitude[first],
        }
    )
    return found.sort_values("seconds", ignore_index=True)


def network_changes(events: pd.DataFrame, magnitude: float) -> pd.DataFrame:
    """Find years from which the share of small events is another, as when the network or its magnitudes changed.

    Earthquakes come in changing numbers, but in the same proportion of small to large (Gutenberg-Richter). So the
    share of events below `magnitude` in the three years before and after each new year is compared as two
    proportions; the score is their difference in standard deviations, and the highest of neighbouring years is kept.

    Parameters
    ----------
    events : pandas.DataFrame
        In time order.
    magnitude : float
        What counts as large: half a magnitude above completeness, say.

    Returns
    -------
    pandas.DataFrame
        `year`, `before`, `after` (shares of small events), `score`.
    """
    years = events["origin_time"].dt.year.to_numpy()
    small = events["magnitude"].to_numpy() < magnitude
    start, end = coverage(events)
    full = range(start.year + (start.day_of_year > 1), end.year)
    rows = []
    for year in range(full.start + WINDOW_YEARS, full.stop - WINDOW_YEARS + 1):
        before = small[(years >= year - WINDOW_YEARS) & (years < year)]
        after = small[(years >= year) & (years < year + WINDOW_YEARS)]
        if min(len(before), len(after)) < ENOUGH:
            continue
        pooled = (before.sum() + after.sum()) / (len(before) + len(after))
        spread = np.sqrt(pooled * (1 - pooled) * (1 / len(before) + 1 / len(after)))
        score = (after.mean() - before.mean()) / spread if spread > 0 else 0.0
        rows.append((year, before.mean(), after.mean(), score))
    table = pd.DataFrame(rows, columns=["year", "before", "after", "score"])
    size = table["score"].abs()
    highest = size.rolling(2 * WINDOW_YEARS - 1, center=True, min_periods=1).max()
    return table[(size >= SIGNIFICANT) & (size == highest)].reset_index(drop=True)


def completeness_through_time(
    events: pd.DataFrame, place: Place | None, estimator: str, years: int = 5, step_years: int = 1
) -> list[Completeness]:
    """Estimate completeness in windows that overlap, each with a circle wide enough.

    Parameters
    ----------
    events : pandas.DataFrame
        In time order.
    place : Place or None
        Around where; None takes all events.
    estimator : str
        See `mleq.catalog.magnitudes.ESTIMATORS`.
    years, step_years : int, optional
        Length of a window, and from one to the next.

    Returns
    -------
    list of Completeness
        In time order; windows without enough events anywhere are left out.
    """
    begin, end = coverage(events)
    length, step = pd.DateOffset(years=years), pd.DateOffset(years=step_years)
    almost = end + pd.Timedelta(days=2)  # a file that ends with an event on the last day of a year has that year
    found = []
    start = begin
    while start + length <= max(almost, begin + length):
        inside = events[(events["origin_time"] >= start) & (events["origin_time"] < start + length)]
        near, radius = neighbourhood(inside, place, ENOUGH) if place is not None else (inside, np.nan)
        if len(near) >= ENOUGH:
            last = min(start + length, end)
            found.append(estimate(near["magnitude"].to_numpy(), start, last, radius, estimator))
        start += step
    return found


def complete_since(through_time: list[Completeness], magnitude: float) -> pd.Timestamp | None:
    """Earliest time from which a magnitude is complete in every later window; None: not even in the last."""
    since = None
    for window in reversed(through_time):
        if magnitude < window.magnitude - TOLERANCE - 1e-9:
            break
        since = window.start
    return since
