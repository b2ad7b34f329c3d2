"""A short form of `make torture`: spoilt recipes and files, and a fetch that is killed."""

from functools import partial

import pytest
from torture import spoilt, stopped
from torture.jobs import JOBS
from torture.readers import FORMATS

NEEDS = {
    "QuakeML": "obspy",
    "MiniSEED": "obspy",
    "HDF5": "h5py",
    "HDF5 (SeisBench)": "h5py",
    "zarr": "zarr",
    "laboratory csv": "zarr",
}


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level("CRITICAL")


def test_a_spoilt_recipe_ends_in_a_message():
    count = spoilt.tried(spoilt.spoilt_recipe, range(60))
    assert not count.bad
    assert count.refused > 30


@pytest.mark.parametrize("name", FORMATS)
def test_a_spoilt_file_ends_in_a_message(name):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    count = spoilt.tried(partial(spoilt.spoilt_file, name), range(25))
    assert not count.bad
    assert count.refused > 0


def test_a_fetch_that_is_killed_loses_nothing(tmp_path):
    harm = stopped.killed(JOBS["fetch"], tmp_path, times=3)
    assert harm.total == 0, harm.said


def test_a_fetch_that_may_write_small_files_only_says_so(tmp_path):
    harm = stopped.small_files(JOBS["fetch"], tmp_path, limits=(1_000,))
    assert harm.total == 0, harm.said


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("name", JOBS)
def test_a_command_that_is_killed_goes_on_to_the_same_result(name, tmp_path):
    harm = stopped.killed(JOBS[name], tmp_path, times=1)
    assert harm.tried == 1
    assert harm.total == 0, harm.said
