"""Answers for signals in files: a direction with its uncertainty for each trace, and rays for a map."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mleq import atomic
from mleq.azimuth import reading, windows
from mleq.azimuth.features import Features
from mleq.azimuth.geodesy import ray
from mleq.azimuth.learning import Learned
from mleq.azimuth.recipe import AzimuthRecipe
from mleq.azimuth.references import restore
from mleq.errors import RequestError
from mleq.experiment.predictions import entry, load_model
from mleq.experiment.run import Run
from mleq.scores.circular import circular_error, half_width_deg

log = logging.getLogger("mleq")

RAY_KM = 300.0
"""Length of a ray on the map: the distance is not what is answered."""
LEVELS = (0.68, 0.95)


def restored(recipe: AzimuthRecipe, run: Run) -> Learned:
    """Read the network of a run, with its features and the calibration of its concentration."""
    from mleq.azimuth import losses  # noqa: F401  (registers what the network is made of)

    kept = run.calibration
    features = None if kept["features"] is None else Features.from_dict(kept["features"])
    return Learned(recipe, load_model(run), features, tuple(kept["concentration"]))


def predict(
    recipe: AzimuthRecipe,
    run: Run,
    load: Callable[[], Any],
    *,
    dates: Sequence[Any] = (),
    inputs: Sequence[Path] = (),
) -> list[dict[str, Any]]:
    """Answer for the signals in some files; see `mleq.experiment.family.Family`.

    All inputs are read together, since MiniSEED, QuakeML and StationXML belong together: one entry. The rays are
    written to rays.geojson in the recipe's folder.

    Raises
    ------
    RequestError
        If no file is given, or dates are.
    """
    if dates:
        raise RequestError(
            f"recipe '{recipe.id}' answers for signals, not for dates ({dates[0]})",
            remedy="give files with --input, and no date",
        )
    if not inputs:
        raise RequestError(
            f"recipe '{recipe.id}' answers for signals, and none are given",
            remedy=f"python cmd/predict --recipe_id {recipe.id} --input FILE_OR_FOLDER",
        )
    traces = windows.cut(reading.read(inputs), recipe.window)
    learned, references = restored(recipe, run), restore(run.calibration["references"])
    answers = _answers(traces, learned, references)
    if learned.features is not None and learned.features.stations:
        new = sorted(set(traces.table["station"]) - set(learned.features.stations))
        if new:
            log.info("stations that the network was not trained at: %s", ", ".join(new[:8]))
    rays = run.folder.parents[1] / "rays.geojson"
    atomic.write_json(rays, geojson(recipe, answers))
    answer = {
        "traces": answers,
        "dropped": traces.dropped,
        "geojson": str(rays),
        "sampling_rate_hz": traces.sampling_rate_hz,
        "source": traces.source,
    }
    return [entry(recipe, run, {"input": ", ".join(str(path) for path in inputs)}, answer)]


def _answers(traces: windows.Traces, learned: Learned, references: dict[str, Any]) -> list[dict[str, Any]]:
    """What is said of each trace, as JSON values."""
    direction, kappa = learned.answers(traces)
    widths = {f"half_width_{100 * level:.0f}_deg": half_width_deg(kappa, level) for level in LEVELS}
    beside = {name: reference.answers(traces)[0] for name, reference in references.items()}
    table = traces.table
    truth = table["back_azimuth_deg"].to_numpy()
    error = np.full(len(table), np.nan)
    known = np.isfinite(truth)
    if known.any():
        error[known] = circular_error(truth[known], direction[known])
    return [
        {
            "trace": row.trace,
            "station": row.station,
            "event": row.event,
            "back_azimuth_deg": round(float(direction[i]), 2),
            "kappa": round(float(kappa[i]), 4),
            **{name: round(float(values[i]), 2) for name, values in widths.items()},
            "snr_db": _or_none(row.snr_db, 1),
            "onset": "picked" if row.picked else "given",
            "station_latitude": _or_none(row.station_latitude, 6),
            "station_longitude": _or_none(row.station_longitude, 6),
            "references": {name: round(float(values[i]), 2) for name, values in beside.items()},
            "true_back_azimuth_deg": _or_none(row.back_azimuth_deg, 2),
            "error_deg": _or_none(error[i], 2),
        }
        for i, row in enumerate(table.itertuples())
    ]


def _or_none(value: float, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None


def geojson(recipe: AzimuthRecipe, answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the rays from the stations as GeoJSON (RFC 7946): lines along geodesics, their properties the answers.

    Where a station's coordinates are unknown, the feature has no geometry.
    """
    features = []
    for answer in answers:
        place = answer["station_latitude"], answer["station_longitude"]
        line = None
        if None not in place:
            points = ray(*place, answer["back_azimuth_deg"], RAY_KM)
            line = {"type": "LineString", "coordinates": points}
        said = {key: value for key, value in answer.items() if not key.startswith("station_")}
        features.append({"type": "Feature", "geometry": line, "properties": {"recipe_id": recipe.id, **said}})
    return {"type": "FeatureCollection", "features": features}
