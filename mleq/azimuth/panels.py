"""What the page of a run shows of this family: the circle, the latent space, error by noise, a signal that moved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mleq.azimuth import pictures
from mleq.azimuth.evaluation import MODEL
from mleq.azimuth.recipe import AzimuthRecipe
from mleq.azimuth.samples import Samples

EXAMPLES_FILE = "example_signals.npz"
EXAMPLE_SNR_DB = 12.0
MOST_POINTS = 500
MOST_LINES = 120


def keep_for_page(recipe: AzimuthRecipe, material: Any, samples: Samples, folder: Path) -> None:
    """Keep a signal of the test part, the one whose signal over noise is nearest to 12 dB, for its picture."""
    from mleq import atomic

    test = samples.part("test")
    chosen = int(np.argmin(np.abs(test.table["snr_db"].to_numpy() - EXAMPLE_SNR_DB)))
    row = test.table.iloc[chosen]
    with atomic.beside(folder / EXAMPLES_FILE) as temporary, open(temporary, "wb") as file:
        np.savez(
            file,
            waveform=test.waveforms[chosen],
            rate=test.sampling_rate_hz,
            p_index=test.p_index,
            trace=str(row["trace"]),
            station=str(row["station"]),
            snr_db=row["snr_db"],
            true_deg=row["back_azimuth_deg"],
        )


def panels(common: Mapping[str, Any], kit: Any) -> dict[str, Any]:
    """Return the panels of a page: our own after the verdict, and of the common ones those that fit."""

    def target(run):
        rows = [
            [name, part.get("start") or "-", part.get("end") or "-"]
            + [kit.count(part[key]) for key in ("events", "traces", "stations")]
            for name, part in run.summary["split"].items()
        ]
        return kit.join(
            [
                kit.paragraph(
                    "The direction from the station to the source (back-azimuth), clockwise from north, from the three "
                    "components around the P arrival. True directions are computed from coordinates on the ellipsoid "
                    "WGS84."
                ),
                kit.table(["part", "from", "to", "events", "traces", "stations"], rows, label="Size of each part"),
                kit.paragraph(
                    "All traces of an event are in one part; the part new_stations holds stations that the network "
                    "never saw, and events that it never saw. The test parts were read once, at the end.",
                    class_="hint",
                ),
            ]
        )

    def learning(run):
        history = run.history
        curves = [name for name in history if name.startswith(("train_loss", "validation_"))]
        if history.empty or not curves:
            return None
        best = run.summary["model"].get("best_epoch")
        return kit.figure(
            "learning",
            lambda plot, wide: pictures.learning(plot, history, curves, best, kit, wide),
            height=2.4,
            narrow=1.9 * len(curves),
            alternative="; ".join(f"{n} from {history[n].iloc[0]:.3f} to {history[n].iloc[-1]:.3f}" for n in curves),
            caption="By epoch; the dashed line is the epoch that was kept, by the first validation curve. Losses in "
            "nats, errors in degrees.",
        )

    return {
        "verdict": common["verdict"],
        "target": ("What is answered", target),
        "circle": ("Predicted against true", lambda run: _circle_panel(run, kit)),
        "noise": ("Error against signal over noise", lambda run: _noise_panel(run, kit)),
        "latent": ("Latent space", lambda run: _latent_panel(run, kit)),
        "example": ("A signal and its particle motion", lambda run: _example_panel(run, kit)),
        "methods": common["methods"],
        "gains": common["gains"],
        "new_stations": ("At new stations", lambda run: _new_stations_panel(run, kit)),
        "learning": ("Learning curve", learning),
        "data": ("Signals", lambda run: _data_panel(run, kit)),
        **{name: common[name] for name in ("recipe", "again") if name in common},
    }


def _data_panel(run: Any, kit: Any) -> Any:
    data = run.summary["catalog"]
    left_out = "; ".join(f"{kit.count(count)}: {reason}" for reason, count in data["left_out"].items())
    suspicious = [f"{row['station']}: {row['finding']}" for row in data.get("suspicious_stations", [])]
    return kit.join(
        [
            kit.facts(
                [
                    ("Source", data["source"]),
                    ("Traces", kit.count(data["traces"])),
                    ("Events", kit.count(data["events"])),
                    ("Stations", kit.count(data["stations"])),
                    ("Sampling rate", f"{data['sampling_rate_hz']:g} Hz"),
                    ("P arrivals picked here", kit.count(data["picked_onsets"])),
                    ("Stored labels that the coordinates contradict", kit.count(data["stored_labels_that_disagree"])),
                    ("Left out", left_out or "none"),
                    ("SHA-256 of their content", kit.tag("code", data["sha256"])),
                ]
            ),
            *(kit.paragraph(f"Station {line}.", class_="caution") for line in suspicious),
        ]
    )


def _circle_panel(run: Any, kit: Any) -> Any:
    test = run.test
    shown = test.iloc[:: max(1, len(test) // MOST_LINES)]
    mae = run.summary["scores"]["circular_mae_deg"]["value"]
    return kit.figure(
        "circle",
        lambda plot, wide: pictures.circle(plot, shown, test.iloc[:: max(1, len(test) // MOST_POINTS)], kit, wide),
        height=3.6,
        narrow=6.8,
        alternative=f"Predicted and true directions of {len(test)} traces; mean circular error {mae:.1f} degrees.",
        caption="First: a line for each trace, from the true direction (outer circle) to the predicted one (inner "
        "circle); a line along a spoke is right, one through the middle is a flip. Second: predicted against true in "
        "degrees; what wraps around at north shows in the corners.",
    )


def _noise_panel(run: Any, kit: Any) -> Any:
    rows = [row for row in run.summary.get("by_snr_db", []) if row["scores"]]
    if not rows:
        return None
    methods = [name for name in rows[0]["scores"] if name != "mean_direction"]
    ours = [(row, row["scores"][MODEL]["circular_mae_deg"]["value"]) for row in rows]
    words = "; ".join(f"{pictures.bin_words(row)} dB: {mae:.1f} degrees on {row['traces']} traces" for row, mae in ours)
    header = ["SNR, dB", "traces", *(pictures.method(name, kit) for name in methods)]
    cells = [
        [
            pictures.bin_words(row),
            kit.count(row["traces"]),
            *(_cell(row["scores"][name]["circular_mae_deg"], kit) for name in methods),
        ]
        for row in rows
    ]
    return kit.join(
        [
            kit.figure(
                "noise",
                lambda plot, wide: pictures.noise(plot, rows, methods, kit),
                height=2.9,
                alternative=f"Mean circular error of the model by signal over noise: {words}.",
                caption="Mean circular error in degrees, with 95\u00a0% intervals by event, by the measured signal "
                "over noise of the first two seconds of P.",
            ),
            kit.table(header, cells, label="Mean circular error by signal over noise"),
        ]
    )


def _cell(score: Mapping[str, Any], kit: Any) -> Any:
    if score["value"] is None:
        return "-"
    interval = None if score["low"] is None else kit.tag("small", f"[{score['low']:.1f}, {score['high']:.1f}]")
    return kit.join([f"{score['value']:.1f}", interval])


def _latent_panel(run: Any, kit: Any) -> Any:
    test = run.test
    if not {"latent_1", "latent_2"} <= set(test):
        return None
    shown = test.iloc[:: max(1, len(test) // MOST_POINTS)]
    return kit.figure(
        "latent",
        lambda plot, wide: pictures.latent(plot, shown, kit),
        height=3.6,
        narrow=3.6,
        alternative=f"{len(shown)} embeddings of the test part on two principal axes, coloured by true direction.",
        caption="Embeddings of signals of the test part on their first two principal axes (each to unit length), "
        "coloured by the true direction; the colours run around the circle, so neighbours on the circle have "
        "neighbouring colours. Where the space is ordered by direction, it shows a ring.",
    )


def _example_panel(run: Any, kit: Any) -> Any:
    path = run.plots / EXAMPLES_FILE
    if not path.is_file():
        return None
    with np.load(path) as kept:
        example = {name: kept[name] for name in kept.files}
    row = run.test[run.test["trace"] == str(example["trace"])]
    if row.empty:
        return None
    said, half = float(row[MODEL].iloc[0]), float(row["polarization_noise_corrected"].iloc[0])
    true = float(example["true_deg"])
    return kit.figure(
        "example",
        lambda plot, wide: pictures.example(plot, example, said, true, kit, wide),
        height=3.2,
        narrow=5.6,
        alternative=f"Three components of {example['trace']} and the horizontal motion of its first second; true "
        f"direction {true:.0f}, this model {said:.0f}, polarisation {half:.0f} degrees.",
        caption=f"A trace of the test part ({example['trace']}, {float(example['snr_db']):.0f} dB): band-passed Z, N "
        "and E around the P arrival (line), and the horizontal motion of the first second of P, with the true "
        f"direction ({true:.0f}°) and the model's ({said:.0f}°).",
    )


def _new_stations_panel(run: Any, kit: Any) -> Any:
    new = run.summary.get("new_stations")
    if not new:
        return None
    part = run.summary["split"]["new_stations"]
    keys = {"circular_mae_deg": "mean error", "circular_median_deg": "median error", "share_of_flips": "flips"}
    rows = []
    for name, scores in {MODEL: new["scores"], **new["references"]}.items():
        digits = {key: 3 if key.startswith("share") else 1 for key in keys}
        cells = [
            kit.join([f"{scores[key]['value']:.{digits[key]}f}", _small(scores[key], digits[key], kit)]) for key in keys
        ]
        gain = new["gain"].get(name)
        over = "" if gain is None else kit.join([f"{gain['degrees']['value']:+.2f}", _small(gain["degrees"], 2, kit)])
        rows.append([pictures.method(name, kit), *cells, over])
    return kit.join(
        [
            kit.paragraph(
                f"{part['traces']:,} traces of {part['events']:,} events at {part['stations']} stations that served "
                "neither training nor validation. Degrees; in brackets 95\u00a0% intervals by event.",
                class_="hint",
            ),
            kit.table(["method", *keys.values(), "gain over it"], rows, label="Scores at new stations"),
        ]
    )


def _small(score: Mapping[str, Any], digits: int, kit: Any) -> Any:
    if score["low"] is None:
        return None
    return kit.tag("small", f"[{score['low']:.{digits}f}, {score['high']:.{digits}f}]")
