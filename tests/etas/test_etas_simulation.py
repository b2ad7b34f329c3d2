"""Simulated catalogues follow the laws that they were made from."""

import datetime
import math
import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mleq.errors import Mistake
from mleq.etas import EtasParameters, fault_like_background, simulate_catalog
from mleq.etas.sphere import Box, distance_km

REGION = (30.0, 40.0, 135.0, 147.0)
# p well above 1 makes sequences short, so that a short burn-in reaches stationarity.
BRIEF = EtasParameters(2.0, 0.25, 1.2, 0.02, 1.5, 8.0, 1.8, 0.9, m0=4.0)
B, MAX = 1.0, 8.0


@pytest.fixture(scope="module")
def catalog():
    return simulate_catalog(
        REGION, 0, 7300, BRIEF, b_value=B, magnitude_max=MAX, seed=5, burn_in_days=2000, keep_outside=True
    )


def offspring(catalog):
    child = np.flatnonzero(catalog["parent"] >= 0)
    return child, catalog["parent"][child]


def test_expected_number():
    ratio = BRIEF.branching_ratio(B, MAX)
    days = 400
    counts = [
        simulate_catalog(
            REGION,
            0,
            days,
            BRIEF,
            b_value=B,
            magnitude_max=MAX,
            seed=seed,
            burn_in_days=800,
            keep_outside=True,
        )["time_days"].size
        for seed in range(200)
    ]
    expected = BRIEF.background_per_day * days / (1 - ratio)
    error = np.std(counts, ddof=1) / math.sqrt(len(counts))
    assert abs(np.mean(counts) - expected) < 3 * error
    assert error < 0.03 * expected  # otherwise the line above would say little
    # Clusters make counts more variable than a Poisson process of the same mean would be.
    assert np.var(counts) > 2 * expected


def test_arrays_are_a_catalog(catalog):
    n = catalog["time_days"].size
    assert {len(values) for values in catalog.values()} == {n}
    assert list(catalog) == [
        "time_days",
        "latitude",
        "longitude",
        "depth_km",
        "magnitude",
        "generation",
        "parent",
    ]
    assert (np.diff(catalog["time_days"]) >= 0).all()
    assert catalog["time_days"][0] >= 0
    assert catalog["time_days"][-1] < 7300
    assert (np.abs(catalog["latitude"]) <= 90).all()
    assert ((catalog["longitude"] >= -180) & (catalog["longitude"] < 180)).all()
    assert ((catalog["depth_km"] >= 0) & (catalog["depth_km"] < 700)).all()
    assert ((catalog["magnitude"] >= 4.0) & (catalog["magnitude"] <= MAX)).all()


def test_parents_come_first_and_one_generation_earlier(catalog):
    child, parent = offspring(catalog)
    assert child.size > 1000
    assert (parent < child).all()
    np.testing.assert_array_equal(catalog["generation"][child], catalog["generation"][parent] + 1)
    assert (catalog["parent"][catalog["generation"] == 0] == -1).all()


def test_background_is_poisson_in_time(catalog):
    background = catalog["time_days"][catalog["generation"] == 0]
    assert stats.kstest(background / 7300, "uniform").pvalue > 0.01
    assert abs(background.size - 2.0 * 7300) < 4 * math.sqrt(2.0 * 7300)


def test_omori_times(catalog):
    # Parents in the first half, offspring within a year: no edge is near. Given that it comes within a
    # year, the law is known.
    child, parent = offspring(catalog)
    elapsed = catalog["time_days"][child] - catalog["time_days"][parent]
    chosen = (catalog["time_days"][parent] < 6900) & (elapsed < 365)
    cdf = (1 - (1 + elapsed[chosen] / 0.02) ** -0.5) / (1 - (1 + 365 / 0.02) ** -0.5)
    assert stats.kstest(cdf, "uniform").pvalue > 0.01


def test_distances_scale_with_the_parent(catalog):
    child, parent = offspring(catalog)
    places = [catalog[name][index] for index in (parent, child) for name in ("latitude", "longitude")]
    sigma = 8.0 * np.exp(0.9 * (catalog["magnitude"][parent] - 4.0))
    share_beyond = (1 + distance_km(*places) ** 2 / sigma) ** (1 - 1.8)
    assert stats.kstest(share_beyond, "uniform").pvalue > 0.01


def test_magnitudes_are_gutenberg_richter_in_every_generation(catalog):
    beta = B * math.log(10)
    for generation in (catalog["generation"] == 0, catalog["generation"] > 0):
        magnitude = catalog["magnitude"][generation]
        cdf = (1 - np.exp(-beta * (magnitude - 4.0))) / (1 - math.exp(-beta * 4.0))
        assert stats.kstest(cdf, "uniform").pvalue > 0.01


def test_b_value_is_recovered(catalog):
    # Aki 1965; the truncation four units above shifts the mean by less than a thousandth.
    b = math.log10(math.e) / (catalog["magnitude"].mean() - 4.0)
    assert b == pytest.approx(B, abs=4 * B / math.sqrt(catalog["magnitude"].size))


def test_mean_number_of_direct_offspring_grows_with_magnitude(catalog):
    early = catalog["time_days"] < 6500
    children = np.bincount(catalog["parent"][catalog["parent"] >= 0], minlength=early.size)
    for low, high in ((4.0, 4.5), (5.0, 5.5)):
        chosen = early & (catalog["magnitude"] >= low) & (catalog["magnitude"] < high)
        mean = 0.25 * np.exp(1.2 * (catalog["magnitude"][chosen] - 4.0)) * (1 - (1 + 800 / 0.02) ** -0.5)
        assert children[chosen].sum() == pytest.approx(mean.sum(), abs=5 * math.sqrt(mean.sum()))


def test_same_seed_same_catalog():
    args = {"b_value": B, "magnitude_max": MAX, "burn_in_days": 100}
    one, two, other = (simulate_catalog(REGION, 0, 200, BRIEF, seed=seed, **args) for seed in (1, 1, 2))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
    assert one["time_days"].size != other["time_days"].size or (one["time_days"] != other["time_days"]).any()


def test_dates_and_days_mean_the_same():
    args = {"b_value": B, "magnitude_max": MAX, "burn_in_days": 10, "seed": 3}
    days = simulate_catalog(REGION, 0, 31, BRIEF, **args)
    zoned = pd.Timestamp("2001-01-01", tz="Asia/Tokyo"), pd.Timestamp("2001-02-01", tz="Asia/Tokyo")
    for dates in (
        ("2001-01-01", "2001-02-01"),
        (datetime.date(2001, 1, 1), np.datetime64("2001-02-01")),
        zoned,
    ):
        np.testing.assert_array_equal(days["time_days"], simulate_catalog(REGION, *dates, BRIEF, **args)["time_days"])


def test_outside_events_are_dropped_unless_kept():
    args = {"b_value": B, "magnitude_max": MAX, "burn_in_days": 500, "seed": 4}
    kept = simulate_catalog(REGION, 0, 3000, BRIEF, keep_outside=True, **args)
    dropped = simulate_catalog(REGION, 0, 3000, BRIEF, **args)
    inside = Box.checked(REGION).contains(kept["latitude"], kept["longitude"])
    assert 0 < inside.sum() < inside.size
    np.testing.assert_array_equal(dropped["time_days"], kept["time_days"][inside])
    assert (dropped["parent"] < dropped["time_days"].size).all()


def test_smallest_magnitude_cuts_the_catalog_not_the_cascade():
    args = {"b_value": B, "magnitude_max": MAX, "burn_in_days": 100, "seed": 6}
    whole = simulate_catalog(REGION, 0, 2000, BRIEF, **args)
    cut = simulate_catalog(REGION, 0, 2000, BRIEF, magnitude_min=5.0, **args)
    np.testing.assert_array_equal(cut["magnitude"], whole["magnitude"][whole["magnitude"] >= 5])


def test_burn_in_fills_the_beginning():
    slow = EtasParameters(2.0, 0.25, 1.2, 1.0, 1.3, 8.0, 1.8, 0.9, m0=4.0)
    args = {"b_value": B, "magnitude_max": MAX}
    early = {
        burn_in: sum(
            simulate_catalog(REGION, 0, 30, slow, burn_in_days=burn_in, seed=seed, **args)["time_days"].size
            for seed in range(150)
        )
        for burn_in in (0, 1000)
    }
    assert early[1000] > 1.1 * early[0]


def test_no_triggering_is_a_poisson_process():
    quiet = EtasParameters(1.0, 0.0, 1.0, 0.01, 1.1, 1.0, 1.5, 1.0, m0=4.0)
    catalog = simulate_catalog(REGION, 0, 500, quiet, b_value=B, magnitude_max=MAX, seed=1)
    assert (catalog["generation"] == 0).all()


def test_no_background_is_an_empty_catalog():
    empty = EtasParameters(0.0, 0.2, 1.0, 0.01, 1.1, 1.0, 1.5, 1.0, m0=4.0)
    catalog = simulate_catalog(REGION, 0, 500, empty, b_value=B, magnitude_max=MAX, seed=1)
    assert all(values.size == 0 for values in catalog.values())


def test_sequences_that_never_end_are_refused():
    endless = EtasParameters(1.0, 0.6, 1.8, 0.01, 1.1, 1.0, 1.5, 1.0, m0=4.0)
    with pytest.raises(Mistake, match=r"branching ratio is .* never end"):
        simulate_catalog(REGION, 0, 100, endless, b_value=B, magnitude_max=MAX, seed=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"end": 0},
        {"end": "soon"},
        {"end": math.nan},
        {"magnitude_max": math.inf},
        {"magnitude_max": 3.0},
        {"magnitude_min": 3.0},
        {"b_value": 0.0},
        {"burn_in_days": -1.0},
        {"region": (1, 0, 0, 1)},
        {"parameters": EtasParameters(1e7, 0.1, 1.0, 0.01, 1.1, 1.0, 1.5, 1.0, m0=4.0)},
    ],
)
def test_wrong_arguments_are_mistakes(wrong):
    given = {
        "region": REGION,
        "start": 0,
        "end": 100,
        "parameters": BRIEF,
        "b_value": B,
        "magnitude_max": MAX,
        "seed": 1,
    }
    with pytest.raises(Mistake):
        simulate_catalog(**(given | wrong))


def test_background_is_drawn_inside_and_reproducibly():
    background = fault_like_background(REGION, np.random.default_rng(3))
    latitude, longitude, depth = background.sample(np.random.default_rng(4), 5000)
    assert Box.checked(REGION).contains(latitude, longitude).all()
    assert (depth > 0).all()
    # Bands concentrate events: a grid of 100 cells is far from uniform.
    cells = np.histogram2d(latitude, longitude, bins=10)[0]
    assert cells.max() > 5 * 5000 / 100
    assert cells.min() >= 0
    uniform = fault_like_background(REGION, np.random.default_rng(3), bands=0)
    assert np.histogram2d(*uniform.sample(np.random.default_rng(4), 5000)[:2], bins=10)[0].max() < 2 * 5000 / 100
    for wrong in ({"bands": -1}, {"uniform_share": 1.5}):
        with pytest.raises(Mistake):
            fault_like_background(REGION, np.random.default_rng(3), **wrong)


def test_twenty_years_take_little_time():
    demo = EtasParameters(1.0, 0.15, 1.5, 0.02, 1.12, 4.0, 1.8, 1.0, m0=3.5)
    began = time.perf_counter()
    catalog = simulate_catalog(
        (33.0, 39.0, 136.0, 144.0), "2000-01-01", "2020-01-01", demo, b_value=1.0, magnitude_max=7.5, seed=1
    )
    assert time.perf_counter() - began < 2
    assert catalog["time_days"].size > 5000
