"""The leak detector: does anything that a forecast is made of depend on what happens after its issue time?

Every probe changes a catalogue where nothing may change, and looks. None of them reads the code that it tries, so a
window that is one day too late, a scale fitted on all years or a reference that peeks are found alike. The last probe
turns the detector on windows that are known to be late: a detector that misses them would prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mleq import progress
from mleq.errors import Mistake
from mleq.forecast.altered import ALTERATIONS, Case, Found, deleted_but_decisive, permuted, result
from mleq.forecast.calibrating import days_in_blocks
from mleq.forecast.days import issue_time
from mleq.forecast.leveling import PRIOR, SPANS, Level
from mleq.forecast.outcomes import fit_date
from mleq.forecast.plan import completeness_before
from mleq.forecast.planted import planted_signal
from mleq.forecast.references import fit_references
from mleq.forecast.samples import make_samples, window_for
from mleq.forecast.target import decides

ISSUE_TIMES = 24
WHOLE_TIMES = 4
"""Of the sampled issue times, those at which the samples of the whole catalogue are made again."""
CLOSE = 1e-6
AT_ONCE = 256


def find_leaks(
    recipe,
    events: pd.DataFrame,
    *,
    make: Callable[[Any, pd.DataFrame], Any] = make_samples,
    fit: Callable[[Any, pd.DataFrame, Any], Mapping[str, Any]] = fit_references,
    issue_times: int = ISSUE_TIMES,
) -> list[Found]:
    """Try a recipe on its own data for leaks.

    Parameters
    ----------
    recipe : CatalogRecipe
    events : DataFrame
        The recipe's catalogue.
    make : callable, optional
        (recipe, events) -> samples; what is tried.
    fit : callable, optional
        (recipe, events, samples) -> references by name; what is tried.
    issue_times : int, optional
        How many are sampled, beside the borders of all parts.

    Returns
    -------
    list of dict
        For each probe `probe` (its name), `asked` (what was tried, in words), `tried` (how often) and `found`:
        sentences, none where there is no leak.
    """
    case, sampled = case_of(recipe, events, make, fit, issue_times)
    some = sampled[:: max(1, len(sampled) // WHOLE_TIMES)]
    return probed(
        [
            lambda: inputs_of_a_date(case, sampled),
            lambda: samples_made_again(case, [*some, *case.borders()[1:]]),
            lambda: what_is_fitted(case),
            lambda: references_of_a_date(case, sampled),
            *([lambda: level_of_a_date(case, sampled)] if recipe.calibration.level_days else []),
            lambda: planted_signal(case),
            lambda: parts_apart(case),
            lambda: the_detector_itself(case),
        ]
    )


def case_of(recipe, events: pd.DataFrame, make: Callable, fit: Callable, issue_times: int) -> tuple[Case, list[int]]:
    """What is tried, and the samples before whose issue times catalogues are altered, drawn by the recipe's seed."""
    samples = make(recipe, events)
    case = Case(recipe, events, make, samples, fit(recipe, events, samples), fit)
    rng = np.random.default_rng(recipe.seed)
    size = min(issue_times, len(samples.dates))
    return case, sorted(int(i) for i in rng.choice(len(samples.dates), size, replace=False))


def probed(probes: Sequence[Callable[[], Found]]) -> list[Found]:
    """Run probes, and show how far they are."""
    results = []
    with progress.task("looking for leaks", total=len(probes), unit="probes") as shown:
        for probe in probes:
            results.append(probe())
            shown.advance(1, note=results[-1]["probe"])
    return results


def _altered(case: Case, sampled: list[int]) -> Iterator[tuple[int, str, pd.DataFrame]]:
    """Catalogues altered after issue times: sampled ones each in one way, borders of the parts in every way."""
    names = list(ALTERATIONS)
    chosen = [(index, names[turn % len(names)]) for turn, index in enumerate(sampled)]
    chosen += [(index, name) for index in case.borders() for name in names]
    for turn, (index, name) in enumerate(chosen):
        yield index, name, ALTERATIONS[name](case.events, case.issue(index), turn)


def inputs_of_a_date(case: Case, sampled: list[int]) -> Found:
    """Alter the future of a target date: its window, as `predict` makes it, must equal the one it was trained on."""
    found, tried = [], 0
    for index, how, events in _altered(case, sampled):
        date = case.samples.dates[index]
        window = window_for(case.recipe, events, [date])
        if not np.allclose(window, case.samples.batch([index]), atol=CLOSE, rtol=0):
            found.append(f"the input of {date} is another when events from its issue time on are {how}")
        tried += 1
    asked = "events at or after an issue time permuted, shifted or deleted: the input of that forecast stays the same"
    return result("inputs", asked, tried, found)


def samples_made_again(case: Case, indices: list[int]) -> Found:
    """Make all samples anew from altered catalogues: inputs up to the issue time, and what came true, must stay."""
    found, tried = [], 0
    for turn, index in enumerate(sorted(set(indices))):
        since = case.issue(index)
        catalogues = {
            "permuted": permuted(case.events, since, turn),
            "deleted": deleted_but_decisive(case.events, since, case.recipe.target),
        }
        for how, events in catalogues.items():
            try:
                found += _differences(case, case.make(case.recipe, events), index, how)
            except Mistake:  # permuted events may leave a part without an event; that alteration then says nothing
                continue
            tried += 1
    asked = "all samples made anew from such catalogues: inputs and outcomes before the issue time stay the same"
    return result("samples", asked, tried, found)


def _differences(case: Case, again, index: int, how: str) -> list[str]:
    """Say which samples up to an index differ, and which targets that were decided by then."""
    found, dates = [], case.samples.dates
    checked = np.unique(np.r_[np.linspace(0, index, min(index + 1, 200)).astype(int), max(0, index - 20) : index + 1])
    for some in np.array_split(checked, max(1, checked.size // AT_ONCE)):
        same = (case.samples.batch(some) == again.batch(some)).reshape(some.size, -1).all(axis=1)
        found += [
            f"the input of {dates[i]} is another when events from {dates[index]} on are {how}" for i in some[~same]
        ]
    decided = max(0, index - case.recipe.target.horizon_days + 1)
    if not np.array_equal(case.samples.target[:decided], again.target[:decided]):
        found.append(f"what came true before {dates[index]} is another when events from then on are {how}")
    return found


def what_is_fitted(case: Case) -> Found:
    """Alter what follows a fit: completeness, and all that references keep of it, must stay."""
    recipe, found = case.recipe, []
    end_of_train = fit_date(recipe, case.samples)
    after_train = permuted(case.events, end_of_train, 0)
    before = completeness_before(recipe, case.events, end_of_train).summary()
    if completeness_before(recipe, after_train, end_of_train).summary() != before:
        found.append("completeness is another when events after the training part are permuted")
    # What is chosen on the validation part may know it; what is fitted later says its date.
    last = case.samples.dates[case.samples.parts["validation"][-1]] + recipe.target.horizon_days
    since = issue_time(last, recipe.target.timezone)
    later = permuted(case.events, since, 1)
    again = case.fit(recipe, later, case.samples)
    known = case.samples.dates[np.concatenate([case.samples.parts["train"], case.samples.parts["validation"]])][::7]
    for name, reference in case.references.items():
        if _dated_before(reference.parameters, since) != _dated_before(again[name].parameters, since):
            found.append(f"{name} is fitted otherwise when events after the validation part are permuted")
        elif not _close(reference.probabilities(case.events, known), again[name].probabilities(later, known)):
            found.append(f"{name} forecasts days up to the validation part otherwise when later events are permuted")
    asked = "events after the training or validation part permuted: completeness and what references keep stay the same"
    return result("fits", asked, 1 + len(case.references), found)


def _dated_before(value: Any, since: pd.Timestamp) -> Any:
    """Leave out of kept parameters what says of itself that it was fitted after an instant (`fit_date`)."""
    if isinstance(value, Mapping):
        return {key: _dated_before(inner, since) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_dated_before(one, since) for one in value if not _is_later(one, since)]
    return value


def _is_later(value: Any, since: pd.Timestamp) -> bool:
    return isinstance(value, Mapping) and "fit_date" in value and pd.Timestamp(value["fit_date"]) > since


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.allclose(one, other, rtol=CLOSE, atol=1e-12))


def references_of_a_date(case: Case, sampled: list[int]) -> Found:
    """Alter the future of a target date: each reference, asked for it alone, must say what it said among all."""
    indices = sorted({*sampled, *case.borders()})
    dates = case.samples.dates[indices]
    said = {name: reference.probabilities(case.events, dates) for name, reference in case.references.items()}
    found, tried = [], 0
    for index, how, events in _altered(case, sampled):
        position, date = indices.index(index), case.samples.dates[index]
        for name, reference in case.references.items():
            if not _close(reference.probabilities(events, np.array([date]))[0], said[name][position]):
                found.append(f"{name} forecasts {date} otherwise when events from its issue time on are {how}")
            tried += 1
    asked = "events at or after an issue time permuted, shifted or deleted: no reference forecasts otherwise"
    return result("references", asked, tried, found)


def level_of_a_date(case: Case, sampled: list[int]) -> Found:
    """Alter the future of a target date: the level that a network's chances are held at must stay."""
    days, since = case.recipe.calibration.level_days, str(case.samples.dates[case.samples.parts["validation"][0]])
    level = Level(max(SPANS) if days == "auto" else days, PRIOR, since)  # no network has chosen: the longest sees most
    share = case.samples.target[case.samples.parts["train"]].mean()

    def factor(events: pd.DataFrame, date: np.datetime64) -> float:
        found = level.before(case.recipe, events, np.array([date]), lambda dates: np.full(len(dates), share))
        return found["factor"].iloc[0]

    found, tried = [], 0
    for index, how, events in _altered(case, sampled):
        date = case.samples.dates[index]
        if factor(events, date) != factor(case.events, date):
            found.append(f"the level of {date} is another when events from its issue time on are {how}")
        tried += 1
    asked = "events at or after an issue time permuted, shifted or deleted: the level of that date stays the same"
    return result("level", asked, tried, found)


def parts_apart(case: Case) -> Found:
    """No event that decides a target in one part decides one, or lies in a window, of another; nor of blocks."""
    pairs = [(f"the {one} part", case.samples.parts[one], f"the {other} part", case.samples.parts[other])
             for one in case.samples.parts for other in case.samples.parts if one != other]  # fmt: skip
    for block in days_in_blocks(case.recipe, case.samples):
        rest = f"the rest of calibration block {block.number}"
        pairs += [(f"calibration block {block.number}", block.held_out, rest, block.rest),
                  (rest, block.rest, f"calibration block {block.number}", block.held_out)]  # fmt: skip
    times = case.events.loc[decides(case.events, case.recipe.target), "origin_time"]
    days = pd.DatetimeIndex(times).tz_convert(case.recipe.target.timezone).tz_localize(None)
    event_days = np.unique(days.to_numpy().astype("datetime64[D]"))
    found = []
    for one, indices, other, others in pairs:
        deciding = event_days[np.isin(event_days, reach(case, indices, ahead=True))]
        both = deciding[np.isin(deciding, np.union1d(reach(case, others, True), reach(case, others, False)))]
        if both.size:
            found.append(f"{both.size} days decide targets of {one} and reach {other}, the first {both[0]}")
    asked = "events that decide a target in one part (or block) decide none, and lie in no window, of another"
    return result("parts", asked, len(pairs), found)


def reach(case: Case, indices: np.ndarray, ahead: bool) -> np.ndarray:
    """Days that decide the targets of some samples (`ahead`), or that lie in their windows."""
    settings = case.recipe
    days = np.arange(settings.target.horizon_days) if ahead else -1 - np.arange(settings.grid.window_days)
    return np.unique(case.samples.dates[indices][:, None] + days)


class OneDayLate:
    """Samples whose windows hold the target day: what the detector must find."""

    def __init__(self, samples):
        self.dates, self.target, self.parts = samples.dates[:-1], samples.target[:-1], samples.parts
        self._samples = samples

    def batch(self, indices) -> np.ndarray:
        """Return the windows of the days that follow."""
        return self._samples.batch(np.minimum(np.asarray(indices) + 1, len(self.dates)))


def the_detector_itself(case: Case) -> Found:
    """Turn the detector on windows that are one day too late, on the same data."""

    def late(recipe, events):
        return OneDayLate(case.make(recipe, events))

    blind = Case(case.recipe, case.events, late, late(case.recipe, case.events), {}, lambda *_: {})
    validation = case.samples.parts["validation"]
    eventful = [int(i) for i in validation if blind.samples.batch([i])[0, -1].any()][:3]
    caught = bool(samples_made_again(blind, eventful)["found"]) and bool(planted_signal(blind)["found"])
    found = [] if caught else ["windows made one day too late on purpose are not caught: the detector is blind here"]
    asked = "windows made one day too late on purpose are caught, by altered futures and by the planted signal"
    return result("the detector itself", asked, 1, found)
