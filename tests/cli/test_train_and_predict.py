import datetime as dt
import errno
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.tensorflow


class TestTrain:
    def test_a_run_holds_all_that_it_must(self, trained):
        run = next((trained / "out" / "small" / "runs").iterdir())
        names = {p.name for p in run.iterdir()}
        assert {
            "summary.json",
            "recipe.json",
            "run.json",
            "history.csv",
            "forecasts.parquet",
            "model.keras",
            "calibration.json",
        } <= names
        assert (trained / "out" / "small" / "summary.json").read_text() == (run / "summary.json").read_text()
        assert (trained / "out" / "small" / "report.html").stat().st_size > 1000

    def test_the_same_training_twice_at_once_fails_at_once_as_its_help_says(self, trained, mleq, tmp_path):
        from mleq import api, atomic
        from mleq.experiment.run import run_key

        run = next((trained / "out" / "small" / "runs").iterdir())
        recipe = api.load_recipe("small", trained / "recipe.json")
        key = run_key(recipe, json.loads((run / "run.json").read_text())["catalog_sha256"])
        words = ("--recipe_id", "small", "--recipe", trained / "recipe.json", "--out_dir", tmp_path)
        with atomic.locked(tmp_path / "small" / "runs" / f".unfinished-{key[:12]}.lock"):
            answer = mleq("train", *words)
        assert answer.code == 1
        assert "another process is training this recipe" in answer.err
        assert "fails at once" in " ".join(mleq("train", "--help").out.split())

    def test_the_summary_keeps_its_contract(self, trained):
        summary = json.loads((trained / "out" / "small" / "summary.json").read_text())
        assert {"recipe_id", "family", "run", "target", "catalog", "split", "model"} <= set(summary)
        assert {"scores", "references", "gain", "confusion", "verdict"} <= set(summary)
        assert {"events", "sha256", "start", "end", "completeness_magnitude", "b_value"} <= set(summary["catalog"])
        assert set(summary["split"]) == {"train", "validation", "test"}
        assert set(summary["split"]["test"]) == {"start", "end", "days", "positives"}
        assert {"name", "parameters", "epochs", "best_epoch", "seconds"} <= set(summary["model"])
        for scores in (summary["scores"], summary["references"]["climatology"]):
            assert set(scores) == {"log_score", "brier_score", "roc_auc", "pr_auc"}
            assert all({"value", "low", "high"} <= set(score) for score in scores.values())
        gain = summary["gain"]["climatology"]
        assert set(gain) == {"nats_per_day", "nats_per_event_day"}
        confusion = summary["confusion"]
        assert set(confusion) >= {"threshold", "tp", "fp", "fn", "tn", "accuracy", "precision", "recall", "f1"}
        assert confusion["tp"] + confusion["fp"] + confusion["fn"] + confusion["tn"] == summary["split"]["test"]["days"]

    def test_the_scores_are_those_of_the_forecasts_kept(self, trained):
        run = next((trained / "out" / "small" / "runs").iterdir())
        summary = json.loads((run / "summary.json").read_text())
        forecasts = pd.read_parquet(run / "forecasts.parquet")
        assert list(forecasts)[:5] == ["part", "target_date", "observed", "probability", "climatology"]
        assert list(forecasts)[4:] == [*summary["references"], "uncalibrated"]
        test = forecasts[forecasts["part"] == "test"]
        p, y = test["probability"].to_numpy(), test["observed"].to_numpy()
        assert summary["scores"]["log_score"]["value"] == pytest.approx(-np.mean(np.where(y, np.log(p), np.log(1 - p))))
        assert summary["scores"]["brier_score"]["value"] == pytest.approx(np.mean((p - y) ** 2))
        c = test["climatology"].to_numpy()
        gain = np.mean(np.where(y, np.log(p / c), np.log((1 - p) / (1 - c))))
        assert summary["gain"]["climatology"]["nats_per_day"]["value"] == pytest.approx(gain)
        assert summary["gain"]["climatology"]["nats_per_event_day"]["value"] == pytest.approx(gain * len(y) / y.sum())

    def test_run_json_says_how_to_do_it_again(self, trained):
        run = next((trained / "out" / "small" / "runs").iterdir())
        record = json.loads((run / "run.json").read_text())
        assert {"command", "recipe_sha256", "catalog_sha256", "packages", "seed", "devices", "git_commit"} <= set(
            record
        )
        assert record["peak_memory_mb"] > 10
        assert record["seconds"]["training"] > 0

    def test_the_same_recipe_gives_the_same_forecasts(self, trained, tmp_path, mleq):
        again = mleq("train", "--recipe_id", "small", "--recipe", trained / "recipe.json", "--out_dir", tmp_path, "-q")
        assert again.code == 0
        first, second = (
            pd.read_parquet(next((out / "small" / "runs").iterdir()) / "forecasts.parquet")
            for out in (trained / "out", tmp_path)
        )
        pd.testing.assert_frame_equal(first, second)

    @pytest.mark.parametrize(
        "error",
        [
            MemoryError("Unable to allocate 9.97 MiB"),
            type("ResourceExhaustedError", (Exception,), {})("OOM when allocating tensor"),
            RuntimeError("[12:00:00] std::bad_alloc"),
        ],
    )
    def test_too_little_memory_ends_in_one_message(self, tmp_path, small, mleq, monkeypatch, recipes, error):
        def no_memory(*_, **__):
            raise error

        monkeypatch.setattr("mleq.forecast.family.fit_references", no_memory)
        answer = mleq("train", "--recipe_id", "small", "--recipe", recipes(small), "--out_dir", tmp_path)
        assert answer.code == 1
        assert "too little memory is free. `mleq check --recipe_id ID` says how much" in answer.err

    def test_a_full_disk_at_the_rename_keeps_the_training(self, tmp_path, small, mleq, monkeypatch, recipes):
        from mleq.experiment import folder

        path, out = recipes(small), tmp_path / "out"

        rename = os.replace

        def full(source, place):
            if Path(source).name == "result":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            rename(source, place)

        with monkeypatch.context() as patched:
            patched.setattr(folder.os, "replace", full)
            stopped = mleq("train", "--recipe_id", "small", "--recipe", path, "--out_dir", out)
        assert stopped.code == 1
        assert os.strerror(errno.ENOSPC) in stopped.err
        assert "free some space" in stopped.err
        again = mleq("train", "--recipe_id", "small", "--recipe", path, "--out_dir", out)
        assert again.code == 0
        assert "goes on after epoch 2" in again.err

    def test_an_interrupted_training_goes_on_as_if_never_stopped(self, trained, tmp_path, small, mleq, monkeypatch):
        from mleq.experiment import training

        original, calls = training._train_epoch, []

        def interrupted(*args, **kwargs):
            calls.append("epoch")
            if len(calls) == 2:
                raise KeyboardInterrupt
            return original(*args, **kwargs)

        words = ("train", "--recipe_id", "small", "--recipe", trained / "recipe.json", "--out_dir", tmp_path)
        with monkeypatch.context() as patched:
            patched.setattr(training, "_train_epoch", interrupted)
            stopped = mleq(*words)
        assert (stopped.code, len(calls)) == (130, 2)
        assert "the same command goes on" in stopped.err
        assert mleq(*words).code == 0
        first, second = (
            pd.read_parquet(next(p for p in (out / "small" / "runs").iterdir()) / "forecasts.parquet")
            for out in (trained / "out", tmp_path)
        )
        pd.testing.assert_frame_equal(first, second)

    def test_json_is_the_summary(self, tmp_path, small, mleq, recipes):
        path = recipes(small)
        answer = mleq("train", "--recipe_id", "small", "--recipe", path, "--out_dir", tmp_path, "--json", "-q")
        assert answer.json["recipe_id"] == "small"

    @pytest.mark.parametrize(
        ("layers", "sentence"),
        [
            (
                [{"name": "Flaten"}],
                "small.model.layers.0.name: no layer 'Flaten' in keras.layers; did you mean 'Flatten'?",
            ),
            ([{"name": "Flatten"}, {"name": "Dense", "unit": 1}], "did you mean 'units'?"),
            ([{"name": "Flatten"}, {"name": "Dense", "units": 3, "activation": "sigmoid"}], "model.layers.1"),
            ([{"name": "Conv1D", "filters": 2, "kernel_size": 3}], "model.layers.0"),
        ],
    )
    def test_a_wrong_layer_is_found_before_data_are_read(self, layers, sentence, tmp_path, small, mleq, recipes):
        small["model"] = {"layers": layers, "epochs": 1}
        path = recipes(small)
        words = ("--recipe_id", "small", "--recipe", path)
        for answer in (
            mleq("train", *words, "--out_dir", tmp_path / "out", "--catalog", tmp_path / "never_read.csv"),
            mleq("check", *words, "--build"),
        ):
            assert answer.code == 2
            assert sentence in answer.err
            assert "recipe.json:" in answer.err
        assert not (tmp_path / "out").exists()

    def test_a_network_of_layers_trains(self, tmp_path, small, mleq, recipes):
        small["model"] = {
            "layers": [{"name": "Flatten"}, {"name": "Dense", "units": 1, "activation": "sigmoid"}],
            "epochs": 1,
        }
        small["resample"] = [{"name": "class_weight"}]
        path = recipes(small)
        answer = mleq("train", "--recipe_id", "small", "--recipe", path, "--out_dir", tmp_path / "out", "--json", "-q")
        assert answer.json["model"]["parameters"] == 4 * 4 * 4 * 3 + 1


class TestPredict:
    def copied(self, trained, tmp_path):
        shutil.copytree(trained, tmp_path / "copy")
        return ("--recipe", tmp_path / "copy" / "recipe.json", "--out_dir", tmp_path / "copy" / "out")

    def test_a_simulated_catalogue_is_continued_by_a_day(self, trained, tmp_path, mleq):
        answer = mleq("predict", "--recipe_id", "small", *self.copied(trained, tmp_path), "--json")
        assert answer.code == 0
        (entry,) = answer.json["predictions"]
        # 1,500 days from 2000-01-01 end at 2004-02-09 UTC, 9 hours into that day in Tokyo.
        assert entry["target_date"] == "2004-02-10"
        assert entry["issue_time"] == "2004-02-09T15:00:00+00:00"
        assert 0 < entry["probability"] < 1
        assert entry["probability_gain"] == pytest.approx(entry["probability"] / entry["climatology"])
        assert entry["period"]["start_local"] == "2004-02-10T00:00:00+09:00"
        assert entry["period"]["end_utc"] == "2004-02-10T15:00:00+00:00"
        assert "the catalogue ends at 2004-02-09 00:00 UTC" in answer.err

    def test_forecasts_of_past_days_equal_those_of_the_run(self, trained, tmp_path, mleq):
        run = next((trained / "out" / "small" / "runs").iterdir())
        kept = pd.read_parquet(run / "forecasts.parquet")
        test = kept[kept["part"] == "test"].head(40)
        first, last = test["target_date"].iloc[[0, -1]].dt.strftime("%Y-%m-%d")
        answer = mleq(
            "predict", "--recipe_id", "small", *self.copied(trained, tmp_path), "--from", first, "--to", last, "--json"
        )
        found = [entry["probability"] for entry in answer.json["predictions"]]
        np.testing.assert_allclose(found, test["probability"], rtol=1e-5)

    def test_every_trained_recipe_is_forecast_without_an_id(self, trained, tmp_path, mleq):
        answer = mleq("predict", *self.copied(trained, tmp_path))
        assert answer.code == 0
        assert "small" in answer.out

    def test_what_one_recipe_lacks_does_not_cost_the_answers_of_the_others(self, trained, tmp_path, mleq):
        where = self.copied(trained, tmp_path)
        out = tmp_path / "copy" / "out"
        shutil.copytree(out / "small", out / "another")
        for file in out.glob("another/runs/*/recipe.json"):
            file.write_text("{")
        answer = mleq("predict", *where)
        assert answer.code == 2
        assert "small" in answer.out
        assert "kept in" in answer.out
        assert "mleq: another:" in answer.err

    def test_etas_of_the_same_day_stands_beside_the_forecast(self, trained, tmp_path, mleq):
        where = ("--recipe_id", "small", *self.copied(trained, tmp_path), "--target_date", "2003-01-01")
        shown = mleq("predict", *where).out
        (entry,) = mleq("predict", *where, "--json").json["predictions"]
        assert "probability   ETAS" in shown
        assert f"{entry['references']['etas']:.2%}" in shown

    def test_days_learnt_from_are_named_and_the_verdict_is_shown(self, trained, tmp_path, mleq):
        where = self.copied(trained, tmp_path)
        answer = mleq("predict", "--recipe_id", "small", *where, "--target_date", "2000-06-01")
        assert "small: 1 of these days lies in the part on which it was trained; it proves nothing" in answer.out
        verdict = json.loads((trained / "out" / "small" / "summary.json").read_text())["verdict"]
        assert f"small: {verdict}" in answer.out

    def test_a_day_asked_for_twice_is_forecast_once(self, trained, tmp_path, mleq):
        words = ("--target_date", "2003-01-01", "--from", "2003-01-01", "--to", "2003-01-02", "--json")
        answer = mleq("predict", "--recipe_id", "small", *self.copied(trained, tmp_path), *words)
        assert [entry["target_date"] for entry in answer.json["predictions"]] == ["2003-01-01", "2003-01-02"]

    def test_what_train_was_told_to_change_is_no_change_of_the_recipe(self, tmp_path, small, mleq, recipes):
        where = ("--recipe_id", "small", "--recipe", recipes(small), "--out_dir", tmp_path / "out")
        assert mleq("train", *where, "--set", "model.epochs=1", "-q").code == 0
        assert "has changed" not in mleq("predict", *where).err

    def test_a_misspelt_recipe_is_met_with_a_proposal(self, trained, mleq):
        answer = mleq("predict", "--recipe_id", "smal", "--out_dir", trained / "out")
        assert answer.code == 2
        assert "did you mean 'small'?" in answer.err

    def test_predictions_hold_one_entry_for_each_day_newest_last(self, trained, tmp_path, mleq):
        where = self.copied(trained, tmp_path)
        for date in ("2003-01-01", "2003-01-02", "2003-01-01"):
            assert mleq("predict", "--recipe_id", "small", *where, "--target_date", date, "-q").code == 0
        held = json.loads((tmp_path / "copy" / "out" / "predictions.json").read_text())["predictions"]
        assert [entry["target_date"] for entry in held] == ["2003-01-02", "2003-01-01"]

    def test_nothing_after_the_issue_time_changes_a_forecast(self, trained, mleq):
        from mleq import api
        from mleq.experiment.folder import latest_run
        from mleq.experiment.run import Run
        from mleq.forecast import forecasting

        run = Run(latest_run(trained / "out", "small"))
        recipe = api.load_recipe("small", run.recipe_file)
        events = api.load_events(recipe)
        dates = np.array(["2003-06-01"], "datetime64[D]")
        whole = forecasting.forecast(recipe, events, run, dates)[0]
        past = events[events["origin_time"] < pd.Timestamp(whole["issue_time"])]
        past.attrs = events.attrs
        cut = forecasting.forecast(recipe, past, run, dates)[0]
        assert cut["probability"] == whole["probability"]
        assert len(past) < len(events)

    def test_at_its_level_a_day_is_forecast_as_it_was_in_the_run(self, tmp_path, small, mleq, recipes):
        where = ("--recipe", recipes(small, path=tmp_path / "recipe.json"), "--out_dir", tmp_path / "out")
        changes = ("calibration.level_days=60", "calibration.method=prior_shift")
        answer = mleq("train", "--recipe_id", "small", *where, *(word for one in changes for word in ("--set", one)))
        assert answer.code == 0
        assert "at its level, observed" in answer.out
        (run,) = (tmp_path / "out" / "small" / "runs").iterdir()
        assert json.loads((run / "summary.json").read_text())["model"]["level_days"] == 60
        kept = json.loads((run / "calibration.json").read_text())["level"]
        table = pd.read_parquet(run / "forecasts.parquet").set_index("target_date")
        assert kept == {"days": 60, "prior": 5.0, "since": f"{table.index[0]:%Y-%m-%d}", "gained": None}
        day = table[table["part"] == "test"].iloc[40]
        asked = ("--target_date", f"{day.name:%Y-%m-%d}")
        answer = mleq("predict", "--recipe_id", "small", *where, *asked)
        assert f"multiplied by {np.log1p(-day['probability']) / np.log1p(-day['calibrated']):.2f}" in answer.out
        (entry,) = mleq("predict", "--recipe_id", "small", *where, *asked, "--json").json["predictions"]
        assert entry["probability"] == pytest.approx(day["probability"], rel=1e-4)
        assert entry["level"]["days"] == 60

    def test_out_of_fold_days_choose_the_level(self, tmp_path, small, mleq, recipes, monkeypatch):
        asked = []

        def gains(out_of_fold, horizon):
            asked.append(out_of_fold)
            return iter([(0.002, 30, 9.0), (0.003, 60, 7.0), (-0.1, 90, 2.0)])

        monkeypatch.setattr("mleq.forecast.leveling._gains", gains)
        where = ("--recipe", recipes(small, path=tmp_path / "recipe.json"), "--out_dir", tmp_path / "out")
        assert mleq("train", "--recipe_id", "small", *where, "--set", "calibration.level_days=auto").code == 0
        (run,) = (tmp_path / "out" / "small" / "runs").iterdir()
        kept = json.loads((run / "calibration.json").read_text())
        assert {key: kept["level"][key] for key in ("days", "prior", "gained")} == {
            "days": 60, "prior": 7.0, "gained": 0.003,
        }  # fmt: skip
        (found,) = asked
        pd.testing.assert_frame_equal(found.days, pd.read_parquet(run / "out_of_fold.parquet"), check_dtype=False)
        assert asdict(found.platt) == kept["platt"]
        assert "calibrated" in pd.read_parquet(run / "forecasts.parquet")

    @pytest.mark.parametrize(
        ("date", "sentence"),
        [
            ("2015-02-30", "'2015-02-30' is not a date"),
            ("tomorrow", "'tomorrow' is not a date"),
            ("1999-12-31", "begin before the catalogue"),
            ("2000-01-03", "expected a target date of 2000-01-06 or later"),
            ((dt.date.today() + dt.timedelta(days=4)).isoformat(), "lies after tomorrow"),
        ],
    )
    def test_a_date_that_cannot_be_forecast_is_refused(self, date, sentence, trained, tmp_path, mleq):
        answer = mleq("predict", "--recipe_id", "small", *self.copied(trained, tmp_path), "--target_date", date)
        assert answer.code == 2
        assert sentence in answer.err

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("--from", "2003-01-01"), "--from and --to belong together"),
            (("--from", "2003-01-02", "--to", "2003-01-01"), "lies after --to"),
            (("--from", "x", "--to", "2003-01-01"), "not two dates"),
        ],
    )
    def test_a_range_that_is_none_is_refused(self, words, sentence, trained, tmp_path, mleq):
        answer = mleq("predict", "--recipe_id", "small", *self.copied(trained, tmp_path), *words)
        assert answer.code == 2
        assert sentence in answer.err

    def test_predict_before_train_says_so(self, tmp_path, mleq):
        answer = mleq("predict", "--recipe_id", "tokyo", "--out_dir", tmp_path)
        assert answer.code == 2
        assert "train it first: python cmd/train --recipe_id tokyo" in answer.err
        assert mleq("predict", "--out_dir", tmp_path).code == 2

    def test_a_changed_recipe_is_a_warning_and_the_runs_own_is_used(self, trained, tmp_path, small, mleq, recipes):
        where = self.copied(trained, tmp_path)
        before = mleq("predict", "--recipe_id", "small", *where, "--target_date", "2003-01-01", "--json").json
        small["target"]["radius_km"] = 75
        recipes(small, path=tmp_path / "copy" / "recipe.json")
        after = mleq("predict", "--recipe_id", "small", *where, "--target_date", "2003-01-01", "--json")
        assert after.code == 0
        assert "target.radius_km: 150.0 -> 75.0" in after.err
        assert after.json["predictions"][0]["probability"] == before["predictions"][0]["probability"]
