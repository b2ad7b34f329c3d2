"""Whether probabilities like those of `odds` come true as often as they say, on simulated catalogues.

    python benchmarks/etas_calibration.py [--catalogs 2000] [--processes 1] [--keep FOLDER]

Each catalogue has a background of its own. Of each, ten statements are made: five at random times, and five soon after
the first event of M >= 5 that follows a random time, around its place; with radii of 40 to 200 km, magnitudes of 4 to
5 and horizons of half a day to 30 days. They are sorted into ten classes of equal number by probability. The band is
simultaneous over the classes at 95 %, from resampling whole catalogues, and no narrower than for independent
statements. Each catalogue is asked twice: with the parameters and background that made it, and with parameters, b and
background fitted to its first 1,500 days, as `odds` does, parameter uncertainty included, but from 10 sets of
parameters and 1,000 worlds where `odds` takes 100 and 20,000. About half a second a catalogue on one core. With
`--keep`, what is finished is kept in blocks of 50 catalogues, and not done again.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mleq import atomic  # noqa: E402
from mleq.etas import (  # noqa: E402
    Circle,
    EtasModel,
    EtasParameters,
    History,
    fault_like_background,
    fit_etas,
    simulate_catalog,
)
from mleq.etas.dated import b_value_of  # noqa: E402
from mleq.forecast.regional import TAPER_DAYS  # noqa: E402

REGION, M0, B_VALUE, MAGNITUDE_MAX = (34.0, 38.0, 136.0, 141.0), 4.0, 1.0, 7.5
TRUTH = EtasParameters(0.25, 0.25, 1.3, 0.02, 1.25, 6.0, 1.7, 1.0, m0=M0)
LEARN, FIT_FROM, LAST = 1500.0, 200.0, 2500.0
STATEMENTS, CLASSES, RESAMPLES, BLOCK, SETS = 10, 10, 2000, 50, 10


def made(seed: int):
    """One catalogue that begins with nothing, so that the history is all there is; and its background."""
    background = fault_like_background(REGION, np.random.default_rng(seed))
    catalog = simulate_catalog(
        REGION, 0, LAST, TRUTH, b_value=B_VALUE, magnitude_max=MAGNITUDE_MAX, seed=seed,
        background=background, burn_in_days=0, keep_outside=True,
    )  # fmt: skip
    columns = ("time_days", "latitude", "longitude", "magnitude")
    return History.of(*(catalog[name] for name in columns)), background


def questions(history: History, background, seed: int):
    """Statements to be made: (circle, issue time, days, magnitude), at times known when they come."""
    rng = np.random.default_rng([seed, 1])
    for number in range(STATEMENTS):
        at = rng.uniform(LEARN, LAST - 60)
        latitude, longitude, _ = (float(v[0]) for v in background.sample(rng, 1))
        if number % 2:
            later = np.flatnonzero((history.time_days > at) & (history.magnitude >= 5))
            when = history.time_days[later[0]] + rng.exponential(1.0) if later.size else np.inf
            if when < LAST - 30:
                at, latitude, longitude = when, history.latitude[later[0]], history.longitude[later[0]]
        circle = Circle(float(latitude), float(longitude), float(np.exp(rng.uniform(np.log(40), np.log(200)))))
        days = float(np.exp(rng.uniform(np.log(0.5), np.log(30))))
        yield circle, float(at), days, float(np.round(rng.uniform(4.0, 5.0), 1))


def statements(model: EtasModel, history: History, background, seed: int, covariance=None):
    """Probabilities and whether they came true, shape (10, 2)."""
    rows = []
    for number, (circle, at, days, magnitude) in enumerate(questions(history, background, seed)):
        drawn = {"n_simulations": 1000, "seed": number, "log_covariance": covariance, "parameter_sets": SETS}
        said = model.probability(history, circle, at, days, magnitude, **drawn)
        coming = (history.time_days >= at) & (history.time_days < at + days) & (history.magnitude >= magnitude)
        rows.append((said["value"], circle.contains(history.latitude[coming], history.longitude[coming]).any()))
    return np.array(rows, dtype=float)


def fitted_model(history: History):
    """What `odds` would use: parameters, b and background from the first 1,500 days."""
    fit = fit_etas(history, region=REGION, start=FIT_FROM, end=LEARN, m0=M0, tapered=TAPER_DAYS)
    usable = fit.converged and not fit.at_bounds and np.isfinite(fit.log_covariance).all()
    model = fit.model(b_value_of(fit.targets.magnitude, M0), MAGNITUDE_MAX)
    return model, fit.log_covariance, usable


def shown(name: str, rows: np.ndarray) -> None:
    """Print reliability by classes with the simultaneous band; rows of shape (catalogues, 10, 2)."""
    said, true = rows[..., 0], rows[..., 1]
    edges = np.quantile(said, np.linspace(0, 1, CLASSES + 1)[1:-1])
    which = np.searchsorted(edges, said, side="right")
    member = which[..., None] == np.arange(CLASSES)
    count = member.sum(axis=1).astype(float)
    excess = ((true - said)[..., None] * member).sum(axis=1)
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), RESAMPLES).astype(float)
    bias = excess.sum(axis=0) / count.sum(axis=0)
    resampled = (drawn @ excess) / np.maximum(drawn @ count, 1)
    # Where next to nothing came true, resampling sees no scatter; that of independent statements is the least there is.
    independent = np.sqrt(((said * (1 - said))[..., None] * member).sum(axis=(0, 1))) / count.sum(axis=0)
    error = np.maximum(resampled.std(axis=0), independent)
    factor = np.quantile(np.max(np.abs(resampled - bias) / error, axis=1), 0.95)
    inside = np.abs(bias) <= factor * error
    print(f"{name}: {said.size:,} statements on {len(rows):,} catalogues; {int(true.sum()):,} came true, "
          f"{said.sum():,.0f} expected")  # fmt: skip
    print("  said      came true   band of the difference (simultaneous 95 %)")
    for k in range(CLASSES):
        mean = (said * member[..., k]).sum() / count[:, k].sum()
        half = factor * error[k]
        print(f"  {mean:8.4f}  {mean + bias[k]:8.4f}    {bias[k]:+.4f} +- {half:.4f}{'' if inside[k] else '  OUTSIDE'}")
    print(f"  within the band in {int(inside.sum())} of {CLASSES} classes", flush=True)


def block_of(keep: Path | None, seeds: range) -> tuple[np.ndarray, np.ndarray]:
    """Statements on some catalogues with the true and with fitted parameters, each of shape (n, 10, 2).

    NaN where a fit had no proper maximum.
    """
    path = keep / f"{seeds.start:06d}-{seeds.stop:06d}.npy" if keep else None
    if path and path.is_file():
        return tuple(np.load(path))
    logging.getLogger("mleq").setLevel(logging.ERROR)
    rows = np.full((2, len(seeds), STATEMENTS, 2), np.nan)
    for number, seed in enumerate(seeds):
        history, background = made(seed)
        rows[0, number] = statements(EtasModel(TRUTH, background, B_VALUE, MAGNITUDE_MAX), history, background, seed)
        model, covariance, usable = fitted_model(history)
        if usable:
            rows[1, number] = statements(model, history, background, seed, covariance)
    if path:
        with atomic.beside(path) as temporary, temporary.open("wb") as file:
            np.save(file, rows)
    return tuple(rows)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--catalogs", type=int, default=2000, metavar="N")
    options.add_argument("--processes", type=int, default=1, metavar="N")
    options.add_argument("--keep", type=Path, metavar="FOLDER", help="of one version of the code")
    chosen = options.parse_args()
    began = time.perf_counter()
    firsts = range(0, chosen.catalogs, BLOCK)
    blocks = [range(first, min(first + BLOCK, chosen.catalogs)) for first in firsts]
    with ProcessPoolExecutor(chosen.processes) as pool:
        true_rows, fitted_rows = map(
            np.concatenate, zip(*pool.map(partial(block_of, chosen.keep), blocks), strict=True)
        )
    shown("true parameters", true_rows)
    usable = np.isfinite(fitted_rows).all(axis=(1, 2))
    shown("fitted parameters", fitted_rows[usable])
    print(
        f"  {np.sum(~usable)} of {usable.size} fits had no proper maximum, where `odds` takes a generic set; left out"
    )
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
