"""The map of the whole Earth: its regions, one of them forecast, and the files that are written."""

import json

import numpy as np
import pandas as pd
import pytest

from mleq import api
from mleq.errors import RequestError
from mleq.etas import EtasParameters, simulate_catalog
from mleq.forecast import worldmap
from mleq.report.worldmap import coastlines

TRUTH = EtasParameters(0.35, 0.25, 1.3, 0.02, 1.3, 6.0, 1.7, 1.0, m0=4.0)
START, DAYS = pd.Timestamp("2000-01-01", tz="UTC"), 2500


@pytest.fixture(scope="module")
def events(make_events):
    found = simulate_catalog((31.0, 39.0, 132.0, 142.0), 0, DAYS, TRUTH, b_value=1.0, magnitude_max=7.5, seed=1)
    columns = {name: np.round(found[name], 3) for name in ("latitude", "longitude", "depth_km")}
    times = START + pd.to_timedelta(found["time_days"], unit="D").round("ms")
    end = (START + pd.Timedelta(days=DAYS)).tz_localize(None)
    magnitude = np.round(found["magnitude"], 1)
    return make_events(start=START.tz_localize(None), end=end, origin_time=times, magnitude=magnitude, **columns)


def test_every_cell_belongs_to_one_region_near_its_middle():
    for step in (2.0, 10.0):
        pieces = worldmap.regions(step)
        cells = np.concatenate([one.cells for one in pieces])
        assert sorted(cells) == list(range(round(360 / step * 180 / step)))
        latitude, _ = worldmap.middles(step)
        for one in pieces:
            assert abs(latitude[list(one.cells)] - one.latitude).max() <= 5
    sizes = [np.cos(np.radians(one.latitude)) * len(one.cells) for one in worldmap.regions(2.0)]
    assert min(sizes) > 20
    assert max(sizes) < 30  # of the same area but for rounding


@pytest.fixture
def some_regions(monkeypatch):
    """Japan, its neighbour, and a place about which the simulated catalogue says nothing."""
    chosen = [(35.0, 136.5), (35.0, 148.9), (-45.0, 0.0)]
    kept = [
        one
        for one in worldmap.regions(2.0)
        if any(abs(one.latitude - lat) < 1 and abs(one.longitude - lon) < 7 for lat, lon in chosen)
    ]
    monkeypatch.setattr(worldmap, "regions", lambda step: kept)
    return kept


def test_a_map_and_its_files(events, some_regions, tmp_path):
    assert len(some_regions) == 3
    how = {"events": events, "data_dir": tmp_path / "data", "out_dir": tmp_path / "out", "csep": tmp_path / "map.dat"}
    summary = api.odds_map(5.0, 30.0, 2.0, "2006-06-01", **how)
    folder = tmp_path / "out" / "map" / summary["name"]
    assert {one.name for one in folder.iterdir()} == {
        "map.parquet", "map.geojson", "map.png", "report.html", "summary.json",
    }  # fmt: skip
    cells = pd.read_parquet(folder / "map.parquet")
    answered = cells[cells["probability"].notna()]
    assert len(cells) == 16_200
    assert summary["answered"] == len(answered)
    quiet = cells[cells["latitude"] < 0]
    assert quiet["reason"].str.contains("the catalogue has").sum() > 20
    assert (answered["low"] <= answered["probability"]).all()
    assert (answered["probability"] <= answered["high"]).all()

    # The whole adds up to what the simulated process brings in thirty days, in the part of it that is asked for.
    inside = answered[answered["longitude"].between(130.5, 142.8)]
    past = events[(events["origin_time"] < "2006-06-01") & (events["magnitude"] >= 4.95)]
    usual = len(past) / 2343 * 30
    assert 0.4 * usual < inside["expected"].sum() < 2.5 * usual

    features = json.loads((folder / "map.geojson").read_text())
    assert len(features["features"]) == len(answered)
    ring = features["features"][0]["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert len(ring) == 5
    assert (folder / "map.png").read_bytes()[:4] == b"\x89PNG"
    page = (folder / "report.html").read_text()
    assert 'src="map.png"' in page
    assert "no warning system" in page

    gridded = np.loadtxt(tmp_path / "map.dat")
    assert gridded[:, 8].sum() == pytest.approx(answered["expected"].sum(), rel=1e-6)
    assert gridded[:, 6].min() == 5.0

    # The same question gives the same map, now from the regions' kept fits.
    assert list((tmp_path / "data" / "etas").iterdir())
    again = api.odds_map(5.0, 30.0, 2.0, "2006-06-01", **how)
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "map.parquet"), cells)
    assert again["name"] == summary["name"]
    assert again["expected_number"] == summary["expected_number"]


def test_pycsep_reads_the_gridded_export(tmp_path):
    csep = pytest.importorskip("csep")
    question = worldmap.Question(6.0, 30.0, 10.0, *["2015-01-01T00:00:00+00:00"] * 3)
    model = {
        "source": "regional", "m0": 5.0, "b_value": 1.0, "magnitude_max": 9.5, "completeness_magnitude": 4.7,
        "below_completeness": False,
    }  # fmt: skip
    n = 648
    values = {name: [0.01] * n for name in worldmap.NUMBERS}
    table = worldmap.table_of(question, [{"cells": list(range(n)), **values, "model": model}])
    worldmap.csep_of(question, table).write(tmp_path / "world.dat")
    read = csep.load_gridded_forecast(str(tmp_path / "world.dat"))
    assert read.event_count == pytest.approx(6.48)
    assert read.min_magnitude == 6.0


def test_coastlines_lie_on_the_earth_and_hold_known_capes():
    lines = coastlines()
    corners = np.concatenate(lines)
    assert abs(corners[:, 0]).max() <= 180.001
    assert abs(corners[:, 1]).max() <= 90
    for longitude, latitude in ((20.0, -34.8), (-67.3, -55.9), (25.8, 71.1)):  # Agulhas, Horn, North Cape
        assert np.hypot(corners[:, 0] - longitude, corners[:, 1] - latitude).min() < 0.4


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"step": 3.0}, "--step 3"),
        ({"days": 0}, "days 0"),
        ({"magnitude": 12.0}, "magnitude 12.0"),
    ],
)
def test_what_cannot_be_asked(events, words, why):
    with pytest.raises(RequestError, match=why):
        worldmap.ask(events, **({"magnitude": 6.0, "days": 30.0, "step": 2.0} | words))
