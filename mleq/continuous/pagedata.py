"""The little that a run's page shows of its record: an embedding, medoids, spectra, a day, the tree of clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mleq.continuous.clusters import Partition, linkage_of, medoids
from mleq.continuous.features import Features, first_look
from mleq.continuous.recipe import ContinuousRecipe
from mleq.continuous.samples import ContinuousSamples
from mleq.continuous.store import ChunkStore

SHOWN = 1500
"""Windows in the picture of the embedding."""

POINTS = 400
"""Points of a waveform."""


def gather_page(
    recipe: ContinuousRecipe,
    samples: ContinuousSamples,
    partition: Partition,
    train: Features,
    events: pd.DataFrame,
    store: ChunkStore,
) -> dict[str, Any]:
    """Return what the panels draw, as JSON values."""
    first = first_look(train, recipe.scattering.pool)
    cluster, names = partition.assign(first, train.largest)[0], partition.names
    reduced = partition.first.reduce(first)
    few = np.linspace(0, len(first) - 1, min(len(first), SHOWN)).astype(int)
    bands = len(samples.scattering.first)
    per_channel = train.mean.reshape(len(first), samples.record.channels, -1)[:, :, :bands].mean(1)
    present = [k for k in range(len(names)) if (cluster == k).any()]
    # Rows of `train` are the usable windows of the sample; a medoid is shown by its waveform there.
    centre = medoids(reduced, cluster, len(names))
    raw = train.raw.reshape(len(first), samples.record.channels, -1)[:, 0]
    step = max(1, raw.shape[1] // POINTS)
    return {
        "axes": reduced[few, :2].round(2).tolist() if reduced.shape[1] > 1 else [],
        "axes_cluster": [names[k] for k in cluster[few]],
        "medoids": {names[k]: raw[row, ::step].round(2).tolist() for k, row in centre.items()},
        "shares": {names[k]: float((cluster == k).mean()) for k in present},
        "spectra": {names[k]: np.median(per_channel[cluster == k], axis=0).round(2).tolist() for k in present},
        "frequencies_hz": (np.array(samples.scattering.first.centres) * samples.record.rate).round(4).tolist(),
        "window_s": samples.index.length / samples.record.rate,
        "tree": linkage_of(partition.first),
        "bulk": partition.bulk,
        "names": names,
        "day": _day(recipe, samples, partition, events, store),
    }


def _day(recipe, samples: ContinuousSamples, partition: Partition, events: pd.DataFrame, store: ChunkStore) -> dict:
    """The day with most events, at the station with most of them: loudness and cluster of each window."""
    if len(events):
        station_name, day = events.groupby(["station", events["time"].dt.floor("D")]).size().idxmax()
    else:
        station_name, day = samples.record.stations[0].name, samples.record.span[0].tz_localize(None).floor("D")
    number = [one.name for one in samples.record.stations].index(station_name)
    hours, loud, cluster = [], [], []
    for chunk in samples.index.chunks:
        if chunk.station != number:
            continue
        times = samples.begins(chunk.offset + np.arange(chunk.windows))
        inside = (times >= day.to_datetime64()) & (times < (day + pd.Timedelta(days=1)).to_datetime64())
        if not inside.any():
            continue
        held = Features(**store.read(chunk))
        own = partition.assign(first_look(held, recipe.scattering.pool), held.largest)[0][inside]
        bands = held.largest.reshape(chunk.windows, samples.record.channels, -1)[:, :, : len(samples.scattering.first)]
        hours += ((times[inside] - day.to_datetime64()) / np.timedelta64(1, "h")).round(4).tolist()
        loud += np.exp(bands.max((1, 2)))[inside].round(3).tolist()
        cluster += [partition.names[k] for k in own]
    return {"station": station_name, "day": str(day)[:10], "hours": hours, "loudness": loud, "cluster": cluster}
