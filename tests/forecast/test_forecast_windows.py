import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.forecast.windows import scaled, window_views


@given(n_days=st.integers(1, 12), window_days=st.integers(1, 12))
def test_windows_are_views_of_the_days_before(n_days, window_days):
    heatmaps = np.arange(n_days * 2 * 3 * 3, dtype=np.float32).reshape(n_days, 2, 3, 3)
    if window_days > n_days:
        with pytest.raises(ValueError, match="window"):
            window_views(heatmaps, window_days)
        return
    views = window_views(heatmaps, window_days)
    assert views.shape == (n_days - window_days + 1, window_days, 2, 3, 3)
    assert np.shares_memory(views, heatmaps)
    assert not views.flags.writeable
    for i, view in enumerate(views):
        assert np.array_equal(view, heatmaps[i : i + window_days])


def test_scaled_by_constants_and_clipped():
    windows = np.array([[5.0, 50.0, 250.0], [12.0, 300.0, 700.0], [-1.0, 0.0, -3.0]], np.float32)
    result = scaled(windows, (10.0, 100.0, 500.0))
    assert result.dtype == np.float32
    assert result.tolist() == [[0.5, 0.5, 0.5], [1, 1, 1], [0, 0, 0]]
    assert windows[1, 0] == 12


def test_scaled_windows_are_contiguous():
    views = window_views(np.ones((30, 4, 5, 3), np.float32), 7)
    assert scaled(views[:5], (1.0, 1.0, 1.0)).flags.c_contiguous
