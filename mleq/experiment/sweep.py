"""Many configurations of recipes: which there are, training one of them, and how they compare on the same days."""

from __future__ import annotations

import hashlib
import importlib
import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import scores
from mleq.errors import RequestError
from mleq.experiment.run import Run, train
from mleq.experiment.tasks import finished_run
from mleq.recipe import Recipe, recipe_hash
from mleq.scores.probability import daily_log_score

REFERENCES = ("etas", "climatology")
"""Over which gains are taken, the first that all runs have: fixed beforehand, as choosing it would be one more fork."""
RESAMPLES = 2000


@dataclass(frozen=True)
class Configuration:
    """One recipe with its changes.

    Attributes
    ----------
    recipe : Recipe
        As changed.
    family : str
        Name of the module that keeps `mleq.experiment.family.Family`.
    changes : dict
        What varies in the sweep beside recipe and seed, by path.
    """

    recipe: Recipe
    family: str
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For people, unique in a sweep: "tokyo, seed 1, model.epochs=5"."""
        return ", ".join([self.recipe.id, f"seed {self.recipe.seed}", *(f"{k}={v}" for k, v in self.changes.items())])

    @property
    def said(self) -> dict[str, Any]:
        """What does it again: recipe, seed and changes."""
        return {"recipe_id": self.recipe.id, "seed": self.recipe.seed, "changes": self.changes}

    def key(self, data: str) -> str:
        """Name of its answer: recipe and data decide it."""
        return f"{self.recipe.id}-{recipe_hash(self.recipe)[:16]}-{data[:16]}"


def combinations(sets: Iterable[str], seeds: Sequence[int]) -> list[tuple[dict[str, str], tuple[str, ...]]]:
    """Return every combination of settings and seeds: the values of what varies, by path, and changes for a recipe.

    Parameters
    ----------
    sets : iterable of str
        "model.epochs=5,10,20"; commas inside brackets, braces and quotes part nothing.
    seeds : sequence of int
        None leave the recipe's own.

    Examples
    --------
    >>> [changes for _, changes in combinations(["model.epochs=5,10"], [1])]
    [('model.epochs=5', 'seed=1'), ('model.epochs=10', 'seed=1')]
    """
    paths, choices = [], []
    for one in sets:
        path, equals, values = one.partition("=")
        if not equals or not path or path in paths:
            raise RequestError(f"--set {one}", expected="path=a,b,c, each path once, for example model.epochs=5,10")
        paths.append(path)
        choices.append(_parted(values))
    varied = {path for path, several in zip(paths, choices, strict=True) if len(several) > 1}
    drawn = [[f"seed={seed}"] for seed in dict.fromkeys(seeds)] or [[]]
    return [
        (
            {path: value for path, value in zip(paths, values, strict=True) if path in varied},
            (*map("=".join, zip(paths, values, strict=True)), *seed),
        )
        for values in itertools.product(*choices)
        for seed in drawn
    ]


def _parted(values: str) -> list[str]:
    """Parts of a text between its outer commas."""
    parts, depth, quoted = [""], 0, False
    for letter in values:
        quoted ^= letter == '"'
        depth += (letter in "[{") - (letter in "]}") if not quoted else 0
        if letter == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return list(dict.fromkeys(parts))


def train_one(
    configuration: Configuration, load: Callable[[], Any], out_dir: Path, command: Sequence[str]
) -> dict[str, Any]:
    """Train a configuration unless a complete run of it is there: a unit of work.

    Returns
    -------
    dict
        `run`, the path of its folder.
    """
    recipe, family = configuration.recipe, importlib.import_module(configuration.family)
    material = load()
    sha256 = family.describe(recipe, material, family.make_samples(recipe, material))["sha256"]
    done = finished_run(out_dir, recipe, sha256)
    if done is None:
        done = train(recipe, family, lambda: material, out_dir=out_dir, command=command).folder
    return {"run": str(done)}


def data_key(files: Sequence[Path], stamp: Any = None) -> str:
    """Return a hash that changes where files, or the state of a store, change; no file is read."""
    seen = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in map(Path, files)]
    return hashlib.sha256(json.dumps([seen, stamp], default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Comparison:
    """How configurations compare.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each configuration, best first: recipe_id, seed, `set PATH` columns, status, error, run, days,
        event_days, scores, gain with its own interval (low, high), with the one that holds for all of them
        (corrected_low, corrected_high), and behind_best against the best of the same recipe.
    reference : str or None
        Over which gains are; None where the family's forecasts are no probabilities of days.
    selected : mleq.scores.Selection or None
    """

    table: pd.DataFrame
    reference: str | None
    selected: scores.Selection | None


def compare(configurations: Sequence[Configuration], runs: Sequence[Run | None], errors: Sequence[str | None]):
    """Put finished runs beside each other on one calendar, all on the same resamples.

    Parameters
    ----------
    configurations : sequence of Configuration
    runs : sequence of Run or None
        None where it failed.
    errors : sequence of str or None

    Returns
    -------
    Comparison
    """
    rows = [_row(*one) for one in zip(configurations, runs, errors, strict=True)]
    table = pd.DataFrame(rows, index=[one.name for one in configurations])
    done = {one.name: run for one, run in zip(configurations, runs, strict=True) if run is not None}
    reference = _common_reference(done.values())
    if reference is None:
        return Comparison(table.reset_index(drop=True), None, None)
    daily = pd.DataFrame({name: daily_gain(run, reference) for name, run in done.items()})
    daily = daily.reindex(pd.date_range(daily.index.min(), daily.index.max(), freq="D"))
    recipes = {one.name: one.recipe for one in configurations if one.name in done}
    block = scores.mean_block_days(len(daily), max(map(_reach, recipes.values())))
    how = {"mean_block_days": block, "n_resamples": RESAMPLES, "seed": 1}
    found = scores.selection({name: daily[name].to_numpy() for name in daily}, **how)
    for number, name in enumerate(found.names):
        table.loc[name, ["gain", "low", "high"]] = [found.alone[number][end] for end in ("value", "low", "high")]
        ends = [found.together[number][end] for end in ("low", "high")]
        table.loc[name, ["corrected_low", "corrected_high"]] = ends
        table.loc[name, "gain_per_event_day"] = daily[name].sum() / max(table.loc[name, "event_days"], 1)
    for names in table.loc[list(done)].groupby("recipe_id").groups.values():
        best = table.loc[names, "gain"].idxmax()
        others = [name for name in names if name != best]
        if others:
            behind = scores.selection({name: (daily[name] - daily[best]).to_numpy() for name in others}, **how)
            for name, one in zip(others, behind.alone, strict=True):
                columns = ["behind_best", "behind_low", "behind_high"]
                table.loc[name, columns] = [one[end] for end in ("value", "low", "high")]
    table = table.sort_values("gain", ascending=False, kind="stable", na_position="last", ignore_index=True)
    return Comparison(table, reference, found)


NUMBERS = ("gain", "low", "high", "corrected_low", "corrected_high", "gain_per_event_day", "behind_best", "behind_low",
           "behind_high")  # fmt: skip


def _row(configuration: Configuration, run: Run | None, error: str | None) -> dict[str, Any]:
    recipe = configuration.recipe
    row = {"recipe_id": recipe.id, "family": recipe.family, "seed": recipe.seed}
    row |= {f"set {path}": value for path, value in configuration.changes.items()}
    row |= {"status": "failed" if run is None else "done", "error": error, "run": None, "days": np.nan}
    row |= dict.fromkeys(("event_days", "seconds", *NUMBERS), np.nan) | {"verdict": None}
    if run is not None:
        test = run.summary["split"].get("test", {})
        row |= {
            "run": str(run.folder), "days": test.get("days", np.nan), "event_days": test.get("positives", np.nan),
            "seconds": sum(run.record["seconds"].values()), "verdict": run.summary["verdict"],
        }  # fmt: skip
        row |= {name: one["value"] for name, one in run.summary["scores"].items()}
    return row


def _common_reference(runs: Iterable[Run]) -> str | None:
    """The first of REFERENCES that all runs have beside probabilities of days."""
    tables = [run.forecasts for run in runs]
    binary = [
        {"probability", "observed", "target_date"} <= set(one) and one["observed"].dtype == bool for one in tables
    ]
    if not tables or not all(binary):
        return None
    return next((name for name in REFERENCES if all(name in one for one in tables)), None)


def daily_gain(run: Run, reference: str) -> pd.Series:
    """Gain of a run over a reference on each day of its test part, nats, by date."""
    test = run.forecasts.query("part == 'test'")
    observed = test["observed"].to_numpy()
    theirs, ours = (daily_log_score(observed, test[name].to_numpy()) for name in (reference, "probability"))
    return pd.Series(theirs - ours, index=pd.to_datetime(test["target_date"]))


def _reach(recipe: Recipe) -> float:
    """Days that two neighbouring forecasts share."""
    target, grid = getattr(recipe, "target", None), getattr(recipe, "grid", None)
    return float(getattr(target, "horizon_days", 0) + getattr(grid, "window_days", 0))


def verdict(comparison: Comparison) -> str:
    """Say in two sentences what the best configuration is worth, and how many were tried for it."""
    table, found = comparison.table, comparison.selected
    tried, failed = len(table), int((table["status"] == "failed").sum())
    opening = f"{tried} configuration{'s were' if tried != 1 else ' was'} tried" + (
        f", {failed} failed" if failed else ""
    )
    if found is None:
        return f"{opening}. They are not ranked: {'none finished' if failed == tried else 'no common reference'}."
    name, alone, together = found.names[found.best], found.alone[found.best], found.together[found.best]
    reference = comparison.reference.upper() if comparison.reference == "etas" else comparison.reference
    said = f"{opening}. The best, {name}, gains {alone['value']:+.4f} nats per day over {reference}"
    if together["low"] is None:
        return f"{said}, without an interval: {together.get('reason') or 'its gain is the same on all resamples'}."
    claim = "skill is shown beyond" if together["low"] > 0 else "no skill is shown beyond"
    return (
        f"{said} [{alone['low']:+.4f}, {alone['high']:+.4f}]; corrected for so many tries "
        f"[{together['low']:+.4f}, {together['high']:+.4f}]: {claim} {reference}. Were none better, so good a best one "
        f"would come with chance {found.p_hansen:.2f} (Hansen 2005; {found.p_white:.2f} by White 2000)."
    )
