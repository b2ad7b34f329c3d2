"""Templates over several stations: moveout found, events seen together, gaps of one station."""

from dataclasses import replace

import numpy as np
import pytest

from mleq.continuous.network import detector_of, filtered, over_network
from mleq.continuous.records import Trace, gather
from mleq.continuous.samples import make_samples
from mleq.continuous.store import ChunkStore
from mleq.continuous.templates import picked

RATE, HOURS, LENGTH_S = 20.0, 2, 10
DELAYS_S = {"AA.ONE": 3.1, "AA.TWO": 0.0, "AA.THREE": 7.6}
EVENTS_S = np.array([300.0, 900.0, 1500.0, 2300.0, 3100.0, 4000.0, 4900.0, 5600.0, 6400.0])
GAP_S = (1400, 1700)  # of the third station, over the third event
WEAK = 0.5


def station_values(name):
    rng = np.random.default_rng(sum(map(ord, name)))
    count = round(HOURS * 3600 * RATE)
    values = rng.standard_normal(count) + 50
    wave = rng.standard_normal(round(LENGTH_S * RATE)) * np.exp(-np.arange(LENGTH_S * RATE) / 60)
    for number, start in enumerate(EVENTS_S):
        at = round((start + DELAYS_S[name]) * RATE)
        values[at : at + len(wave)] += (6 if number == 0 else WEAK * 2) * wave
    return values.astype(np.float32)


@pytest.fixture(scope="module")
def record():
    traces = []
    for name in DELAYS_S:
        values = station_values(name)
        gap = [round(one * RATE) for one in GAP_S] if name == "AA.THREE" else [len(values)] * 2
        for low, high in ((0, gap[0]), (gap[1], len(values))):
            if low < high:
                start = round(low / RATE * 1e9)
                read = lambda a, b, values=values, low=low: values[low + a : low + b]  # noqa: E731
                traces.append(Trace(name, "HHZ", start, RATE, high - low, read, "file"))
    return gather(traces, "file")


@pytest.fixture
def recipe(small, load):
    pick = {"start": "1970-01-01T00:05:03.1", "duration_s": LENGTH_S, "station": "AA.ONE", "name": "quarry"}
    detect = {
        "templates": [pick], "network": True, "largest_moveout_s": 12, "length_s": LENGTH_S,
        "band_hz": [0.5, 9], "false_alarms_per_day": 12,
    }  # fmt: skip
    return load({**small, "record": {"source": "files"}, "detect": detect, "chunk_hours": 0.5})


def detected(recipe, record, tmp_path):
    samples = make_samples(recipe, record)
    templates = picked(samples.extractor, recipe.detect.templates, recipe.detect)
    if recipe.detect.network:
        templates = over_network(samples.extractor, templates, recipe.detect)
    detector = detector_of(samples.extractor, tuple(templates), recipe.detect)
    store, chunks = ChunkStore(tmp_path), detector.chunks(samples.index)
    store.complete(chunks, lambda chunk: detector.of_chunk(chunk, samples.index), "seeking events")
    return templates, detector.events(chunks, store)[0]


def test_moveout_is_found_and_the_network_sees_what_no_station_does(record, recipe, tmp_path):
    (template,), events = detected(recipe, record, tmp_path / "network")
    by_name = dict(zip((one.name for one in record.stations), template.moveout, strict=True))
    for name, delay in DELAYS_S.items():
        assert by_name[name] == pytest.approx(delay * RATE, abs=6)
    assert set(events["station"]) == {"AA.TWO"}  # where it is first
    times = events["time"].astype("int64").to_numpy() / 1e9
    nearest = np.abs(times[:, None] - EVENTS_S).argmin(0)
    np.testing.assert_allclose(times[nearest], EVENTS_S, atol=0.3)
    assert len(times) <= len(EVENTS_S) + 1  # the budget of two hours
    size = events["magnitude"].to_numpy()[nearest]
    np.testing.assert_allclose(10 ** (size - size[0])[1:], WEAK / 3, rtol=0.4)
    alone = recipe.model_copy(update={"detect": recipe.detect.model_copy(update={"network": False})})
    _, single = detected(alone, record, tmp_path / "single")
    near = np.abs(single["time"].astype("int64").to_numpy()[:, None] / 1e9 - EVENTS_S - DELAYS_S["AA.ONE"]).min(0)
    assert (near < 0.5).sum() < len(EVENTS_S)


def test_families_of_two_stations_with_the_same_events_are_one(record, recipe):
    extractor = make_samples(recipe, record).extractor
    (seed,) = picked(extractor, recipe.detect.templates, recipe.detect)
    other = replace(seed, name="again", events=((1, seed.events[0][1] + np.timedelta64(3, "s")),))
    assert [one.name for one in over_network(extractor, [seed, other], recipe.detect)] == ["quarry"]


def test_a_gap_is_silent_and_not_live(record, recipe):
    extractor = make_samples(recipe, record).extractor
    third = [one.name for one in record.stations].index("AA.THREE")
    low, high = (round(one * RATE) for one in GAP_S)
    signal, live = filtered(extractor, third, low - 400, high + 400, recipe.detect.band_hz)
    np.testing.assert_array_equal(live[0], np.r_[[True] * 400, [False] * (high - low), [True] * 400])
    assert (signal[~live] == 0).all()
    assert np.abs(signal).max() < 10  # no step from the record's level to 0
