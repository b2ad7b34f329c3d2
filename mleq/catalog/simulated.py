"""Catalogues that a recipe simulates, in the form of events."""

from __future__ import annotations

import datetime as dt
import hashlib

import numpy as np
import pandas as pd

from mleq.catalog import events as events_of


def simulated(settings) -> pd.DataFrame:
    """Simulate the ETAS catalogue of a recipe; the same settings make the same events.

    Parameters
    ----------
    settings : SimulatedCatalog
        The recipe's `catalog`.

    Returns
    -------
    pandas.DataFrame
        Events with ids that name the settings, so that two simulated catalogues are never mistaken for one.
    """
    from mleq.etas.parameters import EtasParameters
    from mleq.etas.simulation import simulate_catalog

    start = pd.Timestamp(settings.start, tz="UTC").as_unit("us")
    end = start + pd.Timedelta(days=settings.days)
    parameters = EtasParameters(
        background_per_day=settings.mu,
        productivity=settings.A,
        alpha=settings.alpha,
        c_days=settings.c_days,
        p=settings.p,
        d_km2=settings.d_km2,
        q=settings.q,
        gamma=settings.gamma,
        m0=settings.min_magnitude,
    )
    catalog = simulate_catalog(
        settings.region,
        settings.start,
        settings.start + dt.timedelta(days=settings.days),
        parameters,
        b_value=settings.b_value,
        magnitude_min=settings.min_magnitude,
        magnitude_max=settings.max_magnitude,
        seed=settings.seed,
    )
    elapsed = pd.to_timedelta((catalog["time_days"] * 86_400_000_000).astype(np.int64), unit="us")
    label = hashlib.sha256(settings.model_dump_json(exclude={"completeness"}).encode()).hexdigest()[:6]
    times = (start + elapsed).as_unit("us")
    events = pd.DataFrame(
        {
            "id": [f"sim{label}{number:07d}" for number in range(len(times))],
            "origin_time": times,
            "latitude": catalog["latitude"],
            "longitude": catalog["longitude"],
            "depth_km": catalog["depth_km"],
            "magnitude": catalog["magnitude"],
            "magnitude_type": "mw",
            "type": "earthquake",
            "status": "simulated",
            "updated": times,
        }
    )
    events["longitude"] = events_of.wrap_longitude(events["longitude"].to_numpy())
    events.attrs = {
        "start": start,
        "end": end,
        "source": f"simulated, seed {settings.seed}",
        "sha256": events_of.fingerprint(events),
    }
    return events
