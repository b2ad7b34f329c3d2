"""Panels of every family that say what its answers were worth: verdict, table, forest, learning curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mleq.experiment.tried import caution
from mleq.report import plots
from mleq.report.markup import Html, join, paragraph, table, tag
from mleq.report.record import RunRecord, is_simulated
from mleq.report.svg import figure
from mleq.report.wording import DASH, count, digits_for, gain_title, method_title, number, score_title, unit_of
from mleq.scores.verdict import one_for_all

MAIN_GAIN = "nats_per_day"
"""The gain that is drawn; a family that has another is drawn by its first."""

PSEUDO_PROSPECTIVE = "A pseudo-prospective test: past days, on a catalogue that was revised since"
BELOW_COMPLETENESS = (
    "The target's magnitude is below the magnitude from which this catalogue is complete: what is forecast here is "
    "partly the network that detects earthquakes, not the Earth."
)


def held_at_level(run: RunRecord) -> str:
    """Say that forecasts are held at their level, and whether anything else tells their days apart; else nothing."""
    level = run.calibration.get("level")
    if not level:
        return ""
    chosen = "" if level.get("gained") is None else ", as out-of-fold days chose"
    held = (
        f"Forecasts are held at the level of the last {level['days']} days{chosen}: it is a trailing rate's knowledge"
    )
    if (run.calibration.get("platt") or {}).get("slope") == 0:
        return (
            f"{held}. Nothing else tells their days apart: of days it had not seen, the network's order was of no use."
        )
    return f"{held} and not the network's."


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
        paragraph("Every day is given the same chance: this model tells no day from another.", class_="caution")
        if one_for_all(run.summary["scores"].get("roc_auc") or {})
        else None,
        paragraph(held, class_="caution") if (held := held_at_level(run)) else None,
        paragraph(f"{several}.", class_="caution") if (several := caution(run.summary)) else None,
        id="verdict",
        class_=f"first {kind}".strip(),
        aria_labelledby="verdict-title",
    )


def _heading(title: str, meaning: str) -> Any:
    return join([title, tag("small", meaning)]) if meaning else title


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
    for name in score_names:
        header.append(_heading(*score_title(name)))
    header += [_heading(*gain_title(name, shared=name in score_names)) for name in gain_names]
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
                f"bootstrap. {'Simulated days' if is_simulated(run.summary) else PSEUDO_PROSPECTIVE}."
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
    unit, score = unit_of(main), "log score" if main.startswith("nats") else "score"
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


MEASURES = {
    "train_loss": "training loss",
    "validation_log_loss": "validation log loss",
    "validation_mae_s": "validation mean absolute error, s",
}


def learning(run: RunRecord) -> Html | None:
    """Draw the losses of training by epoch: what was minimised, and what the epoch was chosen by."""
    history = run.history
    chosen = [name for name in history if name.startswith("validation_")][:1]
    titles = {name: MEASURES.get(name, name.replace("_", " ")) for name in ["train_loss", *chosen] if name in history}
    if history.empty or not titles or "epoch" not in history:
        return None
    daily, unit = run.daily is not None, "loss"
    if daily:
        titles["train_loss"], unit = "training loss, after resampling", "nats per day"
    epochs = history["epoch"].to_numpy()
    curves = {title: (epochs, history[name].to_numpy(dtype=float)) for name, title in titles.items()}
    best = run.summary["model"].get("best_epoch")
    first, last = (history.iloc[place] for place in (0, -1))
    said = [f"{title} from {first[name]:.4f} to {last[name]:.4f}" for name, title in titles.items()]
    caption = ["Lower is better. The dashed line is the epoch that was kept"]
    if chosen:
        caption = [
            f"{caption[0]}, the best on the validation part.",
            "Where the first curve falls while the second rises, the network learns its training part by heart.",
        ]
    else:
        caption[0] += "."
    if daily and chosen:
        caption.append("The two are of different days, resampled and not, so their heights do not compare.")
    return figure(
        "learning",
        lambda plot, wide: plots.learning(plot, curves, best=best, wide=wide, unit=unit),
        height=2.5,
        narrow=2.1 * len(curves),
        alternative=f"Over {count(len(history), 'epoch')}, {unit}: {'; '.join(said)}; epoch {best} was kept.",
        caption=" ".join(caption),
    )
