"""How often nominal 95 % intervals hold the true score, on daily series from simulated ETAS catalogues.

    python benchmarks/coverage.py [--catalogs 1000] [--ratios 0.5,0.6,0.7,0.8,0.9] [--days 1500,3650] [--only gain]
                                  [--intervals percentile:60,studentised:n/8,sequences:60] [--circles 50]

A temporal ETAS process of M >= 4 with a given branching ratio says on which days an M >= 4.5 comes. Four forecasters
with fixed rules are scored: climatology; the mean of trailing rates of 30, 90, 365 and 1,500 days, shrunk to
climatology; ETAS with the true parameters; and ETAS with wrong ones (background 1.5 times, productivity 0.7 times the
true, p 1.3 for 1.15). The true score is read from independent catalogues of the same process, of `--truth` times 3,650
days. Intervals come from 1,500 or 3,650 days; a kind is named with its mean block, in days or as a part of the series.
With sequences:60 whole sequences are resampled, and studentised: stretches of 60 days or more that end where ETAS's
chance has come back to the lowest quarter of its days. Studentised intervals of a gain per event-day have the far end
that `mleq.scores` gives it; with equal:n/8 they have tails of 2.5 % on both sides, as all others.

With --circles 50 the gains of so many catalogues are summed within each day, as those of a pool of circles.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mleq.scores.areas import area_influences, ranked_areas  # noqa: E402
from mleq.scores.blocks import Blocks  # noqa: E402
from mleq.scores.intervals import FAR, studentised  # noqa: E402
from mleq.scores.molchan import area_skill_influences, resampled_area_skill  # noqa: E402
from mleq.scores.probability import daily_log_score  # noqa: E402

M0, TARGET, LARGEST, BETA = 4.0, 4.5, 7.7, np.log(10)
ALPHA, C_DAYS, P, LONGEST_DAYS = 1.5, 0.02, 1.15, 3650.0
RATE = 0.316  # events of M >= 4 a day: an M >= 4.5 on about 7 % of days, as within 150 km of Tokyo
BURN_IN, DAYS, AT_ONCE, RESAMPLES, LEVEL = 7300, 3650, 50, 500, 0.95
QUIET = 0.25  # share of the days, those of the lowest chances, on which a sequence is taken to be over
PAIRS = (("etas", "climatology"), ("trailing", "climatology"), ("etas", "trailing"), ("wrong etas", "etas"))
NAMES = tuple(f"gain per {unit}, {ours} over {theirs}" for ours, theirs in PAIRS for unit in ("day", "event-day"))
NAMES = ("log score", "Brier score", *NAMES)  # those that are sums over days


def omori(elapsed: np.ndarray, p: float) -> np.ndarray:
    """Share of an event's direct offspring that has come by then; all within ten years."""
    reached = 1 - (1 + np.clip(elapsed, 0, LONGEST_DAYS) / C_DAYS) ** (1 - p)
    return reached / (1 - (1 + LONGEST_DAYS / C_DAYS) ** (1 - p))


def drawn_delays(rng: np.random.Generator, n: int) -> np.ndarray:
    all_of_them = 1 - (1 + LONGEST_DAYS / C_DAYS) ** (1 - P)
    return C_DAYS * ((1 - rng.random(n) * all_of_them) ** (1 / (1 - P)) - 1)


def share_above(magnitude: float) -> float:
    width = np.exp(-BETA * (LARGEST - M0))
    return (np.exp(-BETA * (magnitude - M0)) - width) / (1 - width)


def drawn_magnitudes(rng: np.random.Generator, n: int) -> np.ndarray:
    return M0 - np.log(1 - rng.random(n) * (1 - np.exp(-BETA * (LARGEST - M0)))) / BETA


def productivity(branching_ratio: float) -> float:
    """Direct offspring of an event of M0, so that the mean over magnitudes is the branching ratio."""
    width = LARGEST - M0
    mean = BETA / (BETA - ALPHA) * (1 - np.exp(-(BETA - ALPHA) * width)) / (1 - np.exp(-BETA * width))
    return branching_ratio / mean


def simulated(rng: np.random.Generator, n: int, branching_ratio: float):
    """Catalogue number, time and magnitude of all events of n catalogues, a generation at a time."""
    end = BURN_IN + DAYS
    k = rng.poisson(RATE * (1 - branching_ratio) * end * n)
    catalog, at, magnitude = rng.integers(n, size=k), rng.random(k) * end, drawn_magnitudes(rng, k)
    generations = [(catalog, at, magnitude)]
    while catalog.size:
        offspring = rng.poisson(productivity(branching_ratio) * np.exp(ALPHA * (magnitude - M0)))
        catalog, at = np.repeat(catalog, offspring), np.repeat(at, offspring)
        at = at + drawn_delays(rng, at.size)
        catalog, at = catalog[at < end], at[at < end]
        magnitude = drawn_magnitudes(rng, at.size)
        generations.append((catalog, at, magnitude))
    return [np.concatenate(column) for column in zip(*generations, strict=True)]


def etas_forecasts(events, n: int, background: float, offspring: float, p: float) -> np.ndarray:
    """Chance of a target each day from the events before midnight, offspring of the day's own events left out.

    An event's share of the day after its own is exact; later days take it as if it had come at noon.
    """
    from scipy.signal import oaconvolve

    catalog, at, magnitude = events
    end, day = BURN_IN + DAYS, at.astype(int)
    strength = offspring * np.exp(ALPHA * (magnitude - M0))
    tomorrow = np.where(day + 1 < end, strength * (omori(day + 2 - at, p) - omori(day + 1 - at, p)), 0)
    cell = catalog * end
    near = np.bincount(cell + np.minimum(day + 1, end - 1), weights=tomorrow, minlength=n * end).reshape(n, end)
    daily = np.bincount(cell + day, weights=strength, minlength=n * end).reshape(n, end)
    lag = np.arange(end)
    decay = np.where(lag >= 2, omori(lag + 0.5, p) - omori(lag - 0.5, p), 0)
    far = np.maximum(oaconvolve(daily, decay[None], axes=1)[:, :end], 0)
    return 1 - np.exp(-(background + near + far)[:, BURN_IN:] * share_above(TARGET))


def trailing_forecasts(came: np.ndarray, climatology: float) -> np.ndarray:
    """Mean of the shares of days with a target among the last 30 to 1,500, each shrunk by 30 days of climatology."""
    before = np.cumsum(np.pad(came, ((0, 0), (1, 0))), axis=1)
    day = np.arange(BURN_IN, BURN_IN + DAYS)
    spans = (30, 90, 365, 1500)
    return sum((before[:, day] - before[:, day - span] + 30 * climatology) / (span + 30) for span in spans) / len(spans)


def targets(events, n: int) -> np.ndarray:
    catalog, at, magnitude = events
    end, strong = BURN_IN + DAYS, magnitude >= TARGET
    return np.bincount(catalog[strong] * end + at[strong].astype(int), minlength=n * end).reshape(n, end) > 0


def series(rng: np.random.Generator, n: int, ratio: float, climatology: float):
    """Days with a target, and every forecaster's chances; each of shape (n, DAYS)."""
    events = simulated(rng, n, ratio)
    came = targets(events, n)
    quiet, offspring = RATE * (1 - ratio), productivity(ratio)
    return came[:, BURN_IN:], {
        "climatology": np.full((n, DAYS), climatology),
        "trailing": trailing_forecasts(came, climatology),
        "etas": etas_forecasts(events, n, quiet, offspring, P),
        "wrong etas": etas_forecasts(events, n, 1.5 * quiet, 0.7 * offspring, 1.3),
    }


def daily_scores(observed: np.ndarray, forecasts: dict) -> dict:
    """Of every score that is a ratio of sums over days: what is summed above and below; shape as `observed`."""
    logs = {name: daily_log_score(observed, one) for name, one in forecasts.items()}
    days, events = np.ones(observed.shape), observed.astype(float)
    found = {"log score": (logs["etas"], days), "Brier score": ((forecasts["etas"] - events) ** 2, days)}
    for ours, theirs in PAIRS:
        gain = logs[theirs] - logs[ours]
        found[f"gain per day, {ours} over {theirs}"] = (gain, days)
        found[f"gain per event-day, {ours} over {theirs}"] = (gain, events)
    return found


def areas_of(observed: np.ndarray, forecasts: dict, counts: np.ndarray) -> dict:
    """Areas of ETAS on one catalogue's resamples."""
    etas, everyday = forecasts["etas"], np.ones(observed.size)
    roc, precision = ranked_areas(observed, etas, counts)
    return {
        "ROC-AUC": roc,
        "PR-AUC": precision,
        "area skill by time": resampled_area_skill(observed, etas, everyday, counts),
        "area skill by trailing": resampled_area_skill(observed, etas, forecasts["trailing"], counts),
    }


def influences_of(observed: np.ndarray, forecasts: dict) -> dict:
    etas, everyday = forecasts["etas"], np.ones(observed.size)
    roc, precision = area_influences(observed, etas)
    return {
        "ROC-AUC": roc,
        "PR-AUC": precision,
        "area skill by time": area_skill_influences(observed, etas, everyday),
        "area skill by trailing": area_skill_influences(observed, etas, forecasts["trailing"]),
    }


def true_scores(ratio: float, catalogs: int, *, areas: bool) -> tuple[dict, float]:
    """Scores of the process itself, and the share of its days that have a target."""
    rng = np.random.default_rng([1, round(100 * ratio)])
    batches = [AT_ONCE] * (catalogs // AT_ONCE)
    climatology = float(np.mean([targets(simulated(rng, n, ratio), n)[:, BURN_IN:].mean() for n in batches]))
    sums, pooled = {}, []
    for n in batches:
        observed, forecasts = series(rng, n, ratio, climatology)
        for name, (above, below) in daily_scores(observed, forecasts).items():
            sums[name] = sums.get(name, 0) + np.array([above.sum(), below.sum()])
        if areas:
            pooled.append(
                [observed.ravel(), *(forecasts[one].ravel().astype(np.float32) for one in ("etas", "trailing"))]
            )
    truth = {name: above / below for name, (above, below) in sums.items()}
    if not areas:
        return truth, climatology
    observed, etas, trailing = (np.concatenate(column) for column in zip(*pooled, strict=True))
    once = np.ones((observed.size, 1), dtype=np.uint16)
    found = areas_of(observed, {"etas": etas, "trailing": trailing}, once)
    return truth | {name: float(area[0]) for name, area in found.items()}, climatology


def intervals(observed: np.ndarray, forecasts: dict, blocks: Blocks, counts: np.ndarray | None, method: str, only: str):
    """Name, low and high of the scores of one catalogue, or of those that are sums over several, shape (n, days)."""
    scored = daily_scores(observed, forecasts)
    below_of = {name: tuple(np.atleast_2d(one).sum(axis=0) for one in both) for name, both in scored.items()}
    below_of = {name: both for name, both in below_of.items() if only in name}
    resampled = {}
    for name, (above, below) in below_of.items():
        divisor = blocks.by_resample(blocks.sums(below))
        resampled[name] = np.full(divisor.shape, np.nan)
        np.divide(blocks.by_resample(blocks.sums(above)), divisor, out=resampled[name], where=divisor > 0)
    if counts is not None:
        resampled |= areas_of(observed, forecasts, counts)
    if method == "percentile":
        for name, values in resampled.items():
            yield name, *np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return
    if counts is not None:
        everyday = np.ones(observed.size)
        below_of |= {name: (daily, everyday) for name, daily in influences_of(observed, forecasts).items()}
    for name, (above, below) in below_of.items():
        far = method == "studentised" and observed.ndim == 1 and name.startswith("gain per event-day")
        value, beyond = above.sum() / below.sum(), FAR if far else 1.0
        found = studentised(value, resampled[name], blocks, above, below, LEVEL, beyond=beyond)
        yield name, found["low"], found["high"]


def whole_sequences(chance: np.ndarray, shortest: int, rng: np.random.Generator) -> Blocks:
    """Resamples of stretches that begin on quiet days, so that no sequence is cut; as many of them as there are."""
    begins = [0]
    for day in np.flatnonzero(chance <= np.quantile(chance, QUIET)):
        if day - begins[-1] >= shortest:
            begins.append(day)
    if chance.size - begins[-1] < shortest and len(begins) > 1:
        begins.pop()
    length, n = np.diff(np.append(begins, chance.size)), len(begins)
    drawn = rng.integers(n, size=(RESAMPLES, n)).ravel()
    resample = np.repeat(np.arange(RESAMPLES), n)
    return Blocks(chance.size, RESAMPLES, chance.size / n, np.array(begins)[drawn], length[drawn], resample)


def block_of(kind: str, days: int) -> float:
    """Mean block of a kind of interval such as percentile:60 or studentised:n/8."""
    length = kind.split(":")[1]
    return days / float(length[2:]) if length.startswith("n/") else float(length)


def covered(ratio: float, chosen: argparse.Namespace, truth: dict, climatology: float) -> dict:
    """How many of the catalogues' intervals hold the truth, and their mean widths, by (name, days, kind)."""
    rng, of_sequences = (np.random.default_rng([stream, round(100 * ratio)]) for stream in (chosen.stream, 3))
    found: dict = {}
    for _ in range(chosen.catalogs // AT_ONCE):
        observed, forecasts = series(rng, AT_ONCE, ratio, climatology)
        for days in chosen.days:
            for kind in chosen.intervals:
                method, of_each = kind.split(":")[0], kind.startswith("sequences")
                if not of_each:
                    blocks = Blocks.drawn(days, block_of(kind, days), RESAMPLES, rng)
                    counts = blocks.counts() if chosen.areas else None
                for row in rows_of(chosen.circles):
                    came = observed[row, :days]
                    if not came.any():
                        continue
                    told = {name: one[row, :days] for name, one in forecasts.items()}
                    if of_each:
                        blocks = whole_sequences(told["etas"], int(block_of(kind, days)), of_sequences)
                        counts = blocks.counts() if chosen.areas else None
                    for name, low, high in intervals(came, told, blocks, counts, method, chosen.only):
                        tally = found.setdefault((name, days, kind), np.zeros(5))
                        below, above = truth[name] < low, truth[name] > high
                        tally += [not (below or above), 1, high - low, below, above]
    return found


def rows_of(circles: int) -> list:
    """Which of the catalogues that are simulated together are scored together."""
    return (
        list(range(AT_ONCE))
        if circles == 1
        else [slice(first, first + circles) for first in range(0, AT_ONCE, circles)]
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--catalogs", type=int, default=1000, metavar="N", help="a multiple of 50")
    options.add_argument("--truth", type=int, default=3000, metavar="N", help="catalogues that the truth is read from")
    options.add_argument("--ratios", default="0.5,0.6,0.7,0.8,0.9")
    options.add_argument("--days", default="1500,3650", help="none longer than 3,650")
    options.add_argument(
        "--intervals", default="percentile:60,studentised:n/8", help="the first is the measure of width"
    )
    options.add_argument("--only", default="", metavar="TEXT", help="scores whose names hold it, such as 'event-day'")
    options.add_argument("--stream", type=int, default=2, help="of random numbers: another gives other catalogues")
    options.add_argument("--circles", type=int, default=1, choices=(1, 5, 10, 25, 50), help="catalogues of a pool")
    chosen = options.parse_args()
    if chosen.circles > 1 and "sequences" in chosen.intervals:
        options.error("whole sequences are those of one catalogue: leave sequences or --circles out")
    if chosen.only and not any(chosen.only in name for name in NAMES):
        options.error(f"--only {chosen.only}: no such score; there are {', '.join(NAMES)}")
    chosen.areas = not chosen.only and chosen.circles == 1
    chosen.days = [int(days) for days in chosen.days.split(",")]
    chosen.intervals = chosen.intervals.split(",")
    for ratio in map(float, chosen.ratios.split(",")):
        began = time.perf_counter()
        truth, climatology = true_scores(ratio, chosen.truth, areas=chosen.areas)
        shown(covered(ratio, chosen, truth, climatology), chosen, truth)
        series_scored = chosen.catalogs // chosen.circles
        print(f"branching ratio {ratio}: a target on {climatology:.1%} of days; {chosen.catalogs} catalogues; "
              f"binomial error of .95: {np.sqrt(0.95 * 0.05 / series_scored):.3f}; "
              f"{time.perf_counter() - began:.0f} s\n", flush=True)  # fmt: skip


def shown(found: dict, chosen: argparse.Namespace, truth: dict) -> None:
    """Print coverage; how many times as wide as the first kind's; how often the truth was below and above."""
    columns = [(days, kind) for days in chosen.days for kind in chosen.intervals]
    print("| score | truth |" + "|".join(f" {days:,} days, {kind} " for days, kind in columns) + "|")
    print("|---|---|" + "---|" * len(columns))
    for name in dict.fromkeys(key[0] for key in found):
        cells = []
        for days, kind in columns:
            inside, tried, width, below, above = found[name, days, kind]
            first = found[name, days, chosen.intervals[0]][2]
            wider = "" if kind == chosen.intervals[0] else f" ({width / first:.2f})"
            cells.append(f"{inside / tried:.3f}{wider} {below / tried:.3f} {above / tried:.3f}")
        print(f"| {name} | {truth[name]:.4g} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
