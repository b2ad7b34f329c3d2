"""How the forecasts that were issued before their period did, once the catalogue has had time to settle."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from mleq import scores
from mleq.catalog.events import coverage, source_of
from mleq.experiment.ledger import stale
from mleq.forecast.evaluation import bootstrap
from mleq.forecast.recipe import CatalogRecipe
from mleq.forecast.target import decides

SETTLING_DAYS = 30
"""Days that must lie between the end of a forecast's period and the end of the catalogue that it is scored against:
places and magnitudes of the first days are revised."""


def score_issued(recipe: CatalogRecipe, events: pd.DataFrame, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Score a recipe's forecasts of the ledger, those recorded before their period began.

    Where a period was forecast more than once in time, the last forecast counts: the one that stood when it began. One
    from a catalogue that had ended more than a week before does not count: it and its references knew nothing of what
    was going on, and a score of either would say how stale the catalogue was.

    Parameters
    ----------
    recipe : CatalogRecipe
        For the seed and the blocks; what was forecast stands in the lines.
    events : pandas.DataFrame
        The catalogue as it is now.
    lines : list of dict
        Lines of the ledger, of this recipe, in their order.

    Returns
    -------
    dict
        `issued`, `prospective`, `blind` (in time, from a catalogue that had ended long before), `replaced`, `waiting`,
        `scored` (numbers of forecasts); `catalog` scored against;
        `event_days`, and `expected_event_days` (the sum of the probabilities); `scores`, `references`, `gain` and
        `verdict` as in summary.json (None where nothing can be scored); `days`, each with target_date, probability,
        observed.
    """
    settled = coverage(events)[1] - pd.Timedelta(days=SETTLING_DAYS)
    in_time = [line["entry"] for line in lines if line["prospective"]]
    prospective = [entry for entry in in_time if not stale(entry)]
    standing = {entry["period"]["start_utc"]: entry for entry in prospective}
    ripe = [entry for _, entry in sorted(standing.items()) if pd.Timestamp(entry["period"]["end_utc"]) <= settled]
    result: dict[str, Any] = {
        "recipe_id": recipe.id,
        "issued": len(lines),
        "prospective": len(prospective),
        "blind": len(in_time) - len(prospective),
        "replaced": len(prospective) - len(standing),
        "waiting": len(standing) - len(ripe),
        "scored": len(ripe),
        "settling_days": SETTLING_DAYS,
        "catalog": source_of(events),
        "scores": None,
        "references": {},
        "gain": {},
        "verdict": _nothing_to_score(standing, blind=len(in_time) - len(prospective)),
        "days": [],
    }
    if not ripe:
        return result
    observed = np.array([came_true(entry, events) for entry in ripe])
    return result | _scored(recipe, ripe, observed)


def _nothing_to_score(standing: dict[str, Any], *, blind: int) -> str:
    if not standing and blind:
        return "No verdict: every forecast that was recorded in time came from a catalogue that had ended long before."
    if not standing:
        return "No verdict: no forecast was recorded before its period began."
    return f"No verdict: no forecast's period ended {SETTLING_DAYS} days before the catalogue's end."


def came_true(entry: dict[str, Any], events: pd.DataFrame) -> bool:
    """Whether an event that decides lies in a forecast's period."""
    begin, end = (pd.Timestamp(entry["period"][key]) for key in ("start_utc", "end_utc"))
    inside = events[(events["origin_time"] >= begin) & (events["origin_time"] < end)]
    return bool(decides(inside, SimpleNamespace(**entry["target"])).any())


def _scored(recipe: CatalogRecipe, entries: list[dict[str, Any]], observed: np.ndarray) -> dict[str, Any]:
    """Scores with intervals of the forecasts beside the references that all of them have."""
    names = [name for name in entries[0]["references"] if all(name in entry["references"] for entry in entries)]
    methods = {"probability": np.array([entry["probability"] for entry in entries])}
    methods |= {name: np.array([entry["references"][name] for entry in entries]) for name in names}
    resampled = bootstrap(recipe, observed, methods)
    gain = {name: resampled.gain("probability", name) for name in names}
    said = scores.verdict(gain, days=observed.size, event_days=int(observed.sum()))
    return {
        "event_days": int(observed.sum()),
        "expected_event_days": float(methods["probability"].sum()),
        "scores": resampled.score("probability"),
        "references": {name: resampled.score(name) for name in names},
        "gain": gain,
        "verdict": said.replace(" in the test part", " among the issued forecasts"),
        "days": [
            {"target_date": entry["target_date"], "probability": entry["probability"], "observed": bool(came)}
            for entry, came in zip(entries, observed, strict=True)
        ],
    }
