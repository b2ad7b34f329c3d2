"""Super-thinning leaves an even scatter where the model is right, and shows where it is wrong."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from mleq.errors import DataError
from mleq.etas import EtasParameters, History, fault_like_background, simulate_catalog, super_thinned
from mleq.etas.background import KernelBackground
from mleq.etas.sphere import Box

REGION = (34.0, 38.0, 136.0, 141.0)
TRUTH = EtasParameters(0.6, 0.25, 1.3, 0.02, 1.4, 6.0, 1.7, 1.0, m0=4.0)
BACKGROUND = fault_like_background(REGION, np.random.default_rng(2))
UNIFORM = KernelBackground(Box.checked(REGION), *(np.empty(0) for _ in range(5)), uniform_share=1.0)


@pytest.fixture(scope="module")
def history():
    one = simulate_catalog(
        REGION, 0, 1200, TRUTH, b_value=1.0, magnitude_max=7.0, seed=5, background=BACKGROUND, burn_in_days=0,
        keep_outside=True,
    )  # fmt: skip
    return History.of(*(one[name] for name in ("time_days", "latitude", "longitude", "magnitude")))


def test_the_true_model_leaves_an_even_scatter(history):
    found = super_thinned(history, TRUTH, BACKGROUND, start=100, end=1200, seed=1)
    expected = found.rate * 1100 * Box.checked(REGION).area_km2
    assert found.time_days.size == pytest.approx(expected, abs=4 * np.sqrt(expected))
    assert found.p_value > 1e-3
    assert kstest((found.time_days - 100) / 1100, "uniform").pvalue > 1e-3
    assert found.counts.sum() == found.time_days.size
    assert 0 < found.added.mean() < 1
    assert (np.diff(found.time_days) >= 0).all()


def test_a_wrong_map_and_missing_aftershocks_are_seen(history):
    wrong_map = super_thinned(history, TRUTH, UNIFORM, start=100, end=1200, seed=1)
    assert wrong_map.p_value < 1e-6
    no_aftershocks = replace(TRUTH, productivity=1e-6)
    found = super_thinned(history, no_aftershocks, BACKGROUND, start=100, end=1200, seed=1)
    assert found.p_value < 1e-3


def test_nothing_to_make_residuals_of(history):
    with pytest.raises(DataError, match="no event"):
        super_thinned(history[:0], TRUTH, BACKGROUND, start=100, end=1200, seed=1)
