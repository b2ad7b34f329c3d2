"""The plots of a page: each takes a matplotlib figure and numbers, and draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mleq.report.svg import EVENT, INK, MODEL, MUTED, PANEL, REFERENCE, RULE
from mleq.report.wording import method_title

_DASHES = ((0, (5, 2)), (0, (1, 1.5)), (0, (6, 1.5, 1, 1.5)))


def wandering(forecasts: Mapping[str, np.ndarray]) -> int:
    """Count the references that say something else from day to day; each is given axes of its own."""
    return sum(name != "probability" and np.ptp(values) > 0 for name, values in forecasts.items())


def through_time(
    figure: Any,
    dates: np.ndarray,
    observed: np.ndarray,
    forecasts: Mapping[str, np.ndarray],
    *,
    wide: bool,
) -> Any:
    """Draw probabilities day by day, and above them a mark for each day with an event.

    Two lines that wander would hide each other, so each wandering reference stands below the model, on the same
    scale; steady ones are drawn through all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    dates : ndarray of datetime64, shape (n,)
    observed : ndarray of bool, shape (n,)
    forecasts : mapping of str to ndarray, shape (n,)
        Probabilities; `probability` is the model's and comes first.
    wide : bool
        Whether there is room for many dates.

    Returns
    -------
    matplotlib.axes.Axes
        The lowest axes; all of them reach from the first date to the last.
    """
    rows = [name for name, values in forecasts.items() if name == "probability" or np.ptp(values) > 0]
    steady = [name for name in forecasts if name not in rows]
    events, *axes = figure.subplots(1 + len(rows), 1, sharex=True, height_ratios=(1, 7, *[6] * (len(rows) - 1)))
    # One path for all marks: an element for each would weigh more than all else on the page.
    marks = np.repeat(dates[observed], 3)
    events.plot(marks, np.tile([0.0, 1.0, np.nan], observed.sum()), color=EVENT, linewidth=0.7)
    events.set(ylim=(0, 1), yticks=[])
    events.set_title("days with an event", color=EVENT, fontsize=8.5, pad=2)
    events.spines[["left", "bottom"]].set_visible(False)
    events.tick_params(bottom=False, labelbottom=False)

    for name, panel in zip(rows, axes, strict=True):
        if name == "probability":
            panel.plot(dates, forecasts[name], color=MODEL, linewidth=0.8, label=method_title(name))
        else:
            panel.plot(dates, forecasts[name], color=REFERENCE, linewidth=0.8)
            panel.set_title(method_title(name), color=REFERENCE, fontsize=8.5, pad=2)
        for constant, dashes in zip(steady, _DASHES * len(steady), strict=False):
            label = method_title(constant) if panel is axes[0] else None
            panel.plot(dates, forecasts[constant], color=REFERENCE, linewidth=1.2, linestyle=dashes, label=label)
        _probability_axis(panel, np.concatenate(list(forecasts.values())))
    _date_axis(axes[-1], dates, wide=wide)
    figure.legend(loc="outside upper right", ncols=3)
    return axes[-1]


def _date_axis(axes: Any, dates: np.ndarray, *, wide: bool) -> None:
    from matplotlib.dates import MONTHLY, AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=10 if wide else 6)
    locator.intervald[MONTHLY] = [1, 2, 3, 4, 6, 12]  # between 30 months and 3 years 6 are too few on a telephone
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.set_xlabel("target date")
    axes.set_xlim(dates[0], dates[-1] if len(dates) > 1 else dates[0] + np.timedelta64(1, "D"))


def cumulative(figure: Any, dates: np.ndarray, gains: Mapping[str, np.ndarray], *, wide: bool) -> Any:
    """Draw gains summed up day by day; returns the axes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    dates : ndarray of datetime64, shape (n,)
    gains : mapping of str to ndarray, shape (n,)
        By reference, in nats, so far.
    wide : bool
    """
    axes = figure.subplots()
    axes.axhline(0, color=MUTED, linewidth=1)
    styles = ((MODEL, "-"), (REFERENCE, (0, (6, 2))), (EVENT, (0, (1, 1.2))))
    for (name, sums), (colour, dashes) in zip(gains.items(), styles, strict=False):
        label = f"over {method_title(name)}"
        axes.plot(dates, sums, color=colour, linestyle=dashes, linewidth=1.5, label=label)
    axes.set_ylabel("gain so far, nats")
    axes.grid(axis="y")
    _date_axis(axes, dates, wide=wide)
    figure.legend(loc="outside upper right", ncols=3 if wide else 1)
    return axes


def curves(
    figure: Any, lines: Mapping[str, tuple[np.ndarray, np.ndarray]], *, labels: tuple[str, str], falling: bool = False
) -> None:
    """Draw curves in the unit square beside the line of chance, the first of them bold.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    lines : mapping of str to (x, y)
        Shares, of the model (`probability`) and of references.
    labels : tuple of str
        Of the axes.
    falling : bool, optional
        Whether the line of chance falls.
    """
    axes = figure.subplots()
    axes.plot([0, 1], [1, 0] if falling else [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label="chance")
    styles = ((MODEL, "-"), (REFERENCE, (0, (6, 2))), (EVENT, (0, (1, 1.2))))
    for (name, (x, y)), (colour, dashes) in zip(lines.items(), styles, strict=False):
        width = 1.8 if name == "probability" else 1.3
        axes.plot(x, y, color=colour, linestyle=dashes, linewidth=width, label=method_title(name))
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel=labels[0], ylabel=labels[1])
    axes.xaxis.set_major_formatter(_percent)
    axes.yaxis.set_major_formatter(_percent)
    axes.grid()
    figure.legend(loc="outside upper right", ncols=3)


def frequencies(figure: Any, magnitudes: np.ndarray, counts: np.ndarray, law: Mapping[str, Any]) -> None:
    """Draw how many events there are of each magnitude and above, with the Gutenberg-Richter law.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    magnitudes, counts : ndarray, shape (k,)
        Events per tenth of a magnitude.
    law : mapping
        `completeness_magnitude`, `b_value`, `b_value_from_magnitude` (which may be None), `target` (or None).
    """
    axes = figure.subplots()
    above = np.cumsum(counts[::-1])[::-1]
    filled = counts > 0
    axes.plot(magnitudes[filled], counts[filled], ".", color=MUTED, label="of this tenth of a magnitude")
    axes.plot(magnitudes, above, "o", color=MODEL, markersize=3.2, label="of this magnitude and above")
    b, start = law.get("b_value"), law.get("b_value_from_magnitude")
    if b is not None and start is not None and (magnitudes >= start - 1e-6).any():
        line = magnitudes[magnitudes >= start - 1e-6]
        line = np.array([line[0], line[0] + np.log10(above[magnitudes >= start - 1e-6][0] / 0.7) / b])
        first = above[magnitudes >= start - 1e-6][0]
        axes.plot(line, first * 10 ** (-b * (line - line[0])), color=REFERENCE, linewidth=1.2, label=f"b = {b:.2f}")
    for key, title, dashes in (
        ("completeness_magnitude", "complete from", (0, (4, 3))),
        ("target", "target from", (0, (1, 1.2))),
    ):
        if law.get(key) is not None:
            label = f"{title} M {law[key]:.1f}"
            axes.axvline(law[key], color=EVENT, linewidth=1.3, linestyle=dashes, label=label)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.7)
    axes.set(xlabel="magnitude", ylabel="events")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid()
    figure.legend(loc="outside upper right", ncols=2)


def _probability_axis(axes: Any, values: np.ndarray) -> None:
    """A scale on which rare days of high probability and the many of low can both be read."""
    positive = values[values > 0]
    if positive.size and positive.max() > 20 * np.median(positive):
        axes.set_yscale("log")
        axes.set_ylim(bottom=positive.min() / 1.3)
    else:
        low, high = values.min(), values.max()
        room = max(0.1 * (high - low), 0.02 * high, 1e-6)
        axes.set_ylim(max(0.0, low - room), min(1.0, high + room))
    axes.yaxis.set_major_formatter(_percent)
    axes.set_ylabel("probability")
    axes.grid(axis="y")


def _percent(value: float, _: int) -> str:
    return f"{value * 100:.6g}%"


def forest(figure: Any, gains: Sequence[tuple[str, Mapping[str, Any]]], *, unit: str) -> None:
    """Draw gains over references as points with their intervals, a row for each.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    gains : sequence of (name, {"value", "low", "high"})
        From the top; a gain without an interval is a hollow point, one without a value a note.
    unit : str
    """
    axes = figure.subplots()
    rows = np.arange(len(gains))[::-1]
    ends = [0.0]
    for row, (_, gain) in zip(rows, gains, strict=True):
        value, low, high = gain["value"], gain.get("low"), gain.get("high")
        if value is None:
            continue
        if low is not None and high is not None:
            axes.plot([low, high], [row, row], color=MODEL, linewidth=2)
            ends += [low, high]
        filled = MODEL if low is not None else PANEL
        axes.plot(value, row, "o", color=MODEL, markerfacecolor=filled, markersize=6)
        ends.append(value)
    room = 0.12 * (max(ends) - min(ends) or 1.0)
    axes.set_xlim(min(ends) - room, max(ends) + room)
    for row, (_, gain) in zip(rows, gains, strict=True):
        if gain["value"] is None:
            axes.text(0, row, " not defined", va="center", color=MUTED)
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks(rows, [method_title(name) for name, _ in gains])
    axes.set_ylim(-0.6, len(gains) - 0.4)
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)
    axes.grid(axis="x")
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(f"gain, {unit}")
    edges = axes.get_xlim()
    for side, words, where in (("left", "← model worse", edges[0]), ("right", "model better →", edges[1])):
        if abs(where) > 0.3 * (edges[1] - edges[0]):
            axes.annotate(words, (where, 1), xycoords=("data", "axes fraction"), ha=side, va="bottom", color=MUTED)


def reliability(
    figure: Any, curve: Mapping[str, Any], probability: np.ndarray, before: tuple[np.ndarray, np.ndarray] | None = None
) -> None:
    """Draw what happened against what was forecast, and below it how often each probability was given.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    curve : mapping
        Of `mleq.scores.reliability_bands`: `forecast`, `frequency`, and the bands or None.
    probability : ndarray, shape (n,)
        All forecasts.
    before : tuple of ndarray, optional
        Forecast and frequency of the curve before calibration.
    """
    forecast, frequency = curve["forecast"], curve["frequency"]
    wide = figure.get_figwidth() > 5
    if before is None:
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    elif wide:
        grid = figure.add_gridspec(2, 2, width_ratios=(2, 1), height_ratios=(3, 1))
        axes = figure.add_subplot(grid[0, 0])
        below = figure.add_subplot(grid[1, 0], sharex=axes)
        _uncalibrated(figure.add_subplot(grid[:, 1]), *before)
    else:
        axes, below, last = figure.subplots(3, 1, height_ratios=(3, 1, 2.5))
        below.sharex(axes)
        _uncalibrated(last, *before)
    spread = max(forecast[-1] - forecast[0], 0.02 * forecast[-1], 1e-6)
    low, high = max(0.0, forecast[0] - 0.08 * spread), forecast[-1] + 0.08 * spread
    if curve.get("consistency_low") is not None:
        band = {"color": MUTED, "alpha": 0.22, "linewidth": 0}
        axes.fill_between(forecast, curve["consistency_low"], curve["consistency_high"], label="if calibrated", **band)
        for edge in ("confidence_low", "confidence_high"):
            label = "95 % of resamples" if edge == "confidence_low" else None
            axes.plot(forecast, curve[edge], color=MODEL, linewidth=0.8, linestyle=(0, (1, 1.2)), label=label)
    axes.plot([low, high], [low, high], color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label="forecast = frequency")
    marker = "o" if forecast.size <= 3 else None
    axes.plot(forecast, frequency, color=MODEL, linewidth=1.8, marker=marker, label="this model")
    axes.set(xlim=(low, high), ylabel="share of days\nwith an event")
    axes.set_ylim(min(0.0, low), min(1.0, 1.6 * max(frequency.max(), high)))
    axes.grid()
    figure.legend(loc="outside upper right", ncols=4 if wide else 2)
    below.hist(probability, bins=np.linspace(low, high, 31), color=MODEL, alpha=0.75)
    below.set_yscale("symlog", linthresh=1)
    below.set(ylabel="days", xlabel="probability that was forecast")
    top = 10 ** np.ceil(np.log10(max(10, probability.size)))
    below.set_ylim(0, top)
    below.set_yticks([0, 1, 10, top], ["0", "1", "10", f"{top:,.0f}"])
    below.minorticks_off()
    axes.locator_params(axis="both", nbins=5)
    axes.xaxis.set_major_formatter(_percent)
    axes.yaxis.set_major_formatter(_percent)


def _uncalibrated(axes: Any, forecast: np.ndarray, frequency: np.ndarray) -> None:
    """The curve of the network's own numbers, on a scale of their own."""
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(forecast, frequency, color=REFERENCE, linewidth=1.6, marker="o", markersize=2.5)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="the network's number")
    axes.set_title("before calibration", color=REFERENCE)
    axes.grid()
    axes.xaxis.set_major_formatter(_percent)
    axes.yaxis.set_major_formatter(_percent)
    axes.locator_params(axis="both", nbins=5)


def learning(
    figure: Any,
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    best: int | None,
    wide: bool,
    unit: str = "nats per day",
) -> None:
    """Draw losses by epoch, each in axes of its own, since they are of different days.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    curves : mapping of str to (epochs, losses)
    best : int or None
        The epoch whose weights were kept.
    wide : bool
        Whether the axes stand side by side.
    unit : str, optional
        Of the losses.
    """
    from matplotlib.ticker import MaxNLocator

    shape = (1, len(curves)) if wide else (len(curves), 1)
    for axes, (title, (epochs, losses)) in zip(
        figure.subplots(*shape, squeeze=False).flat, curves.items(), strict=True
    ):
        axes.plot(epochs, losses, color=MODEL, linewidth=1.5, marker="o" if epochs.size <= 20 else None, markersize=3.5)
        if best is not None:
            axes.axvline(best, color=REFERENCE, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.set_title(title, color=INK)
        axes.set(xlabel="epoch", ylabel=unit)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.grid(axis="y", color=RULE)
