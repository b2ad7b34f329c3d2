"""Answers about other records with the clusters and templates of a run."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic
from mleq.continuous import catalogue, keeping
from mleq.continuous.features import first_look
from mleq.continuous.material import open_record
from mleq.continuous.network import detector_of
from mleq.continuous.recipe import ContinuousRecipe
from mleq.continuous.records import ContinuousRecord
from mleq.continuous.samples import ContinuousSamples, make_samples
from mleq.continuous.store import ChunkStore
from mleq.errors import RequestError
from mleq.experiment.predictions import entry
from mleq.experiment.run import Run


def predict(
    recipe: ContinuousRecipe,
    run: Run,
    load: Callable[[], ContinuousRecord],
    dates: Sequence[Any] = (),
    inputs: Sequence[Path] = (),
) -> list[dict[str, Any]]:
    """Assign the windows of each input and find its events; without an input, of the recipe's own record.

    Windows and events of an input are written beside the runs, in answers/<name>/.

    Raises
    ------
    RequestError
        If dates are given.
    DataError
        If an input cannot be used, or has another number of channels than the run's record.
    """
    if dates:
        raise RequestError(
            f"recipe '{recipe.id}' answers about records, not about days ({dates[0]})",
            remedy=f"give a record: python cmd/predict --recipe_id {recipe.id} --input FILE",
        )
    records = [(str(path), open_record(recipe, [path])) for path in inputs] or [("own record", load())]
    return [entry(recipe, run, {"input": name}, answer(recipe, run, name, record)) for name, record in records]


def answer(recipe: ContinuousRecipe, run: Run, name: str, record: ContinuousRecord) -> dict[str, Any]:
    """Work through one record and write what is in it."""
    partition, templates = keeping.load_model(run.folder / "model.npz", run.calibration)
    known = run.summary["catalog"]
    if record.channels != known["channels"] or abs(record.rate / known["sampling_rate_hz"] - 1) > 1e-4:
        raise RequestError(
            f"{name} has {record.channels} channels at {record.rate:g} Hz",
            expected=f"{known['channels']} at {known['sampling_rate_hz']:g} Hz, as the run was trained on",
            remedy="choose channels with record.channels in the recipe, or train on a record like it",
        )
    names = [station.name for station in record.stations]
    if any(one.moveout for one in templates) and names != known["stations"]:
        raise RequestError(
            f"{name} has the stations {', '.join(names)}",
            expected=f"those over which the run's templates reach: {', '.join(known['stations'])}",
        )
    samples = make_samples(recipe, record)
    detector = detector_of(samples.extractor, templates, recipe.detect)
    with tempfile.TemporaryDirectory() as scratch:
        store = ChunkStore(Path(scratch))
        chunks = detector.chunks(samples.index)
        store.complete(chunks, partial(detector.of_chunk, index=samples.index), "seeking events")
        events, about = detector.events(chunks, store)
    windows = pd.concat(
        [_windows(recipe, samples, partition, chunk) for chunk in samples.index.chunks], ignore_index=True
    )
    digest = hashlib.sha256(f"{record.sha256}{run.folder.name}".encode()).hexdigest()[:6]
    folder = run.folder.parents[1] / "answers" / f"{Path(name).stem.replace(' ', '_')}-{digest}"
    with atomic.storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with atomic.beside(folder / "windows.parquet") as temporary:
        windows.to_parquet(temporary, index=False)
    rows = catalogue.to_rows(events, record, f"{recipe.id}-{digest}-")
    catalogue.write_all(rows, folder)
    begin, end = record.span
    return {
        "windows": len(windows),
        "clusters": {str(k): int(v) for k, v in windows["cluster"].value_counts().items()},
        "events": len(events),
        "families": {str(k): int(v) for k, v in events["family"].value_counts().items()},
        "detection": about,
        "start": begin.isoformat(),
        "end": end.isoformat(),
        "stations": [station.name for station in record.stations],
        "files": str(folder),
    }


def _windows(recipe, samples: ContinuousSamples, partition, chunk) -> pd.DataFrame:
    held = samples.extractor.of_chunk(chunk)
    cluster, probability, _ = partition.assign(first_look(held, recipe.scattering.pool), held.largest)
    names = np.array([*partition.names, "unusable"])
    cluster[~held.usable] = len(names) - 1
    return pd.DataFrame(
        {
            "station": samples.record.stations[chunk.station].name,
            "time": samples.begins(chunk.offset + np.arange(chunk.windows)),
            "cluster": names[cluster],
            "probability": probability,
            "edge": held.edge,
        }
    )
