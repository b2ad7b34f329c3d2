"""What a recipe will do and what it will cost, said before anything is done."""

from __future__ import annotations

from typing import Any

import numpy as np

from mleq.experiment.memory import PROGRAM_MB, in_words
from mleq.lab.inputs import CACHE_BYTES, shapes
from mleq.lab.recipe import LabRecipe
from mleq.lab.windows import describe_split, make_samples

BATCH_COPIES = 12
"""Of the inputs of a batch: what the layers make of them, and the gradients."""


def plan(recipe: LabRecipe, material: Any) -> dict[str, Any]:
    """Plan a run: data, windows, parts, inputs; see `mleq.experiment.family.Family`."""
    given = {} if recipe.learns_features else shapes(recipe)
    values: dict[str, Any] = {
        "family": recipe.family,
        "recipe_id": recipe.id,
        "forecast": recipe.one_line,
        "data_needed": _data_needed(recipe),
        "inputs": {name: list(shape) for name, shape in given.items()},
        "input_mb": round(sum(4 * float(np.prod(shape)) for shape in given.values()) / 1e6, 3),
        "model": recipe.model.name,
        "objectives": _objectives(recipe),
        "scheme": recipe.split.scheme,
    }
    if material is not None:
        samples = make_samples(recipe, material)
        train = samples.target[samples.parts["train"]]
        values |= {
            "source": material.source,
            "rows": int(material.rows),
            "memory_mb": _memory_mb(recipe, len(samples.target), values["input_mb"]),
            **({} if recipe.learns_features else {"layers_mb": None}),
            "split": describe_split(recipe, samples),
            "median_of_training_s": float(np.median(train)),
        }
    return values


def _memory_mb(recipe: LabRecipe, windows: int, input_mb: float) -> int:
    """Bound the memory of a training from above, 10^6 bytes; inputs are kept with half their bytes, or not at all."""
    kept = 0.5 * input_mb * windows
    batch = BATCH_COPIES * getattr(recipe.model, "batch_size", 0) * input_mb
    return round(PROGRAM_MB + (kept if 1e6 * kept <= CACHE_BYTES else 0) + batch)


def _objectives(recipe: LabRecipe) -> list[str]:
    if recipe.learns_features:
        return ["mae" if recipe.model.name == "boosting" else "mse"]
    own = recipe.model.objective
    return [own, *(other for other in ("bins", "mse", "mae") if recipe.model.compare and other != own)]


def _data_needed(recipe: LabRecipe) -> str:
    signals = recipe.signals
    if signals.source == "simulated":
        coupled = "nothing tells of the failure" if signals.coupling == 0 else f"coupling {signals.coupling:g}"
        return (
            f"simulated from seed {signals.seed}: {signals.failures} failures at {signals.sampling_rate_hz:g} Hz, "
            f"{coupled}; or --input train.csv"
        )
    return f"the record '{signals.store}' of the store, which fetch --input brings"


def plan_lines(values: dict[str, Any]) -> list[str]:
    """Say a plan in words, a line each."""
    lines = [f"recipe      {values['recipe_id']}: {values['forecast']}", f"data        {values['data_needed']}"]
    if "missing_data" in values:
        lines.append(f"            {values['missing_data']}")
    if "rows" in values:
        lines.append(f"record      {values['source']}, {values['rows']:,} rows")
        for part, row in values["split"].items():
            lines.append(
                f"{part:<12}{row['windows']:,} windows of {row['cycles']} cycles, {row['start']} to {row['end']}"
            )
        lines.append(f"memory      {in_words(values)}")
        lines.append(f"median      {values['median_of_training_s']:.2f} s in the training part, the first reference")
    lines.append(f"split       {values['scheme'].replace('_', ' ')}")
    for name, shape in values["inputs"].items():
        lines.append(f"input       {name}: {' x '.join(f'{size:,}' for size in shape)}")
    lines.append(f"model       {values['model']}, learnt by {', then '.join(values['objectives'])}")
    return lines
