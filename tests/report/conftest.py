"""A run to draw."""

import pytest
from run_by_hand import write_run


@pytest.fixture(autouse=True, scope="session")
def few_resamples():
    """Bands of few resamples: what they are is tested where they are made."""
    from mleq.report import daily

    daily.RESAMPLES = 20


@pytest.fixture
def run_folder(tmp_path):
    return write_run(tmp_path / "out" / "somewhere" / "runs" / "20260101T000000Z-0123abcd")
