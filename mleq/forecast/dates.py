"""Which target dates may be asked for, and which is meant when none is named."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from mleq.catalog.events import coverage
from mleq.errors import RequestError
from mleq.forecast.days import issue_time
from mleq.forecast.recipe import CatalogRecipe

log = logging.getLogger("mleq")


def target_dates(
    recipe: CatalogRecipe, events: pd.DataFrame, asked: Sequence[dt.date], *, today: dt.date | None = None
) -> np.ndarray:
    """Return the target dates to be forecast, and warn where the catalogue ends before an issue time.

    Parameters
    ----------
    recipe : CatalogRecipe
    events : pandas.DataFrame
    asked : sequence of datetime.date
        Local dates; none means tomorrow, or for a simulated catalogue the day after its end.
    today : datetime.date, optional
        The present date in the target's zone, for tests.

    Returns
    -------
    numpy.ndarray, shape (k,), datetime64[D]

    Raises
    ------
    RequestError
        If a date lies later than tomorrow and later than the day after the catalogue's end.
    """
    zone = ZoneInfo(recipe.target.timezone)
    tomorrow = (today or dt.datetime.now(zone).date()) + dt.timedelta(days=1)
    end = coverage(events)[1]
    beyond = day_after(end, zone)
    latest = max(tomorrow, beyond)
    dates = list(asked) or [beyond if recipe.catalog.source in ("simulated", "recipe") else tomorrow]
    for date in dates:
        if date > latest:
            raise RequestError(
                f"the target date {date} lies after tomorrow ({tomorrow}) and after the catalogue's end "
                f"({end:%Y-%m-%d %H:%M} UTC)",
                expected=f"a date up to {latest}",
            )
    _warn_of_missing_days(recipe, end, dates)
    return np.array(dates, "datetime64[D]")


def day_after(end: pd.Timestamp, zone: ZoneInfo) -> dt.date:
    """Return the first local date that begins at `end` or later."""
    local = end.tz_convert(zone)
    begins = local == local.normalize()
    return local.date() if begins else local.date() + dt.timedelta(days=1)


def _warn_of_missing_days(recipe: CatalogRecipe, end: pd.Timestamp, dates: Sequence[dt.date]) -> None:
    late = [date for date in dates if issue_time(date, recipe.target.timezone) > end]
    if not late:
        return
    missing = (issue_time(max(late), recipe.target.timezone) - end) / pd.Timedelta(days=1)
    log.warning(
        "the catalogue ends at %s UTC, %.1f days before the issue time of %s: what happened since is unknown to the "
        "forecast; bring the catalogue up to date",
        f"{end:%Y-%m-%d %H:%M}",
        missing,
        max(late) if len(late) == 1 else f"{max(late)}, and before that of {len(late) - 1} other dates",
    )
