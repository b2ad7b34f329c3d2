import json
import signal
import sys
from pathlib import Path

import pytest
from service_stand_in import make, service

__all__ = ["make", "service"]

SMALL = {
    "id": "small",
    "family": "catalog",
    "title": {"en": "A small simulated region"},
    "catalog": {
        "source": "simulated",
        "start": "2000-01-01",
        "days": 1500,
        "min_magnitude": 3.0,
        "max_magnitude": 7.0,
        "region": [35.0, 38.0, 137.0, 140.0],
        "mu": 1.0,
        "seed": 7,
    },
    "target": {
        "latitude": 36.5,
        "longitude": 138.5,
        "radius_km": 150,
        "magnitude": 4.0,
        "horizon_days": 1,
        "timezone": "Asia/Tokyo",
    },
    "grid": {"extent": {"degrees": 4}, "rows": 4, "columns": 4, "window_days": 4},
    "split": {"validation": 0.2, "test": 0.3},
    "resample": [{"name": "RandomUnderSampler"}],
    "model": {"name": "convlstm", "filters": 2, "learning_rate": 0.01, "epochs": 2},
    "calibration": {"method": "platt", "folds": 2},
    "seed": 3,
}


def write_recipes(path: Path, *recipes) -> Path:
    path.write_text(json.dumps({"format": 1, "recipes": list(recipes)}, indent=1), encoding="utf-8")
    return path


@pytest.fixture
def recipes(tmp_path):
    """Write recipes to a file and return its path."""
    return lambda *entries, path=None: write_recipes(path or tmp_path / "recipe.json", *entries)


@pytest.fixture
def small():
    """A recipe that trains in seconds."""
    return json.loads(json.dumps(SMALL))


class Answer:
    """What a command answered."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def mleq(capsys, monkeypatch):
    """Call the command line in this process."""
    from mleq.cli import main

    def call(*words) -> Answer:
        monkeypatch.setattr(sys, "argv", ["mleq", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a command that was stopped wants to hear no more
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Answer(leaving.value.code, out, err)

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder in which `small` has been trained once, for tests that only read it."""
    from mleq import api

    folder = tmp_path_factory.mktemp("trained")
    path = write_recipes(folder / "recipe.json", SMALL)
    api.train(api.load_recipe("small", path), out_dir=folder / "out")
    return folder
