"""The family azimuth through the doors: check, train, fetch, predict, report, and what a person may get wrong."""

import json

import numpy as np
import pytest

from mleq.azimuth import seisbench, simulator
from mleq.azimuth.recipe import SimulatedSignals
from mleq.azimuth.recordings import Recordings
from mleq.scores.circular import circular_error

SMALL = {
    "id": "small_azimuth",
    "family": "azimuth",
    "title": {"en": "A few simulated stations"},
    "signals": {"source": "simulated", "events": 500, "stations": 4, "seed": 5},
    "window": {"before_s": 3.2, "after_s": 3.2},
    "split": {"validation": 0.2, "test": 0.3, "held_out_stations": ["S04"]},
    "model": {"name": "azimuth_residual", "windows_s": [0.5, 1.0], "units": [32], "learning_rate": 0.003, "epochs": 3},
    "seed": 3,
}
STORED = {**SMALL, "id": "mine", "signals": {"source": "files"}, "split": {"validation": 0.2, "test": 0.3}}


@pytest.fixture(scope="module")
def signals(tmp_path_factory):
    """A SeisBench dataset of 40 events."""
    recordings = simulator.simulate(SimulatedSignals(source="simulated", events=120, stations=3, seed=9))
    folder = tmp_path_factory.mktemp("signals")
    return seisbench.write(recordings, folder / "waveforms.hdf5")[0]


@pytest.fixture(scope="module")
def trained_azimuth(tmp_path_factory):
    from mleq import api

    folder = tmp_path_factory.mktemp("trained_azimuth")
    (folder / "recipe.json").write_text(json.dumps({"format": 1, "recipes": [SMALL, STORED]}))
    run = api.train(api.load_recipe("small_azimuth", folder / "recipe.json"), out_dir=folder / "out")
    return folder, run


def test_check_needs_no_signals(mleq, recipes):
    answer = mleq("check", "--recipe_id", "mine", "--recipe", recipes(STORED), "--data_dir", "nowhere")
    assert answer.code == 0
    assert "fetch --recipe_id mine --input" in answer.out
    answer = mleq("check", "--recipe_id", "small_azimuth", "--recipe", recipes(SMALL))
    assert "new_stations" in answer.out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"window": {"before_s": 3.2, "after_s": 3.2, "band_hz": [1.0, 12.0]}}, "Nyquist frequency, 10 Hz"),
        ({"split": {"validation": 0.2, "test": 0.3, "held_out_stations": ["S09"]}}, "no station S09"),
        ({"model": {**SMALL["model"], "windows_s": [0.5, 9.0]}}, "only to 3.2 s"),
        ({"model": {**SMALL["model"], "unit": [3]}}, "did you mean 'units'"),
    ],
)
def test_mistakes_of_a_recipe_are_said(mleq, recipes, change, words):
    answer = mleq("check", "--recipe_id", "small_azimuth", "--recipe", recipes({**SMALL, **change}))
    assert answer.code == 2
    assert words in answer.err


@pytest.mark.tensorflow
class TestTrained:
    def test_the_run_keeps_scores_with_intervals_for_known_and_new_stations(self, trained_azimuth):
        _, run = trained_azimuth
        summary = run.summary
        assert set(summary["references"]) == {"polarization", "polarization_noise_corrected", "mean_direction"}
        for scores in (summary["scores"], *summary["references"].values(), summary["new_stations"]["scores"]):
            for name in ("circular_mae_deg", "circular_median_deg", "share_within_20_deg", "share_of_flips"):
                assert scores[name]["low"] <= scores[name]["value"] <= scores[name]["high"]
        assert summary["scores"]["circular_mae_deg"]["value"] < 30
        assert summary["references"]["mean_direction"]["circular_mae_deg"]["value"] > 70
        assert sum(row["traces"] for row in summary["by_snr_db"]) == summary["split"]["test"]["traces"]
        assert sum(row["traces"] for row in summary["by_direction"]) == summary["split"]["test"]["traces"]
        assert summary["verdict"].split()[0] in ("Better", "Worse", "No")
        forecasts = run.forecasts
        known = forecasts[forecasts["part"] == "test"]
        mae = circular_error(known["observed"], known["back_azimuth_deg"]).mean()
        assert mae == pytest.approx(summary["scores"]["circular_mae_deg"]["value"])

    def test_the_page_shows_all_panels(self, trained_azimuth):
        folder, _ = trained_azimuth
        page = (folder / "out" / "small_azimuth" / "report.html").read_text(encoding="utf-8")
        for panel in ("circle", "noise", "example", "methods", "gains", "new_stations", "learning", "data"):
            assert f'id="{panel}"' in page, panel

    def test_files_are_answered_with_angle_uncertainty_and_rays(self, trained_azimuth, signals, mleq):
        folder, _ = trained_azimuth
        words = ("--recipe_id", "small_azimuth", "--out_dir", folder / "out", "--recipe", folder / "recipe.json")
        answer = mleq("predict", *words, "--input", signals, "--json")
        assert answer.code == 0, answer.err
        (entry,) = answer.json["predictions"]
        assert entry["input"] == str(signals)
        assert len(entry["traces"]) == 120
        error = np.array([trace["error_deg"] for trace in entry["traces"]])
        assert error.mean() < 35
        width = np.array([trace["half_width_95_deg"] for trace in entry["traces"]])
        assert 0.75 < np.mean(error <= width) <= 1
        rays = json.loads((folder / "out" / "small_azimuth" / "rays.geojson").read_text())
        first, said = rays["features"][0], entry["traces"][0]
        assert first["geometry"]["type"] == "LineString"
        start, end = first["geometry"]["coordinates"][0], first["geometry"]["coordinates"][-1]
        assert start == [said["station_longitude"], said["station_latitude"]]
        towards = np.degrees(np.arctan2((end[0] - start[0]) * np.cos(np.radians(start[1])), end[1] - start[1]))
        assert circular_error([said["back_azimuth_deg"]], [towards])[0] < 3
        lines = mleq("predict", *words, "--input", signals).out
        assert "+-" in lines
        assert "rays in" in lines
        # Without a recipe, those that answer files are asked where there are files, and only those.
        assert mleq("predict", "--out_dir", folder / "out", "--input", signals, "-q").code == 0
        assert "no trained recipe" in mleq("predict", "--out_dir", folder / "out").err
        kept = json.loads((folder / "out" / "predictions.json").read_text())["predictions"]
        assert len(kept) == 1  # one entry for one input, however often it is asked

    def test_what_cannot_be_answered_is_said(self, trained_azimuth, signals, mleq, tmp_path):
        folder, _ = trained_azimuth
        words = ("predict", "--recipe_id", "small_azimuth", "--out_dir", folder / "out")
        for more, code, said in (
            ((), 2, "--input"),
            (("--target_date", "2020-01-01"), 2, "not for dates"),
            (("--input", tmp_path / "none.mseed"), 2, "there is no file"),
        ):
            answer = mleq(*words, *more)
            assert answer.code == code
            assert said in answer.err
        dead = Recordings(np.zeros((2, 3, 480)), seisbench.read(signals).table.head(2), "dead")
        path, _ = seisbench.write(dead, tmp_path / "dead.hdf5")
        answer = mleq(*words, "--input", path)
        assert answer.code == 2
        assert "zero variance" in answer.err

    def test_signals_are_fetched_trained_on_and_refused_where_a_catalogue_is_given(
        self, trained_azimuth, signals, mleq, tmp_path
    ):
        folder, _ = trained_azimuth
        words = ("--recipe_id", "mine", "--recipe", folder / "recipe.json", "--data_dir", tmp_path)
        answer = mleq("fetch", *words, "--input", signals, "--export", tmp_path / "copy.hdf5", "--json")
        assert answer.code == 0, answer.err
        assert answer.json["usable"] == 120
        assert (tmp_path / "azimuth" / "mine.hdf5").is_file()
        assert len(seisbench.read(tmp_path / "copy.csv")) == 120
        answer = mleq("train", *words, "--out_dir", tmp_path / "out", "--set", "model.epochs=1", "--json")
        assert answer.code == 0, answer.err
        assert answer.json["catalog"]["source"] == "mine.hdf5"
        answer = mleq("train", *words, "--out_dir", tmp_path / "out", "--catalog", "events.csv")
        assert answer.code == 2
        assert "--input" in answer.err


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["azimuth_vae", "azimuth_cnn", "azimuth_residual"])
def test_every_shelf_recipe_trains_as_it_is_and_answers(name, signals, mleq, tmp_path):
    """With fewer events and epochs, for time's sake; nothing else is changed."""
    small = ("--set", "signals.events=1500", "--set", "model.epochs=3")
    answer = mleq("train", "--recipe_id", name, "--out_dir", tmp_path, *small, "--json")
    assert answer.code == 0, answer.err
    page = (tmp_path / name / "report.html").read_text(encoding="utf-8")
    assert ('id="latent"' in page) == (name != "azimuth_residual")
    answer = mleq("predict", "--recipe_id", name, "--out_dir", tmp_path, "--input", signals, "--json")
    assert answer.code == 0, answer.err
    error = np.array([trace["error_deg"] for trace in answer.json["predictions"][0]["traces"]])
    assert np.median(error) < 30
