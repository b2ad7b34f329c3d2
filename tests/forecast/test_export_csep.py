"""CSEP's formats, and the parity of our tests with pyCSEP's."""

import numpy as np
import pandas as pd
import pytest

from mleq import scores
from mleq.errors import DataError, Failure
from mleq.etas import Circle, EtasModel, EtasParameters, Grid, History, expected_in_cells, fault_like_background
from mleq.etas.sphere import Box
from mleq.forecast.export_csep import CellForecast, read_catalog, write_catalog

BOX = Box(34.0, 36.0, 139.0, 142.0)
START, END = "2020-01-01", "2020-01-31"
EDGES = [4.0, 4.5, 5.0, 5.5]


@pytest.fixture(scope="module")
def model():
    background = fault_like_background(tuple(BOX), np.random.default_rng(1))
    return EtasModel(EtasParameters(0.5, 0.2, 1.3, 0.02, 1.2, 6.0, 1.7, 1.0, m0=4.0), background, 1.0, 8.0)


@pytest.fixture(scope="module")
def forecast(model):
    history = History.of(np.array([90.0]), np.array([35.2]), np.array([140.5]), np.array([6.0]))
    grid = Grid(BOX, 10, 15)
    expected = expected_in_cells(model, history, grid, 100.0, 30.0, 4.0)
    return CellForecast.from_etas(model, grid, expected, 4.0, EDGES, start=START, end=END)


def drawn(forecast, seed, extra=True):
    """Events drawn from a forecast, on cell edges too, and some that it does not speak of."""
    rng = np.random.default_rng(seed)
    cell, magnitude_bin = np.nonzero(rng.poisson(forecast.rates))
    n = cell.size
    events = pd.DataFrame(
        {
            "id": [f"e{i}" for i in range(n)],
            "origin_time": pd.Timestamp(START, tz="UTC") + pd.to_timedelta(np.sort(rng.uniform(0, 29, n)), unit="D"),
            "latitude": np.round(forecast.south[cell] + rng.choice([0, 0.05, 0.1], n), 4),
            "longitude": np.round(forecast.west[cell] + rng.choice([0, 0.05, 0.1], n), 4),
            "depth_km": rng.uniform(0, 30, n),
            "magnitude": np.round(forecast.magnitudes[magnitude_bin] + rng.choice([0, 0.2, 0.4], n), 1),
        }
    )
    if not extra:
        return events
    outside = events.iloc[[0, 0, 0]].assign(id=["late", "south", "weak"])
    outside["origin_time"] += pd.to_timedelta([60, 0, 0], unit="D")
    outside["latitude"] -= [0, 10, 0]
    outside["magnitude"] -= [0, 0, 3]
    return pd.concat([events, outside], ignore_index=True)


def test_rates_keep_the_expected_number_and_the_magnitude_law(forecast, model):
    per_bin = forecast.rates.sum(axis=0)
    # Gutenberg-Richter with b = 1: each half unit up, a factor sqrt(10), but for the largest magnitude.
    assert per_bin[0] / per_bin[1] == pytest.approx(np.sqrt(10), rel=1e-9)
    assert per_bin[1:].sum() / per_bin.sum() == pytest.approx(model.share_above(4.5))


def test_counts_leave_out_what_the_forecast_does_not_speak_of(forecast):
    events = drawn(forecast, 3)
    assert forecast.counts(events).sum() == len(events) - 3
    assert forecast.rates_at(events).shape == (len(events) - 3,)


def test_a_circle_keeps_its_chance():
    circle = Circle(35.68, 139.77, 150.0)
    cells = CellForecast.from_circle(circle, 0.2, 4.5, start="2020-01-01", end="2020-01-02")
    assert 1 - np.exp(-cells.rates.sum()) == pytest.approx(0.2)
    # 150 km on the sphere: as many cells as fit into its area.
    assert cells.west.size == pytest.approx(np.pi * 150**2 / (11.12**2 * np.cos(np.radians(35.68))), rel=0.02)
    over = CellForecast.from_circle(Circle(-17.0, 179.9, 100.0), 0.1, 5, start="2020-01-01", end="2020-01-02")
    assert over.west.min() >= -180
    assert over.west.max() < 180


def test_a_catalogue_comes_back_as_it_was(forecast, tmp_path):
    events = drawn(forecast, 4, extra=False)
    events.loc[0, "depth_km"] = np.nan
    write_catalog(tmp_path / "events.csv", events)
    back = read_catalog(tmp_path / "events.csv")
    events["origin_time"] = events["origin_time"].dt.floor("us").astype(back["origin_time"].dtype)
    pd.testing.assert_frame_equal(back, events)


def test_what_is_no_catalogue_is_named(tmp_path):
    (tmp_path / "no.csv").write_text("lon,lat\na,b\n")
    with pytest.raises(DataError, match="no.csv"):
        read_catalog(tmp_path / "no.csv")
    with pytest.raises(DataError, match="nowhere.csv"):
        read_catalog(tmp_path / "nowhere.csv")


def test_what_csep_cannot_hold_is_refused(model):
    with pytest.raises(DataError, match="square"):
        CellForecast.from_etas(model, Grid(BOX, 10, 10), np.ones((10, 10)), 4.0, EDGES, start=START, end=END)
    with pytest.raises(DataError, match="equal steps"):
        CellForecast.from_etas(model, Grid(BOX, 2, 3), np.ones((2, 3)), 4.0, [4, 4.5, 6], start=START, end=END)
    with pytest.raises(DataError, match="below 1"):
        CellForecast.from_circle(Circle(35, 140, 100), 1.0, 5, start=START, end=END)


def test_without_the_extra_the_remedy_is_named(forecast, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "csep", None)
    with pytest.raises(Failure, match=r"pip install 'mleq\[csep\]'"):
        forecast.to_pycsep()


@pytest.fixture(scope="module")
def csep():
    return pytest.importorskip("csep", reason="pyCSEP is not installed: pip install 'mleq[csep]'")


@pytest.fixture(scope="module")
def rival(forecast):
    """Another forecast of the same cells."""
    noise = np.random.default_rng(9).gamma(3, 1 / 3, forecast.rates.shape)
    return CellForecast(
        forecast.west, forecast.south, forecast.cell_degrees, forecast.magnitudes, 0.8 * forecast.rates * noise,
        forecast.start, forecast.end, "rival",
    )  # fmt: skip


def test_pycsep_reads_our_files(csep, forecast, tmp_path):
    forecast.write(tmp_path / "etas.dat")
    theirs = csep.load_gridded_forecast(str(tmp_path / "etas.dat"))
    np.testing.assert_array_equal(theirs.data, forecast.rates)
    np.testing.assert_allclose(theirs.region.origins(), np.column_stack([forecast.west, forecast.south]), atol=1e-9)
    events = drawn(forecast, 5, extra=False)
    write_catalog(tmp_path / "events.csv", events)
    theirs = csep.load_catalog(str(tmp_path / "events.csv"))
    np.testing.assert_allclose(theirs.get_magnitudes(), events["magnitude"])
    np.testing.assert_array_equal(theirs.get_epoch_times(), forecast.catalog_to_pycsep(events).get_epoch_times())
    theirs.write_ascii(str(tmp_path / "theirs.csv"))
    np.testing.assert_allclose(read_catalog(tmp_path / "theirs.csv")["latitude"], events["latitude"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_parity_with_pycsep(csep, forecast, rival, seed):
    """Statistics to 1e-6 (to rounding, in fact); quantiles of simulations with the same random numbers exactly."""
    from csep.core import poisson_evaluations as poisson
    from csep.core.binomial_evaluations import negative_binomial_number_test

    events = drawn(forecast, seed)
    counts = forecast.counts(events)
    theirs, their_rival = forecast.to_pycsep(), rival.to_pycsep()
    catalog = forecast.catalog_to_pycsep(events)
    np.testing.assert_array_equal(catalog.spatial_magnitude_counts(), counts)

    number = scores.number_test(int(counts.sum()), forecast.rates.sum())
    assert tuple(number.values()) == pytest.approx(poisson.number_test(theirs, catalog).quantile, abs=1e-9)
    number = scores.number_test(int(counts.sum()), forecast.rates.sum(), variance=60.0)
    assert tuple(number.values()) == pytest.approx(
        negative_binomial_number_test(theirs, catalog, 60.0).quantile, abs=1e-9
    )

    pair = forecast.rates_at(events), rival.rates_at(events), forecast.rates.sum(), rival.rates.sum()
    ours, their = scores.paired_t_test(*pair), poisson.paired_t_test(theirs, their_rival, catalog)
    assert ours["information_gain"] == pytest.approx(their.observed_statistic, abs=1e-9)
    assert (ours["low"], ours["high"]) == pytest.approx(their.test_distribution, abs=1e-9)
    assert (ours["t_statistic"], ours["t_critical"]) == pytest.approx(their.quantile[:2], abs=1e-9)
    ours, their = scores.w_test(*pair), poisson.w_test(theirs, their_rival, catalog)
    assert (ours["z_statistic"], ours["p_value"]) == pytest.approx((their.observed_statistic, their.quantile), abs=1e-9)

    random_numbers = np.random.default_rng(seed).random((200, int(counts.sum())))
    for test, theirs_of in (
        ("L", poisson.likelihood_test),
        ("CL", poisson.conditional_likelihood_test),
        ("S", poisson.spatial_test),
        ("M", poisson.magnitude_test),
    ):
        given = [({"seed": np.random.RandomState(seed)}, {"seed": seed})]
        if test != "L":
            given.append(({"random_numbers": random_numbers}, {"random_numbers": random_numbers}))
        for to_ours, to_theirs in given:
            ours = scores.likelihood_test(forecast.rates, counts, test, n_simulations=200, **to_ours)
            their = theirs_of(theirs, catalog, num_simulations=200, **to_theirs)
            assert ours["log_likelihood"] == pytest.approx(their.observed_statistic, abs=1e-9)
            np.testing.assert_allclose(ours["simulated"], their.test_distribution, atol=1e-9)
            assert ours["quantile"] == their.quantile
