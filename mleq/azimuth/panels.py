"""What the page of a run shows of this family: the circle, the latent space, error by noise, a signal that moved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq.azimuth.evaluation import MODEL
from mleq.azimuth.recipe import AzimuthRecipe
from mleq.azimuth.samples import Samples

EXAMPLES_FILE = "example_signals.npz"
EXAMPLE_SNR_DB = 12.0
MOST_POINTS = 500
MOST_LINES = 120
COMPONENTS = ("Z", "N", "E")


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
            lambda plot, wide: _learning(plot, history, curves, best, kit, wide),
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
    suspicious = [f"{row['station']}: {row['finding']}" for row in data["suspicious_stations"]]
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
        lambda plot, wide: _circle(plot, shown, test.iloc[:: max(1, len(test) // MOST_POINTS)], kit, wide),
        height=3.6,
        narrow=6.8,
        alternative=f"Predicted and true directions of {len(test)} traces; mean circular error {mae:.1f} degrees.",
        caption="Left: a line for each trace, from the true direction (outer circle) to the predicted one (inner "
        "circle); a line along a spoke is right, one through the middle is a flip. Right: predicted against true in "
        "degrees; what wraps around at north shows in the corners.",
    )


def _circle(plot: Any, lines: pd.DataFrame, points: pd.DataFrame, kit: Any, wide: bool) -> None:
    shape = (1, 2) if wide else (2, 1)
    axes = plot.add_subplot(*shape, 1, projection="polar")
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    for true, said in zip(np.radians(lines["observed"]), np.radians(lines[MODEL]), strict=True):
        # Straight lines on the paper, not spirals of the polar axes.
        ends = np.array([[np.sin(true), np.cos(true)], [0.62 * np.sin(said), 0.62 * np.cos(said)]])
        path = ends[0] + np.linspace(0, 1, 12)[:, None] * (ends[1] - ends[0])
        axes.plot(np.arctan2(path[:, 0], path[:, 1]), np.hypot(*path.T), color=kit.MODEL, linewidth=0.6, alpha=0.6)
    axes.set_rticks([])
    axes.set_rlim(0, 1)
    axes.set_xticks(np.radians(np.arange(0, 360, 45)), ["N", "NE", "E", "SE", "S", "SW", "W", "NW"])
    axes.grid(color=kit.RULE)
    flat = plot.add_subplot(*shape, 2)
    flat.plot([0, 360], [0, 360], color=kit.MUTED, linewidth=1, linestyle=(0, (4, 3)))
    flat.plot(points["observed"], points[MODEL], ".", color=kit.MODEL, markersize=2.5, alpha=0.7)
    ticks = np.arange(0, 361, 90)
    flat.set(xlabel="true back-azimuth, degrees", ylabel="predicted, degrees", xlim=(0, 360), ylim=(0, 360))
    flat.set_xticks(ticks)
    flat.set_yticks(ticks)
    flat.set_aspect("equal")


def _noise_panel(run: Any, kit: Any) -> Any:
    rows = [row for row in run.summary.get("by_snr_db", []) if row["scores"]]
    if not rows:
        return None
    methods = [name for name in rows[0]["scores"] if name != "mean_direction"]
    words = "; ".join(
        f"{_bin(row)} dB: {row['scores'][MODEL]['circular_mae_deg']['value']:.1f} degrees on {row['traces']} traces"
        for row in rows
    )
    header = ["SNR, dB", "traces", *(_title(name, kit) for name in methods)]
    cells = [
        [
            _bin(row),
            kit.count(row["traces"]),
            *(_cell(row["scores"][name]["circular_mae_deg"], kit) for name in methods),
        ]
        for row in rows
    ]
    return kit.join(
        [
            kit.figure(
                "noise",
                lambda plot, wide: _noise(plot, rows, methods, kit),
                height=2.9,
                alternative=f"Mean circular error of the model by signal over noise: {words}.",
                caption="Mean circular error in degrees, with 95\u00a0% intervals by event, by the measured signal "
                "over noise of the first two seconds of P.",
            ),
            kit.table(header, cells, label="Mean circular error by signal over noise"),
        ]
    )


def _noise(plot: Any, rows: list[dict[str, Any]], methods: list[str], kit: Any) -> None:
    axes = plot.subplots()
    colours = {MODEL: kit.MODEL, "polarization_noise_corrected": kit.REFERENCE}
    for i, name in enumerate(methods):
        scores = [row["scores"][name]["circular_mae_deg"] for row in rows]
        place = np.arange(len(rows)) + 0.1 * (i - (len(methods) - 1) / 2)
        value = np.array([score["value"] for score in scores])
        low, high = (np.array([s["value"] if s[end] is None else s[end] for s in scores]) for end in ("low", "high"))
        colour = colours.get(name, kit.MUTED)
        axes.errorbar(
            place, value, [value - low, high - value], color=colour, marker="o", markersize=4, linewidth=1.3,
            label=_title(name, kit),
        )  # fmt: skip
    axes.set_xticks(range(len(rows)), [_bin(row) for row in rows])
    axes.set(xlabel="signal over noise, dB", ylabel="mean circular error, degrees")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    axes.legend()


def _bin(row: Mapping[str, Any]) -> str:
    if row["low"] is None:
        return f"below {row['high']:g}"
    return f"from {row['low']:g}" if row["high"] is None else f"{row['low']:g} to {row['high']:g}"


def _title(name: str, kit: Any) -> str:
    return "this model" if name == MODEL else kit.method_title(name)


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
        lambda plot, wide: _latent(plot, shown, wide),
        height=3.6,
        narrow=3.6,
        alternative=f"{len(shown)} embeddings of the test part on two principal axes, coloured by true direction.",
        caption="Embeddings of signals of the test part on their first two principal axes (each to unit length), "
        "coloured by the true direction; the colours run around the circle, so neighbours on the circle have "
        "neighbouring colours. Where the space is ordered by direction, it shows a ring.",
    )


def _latent(plot: Any, shown: pd.DataFrame, wide: bool) -> None:
    axes = plot.subplots()
    drawn = axes.scatter(
        shown["latent_1"], shown["latent_2"], c=shown["observed"], cmap="twilight_shifted", vmin=0, vmax=360, s=9
    )
    axes.set(xlabel="first principal axis", ylabel="second principal axis")
    axes.set_aspect("equal")
    bar = plot.colorbar(drawn, ax=axes, ticks=[0, 90, 180, 270, 360])
    bar.set_label("true back-azimuth, degrees")


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
        lambda plot, wide: _example(plot, example, said, true, kit, wide),
        height=3.2,
        narrow=5.6,
        alternative=f"Three components of {example['trace']} and the horizontal motion of its first second; true "
        f"direction {true:.0f}, this model {said:.0f}, polarisation {half:.0f} degrees.",
        caption=f"A trace of the test part ({example['trace']}, {float(example['snr_db']):.0f} dB): band-passed Z, N "
        "and E around the P arrival (line), and the horizontal motion of the first second of P, with the true "
        f"direction ({true:.0f}°) and the model's ({said:.0f}°).",
    )


def _example(plot: Any, example: Mapping[str, Any], said: float, true: float, kit: Any, wide: bool) -> None:
    signal, rate, p = example["waveform"], float(example["rate"]), int(example["p_index"])
    grid = plot.add_gridspec(*((1, 2) if wide else (2, 1)), width_ratios=(1.7, 1) if wide else None)
    axes = plot.add_subplot(grid[0])
    time = (np.arange(signal.shape[1]) - p) / rate
    scale = np.abs(signal).max() or 1.0
    for place, (name, row) in enumerate(zip(COMPONENTS, signal, strict=True)):
        axes.plot(time, row / scale - 1.6 * place, color=kit.MODEL, linewidth=0.8)
        axes.text(time[0], -1.6 * place + 0.4, name)
    axes.axvline(0, color=kit.EVENT, linewidth=1)
    axes.set(xlabel="seconds after P", yticks=[])
    motion = plot.add_subplot(grid[1])
    first = signal[:, p : p + round(rate)]
    motion.plot(first[2] / scale, first[1] / scale, color=kit.MODEL, linewidth=0.8, marker=".", markersize=2)
    reach = np.abs(first[1:] / scale).max() or 1.0
    for angle, colour, dashes, label in ((true, kit.INK, "-", "true"), (said, kit.EVENT, (0, (4, 3)), "this model")):
        east, north = np.sin(np.radians(angle)) * reach, np.cos(np.radians(angle)) * reach
        motion.plot([0, east], [0, north], color=colour, linewidth=1.4, linestyle=dashes, label=label)
    motion.set(xlabel="east", ylabel="north", xticks=[], yticks=[])
    motion.set_aspect("equal", adjustable="datalim")
    motion.legend(loc="upper right")


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
        rows.append([_title(name, kit), *cells, over])
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


def _learning(plot: Any, history: pd.DataFrame, curves: list[str], best: int | None, kit: Any, wide: bool) -> None:
    shape = (1, len(curves)) if wide else (len(curves), 1)
    for axes, name in zip(plot.subplots(*shape, squeeze=False).flat, curves, strict=True):
        axes.plot(history["epoch"], history[name], color=kit.MODEL, linewidth=1.5)
        if best is not None:
            axes.axvline(best, color=kit.REFERENCE, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.set_title(name.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.grid(axis="y")
