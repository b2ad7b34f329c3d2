"""A run's model in a file of arrays, and back."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from mleq.continuous.clusters import Partition
from mleq.continuous.mixture import Look
from mleq.continuous.templates import Template
from mleq.errors import Failure


def save_model(path: Path, partition: Partition, templates: tuple[Template, ...]) -> None:
    """Write looks and templates as arrays."""
    arrays = {"bulk": np.array(partition.bulk)}
    for label, look in (("first", partition.first), ("second", partition.second)):
        if look is not None:
            arrays |= {f"{label}_{name}": getattr(look, name) for name in Look.ARRAYS}
    for number, one in enumerate(templates):
        arrays[f"template_{number:04d}"] = one.waveform
    np.savez_compressed(path, **arrays)


def load_model(path: Path, calibration: dict) -> tuple[Partition, tuple[Template, ...]]:
    """Read what `save_model` wrote.

    Raises
    ------
    Failure
        If the file is damaged.
    """
    try:
        with np.load(path) as held:
            looks = [
                Look(*(held[f"{label}_{name}"] for name in Look.ARRAYS)) if f"{label}_weights" in held.files else None
                for label in ("first", "second")
            ]
            waveforms = [held[name] for name in sorted(held.files) if name.startswith("template_")]
            partition = Partition(looks[0], looks[1], int(held["bulk"]))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise Failure(f"the model {path} cannot be read: {error}", remedy="train the recipe again") from error
    return partition, tuple(
        Template(one["name"], waveform, one["magnitude"], one["origin"], tuple(one["moveout"]))
        for one, waveform in zip(calibration["templates"], waveforms, strict=True)
    )
