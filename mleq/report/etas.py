"""Whether ETAS fits a catalogue, drawn: transformed time, declustering, residuals in space."""

from __future__ import annotations

from typing import Any

import numpy as np

from mleq.etas import EtasFit, History, residual_tests, super_thinned, transformed_times

INK, MUTED, MODEL, EVENT = "#1c2024", "#59616a", "#0072b2", "#b84300"


def draw_checks(figure: Any, fit: EtasFit, history: History, *, start: float, end: float, seed: int = 0) -> dict:
    """Draw the four pictures by which ETAS is judged.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        About 10 by 8 inches, with constrained layout.
    fit : EtasFit
    history : History
        What was fitted, margin and auxiliary period included.
    start, end : float
        The period, in the days of the history.
    seed : int, optional
        Of the super-thinning.

    Returns
    -------
    dict
        The numbers in the pictures: those of `residual_tests`, and `evenness_p_value` of the super-thinned points.
    """
    region = fit.background.region
    times, total = transformed_times(history, fit.parameters, region=region, start=start, end=end)
    numbers = residual_tests(times, total)
    residuals = super_thinned(history, fit.parameters, fit.background, start=start, end=end, seed=seed)
    (first, second), (third, fourth) = figure.subplots(2, 2)
    _transformed(first, times, total, numbers)
    _background_through_time(second, fit)
    _declustered(third, figure, fit)
    _thinned(fourth, residuals, region)
    return numbers | {"evenness_p_value": residuals.p_value}


def _transformed(axes: Any, times: np.ndarray, total: float, numbers: dict[str, float]) -> None:
    """Number of events over transformed time, minus the expected, with the band of the Kolmogorov-Smirnov test."""
    n = times.size
    excess = np.arange(1, n + 1) - times * n / total
    half = 1.358 * np.sqrt(n)  # the 95 % quantile of the statistic times the root of n, for large n
    axes.axhspan(-half, half, color=MODEL, alpha=0.12, linewidth=0, label="95 % band of the KS test")
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.plot(times, excess, color=EVENT, linewidth=1, label="events minus expected")
    axes.set(title="residuals in transformed time", xlabel="transformed time (expected events)", ylabel="events")
    axes.text(
        0.02,
        0.03,
        f"uniform: p = {numbers['uniform_p_value']:.2g}; gaps: p = {numbers['gaps_p_value']:.2g}\n"
        f"{n:,} events, {total:,.0f} expected",
        transform=axes.transAxes,
        fontsize=8,
        color=INK,
    )
    axes.margins(y=0.25)
    axes.legend(fontsize=8, loc="upper right")


def _background_through_time(axes: Any, fit: EtasFit) -> None:
    """All events, and those of the background: the second should rise evenly."""
    time, chance = fit.targets.time_days, fit.background_probability
    axes.plot(
        time, np.arange(1, time.size + 1) / time.size, color=EVENT, linewidth=1, label=f"all {time.size:,} events"
    )
    summed = np.cumsum(chance)
    axes.plot(time, summed / summed[-1], color=MODEL, linewidth=1.4, label=f"background, {summed[-1]:,.0f}")
    axes.plot([time[0], time[-1]], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set(title="events and background through time", xlabel="days", ylabel="share of the total")
    axes.legend(fontsize=8, loc="upper left")


def _declustered(axes: Any, figure: Any, fit: EtasFit) -> None:
    """A map of each event's chance to be background, the surest background on top."""
    order = np.argsort(fit.background_probability)
    events = fit.targets[order]
    # A rising slice is no time order, but only places are drawn here.
    size = 2 + 4 * (events.magnitude - fit.parameters.m0) ** 1.5
    dots = axes.scatter(
        _eastward(events.longitude, fit),
        events.latitude,
        s=size,
        c=fit.background_probability[order],
        cmap="viridis",
        vmin=0,
        vmax=1,
        linewidths=0,
    )
    figure.colorbar(dots, ax=axes, label="chance to be background", shrink=0.9)
    _map(axes, fit.background.region, "stochastic declustering")


def _thinned(axes: Any, residuals: Any, region: Any) -> None:
    """A map of the super-thinned points over counts in cells of equal area, which should all be alike."""
    expected = residuals.expected_in_cell
    south, north = np.sin(np.radians([region.south, region.north]))
    edges = np.linspace(0, 1, len(residuals.counts) + 1)
    latitude = np.degrees(np.arcsin(south + edges * (north - south)))
    longitude = region.west + edges * (region.east - region.west)
    deviation = (residuals.counts - expected) / np.sqrt(expected)
    axes.pcolormesh(longitude, latitude, deviation, cmap="RdBu_r", vmin=-4, vmax=4, alpha=0.5)
    for row, column in np.ndindex(*deviation.shape):
        axes.text(
            (longitude[column] + longitude[column + 1]) / 2,
            (latitude[row] + latitude[row + 1]) / 2,
            f"{deviation[row, column]:+.1f}",
            ha="center",
            va="center",
            fontsize=8.5,
            color=INK,
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.5},
        )
    place = region.west + np.mod(residuals.longitude - region.west, 360)
    for added, colour, label in ((True, MUTED, "added"), (False, EVENT, "events kept")):
        chosen = residuals.added == added
        axes.plot(place[chosen], residuals.latitude[chosen], ".", color=colour, markersize=1.6, label=label)
    axes.legend(fontsize=8, loc="upper right", bbox_to_anchor=(1.0, -0.1), ncols=2, markerscale=5, frameon=False)
    _map(axes, region, f"super-thinned residuals (s.d. a cell); even: p = {residuals.p_value:.2g}")


def _eastward(longitude: np.ndarray, fit: EtasFit) -> np.ndarray:
    """Longitudes that do not jump inside the region."""
    west = fit.background.region.west
    return west + np.mod(longitude - west, 360)


def _map(axes: Any, region: Any, title: str) -> None:
    axes.set(
        title=title,
        xlabel="longitude",
        ylabel="latitude",
        xlim=(region.west, region.east),
        ylim=(region.south, region.north),
        aspect=1 / np.cos(np.radians((region.south + region.north) / 2)),
    )
