"""The family `azimuth` as the corridor sees it; see `mleq.experiment.family.Family`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mleq import progress
from mleq.azimuth import networks, reading, seisbench, windows
from mleq.azimuth import samples as azimuth_samples
from mleq.azimuth.evaluation import MODEL, evaluate
from mleq.azimuth.features import Features
from mleq.azimuth.orientation import suspicions
from mleq.azimuth.panels import keep_for_page, panels
from mleq.azimuth.predicting import predict
from mleq.azimuth.recipe import AzimuthRecipe, AzimuthResidual
from mleq.azimuth.references import fit_references
from mleq.azimuth.samples import Samples
from mleq.azimuth.simulator import simulate
from mleq.azimuth.statement import answer_lines, plan, plan_lines, summary_lines
from mleq.azimuth.windows import Traces
from mleq.errors import RequestError

__all__ = [
    "answer_lines",
    "describe",
    "describe_split",
    "evaluate",
    "fetch",
    "fetch_lines",
    "forecasts",
    "keep_for_page",
    "learner",
    "load",
    "make_samples",
    "network",
    "network_mistakes",
    "panels",
    "plan",
    "plan_lines",
    "predict",
    "quick_mistakes",
    "references",
    "summary_lines",
]

NAMED_STATIONS = 8
"""Stations that `check` assumes where only the signals know how many there are."""
PARTS = ("validation", "test", "new_stations")
"""Parts whose answers a run keeps."""


def load(
    recipe: AzimuthRecipe, files: Sequence[Path] = (), data_dir: Path | None = None, inputs: Sequence[Path] = ()
) -> Traces:
    """Load the recipe's signals: from the files given, else simulated or from the store, as the recipe says."""
    if files:
        raise RequestError(
            f"recipe '{recipe.id}' reads signals, not a catalogue (--catalog {files[0]})",
            remedy="give the signals with --input FILE",
        )
    if inputs:
        recordings = reading.read(inputs)
    elif recipe.signals.source == "simulated":
        recordings = simulate(recipe.signals)
    else:
        recordings = reading.read_stored(data_dir, recipe.id)
    return windows.cut(recordings, recipe.window)


def quick_mistakes(recipe: AzimuthRecipe) -> list[tuple[tuple, str]]:
    """List what can be seen to be wrong without Keras and without data."""
    if recipe.signals.source == "simulated":
        last = recipe.signals.stations
        unknown = [name for name in recipe.split.held_out_stations if not name[1:].isdigit() or int(name[1:]) > last]
        if unknown:
            return [(("split", "held_out_stations"), f"no station {', '.join(unknown)}; there are S01 to S{last:02d}")]
    return []


def network_mistakes(recipe: AzimuthRecipe) -> list[tuple[tuple, str]]:
    """List what is wrong with the recipe's layers, each with its path; imports Keras."""
    return [*quick_mistakes(recipe), *networks.mistakes(recipe, _features(recipe))]


def _features(recipe: AzimuthRecipe) -> int:
    if not isinstance(recipe.model, AzimuthResidual):
        return 0
    return Features.count(len(recipe.model.windows_s), _stations(recipe) if recipe.model.stations else 0)


def _stations(recipe: AzimuthRecipe) -> int:
    if recipe.signals.source != "simulated":
        return NAMED_STATIONS
    return recipe.signals.stations - len(recipe.split.held_out_stations)


def network(recipe: AzimuthRecipe) -> Any:
    """Build the recipe's network, its weights drawn from the recipe's seed."""
    from mleq.azimuth.learning import build

    return build(recipe, _stations(recipe))


def learner(recipe: AzimuthRecipe) -> Any:
    """Return what trains the recipe's network; its layers were looked at before (`network_mistakes`)."""
    from mleq.azimuth.learning import Learned, learn

    def learned(samples: Samples, traces: Traces, *, work: Path, key: str) -> Learned:
        return learn(recipe, samples, work=work, key=key)

    return learned


def make_samples(recipe: AzimuthRecipe, traces: Traces) -> Samples:
    """Divide the traces that have labels into parts."""
    return azimuth_samples.make_samples(recipe.split, traces)


def describe(recipe: AzimuthRecipe, traces: Traces, samples: Samples) -> dict[str, Any]:
    """Describe the signals for summary.json."""
    table = samples.traces.table
    times = table["origin_time"].dropna()
    return {
        "source": traces.source,
        "traces": len(table),
        "events": int(table["event"].nunique()),
        "stations": int(table["station"].nunique()),
        "sha256": azimuth_samples.identity(samples.traces),
        "start": times.min().isoformat() if len(times) else None,
        "end": times.max().isoformat() if len(times) else None,
        "completeness_magnitude": None,
        "b_value": None,
        "sampling_rate_hz": traces.sampling_rate_hz,
        "picked_onsets": int(table["picked"].sum()),
        "stored_labels_that_disagree": len(traces.disagreeing),
        "left_out": {reason: len(names) for reason, names in traces.dropped.items()},
        "suspicious_stations": suspicions(samples.traces),
    }


def describe_split(recipe: AzimuthRecipe, samples: Samples) -> dict[str, dict[str, Any]]:
    """Say of each part from when to when its events are, and how many events, traces and stations it has."""
    return azimuth_samples.describe_split(samples)


def references(recipe: AzimuthRecipe, traces: Traces, samples: Samples) -> dict[str, Any]:
    """Fit the references on the training part."""
    return fit_references(samples.part("train"))


def forecasts(
    recipe: AzimuthRecipe, traces: Traces, samples: Samples, learned: Any, references: dict[str, Any]
) -> pd.DataFrame:
    """Answer for validation, test and new stations, model and references side by side."""
    pieces = []
    parts = [part for part in PARTS if len(samples.parts.get(part, ()))]
    with progress.task("answering", total=len(parts), unit="parts") as shown:
        for part in parts:
            some = samples.part(part)
            piece = some.table[["trace", "event", "station", "origin_time"]].copy()
            piece.insert(0, "part", part)
            piece["observed"] = some.table["back_azimuth_deg"]
            piece["snr_db"], piece["distance_km"] = some.table["snr_db"], some.table["distance_km"]
            piece[MODEL], piece["kappa"] = learned.answers(some)
            if learned.features is None:  # what `azimuth_residual` sees is turned: its space knows no direction
                piece["latent_1"], piece["latent_2"] = learned.latent(some).T
            for name, reference in references.items():
                piece[name], piece[f"{name}_kappa"] = reference.answers(some)
            pieces.append(piece)
            shown.advance()
    return pd.concat(pieces, ignore_index=True)


def fetch(
    recipe: AzimuthRecipe, inputs: Sequence[Path], *, data_dir: Path | None = None, export_to: Path | None = None
) -> dict[str, Any]:
    """Read signals, look at them as training would, and keep them in the store in SeisBench's layout."""
    recordings = reading.read(inputs)
    traces = windows.cut(recordings, recipe.window)
    target = reading.stored_file(data_dir, recipe.id)
    stored, metadata = seisbench.write(recordings, target)
    if export_to is not None:
        seisbench.write(recordings, Path(export_to))
    known = int(traces.table["back_azimuth_deg"].notna().sum())
    return {
        "recipe_id": recipe.id,
        "stored": str(stored),
        "metadata": str(metadata),
        "exported": None if export_to is None else str(export_to),
        "recordings": len(recordings),
        "usable": len(traces),
        "with_direction": known,
        "events": int(recordings.table["event"].nunique()),
        "stations": int(recordings.table["station"].nunique()),
        "picked_onsets": int(traces.table["picked"].sum()),
        "stored_labels_that_disagree": traces.disagreeing.to_dict("records"),
        "left_out": traces.dropped,
        "suspicious_stations": suspicions(traces),
    }


def fetch_lines(brought: dict[str, Any]) -> list[str]:
    """Say in words what was brought."""
    lines = [
        f"brought {brought['recordings']:,} recordings of {brought['events']:,} events at {brought['stations']:,} "
        f"stations; {brought['usable']:,} can be used, {brought['with_direction']:,} have a known direction"
    ]
    lines += [f"left out {len(names)}: {reason}" for reason, names in brought["left_out"].items()]
    if brought["stored_labels_that_disagree"]:
        lines.append(f"{len(brought['stored_labels_that_disagree'])} stored labels disagree with the coordinates")
    lines += [f"station {row['station']}: {row['finding']}" for row in brought["suspicious_stations"]]
    lines.append(f"kept in {brought['stored']}")
    if brought["exported"]:
        lines.append(f"wrote {brought['exported']}")
    return lines
