import copy
import json
import sys

import pytest

SMALL = {
    "id": "small_record",
    "family": "continuous",
    "record": {
        "source": "simulated", "start": "2020-01-01", "days": 1.6, "sampling_rate": 20, "seed": 2, "repeaters": 60,
        "local_per_day": 20, "teleseisms_per_day": 3, "latitude": 36.5, "longitude": 138.5,
    },
    "windows": {"window_s": 25.6},
    "scattering": {"octaves": 4, "per_octave": 3, "second_octaves": 6},
    "model": {"dimensions": 6, "components": [3, 5, 8], "sample": 3000, "seeds": 2, "epochs": 60},
    "detect": {"length_s": 10, "families": 4, "band_hz": [0.8, 9.0]},
    "chunk_hours": 6,
    "seed": 1,
}  # fmt: skip


@pytest.fixture
def small():
    """A recipe that trains in seconds."""
    return copy.deepcopy(SMALL)


def write(folder, *recipes):
    path = folder / "recipe.json"
    path.write_text(json.dumps({"format": 1, "recipes": list(recipes)}), encoding="utf-8")
    return path


@pytest.fixture
def load(tmp_path):
    """Load a recipe from its JSON values."""
    from mleq import api

    return lambda raw: api.load_recipe(raw["id"], write(tmp_path, raw))


@pytest.fixture
def mleq(capsys, monkeypatch):
    """Call the command line in this process; returns exit code, stdout and stderr."""
    from mleq.cli import main

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["mleq", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return leaving.value.code or 0, out, err

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder in which SMALL has been trained once, for tests that only read it."""
    from mleq import api

    folder = tmp_path_factory.mktemp("trained_record")
    path = write(folder, SMALL)
    run = api.train(api.load_recipe("small_record", path), out_dir=folder / "out")
    return folder, path, run
