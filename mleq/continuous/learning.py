"""From windows to clusters, templates and events: what training does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic
from mleq.continuous import catalogue, keeping
from mleq.continuous.clusters import Partition, fit_partition, sample_curve
from mleq.continuous.features import Features, first_look
from mleq.continuous.mixture import Look, fit_look
from mleq.continuous.network import detector_of, over_network
from mleq.continuous.pagedata import gather_page
from mleq.continuous.recipe import ContinuousRecipe, Detection, Mixture
from mleq.continuous.samples import ContinuousSamples, Reference, dense
from mleq.continuous.store import ChunkStore
from mleq.continuous.templates import MOST_CANDIDATES, Template, from_windows, picked
from mleq.errors import DataError

Learn = Callable[..., "Found"]


@dataclass
class Found:
    """All that a run keeps: clusters, templates, threshold, what every window is, and the events.

    Attributes
    ----------
    partition : Partition
    templates : tuple of Template
    windows : pandas.DataFrame
        Of the windows of "test" and "validation": place, cluster (number), probability, and a column a reference.
    rows : pandas.DataFrame
        Events as catalogue rows; see `catalogue.to_rows`.
    """

    recipe: ContinuousRecipe
    partition: Partition
    templates: tuple[Template, ...]
    windows: pd.DataFrame
    rows: pd.DataFrame
    about: dict[str, Any]
    counts: pd.DataFrame
    seconds: float

    @property
    def summary(self) -> dict[str, Any]:
        """`model` of summary.json."""
        look = self.partition.first
        sizes = [one.means.size + one.weights.size + one.covariances.size for one in self._looks]
        return {
            "name": self.recipe.model.name,
            "parameters": int(sum(sizes)),
            "epochs": len(look.about["steps"]),
            "best_epoch": len(look.about["steps"]),
            "seconds": round(self.seconds, 1),
            "clusters": self.partition.names,
            "stability": look.about["stability"],
            "sample_curve": self.about["curve"],
            "detection": self.about["detection"],
        }

    @property
    def _looks(self) -> list[Look]:
        return [look for look in (self.partition.first, self.partition.second) if look is not None]

    @property
    def calibration(self) -> dict[str, Any]:
        """What calibration.json keeps."""
        return {
            "multiples": self.about["detection"]["multiples"],
            "templates": [
                {"name": one.name, "magnitude": one.magnitude, "origin": one.origin, "moveout": list(one.moveout)}
                for one in self.templates
            ],
            "looks": [{key: value for key, value in look.about.items() if key != "steps"} for look in self._looks],
            "bulk": self.partition.bulk,
        }

    @property
    def history(self) -> pd.DataFrame:
        """The first look's fit, step by step."""
        steps = self.partition.first.about["steps"]
        return pd.DataFrame({"epoch": range(1, len(steps) + 1), "train_loss": -np.array(steps)})

    def save(self, folder: Path) -> None:
        """Write model.npz, windows of each cluster by day, and the events as a catalogue."""
        keeping.save_model(folder / "model.npz", self.partition, self.templates)
        self.counts.to_parquet(folder / "clusters.parquet", index=False)
        catalogue.write_all(self.rows, folder)


def learner(recipe: ContinuousRecipe) -> Learn:
    """Make what learns a recipe: no data are read yet."""

    def learn(samples: ContinuousSamples, record: Any, *, work: Path, key: str) -> Found:
        began = time.monotonic()
        store = ChunkStore(work / "features")
        train, held_out = (_features(samples, part, store) for part in ("train", "validation"))
        partition = fit_partition(first_look(train, recipe.scattering.pool), train.largest, recipe.model, recipe.seed)
        _fit_references(samples.fitted, train, recipe.model, recipe.seed)
        curve = []
        if len(held_out.usable):
            curve = sample_curve(
                first_look(train, recipe.scattering.pool),
                first_look(held_out, recipe.scattering.pool),
                len(partition.first),
                recipe.model,
                recipe.seed,
            )
        store.complete(samples.index.chunks, samples.extractor.arrays_of, "transforming the record")
        windows, counts, candidates = _assign(recipe, samples, partition, store)
        templates = _templates(recipe, samples, candidates, partition.names)
        detector = detector_of(samples.extractor, templates, recipe.detect)
        detections = ChunkStore(work / "detections")
        chunks = detector.chunks(samples.index)
        detections.complete(chunks, partial(detector.of_chunk, index=samples.index), "seeking events")
        events, about = detector.events(chunks, detections)
        rows = catalogue.to_rows(events, samples.record, f"{recipe.id}-{key[:6]}-")
        about = {"method": recipe.detect.method if templates else "sta_lta", "events": len(events), **about}
        samples.page = gather_page(recipe, samples, partition, train, events, store)
        took = time.monotonic() - began
        found = {"curve": curve, "detection": about}
        return Found(recipe, partition, templates, windows, rows, found, counts, took)

    return learn


def _features(samples: ContinuousSamples, part: str, store: ChunkStore) -> Features:
    """Return features of the usable windows of a part, taken from the record's chunks where most are needed."""
    index, places = samples.index, samples.parts[part]
    total = len(samples.parts["train"]) + len(samples.parts["validation"])
    if dense(index, total):
        store.complete(index.chunks, samples.extractor.arrays_of, "transforming the record")
        pieces = []
        for chunk in index.chunks:
            inside = places[(places >= chunk.offset) & (places < chunk.offset + chunk.windows)] - chunk.offset
            if len(inside):
                held = store.read(chunk)
                pieces.append([held[name][inside] for name in Features._fields])
        features = Features(*(np.concatenate(parts) for parts in zip(*pieces, strict=True)))
    else:
        features = _sampled(samples, part, store.folder.parent / f"sample-{part}.npz")
    # The wavelets of windows at an edge see a guess: they are assigned, but nothing is learnt from them.
    good = features.usable & ~features.edge
    if not good.any():
        good = features.usable
    if not good.any():
        raise DataError(
            f"none of {len(places)} windows drawn from {samples.record.source} can be used",
            expected="windows whose samples are finite and not constant",
        )
    return Features(*(part[good] for part in features))


def _sampled(samples: ContinuousSamples, part: str, path: Path) -> Features:
    """Make the features of windows that lie apart, or take them from where a stopped run left them."""
    if not path.exists():
        features = samples.extractor.of_places(samples.index, samples.parts[part])
        with atomic.beside(path) as temporary:
            np.savez(temporary, **features._asdict())
    with np.load(path) as held:
        return Features(*(held[name] for name in Features._fields))


def _fit_references(references: dict[str, Reference], train: Features, settings: Mixture, seed: int) -> None:
    """Fit the same mixture, in one look, on band power and on the samples themselves."""
    for name, features in (("band_power", train.power), ("raw_pca", train.raw)):
        look = fit_look(features, settings, seed, label=f"reference {name.replace('_', ' ')}")
        references[name].look = look
        references[name].parameters |= {"components": len(look), "dimensions": look.axes.shape[1]}


def _assign(recipe: ContinuousRecipe, samples: ContinuousSamples, partition: Partition, store: ChunkStore):
    """Assign every window, chunk by chunk.

    Returns
    -------
    pandas.DataFrame
        Of the windows that are scored.
    pandas.DataFrame
        Windows of each cluster by station and hour: station, hour, cluster, windows.
    pandas.DataFrame
        Candidates for templates: place, cluster, impulsiveness.
    """
    scored = np.union1d(samples.parts["test"], samples.parts["validation"])
    kept, counts, candidates = [], [], []
    n = len(samples.scattering.first)
    names = np.array([*partition.names, "unusable"])
    for chunk in samples.index.chunks:
        held = Features(**store.read(chunk))
        cluster, probability, likelihood = partition.assign(first_look(held, recipe.scattering.pool), held.largest)
        cluster[~held.usable] = len(names) - 1
        places = chunk.offset + np.arange(chunk.windows)
        peaked = (held.largest - held.mean).reshape(chunk.windows, samples.record.channels, -1)[:, :, :n]
        rise = np.median(peaked, axis=(1, 2))
        table = pd.DataFrame(
            {
                "place": places,
                "cluster": names[cluster],
                "probability": probability,
                "log_likelihood": likelihood,
                "band_power": samples.fitted["band_power"].look.assign(held.power)[0],
                "raw_pca": samples.fitted["raw_pca"].look.assign(held.raw)[0],
                "edge": held.edge,
            }
        )
        kept.append(table[np.isin(places, scored)])
        begins = samples.begins(places).astype("datetime64[h]").astype("datetime64[s]")
        hourly = pd.DataFrame({"station": chunk.station, "hour": begins, "cluster": names[cluster]})
        counts.append(hourly.value_counts().rename("windows").reset_index())
        good = np.flatnonzero(held.usable & ~held.edge)
        strongest = good[np.argsort(-rise[good], kind="stable")[:200]]
        candidates.append(
            pd.DataFrame({"place": places[strongest], "cluster": cluster[strongest], "rise": rise[strongest]})
        )
    counted = pd.concat(counts).groupby(["station", "hour", "cluster"], as_index=False)["windows"].sum()
    return pd.concat(kept, ignore_index=True), counted, pd.concat(candidates, ignore_index=True)


def _templates(
    recipe: ContinuousRecipe, samples: ContinuousSamples, candidates: pd.DataFrame, names: list[str]
) -> tuple[Template, ...]:
    """Cut picks, or the families among the most impulsive windows of every cluster."""
    settings = recipe.detect
    if settings.templates:
        return _widened(samples, picked(samples.extractor, settings.templates, settings), settings)
    if settings.method == "sta_lta":
        return ()
    rank = candidates.sort_values("rise", ascending=False, kind="stable").groupby("cluster", sort=False).cumcount()
    candidates = candidates.assign(rank=rank)
    # Clusters by their typical impulsiveness; of each so many that the better half fills the list.
    typical = candidates.groupby("cluster")["rise"].median().rank(ascending=False, method="first")
    half = set(typical[typical <= max(1, (len(typical) + 1) // 2)].index)
    chosen = candidates[candidates["cluster"].isin(half) & (candidates["rank"] < MOST_CANDIDATES // max(1, len(half)))]
    chosen = chosen.sort_values("rise", ascending=False, kind="stable")
    places, clusters = chosen["place"].to_numpy(), [[*names, "unusable"][k] for k in chosen["cluster"]]
    return _widened(samples, from_windows(samples.extractor, samples.index, places, clusters, settings), settings)


def _widened(samples: ContinuousSamples, templates: list[Template], settings: Detection) -> tuple[Template, ...]:
    """Extend templates to all stations where the recipe asks for it and there are several."""
    if not settings.network or len(samples.record.stations) == 1:
        return tuple(templates)
    return tuple(over_network(samples.extractor, templates, settings))
