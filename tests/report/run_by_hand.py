"""A run's folder made by hand, with all that a page has to cope with."""

import json

import numpy as np
import pandas as pd

REASON = "the test part is shorter than 5 blocks of 60 days"


def scores(log_score, *, interval=True):
    def near(value):
        if not interval:
            return {"value": value, "low": None, "high": None, "reason": REASON}
        return {"value": value, "low": value * 0.8, "high": value * 1.2}

    undefined = {"value": None, "low": None, "high": None, "reason": "undefined on 9 days of which 0 have an event"}
    return {
        "log_score": near(log_score),
        "brier_score": near(log_score / 4),
        "roc_auc": near(0.61),
        "pr_auc": undefined if not interval else near(0.2),
    }


def make_summary(days=400, positives=60):
    def gain(value, width):
        per_day = {"value": value, "low": value - width, "high": value + width, "detectable": 2.8 * width}
        return {"nats_per_day": per_day, "nats_per_event_day": {k: v * 7 for k, v in per_day.items()}}

    no_interval = {"value": 0.004, "low": None, "high": None, "reason": REASON}
    return {
        "recipe_id": "somewhere",
        "family": "catalog",
        "run": "20260101T000000Z-0123abcd",
        "title": {"en": "Somewhere", "ja": "どこか"},
        "note": "Made by hand.",
        "target": {
            "latitude": 35.68,
            "longitude": 139.77,
            "radius_km": 150.0,
            "magnitude": 4.5,
            "max_depth_km": 100.0,
            "horizon_days": 7,
            "timezone": "Asia/Tokyo",
            "allow_incomplete": True,
        },
        "catalog": {
            "source": "by hand",
            "events": 12345,
            "sha256": "ab" * 32,
            "start": "1980-01-01T00:00:00+00:00",
            "end": "2015-12-31T23:39:28.941000+00:00",
            "completeness_magnitude": 4.7,
            "b_value": 1.03,
            "b_value_from_magnitude": 4.7,
            "target_below_completeness": True,
        },
        "split": {
            "train": {"start": "1980-01-17", "end": "2001-08-13", "days": 7880, "positives": 511},
            "validation": {"start": "2001-08-30", "end": "2007-01-04", "days": 1954, "positives": 96},
            "test": {"start": "2007-01-21", "end": "2008-02-24", "days": days, "positives": positives},
        },
        "model": {"name": "convlstm", "parameters": 1836081, "epochs": 12, "best_epoch": 5, "seconds": 12.0},
        "scores": scores(0.41),
        "references": {
            "climatology": scores(0.45),
            "trailing_30": scores(0.42, interval=False),
            "etas": scores(0.40),
        },
        "gain": {
            "climatology": gain(0.0412, 0.0151),
            "trailing_30": {"nats_per_day": no_interval, "nats_per_event_day": dict(no_interval, value=None)},
            "etas": gain(-0.0094, 0.0123),
        },
        "confusion": {
            "threshold": 0.061, "tp": 40, "fp": 100, "fn": 20, "tn": 240,
            "accuracy": 0.7, "precision": 0.2857, "recall": 0.6667, "f1": 0.4,
        },
        "verdict": "No skill shown beyond ETAS: -0.009 [-0.022, +0.003] nats per day on 400 days.",
    }  # fmt: skip


def make_forecasts(days=400, seed=7):
    """Forecasts with skill: log-odds that wander, and events drawn from a noisy version of them."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.35, days)
    odds = np.empty(days)
    odds[0] = -2
    for day in range(1, days):
        odds[day] = -2 + 0.93 * (odds[day - 1] + 2) + steps[day]
    truth = 1 / (1 + np.exp(-odds))
    observed = rng.random(days) < truth
    frame = pd.DataFrame(
        {
            "part": "test",
            "target_date": pd.date_range("2007-01-21", periods=days, freq="D"),
            "observed": observed,
            "probability": 1 / (1 + np.exp(-(odds + rng.normal(0, 0.5, days)))),
            "climatology": 0.0649,
            "trailing_30": np.clip(
                pd.Series(observed).rolling(30, min_periods=1).mean().shift(fill_value=0.06), 0.01, 1
            ),
            "etas": truth,
            "uncalibrated": np.clip(truth + 0.4, 0, 1),
        }
    )
    before = frame.head(days // 4).assign(part="validation")
    before["target_date"] -= pd.Timedelta(days=days)
    return pd.concat([before, frame], ignore_index=True)


def write_plots(folder, days=400, *, cells=600, a_day=22, place="near here", seed=5):
    """Write what a run of the family `catalog` keeps for its page: a world of 20 by 30 cells, 15 days before each."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    window, first = 15, np.datetime64("2007-01-06")
    per_day = rng.poisson(a_day, days + window)
    n = int(per_day.sum())
    date = first + window + np.arange(days)
    np.savez_compressed(
        folder / "heatmaps.npz",
        first_day=np.array(str(first)), cells_per_day=per_day.astype(np.uint32),
        cell=rng.integers(0, cells, n).astype(np.uint32), magnitude=rng.integers(80, 140, n).astype(np.uint8),
        frequency=(1 + rng.poisson(0.5, n)).astype(np.uint16), depth_km=rng.integers(5, 600, n).astype(np.uint16),
        grid=np.array([-90.0, -48.0, 9.0, 12.0, 20, 30]), window_days=np.array(window), date=date.astype(str),
        observed=rng.random(days) < 0.1, part=np.full(days, 2, np.uint8),
    )  # fmt: skip
    many = 400
    events = pd.DataFrame(
        {
            "id": [f"e{k}" for k in range(many)],
            "origin_time": pd.date_range("2000-01-01", periods=many, freq="10D", tz="UTC"),
            "latitude": 35.68 + rng.normal(0, 1, many), "longitude": 139.77 + rng.normal(0, 1, many),
            "depth_km": np.where(np.arange(many) % 9 == 0, np.nan, 30.0), "magnitude": 4 + rng.exponential(0.43, many),
            "distance_km": 50.0, "strongest": np.arange(many) < 300, "newest": np.arange(many) >= 100, "place": place,
        }
    )  # fmt: skip
    events.to_parquet(folder / "events.parquet", index=False)
    magnitude = np.arange(40, 80) / 10
    counts = np.round(4000 * 10 ** -(magnitude - 4)).astype(int)
    pd.DataFrame({"magnitude": magnitude, "events": counts}).to_csv(folder / "magnitudes.csv", index=False)


def write_run(folder, *, days=400, plots=True, place="near here", **changes):
    """Write a run's folder; `changes` replace keys of its summary."""
    folder.mkdir(parents=True)
    if plots:
        write_plots(folder / "plots", days, place=place)
    forecasts = make_forecasts(days)
    test = forecasts[forecasts["part"] == "test"]
    summary = {**make_summary(days, int(test["observed"].sum())), **changes}
    recipe = {"id": summary["recipe_id"], "family": summary["family"], "title": summary["title"], "seed": 1}
    machine = {
        "command": [
            "/home/somebody/bin/mleq",
            "train",
            "--recipe_id",
            "somewhere",
            "--catalog",
            "/home/somebody/a.csv",
        ],
        "recipe_sha256": "cd" * 32,
        "catalog_sha256": "ab" * 32,
        "seed": 1,
        "devices": ["CPU"],
        "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:10:00+00:00",
        "seconds": {"samples": 1.5, "training": 550.0},
        "peak_memory_mb": 873.3,
        "mleq": "0.1.0",
        "git_commit": None,
        "python": "3.11.7",
        "platform": "Linux",
        "packages": {"numpy": "2.4.6", "tensorflow": None},
    }
    files = {
        "summary.json": summary,
        "recipe.json": {"format": 1, "recipes": [recipe]},
        "calibration.json": {"threshold": 0.061},
        "run.json": machine,
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    epochs = np.arange(1, 13)
    history = {
        "epoch": epochs,
        "seconds": 1.0,
        "train_loss": 0.7 - 0.02 * epochs,
        "validation_log_loss": 0.2 + 0.001 * (epochs - 5) ** 2,
        "best": epochs <= 5,
    }
    pd.DataFrame(history).to_csv(folder / "history.csv", index=False)
    forecasts.to_parquet(folder / "forecasts.parquet", index=False)
    return folder


def pool_answers(days=300, circles=60, seed=3):
    """Forecasts of circles around the Pacific that are right, beside an ETAS that is too high."""
    from mleq.forecast.pool.circles import Circles
    from mleq.forecast.pool.forecaster import Answers

    rng = np.random.default_rng(seed)
    latitude, longitude = rng.uniform(-60, 60, circles), (rng.uniform(90, 290, circles) + 180) % 360 - 180
    log_odds = rng.normal(-4, 1, circles) + rng.normal(0, 1, (days, circles))
    chance, etas = 1 / (1 + np.exp(-log_odds)), 1 / (1 + np.exp(-log_odds - 0.3))
    came = rng.random(chance.shape) < chance
    references = {"etas": etas, "climatology": np.broadcast_to(chance.mean(axis=0), etas.shape), "etas_leveled": etas}
    dates = np.datetime64("2007-01-21") + np.arange(days)
    place, known = Circles(latitude, longitude, 150.0), np.ones(days, bool)
    return Answers(place, dates, came, known, chance, references, np.minimum(etas, 0.01), np.ones(days))


def write_pool_run(folder, **changes):
    """Write a run with a pool: what `mleq.forecast.pool.scoring` says of made-up forecasts."""
    from mleq.forecast.pool import scoring

    answers = pool_answers()
    write_run(folder, pool=scoring.evaluate_pool(answers, horizon_days=1, seed=1), **changes)
    scoring.by_circle(answers).to_parquet(folder / "pool_circles.parquet", index=False)
    return folder
