"""The simulator's truths, and parts that share no event and, where asked, no station."""

import dataclasses

import numpy as np
import pytest

from mleq.azimuth import samples as azimuth_samples
from mleq.azimuth import windows
from mleq.azimuth.features import Features
from mleq.azimuth.polarization import back_azimuth, covariances
from mleq.azimuth.recipe import EventSplit, SimulatedSignals
from mleq.azimuth.references import fit_references, restore
from mleq.azimuth.simulator import simulate
from mleq.errors import DataError, RequestError
from mleq.scores.circular import circular_error, circular_mae

SPLIT = EventSplit(validation=0.2, test=0.3, held_out_stations=("S04",))


class TestSimulator:
    def test_the_same_seed_gives_the_same_signals(self, simulated, make_recipe):
        again = simulate(make_recipe().signals)
        np.testing.assert_array_equal(again.waveforms, simulated.waveforms)
        assert again.table.equals(simulated.table)

    def test_without_effects_and_noise_polarisation_finds_the_truth(self, make_recipe):
        settings = SimulatedSignals(
            source="simulated", events=200, stations=3, snr_db=(60, 60), misorientation_deg=0, bias_deg=0,
            onset_error_s=0,
        )  # fmt: skip
        traces = windows.cut(simulate(settings), make_recipe().window)
        direction = back_azimuth(covariances(traces.waveforms[:, :, 64:69]))[0]
        assert np.median(circular_error(traces.table["back_azimuth_deg"], direction)) < 4

    def test_station_effects_are_what_high_signals_err_by(self, make_recipe):
        settings = SimulatedSignals(source="simulated", events=600, stations=3, snr_db=(50, 50), misorientation_deg=15)
        traces = windows.cut(simulate(settings), make_recipe().window)
        direction = back_azimuth(covariances(traces.waveforms[:, :, 64:69]))[0]
        seen = traces.table["back_azimuth_deg"] + traces.table["station_effect_deg"]
        without, with_ = (circular_mae(truth, direction) for truth in (seen, traces.table["back_azimuth_deg"]))
        assert without < 0.7 * with_

    def test_several_stations_record_an_event(self):
        table = simulate(SimulatedSignals(source="simulated", events=60, stations=5, stations_per_event=3)).table
        assert (table.groupby("event")["station"].nunique() == 3).all()


class TestParts:
    def test_no_event_serves_two_parts_and_new_stations_are_new(self, make_recipe):
        settings = SimulatedSignals(source="simulated", events=300, stations=4, stations_per_event=2)
        traces = windows.cut(simulate(settings), make_recipe().window)
        samples = azimuth_samples.make_samples(SPLIT, traces)
        table, parts = samples.traces.table, samples.parts
        events = {name: set(table["event"].iloc[indices]) for name, indices in parts.items()}
        for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
            assert not events[one] & events[other]
        assert not events["new_stations"] & (events["train"] | events["validation"])
        assert set(table["station"].iloc[parts["new_stations"]]) == {"S04"}
        for name in ("train", "validation", "test"):
            assert "S04" not in set(table["station"].iloc[parts[name]])
        # Parts of known stations follow each other in time.
        assert samples.dates[parts["train"]].max() < samples.dates[parts["test"]].min()

    def test_an_unknown_station_and_too_few_traces_are_refused(self, traces):
        with pytest.raises(RequestError, match="S99.*S01, S02"):
            azimuth_samples.make_samples(SPLIT.model_copy(update={"held_out_stations": ("S99",)}), traces)
        with pytest.raises(RequestError, match="at least 20"):
            azimuth_samples.make_samples(SPLIT, traces.subset(np.arange(30)))

    def test_traces_without_coordinates_are_left_out_and_none_is_an_error(self, traces):
        table = traces.table.copy()
        table.loc[:49, "back_azimuth_deg"] = np.nan
        samples = azimuth_samples.make_samples(SPLIT, dataclasses.replace(traces, table=table))
        assert len(samples.target) == 350
        with pytest.raises(DataError, match="coordinates"):
            azimuth_samples.make_samples(
                SPLIT, dataclasses.replace(traces, table=table.assign(back_azimuth_deg=np.nan))
            )

    def test_scaling_keeps_directions(self, traces):
        scaled = azimuth_samples.scaled(traces.waveforms, traces.p_index)
        assert scaled.shape == (400, 128, 3)
        before = back_azimuth(covariances(traces.waveforms))[0]
        after = back_azimuth(covariances(scaled.transpose(0, 2, 1)))[0]
        assert circular_error(before, after).max() < 0.1
        np.testing.assert_allclose(np.square(scaled[:, 64:]).mean(axis=(1, 2)), 1, rtol=1e-4)


class TestReferences:
    def test_polarisation_knows_and_the_mean_does_not(self, traces):
        references = fit_references(traces)
        truth = traces.table["back_azimuth_deg"]
        errors = {name: circular_mae(truth, reference.answers(traces)[0]) for name, reference in references.items()}
        assert errors["polarization_noise_corrected"] < 25
        assert 75 < errors["mean_direction"] < 105
        again = restore({name: reference.parameters for name, reference in references.items()})
        for name, reference in references.items():
            for ours, theirs in zip(reference.answers(traces), again[name].answers(traces), strict=True):
                np.testing.assert_array_equal(ours, theirs)

    def test_surer_where_the_signal_is_stronger(self, traces):
        _, kappa = fit_references(traces)["polarization_noise_corrected"].answers(traces)
        snr = traces.table["snr_db"].to_numpy()
        assert np.median(kappa[snr > 15]) > 5 * np.median(kappa[snr < 3])


class TestFeatures:
    def test_they_do_not_change_when_the_ground_is_turned(self, traces):
        some = traces.subset(np.flatnonzero(traces.table["snr_db"] > 10)[:40])
        angle = np.radians(33.0)
        z, n, e = (some.waveforms[:, i] for i in range(3))
        turned = np.stack([z, np.cos(angle) * n - np.sin(angle) * e, np.sin(angle) * n + np.cos(angle) * e], axis=1)
        plain = Features((0.5, 1.0), 0.5, ())
        base, features = plain.raw(some)
        new_base, new_features = plain.raw(dataclasses.replace(some, waveforms=turned.astype(np.float32)))
        assert circular_error(base + 33, new_base).max() < 0.01
        np.testing.assert_allclose(features, new_features, atol=1e-3)

    def test_a_new_station_looks_like_a_withheld_one(self, traces):
        features = Features.fitted(traces, (0.5, 1.0), 0.5, True)
        elsewhere = dataclasses.replace(traces, table=traces.table.assign(station="S99"))
        _, made = features.make(elsewhere)
        assert made.shape[1] == Features.count(2, 4)
        assert (made[:, -features.n_station_features :] == 0).all()
        assert (features.make(traces)[1][:, -features.n_station_features :] != 0).any(axis=1).all()
        again = Features.from_dict(features.to_dict())
        np.testing.assert_array_equal(again.make(traces)[1], features.make(traces)[1])
