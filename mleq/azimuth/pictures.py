"""The pictures of this family's panels, each drawn into a matplotlib figure with the colours of the page's kit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mleq.azimuth.evaluation import MODEL

COMPONENTS = ("Z", "N", "E")


def circle(plot: Any, lines: pd.DataFrame, points: pd.DataFrame, kit: Any, wide: bool) -> None:
    """Draw directions on a circle, true outside and predicted inside, and one against the other."""
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


def noise(plot: Any, rows: list[dict[str, Any]], methods: list[str], kit: Any) -> None:
    """Draw mean errors in bins of signal over noise, with their intervals."""
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
            label=method(name, kit),
        )  # fmt: skip
    axes.set_xticks(range(len(rows)), [bin_words(row) for row in rows])
    axes.set(xlabel="signal over noise, dB", ylabel="mean circular error, degrees")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    axes.legend()


def latent(plot: Any, shown: pd.DataFrame, kit: Any) -> None:
    """Draw embeddings on two principal axes, coloured around the circle."""
    axes = plot.subplots()
    drawn = axes.scatter(
        shown["latent_1"], shown["latent_2"], c=shown["observed"], cmap="twilight_shifted", vmin=0, vmax=360, s=11,
        edgecolors=kit.MUTED, linewidths=0.3,
    )  # fmt: skip
    axes.set(xlabel="first principal axis", ylabel="second principal axis")
    axes.set_aspect("equal", adjustable="datalim")
    bar = plot.colorbar(drawn, ax=axes, ticks=[0, 90, 180, 270, 360])
    bar.set_label("true back-azimuth, degrees")


def example(plot: Any, example: Mapping[str, Any], said: float, true: float, kit: Any, wide: bool) -> None:
    """Draw the three components of a signal and its horizontal motion."""
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
    motion.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def learning(plot: Any, history: pd.DataFrame, curves: list[str], best: int | None, kit: Any, wide: bool) -> None:
    """Draw losses and errors by epoch, each in axes of its own."""
    shape = (1, len(curves)) if wide else (len(curves), 1)
    for axes, name in zip(plot.subplots(*shape, squeeze=False).flat, curves, strict=True):
        axes.plot(history["epoch"], history[name], color=kit.MODEL, linewidth=1.5)
        if best is not None:
            axes.axvline(best, color=kit.REFERENCE, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.set_title(name.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.grid(axis="y")


def bin_words(row: Mapping[str, Any]) -> str:
    """Say between which decibels a bin lies."""
    if row["low"] is None:
        return f"below {row['high']:g}"
    return f"from {row['low']:g}" if row["high"] is None else f"{row['low']:g} to {row['high']:g}"


def method(name: str, kit: Any) -> str:
    """Return how a method is called."""
    return "this model" if name == MODEL else kit.method_title(name)
