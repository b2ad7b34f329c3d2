import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq.forecast.days import day_index, midnights
from mleq.forecast.grid import Grid
from mleq.forecast.heatmaps import daily_heatmaps

EVENT = st.tuples(
    st.integers(-2, 6),
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.one_of(st.just(math.nan), st.floats(-5, 800)),
    st.floats(-2, 9.5),
)


def row_by_row(events, grid, n_days):
    """The definition, one event and one cell-day at a time."""
    cell_days = {}
    for day, latitude, longitude, depth_km, magnitude in events:
        cell = int(grid.cell([latitude], [longitude])[0])
        if cell >= 0 and 0 <= day < n_days:
            cell_days.setdefault((day, *divmod(cell, grid.columns)), []).append((magnitude, depth_km))
    heatmaps = np.zeros((n_days, grid.rows, grid.columns, 3))
    for place, members in cell_days.items():
        energy = sum(10 ** (4.8 + 1.5 * magnitude) for magnitude, _ in members)
        depths = [depth for _, depth in members if not math.isnan(depth)]
        mean_depth = sum(depths) / len(depths) if depths else 0.0
        heatmaps[place] = (math.log10(energy) - 4.8) / 1.5, len(members), mean_depth
    return heatmaps


@given(
    events=st.lists(EVENT, max_size=60),
    grid=st.sampled_from(
        [
            Grid.world(2, 3),
            Grid.world(20, 30, 139.7),
            Grid.box(3, 2, -17.0, 179.0, 40),
            Grid.box(2, 2, 89.0, 0.0, 90),
        ]
    ),
)
def test_equals_the_definition_row_by_row(events, grid):
    columns = [np.array(column) for column in zip(*events, strict=True)] or [np.array([])] * 5
    heatmaps = daily_heatmaps(*columns, grid=grid, n_days=5)
    assert heatmaps.dtype == np.float32
    assert heatmaps.shape == (5, grid.rows, grid.columns, 3)
    np.testing.assert_allclose(heatmaps, row_by_row(events, grid, 5), rtol=2e-6, atol=2e-6)


def test_magnitude_of_summed_energy():
    # Two events of one magnitude are log10(2) / 1.5 = 0.2007 stronger than one; 32 times weaker is one unit less.
    heatmaps = daily_heatmaps(np.zeros(2, int), [0, 0], [0, 0], [10, 20], [6.0, 6.0], grid=Grid.world(1, 1), n_days=1)
    assert heatmaps[0, 0, 0] == pytest.approx([6.20069, 2, 15], abs=1e-5)


def test_one_event_keeps_its_magnitude():
    heatmaps = daily_heatmaps([0], [0.0], [0.0], [np.nan], [4.5], grid=Grid.world(1, 1), n_days=1)
    assert heatmaps[0, 0, 0] == pytest.approx([4.5, 1, 0], abs=1e-6)


def test_order_of_events_does_not_matter(make_events):
    events = make_events(500)
    grid, rng = Grid.world(4, 6), np.random.default_rng(3)

    def heatmaps(table):
        day = day_index(table["origin_time"], midnights("2001-01-01", 366, "UTC"))
        columns = {name: table[name].to_numpy() for name in ("latitude", "longitude", "depth_km", "magnitude")}
        return daily_heatmaps(day, **columns, grid=grid, n_days=365)

    shuffled = events.iloc[rng.permutation(len(events))]
    np.testing.assert_allclose(heatmaps(shuffled), heatmaps(events), rtol=1e-6)
    assert heatmaps(events)[..., 1].sum() == 500
