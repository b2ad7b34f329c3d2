"""How long polarisation takes per 10,000 traces, beside obspy's on the same traces, and training and prediction.

    python benchmarks/azimuth_speed.py [--traces N] [--peer_traces N]

obspy is asked in its two ways: `flinn`, one call a trace, which is nothing but the covariance, its eigenvectors and two
angles (folded to half the circle); and `polarization_analysis`, its whole tool for one window of a stream. Ours does
more: it subtracts the noise's covariance and finds the end of the axis.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mleq import api  # noqa: E402
from mleq.azimuth import family  # noqa: E402
from mleq.azimuth.polarization import back_azimuth, covariances  # noqa: E402
from mleq.azimuth.references import classical  # noqa: E402

WINDOW_S = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--traces", type=int, default=10_000)
    parser.add_argument("--peer_traces", type=int, default=1_000)
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    recipe = api.load_recipe("azimuth_residual", changes=[f"signals.events={options.traces}"])
    traces = family.load(recipe)
    peers(traces, options.peer_traces)
    learning(options.traces, options.epochs)


def peers(traces, peer_traces: int) -> None:
    """Polarisation here and in obspy, on the same traces."""
    ours, plain = [], []
    end = traces.p_index + round(WINDOW_S * traces.sampling_rate_hz)
    for _ in range(5):
        began = time.perf_counter()
        classical(traces, WINDOW_S, noise_corrected=True)
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        axis, _ = back_azimuth(covariances(traces.waveforms[:, :, traces.p_index : end]))
        plain.append(time.perf_counter() - began)
    ours, plain = (np.median(seconds) * 10_000 / len(traces) for seconds in (ours, plain))
    print(f"polarisation of 10,000 traces, {WINDOW_S:g} s of P, seconds (median of 5)")
    print(f"{'mleq, noise subtracted, 360 degrees':<44}{ours:>9.3f}")
    print(f"{'mleq, signal alone, 360 degrees':<44}{plain:>9.3f}")

    from obspy.signal.polarization import flinn, polarization_analysis

    streams = [stream_of(traces, waveform[:, traces.p_index : end]) for waveform in traces.waveforms[:peer_traces]]
    began = time.perf_counter()
    theirs = np.array([flinn(stream)[0] for stream in streams])
    peer = (time.perf_counter() - began) * 10_000 / peer_traces
    apart = np.abs((axis[:peer_traces] - theirs + 90) % 180 - 90)
    print(f"{'obspy flinn':<44}{peer:>9.3f}   {peer / ours:.0f} and {peer / plain:.0f} times as long")
    print(f"{'':<44}{'':>9}   the same axis to {apart.max():.0e} degrees")
    few = [stream_of(traces, waveform) for waveform in traces.waveforms[: peer_traces // 5]]
    began = time.perf_counter()
    for stream in few:
        p = stream[0].stats.starttime + traces.p_index / traces.sampling_rate_hz
        polarization_analysis(stream, WINDOW_S, 1.0, 1.0, 8.0, p, p + 2.5 * WINDOW_S, method="flinn")
    peer = (time.perf_counter() - began) * 10_000 / len(few)
    print(f"{'obspy polarization_analysis':<44}{peer:>9.3f}   {peer / ours:.0f} times as long")


def stream_of(traces, waveform):
    """A trace as obspy has it."""
    from obspy import Stream, Trace

    rate = traces.sampling_rate_hz
    rows = zip(waveform, "ZNE", strict=True)
    return Stream([Trace(row.astype(float), {"sampling_rate": rate, "channel": f"HH{code}"}) for row, code in rows])


def learning(n: int, epochs: int) -> None:
    print(f"\nnetworks, seconds per 10,000 traces ({os.cpu_count()} cores)")
    print(f"{'':<24}{'training, an epoch':>20}{'prediction':>14}")
    for name in ("azimuth_residual", "azimuth_cnn", "azimuth_vae"):
        recipe = api.load_recipe(name, changes=[f"signals.events={n}", f"model.epochs={epochs}"])
        traces = family.load(recipe)
        samples = family.make_samples(recipe, traces)
        with tempfile.TemporaryDirectory() as work:
            learned = family.learner(recipe)(samples, traces, work=Path(work), key="speed")
        # The first epoch holds what TensorFlow does once.
        epoch = learned.history["seconds"].iloc[-1] * 10_000 / len(samples.parts["train"])
        learned.answers(traces.subset(np.arange(600)))
        began = time.perf_counter()
        learned.answers(traces)
        answer = (time.perf_counter() - began) * 10_000 / len(traces)
        print(f"{name:<24}{epoch:>20.2f}{answer:>14.2f}")


if __name__ == "__main__":
    main()
