"""Times to failure: of the parts of a run when it is made, of segments given in files afterwards."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import progress
from mleq.errors import DataError, Failure, RequestError
from mleq.experiment.predictions import entry, load_model
from mleq.experiment.run import Run
from mleq.lab import importing, material, references
from mleq.lab.codec import BinCodec
from mleq.lab.crossvalidation import cross_validated
from mleq.lab.evaluation import BIN
from mleq.lab.features import STATISTICS, features_of, prepared, statistics_of
from mleq.lab.inputs import Inputs, Scaler
from mleq.lab.learning import KEPT_FEATURES, Decoder, LabLearned, feature_model
from mleq.lab.recipe import SCORED, LabRecipe
from mleq.lab.segments import ENDINGS, segments
from mleq.lab.windows import LabSamples, centred

log = logging.getLogger("mleq")

PARTS = ("validation", "test")
AT_ONCE = 16
INTERVAL = (0.05, 0.95)


def fit_references(recipe: LabRecipe, samples: LabSamples) -> dict[str, references.Reference]:
    """Fit all references on the training part; one that is the recipe's own model is left out."""
    train = samples.parts["train"]
    fitted = references.fit_all(samples.features.iloc[train], samples.target[train], recipe.seed)
    return without_twin(recipe, fitted)


def without_twin(recipe: LabRecipe, fitted: dict[str, Any]) -> dict[str, Any]:
    """Leave out the reference that is the recipe's own model: a method gains nothing over itself."""
    if not recipe.learns_features:
        return fitted
    kind = recipe.model.name
    trees = {name: one for name, one in fitted.items() if name.startswith(kind)}
    sizes = {name: len(one.columns) for name, one in trees.items()}
    twin = min(sizes, key=sizes.get) if recipe.model.features == "four" else max(sizes, key=sizes.get)
    return {name: one for name, one in fitted.items() if name != twin}


def forecasts(
    recipe: LabRecipe, samples: LabSamples, learned: LabLearned, fitted: dict[str, references.Reference]
) -> pd.DataFrame:
    """Forecast the windows of validation and test part; the test part is read here, once.

    Returns
    -------
    pandas.DataFrame
        part, window (its first row), cycle, observed, time_to_failure_s, objective_… of other objectives, bin_… of
        the distribution, and a column for each reference. Where the recipe cross-validates, rows follow whose part is
        the scheme, with the references alone.
    """
    pieces = []
    for part in PARTS:
        indices = samples.parts[part]
        answers = learned.answer(samples, indices)
        chances = answers.pop("bins", None)
        columns = {
            "part": part,
            "window": samples.starts[indices],
            "cycle": samples.cycle[indices],
            "observed": samples.target[indices],
            **answers,
        }
        if chances is not None:
            columns |= {f"{BIN}{number:02d}": chances[:, number] for number in range(chances.shape[1])}
        beside = {name: one.times(samples.features.iloc[indices]) for name, one in fitted.items()}
        pieces.append(pd.DataFrame({**columns, **beside}))
    if recipe.split.cross_validate:
        pieces.append(_cross_validated(recipe, samples))
    return pd.concat(pieces, ignore_index=True)


def _cross_validated(recipe: LabRecipe, samples: LabSamples) -> pd.DataFrame:
    """The references under every scheme, on the windows that do not overlap, of complete cycles."""
    scored = np.flatnonzero(samples.scored)
    found = cross_validated(
        samples.features.iloc[scored].reset_index(drop=True),
        samples.target[scored],
        samples.cycle[scored],
        n_folds=recipe.split.folds,
        seed=recipe.seed,
    )
    found["window"] = samples.starts[scored][found["window"]]
    return found


def predict(
    recipe: LabRecipe,
    run: Run,
    load: Callable[[], Any],
    *,
    dates: Sequence[Any] = (),
    inputs: Sequence[Path] = (),
) -> list[dict[str, Any]]:
    """Answer segments given as files; see `mleq.experiment.family.Family`.

    Raises
    ------
    RequestError
        If there is nothing to answer, or dates are asked for.
    DataError
        If a file is not a segment of the length that the recipe was trained on.
    """
    if dates:
        raise RequestError(
            f"recipe '{recipe.id}' answers segments of signal, not dates ({dates[0]})",
            remedy=f"give them: python cmd/predict --recipe_id {recipe.id} --input seg_00030f.csv",
        )
    if not inputs:
        raise RequestError(
            f"recipe '{recipe.id}' needs a signal to answer",
            remedy=f"give a file, a folder or a zip: python cmd/predict --recipe_id {recipe.id} --input seg_00030f.csv",
        )
    answerer = _Answerer(recipe, run)
    if answerer.table and len(inputs) == 1 and _is_table(recipe, inputs[0]):
        return answerer.rows(inputs[0])
    if run.summary["catalog"]["simulated"]:
        log.warning("recipe '%s' was trained on simulated signals: of real ones its answers say nothing", recipe.id)
    entries, names, windows = [], [], []
    with progress.task("answering", unit="segments") as shown:
        for name, signal in segments(inputs, recipe.windows.samples):
            names.append(name)
            windows.append(signal)
            if len(names) == AT_ONCE:
                entries += answerer.segments(names, windows)
                shown.advance(len(names))
                names, windows = [], []
        if names:
            entries += answerer.segments(names, windows)
            shown.advance(len(names))
    return entries


def _is_table(recipe: LabRecipe, path: Path) -> bool:
    """Whether a file is a table of window features, not a segment."""
    if not path.is_file() or not path.name.endswith(ENDINGS):
        return False
    return importing.COLUMNS[0] not in importing.header(path)


class _Answerer:
    """All that a run needs to answer: model, decoder, references, made once."""

    def __init__(self, recipe: LabRecipe, run: Run):
        self.recipe, self.run = recipe, run
        self.kept = self._kept()
        times = self.kept.pop(SCORED).to_numpy()
        fitted = references.fit_all(self.kept, times, recipe.seed)
        self.references = without_twin(recipe, fitted)
        calibration = run.calibration
        self.table, self.rate = calibration["table"], calibration["sampling_rate_hz"]
        self.features = self.model = None
        if recipe.learns_features:
            self.features = feature_model(recipe.model, self.kept, times, recipe.seed)
        else:
            if recipe.model.name == "cpc":
                from mleq.lab.contrastive import info_nce_class

                info_nce_class()
            self.model = load_model(run)
            self.decoder = Decoder(
                calibration["objective"], BinCodec.from_dict(calibration["codec"]), calibration["scale_s"]
            )
            scalers = {name: Scaler.from_dict(values) for name, values in calibration["inputs"].items()}
            self.inputs = Inputs(recipe.inputs, scalers, self.rate)

    def _kept(self) -> pd.DataFrame:
        path = self.run.folder / KEPT_FEATURES
        try:
            return pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise Failure(f"{path} cannot be read: {error}", remedy="train the recipe again") from None

    def segments(self, names: list[str], signals: list[np.ndarray]) -> list[dict[str, Any]]:
        """Answer some segments."""
        windows = centred(signals, self.recipe.windows.remove_offset)
        features = self._features(np.stack(signals), windows)
        answers: list[dict[str, Any]] = [{} for _ in names]
        if self.model is None:
            times = self.features.times(features)
        else:
            output = self.model.predict(self.inputs.of(windows), verbose=0)
            times = self.decoder.times(output)
            if self.decoder.objective == "bins":
                answers = self._distributions(output)
        return self._entries(names, times, answers, features)

    def rows(self, path: Path) -> list[dict[str, Any]]:
        """Answer the rows of a table of features."""
        columns = {ours: theirs for ours, theirs in self.recipe.signals.columns.items() if ours != SCORED}
        features = prepared(material.read_columns(path, columns), self.recipe.windows.remove_offset)
        names = [f"{path.name}:{row + 2}" for row in range(len(features))]
        return self._entries(names, self.features.times(features), [{} for _ in names], features)

    def _features(self, signals: np.ndarray, windows: np.ndarray) -> pd.DataFrame:
        """Features of segments, as the model knows them: its own, or those of the table it was trained on."""
        if not self.table:
            return features_of(windows, self.rate)
        wanted = [name for name in self.recipe.signals.columns if name != SCORED]
        unknown = [name for name in wanted if name not in STATISTICS]
        if unknown:
            raise DataError(
                f"the recipe was trained on a table with '{unknown[0]}', which no samples give",
                expected="a table with the columns of signals.columns",
            )
        return prepared(statistics_of(signals)[wanted], self.recipe.windows.remove_offset)

    def _distributions(self, output: np.ndarray) -> list[dict[str, Any]]:
        codec = self.decoder.codec
        low, high = (codec.quantile(output, level) for level in INTERVAL)
        edges = [float(edge) for edge in codec.edges]
        return [
            {
                "low": float(low[row]),
                "high": float(high[row]),
                "distribution": {"edges_s": edges, "probabilities": [float(value) for value in output[row]]},
            }
            for row in range(len(output))
        ]

    def _entries(self, names, times, answers, features) -> list[dict[str, Any]]:
        beside = {name: one.times(features) for name, one in self.references.items()}
        entries = []
        for row, name in enumerate(names):
            answer = {
                SCORED: float(times[row]),
                "low": None,
                "high": None,
                "distribution": None,
                **answers[row],
                "references": {key: float(values[row]) for key, values in beside.items()},
                "trained_on": self.run.summary["catalog"]["source"],
            }
            entries.append(entry(self.recipe, self.run, {"input": name}, answer))
        return entries
