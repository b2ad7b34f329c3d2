"""The contract of `mleq.experiment.family`, kept in the shortest way that is still honest."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from counted.recipe import CountedRecipe
from mleq import scores
from mleq.errors import DataError, RequestError
from mleq.experiment import predictions
from mleq.experiment.split import describe_split as described
from mleq.experiment.split import split
from mleq.experiment.table import columns

log = logging.getLogger("mleq")


# ---- data: load -> samples ---------------------------------------------------------------------------------------


def load(recipe: CountedRecipe, files=(), data_dir=None, inputs=()) -> pd.Series:
    """Read the counts, one a day, in time order."""
    path = Path(inputs[0] if inputs else recipe.file)
    try:
        table = pd.read_csv(path, parse_dates=["date"]).sort_values("date")
        counts = table.set_index("date")["count"].astype(int)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: {error}", expected="a CSV with the columns date and count") from None
    missing = pd.date_range(counts.index[0], counts.index[-1]).difference(counts.index)
    if len(missing):
        raise DataError(f"{path} has no row for {missing[0]:%Y-%m-%d}", expected="one row for each day")
    return counts


@dataclass
class CountedSamples:
    """A sample is a target date with what was counted before it; `inputs` has shape (n, windows)."""

    dates: np.ndarray
    target: np.ndarray
    inputs: np.ndarray
    parts: dict[str, np.ndarray]

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.inputs.shape[1:]

    def batch(self, indices) -> np.ndarray:
        """Return the inputs of some samples."""
        return self.inputs[indices]


def inputs_of(recipe: CountedRecipe, counts: pd.Series) -> pd.DataFrame:
    """Log counts of the days before each date, and of the day after the last: a row must not see its own day."""
    after = counts.index[-1] + pd.Timedelta(days=1)
    before = pd.concat([counts, pd.Series([0], index=[after])]).shift(1)
    return pd.DataFrame({days: np.log1p(before.rolling(days).sum()) for days in recipe.model.windows_days}).dropna()


def make_samples(recipe: CountedRecipe, counts: pd.Series) -> CountedSamples:
    """Cut the days into parts, with a gap that no window and no target reaches across."""
    table = inputs_of(recipe, counts).iloc[:-1]
    dates = table.index.to_numpy().astype("datetime64[D]")
    parts = split(dates, recipe.split, gap_days=max(recipe.model.windows_days) + 1)
    return CountedSamples(dates, (counts[table.index] > 0).to_numpy(), table.to_numpy(), parts)


# ---- the model and what it must beat -----------------------------------------------------------------------------


@dataclass
class Learned:
    """Coefficients: an intercept and one for each window."""

    coefficients: list[float]
    summary: dict[str, Any]
    history: pd.DataFrame | None = None

    @property
    def calibration(self) -> dict[str, Any]:
        """All that is needed to forecast."""
        return {"coefficients": self.coefficients}

    def save(self, folder: Path) -> None:
        """Nothing beside calibration.json."""


def probability(coefficients: list[float], inputs: np.ndarray) -> np.ndarray:
    """Return the probability of each row of inputs, shape (n, windows)."""
    return 1 / (1 + np.exp(-(coefficients[0] + inputs @ np.array(coefficients[1:]))))


def learner(recipe: CountedRecipe):
    """Return what learns; it is made before any data are read."""

    def learn(samples, counts, *, work, key) -> Learned:
        from sklearn.linear_model import LogisticRegression

        train = samples.parts["train"]
        fitted = LogisticRegression(max_iter=recipe.model.epochs).fit(samples.inputs[train], samples.target[train])
        coefficients = [float(fitted.intercept_[0]), *map(float, fitted.coef_[0])]
        summary = {"name": recipe.model.name, "parameters": len(coefficients), "epochs": int(fitted.n_iter_[0])}
        return Learned(coefficients, {**summary, "best_epoch": None, "seconds": None})

    return learn


@dataclass
class Reference:
    """A forecast to be beaten; `parameters` say all of it."""

    parameters: dict[str, Any]
    probabilities: np.ndarray


def references(recipe: CountedRecipe, counts: pd.Series, samples: CountedSamples) -> dict[str, Reference]:
    """Climatology of the training part, and the share of event-days among the last 30."""
    rate = float(samples.target[samples.parts["train"]].mean())
    lately = (counts > 0).shift(1).rolling(30, min_periods=1).mean()[samples.dates].to_numpy()
    return {
        "climatology": Reference({"rate": rate}, np.full(len(samples.dates), rate)),
        # A share of 0 of 30 days is no certainty: half an event-day is added to 31 days.
        "trailing_30": Reference({"days": 30}, (np.nan_to_num(lately, nan=rate) * 30 + 0.5) / 31),
    }


def forecasts(recipe, counts, samples: CountedSamples, learned: Learned, references) -> pd.DataFrame:
    """Forecast validation and test part; the test part is read here, once."""
    tables = []
    for part in ("validation", "test"):
        chosen = samples.parts[part]
        table = {"part": part, "target_date": samples.dates[chosen].astype("datetime64[s]")}
        table |= {"observed": samples.target[chosen]}
        table |= {"probability": probability(learned.coefficients, samples.inputs[chosen])}
        tables.append(pd.DataFrame(table | {name: one.probabilities[chosen] for name, one in references.items()}))
    return pd.concat(tables, ignore_index=True)


# ---- what it is worth --------------------------------------------------------------------------------------------


def evaluate(recipe: CountedRecipe, forecasts: pd.DataFrame) -> dict[str, Any]:
    """Score the test part beside the references, on the same days and resamples."""
    validation, test = (forecasts[forecasts["part"] == part] for part in ("validation", "test"))
    observed, names = test["observed"].to_numpy(), ["climatology", "trailing_30"]
    methods = {name: test[name].to_numpy() for name in ["probability", *names]}
    block = scores.mean_block_days(len(observed), max(recipe.model.windows_days) + 1)
    resampled = scores.block_bootstrap(observed, methods, mean_block_days=block, seed=recipe.seed)
    gain = {name: resampled.gain("probability", name) for name in names}
    threshold = scores.best_threshold(validation["observed"].to_numpy(), validation["probability"].to_numpy())
    return {
        "scores": resampled.score("probability"),
        "references": {name: resampled.score(name) for name in names},
        "gain": gain,
        "confusion": scores.confusion(observed, methods["probability"], threshold),
        "verdict": scores.verdict(gain, days=len(observed), event_days=int(observed.sum())),
    }


def predict(recipe: CountedRecipe, run, load, *, dates=(), inputs=()) -> list[dict[str, Any]]:
    """Forecast the asked days, or the one after the table's end."""
    table = inputs_of(recipe, load())
    entries = []
    for date in [pd.Timestamp(date) for date in dates] or [table.index[-1]]:
        if date not in table.index:
            raise RequestError(f"no forecast of {date:%Y-%m-%d}", expected=f"{table.index[0]} to {table.index[-1]}")
        chance = float(probability(run.calibration["coefficients"], table.loc[[date]].to_numpy())[0])
        entries.append(predictions.entry(recipe, run, {"target_date": f"{date:%Y-%m-%d}"}, {"probability": chance}))
    return entries


# ---- what is said ------------------------------------------------------------------------------------------------


def plan(recipe: CountedRecipe, counts: pd.Series | None) -> dict[str, Any]:
    """Say what a run will do."""
    days = None if counts is None else len(counts)
    return {"recipe_id": recipe.id, "family": recipe.family, "forecast": recipe.one_line, "days": days}


def plan_lines(plan: dict[str, Any]) -> list[str]:
    """Say it in words."""
    return columns([[name, str(value)] for name, value in plan.items()])


def quick_mistakes(recipe: CountedRecipe) -> list:
    """Find what can be seen without data: nothing beside what the recipe model checks."""
    return []


def network_mistakes(recipe: CountedRecipe) -> list:
    """Find mistakes in layers: there are none."""
    return []


def network(recipe: CountedRecipe) -> None:
    """Return no network: the model is none."""


def describe(recipe: CountedRecipe, counts: pd.Series, samples: CountedSamples) -> dict[str, Any]:
    """Describe the data beneath, with the hash of their content."""
    digest = hashlib.sha256(pd.util.hash_pandas_object(counts).to_numpy().tobytes()).hexdigest()
    dates = {"start": f"{counts.index[0]:%Y-%m-%d}", "end": f"{counts.index[-1]:%Y-%m-%d}"}
    return {"source": Path(recipe.file).name, "events": int(counts.sum()), "sha256": digest, **dates}


def describe_split(recipe: CountedRecipe, samples: CountedSamples) -> dict[str, dict[str, Any]]:
    """Say which days make the parts."""
    return described(samples.dates, samples.target, samples.parts)


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """Say what a run was worth: the verdict comes first."""
    return [f"{summary['recipe_id']}: {summary['verdict']}"]


def answer_lines(entries: list[dict[str, Any]]) -> list[str]:
    """Say what was forecast."""
    return columns([[entry["target_date"], f"{100 * entry['probability']:.1f}%"] for entry in entries])
