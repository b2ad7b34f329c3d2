"""A signal whose meaning only the future holds: coins tossed for target days, and events that mark the heads."""

from __future__ import annotations

import numpy as np

from mleq.forecast.altered import Case, Found, marked, result

MARKED_DAYS = 400
CHANCE = 5.0
"""Standard errors: a correlation of independent coins exceeds it once in two million."""
AT_ONCE = 256


def planted_signal(case: Case) -> Found:
    """Mark target days by the toss of a coin: nothing known at the issue time may tell heads from tails."""
    indices = case.samples.parts["train"][-MARKED_DAYS:]
    coins = np.random.default_rng(case.recipe.seed).random(indices.size) < 0.5
    events = marked(case.recipe, case.events, case.samples.dates[indices], coins)
    seen = {"the window": traces(case.samples, case.make(case.recipe, events), indices)}
    dates = case.samples.dates[indices]
    for name, reference in case.references.items():
        change = reference.probabilities(events, dates) - reference.probabilities(case.events, dates)
        seen[name] = change[:, None]
    found = [
        f"{name} knows of a signal that was planted on the target day{_later(lead)}"
        for name, values in seen.items()
        for lead in range(case.recipe.target.horizon_days)
        if correlation(values[: indices.size - lead], coins[lead:]) > CHANCE / np.sqrt(indices.size - lead)
    ]
    if correlation(seen["the window"][1:], coins[:-1]) < 0.5:
        found.append("the probe is blind: a signal planted on the day before the target day is not seen either")
    asked = "weak events planted on target days by the toss of a coin: nothing known before tells which days have one"
    return result("planted signal", asked, len(seen), found)


def _later(lead: int) -> str:
    return f", {lead} days later" if lead else ""


def traces(samples, planted, indices: np.ndarray) -> np.ndarray:
    """How much each day of each window changed, shape (k, window_days)."""
    rows = []
    for some in np.array_split(indices, max(1, indices.size // AT_ONCE)):
        change = np.abs(planted.batch(some).astype(float) - samples.batch(some))
        rows.append(change.reshape(*change.shape[:2], -1).sum(axis=2))
    return np.concatenate(rows)


def correlation(values: np.ndarray, coins: np.ndarray) -> float:
    """The largest correlation, by amount, of any column with the coins; columns that never change count nothing."""
    changing = np.ptp(values, axis=0) > 1e-12
    if not changing.any() or coins.all() or not coins.any():
        return 0.0
    centred = values[:, changing] - values[:, changing].mean(axis=0)
    tossed = coins - coins.mean()
    return float(np.abs(tossed @ centred / np.linalg.norm(centred, axis=0) / np.linalg.norm(tossed)).max())
