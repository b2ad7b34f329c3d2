"""Over how many days, and with how strong a prior, should the forecasts of one place be held at their level?

    python benchmarks/level.py --catalog usgs.csv.gz

No network: the share of event-days in the first third of the days before the test part is the forecast of the other two
thirds, held at its level (`mleq.experiment.level`) with spans of days and priors of event-days. The eight Japanese
places and the six others, at M 4.5 and at M 5: 28 targets. Printed: what the level gains over the share itself, nats
per event-day, all together; and for how many targets it gains at all. No day of a test part is looked at.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from leaderboard import JAPAN, WORLD

from mleq import api
from mleq.experiment.level import at_level, recent_level
from mleq.forecast.leveling import PRIORS, SPANS
from mleq.forecast.outcomes import outcomes
from mleq.scores.probability import daily_log_score


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--catalog", type=Path, required=True, help="file of events")
    asked = words.parse_args()
    places = list(earlier_days(asked.catalog))
    print(f"{len(places)} targets; nats per event-day (targets with a gain); across: event-days of the prior")
    print(f"{'days':>5}" + "".join(f"{prior:>16g}" for prior in PRIORS))
    for span in SPANS:
        cells = []
        for prior in PRIORS:
            gained = np.array([gain(came, share, span, prior) for came, share in places])
            total = gained.sum() / sum(came.sum() for came, _ in places)
            cells.append(f"{f'{total:.4f} ({(gained > 0).sum()})':>16}")
        print(f"{span:>5}" + "".join(cells))


def earlier_days(catalog: Path) -> Iterator[tuple[np.ndarray, float]]:
    """What came on the later two thirds of the days before a test part, and the share of the first."""
    kept: dict[str, object] = {}
    for name in (*JAPAN, *WORLD):
        for changes in ([], ["target.magnitude=5.0"]):
            recipe = api.load_recipe(name, changes=changes)
            start = str(recipe.catalog.start)
            if start not in kept:
                kept[start] = api.load_events(recipe, files=[catalog])
            found = outcomes(recipe, kept[start])
            came = found.target[: found.parts["validation"][-1] + 1]
            first = len(came) // 3
            yield came[first:], (came[:first].sum() + 0.5) / (first + 1)


def gain(came: np.ndarray, share: float, span: int, prior: float) -> float:
    """Nats that the level gains over a constant chance on all days together."""
    constant = np.full(len(came), share)
    level = recent_level(came, constant, np.arange(len(came)), span=span, horizon=1, prior=prior)
    return float((daily_log_score(came, constant) - daily_log_score(came, at_level(constant, level))).sum())


if __name__ == "__main__":
    logging.getLogger("mleq").setLevel(logging.ERROR)
    main()
