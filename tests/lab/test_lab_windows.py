"""Windows never cross a failure, scored ones do not overlap, and parts share no cycle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_experiment import SAMPLES, small_recipe

from mleq.errors import RequestError
from mleq.lab.windows import make_samples, window_starts


@given(st.integers(0, 1000), st.integers(0, 500), st.integers(1, 60), st.integers(1, 90))
def test_windows_of_a_cycle_lie_inside_it_and_end_with_it(first, length, size, stride):
    starts = window_starts(first, first + length, size, stride)
    assert len(starts) == (0 if length < size else (length - size) // stride + 1)
    if len(starts):
        assert starts[0] >= first
        assert starts[-1] + size == first + length
        assert (np.diff(starts) == stride).all()


@pytest.mark.parametrize("scheme", ["forward_chained", "leave_one_cycle_out", "random_folds"])
def test_parts(scheme, simulated):
    samples = make_samples(small_recipe(split={"scheme": scheme}), simulated)
    failures = simulated.cycles["first_row"].to_numpy()[1:]
    ends = samples.starts + SAMPLES
    assert (
        np.searchsorted(failures, samples.starts, side="right") == np.searchsorted(failures, ends - 1, side="right")
    ).all()
    np.testing.assert_allclose(samples.target, simulated.time_to_failure_s[ends - 1])
    scored = np.sort(np.concatenate([samples.starts[samples.parts[part]] for part in ("validation", "test")]))
    assert (np.diff(scored) >= SAMPLES).all(), "scored windows do not overlap"
    cycles = {part: set(samples.cycle[indices]) for part, indices in samples.parts.items()}
    if scheme == "random_folds":
        assert cycles["train"] & cycles["test"], "that is what leaks"
        return
    assert sum(map(len, cycles.values())) == len(set.union(*cycles.values())), "no cycle serves two parts"
    complete = set(np.flatnonzero(simulated.cycles["complete"]))
    assert cycles["test"] | cycles["validation"] <= complete, "cycles that the record cuts are never scored"
    if scheme == "forward_chained":
        assert max(cycles["train"]) < min(cycles["validation"]) < max(cycles["validation"]) < min(cycles["test"])
    else:
        assert len(cycles["test"]) == 1


def test_scales_and_bins_see_the_training_part_only(simulated):
    from mleq.lab.codec import BinCodec
    from mleq.lab.inputs import Inputs

    recipe = small_recipe(model={"name": "layers", "layers": [{"name": "Flatten"}]})
    samples = make_samples(recipe, simulated)

    class Blind:
        parts, sample_shape, sampling_rate_hz = samples.parts, samples.sample_shape, samples.sampling_rate_hz

        @staticmethod
        def batch(indices):
            assert set(indices) <= set(samples.parts["train"])
            return samples.batch(indices)

    Inputs.fit(recipe, Blind)
    times = samples.target[samples.parts["train"]]
    assert BinCodec.fit(times, 4, "quantile").edges[-1] == pytest.approx(times.max())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"signals": {"source": "simulated", "failures": 3, "recurrence_s": 1.0, "sampling_rate_hz": 20_000.0}},
            "2 complete cycles",
        ),
        ({"windows": {"samples": 200_000, "stride": 1000}}, "its cycles are shorter than one window"),
        ({"split": {"scheme": "leave_one_cycle_out", "cycle": 0}}, "split.cycle 0 is no complete cycle"),
        (
            {
                "split": {"validation": 0.44, "test": 0.45},
                "signals": {"source": "simulated", "failures": 5, "sampling_rate_hz": 20_000.0},
            },
            "too few",
        ),
    ],
)
def test_records_that_cannot_be_split_are_refused(changes, sentence):
    from mleq.lab.simulator import simulate

    recipe = small_recipe(**changes)
    with pytest.raises(RequestError) as error:
        make_samples(recipe, simulate(recipe.signals))
    assert sentence in str(error.value)
