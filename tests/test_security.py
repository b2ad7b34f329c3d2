"""What docs/security.md promises and no module's own test holds: files that mean harm, names that lead elsewhere."""

import ast
import json
import os
import pickle
import re
import socket
import subprocess
import sys
import types
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from report.run_by_hand import write_run

from mleq.errors import DataError, Failure, RecipeError, RequestError

CLONE = Path(__file__).resolve().parents[1]
MODULES = sorted((CLONE / "mleq").rglob("*.py"))
ELSEWHERE = ["../other", "..", ".", "/etc", "a/b", "a\\b", "", "C:x", "x\n"]


class Planted:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.makedirs, (str(self.folder),)


@pytest.fixture
def planted(tmp_path):
    """A pickle, and the folder that shows that it was read."""
    folder = tmp_path / "planted"
    yield pickle.dumps(Planted(folder)), folder
    assert not folder.exists()


class TestCode:
    """No module has what lets data become code."""

    IMPORTS = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "torch", "yaml", "jsonpickle"}
    CALLS = {"eval", "exec", "system", "popen", "extract", "extractall", "unpack_archive", "read_pickle"}
    CALLS |= {"read_hdf", "enable_unsafe_deserialization", "register_extension_type"}

    @pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CLONE / "mleq")))
    def test_nothing_is_unpickled_unpacked_or_evaluated(self, path):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = node.module if isinstance(node, ast.ImportFrom) else None
                names = {alias.name.split(".")[0] for alias in node.names if module is None} | {str(module)}
                assert not names & self.IMPORTS
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = {keyword.arg: getattr(keyword.value, "value", ...) for keyword in node.keywords}
            written = ast.unparse(node)
            assert name not in self.CALLS, written
            assert given.get("allow_pickle", False) is False, written
            assert given.get("shell", False) is False, written
            assert given.get("verify", True) is True, written
            if re.search(r"(saving|models)\.load_model$", ast.unparse(node.func)):
                assert given["safe_mode"] is True, written


class TestModels:
    """A network from elsewhere cannot bring code."""

    @pytest.fixture
    def hostile(self, tmp_path):
        keras = pytest.importorskip("keras")
        layers = [keras.Input((2,)), keras.layers.Lambda(lambda values: values + 1, output_shape=(2,))]
        keras.Sequential(layers).save(tmp_path / "model.keras")
        return tmp_path

    @pytest.mark.tensorflow
    def test_a_network_that_holds_code_is_refused(self, hostile):
        from mleq.experiment.predictions import load_model
        from mleq.forecast.pool.dense import DenseCorrection

        with pytest.raises(Failure, match=r"model\.keras cannot be read.*train the recipe again"):
            load_model(types.SimpleNamespace(folder=hostile))
        with pytest.raises(Failure, match=r"model\.keras cannot be read.*train the recipe again"):
            DenseCorrection.loaded(hostile / "model")

    @pytest.mark.tensorflow
    @pytest.mark.parametrize("content", [b"", b"no network", b"PK\x05\x06" + bytes(18)])
    def test_a_damaged_network_is_a_clear_failure(self, content, tmp_path):
        from mleq.experiment.predictions import load_model

        (tmp_path / "model.keras").write_bytes(content)
        with pytest.raises(Failure, match=r"model\.keras cannot be read: \S"):
            load_model(types.SimpleNamespace(folder=tmp_path))

    @pytest.mark.tensorflow
    @pytest.mark.parametrize("name", ["Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"])
    def test_a_recipe_has_no_layer_that_is_code_or_a_file_of_it(self, name):
        from mleq.experiment.network import layer_mistakes

        (mistake,) = layer_mistakes([{"name": name, "filepath": "/tmp"}], (2,))
        assert "cannot stand in a list of layers" in str(mistake)

    @pytest.mark.tensorflow
    def test_nor_code_in_an_argument(self):
        from mleq.experiment.network import layer_mistakes

        code = {"class_name": "__lambda__", "config": {"value": ["4wAAAA==", None, None]}}
        mistakes = layer_mistakes([{"name": "Dense", "units": 1, "activation": code}], (2,))
        assert "disallowed" in str(mistakes[0])


class TestArrays:
    """Files of arrays are read as numbers."""

    def test_numpys_own_files(self, planted, tmp_path):
        from mleq.continuous.keeping import load_model

        content, _ = planted
        objects = np.array([pickle.loads(pickle.dumps(0)), content], dtype=object)
        np.savez(tmp_path / "model.npz", bulk=objects)
        with pytest.raises(Failure, match="cannot be read: Object arrays cannot be loaded"):
            load_model(tmp_path / "model.npz", {"templates": []})

    @pytest.mark.parametrize("where", ["filters", "compressor"])
    def test_a_zarr_array_behind_a_pickle(self, where, planted, tmp_path, monkeypatch):
        pytest.importorskip("zarr")
        pickles = pytest.importorskip("numcodecs.pickles")
        # Newer versions of numcodecs refuse by themselves.
        monkeypatch.setattr(pickles, "ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)
        path = self.zarr(
            tmp_path, planted[0], **{where: [{"id": "pickle"}] if where == "filters" else {"id": "pickle"}}
        )
        self.refuse(path, "cannot be read as a zarr group .*pickle")

    def test_a_zarr_array_of_objects(self, planted, tmp_path):
        pytest.importorskip("zarr")
        path = self.zarr(tmp_path, planted[0], dtype="|O", filters=[{"id": "vlen-utf8"}], fill_value="")
        self.refuse(path, "expected numbers")

    @staticmethod
    def zarr(folder, content, **settings):
        """A store as zarr's version 2 lays it down, by hand."""
        array = folder / "record.zarr" / "AA" / "HHZ"
        array.mkdir(parents=True)
        for group in (array.parent, array.parent.parent):
            (group / ".zgroup").write_text('{"zarr_format": 2}')
        layout = {"zarr_format": 2, "shape": [4], "chunks": [4], "dtype": "<f4", "order": "C", "fill_value": 0}
        layout |= {"compressor": None, "filters": None, **settings}
        (array / ".zarray").write_text(json.dumps(layout))
        (array / ".zattrs").write_text('{"sampling_rate": 20.0, "start_time": "2020-01-01T00:00:00Z"}')
        (array / "0").write_bytes(content)
        return folder / "record.zarr"

    @staticmethod
    def refuse(path, message):
        from mleq.continuous.formats import read_traces

        with pytest.raises(DataError, match=message):
            [trace.read(0, 4) for trace in read_traces([path])]

    def test_the_same_zarr_array_of_plain_numbers_is_read(self, tmp_path):
        pytest.importorskip("zarr")
        from mleq.continuous.formats import read_traces

        values = np.arange(4, dtype="<f4")
        (trace,) = read_traces([self.zarr(tmp_path, values.tobytes())])
        np.testing.assert_array_equal(trace.read(0, 4), values)


def test_members_of_an_archive_are_read_where_they_are_and_named_by_their_last_part(tmp_path):
    from mleq.lab.segments import segments

    place = tmp_path / "inside"
    place.mkdir()
    with zipfile.ZipFile(place / "segments.zip", "w") as archive:
        for name in ("../up.csv", "/root.csv", "a/../../deep.csv"):
            archive.writestr(name, "acoustic_data\n1\n2\n")
    found = dict(segments([place / "segments.zip"], 2))
    assert sorted(found) == ["deep", "root", "up"]
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "inside",
        "inside/segments.zip",
    ]


class TestPaths:
    """No name of a recipe, record or snapshot leads out of its folder."""

    @pytest.mark.parametrize("name", ELSEWHERE)
    def test_ids_of_recipes(self, name, tmp_path):
        from mleq.recipe.entries import Entry
        from mleq.recipe.load import validate
        from mleq.registry import recipe_models

        raw = {"family": "catalog", "id": name, "catalog": {"source": "recipe", "id": name}}
        with pytest.raises(RecipeError) as refused:
            validate(Entry(raw, "it", {}, tmp_path), models=recipe_models)
        for path in ("id", "catalog.id"):
            assert any(f"{path}: found " in one and "small letters" in one for one in refused.value.mistakes), path

    @pytest.mark.parametrize("name", ELSEWHERE)
    def test_runs_are_those_of_the_folder_of_results(self, name, tmp_path):
        from mleq.experiment import folder, prune

        out = tmp_path / "out"
        for place in (tmp_path / "other", tmp_path, out, out / "a" / "b"):
            for run in ("20260101T000000Z-0123abcd", "20260102T000000Z-0123abcd"):
                (place / "runs" / run).mkdir(parents=True)
        assert folder.complete_runs(out, name) == []
        for find in (lambda: prune.removable(out, [name], keep=1), lambda: folder.latest_run(out, name)):
            with pytest.raises(RequestError, match="has no finished run"):
                find()

    @pytest.mark.parametrize("name", ELSEWHERE)
    def test_snapshots(self, name, tmp_path):
        from mleq.catalog.store import Store

        with pytest.raises(RequestError, match="cannot name a snapshot"):
            Store(tmp_path).snapshot_path(name)

    def test_an_address_makes_a_plain_name_of_a_store(self, tmp_path):
        from mleq.catalog.store import Store

        for url in ("https://a/../../b/", "http://../../x", "https://x/%2e%2e/%2e%2e/"):
            assert re.fullmatch("[a-z0-9-]+", Store.of(tmp_path, url).folder.relative_to(tmp_path).as_posix())


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/x/", "javascript:alert(1)", "//host/x/", "HTTP:/x", "https://", "data:,x"]
)
def test_addresses_are_of_the_web(url):
    from mleq.catalog.connection import service_address
    from mleq.recipe.settings import UsgsCatalog

    settings = {"source": "usgs", "start": "1990-01-01", "min_magnitude": 4.0, "url": url}
    if url != "https://":
        with pytest.raises(ValueError, match="url"):
            UsgsCatalog.model_validate_json(json.dumps(settings))
    with pytest.raises(RequestError, match="is no address of an event service"):
        service_address(url)


def test_pages_are_served_to_this_machine_alone(tmp_path):
    from mleq.report.serve import serving

    with serving(tmp_path) as address:
        where = urlsplit(address)
        socket.create_connection((where.hostname, where.port), timeout=5).close()
        # Another address of this machine, behind which a server bound to all of them would be found.
        with socket.socket() as elsewhere:
            elsewhere.settimeout(5)
            assert elsewhere.connect_ex(("127.0.0.2", where.port)) != 0


def test_names_of_files_that_are_markup_stay_text(tmp_path):
    from mleq.report import shelf

    attack = "<img src=x onerror=alert(1)>\"'>.csv"
    write_run(tmp_path / "somewhere" / "runs" / "20260101T000000Z-0123abcd", plots=False)
    entry = {"recipe_id": "somewhere", "input": attack, "probability": 0.5, "climatology": 0.1, "answer": attack}
    (tmp_path / "predictions.json").write_text(json.dumps({"predictions": [entry]}))
    row = {"recipe_id": attack, "prospective": 1, "scored": 0, "catalog": {"end": attack}}
    (tmp_path / "ledger_scores.json").write_text(json.dumps({"recipes": [row]}))
    text = shelf.draw(tmp_path).read_text(encoding="utf-8")
    assert "<img" not in text
    assert "&lt;img src=x" in text


class TestDependencies:
    """Versions have a floor, a ceiling, and one that is known to work."""

    @pytest.fixture
    def asked(self):
        tree = ast.parse((CLONE / "setup.py").read_text(encoding="utf-8"))
        texts = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        return [text for text in texts if re.match(r"^[A-Za-z0-9_-]+>=", text) and not text.startswith(">=")]

    def test_each_has_a_floor_and_a_ceiling(self, asked):
        assert len(asked) > 30
        # Zones change by law several times a year: what is newest is right.
        assert [one for one in asked if not re.match(r"^[\w-]+>=[\d.]+,<[\d.]+(?:;|$)", one)] == ["tzdata>=2024.1"]

    def test_each_is_pinned_within_them(self, asked):
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name

        lines = (CLONE / "constraints.txt").read_text().split("\n")
        pins = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines if "==" in line}
        for requirement in map(Requirement, asked):
            if requirement.marker is None or requirement.marker.evaluate():
                assert pins[canonicalize_name(requirement.name)] in requirement.specifier, requirement

    def test_keras_is_not_one_whose_safe_mode_had_holes(self, asked):
        """CVE-2025-1550, 8747, 9905, 9906, 49655, 12058 and 12060, the last of them mended in 3.12."""
        (keras,) = (one for one in asked if one.startswith("keras>="))
        assert tuple(map(int, re.findall(r"\d+", keras)[:2])) >= (3, 12)

    def test_an_audit_finds_a_version_in_the_range_of_an_advisory(self, tmp_path):
        """The advisory is made up; its form is that of https://ossf.github.io/osv-schema/."""
        (tmp_path / "advisories").mkdir()
        (tmp_path / "advisories" / "PYSEC-1.yaml").write_text(ADVISORY)
        for version, affected in (("1.9", False), ("2.0", True), ("2.4.1", True), ("2.4.2", False), ("3.7", True)):
            (tmp_path / "pins.txt").write_text(f"# comment\nSome_Package=={version}  # why\nother==2.1\n")
            asked = ["--advisories", tmp_path / "advisories", "--constraints", tmp_path / "pins.txt"]
            done = subprocess.run(
                [sys.executable, CLONE / "benchmarks" / "audit.py", *asked], capture_output=True, text=True
            )
            assert done.returncode == affected, done.stderr
            assert ("PYSEC-1 CVE-1" in done.stdout) == affected


ADVISORY = """
id: PYSEC-1
aliases: [CVE-1]
affected:
- package: {name: some-package, ecosystem: PyPI}
  ranges:
  - {type: GIT, events: [{introduced: "0"}]}
  - {type: ECOSYSTEM, events: [{introduced: "2.0"}, {fixed: 2.4.2}, {introduced: "3.0"}, {last_affected: "3.7"}]}
"""
