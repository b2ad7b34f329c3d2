"""What is said of a catalogue through time, on catalogues made so that the answer is known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_catalog_magnitudes import simulate

from mleq.catalog import quality

START = pd.Timestamp("2000-01-01", tz="UTC")


def table(times, magnitude, latitude=35.0, longitude=139.0, kind="mb"):
    events = pd.DataFrame({"origin_time": pd.to_datetime(times, utc=True), "magnitude": magnitude})
    events = events.assign(
        id=[f"e{i}" for i in range(len(events))], latitude=latitude, longitude=longitude, magnitude_type=kind
    )
    return events.sort_values("origin_time", ignore_index=True)


def years(rng, magnitudes_of_year):
    """A catalogue with the magnitudes given for each year from 2000 on."""
    times, magnitudes = [], []
    for year, magnitude in enumerate(magnitudes_of_year):
        times.append(START + pd.DateOffset(years=year) + pd.to_timedelta(rng.uniform(0, 364, len(magnitude)), unit="D"))
        magnitudes.append(magnitude)
    events = table(np.concatenate([t.to_numpy() for t in times]), np.concatenate(magnitudes))
    events.attrs = {"start": START, "end": START + pd.DateOffset(years=len(magnitudes_of_year))}
    return events


def test_rates_by_year_and_band():
    events = table(["2000-01-01", "2000-06-01", "2002-01-01"], [4.1, 4.9, 6.0])
    found = quality.rates(events)
    assert found.loc[2000, 4.0] == 2
    assert found.loc[2001].sum() == 0
    assert found.loc[2002, 6.0] == 1


def test_a_magnitude_on_the_edge_of_a_band_is_in_the_upper_one():
    assert quality.rates(table(["2000-01-01"], [4.5]), 0.5).columns.tolist() == [4.5]


def test_shares_of_magnitude_types():
    events = table(["2000-01-01", "2000-01-02", "2000-01-03", "2001-01-01"], 5.0, kind=["mb", "Mb", "mww", ""])
    found = quality.magnitude_types(events)
    assert found.loc[2000, "mb"] == pytest.approx(2 / 3)
    assert found.loc[2001, "unknown"] == 1
    assert np.allclose(found.sum(axis=1), 1)


def test_doubles_are_near_in_time_and_place():
    times = pd.Timestamp("2000-01-01", tz="UTC") + pd.to_timedelta([0, 4, 8, 9, 30], unit="s")
    events = table(times, [5.0, 5.3, 5.0, 5.0, 5.0], latitude=[0, 0.1, 40, 0.2, 0.1])
    found = quality.near_duplicates(events)
    assert set(zip(found["first"], found["second"], strict=True)) == {("e0", "e1"), ("e1", "e3"), ("e0", "e3")}
    row = found.set_index(["first", "second"]).loc[("e0", "e1")]
    assert row["seconds"] == pytest.approx(4)
    assert row["km"] == pytest.approx(11.1, abs=0.1)
    assert row["magnitude_difference"] == pytest.approx(0.3)


def test_no_doubles():
    assert quality.near_duplicates(table(["2000-01-01", "2000-01-02"], 5.0)).empty
    assert quality.near_duplicates(table(["2000-01-01"], 5.0)).empty


def test_a_change_of_the_network_is_found_and_a_change_of_the_rate_is_not():
    rng = np.random.default_rng(1)
    steady = [simulate(rng, n, 1.0, 4.0) for n in (300, 320, 900, 310, 300, 1500, 300, 280, 310, 300)]
    assert quality.network_changes(years(rng, steady), 4.5).empty
    changed = [simulate(rng, 400, 1.0, 4.0 if year < 5 else 3.4) for year in range(10)]
    found = quality.network_changes(years(rng, changed), 4.3)
    assert found["year"].tolist() == [2005]
    assert found.loc[0, "after"] > found.loc[0, "before"]


def test_completeness_through_time_and_since_when():
    rng = np.random.default_rng(2)
    events = years(rng, [simulate(rng, 300, 1.0, 5.0 if year < 6 else 4.0) for year in range(16)])
    windows = quality.completeness_through_time(events, None, "maximum_curvature")
    assert len(windows) == 12
    assert windows[0].magnitude == pytest.approx(5.0, abs=0.2)
    assert windows[-1].magnitude == pytest.approx(4.0, abs=0.2)
    assert quality.complete_since(windows, 6.0) == START
    since = quality.complete_since(windows, 4.3)
    assert 2002 <= since.year <= 2006  # a window of five years takes the side that holds more of it
    assert quality.complete_since(windows, 3.0) is None


def test_each_window_has_its_own_circle():
    rng = np.random.default_rng(3)
    events = years(rng, [simulate(rng, 60, 1.0, 4.0) for _ in range(6)])
    events["longitude"] += rng.normal(0, 3, len(events))
    place = SimpleNamespace(latitude=35.0, longitude=139.0, radius_km=20.0)
    for window in quality.completeness_through_time(events, place, "goodness_of_fit"):
        assert window.events >= 100
        assert window.radius_km > 20


def test_the_real_catalogue(world_csv):
    """What is known of it: two of one event, and a network that changed in the nineties."""
    from mleq.catalog.load import everything

    events = everything(files=[world_csv])
    assert 100 < len(quality.near_duplicates(events)) < 500
    assert len(quality.network_changes(events, 5.0)) >= 2
    shares = quality.magnitude_types(events)
    assert shares.loc[2011, "mb"] < 1


def test_years_of_few_events_say_nothing_of_a_change():
    rng = np.random.default_rng(1)

    def found(each_year):
        events = years(rng, [np.full(each_year, 4.0 if year < 6 else 6.0) for year in range(12)])
        return quality.network_changes(events, 5.0)

    assert found(quality.ENOUGH // 3 - 1).empty
    assert found(quality.ENOUGH)["year"].tolist() == [2006]
    assert found(quality.ENOUGH).loc[0, ["before", "after"]].tolist() == [1.0, 0.0]
