"""The family from recipe to page, through the doors."""

import json

import numpy as np
import pandas as pd
import pytest
from small_record import write

from mleq import api
from mleq.catalog.chain import results_in
from mleq.catalog.files import read_file
from mleq.continuous.formats import write_hdf5
from mleq.continuous.material import load as load_record
from mleq.continuous.records import Trace, gather
from mleq.continuous.samples import make_samples
from mleq.errors import DataError, MissingData, RecipeError, RequestError

RATE = 20.0


def test_a_run_says_what_its_clusters_are_worth(trained):
    _, _, run = trained
    summary = run.summary
    assert {"adjusted_rand", "adjusted_mutual_information", "family_f1"} == set(summary["scores"])
    assert set(summary["references"]) == {"band_power", "raw_pca"}
    for scores in (summary["scores"], *summary["references"].values()):
        assert all(one["low"] <= one["value"] <= one["high"] for one in scores.values())
    assert summary["scores"]["family_f1"]["value"] > 0.6
    rand = {name: scores["adjusted_rand"]["value"] for name, scores in summary["references"].items()}
    gain = summary["gain"]["band_power"]["adjusted_rand"]["value"]
    assert gain == pytest.approx(summary["scores"]["adjusted_rand"]["value"] - rand["band_power"])
    assert summary["verdict"].startswith(("Better than", "No skill shown beyond", "Worse than"))
    assert summary["split"]["train"]["windows"] > 1500
    table = run.forecasts
    assert set(table["part"]) == {"validation", "test"}
    assert set(table["cluster"]) <= {*summary["model"]["clusters"], "unusable"}
    counts = pd.read_parquet(run.folder / "clusters.parquet")
    assert counts["windows"].sum() == summary["catalog"]["windows"]


def test_detections_are_the_truth_as_a_catalogue(trained):
    _, _, run = trained
    rows = read_file(run.folder / "events.parquet")
    pd.testing.assert_frame_equal(rows, read_file(run.folder / "events.csv"))
    record = load_record(api.load_recipe("small_record", run.recipe_file))
    truth = record.truth[record.truth["kind"] == "repeater"]
    times = (rows["time"] - record.span[0]).dt.total_seconds().to_numpy()
    distance = np.abs(times[:, None] - truth["start"].to_numpy()[None])
    assert (distance.min(0) < 6).mean() > 0.7  # of the repeaters are found
    nearest = distance.argmin(0)
    found = distance.min(0) < 6
    error = rows["mag"].to_numpy()[nearest[found]] - truth["magnitude"].to_numpy()[found]
    assert np.std(error) < 0.15
    assert (rows["magType"] == "rel").all()
    assert rows["id"].is_unique
    assert (rows["latitude"] == 36.5).all()


def test_quakeml_holds_the_same_events(trained):
    pytest.importorskip("obspy")
    _, _, run = trained
    rows, quakeml = (read_file(run.folder / name) for name in ("events.parquet", "events.xml"))
    np.testing.assert_allclose(quakeml.sort_values("time")["mag"], rows["mag"], atol=1e-3)


def test_the_page_has_the_familys_panels(trained):
    folder, _, _ = trained
    page = (folder / "out" / "small_record" / "report.html").read_text(encoding="utf-8")
    for name in ("day", "counts", "detections", "waveforms", "spectra", "embedding", "tree", "enough"):
        assert f'id="{name}"' in page
    assert "no warning system" in page


def test_predict_answers_for_its_own_record_and_for_another(trained, mleq, tmp_path):
    pytest.importorskip("h5py")
    folder, path, run = trained
    record = load_record(api.load_recipe("small_record", path))
    code, out, err = mleq(
        "predict", "--recipe_id", "small_record", "--recipe", path, "--out_dir", folder / "out", "--json"
    )
    assert code == 0, err
    (own,) = json.loads(out)["predictions"]
    assert own["windows"] == run.summary["catalog"]["windows"]
    assert own["events"] == run.summary["model"]["detection"]["events"]
    half = record.stations[0].read(1_000_000, 2_000_000)[0]
    piece = gather([Trace("AA.TWO", "HHZ", 0, RATE, len(half), lambda a, b: half[a:b], "x")], "x")
    from mleq.continuous.formats import write_hdf5

    write_hdf5(piece, tmp_path / "half.h5")
    words = (
        "--recipe_id",
        "small_record",
        "--recipe",
        path,
        "--out_dir",
        folder / "out",
        "--input",
        tmp_path / "half.h5",
    )
    code, out, err = mleq("predict", *words)
    assert code == 0, err
    assert "windows: " in out
    code, out, err = mleq("predict", *words, "--target_date", "2020-01-01")
    assert code == 2
    assert "answers about records, not about days" in err


def test_check_states_plan_and_advice_without_tensorflow(small, tmp_path, mleq):
    path = write(tmp_path, small)
    code, out, err = mleq("check", "--recipe_id", "small_record", "--recipe", path)
    assert code == 0, err
    assert "5,400 windows" in out or "windows     5,400" in out
    assert "drawn evenly over all files" in out
    wrong = {**small, "detect": {"sta_s": 40, "band_hz": [1, 15]}}
    code, out, err = mleq("check", "--recipe_id", "small_record", "--recipe", write(tmp_path, wrong))
    assert code == 2
    assert "detect.sta_s: 40 must be shorter than lta_s (30)" in err
    assert "15 Hz is not below half the sampling rate (10 Hz)" in err


def test_fetch_keeps_a_record_that_train_then_reads(small, tmp_path, mleq, load):
    pytest.importorskip("h5py")
    obspy = pytest.importorskip("obspy")
    values = np.random.default_rng(0).integers(-99, 99, 40_000).astype(np.int32)
    header = {"station": "ONE", "channel": "HHZ", "sampling_rate": RATE}
    obspy.Trace(values, header).write(str(tmp_path / "one.mseed"), format="MSEED")
    recipe = {**small, "record": {"source": "files"}}
    path = write(tmp_path, recipe)
    with pytest.raises(MissingData, match="has no record yet.*--input FILE"):
        load_record(load(recipe), data_dir=tmp_path / "data")
    words = ("--recipe", path, "--recipe_id", "small_record", "--data_dir", tmp_path / "data")
    code, out, err = mleq("fetch", *words, "--input", tmp_path / "one.mseed")
    assert code == 0, err
    assert "40,000 samples of 1 station (HHZ at 20 Hz)" in out
    record = load_record(load(recipe), data_dir=tmp_path / "data")
    np.testing.assert_array_equal(record.stations[0].read(100, 200)[0], values[100:200])


def test_paths_are_sought_beside_the_recipe_file(small, tmp_path, monkeypatch, load):
    pytest.importorskip("h5py")
    (tmp_path / "days").mkdir()
    monkeypatch.chdir(tmp_path / "days")
    values = np.random.default_rng(0).standard_normal(9_000).astype(np.float32)
    write_hdf5(record_of(values), tmp_path / "days" / "one.h5")
    recipe = load({**small, "record": {"source": "files", "paths": ["days/*.h5"]}})
    assert recipe.record.paths == (str(tmp_path / "days/*.h5"),)
    record = load_record(recipe, data_dir=tmp_path / "data")
    np.testing.assert_array_equal(record.stations[0].read(5, 900)[0], values[5:900])


class Stopped(BaseException):
    """As if the process were killed."""


def test_a_killed_run_goes_on_and_gives_the_same(trained, small, tmp_path, load, monkeypatch):
    from mleq.continuous.store import ChunkStore

    _, _, whole = trained
    recipe = load(small)
    made = ChunkStore.complete
    for stops in (2, 5):

        def complete(self, chunks, make, label, stops=stops):
            count = iter(range(stops))

            def until(chunk):
                if next(count, None) is None:
                    raise Stopped
                return make(chunk)

            made(self, chunks, until, label)

        monkeypatch.setattr(ChunkStore, "complete", complete)
        with pytest.raises(Stopped):
            api.train(recipe, out_dir=tmp_path / "out")
        work = next((tmp_path / "out" / "small_record" / "runs").glob(".unfinished-*[!k]"))
        assert list(work.rglob("*.npz"))
    monkeypatch.setattr(ChunkStore, "complete", made)
    again = api.train(recipe, out_dir=tmp_path / "out")
    pd.testing.assert_frame_equal(again.forecasts, whole.forecasts)
    for name in ("scores", "gain", "verdict", "model"):
        first, second = again.summary[name], whole.summary[name]
        if name == "model":
            first, second = ({k: v for k, v in one.items() if k != "seconds"} for one in (first, second))
        assert first == second
    columns = ["time", "mag", "family_id", "score"]
    one, other = (pd.read_parquet(run.folder / "events.parquet")[columns] for run in (again, whole))
    pd.testing.assert_frame_equal(one, other)


def test_a_sparse_sample_sees_the_same_features_as_the_whole(small, load):
    recipe = load(small)
    samples = make_samples(recipe, load_record(recipe))
    chunk = samples.index.chunks[2]
    places = chunk.offset + np.array([3, 100, 400])
    alone, whole = samples.extractor.of_places(samples.index, places), samples.extractor.of_chunk(chunk)
    np.testing.assert_allclose(alone.mean, whole.mean[[3, 100, 400]], atol=0.05)
    np.testing.assert_allclose(alone.power, whole.power[[3, 100, 400]], atol=1e-4)
    assert not alone.edge.any()
    first = samples.extractor.of_places(samples.index, np.array([0]))
    assert first.edge.all()


def record_of(values, station="AA.ONE", channel="HHZ"):
    values = np.asarray(values, dtype=np.float32)
    return gather([Trace(station, channel, 0, RATE, len(values), lambda a, b: values[a:b], "file")], "file")


def test_windows_with_a_hole_or_silence_are_set_apart(small, load):
    rng = np.random.default_rng(0)
    values = rng.standard_normal(100_000)
    values[30_000:30_100] = np.nan
    values[60_000:65_000] = 3.0
    samples = make_samples(load(small), record_of(values))
    features = samples.extractor.of_chunk(samples.index.chunks[0])
    unusable = np.flatnonzero(~features.usable)
    window = 512
    assert 30_000 // window in unusable
    assert {62_000 // window, 64_000 // window - 1} <= set(unusable)
    assert len(unusable) <= 12
    assert np.isfinite(features.mean).all()


@pytest.mark.parametrize("rate", [8, 9.5])
def test_the_slowest_simulated_record_has_all_its_noises(small, load, rate):
    small["record"] |= {"sampling_rate": rate, "days": 0.05, "tremor": True}
    record = load_record(load({**small, "detect": {"band_hz": [0.8, 3.0]}}))
    assert np.isfinite(record.stations[0].read(0, 1000)).all()
    small["record"]["sampling_rate"] = 5
    with pytest.raises(RecipeError, match="record.sampling_rate: found 5; expected at least 8"):
        load(small)


def test_bad_records_are_refused_in_words(small, load, tmp_path):
    recipe = load(small)
    with pytest.raises(DataError, match="station AA.ONE, channel HHZ: constant or not finite"):
        make_samples(recipe, record_of(np.full(50_000, 7.0))).extractor.scales  # noqa: B018
    with pytest.raises(
        DataError, match="longest stretch without a gap lasts 10 s; expected at least a window of 25.6 s"
    ):
        make_samples(recipe, record_of(np.zeros(200)))
    few = record_of(np.random.default_rng(0).standard_normal(10_000))
    with pytest.raises(DataError, match="usable windows for a mixture of 3 components"):
        api.train(recipe, few, out_dir=tmp_path / "out")
    long = {**small, "detect": {"templates": [{"start": "2020-01-02T14:00:00", "duration_s": 600}]}}
    short = api.load_recipe("small_record", write(tmp_path, long), changes=["record.days=1.584"])
    with pytest.raises(DataError, match="template pick1: .* are not in the record of SM.SIM without a gap"):
        from mleq.continuous.templates import picked

        picked(make_samples(short, load_record(short)).extractor, short.detect.templates, short.detect)
    with pytest.raises(RequestError, match="reads a continuous record, not a catalogue"):
        load_record(recipe, files=[tmp_path / "events.csv"])


@pytest.mark.slow
def test_the_real_record_of_the_aegean_is_learnt(shared, small, tmp_path):
    file = shared / "data" / "continuous" / "aegean_sea_20201005.mseed"
    pytest.importorskip("obspy")
    if not file.is_file():
        pytest.skip("no Aegean record in ../shared/data")
    raw = {**small, "windows": {"window_s": 10.24}, "model": {**small["model"], "components": [2, 3]}}
    recipe = api.load_recipe("small_record", write(tmp_path, raw))
    run = api.train(recipe, inputs=[file], out_dir=tmp_path / "out")
    summary = run.summary
    assert len(summary["catalog"]["stations"]) == 9
    assert summary["catalog"]["gaps"] == 9
    assert summary["verdict"].startswith("No verdict: no labels")
    (entry,) = api.predict("small_record", path=tmp_path / "recipe.json", inputs=[file], out_dir=tmp_path / "out")
    assert entry["windows"] == summary["catalog"]["windows"]
    assert entry["events"] == summary["model"]["detection"]["events"]


def test_a_chain_forecasts_what_was_detected(trained):
    folder, path, run = trained
    chain = {
        "id": "chain", "family": "catalog",
        "catalog": {"source": "recipe", "id": "small_record", "start": "2020-01-01", "min_magnitude": -1.0},
        "target": {"latitude": 36.5, "longitude": 138.5, "radius_km": 10, "magnitude": 0.5},
        "split": {"validation": 0.2, "test": 0.3}, "model": {"name": "convlstm"},
    }  # fmt: skip
    other = folder / "chain"
    other.mkdir(exist_ok=True)
    recipe = api.load_recipe("chain", write(other, chain))
    with pytest.raises(MissingData, match="python cmd/train --recipe_id small_record"), results_in(other):
        api.load_events(recipe)
    with results_in(folder / "out"):
        events = api.load_events(recipe)
    assert len(events) == run.summary["model"]["detection"]["events"]
    assert str(events.attrs["end"]) == "2020-01-02 14:24:00+00:00"
    assert events["origin_time"].is_monotonic_increasing
