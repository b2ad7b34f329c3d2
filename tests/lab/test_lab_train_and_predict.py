"""Small recipes through the doors: fetch, train, predict, check, report."""

import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from small_experiment import NETWORK, SIGNALS, competition_csv, small_recipe

SMALL = {
    "id": "small_lab",
    "family": "lab",
    "signals": {**SIGNALS, "failures": 14},
    "windows": {"samples": 2048, "stride": 1024},
    "split": {"validation": 0.2, "test": 0.4},
    "model": NETWORK,
    "seed": 5,
}
CPC = {
    "name": "cpc",
    "encoder": [
        {"name": "Conv1D", "filters": 4, "kernel_size": 32, "strides": 32, "padding": "same", "activation": "relu"},
        {"name": "AveragePooling1D", "pool_size": 8},
    ],
    "context": 6,
    "steps": 2,
    "epochs": 2,
    "probe_epochs": 3,
}
RESNET = {
    "name": "resnet",
    "spectrogram": {"kind": "spectrogram", "segment": 64, "frames": 32, "bands": 32},
    "epochs": 1,
    "compare": False,
}
BRANCHES = {
    **NETWORK,
    "blocks": {
        "conv": {"filters": 3, "layers": [{"name": "Conv1D", "filters": "$filters", "kernel_size": 4, "strides": 4}]}
    },
    "inputs": {"raw": {"kind": "raw"}, "sum": {"kind": "cumulative_sum"}},
    "layers": [
        {
            "branches": [
                [{"block": "conv", "from": "raw", "repeat": 2}, {"name": "GlobalMaxPooling1D"}],
                [{"block": "conv", "from": "sum"}, {"name": "GlobalAveragePooling1D"}],
            ]
        },
        {"name": "Dense", "units": 4, "activation": "relu"},
    ],
    "epochs": 1,
    "objective": "mae",
    "compare": False,
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLEQ_DATA", raising=False)

    def write(**changes):
        recipe = {**SMALL, **changes}
        (tmp_path / "recipe.json").write_text(json.dumps({"format": 1, "recipes": [recipe]}))
        return tmp_path

    return write


def segments(folder, signal, count=3):
    folder.mkdir()
    for number in range(count):
        values = signal[number * 2048 : (number + 1) * 2048]
        (folder / f"seg_{number}.csv").write_text("acoustic_data\n" + "\n".join(map(str, values)) + "\n")
    return folder


@pytest.mark.tensorflow
def test_a_network_is_trained_shown_and_answers_files_folders_and_zips(place, simulated, run):
    folder = place()
    plan = json.loads(run("check", "--recipe_id", "small_lab", "--build", "--json"))
    assert plan["inputs"] == {"rolling": [32, 4]}
    assert plan["objectives"] == ["bins", "mse", "mae"]
    summary = json.loads(run("train", "--recipe_id", "small_lab", "--json", "-q"))
    assert set(summary["references"]) == {
        "median",
        "isotonic_log_variance",
        "boosting_4",
        "boosting_20",
        "random_forest",
    }
    assert set(summary["objectives"]) == {"bins", "mse", "mae"}
    assert summary["gain"]["median"]["mae_seconds"]["low"] is not None
    assert summary["verdict"].endswith("cycles.")
    forecasts = pd.read_parquet(next((folder / "out/small_lab/runs").glob("2*")) / "forecasts.parquet")
    chances = forecasts[[name for name in forecasts if name.startswith("bin_")]]
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-4)
    page = (folder / "out/small_lab/report.html").read_text()
    for panel in ("predicted", "distribution", "objectives", "network", "drift", "learning", "signals"):
        assert f'id="{panel}"' in page, panel
    assert "16 bins" in page
    assert "made of whole cycles, later" in page

    found = segments(folder / "test", simulated.signal[:10_000])
    entries = json.loads(
        run("predict", "--recipe_id", "small_lab", "--input", found, "--json", "--submission", "s.csv")
    )
    entries = entries["predictions"]
    assert [entry["input"] for entry in entries] == ["seg_0", "seg_1", "seg_2"]
    assert sum(entries[0]["distribution"]["probabilities"]) == pytest.approx(1, rel=1e-4)
    assert entries[0]["low"] <= entries[0]["time_to_failure_s"] <= entries[0]["high"]
    submitted = pd.read_csv(folder / "s.csv")
    assert list(submitted) == ["seg_id", "time_to_failure"]
    assert submitted["time_to_failure"].tolist() == pytest.approx([e["time_to_failure_s"] for e in entries], abs=1e-5)
    with zipfile.ZipFile(folder / "test.zip", "w") as archive:
        archive.write(found / "seg_1.csv")
    (again,) = json.loads(run("predict", "--recipe_id", "small_lab", "--input", folder / "test.zip", "--json"))[
        "predictions"
    ]
    assert again["time_to_failure_s"] == pytest.approx(entries[1]["time_to_failure_s"], rel=1e-4)
    assert again["references"] == pytest.approx(entries[1]["references"])
    assert "seg_1" in run("predict", "--recipe_id", "small_lab", "--input", found / "seg_1.csv")

    asked = run("predict", "--recipe_id", "small_lab", "--target_date", "2020-01-01", code=2)
    assert "answers segments of signal, not dates" in asked
    assert "needs a signal to answer" in run("predict", "--recipe_id", "small_lab", code=2)
    (folder / "short.csv").write_text("acoustic_data\n1\n2\n")
    short = run("predict", "--recipe_id", "small_lab", "--input", "short.csv", code=2)
    assert "short.csv holds 2 samples; expected 2,048" in short


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "model",
    [CPC, BRANCHES, pytest.param(RESNET, marks=pytest.mark.slow)],
    ids=["cpc", "branches", "resnet"],
)
def test_every_kind_of_network_is_trained_and_read_back(model, place, simulated, caplog, run):
    folder = place(model=model)
    summary = json.loads(run("train", "--recipe_id", "small_lab", "--json", "-q"))
    assert summary["model"]["name"] == model["name"]
    found = segments(folder / "test", simulated.signal[:10_000], count=1)
    (entry,) = json.loads(run("predict", "--recipe_id", "small_lab", "--input", found, "--json"))["predictions"]
    assert 0 <= entry["time_to_failure_s"] < 10
    assert (entry["distribution"] is None) == (model is BRANCHES)
    if model is CPC:
        said = summary["model"]["contrastive"]
        assert said["chance"] == pytest.approx(np.log(said["negatives"] + 1))
        assert said["learned_nothing"] == (said["loss"] > 0.95 * said["chance"])
        assert "contrastive loss" in (folder / "out/small_lab/report.html").read_text()


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_residual_network_takes_weights_from_a_file(tmp_path):
    import keras

    from mleq.errors import RecipeError
    from mleq.lab.networks import network

    given = keras.applications.ResNet50V2(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
    given.save_weights(tmp_path / "resnet.weights.h5")
    weights = str(tmp_path / "resnet.weights.h5")
    built = network(small_recipe(model={**RESNET, "weights": weights}, windows={"samples": 2048}), "bins")
    (backbone,) = (layer for layer in built.layers if layer.name.startswith("resnet50v2"))
    for ours, theirs in zip(backbone.weights, given.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    (tmp_path / "other.weights.h5").write_bytes(b"no weights")
    with pytest.raises(RecipeError, match="other.weights.h5 cannot be read"):
        network(small_recipe(model={**RESNET, "weights": str(tmp_path / "other.weights.h5")}), "bins")


def test_features_of_a_record_from_the_competition_s_csv(place, simulated, run, monkeypatch):
    from mleq.lab import references

    monkeypatch.setattr(references, "TREES", 10)
    folder = place(model={"name": "boosting", "features": "four", "epochs": 20}, split={"cross_validate": True})
    competition_csv(folder / "train.csv", simulated.signal[:], simulated.time_to_failure_s[: simulated.rows])
    brought = run("fetch", "--recipe_id", "small_lab", "--input", "train.csv", "--export", "record.npz")
    assert "10 failures, 9 complete cycles" in brought
    assert (folder / "record.npz").is_file()
    summary = json.loads(run("train", "--recipe_id", "small_lab", "--input", "train.csv", "--json", "-q"))
    assert summary["catalog"]["source"] == "train.csv"
    assert not summary["catalog"]["simulated"]
    assert "boosting_4" not in summary["references"], "a model gains nothing over itself"
    assert set(summary["cross_validation"]) == {"leave_one_cycle_out", "forward_chained", "random_folds"}
    assert "boosting_4" in summary["cross_validation"]["random_folds"]["methods"]
    page = (folder / "out/small_lab/report.html").read_text()
    assert "under other splits" in page


def test_a_table_of_window_features_answers_tables_and_raw_segments(place, simulated, run):
    columns = {"time_to_failure_s": "ttf", "std": "s", "mean": "m", "kurtosis": "k"}
    folder = place(model={"name": "random_forest", "epochs": 20}, signals={**SIGNALS, "columns": columns})
    rows = np.arange(0, simulated.rows - 2048, 2048)
    windows = [simulated.signal[row : row + 2048].astype(float) for row in rows]
    table = pd.DataFrame({"ttf": simulated.time_to_failure_s[rows + 2047], "s": [w.std() for w in windows]})
    table = table.assign(m=[w.mean() for w in windows], k=[pd.Series(w).kurtosis() for w in windows])
    # The tooth of a table is coarse: the last window of a cycle ends up to a window before its failure.
    table["ttf"] = (table["ttf"] // 0.1024) * 0.1024
    table.to_csv("table.csv", index=False)
    summary = json.loads(run("train", "--recipe_id", "small_lab", "--input", "table.csv", "--json", "-q"))
    assert summary["model"]["features"] == ["log_variance", "kurtosis"], "without the offset's drift"
    found = segments(folder / "test", simulated.signal[:10_000], count=1)
    (entry,) = json.loads(run("predict", "--recipe_id", "small_lab", "--input", found, "--json"))["predictions"]
    rows = json.loads(run("predict", "--recipe_id", "small_lab", "--input", "table.csv", "--json"))["predictions"]
    assert entry["time_to_failure_s"] == pytest.approx(rows[0]["time_to_failure_s"], abs=0.3)
    for change, sentence in (
        ({"s": "x"}, "line 2: 'x' as s; expected a number"),
        ({"ttf": np.linspace(1, 2, len(table))}, "the time to failure rises from 1 to"),
    ):
        table.assign(**change).to_csv("bad.csv", index=False)
        assert sentence in run("train", "--recipe_id", "small_lab", "--input", "bad.csv", code=2)
    table.drop(columns="k").to_csv("bad.csv", index=False)
    assert "no column 'k' among" in run("train", "--recipe_id", "small_lab", "--input", "bad.csv", code=2)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--set", "windows.scoring_stride=100"], "windows that overlap are not scored"),
        (["--set", "model.inputs.rolling.widths=[100]"], "each of widths must be a multiple of every (64)"),
        (["--set", "signals.source=recorded", "--set", "signals.store=none"], "there is no record in"),
        (["--input", "nothing.csv"], "no such file: nothing.csv"),
        (["--catalog", "events.csv"], "reads signals, not a catalogue"),
    ],
)
def test_wrong_requests_say_what_to_do(words, sentence, place, run):
    place(model={"name": "boosting"} if "widths" not in words[1] else NETWORK)
    if "recorded" in " ".join(words):
        place(model={"name": "boosting"}, signals={"source": "recorded", "store": "none"})
        words = []
    assert sentence in run("train", "--recipe_id", "small_lab", *words, code=2)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"layers": [{"block": "conv"}]}, "small_lab.model.layers.0.block: no block 'conv' in model.blocks"),
        (
            {"layers": [{"name": "Dense", "unit": 3}]},
            "small_lab.model.layers.0.unit: unknown argument; did you mean 'units'?",
        ),
        ({"layers": [{"name": "Dense", "units": 3}]}, "small_lab.model.layers.0: expected a vector"),
    ],
)
def test_mistakes_in_layers_name_their_line(change, sentence, place, run):
    place(model={**NETWORK, **change})
    assert sentence in run("train", "--recipe_id", "small_lab", code=2)


def test_random_folds_show_false_skill_where_leaving_a_cycle_out_shows_none(monkeypatch):
    """The central contrast: nothing tells of the failure, and only the leaking split says otherwise."""
    from mleq.lab import references
    from mleq.lab.crossvalidation import folds
    from mleq.lab.simulator import simulate
    from mleq.lab.windows import make_samples
    from mleq.scores.regression import group_bootstrap

    monkeypatch.setattr(references, "TREES", 100)
    signals = {"source": "simulated", "failures": 20, "sampling_rate_hz": 100_000.0, "seed": 6}
    signals |= {"coupling": 0.0, "drift": 2.0, "wandering": 0.05}
    recipe = small_recipe(signals=signals, split={"scheme": "random_folds"}, windows={"samples": 20_000})
    samples = make_samples(recipe, simulate(recipe.signals))
    features, times = samples.features, samples.target

    def gain(scheme):
        boosting, median = np.empty(len(times)), np.empty(len(times))
        for train, test in folds(scheme, samples.cycle, 5, 1):
            fitted = references.fit("boosting_20", features.columns, features.iloc[train], times[train], 1)
            boosting[test], median[test] = fitted.times(features.iloc[test]), np.median(times[train])
        scored = group_bootstrap(times, {"boosting": boosting, "median": median}, samples.cycle, seed=1)
        return scored.gain("boosting", "median")["mae_seconds"]

    assert gain("random_folds")["low"] > 0, "false skill"
    assert gain("leave_one_cycle_out")["low"] < 0, "none"


def test_the_shelf_s_window_features_of_the_real_experiment(shared):
    from mleq import api

    path = shared / "data" / "lab" / "lanl_window_features.csv"
    if not path.is_file():
        pytest.skip("no window features of the real experiment in ../shared")
    recipe = api.load_recipe("lab_features", changes=["split.cross_validate=false"])
    from mleq.lab import family

    table = family.load(recipe, inputs=[path])
    assert len(table.cycles) == 17
    samples = family.make_samples(recipe, table)
    assert {part: row["cycles"] for part, row in family.describe_split(recipe, samples).items()} == {
        "train": 8,
        "validation": 3,
        "test": 5,
    }


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["lab_wave", "lab_spectrogram", "lab_resnet", "lab_cpc", "lab_hybrid", "lab_features"])
def test_a_real_segment_goes_through_every_shelf_recipe(name, shared, tmp_path, monkeypatch):
    from mleq import api

    segment = shared / "data" / "lab" / "seg_00030f.csv.gz"
    if not segment.is_file():
        pytest.skip("no raw segment of the real experiment in ../shared")
    changes = ["signals.failures=5", "model.epochs=1", "split.cross_validate=false"]
    if name != "lab_features":
        changes.append("model.compare=false")
    if name == "lab_cpc":
        changes.append("model.probe_epochs=2")
    monkeypatch.chdir(tmp_path)
    recipe = api.load_recipe(name, changes=changes)
    api.train(recipe, out_dir=tmp_path / "out", changes=changes)
    (entry,) = api.predict(name, inputs=[segment], out_dir=tmp_path / "out")
    assert entry["input"] == "seg_00030f"
    assert 0 <= entry["time_to_failure_s"] < 30
    assert (entry["distribution"] is None) == (name == "lab_features")
