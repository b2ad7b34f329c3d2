"""Memos of the store: the same events as were read, never out of date, and no harm when they are damaged."""

import numpy as np
import pandas as pd
import pytest

from mleq.catalog import memo


def table(n=60):
    times = pd.date_range("2001-01-01", periods=n, freq="h", tz="UTC").as_unit("us")
    events = pd.DataFrame(
        {
            "id": pd.Series([f"us{i}" for i in range(n)], dtype="str"),
            "origin_time": times,
            "magnitude": np.linspace(4, 6, n),
            "depth_km": np.where(np.arange(n) % 7 == 0, np.nan, 10.0),
        }
    )
    events.attrs = {"start": times[0], "end": times[-1], "source": "usgs", "sha256": "0" * 64, "notes": ["a hole"]}
    return events


@pytest.fixture
def calls(monkeypatch):
    monkeypatch.setattr(memo, "WORTH", 10)
    return []


def ask(folder, calls, key="k" * 64, n=60):
    def read():
        calls.append(key)
        return table(n)

    return memo.remembered(folder, key, read)


def test_the_second_time_the_same_events_come_from_the_memo(tmp_path, calls):
    first, second = ask(tmp_path, calls), ask(tmp_path, calls)
    assert len(calls) == 1
    pd.testing.assert_frame_equal(first, second)
    assert first.attrs == second.attrs
    assert ask(tmp_path, calls, key="other" * 12).equals(first)
    assert len(calls) == 2


@pytest.mark.parametrize("suffix", [".arrow", ".sha256"])
@pytest.mark.parametrize("damage", [b"", b"\xff{}", None])
def test_a_damaged_memo_is_as_good_as_none(tmp_path, calls, suffix, damage):
    whole = ask(tmp_path, calls)
    path = next(tmp_path.glob(f"*{suffix}"))
    if damage is None:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    else:
        path.write_bytes(damage)
    pd.testing.assert_frame_equal(ask(tmp_path, calls), whole)
    assert len(calls) == 2


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path, calls):
    (tmp_path / "memo").write_text("a file stands in the way")
    assert len(ask(tmp_path / "memo", calls)) == 60


def test_only_the_newest_memos_are_kept_and_small_tables_are_not(tmp_path, calls):
    for i in range(memo.KEPT + 3):
        ask(tmp_path, calls, key=str(i) * 64)
    assert len(list(tmp_path.glob("*.arrow"))) == len(list(tmp_path.glob("*.sha256"))) == memo.KEPT
    ask(tmp_path / "small", calls, n=5)
    assert not (tmp_path / "small").exists()
