"""The pages on security and on what the house weighs name what there is."""

import re
import sys
from pathlib import Path

import pytest

CLONE = Path(__file__).resolve().parents[2]
PROMISES = [
    line for line in (CLONE / "docs" / "security.md").read_text(encoding="utf-8").splitlines() if "tests/" in line
]


def test_there_are_promises():
    assert len(PROMISES) > 15


@pytest.mark.parametrize("line", PROMISES, ids=lambda line: line.strip("| ")[:40])
def test_every_promise_names_a_test_that_there_is(line):
    files = [CLONE / name for name in re.findall(r"`(tests/[\w/]+\.py)`", line)]
    assert files
    content = "".join(file.read_text(encoding="utf-8") for file in files)
    assert content.count("def test_") >= len(files)
    for name in re.findall(r"`(Test\w+)`", line):
        assert f"class {name}:" in content


def test_every_package_has_its_reason():
    sys.path.insert(0, str(CLONE / "benchmarks"))
    from house import REASONS

    names = set(re.findall(r'"([A-Za-z][\w-]+)>=', (CLONE / "setup.py").read_text(encoding="utf-8")))
    assert names == set(REASONS)
    page = (CLONE / "docs" / "house.md").read_text(encoding="utf-8")
    assert [name for name in sorted(names - {"xgboost"}) if f"| {name} |" not in page] == []
