"""Components that are not what they are called are found out."""

import dataclasses

import numpy as np
import pytest

from mleq.azimuth import simulator, windows
from mleq.azimuth.orientation import suspicions
from mleq.azimuth.recipe import SimulatedSignals, Window


@pytest.fixture(scope="module")
def one_station():
    settings = SimulatedSignals(source="simulated", events=60, stations=1, snr_db=(12, 25), misorientation_deg=0)
    return windows.cut(simulator.simulate(settings), Window(before_s=3.2, after_s=3.2))


def changed(traces, z=(1, 0, 0), n=(0, 1, 0), e=(0, 0, 1)):
    mixed = np.einsum("ij,njt->nit", np.array([z, n, e], np.float32), traces.waveforms)
    return dataclasses.replace(traces, waveforms=mixed)


TURN = np.cos(np.radians(60)), np.sin(np.radians(60))


@pytest.mark.parametrize(
    ("components", "words"),
    [
        ({"n": (0, 0, 1), "e": (0, 1, 0)}, "N and E are swapped"),
        ({"e": (0, 0, -1)}, "E is reversed"),
        ({"n": (0, -1, 0)}, "N is reversed"),
        ({"z": (-1, 0, 0)}, "vertical were reversed"),
        ({"n": (0, *TURN), "e": (0, -TURN[1], TURN[0])}, "turned by +"),
    ],
)
def test_what_is_wrong_is_named(one_station, components, words):
    (found,) = suspicions(changed(one_station, **components))
    assert words in found["finding"]
    if found["rotation_deg"] is not None:
        assert found["rotation_deg"] == pytest.approx(60, abs=8)


def test_a_sound_station_is_not_suspected_and_few_traces_say_nothing(one_station, traces):
    assert suspicions(one_station) == []
    assert suspicions(traces) == []
    swapped = changed(one_station, n=(0, 0, 1), e=(0, 1, 0))
    assert suspicions(swapped.subset(np.arange(10))) == []
