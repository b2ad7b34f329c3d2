"""What the tests of the family `lab` share."""

import sys

import pytest
from small_experiment import small_recipe


@pytest.fixture(scope="session")
def simulated():
    from mleq.lab.simulator import simulate

    return simulate(small_recipe().signals)


@pytest.fixture
def run(capsys, monkeypatch):
    """Call the command line in this process; return what it said, on stdout, or on stderr where it fails."""
    from mleq.cli import main

    def call(*words, code=0):
        monkeypatch.setattr(sys, "argv", ["mleq", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert leaving.value.code == code, err
        return err if code else out

    return call
