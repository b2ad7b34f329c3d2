"""Panels that say what the forecasts were worth: verdict, time series, table, forest, reliability, confusion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mleq.report import plots
from mleq.report.markup import Html, facts, html, join, paragraph, table, tag
from mleq.report.record import RunRecord
from mleq.report.svg import figure
from mleq.report.wording import DASH, count, digits_for, method_title, number, percent, score_title

MOST_LINES = 3
"""Forecasts in one plot, the model's included; more could not be told apart."""

MAIN_GAIN = "nats_per_day"
"""The gain that is drawn; a family that has another is drawn by its first."""

BELOW_COMPLETENESS = (
    "The target's magnitude is below the magnitude from which this catalogue is complete: what is forecast here is "
    "partly the network that detects earthquakes, not the Earth."
)


def verdict(run: RunRecord) -> Html:
    """Say in one sentence what the forecast is worth, as the evaluation ruled."""
    sentence = run.summary["verdict"]
    kind = {"Better": "better", "Worse": "worse"}.get(sentence.partition(" ")[0], "")
    return tag(
        "section",
        tag("h2", "Verdict", id="verdict-title"),
        paragraph(sentence),
        paragraph(BELOW_COMPLETENESS, class_="caution")
        if run.summary["catalog"].get("target_below_completeness")
        else None,
        id="verdict",
        class_=f"first {kind}".strip(),
        aria_labelledby="verdict-title",
    )


def time_series(run: RunRecord) -> Html | None:
    """Draw the forecasts of the test part through time."""
    test = run.daily
    if test is None:
        return None
    names = _most_telling(run)
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
        caption=(
            "Each day's forecast of the test part, as a probability, beside "
            f"{' and '.join(method_title(name) for name in names[1:]) or 'no reference'}; marks at the top are the "
            "days whose period brought an event. A forecast with skill stands higher under the marks than elsewhere."
        ),
    )


def _most_telling(run: RunRecord) -> list[str]:
    """The model, climatology, and the reference that was hardest to beat."""
    gains = run.summary.get("gain", {})
    hardest = sorted(
        (name for name in run.references if gains.get(name, {}).get(MAIN_GAIN, {}).get("value") is not None),
        key=lambda name: gains[name][MAIN_GAIN]["value"],
    )
    wanted = [name for name in ("climatology", *hardest, *run.references) if name in run.references]
    return ["probability", *dict.fromkeys(wanted)][:MOST_LINES]


class _Footnotes:
    """Reasons why numbers are missing: the same reason has one number, wherever it stands."""

    def __init__(self):
        self.reasons: list[str] = []

    def mark(self, reason: str) -> Html:
        if reason not in self.reasons:
            self.reasons.append(reason)
        place = self.reasons.index(reason) + 1
        return tag("sup", tag("a", place, href=f"#missing-{place}", title=reason, aria_label=f"why: note {place}"))

    def listed(self) -> Html | None:
        if not self.reasons:
            return None
        notes = [tag("li", reason, id=f"missing-{place}") for place, reason in enumerate(self.reasons, 1)]
        return tag("ol", *notes, class_="notes")


def _cell(score: Mapping[str, Any] | None, notes: _Footnotes, *, signed: bool = False) -> Any:
    """A value over its interval; what is missing is a dash with its reason."""
    if score is None:
        return DASH
    digits, reason = digits_for(score), score.get("reason") or "no reason was recorded"
    if score.get("value") is None:
        return join([DASH, notes.mark(reason)])
    value = number(score["value"], digits, signed=signed)
    if score.get("low") is None or score.get("high") is None:
        return join([value, tag("small", "[", DASH, "]", notes.mark(reason))])
    low, high = (number(score[end], digits, signed=signed) for end in ("low", "high"))
    return join([value, tag("small", f"[{low}, {high}]")])


def size_of(part: Mapping[str, Any]) -> str:
    """Say how large a part is: its days, or whatever else its family counts."""
    counted = [f"{count(value)} {key.replace('_', ' ')}" for key, value in part.items() if isinstance(value, int)]
    if "days" in part and "positives" in part:
        return f"{count(part['days'], 'day')}, {count(part['positives'])} of them with an event"
    return ", ".join(counted) or "of unknown size"


def methods(run: RunRecord) -> Html:
    """Show the scores and gains of the model and of every reference as numbers."""
    summary, notes = run.summary, _Footnotes()
    references, gains = summary.get("references", {}), summary.get("gain", {})
    score_names = list(dict.fromkeys(name for scores in (summary["scores"], *references.values()) for name in scores))
    gain_names = list(dict.fromkeys(name for gain in gains.values() for name in gain))
    header = ["method"]
    for name in [*score_names, *gain_names]:
        title, meaning = score_title(name)
        over = "over it: " if name in gain_names and meaning else ""
        header.append(join([title, tag("small", over + meaning)]) if meaning else title)
    rows = []
    for method, scores in {"probability": summary["scores"], **references}.items():
        gained = gains.get(method)
        blank = "" if method == "probability" else DASH
        rows.append(
            [
                method_title(method),
                *(_cell(scores.get(name), notes) for name in score_names),
                *(_cell(gained.get(name), notes, signed=True) if gained else blank for name in gain_names),
            ]
        )
    test = summary["split"].get("test", {})
    return join(
        [
            paragraph(
                f"All methods on the same test part: {size_of(test)}. In brackets: 95\u00a0% intervals from a block "
                "bootstrap. A pseudo-prospective test: past days, on a catalogue that was revised since."
                if run.daily is not None
                else f"All methods on the same test part: {size_of(test)}. In brackets: 95\u00a0% intervals.",
                class_="hint",
            ),
            table(header, rows, label="Scores and gains of all methods"),
            notes.listed(),
        ]
    )


def gains(run: RunRecord) -> Html | None:
    """Draw the gains over all references as a forest plot."""
    found = {name: gain for name, gain in (run.summary.get("gain") or {}).items() if gain}
    if not found:
        return None
    main = MAIN_GAIN if any(MAIN_GAIN in gain for gain in found.values()) else next(iter(next(iter(found.values()))))
    rows = [(name, gain[main]) for name, gain in found.items() if main in gain]
    unit = "nats per day" if main == MAIN_GAIN else main.replace("_", " ")
    score = "log score" if main == MAIN_GAIN else "score"
    words = []
    for name, gain in rows:
        if gain["value"] is None:
            words.append(f"{method_title(name)}: not defined")
            continue
        digits = digits_for(gain)
        text = f"{method_title(name)}: {number(gain['value'], digits, signed=True)}"
        if gain.get("low") is not None:
            text += f" [{number(gain['low'], digits, signed=True)}, {number(gain['high'], digits, signed=True)}]"
        words.append(text)
    height = 1.2 + 0.34 * len(rows)
    return figure(
        "gains",
        lambda plot, wide: plots.forest(plot, rows, unit=unit),
        height=height,
        alternative=f"Gain of the model over each reference, in {unit}. {'; '.join(words)}.",
        caption=(
            f"How much better the model's {score} is than each reference's, in {unit}: points with their "
            "95\u00a0% intervals; hollow where no interval can be given. Skill is shown only where the whole interval "
            "lies right of zero."
        ),
    )


def reliability(run: RunRecord) -> Html | None:
    """Draw whether days came true as often as they were forecast to."""
    from mleq.scores import reliability_curve

    test = run.daily
    if test is None:
        return None
    probability, observed = test["probability"].to_numpy(dtype=float), test["observed"].to_numpy(dtype=bool)
    forecast, frequency = reliability_curve(observed, probability)
    return figure(
        "reliability",
        lambda plot, wide: plots.reliability(plot, forecast, frequency, probability),
        height=3.6,
        narrow=3.4,
        alternative=(
            f"Forecasts reach from {percent(forecast[0])} to {percent(forecast[-1])}; the share of days with an event "
            f"rises with them from {percent(frequency[0])} to {percent(frequency[-1])}."
        ),
        caption=(
            "Above: the share of days with an event among days of about the same forecast (CORP, isotonic regression). "
            "On the dashed line a forecast of 5\u00a0% comes true on 5\u00a0% of days; above it the model says too "
            "little, below it too much. Below: how many days had each forecast."
        ),
    )


def confusion(run: RunRecord) -> Html | None:
    """Show what an alarm at the threshold of the validation part would have done."""
    found = run.summary.get("confusion")
    if not found:
        return None
    shown = table(
        ["", "event", "no event"],
        [
            ["alarm", count(found["tp"]), count(found["fp"])],
            ["no alarm", count(found["fn"]), count(found["tn"])],
        ],
        label="Days of the test part by alarm and event",
    )
    ratios = [
        ("Precision: alarms that came true", found.get("precision")),
        ("Recall: event-days with an alarm", found.get("recall")),
        ("F1", found.get("f1")),
        ("Accuracy: days called right", found.get("accuracy")),
    ]
    quiet = percent((found["fp"] + found["tn"]) / max(1, sum(found[key] for key in ("tp", "fp", "fn", "tn"))))
    return join(
        [
            paragraph(
                f"Days of the test part, with an alarm wherever the probability reaches {percent(found['threshold'])}, "
                "the threshold chosen on the validation part.",
                class_="hint",
            ),
            shown,
            facts((name, DASH if value is None else percent(value)) for name, value in ratios),
            paragraph(
                f"Accuracy says little of rare events: {quiet} of these days had none, and never giving an alarm is "
                "right on all of those.",
                class_="hint",
            ),
        ]
    )


def learning(run: RunRecord) -> Html | None:
    """Draw the losses of training by epoch."""
    history = run.history
    titles = {"train_loss": "training loss, after resampling", "validation_log_loss": "validation log loss"}
    curves = {
        title: (history["epoch"].to_numpy(), history[name].to_numpy(dtype=float))
        for name, title in titles.items()
        if name in history and "epoch" in history
    }
    if history.empty or not curves:
        return None
    best = run.summary["model"].get("best_epoch")
    first, last = (history.iloc[place] for place in (0, -1))
    said = [f"{title} from {first[name]:.4f} to {last[name]:.4f}" for name, title in titles.items() if name in history]
    return figure(
        "learning",
        lambda plot, wide: plots.learning(plot, curves, best=best, wide=wide),
        height=2.5,
        narrow=2.1 * len(curves),
        alternative=f"Over {count(len(history), 'epoch')}: {'; '.join(said)} nats per day; epoch {best} was kept.",
        caption=join(
            [
                "Lower is better. The dashed line is the epoch that was kept, the best on the validation part. ",
                "Where the left curve falls while the right one rises, the network learns its training days by heart. "
                if len(curves) > 1
                else "",
                html("The two are of different days, resampled and not, so their heights do not compare."),
            ]
        ),
    )
