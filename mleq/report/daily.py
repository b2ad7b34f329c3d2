"""Panels of a forecast of daily probabilities: through time, gain summed up, reliability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mleq.report import plots
from mleq.report.markup import Html
from mleq.report.record import RunRecord
from mleq.report.skill import MAIN_GAIN
from mleq.report.svg import figure
from mleq.report.wording import count, method_title, number, percent

MOST_LINES = 3
"""Forecasts in one plot, the model's included; more could not be told apart."""

SHORTEST_MEAN_BLOCK = 60
"""Days of the blocks of the reliability bands, as where the scores were made."""

RESAMPLES = 400
MOST_POINTS = 300
"""Of a reliability curve, which has one for each distinct forecast."""


def time_series(run: RunRecord) -> Html | None:
    """Draw the forecasts of the test part through time."""
    test = run.daily
    if test is None:
        return None
    names = most_telling(run)
    dates, observed = test["target_date"].to_numpy(), test["observed"].to_numpy(dtype=bool)
    forecasts = {name: test[name].to_numpy(dtype=float) for name in names}
    ours = forecasts["probability"]
    return figure(
        "time",
        lambda plot, wide: plots.through_time(plot, dates, observed, forecasts, wide=wide),
        height=3.6 + 1.7 * plots.wandering(forecasts),
        narrow=3.4 + 1.7 * plots.wandering(forecasts),
        alternative=(
            f"The model's probability on {count(len(test), 'day')} from {str(dates[0])[:10]} to {str(dates[-1])[:10]}, "
            f"between {percent(ours.min())} and {percent(ours.max())}; "
            f"{count(int(observed.sum()), 'day')} had an event."
        ),
        series=_series(run, dates, observed, forecasts),
        caption=(
            "Each day's forecast of the test part, as a probability, beside "
            f"{' and '.join(method_title(name) for name in names[1:]) or 'no reference'}; marks at the top are the "
            "days whose period brought an event. A forecast with skill stands higher under the marks than elsewhere. "
            "Rest on the plot to read a day."
        ),
    )


def most_telling(run: RunRecord) -> list[str]:
    """The model, climatology, and the reference that was hardest to beat."""
    gains = run.summary.get("gain", {})
    hardest = sorted(
        (name for name in run.references if gains.get(name, {}).get(MAIN_GAIN, {}).get("value") is not None),
        key=lambda name: gains[name][MAIN_GAIN]["value"],
    )
    wanted = [name for name in ("climatology", *hardest, *run.references) if name in run.references]
    return ["probability", *dict.fromkeys(wanted)][:MOST_LINES]


def _series(
    run: RunRecord, dates: np.ndarray, observed: np.ndarray, forecasts: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """What stands behind the pointer: the forecasts of each day, and whether an event came."""
    days = dates.astype("datetime64[D]")
    return {
        "first": str(days[0]),
        "offset": (days - days[0]).astype(int).tolist(),
        "observed": observed.astype(int).tolist(),
        "unit": "%",
        "columns": [[method_title(name), [float(f"{p:.3g}") for p in values]] for name, values in forecasts.items()],
    }


def cumulative(run: RunRecord) -> Html | None:
    """Draw the information gain over the strongest references, summed up through the test part."""
    from mleq.scores.probability import daily_log_score

    test = run.daily
    names = most_telling(run)[1:]
    if test is None or not names:
        return None
    dates, observed = test["target_date"].to_numpy(), test["observed"].to_numpy(dtype=bool)
    score = {name: daily_log_score(observed, test[name].to_numpy(dtype=float)) for name in ("probability", *names)}
    sums = {name: np.cumsum(score[name] - score["probability"]) for name in names}
    days = dates.astype("datetime64[D]")
    ends = "; ".join(f"over {method_title(name)} {number(values[-1], 2, signed=True)}" for name, values in sums.items())
    return figure(
        "cumulative",
        lambda plot, wide: plots.cumulative(plot, dates, sums, wide=wide),
        height=3.0,
        narrow=2.8,
        alternative=f"Information gain summed up to the last of {count(len(test), 'day')}, in nats: {ends}.",
        caption=(
            "The gain in log score, in nats, of all days so far. A line that climbs steadily is skill; one that climbs "
            "in a few jumps owes it to a few events; one that falls is worse than its reference."
        ),
        series={
            "first": str(days[0]),
            "offset": (days - days[0]).astype(int).tolist(),
            "observed": observed.astype(int).tolist(),
            "unit": "nats",
            "columns": [[f"over {method_title(name)}, nats:", np.round(v, 3).tolist()] for name, v in sums.items()],
        },
    )


def reliability(run: RunRecord) -> Html | None:
    """Draw whether days came true as often as they were forecast to, with bands, before and after calibration."""
    from mleq.scores import reliability_bands, reliability_curve

    test = run.daily
    if test is None:
        return None
    probability, observed = test["probability"].to_numpy(dtype=float), test["observed"].to_numpy(dtype=bool)
    horizon = int((run.summary.get("target") or {}).get("horizon_days") or 1)
    window = int((run.recipe.get("grid") or {}).get("window_days") or 0)
    curve = reliability_bands(
        observed,
        probability,
        mean_block_days=max(SHORTEST_MEAN_BLOCK, window + horizon),
        horizon_days=horizon,
        n_resamples=RESAMPLES,
        seed=run.recipe.get("seed", 0),
    )
    raw = test["uncalibrated"].to_numpy(dtype=float) if "uncalibrated" in test else None
    before = None
    if raw is not None:
        before = tuple(
            _thinned(dict(zip(("forecast", "frequency"), reliability_curve(observed, raw), strict=True))).values()
        )
    forecast, frequency = curve["forecast"], curve["frequency"]
    drawn = _thinned(curve)
    return figure(
        "reliability",
        lambda plot, wide: plots.reliability(plot, drawn, probability, before),
        height=3.8,
        narrow=3.8 if before is None else 6.4,
        alternative=(
            f"Forecasts reach from {percent(forecast[0])} to {percent(forecast[-1])}; the share of days with an event "
            f"rises with them from {percent(frequency[0])} to {percent(frequency[-1])}. {_bands_said(curve)}"
        ),
        caption=(
            "Above: the share of days with an event among days of about the same forecast (CORP, isotonic "
            "regression). On the dashed line a forecast of 5\u00a0% comes true on 5\u00a0% of days; above it the model "
            f"says too little, below it too much. {_bands_said(curve)} {_before_said(raw)}"
            "Below: how many days had each forecast."
        ),
    )


def _thinned(curve: Mapping[str, Any]) -> dict[str, Any]:
    """Every so manieth point of a curve and its bands: as many as a screen can show."""
    size = curve["forecast"].size
    kept = np.unique(np.linspace(0, size - 1, min(size, MOST_POINTS)).astype(int))
    return {name: values[kept] if isinstance(values, np.ndarray) else values for name, values in curve.items()}


def _bands_said(curve: Mapping[str, Any]) -> str:
    if curve.get("consistency_low") is None:
        return f"No bands: {curve.get('reason', 'they were not made')}."
    outside = (curve["frequency"] < curve["consistency_low"]) | (curve["frequency"] > curve["consistency_high"])
    share = percent(float(outside.mean()))
    return (
        f"Grey: where 95\u00a0% of curves would lie if the forecasts were calibrated; {share} of this one lies "
        "outside. Dotted: 95\u00a0% of the curves of resampled blocks of days."
    )


def _before_said(raw: np.ndarray | None) -> str:
    if raw is None:
        return ""
    return (
        f"Before calibration the network's numbers reached from {percent(float(raw.min()))} to "
        f"{percent(float(raw.max()))}: drawn beside it, on their own scale. "
    )
