"""What answers were worth beside the references: at known stations, at new ones, by signal over noise, by direction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mleq.azimuth.recipe import AzimuthRecipe
from mleq.experiment.table import with_interval
from mleq.scores.circular import (
    FLIP_DEG,
    LEVELS,
    NEAR_DEG,
    calibration_error,
    circular_error,
    stated_probability,
    von_mises_nats,
)
from mleq.scores.clustered import ClusterBootstrap

SNR_EDGES_DB = (0.0, 5.0, 10.0, 15.0, 20.0)
SECTORS = 8
FEWEST_EVENTS = 20
MODEL = "back_azimuth_deg"
"""Column of the model's answer in forecasts.parquet; its concentration is in `kappa`."""
NOT_REFERENCES = (
    "part", "trace", "event", "station", "origin_time", "observed", "snr_db", "distance_km", MODEL, "kappa",
    "latent_1", "latent_2",
)  # fmt: skip

Scores = dict[str, dict[str, Any]]


def reference_names(forecasts: pd.DataFrame) -> list[str]:
    """Return the references among the columns of forecasts.parquet; each has its concentration in NAME_kappa."""
    return [name for name in forecasts if name not in NOT_REFERENCES and not name.endswith("_kappa")]


def columns_of(name: str) -> tuple[str, str]:
    """Return the columns of a method's directions and concentrations."""
    return (MODEL, "kappa") if name == MODEL else (name, f"{name}_kappa")


class Comparison:
    """All methods on the same traces, with intervals from the same resamples of events."""

    def __init__(self, forecasts: pd.DataFrame, seed: int = 0):
        self.frame = forecasts.reset_index(drop=True)
        self.methods = [MODEL, *reference_names(forecasts)]
        self.bootstrap = ClusterBootstrap(self.frame["event"], seed=seed)
        observed = self.frame["observed"].to_numpy()
        self.error, self.nats, self.stated = {}, {}, {}
        for name in self.methods:
            direction, kappa = (self.frame[column].to_numpy() for column in columns_of(name))
            self.error[name] = circular_error(observed, direction)
            self.nats[name] = von_mises_nats(observed, direction, kappa)
            self.stated[name] = stated_probability(observed, direction, kappa)

    def scores(self, name: str, chosen: np.ndarray | None = None) -> Scores:
        """Scores of a method on all or some of the traces, each with its interval by event."""
        mean, error = self.bootstrap.mean, self.error[name]
        found = {
            "circular_mae_deg": mean(error, chosen),
            "circular_median_deg": self.bootstrap.median(error, chosen),
            "share_within_20_deg": mean(error <= NEAR_DEG, chosen),
            "share_of_flips": mean(error > FLIP_DEG, chosen),
            "von_mises_log_score": mean(self.nats[name], chosen),
        }
        for level in LEVELS:
            found[f"coverage_{100 * level:.0f}"] = mean(self.stated[name] <= level, chosen)
        return found

    def gain(self, name: str, chosen: np.ndarray | None = None) -> Scores:
        """By how much the model is better than a reference: degrees of mean error, nats of log score."""
        mean = self.bootstrap.mean
        return {
            "degrees": mean(self.error[name] - self.error[MODEL], chosen),
            "nats_per_trace": mean(self.nats[name] - self.nats[MODEL], chosen),
        }

    def groups(self, values: np.ndarray, edges: tuple[float, ...]) -> list[dict[str, Any]]:
        """Scores of all methods in bins of some quantity; below the first edge, between edges, from the last on."""
        ends = [None, *edges, None]
        rows = []
        for low, high in zip(ends[:-1], ends[1:], strict=True):
            chosen = (values >= (-np.inf if low is None else low)) & (values < (np.inf if high is None else high))
            scores = {name: self.scores(name, chosen) for name in self.methods} if chosen.any() else {}
            events = int(self.frame.loc[chosen, "event"].nunique())
            rows.append({"low": low, "high": high, "traces": int(chosen.sum()), "events": events, "scores": scores})
        return rows


def evaluate(recipe: AzimuthRecipe, forecasts: pd.DataFrame) -> dict[str, Any]:
    """Score the test part, and the new stations where some were held out.

    Returns
    -------
    dict
        scores, references, gain, confusion (None), verdict of summary.json; `calibration_error` by method;
        `by_snr_db` and `by_direction`; `new_stations` with scores, references, gain.
    """
    test = Comparison(forecasts[forecasts["part"] == "test"], seed=recipe.seed)
    answer = _side_by_side(test)
    frame = test.frame
    observed = frame["observed"].to_numpy()
    answer["by_snr_db"] = test.groups(frame["snr_db"].to_numpy(), SNR_EDGES_DB)
    # Sectors are centred on north, so that the first holds both sides of 0/360.
    width = 360 / SECTORS
    sector = np.mod(observed + width / 2, 360)
    answer["by_direction"] = test.groups(sector, tuple(width * np.arange(1, SECTORS)))
    for number, row in enumerate(answer["by_direction"]):
        row["low"], row["high"] = width * (number - 0.5) % 360, width * (number + 0.5)
    answer["calibration_error"] = {
        name: calibration_error(observed, *(frame[column].to_numpy() for column in columns_of(name)))
        for name in test.methods
    }
    new = forecasts[forecasts["part"] == "new_stations"]
    answer["new_stations"] = _side_by_side(Comparison(new, seed=recipe.seed)) if len(new) else None
    answer["verdict"] = verdict(answer["gain"], answer["scores"], frame, answer["new_stations"])
    answer["confusion"] = None
    return answer


def _side_by_side(comparison: Comparison) -> dict[str, Any]:
    references = comparison.methods[1:]
    return {
        "scores": comparison.scores(MODEL),
        "references": {name: comparison.scores(name) for name in references},
        "gain": {name: comparison.gain(name) for name in references},
    }


def verdict(gains: Mapping[str, Scores], scores: Scores, frame: pd.DataFrame, new: dict[str, Any] | None) -> str:
    """Say in a sentence what the answers are worth, by rule from the gains.

    The strongest reference is the one over which the gain in degrees is lowest; there must be 20 events.
    """
    events = frame["event"].nunique()
    if events < FEWEST_EVENTS:
        return f"No verdict: {events} events in the test part, fewer than {FEWEST_EVENTS}."
    strongest = min(gains, key=lambda name: gains[name]["degrees"]["value"])
    gain = gains[strongest]["degrees"]
    opening = "Better than" if gain["low"] > 0 else "Worse than" if gain["high"] < 0 else "No skill shown beyond"
    degrees = with_interval(gain, 2, signed=True)
    sentence = (
        f"{opening} {strongest.replace('_', ' ')}: {degrees} degrees of circular error on {len(frame):,} traces of "
        f"{events:,} events at known stations, where the model errs by {scores['circular_mae_deg']['value']:.1f}"
    )
    if new is None:
        return f"{sentence}."
    strongest = min(new["gain"], key=lambda name: new["gain"][name]["degrees"]["value"])
    degrees = with_interval(new["gain"][strongest]["degrees"], 2, signed=True)
    return f"{sentence}; at new stations {degrees} beside {strongest.replace('_', ' ')}."
