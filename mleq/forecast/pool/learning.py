"""Learns to correct ETAS from all circles of a pool: on a schedule, each time from what is past by then.

A first model is learnt on the training part. The validation part chooses how many trees it keeps, and the weights of a
stack. With what was chosen then, models are learnt anew as the test part begins and every `pool.refit_years` from then
on until the catalogue ends. A day is forecast by the newest model that was learnt before it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic, progress
from mleq.experiment.folder import read_json
from mleq.forecast.pool.circles import Circles
from mleq.forecast.pool.convolved import ConvolvedCorrection, frame_of
from mleq.forecast.pool.dense import DenseCorrection
from mleq.forecast.pool.level import PRIOR
from mleq.forecast.pool.maps import Atlas, Frame, RowMaps
from mleq.forecast.pool.material import Material
from mleq.forecast.pool.residual import BoostedCorrection, Recalibrated
from mleq.forecast.pool.rows import Rows
from mleq.forecast.pool.stack import StackedCorrection, best_weights
from mleq.forecast.pool.walk import Fit

KINDS = {
    "residual_boosting": BoostedCorrection,
    "residual_network": DenseCorrection,
    "residual_convlstm": ConvolvedCorrection,
    "residual_stack": StackedCorrection,
}
POOL_FILE = "pool.json"


@dataclass(frozen=True, eq=False)
class Vintage:
    """A correction as it was learnt: for days from then on.

    Attributes
    ----------
    made : datetime64[D]
        Only targets decided before this day were learnt from.
    source : object or callable
        The correction, or what reads it when it is first asked for.
    """

    made: np.datetime64
    source: Any

    @cached_property
    def correction(self) -> Any:
        """With `corrections`, `contributions` and `save`."""
        return self.source() if callable(self.source) else self.source


@dataclass(frozen=True, eq=False)
class PooledModel:
    """What was learnt from a pool; keeps `mleq.experiment.family.Learned`.

    Attributes
    ----------
    kind : str
        Of `KINDS`.
    circles : Circles
    fits : list of Fit
    vintages : list of Vintage
        Oldest first; the first is that of the training part.
    recalibrated : Recalibrated
    curve : DataFrame
    seconds : float
    material : Material, optional
        Where it was just learnt.
    tables : dict of str to DataFrame
        More files for the run's folder.
    level_days : int, optional
        So many days back chances are held against what came in the whole pool; see `mleq.experiment.level`.
    level_prior : float
        As `mleq.forecast.pool.level.PRIOR`.
    """

    kind: str
    circles: Circles
    fits: list[Fit]
    vintages: list[Vintage]
    recalibrated: Recalibrated
    curve: pd.DataFrame
    seconds: float
    material: Material | None
    tables: dict[str, pd.DataFrame]
    level_days: int | None = None
    level_prior: float = PRIOR

    @property
    def fitted(self) -> np.datetime64:
        """The day before which training ended."""
        return self.vintages[0].made

    @property
    def frame(self) -> Frame | None:
        """How the maps are cut that the model looks at; None where it looks at none."""
        return self.vintages[-1].correction.frame if self.kind == "residual_convlstm" else None

    @property
    def summary(self) -> dict[str, Any]:
        """`model` of summary.json; `parameters` are leaves and weights."""
        best = self.curve.loc[self.curve["best"], "epoch"]
        about = {"name": self.kind, "parameters": self.vintages[0].correction.size}
        about |= {"epochs": int(self.curve["epoch"].max()), "best_epoch": int(best.iloc[0])}
        weights = getattr(self.vintages[0].correction, "weights", None)
        learnt = [str(one.made) for one in self.vintages]
        about |= {"seconds": round(self.seconds, 1), "circles": len(self.circles), "learnt": learnt}
        level = {"level_days": self.level_days, "level_prior": self.level_prior} if self.level_days else {}
        return about | ({"weights": weights} if weights else {}) | level

    @property
    def calibration(self) -> dict[str, Any]:
        """Nothing that is fitted: the log score of all days is what was learnt by, and the level follows the days."""
        return {"prior_shift": None, "platt": None, "out_of_fold": None}

    @property
    def history(self) -> pd.DataFrame:
        """The learning curve."""
        return self.curve

    def save(self, folder: Path) -> None:
        """Write pool.json, the files of each vintage, and the tables."""
        for one in self.vintages:
            one.correction.save(folder / f"correction-{one.made}")
        kept = {
            "kind": self.kind,
            "circles": {
                "latitude": self.circles.latitude.tolist(),
                "longitude": self.circles.longitude.tolist(),
                "radius_km": self.circles.radius_km,
            },
            "fits": [fit.to_dict() for fit in self.fits],
            "vintages": [str(one.made) for one in self.vintages],
            "recalibrated": {"slope": self.recalibrated.slope, "intercept": self.recalibrated.intercept},
            "level_days": self.level_days,
            "level_prior": self.level_prior,
        }
        atomic.write_json(folder / POOL_FILE, kept)
        for name, table in self.tables.items():
            table.to_parquet(folder / name, index=False)

    @classmethod
    def loaded(cls, folder: Path) -> PooledModel:
        """Read what `save` wrote, but for the learning curve."""
        kept = read_json(folder / POOL_FILE)
        place = kept["circles"]
        circles = Circles(np.array(place["latitude"]), np.array(place["longitude"]), place["radius_km"])
        kind = KINDS[kept["kind"]]
        vintages = [
            Vintage(np.datetime64(made, "D"), partial(kind.loaded, folder / f"correction-{made}"))
            for made in kept["vintages"]
        ]
        fits = [Fit.from_dict(one) for one in kept["fits"]]
        return cls(
            kept["kind"], circles, fits, vintages, Recalibrated(**kept["recalibrated"]), pd.DataFrame(), 0.0, None, {},
            kept.get("level_days"), kept.get("level_prior", PRIOR),
        )  # fmt: skip


def learn(recipe, material: Material, *, work: Path, key: str) -> PooledModel:
    """Learn the recipe's model on its schedule.

    Parameters
    ----------
    recipe : CatalogRecipe
    material : Material
    work : pathlib.Path
        For the state of a stopped training.
    key : str
        Hash of all that decides the result.

    Returns
    -------
    PooledModel
    """
    began, pool = time.monotonic(), material.pool
    learner = _Learner(recipe, material, work, key)
    dates = refits(material, recipe.pool.refit_years)
    rows = material.rows.before(material.fitted, pool.horizon)
    with progress.task("learning to correct ETAS", total=len(dates) + 1, unit="models") as shown:
        first, curve = learner.first(rows, material.validation)
        vintages = [Vintage(pool.dates[material.fitted], first)]
        shown.advance()
        for day in dates:
            vintages.append(Vintage(pool.dates[day], learner.again(day)))
            shown.advance()
    recalibrated, seconds = Recalibrated.fit(rows), time.monotonic() - began
    return PooledModel(
        recipe.model.name, pool.circles, material.fits, vintages, recalibrated, curve, seconds, material, {},
        recipe.pool.level_days, recipe.pool.level_prior or PRIOR,
    )  # fmt: skip


def refits(material: Material, years: int) -> list[int]:
    """Days on which models are learnt anew: as the test part begins, and every so many years to the pool's end."""
    pool, found = material.pool, []
    if material.parts["test"].start >= pool.n_days:
        return found
    start = pool.dates[material.parts["test"].start]
    year = start.astype("datetime64[Y]")
    within = start - year.astype("datetime64[D]")
    while (day := pool.day((year + years * len(found)).astype("datetime64[D]") + within)) < pool.n_days:
        found.append(day)
    return found


class _Learner:
    """Learns models of the recipe's kind; remembers what the validation part chose, and what a stopped call learnt."""

    def __init__(self, recipe, material: Material, work: Path, key: str):
        model = recipe.model
        self.kind, self.seed, self.work, self.key = model.name, recipe.seed, work / key[:16], key
        self.material, self.convlstm = material, model
        self.boosting = model.boosting if self.kind == "residual_stack" else model
        self.network = model.network if self.kind == "residual_stack" else model
        if self.kind == "residual_stack":
            most = model.epochs
            self.boosting = self.boosting.model_copy(update={"epochs": min(self.boosting.epochs, most)})
            self.network = self.network.model_copy(update={"epochs": min(self.network.epochs, most)})
        self.trees, self.weights = 0, {}
        with atomic.storing(self.work):
            self.work.mkdir(parents=True, exist_ok=True)

    def first(self, rows: Rows, validation: Rows) -> tuple[Any, pd.DataFrame]:
        """The model of the training part, and its learning curve."""
        stem, curve_file = self.work / "first", self.work / "curve.csv"
        if curve_file.is_file():
            found, curve = KINDS[self.kind].loaded(stem), pd.read_csv(curve_file)
        else:
            found, curve = self._first(rows, validation)
            self._keep(found, stem)
            atomic.write_text(curve_file, curve.to_csv(index=False))
        self.trees = int(curve.loc[curve["best"], "epoch"].iloc[0])
        self.weights = getattr(found, "weights", {})
        return found, curve

    def again(self, day: int) -> Any:
        """The same with all days to learn from that are decided as one begins."""
        stem = self.work / str(day)
        done = stem.with_name(f"{day}.done")
        if done.is_file():
            return KINDS[self.kind].loaded(stem)
        found = self._again(self.material.rows.before(day, self.material.pool.horizon), str(day))
        self._keep(found, stem)
        atomic.write_text(done, "")
        return found

    def _first(self, rows: Rows, validation: Rows) -> tuple[Any, pd.DataFrame]:
        if self.kind == "residual_network":
            return self._network(rows, "first", validation)
        if self.kind == "residual_convlstm":
            return self._convolved(rows, "first", validation)
        trees, curve = BoostedCorrection.grown(
            self.boosting, rows, trees=self.boosting.epochs, seed=self.seed, validation=validation
        )
        if self.kind == "residual_boosting":
            return trees, curve
        members = {"boosting": trees, "network": self._network(rows, "first", validation)[0]}
        found = best_weights([one.corrections(validation.inputs) for one in members.values()], validation)
        weights = {name: round(float(weight), 4) for name, weight in zip(members, found, strict=True)}
        return StackedCorrection(members, weights), curve

    def _again(self, rows: Rows, name: str) -> Any:
        if self.kind == "residual_network":
            return self._network(rows, name)[0]
        if self.kind == "residual_convlstm":
            return self._convolved(rows, name)[0]
        trees, _ = BoostedCorrection.grown(self.boosting, rows, trees=self.trees, seed=self.seed)
        if self.kind == "residual_boosting":
            return trees
        return StackedCorrection({"boosting": trees, "network": self._network(rows, name)[0]}, self.weights)

    def _network(self, rows: Rows, name: str, validation: Rows | None = None) -> tuple[Any, pd.DataFrame]:
        work = self.work / f"network-{name}"
        return DenseCorrection.trained(
            self.network, rows, seed=self.seed, work=work, key=self.key, validation=validation
        )

    def _convolved(self, rows: Rows, name: str, validation: Rows | None = None) -> tuple[Any, pd.DataFrame]:
        checked = {} if validation is None else {"validation": validation, "validation_maps": self._maps(validation)}
        where = {"work": self.work / f"convlstm-{name}", "key": self.key}
        return ConvolvedCorrection.trained(
            self.convlstm, rows, self._maps(rows), seed=self.seed, **where, **checked
        )  # fmt: skip

    @cached_property
    def _atlas(self) -> Atlas:
        return Atlas.of(self.material.pool, self.material.fits, frame_of(self.convlstm))

    def _maps(self, rows: Rows) -> RowMaps:
        return self._atlas.rows(rows.circle, rows.day)

    def _keep(self, found: Any, stem: Path) -> None:
        with atomic.storing(stem):
            found.save(stem)
