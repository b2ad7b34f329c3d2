import copy
import sys

import pytest
from small_record import SMALL, write


@pytest.fixture
def small():
    """A recipe that trains in seconds."""
    return copy.deepcopy(SMALL)


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
