"""The same units in this process and on a cluster, killed and continued."""

import json
import logging
from functools import partial

import numpy as np
import pytest
import units_of_work

from mleq import scaling
from mleq.errors import Failure, RequestError
from mleq.scaling import Shared, Unit


def units(function, items, *first, keys="u{}"):
    return [Unit(keys.format(item), f"units_of_work:{function}", (*first, item), {"number": item}) for item in items]


@pytest.fixture
def alone():
    with scaling.engine(1) as found:
        yield found


def values(outcomes):
    return {outcome.unit.key: outcome.value for outcome in outcomes}


def test_a_stopped_sweep_goes_on_and_does_nothing_twice(alone, tmp_path, caplog):
    kept, calls = tmp_path / "kept", tmp_path / "calls"
    calls.mkdir()
    all_of_them = units("traced", range(6), str(calls))
    going = scaling.run(all_of_them, alone, folder=kept)
    first = [next(going) for _ in range(3)]
    going.close()
    with caplog.at_level(logging.INFO, "mleq"):
        again = list(scaling.run(all_of_them, alone, folder=kept))
    assert "3 of 6 units were done before" in caplog.text
    assert values(again) == {f"u{n}": n**2 for n in range(6)}
    assert [one.value for one in first] == [one.value for one in again[:3]]
    assert len(list(calls.iterdir())) == 6


def test_what_fails_is_reported_with_its_recipe_and_the_rest_goes_on(alone, tmp_path, caplog):
    outcomes = list(scaling.run(units("fails_on", range(4), 2), alone, folder=tmp_path))
    assert [one.error for one in outcomes] == [None, None, "ValueError: 2 is wrong", None]
    assert "Traceback" in outcomes[2].details
    assert 'u2 failed: ValueError: 2 is wrong (recipe: {"number": 2})' in caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["u0.json", "u1.json", "u3.json"]
    # Failures are no answers: they are tried again.
    mended = [*units("fails_on", [0, 1, 3], 2), Unit("u2", "units_of_work:double", (2,))]
    assert values(scaling.run(mended, alone, folder=tmp_path))["u2"] == 4


def test_a_damaged_answer_is_made_again(alone, tmp_path):
    list(scaling.run(units("double", [1, 2]), alone, folder=tmp_path))
    (tmp_path / "u1.json").write_text('{"key": "u1", "val')
    (tmp_path / "u2.json").write_text(json.dumps({"key": "another", "value": 0, "seconds": 0}))
    assert values(scaling.run(units("double", [1, 2]), alone, folder=tmp_path)) == {"u1": 2, "u2": 4}


def test_keys_are_file_names_and_differ(alone):
    for key in ("a/b", "", ".hidden", "x" * 300):
        with pytest.raises(RequestError, match="the key"):
            Unit(key, "units_of_work:double", (1,))
    with pytest.raises(RequestError, match="two units with the key 'u1'"):
        list(scaling.run(units("double", [1, 1]), alone))


def test_a_worker_of_another_version_refuses(alone):
    from mleq.performing import perform

    assert "this worker" in perform("units_of_work:double", "k", "0.0.0", 1, None, 1)["error"]


def test_threads_are_bounded_and_given_back(alone, monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "7")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    (one,) = scaling.run([Unit("t", "units_of_work:threads")], alone)
    assert one.value == {"libraries": [1], "tensorflow": "1"}
    import os

    assert os.environ["TF_NUM_INTRAOP_THREADS"] == "7"
    assert "OMP_NUM_THREADS" not in os.environ


def test_a_mapping_keeps_the_order_and_says_all_failures_at_the_end(alone):
    assert list(scaling.mapping(alone)(units_of_work.double, [3, 1, 2])) == [6, 2, 4]
    assert list(scaling.mapping(alone)(partial(units_of_work.fails_on, 9), [3, 1])) == [3, 1]
    given = []
    with pytest.raises(Failure, match="1 of 3 failed: ValueError: 1 is wrong"):
        given.extend(scaling.mapping(alone)(partial(units_of_work.fails_on, 1), [0, 1, 2]))


def test_what_cannot_be_asked():
    with pytest.raises(RequestError, match="0 workers"), scaling.engine(0):
        pass


def test_without_dask_units_run_in_this_process_and_a_scheduler_is_refused(monkeypatch, caplog):
    real = scaling.importlib.util.find_spec
    monkeypatch.setattr(scaling.importlib.util, "find_spec", lambda name: None if name == "distributed" else real(name))
    with scaling.engine(2) as found:
        assert values(scaling.run(units("double", [4]), found)) == {"u4": 8}
    assert "Dask is not installed" in caplog.text
    with (
        pytest.raises(RequestError, match=r"pip install 'mleq\[distributed\]'"),
        scaling.engine(scheduler="tcp://x:1"),
    ):
        pass


def test_two_processes_one_of_them_killed_give_the_same(alone, tmp_path, caplog):
    pytest.importorskip("distributed")
    table = {"column": np.random.default_rng(1).normal(size=50_000)}
    work = [*units("weighted", range(8), Shared(table), keys="w{}"), *units("fails_on", range(4), 2, keys="f{}")]
    here = values(scaling.run(work, alone))
    deaths = units("kills_its_worker_once", [1], str(tmp_path), keys="d{}")
    with caplog.at_level(logging.INFO, "mleq"), scaling.engine(2) as cluster:
        assert cluster.workers == 2
        assert "dashboard at http://" in caplog.text
        there = list(scaling.run([*work[:6], *deaths, *work[6:]], cluster, folder=tmp_path / "kept"))
        (bound,) = scaling.run([Unit("t", "units_of_work:threads")], cluster)
        assert list(scaling.mapping(cluster)(partial(units_of_work.fails_on, 9), range(5))) == list(range(5))
    assert (tmp_path / "died-1").exists()
    assert values(there) == here | {"d1": 1}  # bit for bit: == of floats
    assert len(there) == len(work) + 1
    assert [one.error for one in there if one.error] == ["ValueError: 2 is wrong"]
    assert bound.value == {"libraries": [1], "tensorflow": "1"}


def test_workers_whose_memory_grows_are_renewed_before_dask_gives_them_nothing_more(monkeypatch, capfd):
    system = pytest.importorskip("distributed.system")
    monkeypatch.setattr(system, "MEMORY_LIMIT", 2 * 600_000_000)
    shared = Shared({"column": np.ones(10)})
    with scaling.engine(2) as cluster:
        grown = list(scaling.run(units("grows", range(24), 60), cluster))
        assert values(scaling.run(units("weighted", range(2), shared), cluster)) == {"u0": 0.0, "u1": 10.0}
    assert sorted(one.value[0] for one in grown) == list(range(24))
    assert len({one.value[1] for one in grown}) > 2
    assert "Traceback" not in capfd.readouterr().err
